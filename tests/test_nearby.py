"""Copies on this machine of what is in a bucket: several at work on them at once, and what becomes of old ones."""

import gzip
import io
import os
import stat
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.lake import Lake
from infra.releases import Gone
from infra.settings import Settings
from infra.sql import query
from infra.sql.query import QueryError, select
from infra.storage.bucket import BucketStore
from infra.storage.nearby import TIDY_S, UNUSED_S, Copies
from infra.storage.store import CHUNK, NotFound, open_store
from infra.withdrawing.searching import search
from tests.lakes import Place, at_once, rows
from tests.servers import Bucket

KEYS = [f"tables/foto/{n}.parquet" for n in range(20)]


class Bytes:
    """Where copies come from: each key's bytes are its name; counts what is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, key: str, file: BinaryIO) -> None:
        self.asked.append(key)
        file.write(key.encode())


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    return Copies(tmp_path / "salinan")


def age(file: Path, seconds: float) -> None:
    at = time.time() - seconds
    os.utime(file, (at, at))


def held(copies: Copies) -> list[str]:
    return sorted(copies.key(path) for path in copies.folder.rglob("*") if path.is_file() and path.name != ".tidied")


# --- bringing ------------------------------------------------------------------------------------------------------


def test_what_was_asked_for_once_is_not_fetched_again(copies: Copies) -> None:
    fetch = Bytes()
    for _ in range(2):
        copies.bring([copies.path(key) for key in [*KEYS, *KEYS]], fetch)
    assert sorted(fetch.asked) == sorted(KEYS)
    assert copies.path(KEYS[3]).read_bytes() == KEYS[3].encode()
    assert stat.S_IMODE(copies.folder.stat().st_mode) == 0o700


def test_a_failed_download_leaves_no_copy_and_a_dead_one_only_a_half_that_is_swept(copies: Copies) -> None:
    def broken(key: str, file: BinaryIO) -> None:
        file.write(b"setengah")
        raise OSError("putus")

    with pytest.raises(OSError, match="putus"):
        copies.bring([copies.path(KEYS[0])], broken)
    assert held(copies) == []
    half = copies.path("tables/foto/.0123.part")  # what a killed process leaves
    half.write_bytes(b"setengah")
    copies.bring([copies.path(KEYS[0])], Bytes())
    age(half, 100)
    assert copies.sweep(50) == 1
    assert held(copies) == [KEYS[0]]


def test_what_was_just_used_is_spared(copies: Copies) -> None:
    copies.bring(map(copies.path, KEYS[:3]), Bytes())
    for key in KEYS[:3]:
        age(copies.path(key), UNUSED_S + 60)
    copies.bring([copies.path(KEYS[1])], Bytes())
    assert copies.sweep(UNUSED_S) == 2
    assert held(copies) == [KEYS[1]]


def _bring_all(place: Place, _: int) -> int:
    fetch = Bytes()
    Copies(Path(place.url)).bring((Copies(Path(place.url)).path(key) for key in KEYS), fetch)
    return len(fetch.asked)


def test_two_processes_may_bring_the_same(tmp_path: Path) -> None:
    fetched = at_once(_bring_all, Place(str(tmp_path / "salinan")))
    assert len(KEYS) <= sum(fetched) <= 2 * len(KEYS)
    copies = Copies(tmp_path / "salinan")
    assert held(copies) == sorted(KEYS)
    assert all(copies.path(key).read_bytes() == key.encode() for key in KEYS)


def test_bringing_discarding_and_sweeping_at_once_end_in_no_error(copies: Copies) -> None:
    over = threading.Event()

    def again(act: Callable[[], object]) -> Callable[[], None]:
        def work() -> None:
            while not over.is_set():
                act()

        return work

    def sweep() -> None:
        for key in KEYS:  # the halves that are being written stay young
            with suppress(FileNotFoundError):
                age(copies.path(key), 3600)
        copies.sweep(1800)

    acts = [
        lambda: copies.discard("tables/foto"),
        sweep,
        lambda: copies.bring(map(copies.path, KEYS), Bytes()),
    ]
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(again(act)) for act in [*acts, acts[2]]]
        time.sleep(1)
        over.set()
    assert [each.exception() for each in done] == [None] * 4


# --- what goes -----------------------------------------------------------------------------------------------------


def test_once_an_hour_what_nobody_uses_and_what_the_store_no_longer_has_goes(copies: Copies) -> None:
    listed: list[str] = []

    def there(folder: str) -> set[str]:
        listed.append(folder)
        return set(KEYS[:2])

    copies.bring(map(copies.path, KEYS[:4]), Bytes())
    age(copies.path(KEYS[0]), UNUSED_S + 60)
    assert copies.tidy(there) == 3
    assert (held(copies), listed) == ([KEYS[1]], ["tables/foto/"])
    copies.bring([copies.path(KEYS[5])], Bytes())
    assert copies.tidy(there) == 0  # too soon
    age(copies.folder / ".tidied", TIDY_S + 1)
    assert copies.tidy(there) == 1
    assert held(copies) == [KEYS[1]]


# --- of a bucket ---------------------------------------------------------------------------------------------------


@pytest.fixture
def store(bucket: Bucket, tmp_path: Path) -> Iterator[BucketStore]:
    made = open_store(f"s3://{bucket.name}/{uuid.uuid4().hex}", endpoint=bucket.endpoint, copies=tmp_path / "salinan")
    assert isinstance(made, BucketStore)
    yield made


def test_a_machine_that_only_asks_loses_what_another_has_erased(store: BucketStore, bucket: Bucket) -> None:
    for key in KEYS[:2]:
        store.put(key, key.encode())
    store.bring(map(store.nearby, KEYS[:2]))
    store.delete(KEYS[0])  # by another machine, whose own copies `discard` removes
    age(store._copies.folder / ".tidied", TIDY_S + 1)
    store.bring([])
    assert held(store._copies) == [KEYS[1]]


def test_a_bucket_knows_what_it_lacks(store: BucketStore) -> None:
    store.put(KEYS[0], b"ada")
    assert not store.lacks([store.nearby(KEYS[0])])
    assert store.lacks([store.nearby(KEYS[0]), store.nearby(KEYS[1])])
    with pytest.raises(NotFound):
        store.bring([store.nearby(KEYS[1])])
    assert held(store._copies) == []


def test_two_stores_in_one_home_do_not_mix(store: BucketStore, bucket: Bucket, tmp_path: Path) -> None:
    other = open_store(f"s3://{bucket.name}/{uuid.uuid4().hex}", endpoint=bucket.endpoint, copies=tmp_path / "salinan")
    for each, said in ((store, b"satu"), (other, b"dua")):
        each.put(KEYS[0], said)
        each.bring([each.nearby(KEYS[0])])
    assert Path(store.nearby(KEYS[0])).read_bytes() == b"satu"
    assert Path(other.nearby(KEYS[0])).read_bytes() == b"dua"


@pytest.fixture
def lake(store: BucketStore) -> Lake:
    lake = Lake(store)
    versions = {name: lake.commit(name, rows(name, 1, "a"), 1) for name in ("foto", "media")}
    lake.release({name: v for name, v in versions.items() if v is not None}, [1], audit={})
    return lake


def test_a_file_removed_between_looking_and_reading_is_gone_and_a_question_says_so(lake: Lake) -> None:
    snapshot = lake.snapshot("foto", 0 if lake.version("foto") == 0 else 1)
    (file,) = snapshot.files
    lake._store.delete(lake._store._copies.key(file))  # pyright: ignore
    with pytest.raises(Gone):
        lake.bring(snapshot.files)
    with pytest.raises(QueryError, match="has been removed"):
        select(lake, "SELECT * FROM foto")


def test_the_child_that_answers_may_read_the_files_of_the_views_it_uses_and_no_others(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = []
    run = query.sandbox.run
    monkeypatch.setattr(
        query.sandbox, "run", lambda target, given, *a, **k: jobs.extend(given) or run(target, given, *a, **k)
    )
    assert select(lake, "SELECT count(*) AS n FROM media").to_pylist() == [{"n": 1}]
    files = {file for view in jobs[0]["views"] for file in view["files"]}
    assert {lake._store._copies.key(file).split("/")[1] for file in files} == {"media"}  # pyright: ignore
    assert {key.split("/")[1] for key in held(lake._store._copies)} == {"media"}  # pyright: ignore


def test_the_environment_says_where_copies_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPIT_HOME", str(tmp_path))
    assert Settings.from_env().open_copies().url == (tmp_path / "copies").as_uri()
    monkeypatch.setenv("SPIT_COPIES", str(tmp_path / "lain"))
    assert Settings.from_env().copies == tmp_path / "lain"
    assert Settings.from_env().open_copies().url == (tmp_path / "lain").as_uri()


# --- looking for a text --------------------------------------------------------------------------------------------

TEXT = "Zaitun Kencanawati"


def packed(kind: str) -> bytes:
    sink = io.BytesIO()
    match kind:
        case "zip":
            with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("kosong.txt", "")
                archive.writestr("dalam.gz", gzip.compress(f"nama: {TEXT}".encode("utf-16-le")))
        case "gzip":
            sink.write(gzip.compress(b"x" * (2 * CHUNK) + TEXT.encode()))
        case _:
            pq.write_table(pa.table({"nama": ["a", TEXT]}), sink, compression="zstd")
    return sink.getvalue()


@pytest.mark.parametrize("kind", ["zip", "gzip", "parquet"])
def test_a_text_is_found_in_what_is_packed(tmp_path: Path, kind: str) -> None:
    store = open_store(str(tmp_path))
    data = packed(kind)
    store.put("raw/isi", data)
    store.put("raw/terpotong", data[:20])
    assert search(store, TEXT) == ["raw/isi"]


@pytest.mark.parametrize("at", [0, 1, CHUNK - 5, CHUNK, CHUNK + 4 - 9, 2 * CHUNK + 4 - 1, 3 * CHUNK])
def test_a_large_file_is_read_in_windows_and_a_text_across_two_of_them_is_found(tmp_path: Path, at: int) -> None:
    store = open_store(str(tmp_path))
    store.put("raw/video", b"." * at + TEXT.encode() + b"." * CHUNK)
    assert search(store, TEXT) == ["raw/video"]
    assert search(store, TEXT + "x") == []
