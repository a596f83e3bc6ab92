"""Linux Landlock: a process gives up the filesystem and the network for good, whatever its libraries may still try."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on x86-64 and arm64
_VERSION, _PATH_BENEATH, _NO_NEW_PRIVILEGES = 1, 1, 38
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_ACCESSES = {1: 13, 2: 14, 3: 15}  # how many kinds of file access a kernel's Landlock knows, by its version
_TCP = 0b11  # bind and connect, since version 4


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def confine(readable: Iterable[str]) -> bool:
    """Leave this thread, and all it will ever start, only reading the files and folders `readable`; no TCP.

    Threads that run already are not confined. False, and nothing happens, where there is no Landlock: elsewhere than
    on Linux, or before 5.13.
    """
    if sys.platform != "linux":
        return False
    kernel = ctypes.CDLL(None, use_errno=True)
    version = kernel.syscall(_CREATE_RULESET, None, 0, _VERSION)
    if version < 1:
        return False
    handled = _Ruleset((1 << _ACCESSES.get(version, 15)) - 1, _TCP if version >= 4 else 0)
    rules = _called(kernel.syscall(_CREATE_RULESET, ctypes.byref(handled), 16 if version >= 4 else 8, 0))
    for path in readable:
        with suppress(FileNotFoundError):  # what is not there need not be read
            _allow(kernel, rules, path)
    _called(kernel.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _called(kernel.syscall(_RESTRICT_SELF, rules, 0))
    os.close(rules)
    return True


def _allow(kernel: ctypes.CDLL, rules: int, path: str) -> None:
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = _READ_FILE | (_READ_FOLDER if Path(path).is_dir() else 0)
        rule = _PathBeneath(allowed, handle)
        _called(kernel.syscall(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(handle)


def _called(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "Landlock")
    return result
