"""Bytes that lie in the lake's own bucket already: copied over there, and never under a hash that is not theirs."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections import Counter
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

import pytest

from infra import copying, steps
from infra.sources import Drop, drop_of
from infra.sources.s3 import S3
from infra.storage import bucket as storage
from infra.storage.bucket import BucketStore
from infra.storage.origin import Origin
from infra.storage.store import content_key
from tests.office import Installation
from tests.remote_offices import register
from tests.samples import make
from tests.servers import Bucket

KB, PART = 1 << 10, 5 << 20


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "COPIED", 100 * KB)
    monkeypatch.setattr(storage, "PART", PART)  # the least Amazon takes of any but the last


class Far:
    """An office's place in a bucket, and what was fetched from it."""

    def __init__(self, server: Bucket, folder: Path, name: str) -> None:
        self.server, self.folder, self.name = server, folder, name
        self.prefix = f"kantor-{uuid.uuid4().hex}"

    def put(self, file: str, data: bytes) -> None:
        key = f"{self.prefix}/kiriman é/{file}"
        self.server.client().put_object(Bucket=self.name, Key=key, Body=data)

    def remote(self) -> S3:
        return S3(
            url=f"s3://{self.name}/{self.prefix}",
            satker=("JATENG",),
            endpoint=self.server.endpoint,
            access_key_env="AWS_ACCESS_KEY_ID",
            secret_key_env="AWS_SECRET_ACCESS_KEY",
            patience_s=0,
        )

    def fetched(self) -> Drop:
        until = time.monotonic() + 30
        with self.remote().open(self.folder, until) as far:
            (item,) = far.list("")
            far.fetch(item, self.folder, self.remote().allowance(until))
        return drop_of(self.folder)


@pytest.fixture
def far(bucket: Bucket, tmp_path: Path) -> Far:
    return Far(bucket, tmp_path / "kiriman", bucket.name)


@pytest.fixture
def lake(bucket: Bucket) -> BucketStore:
    return BucketStore(bucket.name, f"{uuid.uuid4().hex}/lake", endpoint=bucket.endpoint)


@pytest.fixture
def asked(lake: BucketStore) -> Counter[str]:
    """How often the lake was asked for a copy of a part, and how many bytes of content it was sent."""
    counts, one_by_one = Counter[str](), Lock()

    def seen(model: Any, params: Any, **_: Any) -> None:
        with one_by_one:
            if model.name == "UploadPartCopy":
                counts["copied"] += 1
            if model.name in {"PutObject", "UploadPart"}:
                counts["sent"] += params["Body"].getbuffer().nbytes

    lake.client.meta.events.register("before-parameter-build.s3", seen)
    return counts


def land(drop: Drop, lake: BucketStore, *, fetched: bool = True) -> None:
    assert copying.copied([drop], lake, fetched=fetched) != [None]


def holds(lake: BucketStore, data: bytes) -> bool:
    """Whether these bytes are in raw, under their hash and with it, and nothing unfinished beside them."""
    sha256 = hashlib.sha256(data).hexdigest()
    there = lake.stat(content_key(sha256))
    whole = there is not None and (there.sha256, there.size) == (sha256, len(data))
    return whole and lake.get(content_key(sha256)) == data and lake.sweep(0) == 0


@pytest.mark.parametrize(("size", "parts"), [(120 * KB, 1), (PART, 1), (2 * PART + 5, 3)])
def test_what_lies_in_the_bucket_is_copied_there_and_not_sent(
    far: Far, lake: BucketStore, asked: Counter[str], size: int, parts: int
) -> None:
    data = os.urandom(size)
    far.put("video ü+%.mp4", data)
    land(far.fetched(), lake)
    assert asked == {"copied": parts}
    assert holds(lake, data)


def test_what_is_small_is_sent_in_one_request(far: Far, lake: BucketStore, asked: Counter[str]) -> None:
    data = os.urandom(100 * KB)
    far.put("foto.jpg", data)
    land(far.fetched(), lake)
    assert asked == {"sent": len(data)}
    assert holds(lake, data)


def test_another_state_of_the_object_is_never_stored_for_the_one_that_was_fetched(
    far: Far, lake: BucketStore, asked: Counter[str]
) -> None:
    data = os.urandom(2 * PART)
    far.put("video.mp4", data)
    drop = far.fetched()
    far.put("video.mp4", os.urandom(2 * PART))
    land(drop, lake)
    assert asked["sent"] == len(data)
    assert holds(lake, data)


def test_an_origin_that_holds_other_bytes_is_found_out(far: Far, lake: BucketStore, asked: Counter[str]) -> None:
    data = os.urandom(PART) + os.urandom(PART)
    far.put("a.mp4", data)
    far.put("b.mp4", data[:PART] + os.urandom(PART))  # the first part is the same
    drop = far.fetched()
    origin = Origin.noted(drop.files["b.mp4"])
    assert origin is not None
    origin.note(drop.files["a.mp4"])
    drop.files.pop("b.mp4")
    lake.put_content(drop.files["a.mp4"], origin)
    assert asked == {"copied": 2, "sent": PART}
    assert holds(lake, data)


def test_a_file_written_to_after_it_was_fetched_has_no_origin(far: Far) -> None:
    far.put("a.mp4", os.urandom(KB))
    file = far.fetched().files["a.mp4"]
    assert Origin.noted(file) is not None
    time.sleep(0.02)  # the kernel's clock for files moves every few milliseconds
    file.write_bytes(os.urandom(KB))
    assert Origin.noted(file) is None


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (404, "NoSuchKey"), (501, "NotImplemented")])
def test_a_server_that_does_not_copy_is_sent_the_bytes(
    far: Far, lake: BucketStore, asked: Counter[str], status: int, code: str
) -> None:
    data = os.urandom(2 * PART)
    far.put("video.mp4", data)
    answer = SimpleNamespace(status_code=status), {"Error": {"Code": code}, "ResponseMetadata": {}}
    lake.client.meta.events.register("before-call.s3.UploadPartCopy", lambda **_: answer)
    land(far.fetched(), lake)
    assert asked["sent"] == len(data)
    assert holds(lake, data)


def test_what_lies_in_another_bucket_is_sent(
    bucket: Bucket, tmp_path: Path, lake: BucketStore, asked: Counter[str]
) -> None:
    elsewhere = f"lain-{uuid.uuid4().hex[:12]}"
    bucket.client().create_bucket(Bucket=elsewhere)
    far, data = Far(bucket, tmp_path / "kiriman", elsewhere), os.urandom(2 * PART)
    far.put("video.mp4", data)
    land(far.fetched(), lake)
    assert asked == {"sent": len(data)}
    assert holds(lake, data)


def test_what_an_office_noted_on_its_own_file_is_not_asked_for(
    far: Far, lake: BucketStore, asked: Counter[str]
) -> None:
    data = os.urandom(PART)
    far.put("video.mp4", data)
    land(far.fetched(), lake, fetched=False)
    assert asked == {"sent": len(data)}


def test_a_submission_in_the_bucket_of_the_lake_is_landed_from_there(
    far: Far, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = {"store": f"s3://{bucket.name}/{uuid.uuid4().hex}/lake", "s3_endpoint": bucket.endpoint}
    spit = Installation.at(tmp_path / "spit", **place)
    remote, copy, made = far.remote(), BucketStore._copy_part, []

    def copied(*args: Any) -> Any:
        made.append(copy(*args))
        return made[-1]

    monkeypatch.setattr(BucketStore, "_copy_part", copied)
    data = os.urandom(PART + 5)
    for file, content in ({"lampiran.bin": data} | make.items("teks", {})).items():  # the manifest last
        far.put(file, content)
    keys = f'access_key_env = "{remote.access_key_env}"\nsecret_key_env = "{remote.secret_key_env}"'
    where = f'kind = "s3"\nurl = "{remote.url}"\nendpoint = "{remote.endpoint}"\nsatker = ["JATENG"]'
    register(spit, f"[jauh]\n{where}\n{keys}\n")
    assert steps.land(spit.settings)["landed"] == 1
    assert len(made) == 2 and all(made)
    assert spit.settings.open_store().get(content_key(hashlib.sha256(data).hexdigest())) == data
