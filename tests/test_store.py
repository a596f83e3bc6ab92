"""One suite for every store: a folder, and a bucket of a real S3 server."""

import base64
import fcntl
import hashlib
import io
import multiprocessing
import os
import random
import resource
import subprocess
import sys
import tracemalloc
import uuid
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from infra.storage.bucket import BucketStore
from infra.storage.store import Conflict, NotFound, Stat, Store, content_key, open_store
from tests.servers import Bucket, losing_one_answer

MB = 1 << 20
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Place:
    """Where a store is: what another process needs to open the same one."""

    url: str
    endpoint: str | None

    def open(self) -> Store:
        return open_store(self.url, endpoint=self.endpoint)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return Place((tmp_path / "lake").as_uri(), None)
    server: Bucket = request.getfixturevalue("bucket")
    return Place(f"s3://{server.name}/{uuid.uuid4().hex}/lake", server.endpoint)


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


class Stream(io.RawIOBase):
    """So many bytes that never exist all at once and do not repeat."""

    def __init__(self, size: int) -> None:
        self.left, self.random = size, random.Random(size)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        count = min(len(buffer), self.left)
        buffer[:count] = self.random.randbytes(count)
        self.left -= count
        return count


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def keys(store: Store, prefix: str = "") -> list[str]:
    return [each.key for each in store.list(prefix)]


def at_once(place: Place, work: Callable[[Place, int], list[str]]) -> list[list[str]]:
    """What two processes return that begin `work` at the same moment."""
    context = multiprocessing.get_context("forkserver")  # clean processes, but what they import is imported once
    context.set_forkserver_preload(["tests.test_store", "infra.storage.bucket", "deltalake", "pyarrow"])
    with ProcessPoolExecutor(2, context, initializer=_meet, initargs=(context.Barrier(2), dict(os.environ))) as pool:
        return list(pool.map(_work, [(work, place, number) for number in range(2)]))


def _meet(barrier, environment: dict[str, str]) -> None:
    globals()["barrier"] = barrier
    os.environ.update(environment)  # the server they are forked from may be older than the keys to the bucket


def _work(job: tuple[Callable[[Place, int], list[str]], Place, int]) -> list[str]:
    work, place, number = job
    globals()["barrier"].wait(30)
    return work(place, number)


# --- what every store does -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 5, 9 * MB])
def test_what_was_put_comes_back_from_any_kind_of_source(store: Store, tmp_path: Path, size: int) -> None:
    data = random.Random(size).randbytes(size)
    file = tmp_path / "naskah.txt"
    file.write_bytes(data)
    for name, source in (("bytes", data), ("path", file), ("stream", io.BytesIO(data))):
        key = f"ujian/{name} é ñ+%/berkas.txt"
        put = store.put(key, source)
        assert put == Stat(key, size, put.etag, sha256(data))
        assert store.stat(key) == put
        assert store.get(key) == data
        with store.open(key) as stream:
            assert stream.read(3) + stream.read() == data
        with store.local(key) as path:
            assert path.read_bytes() == data
            assert path.suffix == ".txt"


def test_a_stream_can_be_read_by_lines(store: Store) -> None:
    store.put("a.csv", b"satu\ndua\ntiga")
    stream = store.open("a.csv")
    assert list(stream) == [b"satu\n", b"dua\n", b"tiga"]
    stream.close()


def test_a_put_replaces_and_its_etag_changes(store: Store) -> None:
    first, second = store.put("a", b"satu"), store.put("a", b"dua!")
    assert store.get("a") == b"dua!"
    assert first.etag != second.etag
    assert [each.etag for each in store.list()] == [second.etag]


def test_what_is_absent_is_said_to_be(store: Store) -> None:
    assert store.stat("tidak/ada") is None
    for look in (store.get, store.open, lambda key: store.local(key).__enter__()):
        with pytest.raises(NotFound):
            look("tidak/ada")
    assert list(store.list()) == []
    store.delete("tidak/ada")
    store.put("map/berkas", b"x")
    assert store.stat("map") is None
    with pytest.raises(NotFound):
        store.get("map")
    store.delete("map")
    assert keys(store) == ["map/berkas"]


def test_a_deleted_key_is_gone_and_free_again(store: Store) -> None:
    store.put("a", b"1", if_absent=True)
    store.delete("a")
    assert store.stat("a") is None
    assert keys(store) == []
    store.put("a", b"2", if_absent=True)


def test_conditions_hold_for_small_and_large(store: Store) -> None:
    for size in (1, 9 * MB):
        key, data = f"k{size}", bytes(size)
        with pytest.raises(Conflict):
            store.put(key, data, if_match='"0"')
        first = store.put(key, data, if_absent=True)
        with pytest.raises(Conflict):
            store.put(key, b"lain" * size, if_absent=True)
        second = store.put(key, b"baru" * size, if_match=first.etag)
        with pytest.raises(Conflict):
            store.put(key, data, if_match=first.etag)
        assert store.stat(key) == second
    assert store.sweep(0) == 0


def test_lists_are_sorted_by_key_and_cut_by_prefix(store: Store) -> None:
    names = ["a-b/1", "a.b", "a/b/1", "a/b/2", "a/c", "a/é", "ab", "b/a", "é"]
    for name in random.Random(1).sample(names, len(names)):
        store.put(name, name.encode())
    assert keys(store) == sorted(names)
    for prefix in ("a", "a/", "a/b", "a/b/", "a/b/2", "b/", "é", "tidak", "a/x/", "a/b/1/"):
        assert keys(store, prefix) == sorted(name for name in names if name.startswith(prefix))
    assert [each.size for each in store.list("a/b/")] == [5, 5]


def test_bad_keys_and_prefixes_are_refused_everywhere(store: Store) -> None:
    bad = ["", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", ".", "./a", "a/./b", "a\\b", "a\0b", "a" * 1025]
    for key in [*bad, "\udc80", ".draft/a"]:
        for use in (store.stat, store.get, store.open, store.delete, store.delta):
            with pytest.raises(ValueError):
                use(key)
        with pytest.raises(ValueError):
            store.put(key, b"x")
        with pytest.raises(ValueError), store.local(key):
            pass
    for prefix in ("/", "../", "a//", "a/../", "a\\"):
        with pytest.raises(ValueError):
            store.list(prefix)
    assert keys(store) == []


def test_content_is_kept_once_under_its_hash(store: Store, tmp_path: Path) -> None:
    data = random.Random(2).randbytes(9 * MB)
    file = tmp_path / "foto.jpg"
    file.write_bytes(data)
    first = store.put_content(file)
    assert first.key == content_key(sha256(data)) == f"raw/sha256/{sha256(data)[:2]}/{sha256(data)}"
    assert store.put_content(io.BytesIO(data)) == first
    assert keys(store) == [first.key]
    assert store.get(first.key) == data
    assert store.sweep(0) == 0


def test_damaged_content_is_not_taken_for_good(store: Store) -> None:
    store.put(content_key(sha256(b"utuh")), b"utu")
    with pytest.raises(OSError, match="not those"):
        store.put_content(b"utuh")


def test_memory_stays_flat_over_a_large_file(store: Store) -> None:
    store.put("panas", b"x")  # what boto3 loads once is not the question
    tracemalloc.start()
    try:
        put = store.put("besar", Stream(64 * MB))  # pyright: ignore[reportArgumentType]
        digest = hashlib.sha256()
        with store.open("besar") as stream:
            while chunk := stream.read(MB):
                digest.update(chunk)
        with store.local("besar") as path:
            assert path.stat().st_size == put.size == 64 * MB
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert digest.hexdigest() == put.sha256
    assert peak < 48 * MB, f"{peak / MB:.0f} MB"


# --- several at once -----------------------------------------------------------------------------------------------


def _claim(place: Place, number: int) -> list[str]:
    store, won = place.open(), []
    for turn in range(40):
        try:
            won.append(store.put(f"rebut/{turn:02}", b"%d" % number, if_absent=True).key)
        except Conflict:
            assert store.get(f"rebut/{turn:02}") == b"%d" % (1 - number)
    return won


def test_of_two_that_claim_a_key_exactly_one_wins(place: Place) -> None:
    won = at_once(place, _claim)
    assert sorted(won[0] + won[1]) == [f"rebut/{turn:02}" for turn in range(40)]
    store = place.open()
    for number in range(2):
        assert {store.get(key) for key in won[number]} <= {b"%d" % number}


def _count(place: Place, number: int) -> list[str]:
    store, seen = place.open(), []
    while len(seen) < 20:
        there = store.stat("hitung")
        value = int(store.get("hitung"))
        try:
            seen.append(store.put("hitung", b"%08d" % (value + 1), if_match=there.etag).etag)  # pyright: ignore
        except Conflict:
            continue
    return seen


def test_no_compare_and_swap_is_lost(place: Place) -> None:
    place.open().put("hitung", b"%08d" % 0)
    seen = at_once(place, _count)
    assert int(place.open().get("hitung")) == 40
    assert len({*seen[0], *seen[1]}) == 40


def _append(place: Place, number: int) -> list[str]:
    import pyarrow as pa
    from deltalake import write_deltalake

    uri, options = place.open().delta("tables/uji")
    for turn in range(8):
        write_deltalake(uri, pa.table({"siapa": [number], "ke": [turn]}), mode="append", storage_options=options)
    return []


def test_two_writers_of_a_delta_table_lose_nothing(place: Place) -> None:
    import pyarrow as pa
    from deltalake import DeltaTable, write_deltalake

    uri, options = place.open().delta("tables/uji")
    schema = pa.schema([("siapa", pa.int64()), ("ke", pa.int64())])
    write_deltalake(uri, schema.empty_table(), storage_options=options)
    at_once(place, _append)
    table = DeltaTable(uri, storage_options=options)
    rows = table.to_pyarrow_table().to_pylist()
    assert table.version() == 16
    assert sorted((row["siapa"], row["ke"]) for row in rows) == [(who, turn) for who in range(2) for turn in range(8)]
    assert "tables/uji/_delta_log/00000000000000000016.json" in keys(place.open(), "tables/uji/")


# --- faults --------------------------------------------------------------------------------------------------------

DYING = """
import sys, time
from infra.storage.bucket import BucketStore
from infra.storage.store import open_store
from tests.test_store import MB, Stream

store, when = open_store(sys.argv[1], endpoint=sys.argv[2] or None), sys.argv[3]

class Hanging(Stream):
    def readinto(self, buffer):
        if when == "receive" and self.left < 10 * MB:
            hang()
        return super().readinto(buffer)

def hang(params=None, **_):
    if params is None or "partNumber=2" in params["url"]:
        print("tengah", flush=True)
        time.sleep(60)

if when == "send":
    store.client.meta.events.register("before-call.s3.UploadPart", hang)
store.put("mati", Hanging(20 * MB))
"""


def kill_half_way(place: Place, when: str) -> None:
    command = [sys.executable, "-c", DYING, place.url, place.endpoint or "", when]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"tengah\n"
        finally:
            child.kill()


def test_a_put_killed_while_it_receives_leaves_nothing_to_see(place: Place) -> None:
    kill_half_way(place, "receive")
    store = place.open()
    assert keys(store) == []
    assert store.stat("mati") is None
    assert store.sweep(3600) == 0  # it could still be at work
    assert store.sweep(0) == (1 if place.endpoint is None else 0)  # a bucket's draft is no file of the store
    assert store.sweep(0) == 0
    store.put("mati", b"hidup", if_absent=True)


def test_a_put_killed_while_it_sends_leaves_nothing_to_see(bucket: Bucket) -> None:
    place = Place(f"s3://{bucket.name}/{uuid.uuid4().hex}", bucket.endpoint)
    kill_half_way(place, "send")
    store = place.open()
    assert keys(store) == []
    assert store.stat("mati") is None
    assert store.sweep(3600) == 0
    assert store.sweep(0) == 1
    assert store.sweep(0) == 0
    store.put("mati", b"hidup", if_absent=True)


def test_a_full_disk_leaves_nothing_behind(place: Place, tmp_path: Path) -> None:
    # A limit on the size of a file stops a write half way as a full disk does, and needs no disk to fill.
    store, (soft, hard) = place.open(), resource.getrlimit(resource.RLIMIT_FSIZE)
    store.put("penuh", b"lama")
    resource.setrlimit(resource.RLIMIT_FSIZE, (12 * MB + 5, hard))
    try:
        for put in (lambda data: store.put("penuh", data), store.put_content):
            with pytest.raises(OSError, match="File too large"):
                put(Stream(20 * MB))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert store.get("penuh") == b"lama"
    assert keys(store) == ["penuh"]
    assert store.sweep(0) == 0


def test_a_source_that_fails_half_way_leaves_nothing_behind(store: Store) -> None:
    class Failing(Stream):
        def readinto(self, buffer) -> int:
            if self.left < MB:
                raise ConnectionResetError
            return super().readinto(buffer)

    with pytest.raises(ConnectionResetError):
        store.put("putus", Failing(10 * MB))  # pyright: ignore[reportArgumentType]
    assert keys(store) == []
    assert store.sweep(0) == 0


# --- what only one of them has -------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["http://a/b", "s3://", "s3:///a", "file://host/a", "ftp://x"])
def test_what_is_no_store_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        open_store(url)


def test_a_folder_is_named_by_path_or_url(tmp_path: Path) -> None:
    folder = tmp_path / "danau é 100%"
    open_store(str(folder)).put("a", b"x")
    assert open_store(folder.as_uri()).get("a") == b"x"
    assert open_store(str(folder)).url == folder.as_uri()
    assert (folder / "a").read_bytes() == b"x"


def test_a_folder_does_not_follow_links_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "rahasia").mkdir()
    (tmp_path / "rahasia" / "sandi").write_text("jangan")
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "map").symlink_to(tmp_path / "rahasia")
    (tmp_path / "lake" / "berkas").symlink_to(tmp_path / "rahasia" / "sandi")
    store = open_store(str(tmp_path / "lake"))
    for key in ("map/sandi", "berkas"):
        for use in (store.get, store.stat, store.delete, lambda key: store.put(key, b"x")):
            with pytest.raises(ValueError, match="symbolic link"):
                use(key)
    assert keys(store) == []


def test_a_folder_never_gives_the_same_etag_twice(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    etags = [store.put("hitung", b"%02d" % turn).etag for turn in range(50)]
    assert len(set(etags)) == 50


def test_a_folder_compares_only_when_nobody_else_is_changing_it(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    first = store.put("penunjuk", b"1")
    other = os.open(tmp_path, os.O_RDONLY)  # another process that is about to move the pointer
    fcntl.flock(other, fcntl.LOCK_EX)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(store.put, "penunjuk", b"3", if_match=first.etag)
        with pytest.raises(TimeoutError):
            late.result(0.3)
        (tmp_path / "baru").write_bytes(b"2")
        (tmp_path / "baru").replace(tmp_path / "penunjuk")
        os.close(other)
        with pytest.raises(Conflict):
            late.result(10)
    assert store.get("penunjuk") == b"2"


def test_a_folder_lists_what_others_put_there_and_knows_no_hash_of_it(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    os.mkfifo(tmp_path / "pipa")
    (tmp_path / "a\\b").write_text("x")
    (tmp_path / "luar").write_text("x")
    assert keys(store) == ["a\\b", "luar"]
    assert store.stat("luar") == next(store.list("luar"))
    with pytest.raises(NotFound):
        store.get("pipa")
    store.put("dalam", b"satu")
    (tmp_path / "dalam").write_text("diubah")
    changed = store.stat("dalam")
    assert changed is not None
    assert changed.sha256 is None


def test_a_bucket_keeps_sha256_of_every_part(bucket: Bucket) -> None:
    store = open_store(f"s3://{bucket.name}/{uuid.uuid4().hex}", endpoint=bucket.endpoint)
    data = random.Random(3).randbytes(20 * MB)
    put = store.put("besar", data)
    at = {"Bucket": bucket.name, "Key": f"{store.url.split('/')[-1]}/besar"}
    head = bucket.client().head_object(**at, ChecksumMode="ENABLED")
    parts = [hashlib.sha256(data[start : start + 8 * MB]).digest() for start in range(0, len(data), 8 * MB)]
    whole = hashlib.sha256(b"".join(parts))
    assert head["ChecksumSHA256"].rstrip("=").endswith("-3")
    assert head["ChecksumSHA256"].split("-")[0] == base64.b64encode(whole.digest()).decode()
    assert head["Metadata"]["sha256"] == put.sha256 == sha256(data)
    assert head["ETag"] == put.etag


def test_a_bucket_lists_more_than_a_page(bucket: Bucket) -> None:
    store = BucketStore(bucket.name, uuid.uuid4().hex, endpoint=bucket.endpoint)
    store.client.meta.events.register(
        "before-parameter-build.s3.ListObjectsV2", lambda params, **_: params.update(MaxKeys=3)
    )
    names = [f"n/{number:02}" for number in range(10)]
    for name in names:
        store.put(name, b"")
    assert keys(store, "n/") == names


@pytest.mark.parametrize("size", [5, 9 * MB])
def test_a_bucket_whose_answer_got_lost_is_not_a_conflict(bucket: Bucket, size: int) -> None:
    url = f"s3://{bucket.name}/{uuid.uuid4().hex}"
    data = bytes(size)
    with losing_one_answer(bucket.endpoint) as wire:
        put = open_store(url, endpoint=wire).put("penunjuk", data, if_absent=True)
    assert open_store(url, endpoint=bucket.endpoint).stat("penunjuk") == put


def test_a_bucket_that_is_not_there_is_an_error_of_ours(bucket: Bucket) -> None:
    store = open_store("s3://tidak-ada/x", endpoint=bucket.endpoint)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        store.get("a")
