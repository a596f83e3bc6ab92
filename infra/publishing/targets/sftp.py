"""Partners with an SFTP server: a file is written beside its place and renamed over it, so it is there whole."""

from __future__ import annotations

import hashlib
import posixpath
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.publishing.targets.target import Held
from infra.sources.remote import ENTRIES_LIMIT
from infra.sources.sftp import Account

DEPTH = 6
"""Folders below one another that are looked into; ours go three deep."""

CHUNK = 1 << 18


@dataclass(frozen=True, kw_only=True)
class Sftp(Account):
    """`target` is `sftp://user@host:port/path`."""

    target: str
    timeout_s: float = 20

    def __post_init__(self) -> None:
        self.check(self.target)

    @contextmanager
    def open(self, home: Path) -> Iterator[SftpTarget]:
        """Connect and log in."""
        with self.logged_in(self.target, self.timeout_s) as (client, folder), client.open_sftp() as sftp:
            sftp.get_channel().settimeout(self.timeout_s)
            yield SftpTarget(sftp, folder)


@dataclass
class SftpTarget:
    """A folder on a server that let us in."""

    sftp: Any
    folder: str

    def holds(self, mine: Collection[str], *, thorough: bool) -> Mapping[str, Held]:
        """All files below the folder; with `thorough`, ours are read back and hashed."""
        found = {path: Held(size) for path, size in self._files("", 1)}
        for path in (p for p in sorted(mine) if thorough and p in found):
            found[path] = Held(found[path].size, self._hash(path))
        return found

    def _files(self, at: str, depth: int) -> Iterator[tuple[str, int]]:
        try:
            there = self.sftp.listdir_attr(posixpath.join(self.folder, at))
        except FileNotFoundError:
            return  # nothing has been put yet
        if len(there) > ENTRIES_LIMIT:
            raise OSError(f"more than {ENTRIES_LIMIT} files lie in {at or self.folder}")
        for each in there:
            path = posixpath.join(at, each.filename)
            if stat.S_ISDIR(each.st_mode or 0) and depth < DEPTH:
                yield from self._files(path, depth + 1)
            elif stat.S_ISREG(each.st_mode or 0) and not each.filename.endswith(".part"):
                yield path, each.st_size or 0

    def _hash(self, path: str) -> str:
        digest = hashlib.sha256()
        with self.sftp.open(posixpath.join(self.folder, path), "rb") as stream:
            stream.prefetch(stream.stat().st_size, 64)
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def put(self, path: str, content: Path, sha256: str) -> str:
        """The server's own count of bytes is compared; what they are, `reconcile` reads back."""
        place = posixpath.join(self.folder, path)
        folder, name = posixpath.split(place)
        draft = posixpath.join(folder, f".{name}.part")
        self._make(folder)
        with content.open("rb") as source:
            self.sftp.putfo(source, draft, file_size=content.stat().st_size, confirm=True)
        self.sftp.posix_rename(draft, place)
        return "DITULIS"

    def _make(self, folder: str) -> None:
        if folder in ("", "/"):
            return
        try:
            self.sftp.stat(folder)
        except FileNotFoundError:
            self._make(posixpath.dirname(folder))
            self.sftp.mkdir(folder)

    def delete(self, path: str) -> str:
        """Removed, and the folders it leaves empty."""
        place = posixpath.join(self.folder, path)
        with suppress(FileNotFoundError):
            self.sftp.remove(place)
        folder = posixpath.dirname(path)
        while folder:
            try:
                self.sftp.rmdir(posixpath.join(self.folder, folder))
            except OSError:
                break  # something else lies in it
            folder = posixpath.dirname(folder)
        return "DIHAPUS"
