"""Copies, on this machine's disk, of what in a bucket never changes: fetched once, read as often as one likes."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from infra.storage.store import check_key

UNUSED_S = 24 * 3600
"""A copy nobody asked for so long goes (ours): well within the 3 × 24 hours after which erased bytes are nowhere."""
AT_ONCE = 4


class Copies:
    """Below `folder`, each under its key. Several processes may share it; only its owner may look into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """Where the copy of a key is, or will be once it has been brought."""
        return self.folder / check_key(key)

    def key(self, file: str | Path) -> str:
        """The key a copy is of."""
        return Path(file).relative_to(self.folder).as_posix()

    def bring(self, files: Iterable[str | Path], fetch: Callable[[str, BinaryIO], None]) -> None:
        """Have all these copies; `fetch` writes the bytes of a key into a file. What nobody uses any more goes."""
        lacking = [Path(file) for file in dict.fromkeys(files) if not _used(Path(file))]
        if not lacking:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda file: self._bring(file, fetch), lacking))
        self.sweep(UNUSED_S)

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

    def discard(self, prefix: str) -> None:
        """Keep no copy of what is below a folder of keys."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.path(prefix))

    def sweep(self, older_than_s: float) -> int:
        """Remove the copies, and the halves of some, that nobody asked for within so many seconds; how many."""
        swept = 0
        for file in self.folder.rglob("*"):
            with suppress(FileNotFoundError):  # another process swept it
                if file.is_file() and file.stat().st_mtime < time.time() - older_than_s:
                    file.unlink()
                    swept += 1
        return swept


def _used(file: Path) -> bool:
    """Whether the copy is there; then it counts as asked for now."""
    try:
        os.utime(file)
    except FileNotFoundError:
        return False
    return True
