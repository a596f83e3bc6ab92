"""Submissions on an SFTP server: `<path>/<submission>/…`, answers in `<path>/answers/`.

The server must show the host key that is configured: a new key is never taken on trust, it is weather until the
operator has compared it with the office and changed the configuration.
"""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from infra.sources.remote import ANSWERS, ENTRIES_LIMIT, Item, Remote, secret, submissions
from infra.sources.transfer import CHUNK, Allowance, Changed, FarFile, go_on, hurry, take

DEPTH = 12
"""Folders below one another that are looked into: a server may show one that holds itself."""

LISTERS = 4
"""Channels that list at the same time; OpenSSH allows ten to a connection."""

AT_ONCE = 64
"""Read requests on their way at the same time, of 32 KiB each."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account on an SSH server: either a password or a key file, named by an environment variable."""

    host_key: str
    """As in a known_hosts file, without the host: `ssh-ed25519 AAAA…`. Another key is weather, never taken on trust."""
    password_env: str = ""
    key_file_env: str = ""
    """The variable holds the path of a private key without passphrase."""

    def check(self, url: str) -> None:
        """ValueError where it cannot be meant: the address holds a password, or there are two secrets or no key."""
        parts = urlsplit(url)
        if parts.scheme != "sftp" or not parts.hostname or not parts.username or parts.password:
            raise ValueError(f"expected sftp://user@host/path without a password, not {url!r}")
        if bool(self.password_env) == bool(self.key_file_env):
            raise ValueError("one of password_env and key_file_env is needed")
        if len(self.host_key.split()) < 2:
            raise ValueError("host_key is a type and a key, as in a known_hosts file")

    @contextmanager
    def logged_in(self, url: str, timeout_s: float) -> Iterator[tuple[Any, str]]:
        """The client and the folder of an address; the host key is compared first, and all that fails is OSError."""
        import paramiko
        from paramiko.hostkeys import HostKeyEntry

        parts = urlsplit(url)
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
                timeout=min(5, timeout_s),
                banner_timeout=timeout_s,
                auth_timeout=timeout_s,
                channel_timeout=timeout_s,
                allow_agent=False,
                look_for_keys=False,
                **login,
            )
            yield client, unquote(parts.path) or "/"


@dataclass(frozen=True, kw_only=True)
class Sftp(Account, Remote):
    """`url` is `sftp://user@host:port/path`."""

    settle_s: float = 2
    takes_answers: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self.check(self.url)

    @contextmanager
    def open(self, work: Path, until: float) -> Iterator[SftpFar]:
        """Connect and log in."""
        with self.logged_in(self.url, self.timeout_s) as (client, folder):
            yield SftpFar(self, client, folder, until)


@dataclass
class SftpFar:
    """A folder on a server that let us in. Each call has a channel of its own, since threads cannot share one."""

    remote: Sftp
    client: Any
    folder: str
    until: float
    cursor: str = ""
    everything: bool = True

    def list(self, cursor: str) -> list[Item]:
        """Every submission: a server cannot be asked for changes."""
        with self._channel() as sftp:
            top = sftp.listdir_attr(self.folder)
        alone = [self._file("", each) for each in top if stat.S_ISREG(each.st_mode or 0)]
        names = [each.filename for each in top if stat.S_ISDIR(each.st_mode or 0)]
        # Each folder takes four answers of the server, so several are asked about at once.
        shares = [names[start::LISTERS] for start in range(LISTERS)]
        with ThreadPoolExecutor(LISTERS) as pool:
            files = chain(alone, *pool.map(self._files, filter(None, shares)))
            return list(submissions(files, self.remote.patience_s))

    def _files(self, names: Sequence[str]) -> list[FarFile]:
        found: list[FarFile] = []
        folders = [(name, 1) for name in names if name != ANSWERS]
        with self._channel() as sftp:
            while folders:
                at, depth = folders.pop()
                hurry(self.until, "the listing")
                for each in sftp.listdir_attr(posixpath.join(self.folder, at)):
                    if stat.S_ISDIR(each.st_mode or 0) and depth < DEPTH:
                        folders.append((posixpath.join(at, each.filename), depth + 1))
                    elif stat.S_ISREG(each.st_mode or 0):  # a link could point anywhere over there
                        found.append(self._file(at, each))
                if len(found) + len(folders) > ENTRIES_LIMIT:
                    raise OSError(f"more than {ENTRIES_LIMIT} files lie there")
        return found

    def _file(self, at: str, shown: Any) -> FarFile:
        name, changed = posixpath.join(at, shown.filename), shown.st_mtime or 0
        return FarFile(name, posixpath.join(self.folder, name), shown.st_size or 0, str(changed), changed)

    def fetch(self, item: Item, draft: Path, allowance: Allowance) -> None:
        """Download what the listing named; OSError when a file changed meanwhile."""
        with self._channel() as sftp:

            def read(file: FarFile, offset: int) -> Iterable[bytes]:
                with sftp.open(file.place, "rb") as stream:
                    stream.seek(offset)
                    stream.prefetch(file.size, AT_ONCE)
                    while chunk := stream.read(CHUNK):
                        yield chunk
                    now = stream.stat()
                    if (now.st_size, str(now.st_mtime)) != (file.size, file.mark):
                        raise Changed(f"{file.name} changed while it was read")

            take(item.files, draft, allowance, lambda file, part: go_on(file, part, allowance, read))

    def answer(self, name: str, data: bytes | None) -> None:
        """Put it into `answers/`, whole or not at all."""
        folder = posixpath.join(self.folder, ANSWERS)
        place, draft = posixpath.join(folder, name), posixpath.join(folder, f".{name}.part")
        with self._channel() as sftp:
            if data is None:
                with suppress(FileNotFoundError):
                    sftp.remove(place)
                return
            with suppress(OSError):  # it is there already; if not, the next line says why
                sftp.mkdir(folder)
            with sftp.open(draft, "wb") as stream:
                stream.write(data)
            sftp.posix_rename(draft, place)

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        with weather(), self.client.open_sftp() as sftp:
            sftp.get_channel().settimeout(self.remote.timeout_s)
            yield sftp


@contextmanager
def weather() -> Iterator[None]:
    """What paramiko raises as the OSError it is to us."""
    from paramiko import SSHException
    from paramiko.pkey import UnknownKeyType

    try:
        yield
    except (SSHException, UnknownKeyType, EOFError, UnicodeDecodeError) as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
