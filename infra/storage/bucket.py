"""The store in an S3 bucket, through boto3: conditional writes, multipart with SHA-256, time limits and retries."""

import base64
import hashlib
import io
import os
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from boto3.s3.transfer import TransferConfig
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader, create_loader
from botocore.session import get_session
from typing_extensions import override

from infra.storage.nearby import Copies
from infra.storage.origin import Origin
from infra.storage.store import CHUNK, Conflict, Draft, NotFound, Stat, Store, check_key

PART = 8 << 20  # up to here one request, held in memory; above it, parts of this size, grown where 10,000 would not do
COPIED = 1 << 20  # above it, what this bucket holds is copied there, at two requests more, instead of sent (ours)
THREADS = 4  # a SeaweedFS takes 75 MB/s from one and 120 from four
MISSING = {"404", "NoSuchKey"}  # HEAD has no body and so only the number
REFUSED = {"PreconditionFailed", "ConditionalRequestConflict", *MISSING}


class BucketStore(Store):
    """Objects below `prefix` in a bucket that exists."""

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint: str | None = None,
        session: Session | None = None,
        copies: Path | None = None,
    ) -> None:
        self.bucket = bucket
        self.base = f"{check_key(prefix)}/" if prefix else ""
        self.url = f"s3://{bucket}/{prefix}".rstrip("/")
        self.endpoint = endpoint
        self.session = session or _session()
        if copies is None:
            own = copies = Path(tempfile.mkdtemp(prefix="spit-"))
            weakref.finalize(self, shutil.rmtree, own, ignore_errors=True)
        # One home may have known several stores.
        self._copies = Copies(copies / hashlib.sha256(f"{endpoint} {self.url}".encode()).hexdigest()[:16])
        self.client = self.session.client(
            "s3",
            endpoint_url=endpoint,
            region_name=self.session.region_name or "us-east-1",
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if endpoint else "auto"},
                connect_timeout=5,
                read_timeout=60,
                retries={"mode": "standard", "total_max_attempts": 5},
                max_pool_connections=4 * THREADS,
                tcp_keepalive=True,
            ),
        )

    @override
    def open(self, key: str) -> BinaryIO:
        with _missing(key):
            body = self.client.get_object(**self._at(key))["Body"]
        # The bare body iterates by chunk, and used as a context manager it gives out the unchecked response beneath.
        return cast(BinaryIO, io.BufferedReader(body, CHUNK))

    @override
    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        with tempfile.NamedTemporaryFile(prefix="spit-", suffix=PurePosixPath(key).suffix) as file:
            self._download(key, cast(BinaryIO, file))
            file.flush()
            yield Path(file.name)

    @override
    def stat(self, key: str) -> Stat | None:
        head = self._head(key)
        return head and Stat(key, head["ContentLength"], head["ETag"], head["Metadata"].get("sha256"))

    @override
    def list(self, prefix: str = "") -> Iterator[Stat]:
        check_key(prefix + "x")
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.base + prefix)
        found = (each for page in pages for each in page.get("Contents", ()))
        # Sorted here: SeaweedFS goes folder by folder (a/b before a-b). A key that ends in / is what consoles write
        # to show an empty folder.
        stats = (
            Stat(each["Key"].removeprefix(self.base), each["Size"], each["ETag"], None)
            for each in found
            if not each["Key"].endswith("/")
        )
        return iter(sorted(stats, key=lambda each: each.key))

    @override
    def delete(self, key: str) -> None:
        self.client.delete_object(**self._at(key))

    @override
    def delta(self, key: str) -> tuple[str, dict[str, str]]:
        options = {"region": self.client.meta.region_name, "conditional_put": "etag"}
        if self.endpoint:
            plain = str(self.endpoint.startswith("http://")).lower()
            options |= {"endpoint_url": self.endpoint, "allow_http": plain, "virtual_hosted_style_request": "false"}
        if held := self.session.get_credentials():
            keys = held.get_frozen_credentials()
            options |= {"access_key_id": keys.access_key, "secret_access_key": keys.secret_key}
            options |= {"session_token": keys.token} if keys.token else {}
        return f"s3://{self.bucket}/{self.base}{check_key(key)}", options

    @override
    def nearby(self, key: str) -> str:
        return str(self._copies.path(key))

    @override
    def bring(self, files: Iterable[str]) -> None:
        self._copies.bring(files, self._download)
        self._copies.tidy(lambda folder: {stat.key for stat in self.list(folder)})

    @override
    def lacks(self, files: Iterable[str]) -> bool:
        keys = {self._copies.key(file) for file in files}
        folders = {key.rpartition("/")[0] for key in keys}
        return not keys <= {stat.key for folder in folders for stat in self.list(f"{folder}/")}

    @override
    def discard(self, prefix: str) -> None:
        self._copies.discard(prefix)

    @override
    def sweep(self, older_than_s: float) -> int:
        before, swept = datetime.now(UTC) - timedelta(seconds=older_than_s), self._copies.sweep(older_than_s)
        pages = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=self.base)
        for upload in (each for page in pages for each in page.get("Uploads", ())):
            if upload["Initiated"] < before:
                self.client.abort_multipart_upload(Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
                swept += 1
        return swept

    @override
    @contextmanager
    def _blank(self) -> Iterator[BinaryIO]:
        with tempfile.SpooledTemporaryFile(PART) as file:  # what is larger goes to TMPDIR
            yield cast(BinaryIO, file)

    @override
    def _place(self, draft: Draft, key: str, *, if_absent: bool, if_match: str | None) -> Stat:
        condition = ({"IfNoneMatch": "*"} if if_absent else {}) | ({} if if_match is None else {"IfMatch": if_match})
        mark = uuid.uuid4().hex
        metadata = {"sha256": draft.sha256, "put": mark}
        if draft.origin and (draft.origin.endpoint, draft.origin.bucket) != (self.endpoint, self.bucket):
            draft = replace(draft, origin=None)
        send = self._send_parts if draft.size > (COPIED if draft.origin else PART) else self._send_whole
        try:
            etag = send(draft, self._at(key), metadata, condition)
        except ClientError as error:
            # When an answer got lost, boto3 asked again and was refused because of what it had itself put: the mark
            # tells. (A finished multipart upload is then unknown, hence not only REFUSED.)
            there = self._head(key)
            if there and there["Metadata"].get("put") == mark:
                return Stat(key, draft.size, there["ETag"], draft.sha256)
            if condition and error.response["Error"]["Code"] in REFUSED:
                raise Conflict(key) from error
            raise
        return Stat(key, draft.size, etag, draft.sha256)

    def _send_whole(self, draft: Draft, at: dict[str, str], metadata: dict[str, str], condition: dict[str, str]) -> str:
        draft.file.seek(0)
        checksum = base64.b64encode(bytes.fromhex(draft.sha256)).decode()
        done = self.client.put_object(
            **at, Body=draft.file.read(), Metadata=metadata, ChecksumSHA256=checksum, **condition
        )
        return done["ETag"]

    def _send_parts(self, draft: Draft, at: dict[str, str], metadata: dict[str, str], condition: dict[str, str]) -> str:
        # By hand, since boto3's own upload does not give back the ETag, which the next `if_match` needs.
        begun = self.client.create_multipart_upload(**at, Metadata=metadata, ChecksumAlgorithm="SHA256")
        upload = at | {"UploadId": begun["UploadId"]}
        size = max(PART, -(-draft.size // 10_000))

        def part(number: int) -> dict[str, Any]:
            start = (number - 1) * size
            body = os.pread(draft.file.fileno(), size, start)
            checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
            place = upload | {"PartNumber": number}
            span = f"bytes={start}-{start + len(body) - 1}" if draft.size > size else None
            etag = draft.origin and self._copy_part(draft.origin, span, place, checksum)
            if not etag:
                etag = self.client.upload_part(**place, Body=body, ChecksumSHA256=checksum)["ETag"]
            return {"PartNumber": number, "ETag": etag, "ChecksumSHA256": checksum}

        with ExitStack() as undo:
            undo.callback(self.client.abort_multipart_upload, **upload)
            with ThreadPoolExecutor(THREADS) as pool:
                parts = list(pool.map(part, range(1, -(-draft.size // size) + 1)))
            done = self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **condition)
            undo.pop_all()
        return done["ETag"]

    def _copy_part(self, origin: Origin, span: str | None, place: Mapping[str, Any], checksum: str) -> str | None:
        """Have the server make a part out of what it holds: its ETag, or None where the bytes must be sent.

        The server's SHA-256 of what it copied decides. An origin that was exchanged or never was the same is found out
        before anything can be seen, and the part is sent in its stead. `span`: which bytes; None for all (Amazon takes
        none of a file below 5 MB).
        """
        source = {"CopySource": {"Bucket": origin.bucket, "Key": origin.key}, "CopySourceIfMatch": origin.etag}
        try:
            done = self.client.upload_part_copy(**place, **source, **({"CopySourceRange": span} if span else {}))
        except ClientError:
            return None  # changed or gone, closed to us, or a server that cannot: sending says what else is wrong
        made = done["CopyPartResult"]
        return made["ETag"] if made.get("ChecksumSHA256") == checksum else None

    def _download(self, key: str, file: BinaryIO) -> None:
        with _missing(key):
            self.client.download_fileobj(**self._at(key), Fileobj=file, Config=TransferConfig(max_concurrency=THREADS))

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.base + check_key(key)}

    def _head(self, key: str) -> Any:
        try:
            return self.client.head_object(**self._at(key))
        except ClientError as error:
            if error.response["Error"]["Code"] not in MISSING:
                raise
            return None


def _session() -> Session:
    core = get_session()
    core.register_component("data_loader", _loader())
    return Session(botocore_session=core)


@cache
def _loader() -> Loader:
    """What describes Amazon's services: a quarter of a second to read, so once a process and not once a store."""
    return create_loader()


@contextmanager
def _missing(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING:
            raise
        raise NotFound(key) from error
