"""Bytes under keys: one small interface over a folder (`folder.py`) and a bucket (`bucket.py`)."""

import errno
import hashlib
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from infra.storage.origin import Origin

Source = bytes | Path | BinaryIO  # what can be put; a stream is read from where it stands to its end, not closed

DRAFTS = ".draft"  # where a folder store writes before a file gets its key; no key may begin with it
CHUNK = 1 << 20


class NotFound(LookupError):
    """Nothing is stored under this key."""


class Conflict(Exception):
    """A precondition failed: the key is taken (`if_absent`) or holds something else by now (`if_match`)."""


@dataclass(frozen=True)
class Stat:
    """What is known about stored bytes without reading them.

    `etag` is an opaque token for `if_match`, different after every change. `sha256` is what `put` saw; None in
    listings, and for bytes that came here by another way or were changed behind the store's back.
    """

    key: str
    size: int
    etag: str
    sha256: str | None


@dataclass(frozen=True)
class Draft:
    """Bytes received and hashed, that have no key yet. `origin`: where they are said to lie already."""

    file: BinaryIO
    size: int
    sha256: str
    origin: Origin | None = None


class Store(ABC):
    """Bytes under keys.

    A key is relative, `/`-separated UTF-8 of at most 1,024 bytes, without empty, `.` or `..` segments, backslash
    or NUL; anything else is a ValueError. A key is never also the folder of another one. Whatever is put appears
    whole or not at all, and is on disk when `put` returns. Any OSError or BotoCoreError is weather: nothing happened,
    try again.
    """

    url: str

    def put(self, key: str, source: Source, *, if_absent: bool = False, if_match: str | None = None) -> Stat:
        """Store `source`, replacing what was there unless a condition forbids it: then Conflict."""
        check_key(key)
        with self._draft(source) as draft:
            return self._place(draft, key, if_absent=if_absent, if_match=if_match)

    def put_content(self, source: Source, origin: Origin | None = None) -> Stat:
        """Store `source` under the key its own bytes give it (`content_key`); bytes already here are kept as they are.

        The source is read once. A bucket that holds the `origin` copies from there what it finds to be the same and is
        sent the rest; to any other store it says nothing. OSError when what is stored under that key has another size:
        it is damaged, and the caller still holds the only good copy.
        """
        with self._draft(source) as draft:
            key = content_key(draft.sha256)
            there = self.stat(key)
            if there is None:
                try:
                    return self._place(replace(draft, origin=origin), key, if_absent=True, if_match=None)
                except Conflict:
                    there = self.stat(key)
            if there is None or there.size != draft.size:
                raise OSError(errno.EIO, "the stored bytes are not those their key promises", key)
            return replace(there, sha256=draft.sha256)

    def get(self, key: str) -> bytes:
        """All bytes at once: for what is known to be small. NotFound when there are none."""
        with self.open(key) as stream:
            return stream.read()

    @abstractmethod
    def open(self, key: str) -> BinaryIO:
        """The bytes as a stream that can only be read forward. NotFound when there are none."""

    @abstractmethod
    def local(self, key: str) -> AbstractContextManager[Path]:
        """A file of this machine with these bytes, to read and not to keep: the stored one, or a temporary copy."""

    @abstractmethod
    def stat(self, key: str) -> Stat | None:
        """None when nothing is stored under the key."""

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Everything whose key begins with `prefix` (text, not only a folder), sorted by key.

        A bucket holds the listing in memory: about half a kilobyte a key. What others stored under a name that is
        no key is listed as well, so that it does not vanish; it is a ValueError when opened.
        """

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove; nothing happens when there is nothing."""

    @abstractmethod
    def delta(self, key: str) -> tuple[str, dict[str, str]]:
        """URI and storage options by which the deltalake library finds a table under this key.

        The options hold credentials that may expire: ask anew for every use, and show them to nobody.
        """

    @abstractmethod
    def nearby(self, key: str) -> str:
        """The path at which this machine reads bytes that never change under their key, once they are brought."""

    @abstractmethod
    def bring(self, files: Iterable[str]) -> None:
        """Have the bytes at these `nearby` paths. NotFound when there are none any more."""

    @abstractmethod
    def lacks(self, files: Iterable[str]) -> bool:
        """Whether what any of these `nearby` paths stands for has been removed from the store."""

    @abstractmethod
    def discard(self, prefix: str) -> None:
        """Leave no copy on this machine of what is, or was, below `prefix`, a folder of keys."""

    @abstractmethod
    def sweep(self, older_than_s: float) -> int:
        """Remove what puts that died more than so many seconds ago left behind; how many there were."""

    @abstractmethod
    def _blank(self) -> AbstractContextManager[BinaryIO]:
        """A new file to receive a draft; it goes away at the end, whatever happens."""

    @abstractmethod
    def _place(self, draft: Draft, key: str, *, if_absent: bool, if_match: str | None) -> Stat: ...

    @contextmanager
    def _draft(self, source: Source) -> Iterator[Draft]:
        # The key and what is recorded with the bytes depend on their hash, and the source may still be changing:
        # so everything is received whole, once, before any of it can be seen.
        with self._blank() as file:
            size, sha256 = copy_hashed(source, file)
            yield Draft(file, size, sha256)


def open_store(url: str, *, endpoint: str | None = None, copies: Path | None = None) -> Store:
    """The store at `file:///…`, a plain path, or `s3://bucket/prefix`.

    `endpoint` is an S3 server other than Amazon's, as `http://host:port`; `copies` is the folder where this machine
    keeps what it reads of a bucket's tables (without one: a temporary one). Credentials and region come from where
    boto3 looks for them, never from the URL. ValueError when the URL is none of these.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc:
        from infra.storage.bucket import BucketStore

        return BucketStore(parts.netloc, parts.path.strip("/"), endpoint=endpoint, copies=copies)
    if "://" not in url or (parts.scheme == "file" and not parts.netloc):
        from infra.storage.folder import FolderStore

        return FolderStore(Path(unquote(parts.path) if parts.scheme == "file" else url))
    raise ValueError(f"not a store: {url!r} (expected file:///…, a path, or s3://bucket/prefix)")


def content_key(sha256: str) -> str:
    """Where original bytes live, by their hash in hexadecimal."""
    return f"raw/sha256/{sha256[:2]}/{sha256}"


def check_key(key: str) -> str:
    """The key itself, or ValueError when it could leave the store or cannot be kept by every kind of it."""
    segments = key.split("/")
    if {"", ".", ".."} & set(segments) or segments[0] == DRAFTS or "\\" in key or "\0" in key:
        raise ValueError(f"not a key: {key!r}")
    if len(key.encode()) > 1024:  # Amazon's limit; a lone surrogate, which no bucket takes, is a ValueError too
        raise ValueError(f"a key is at most 1,024 bytes: {key[:80]!r}…")
    return key


def copy_hashed(source: Source, target: BinaryIO) -> tuple[int, str]:
    """Copy to the end of the source in small pieces; the number of bytes and their SHA-256 in hexadecimal."""
    digest, size = hashlib.sha256(), 0
    match source:
        case bytes():
            opened = io.BytesIO(source)
        case Path():
            opened = source.open("rb", buffering=0)
        case _:
            opened = nullcontext(source)
    with opened as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
            size += len(chunk)
    target.flush()
    return size, digest.hexdigest()
