"""Copies, on this machine's disk, of what in a bucket never changes: fetched once, read as often as one likes.

Several threads and processes work here at once, without a lock: files come under a name of their own and go one by
one, folders stay, and whoever finds a file gone that was there a moment ago goes on.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from infra.storage.store import check_key

UNUSED_S = 24 * 3600
"""A copy nobody asked for so long goes (ours): well within the 3 × 24 hours after which erased bytes are nowhere."""
TIDY_S = 3600
"""How often whoever reads here also looks for copies that should go."""
AT_ONCE = 4


class Copies:
    """Below `folder`, each under its key. Several processes may share it; only its owner may look into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tidied = folder / ".tidied"

    def path(self, key: str) -> Path:
        """Where the copy of a key is, or will be once it has been brought."""
        return self.folder / check_key(key)

    def key(self, file: str | Path) -> str:
        """The key a copy is of."""
        return Path(file).relative_to(self.folder).as_posix()

    def bring(self, files: Iterable[str | Path], fetch: Callable[[str, BinaryIO], None]) -> None:
        """Have all these copies; `fetch` writes the bytes of a key into a file."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lacking = [Path(file) for file in dict.fromkeys(files) if not _used(Path(file))]
        if lacking:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda file: self._bring(file, fetch), lacking))

    def _bring(self, file: Path, fetch: Callable[[str, BinaryIO], None]) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{uuid.uuid4().hex}.part")
        try:
            with draft.open("xb") as stream:
                fetch(self.key(file), stream)
                stream.flush()
                os.fsync(stream.fileno())  # what has a name is whole, also after a power cut
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)

    def tidy(self, listed: Callable[[str], Collection[str]]) -> int:
        """Remove what `sweep` does, and copies of what is no longer in the store; how many. At most once in `TIDY_S`.

        `listed`: the keys the store has below a folder.
        """
        if _age(self._tidied) < TIDY_S:
            return 0
        self._tidied.touch()
        gone, here = self.sweep(UNUSED_S), [self.key(file) for file in self._whole()]
        folders = {key.rpartition("/")[0] for key in here}  # looked at after the copies: what has come since stays
        there = {key for folder in folders for key in listed(f"{folder}/")}
        return gone + sum(_remove(self.path(key)) for key in here if key not in there)

    def discard(self, prefix: str) -> None:
        """Keep no copy of what is below a folder of keys; one that is just coming is for `tidy`."""
        for file in self._whole(prefix):
            _remove(file)

    def sweep(self, older_than_s: float) -> int:
        """Remove the copies, and the halves of some, that nobody asked for within so many seconds; how many."""
        old = [file for file in self._files() if file != self._tidied and _age(file) > older_than_s]
        return sum(map(_remove, old))

    def _whole(self, prefix: str = "") -> Iterator[Path]:
        return (file for file in self._files(prefix) if not file.name.startswith("."))

    def _files(self, prefix: str = "") -> Iterator[Path]:
        top = self.path(prefix) if prefix else self.folder
        for folder, _, names in os.walk(top):  # passes over a folder that is not there
            yield from (Path(folder, name) for name in names)


def _used(file: Path) -> bool:
    """Whether the copy is there; then it counts as asked for now."""
    try:
        os.utime(file)
    except FileNotFoundError:
        return False
    return True


def _age(file: Path) -> float:
    """Seconds since it was last asked for; infinite where there is none."""
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _remove(file: Path) -> bool:
    try:
        file.unlink()
    except FileNotFoundError:
        return False  # another process was quicker
    return True
