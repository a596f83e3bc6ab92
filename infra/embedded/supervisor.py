"""Child processes that are watched, started again when they die, and ended together."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import psutil

from infra.embedded import processes

_LOG_BYTES = 10_000_000


@dataclass
class Child:
    """One process under supervision and its history."""

    argv: list[str]
    log: Path
    process: psutil.Popen
    started: float
    failures: int = 0
    due: float | None = None
    """When to start it again, once it has died."""

    @property
    def dead(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


class Supervisor:
    """Starts children that wait for a line on standard input before they work, and keeps them alive.

    Each child gets a session of its own: a Ctrl-C on the terminal reaches only us, and we end them in good order.
    """

    def __init__(self, logs: Path, say: Callable[[str], None]) -> None:
        self._logs, self._say = logs, say
        self.environment: dict[str, str] = {}
        self._guard = threading.Lock()
        self._ending, self._ended = threading.Event(), threading.Event()
        self.children: dict[str, Child] = {}

    def start(self, name: str, argv: list[str], failures: int = 0) -> None:
        """Start a child; it waits for `go`. Its output is appended to `<logs>/<name>.log`."""
        log = self._logs / f"{name}.log"
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            process = psutil.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )
        self.children[name] = Child(argv, log, process, monotonic(), failures)

    def go(self, *names: str) -> None:
        """Tell children that what they depend on is there."""
        for name in names:
            with contextlib.suppress(BrokenPipeError):  # it has died: whoever watches will see
                os.write(self.children[name].process.stdin.fileno(), b"go\n")

    def watch(self) -> None:
        """From now on start again what dies, after 1, 2, 4 … 60 s when it keeps dying young."""
        threading.Thread(target=self._watch, name="supervisor", daemon=True).start()

    def _watch(self) -> None:
        while not self._ending.wait(0.5):
            for name, child in list(self.children.items()):
                if child.dead:
                    self._revive(name, child)
        # Linux takes the children of a thread down with it, so this one stays until all of them have been ended.
        self._ended.wait()

    def _revive(self, name: str, child: Child) -> None:
        now = monotonic()
        if child.due is None:
            child.failures = child.failures + 1 if now - child.started < 60 else 0
            child.due = now + (wait := min(2**child.failures, 60))
            self._say(f"{name} ended ({child.process.returncode}), starting it again in {wait} s; its log: {child.log}")
        elif now >= child.due:
            with self._guard:
                if not self._ending.is_set():
                    self.start(name, child.argv, child.failures)
                    self.go(name)

    def end(self, *stages: Iterable[str], patience: float) -> None:
        """End the children named in each stage, stage after stage; those still there after `patience` s are killed."""
        with self._guard:
            self._ending.set()
        for names in stages:
            children = [self.children[name] for name in names if name in self.children]
            processes.end([child.process for child in children if not child.dead], patience)
        self._ended.set()
