"""Submissions in a bucket: `<prefix>/<submission>/…`, answers in `<prefix>/answers/`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from infra.sources.remote import ANSWERS, Item, Remote, secret, submissions
from infra.sources.transfer import CHUNK, Allowance, Changed, FarFile, go_on, hurry, take
from infra.storage.origin import Origin


@dataclass(frozen=True, kw_only=True)
class S3(Remote):
    """`url` is `s3://bucket/prefix`; the keys are of this source alone."""

    access_key_env: str
    secret_key_env: str
    endpoint: str | None = None
    """A server other than Amazon's."""
    region: str = "us-east-1"
    takes_answers: ClassVar[bool] = True

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "s3" or not parts.netloc or parts.username:
            raise ValueError(f"expected s3://bucket/prefix, not {self.url!r}")
        if self.endpoint and urlsplit(self.endpoint).scheme not in ("http", "https"):
            raise ValueError(f"endpoint is an http(s) address, not {self.endpoint!r}")

    @contextmanager
    def open(self, work: Path, until: float) -> Iterator[S3Far]:
        """Nothing is asked yet: S3 has no connection to open."""
        from boto3.session import Session
        from botocore.config import Config

        client = Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=secret(self.access_key_env),
            aws_secret_access_key=secret(self.secret_key_env),
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if self.endpoint else "auto"},
                connect_timeout=min(5, self.timeout_s),
                read_timeout=self.timeout_s,
                retries={"mode": "standard", "total_max_attempts": 2},
                max_pool_connections=self.parallel + 1,
            ),
        )
        try:
            yield S3Far(self, client, until)
        finally:
            client.close()


@dataclass
class S3Far:
    """A bucket seen through a client, which threads may share."""

    remote: S3
    client: Any
    until: float
    cursor: str = ""
    everything: bool = True

    def __post_init__(self) -> None:
        parts = urlsplit(self.remote.url)
        prefix = parts.path.strip("/")
        self.bucket, self.base = parts.netloc, f"{prefix}/" if prefix else ""

    def list(self, cursor: str) -> list[Item]:
        """Every submission: a bucket cannot be asked for changes."""
        with weather():
            return list(submissions(self._files(), self.remote.patience_s))

    def _files(self) -> Iterator[FarFile]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.base)
        for page in pages:
            hurry(self.until, "the listing")
            for each in page.get("Contents", ()):
                if not each["Key"].endswith("/"):  # what consoles write to show an empty folder
                    name = each["Key"].removeprefix(self.base)
                    yield FarFile(name, each["Key"], each["Size"], each["ETag"], each["LastModified"].timestamp())

    def fetch(self, item: Item, draft: Path, allowance: Allowance) -> None:
        """Download what the listing named, and only in that state; each file keeps where it is from."""

        def bring(file: FarFile, part: Path) -> None:
            go_on(file, part, allowance, self._read)
            Origin(self.remote.endpoint, self.bucket, file.place, file.mark).note(part)

        with weather():
            take(item.files, draft, allowance, bring)

    def _read(self, file: FarFile, offset: int) -> Iterable[bytes]:
        if 0 < offset == file.size:
            return ()  # all of it came, under its ETag
        part = {"Range": f"bytes={offset}-"} if offset else {}
        got = self.client.get_object(Bucket=self.bucket, Key=file.place, IfMatch=file.mark, **part)
        same = got["ETag"].strip('"') == file.mark.strip('"')
        if not same or (offset and not got.get("ContentRange", "").startswith(f"bytes {offset}-")):
            got["Body"].close()  # a server that ignores the one header or the other
            raise Changed(f"{file.name} is not, or not from byte {offset} on, what was listed")
        return got["Body"].iter_chunks(CHUNK)

    def answer(self, name: str, data: bytes | None) -> None:
        """Put it under `answers/`."""
        key = f"{self.base}{ANSWERS}/{name}"
        with weather():
            if data is None:
                self.client.delete_object(Bucket=self.bucket, Key=key)
            else:
                self.client.put_object(Bucket=self.bucket, Key=key, Body=data)


@contextmanager
def weather() -> Iterator[None]:
    """What boto3 raises as the OSError it is to us."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
