"""How bytes come over from a remote place: within limits, within time, and on from where they were cut off."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

FILES_LIMIT = 20_000
"""Files in one drop; more is not a submission but an accident."""

CHUNK = 1 << 18


class Unacceptable(Exception):
    """One submission will not be fetched as it is: the rule it breaks, what breaks it, and what is allowed."""

    def __init__(self, rule: str, value: str, allowed: str = "") -> None:
        super().__init__(f"{rule}: {value}")
        self.rule, self.value, self.allowed = rule, value, allowed


class Changed(OSError):
    """A file is no more what was listed: what came of it belongs to nothing."""


class OutOfTime(Exception):
    """A fetch has used the time it has in one go; the next one continues."""


@dataclass(frozen=True)
class FarFile:
    """A file at a remote place. `name` is its path in the submission, `place` how the protocol finds it.

    `changed` is in seconds since 1970 by the clock over there.
    """

    name: str
    place: str
    size: int
    mark: str = ""
    changed: float = 0.0


@dataclass
class Allowance:
    """The bytes and the time one submission still has."""

    file_bytes: int
    total_bytes: int
    until: float
    spent: int = 0

    def check(self, files: Iterable[FarFile]) -> None:
        """Refuse by what the listing says, before anything is fetched."""
        sizes = [file.size for file in files]
        if len(sizes) > FILES_LIMIT:
            raise Unacceptable("KIRIMAN_TERLALU_BESAR", f"{len(sizes)} berkas", f"{FILES_LIMIT} berkas")
        self._refuse_above(max(sizes, default=0), sum(sizes))

    def save(self, chunks: Iterable[bytes], path: Path, *, after: int = 0) -> int:
        """Append chunks to what `path` holds of its first `after` bytes; its size then. It is on disk on return."""
        path.parent.mkdir(parents=True, exist_ok=True)
        size = after
        self.spent += after
        with path.open("r+b" if after else "wb") as out:
            out.seek(after)
            out.truncate()
            for chunk in chunks:
                size += len(chunk)
                self.spent += len(chunk)
                self._refuse_above(size, self.spent)  # by what comes, not by what was announced
                out.write(chunk)
                self.hurry()
            out.flush()
            os.fsync(out.fileno())
        return size

    def hurry(self) -> None:
        """OutOfTime when the time is over."""
        hurry(self.until)

    def _refuse_above(self, size: int, total: int) -> None:
        if size > self.file_bytes:
            raise Unacceptable("KIRIMAN_TERLALU_BESAR", f"berkas {size} byte", f"{self.file_bytes} byte per berkas")
        if total > self.total_bytes:
            raise Unacceptable("KIRIMAN_TERLALU_BESAR", f"{total} byte", f"{self.total_bytes} byte per kiriman")


def take(files: Iterable[FarFile], draft: Path, allowance: Allowance, bring: Callable[[FarFile, Path], None]) -> None:
    """Bring files over in their order, each into a draft of its own (`*.part`) until it is whole."""
    for file in files:
        path = draft / file.name
        if path.exists():
            allowance.spent += path.stat().st_size
            continue
        part = path.with_name(path.name + ".part")
        bring(file, part)
        part.rename(path)


def go_on(file: FarFile, part: Path, allowance: Allowance, read: Callable[[FarFile, int], Iterable[bytes]]) -> None:
    """Bring a file whose state the listing told, on from where it was cut off. `read` gives its bytes from an offset.

    Only files of the same mark of the submission are ever in one draft, so what is there is what would come; `read`
    sees to it that what comes is of that state too: else Changed, and nothing is left of it.
    """
    had = part.stat().st_size if part.exists() else 0
    had = 0 if had > file.size else had
    try:
        size = allowance.save(read(file, had), part, after=had)
    except Changed:
        part.unlink(missing_ok=True)
        raise
    if size != file.size:
        raise OSError(f"{file.name} ended after {size} of {file.size} bytes")


def hurry(until: float, lost: str = "") -> None:
    """OutOfTime after `until`, a moment of the monotonic clock; OSError when what was done so far is then `lost`.

    What is lost would take as long the next time: that is no delay but a source that can never be read.
    """
    if time.monotonic() > until:
        raise OSError(f"{lost} takes longer than deadline_s") if lost else OutOfTime


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
