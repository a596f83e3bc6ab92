"""The store in a folder: atomic, durable, and safe for several processes at once."""

import fcntl
import os
import stat
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import BinaryIO

from typing_extensions import Buffer, override

from infra.storage.attribute import recall, remember
from infra.storage.store import DRAFTS, Conflict, Draft, NotFound, Stat, Store, check_key

SHA256_ATTRIBUTE = "user.sha256"
GONE = (FileNotFoundError, NotADirectoryError)


class FolderStore(Store):
    """Files of one local filesystem below `root`, which is made at the first put.

    Symbolic links are not followed: an office can make one in a folder it may write to. Empty folders stay, since
    another process may be about to fill them.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.drafts = self.root / DRAFTS
        self.url = self.root.as_uri()

    @override
    def open(self, key: str) -> BinaryIO:
        return self._existing(key).open("rb")

    @override
    def local(self, key: str) -> nullcontext[Path]:
        return nullcontext(self._existing(key))

    @override
    def stat(self, key: str) -> Stat | None:
        path = self._path(key)
        try:
            info = path.lstat()
        except GONE:
            return None
        if not stat.S_ISREG(info.st_mode):
            return None
        return Stat(key, info.st_size, _etag(info), recall(path, SHA256_ATTRIBUTE, info))

    @override
    def list(self, prefix: str = "") -> Iterator[Stat]:
        check_key(prefix + "x")
        top, slash, start = prefix.rpartition("/")
        return self._walk(self._path(top) if top else self.root, top + slash, start)

    @override
    def delete(self, key: str) -> None:
        path = self._path(key)
        if self.stat(key) is not None:
            with suppress(FileNotFoundError), self._lock():
                path.unlink()
            _sync(path.parent)

    @override
    def delta(self, key: str) -> tuple[str, dict[str, str]]:
        return str(self._path(key)), {}

    @override
    def nearby(self, key: str) -> str:
        return str(self.root / check_key(key))

    @override
    def bring(self, files: Iterable[str]) -> None:
        """They are where they are read."""

    @override
    def lacks(self, files: Iterable[str]) -> bool:
        return any(not Path(file).exists() for file in files)

    @override
    def discard(self, prefix: str) -> None:
        """There are no copies."""

    @override
    def sweep(self, older_than_s: float) -> int:
        swept = 0
        for path in self.drafts.glob("*.part"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - older_than_s:
                    path.unlink()
                    swept += 1
        return swept

    @override
    @contextmanager
    def _blank(self) -> Iterator[BinaryIO]:
        _make_folder(self.drafts)
        path = self.drafts / f"{uuid.uuid4().hex}.part"
        try:
            with BufferedWriter(_EagerFile(path, "xb")) as file:
                yield file
        finally:
            path.unlink(missing_ok=True)

    @override
    def _place(self, draft: Draft, key: str, *, if_absent: bool, if_match: str | None) -> Stat:
        path, handle = self._path(key), draft.file.fileno()
        # Before Linux 6.13 the kernel's own stamp moves every few milliseconds: a file replaced twice within them could
        # get the first one's inode number, time and size, hence its etag, back.
        now = time.time_ns()
        os.utime(handle, ns=(now, now))
        info = os.fstat(handle)
        remember(handle, SHA256_ATTRIBUTE, draft.sha256)
        os.fsync(handle)
        _make_folder(path.parent)
        with self._lock():
            if if_match is not None and ((there := self.stat(key)) is None or there.etag != if_match):
                raise Conflict(key)
            if if_absent:
                try:
                    path.hardlink_to(draft.file.name)
                except FileExistsError as error:
                    raise Conflict(key) from error
            else:
                Path(draft.file.name).replace(path)
        _sync(path.parent)
        return Stat(key, draft.size, _etag(info), draft.sha256)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One process and thread at a time changes what the keys point to; writing and hashing stay outside."""
        handle = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _path(self, key: str) -> Path:
        path = self.root / check_key(key)
        if os.path.realpath(path) != str(path):
            raise ValueError(f"the key passes through a symbolic link: {key!r}")
        return path

    def _existing(self, key: str) -> Path:
        path = self._path(key)
        if not path.is_file():
            raise NotFound(key)
        return path

    def _walk(self, folder: Path, base: str, start: str) -> Iterator[Stat]:
        try:
            with os.scandir(folder) as entries:
                found = [each for each in entries if each.name.startswith(start) and each.path != str(self.drafts)]
        except GONE:
            return
        folders = {each.name for each in found if each.is_dir(follow_symlinks=False)}
        for entry in sorted(found, key=lambda each: each.name + "/" * (each.name in folders)):
            if entry.name in folders:
                yield from self._walk(folder / entry.name, f"{base}{entry.name}/", "")
                continue
            with suppress(*GONE):
                info = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(info.st_mode):
                    yield Stat(base + entry.name, info.st_size, _etag(info), None)


class _EagerFile(FileIO):
    """A file whose bytes begin to go to disk as they arrive, so that the fsync at the end has little left to do."""

    @override
    def write(self, data: Buffer, /) -> int:
        written = super().write(data)
        # Linux starts to write a range that is "not needed", and keeps in memory what is not yet written: all of it.
        os.posix_fadvise(self.fileno(), self.tell() - written, written, os.POSIX_FADV_DONTNEED)
        return written


def _etag(info: os.stat_result) -> str:
    return f"{info.st_ino:x}-{info.st_mtime_ns:x}-{info.st_size:x}"


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each durably."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
