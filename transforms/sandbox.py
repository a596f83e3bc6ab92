"""Runs one function over many untrusted inputs in child processes that may hang, crash or eat memory.

Parent and child talk in lines of JSON, never pickle, so a subverted child can hand back wrong data but no code. The
child starts from a bare interpreter with an empty environment (no credentials), may put no bytes into files, and dies
with its parent. A child serves many jobs; one that misbehaves is killed, its job becomes a `Failure`, and the next job
gets a new child.
"""

import contextlib
import ctypes
import errno
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

Answer = Mapping[str, Any]

WEATHER = frozenset({errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOENT, errno.EACCES})  # the disk's fault

_BOOT = (
    "import json, sys; settings = json.loads(sys.argv[1]); sys.path[:] = settings.pop('path'); "
    "from transforms.sandbox import serve; serve(**settings)"
)


@dataclass(frozen=True)
class Limits:
    """What one job may use: wall-clock seconds, MiB of address space of the child, bytes of answer."""

    seconds: float = 60
    megabytes: int = 1536
    answer_bytes: int = 1 << 20


@dataclass(frozen=True)
class Failure:
    """Why a job has no answer: it took too long, needed too much memory, answered too much, or its child ended."""

    why: Literal["waktu", "memori", "keluaran", "mati"]
    detail: str


class SandboxError(RuntimeError):
    """The child could not be started, or lacks a library: a broken installation, not a bad input."""


def run(
    target: str, jobs: Sequence[Answer], limits: Limits, *, workers: int, seconds: Sequence[float] = ()
) -> list[Answer | Failure]:
    """Call `target` ("module:function", dict in, dict out) once per job in at most `workers` children; same order.

    `seconds`: what each job may take, where that is not the same for all. Raises SandboxError, and OSError when a child
    could not read what it was pointed at: both are nobody's finding.
    """
    waiting = iter(enumerate(zip(jobs, seconds or [limits.seconds] * len(jobs), strict=True)))
    taking = threading.Lock()
    answers: dict[int, Answer | Failure] = {}

    def take() -> Iterator[tuple[int, tuple[Answer, float]]]:
        while True:
            with taking:
                job = next(waiting, None)
            if job is None:
                return
            yield job

    def drive() -> None:
        answers.update(_drive(target, take(), limits))

    # The child is tied to the thread that starts it (see `_die_with_parent`), so each thread keeps to its own child.
    count = min(workers, len(jobs))
    if count > 0:
        with ThreadPoolExecutor(count, thread_name_prefix="sandbox") as pool:
            for done in [pool.submit(drive) for _ in range(count)]:
                done.result()
    return [answers[position] for position in range(len(jobs))]


def _drive(
    target: str, jobs: Iterable[tuple[int, tuple[Answer, float]]], limits: Limits
) -> Iterator[tuple[int, Answer | Failure]]:
    child: _Child | None = None
    try:
        for position, (job, seconds) in jobs:
            child = child or _Child(target, limits)
            answer = child.ask(job, seconds)
            if isinstance(answer, Failure):
                child.stop()
                child = None
            yield position, answer
    finally:
        if child:
            child.stop()


class _Child:
    def __init__(self, target: str, limits: Limits) -> None:
        settings = {"path": sys.path, "target": target, "megabytes": limits.megabytes, "parent": os.getpid()}
        self._limits = limits
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _BOOT, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"MALLOC_ARENA_MAX": "1"},  # one glibc arena: the memory limit then means memory, not reservations
        )
        assert self._process.stdin
        assert self._process.stdout
        self._requests, self._answers = self._process.stdin, self._process.stdout
        hello = self._exchange(b"", limits.seconds)
        if isinstance(hello, Failure):
            self.stop()
            raise SandboxError(f"{target}: {hello.detail}")

    def ask(self, job: Answer, seconds: float) -> Answer | Failure:
        return self._exchange(json.dumps(job).encode() + b"\n", seconds)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):  # what the child never read
            self._requests.close()
        self._answers.close()

    def _exchange(self, request: bytes, seconds: float) -> Answer | Failure:
        late = threading.Event()

        def expire() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, expire)
        timer.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # it is dead already: its last words or its end say why
                self._requests.write(request)
                self._requests.flush()
            line = self._answers.readline(self._limits.answer_bytes)
        finally:
            timer.cancel()
        if line.endswith(b"\n"):
            return _answer(json.loads(line))
        if len(line) >= self._limits.answer_bytes:
            return Failure("keluaran", f"jawaban lebih dari {self._limits.answer_bytes} bita")
        if late.is_set():
            return Failure("waktu", f"lebih dari {seconds:g} detik")
        code = self._process.wait()
        return Failure("mati", signal.Signals(-code).name if code < 0 else f"kode {code}")


def _answer(message: Answer) -> Answer | Failure:
    if "galat_anak" not in message:
        return message
    kind, detail = message["galat_anak"], message["rinci"]
    if kind in {"ImportError", "ModuleNotFoundError"}:
        raise SandboxError(f"{kind}: {detail}")
    if message["errno"] in WEATHER:
        raise OSError(message["errno"], detail)
    return Failure("memori" if kind == "MemoryError" else "mati", f"{kind}: {detail}")


def serve(*, target: str, megabytes: int, parent: int) -> None:
    """The child's whole life: limit itself, say hello, then answer each line until its input ends."""
    # Decoders print to descriptor 1 when they feel like it: the answers go through a private copy of it.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def say(message: Answer) -> None:
        answers.write(json.dumps(message).encode() + b"\n")
        answers.flush()

    def last_words(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        """What nobody foresaw ends this child; the parent reports it for the job at hand."""
        say({"galat_anak": kind.__name__, "rinci": str(error)[:500], "errno": getattr(error, "errno", None)})

    sys.excepthook = last_words
    _die_with_parent(parent)
    module, _, name = target.partition(":")
    function = getattr(importlib.import_module(module), name)
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    say({})
    for line in sys.stdin.buffer:
        say(function(json.loads(line)))


def _die_with_parent(parent: int) -> None:
    """Ask Linux for SIGKILL when the thread that started us ends; elsewhere the end of our input has to do."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we asked
            os._exit(1)
