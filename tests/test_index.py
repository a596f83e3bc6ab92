"""Pages out of an index: the same to the byte as out of Parquet, never of what is no longer published."""

from __future__ import annotations

import json
import random
import sqlite3
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from infra.serving import index, indexing
from infra.serving import shelf as serving_shelf
from infra.serving.app import application
from infra.serving.callers import Callers
from infra.serving.index import Indexes, statement
from infra.serving.selection import select
from infra.serving.shelf import Shelf
from infra.storage.store import Store, open_store
from tests.commands import satu
from tests.servers import Bucket

FIELDS: list[dict[str, Any]] = [
    {"name": "kode", "type": "string", "klasifikasi": "satker"},
    {"name": "nomor", "type": "integer"},
    {"name": "judul", "type": "string"},
    {"name": "topik", "type": "string", "categories": ["A", "B"]},
    {"name": "seri", "type": "string", "constraints": {"pattern": ".*"}},
    {"name": "hari", "type": "date"},
    {"name": "pada", "type": "datetime"},
    {"name": "ukuran", "type": "number"},
    {"name": "besar", "type": "integer"},
]
ARROW = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", "UTC"),
}
SCHEMA = pa.schema([(each["name"], ARROW[each["type"]]) for each in FIELDS])
TEXTS = [
    "",
    "a",
    "Z",
    "é",
    "\u00e9\u0301",
    "kota \U0001f600",
    '"',
    "\\",
    "\x1b\t\n\x7f",
    "\0",
    "a\0b",
    "\u2028",
    "0",
    "1.0",
]
NUMBERS = [0.0, -0.0, 0.1, 1e15, 1e16, 1e17, 1e-7, 5e-324, float("nan"), float("inf"), -1.5, 123456789.123]
WHOLE = [0, -1, 2**63 - 1, -(2**63), 10**17, 7]
DAYS = [date(1, 1, 1), date(45, 3, 1), date(1970, 1, 1), date(2026, 2, 28), date(9999, 12, 31)]
EDGES = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
    datetime(1969, 12, 31, tzinfo=UTC),
]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
INSTANTS = [*EDGES, NOON, NOON + timedelta(microseconds=500), NOON + timedelta(seconds=1)]
ODD = [" 7", "7.0", "+7", "1e3", "", "kemarin", "2026-02-30", "20260228", "2026-2-28", "2026-11-20T12:00:00Z"]
ODD += ["2026-11-20T12:00:00.0005Z", "2026-11-20 19:00:00+07", "2026-11-20", "9" * 19, "-0", "007", "a\0b", "A"]


def made(count: int) -> pa.Table:
    dice = random.Random(3)

    def some(values: list[Any]) -> list[Any]:
        return [dice.choice([*values, None]) for _ in range(count)]

    columns = {
        "kode": [f"S{at * 4 // count}" for at in range(count)],
        "nomor": list(range(-5, count - 5)),
        "judul": some(TEXTS),
        "topik": some(["A", "B"]),
        "seri": some(["x", "y/1", "\u00e9"]),
        "hari": some(DAYS),
        "pada": some(INSTANTS),
        "ukuran": some(NUMBERS),
        "besar": some(WHOLE),
    }
    return pa.table(columns, schema=SCHEMA)


def publish(store: Store, edition: str, rows: pa.Table, name: str = "uji") -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink)
    path = f"{name}/{edition}/{name}.parquet"
    store.put(f"published/{path}", sink.getvalue().to_pybytes())
    schema = {"fields": FIELDS, "primaryKey": ["kode", "nomor"]}
    kind = "application/vnd.apache.parquet"
    resource = {"name": f"{name}-parquet", "title": name, "format": "parquet", "mediatype": kind, "path": path}
    package = {"version": edition, "created": NOON.isoformat(), "resources": [{**resource, "schema": schema}]}
    store.put("published/datapackage.json", json.dumps(package).encode())


def wait_for(folder: Path, names: set[str]) -> None:
    until = time.monotonic() + 60
    while {path.name for path in folder.glob("*.db")} != names or [*folder.glob("*.draft")]:
        assert time.monotonic() < until, [*folder.iterdir()]
        time.sleep(0.05)


@dataclass(frozen=True)
class Both:
    """Two servers over one store: one with an index, one without."""

    store: Store
    folder: Path
    with_index: TestClient
    without: TestClient

    def same(self, query: str) -> httpx.Response:
        """What both answer, which has to be the same."""
        one, other = (each.get(f"/api/1/dataset/uji/baris?{query}") for each in (self.with_index, self.without))
        marks = [{k: v for k, v in each.headers.items() if not k.startswith("ratelimit")} for each in (one, other)]
        assert (one.status_code, one.content, marks[0]) == (other.status_code, other.content, marks[1]), query
        return one


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    """A few rows are many, what is new is seen at once, and nobody asks too often."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "MANY", 1)
        patch.setattr(serving_shelf, "FRESH_S", 0.0)
        patch.setattr("infra.serving.callers.ANYBODY_PER_MINUTE", 1_000_000)
        yield


@contextmanager
def served(home: Path) -> Iterator[Both]:
    store, folder = open_store(str(home / "lake")), home / "indeks"
    publish(store, "1", made(2_000))
    clients = [TestClient(application(store, Callers(None), None, where)) for where in (folder, None)]
    with clients[0], clients[1]:
        clients[0].get("/api/1")
        wait_for(folder, {"uji-1.1.db"})
        yield Both(store, folder, *clients)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with served(tmp_path_factory.mktemp("api")) as these:
        yield these


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[Both]:
    with served(tmp_path) as these:
        yield these


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the index had the page, for each one that was asked of it."""
    said: list[bool] = []
    asked = Indexes.page

    def page(self: Indexes, selection: Any) -> Any:
        found = asked(self, selection)
        said.append(found is not None)
        return found

    monkeypatch.setattr(Indexes, "page", page)
    return said


def mark(*last: object) -> str:
    return urlsafe_b64encode(json.dumps([str(value) for value in last]).encode()).decode().rstrip("=")


def test_every_page_is_the_same_to_the_byte(both: Both, answered: list[bool]) -> None:
    path, seen = "batas=300", 0
    while path:
        page = both.same(path).json()
        seen += len(page["baris"])
        path = (page["lanjut"] or "").partition("?")[2]
    assert seen == 2_000
    assert answered == [True] * 7


@pytest.mark.parametrize(
    ("query", "by_index"),
    [
        ("kode=S2&nomor.min=1200", True),
        ("kode.min=S1&kode.maks=S2&nomor=1100", True),
        ("kode=S0&kode=S3", True),
        (f"setelah={mark('S1', 700)}&hari=2026-02-28", True),
        (f"setelah={mark('S1', 'x')}", False),
        (f"setelah={mark('S9', 0)}", True),
        ("hari=2026-02-28&topik=A", True),
        ("hari.min=1970-01-01&topik=B&seri.kosong=ya", True),
        ("pada=2026-11-20T12:00:00Z", True),
        ("pada.min=2026-11-20T12:00:01Z&pada.maks=2026-11-20T12:00:01Z", True),
        ("pada.min=2026-11-20T19:00:00%2B07:00", False),
        ("besar=9223372036854775807", False),
        ("besar.maks=-1", True),
        ("ukuran.kosong=ya", False),
        ("ukuran.min=0.1", False),
        ("judul.memuat=KOTA", False),
        ("judul=%C3%A9&pilih=judul,hari,judul", True),
        ("judul=a%00b", False),
        ("hari=2026-02-30", False),
    ],
)
def test_conditions_mean_the_same(both: Both, answered: list[bool], query: str, by_index: bool) -> None:
    both.same(query)
    assert answered == [by_index]


def asked_at_random(dice: random.Random) -> str:
    rows = {"nomor": [*WHOLE, 3, 500], "besar": WHOLE, "judul": TEXTS, "topik": ["A", "B"]}
    rows |= {"seri": ["x", "y/1"], "hari": DAYS, "kode": ["S0", "S1", "S2", "S4"], "ukuran": NUMBERS}
    rows["pada"] = [f"{each:%Y-%m-%dT%H:%M:%S}Z".rjust(20, "0") for each in INSTANTS]
    said: list[tuple[str, object]] = []
    for name in dice.sample(sorted(rows), dice.randint(0, 3)):
        how = dice.choice(["", "", ".min", ".maks", ".kosong", ".memuat"])
        for _ in range(dice.choice([1, 1, 1, 2])):
            odd = dice.random() < 0.15
            value = dice.choice(["ya", "tidak"]) if how == ".kosong" else dice.choice(ODD if odd else rows[name])
            said.append((f"{name}{how}", value))
    if dice.random() < 0.5:
        said.append(("setelah", mark(dice.choice(["S0", "S2", "S20"]), dice.choice([-5, 0, 990, 1500, "x"]))))
    if dice.random() < 0.3:
        said.append(("pilih", ",".join(dice.sample(SCHEMA.names, 3))))
    return urlencode(
        [*said, ("batas", dice.choice([1, 3, 50])), ("format", dice.choice(["json"] * 8 + ["csv", "parquet"]))]
    )


def test_whatever_is_asked_the_answer_is_that_of_parquet(both: Both, answered: list[bool]) -> None:
    dice = random.Random(11)
    statuses = [both.same(asked_at_random(dice)).status_code for _ in range(150)]
    assert {200, 400} == set(statuses)
    assert 40 < answered.count(True) < len(answered)


def test_no_page_is_sorted(both: Both) -> None:
    table = (Shelf(both.store).now() or pytest.fail("nothing published")).tables["uji"]
    after = ("setelah", mark("S1", 700))
    with sqlite3.connect(both.folder / "uji-1.1.db") as file:
        for query in (
            [("hari", "2026-02-28"), after],
            [("topik", "A"), ("hari.min", "2000-01-01"), after],
            [("kode", "S1"), ("nomor.min", "5")],
            [("kode", "S1"), ("kode", "S0"), after],
            [("seri", "x"), ("seri", "y/1")],
            [("nomor", "5")],
        ):
            sql, values = statement(select(table, query)) or pytest.fail("the index takes this")
            way = " ".join(line[3] for line in file.execute(f"EXPLAIN QUERY PLAN {sql}", values))
            assert "B-TREE" not in way, (query, way)


def test_what_would_take_too_long_is_asked_of_parquet(
    both: Both, answered: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "STEPS", 0)  # so it is cut off where they are counted first
    assert both.same("besar=3&batas=1").json()["baris"] == []
    assert both.same("nomor.min=900&batas=1").status_code == 200  # and the connection is as good as before
    assert answered == [False, True]


def test_what_is_withdrawn_is_gone_with_its_edition(changing: Both, answered: list[bool]) -> None:
    query = "kode=S1&nomor=700"
    assert len(changing.same(query).json()["baris"]) == 1
    whole = made(2_000)
    publish(changing.store, "2", pa.concat_tables([whole.slice(0, 705), whole.slice(706)]))
    assert changing.same(query).json()["baris"] == []  # at once, by whichever way
    wait_for(changing.folder, {"uji-2.1.db"})
    assert changing.same(query).json()["baris"] == []
    assert answered[0] and answered[-1]
    changing.store.put("published/datapackage.json", b'{"version": "3", "created": "2026-11-29", "resources": []}')
    assert changing.same(query).status_code == 404
    wait_for(changing.folder, set())


def test_also_when_nobody_asks_what_is_withdrawn_leaves_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.serving.app.LOOK_S", 0.05)
    with served(tmp_path) as quiet:
        publish(quiet.store, "2", made(10))
        wait_for(quiet.folder, {"uji-2.1.db"})


def test_until_it_is_made_parquet_answers(both: Both, answered: list[bool]) -> None:
    with TestClient(application(both.store, Callers(None), None, both.folder / "lain")) as early:
        assert early.get("/api/1/dataset/uji/baris?batas=3").json() == both.same("batas=3").json()
    assert answered[0] is False


def test_half_an_index_is_none(changing: Both) -> None:
    (changing.folder / "uji-1.1.db").rename(changing.folder / "uji-1.1.draft")
    assert len(changing.same("batas=3").json()["baris"]) == 3
    with TestClient(application(changing.store, Callers(None), None, changing.folder)) as again:
        again.get("/api/1")
        wait_for(changing.folder, {"uji-1.1.db"})


def test_whoever_searches_for_what_was_withdrawn_finds_it_in_an_index_too(both: Both) -> None:
    found = satu(both.folder.parent, "withdraw", "--search", "kota \U0001f600")
    assert [each.rpartition("/")[2] for each in found] == ["uji.parquet", "uji-1.1.db"]


def test_an_index_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.concat_tables([made(3), made(3)]), tmp_path / "dua.parquet")
    job = indexing.Job(
        "x", str(tmp_path / "dua.parquet"), dict.fromkeys(SCHEMA.names, "VARCHAR"), ["kode", "nomor"], []
    )
    with pytest.raises(sqlite3.IntegrityError):
        indexing.lay(job, tmp_path / "dua.db")
    monkeypatch.setattr(indexing, "SPARE", 1.0)
    with pytest.raises(OSError, match="last of the disk"):
        indexing.lay(job, tmp_path / "dua.db")
    assert [path.name for path in tmp_path.iterdir()] == ["dua.parquet"]


def test_where_no_index_can_be_kept_everything_is_answered_all_the_same(both: Both, tmp_path: Path) -> None:
    (tmp_path / "berkas").touch()
    with TestClient(application(both.store, Callers(None), None, tmp_path / "berkas" / "indeks")) as without:
        assert [without.get("/api/1/dataset/uji/baris?batas=3").status_code for _ in range(2)] == [200, 200]


def test_small_editions_have_no_index(both: Both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MANY", 2_001)
    with TestClient(application(both.store, Callers(None), None, tmp_path / "kosong")) as small:
        assert small.get("/api/1/dataset/uji/baris").status_code == 200
    assert not (tmp_path / "kosong").exists()


def test_an_index_is_made_of_what_lies_in_a_bucket(bucket: Bucket, tmp_path: Path) -> None:
    store = open_store(f"s3://{bucket.name}/{uuid.uuid4().hex}", endpoint=bucket.endpoint)
    publish(store, "1", made(500))
    shelf, indexes = Shelf(store), Indexes(tmp_path / "indeks")
    publication = shelf.now()
    assert publication is not None
    indexes.follow(publication)
    wait_for(tmp_path / "indeks", {"uji-1.1.db"})
    rows = indexes.page(select(publication.tables["uji"], [("nomor", "7")]))
    assert rows is not None and [row["nomor"] for row in rows] == [7]
    indexes.close()
