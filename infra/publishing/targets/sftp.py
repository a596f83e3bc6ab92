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
from urllib.parse import unquote, urlsplit

from infra.publishing.targets.target import Held
from infra.sources.remote import ENTRIES_LIMIT, secret
from infra.sources.sftp import weather

DEPTH = 6
"""Folders below one another that are looked into; ours go three deep."""

CHUNK = 1 << 18


@dataclass(frozen=True, kw_only=True)
class Sftp:
    """`target` is `sftp://user@host:port/path`; either a password or a key file, named by an environment variable."""

    target: str
    host_key: str
    """As in a known_hosts file, without the host: `ssh-ed25519 AAAA…`. Another key is weather, never taken on trust."""
    password_env: str = ""
    key_file_env: str = ""
    """The variable holds the path of a private key without passphrase."""
    timeout_s: float = 20

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        if parts.scheme != "sftp" or not parts.hostname or not parts.username or parts.password:
            raise ValueError(f"expected sftp://user@host/path without a password, not {self.target!r}")
        if bool(self.password_env) == bool(self.key_file_env):
            raise ValueError("one of password_env and key_file_env is needed")
        if len(self.host_key.split()) < 2:
            raise ValueError("host_key is a type and a key, as in a known_hosts file")

    @contextmanager
    def open(self, home: Path) -> Iterator[SftpTarget]:
        """Connect and log in; the host key is compared first."""
        import paramiko
        from paramiko.hostkeys import HostKeyEntry

        parts = urlsplit(self.target)
        host, port = parts.hostname or "", parts.port or 22
        with weather(), paramiko.SSHClient() as client:
            known = host if port == 22 else f"[{host}]:{port}"
            entry = HostKeyEntry.from_line(f"{known} {self.host_key}")
            if entry is None or entry.key is None:
                raise OSError(f"the configured host key of {known} cannot be read")
            client.get_host_keys().add(known, entry.key.get_name(), entry.key)
            client.set_missing_host_key_policy(paramiko.RejectPolicy())
            login: dict[str, Any] = (
                {"password": secret(self.password_env)}
                if self.password_env
                else {"pkey": paramiko.PKey.from_path(secret(self.key_file_env))}
            )
            client.connect(
                host,
                port,
                unquote(parts.username or ""),
                timeout=min(5, self.timeout_s),
                banner_timeout=self.timeout_s,
                auth_timeout=self.timeout_s,
                channel_timeout=self.timeout_s,
                allow_agent=False,
                look_for_keys=False,
                **login,
            )
            with client.open_sftp() as sftp:
                sftp.get_channel().settimeout(self.timeout_s)  # pyright: ignore[reportOptionalMemberAccess]
                yield SftpTarget(sftp, unquote(parts.path) or "/")


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
