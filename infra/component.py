"""One process of the embedded stack: it becomes Airflow or a server, and dies with the process that started it.

`python -m infra.component PARENT PRELOAD airflow ARGUMENT…` imports the modules named in PRELOAD, waits for a line on
standard input, then runs `airflow ARGUMENT…`: slow imports are done while what it depends on starts.
`python -m infra.component PARENT USER /PROGRAM ARGUMENT…` runs a program, as USER unless that is empty.
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

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def main(parent: str, detail: str, program: str, *arguments: str) -> None:
    """Become what the arguments say."""
    if program.startswith("/"):
        if detail:
            os.setgroups([])
            os.setgid(pwd.getpwnam(detail).pw_gid)
            os.setuid(pwd.getpwnam(detail).pw_uid)
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
