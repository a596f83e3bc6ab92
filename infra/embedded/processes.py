"""The processes of one embedded stack: how they are marked, found again, measured and ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic, sleep

import psutil

MARK = "SPIT_STACK"
"""Environment variable that every process of a stack carries; its value is the home of the stack."""


def of_home(home: Path) -> list[psutil.Process]:
    """Every running process that carries the mark of this home, except the one that asks."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == str(home):
                found.append(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue  # another user's, or gone
    return found


def end(processes: Iterable[psutil.Process], patience: float = 0) -> int:
    """Kill these processes; with `patience` (seconds), ask them to stop first. Returns how many had to be killed."""
    left = [process for process in processes if _signal(process, terminate=patience > 0)]
    if patience:
        _, left = psutil.wait_procs(left, timeout=patience)
        left = [process for process in left if _signal(process, terminate=False)]
    psutil.wait_procs(left, timeout=5)
    return len(left)


def sweep(home: Path, patience: float = 5) -> int:
    """Kill whatever carries the mark of this home until nothing does; returns how many processes that took."""
    killed, until = 0, monotonic() + patience
    while left := of_home(home):
        killed += end(left)
        if monotonic() > until:
            raise TimeoutError(f"processes {[process.pid for process in left]} of {home} cannot be killed")
        sleep(0.05)
    return killed


def memory(group: Iterable[psutil.Process]) -> int:
    """Bytes held by these processes together, a page they share counted once (PSS)."""
    return int(_total(group, lambda process: process.memory_full_info().pss))


def cpu_seconds(group: Iterable[psutil.Process]) -> float:
    """CPU seconds of these processes themselves."""
    return _total(group, lambda process: sum(process.cpu_times()[:2]))


def ended_cpu_seconds(group: Iterable[psutil.Process]) -> float:
    """CPU seconds of the children these processes have seen end, and of those children's children."""
    return _total(group, lambda process: sum(process.cpu_times()[2:4]))


def _total(group: Iterable[psutil.Process], of: Callable[[psutil.Process], float]) -> float:
    total = 0.0
    for process in group:
        try:
            total += of(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return total


def _signal(process: psutil.Process, *, terminate: bool) -> bool:
    try:
        process.terminate() if terminate else process.kill()
    except psutil.NoSuchProcess:
        return False
    return True
