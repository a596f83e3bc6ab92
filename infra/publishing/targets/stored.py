"""Partners with a folder of this machine, or a bucket: the stores the lake itself can live in."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra.publishing.targets.target import Held, hashed
from infra.sources.remote import secret
from infra.storage.folder import FolderStore
from infra.storage.store import Store


@dataclass(frozen=True, kw_only=True)
class Folder:
    """`target` is a folder, below the installation's home unless absolute."""

    target: str

    def __post_init__(self) -> None:
        if not self.target or "://" in self.target:
            raise ValueError(f"expected a folder, not {self.target!r}")

    @contextmanager
    def open(self, home: Path) -> Iterator[Stored]:
        """Nothing is opened."""
        yield Stored(FolderStore(home / self.target))


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """`target` is `s3://bucket/prefix`. Without names of variables for the keys, boto3 looks for them as usual."""

    target: str
    endpoint: str | None = None
    """A server other than Amazon's."""
    region: str = "us-east-1"
    access_key_env: str = ""
    secret_key_env: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        if parts.scheme != "s3" or not parts.netloc or parts.username:
            raise ValueError(f"expected s3://bucket/prefix, not {self.target!r}")
        if bool(self.access_key_env) != bool(self.secret_key_env):
            raise ValueError("access_key_env and secret_key_env belong together")

    @contextmanager
    def open(self, home: Path) -> Iterator[Stored]:
        """Nothing is asked yet: S3 has no connection to open."""
        from boto3.session import Session

        from infra.storage.bucket import BucketStore

        keys = {}
        if self.access_key_env:
            keys = {
                "aws_access_key_id": secret(self.access_key_env),
                "aws_secret_access_key": secret(self.secret_key_env),
                "region_name": self.region,
            }
        parts = urlsplit(self.target)
        with _weather():
            yield Stored(
                BucketStore(parts.netloc, parts.path.strip("/"), endpoint=self.endpoint, session=Session(**keys))
            )


@dataclass
class Stored:
    """A store that takes a partner's files."""

    store: Store

    def holds(self, mine: Collection[str], *, thorough: bool) -> Mapping[str, Held]:
        """All that lies there; a bucket remembers what was put, a folder is read."""
        found = {stat.key: Held(stat.size) for stat in self.store.list()}
        for path in (p for p in found if thorough and p in set(mine)):
            found[path] = Held(found[path].size, self._sha256(path))
        return found

    def _sha256(self, path: str) -> str:
        """A bucket checks what it is sent and keeps the hash with it; what somebody else put there has none."""
        stat = None if isinstance(self.store, FolderStore) else self.store.stat(path)
        if stat and stat.sha256:
            return stat.sha256
        with self.store.local(path) as file:
            return hashed(file)

    def put(self, path: str, content: Path, sha256: str) -> str:
        """Written whole; OSError when other bytes arrived than were sent."""
        got = self.store.put(path, content).sha256
        if got != sha256:
            raise OSError(f"{path} arrived with sha256 {got}, not {sha256}")
        return "DITULIS"

    def delete(self, path: str) -> str:
        """Removed."""
        self.store.delete(path)
        return "DIHAPUS"


@contextmanager
def _weather() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
