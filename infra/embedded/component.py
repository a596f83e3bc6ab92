"""One process of the embedded stack: it becomes Airflow or a server, and dies with the process that started it.

`python -m infra.embedded.component PARENT PRELOAD airflow ARGUMENT…` imports the modules named in PRELOAD,
waits for a line on standard input, then runs `airflow ARGUMENT…`: slow imports are done while what it needs starts.
`python -m infra.embedded.component PARENT USER /PROGRAM ARGUMENT…` runs a program, as USER unless that is empty.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import pwd
import runpy
import signal
import sys
import threading

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAP_DAC_OVERRIDE = 1
_LIBC = ctypes.CDLL(None)


def component(detail: str, *command: str) -> list[str]:
    """The command line that makes such a process; see above for `detail`."""
    return [sys.executable, "-m", __name__, str(os.getpid()), detail, *command]


def main(parent: str, detail: str, program: str, *arguments: str) -> None:
    """Become what the arguments say."""
    if program.startswith("/"):
        if detail:
            _become(detail)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # our interpreter would note it and be gone before it acts on it
        _die_with(int(parent), signal.SIGINT)
        os.execv(program, [program, *arguments])  # noqa: S606 - a path of our own making
    _die_with(int(parent), signal.SIGKILL)
    _tie_forks()
    for name in filter(None, detail.split(",")):
        importlib.import_module(name)
    if not sys.stdin.readline():
        return  # the parent is gone
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.argv = [program, *arguments]
    runpy.run_module(program, run_name="__main__")


def _die_with(parent: int, number: signal.Signals) -> None:
    """Have Linux send us `number` when the process that started us is gone."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it went before we asked
        os._exit(1)


def _become(user: str) -> None:
    """Stop being root, but keep its way through closed folders: ours may well lie below one, such as /root."""
    entry = pwd.getpwnam(user)
    _LIBC.prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    version_3, itself = 0x20080522, 0
    sets = [1 << _CAP_DAC_OVERRIDE] * 3  # effective, permitted, inheritable
    _LIBC.capset((ctypes.c_uint32 * 2)(version_3, itself), (ctypes.c_uint32 * 6)(*sets))
    _LIBC.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def _tie_forks() -> None:
    """Do the same to every process that is ever forked from this one, and from those.

    Without it a `kill -9` would leave orphans at work: multiprocessing workers never see their queue close, because
    they hold its other end themselves.
    """
    parent, lasting = os.getpid(), True

    def remember() -> None:
        nonlocal parent, lasting
        parent = os.getpid()
        lasting = threading.current_thread() is threading.main_thread()

    def tie() -> None:
        # Linux means the parent *thread*: what a passing one forks is left to the code that forks it.
        if lasting:
            _die_with(parent, signal.SIGKILL)

    os.register_at_fork(before=remember, after_in_child=tie)


if __name__ == "__main__":
    main(*sys.argv[1:])
