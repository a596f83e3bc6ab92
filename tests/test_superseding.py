"""Which rows were replaced is told by judging, and found once in a lake from before it was told."""

from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, Field
from deltalake.schema import PrimitiveType

from infra import layout, steps, superseding
from infra.lake import Lake
from infra.releases import Release
from infra.sql.query import connect
from infra.sql.views import views
from infra.storage.store import open_store
from tests import lakes
from tests.office import Installation
from tests.samples import make


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "spit")


def corrected(spit: Installation) -> None:
    """Two photos, then one of them with another title."""
    both = [{"nomor": "F/1"}, {"nomor": "F/2"}]
    spit.drop("foto", make.items("foto", *both))
    spit.take_in()
    spit.release()
    root = spit.one("foto").receipt.rpartition(".")[0]
    spit.drop("susulan", make.items("foto", both[0] | {"judul": "Judul yang diperbaiki"}, memperbaiki=root))
    spit.take_in()
    spit.release()


def view(spit: Installation, name: str) -> str:
    lake = Lake(open_store(spit.settings.store))
    return next(v.sql for v in views(lake, lake.released()) if v.name == name)


def test_a_replaced_row_and_its_medium_are_told_and_seen_once(spit: Installation) -> None:
    corrected(spit)
    told = spit.rows("SELECT dataset, kunci, kiriman = (SELECT max(kiriman) FROM kiriman) AS baru FROM perbaikan")
    key = spit.rows("SELECT _kunci FROM foto WHERE nomor = 'F/1'")[0]["_kunci"]
    assert sorted(map(repr, told)) == sorted(
        map(
            repr,
            [
                {"dataset": "foto", "kunci": key, "baru": True},
                {"dataset": "media", "kunci": f"foto|{key}", "baru": True},
            ],
        )
    )
    for table in ("foto", "media"):
        assert spit.rows(f"SELECT count(*) AS n FROM {table}") == [{"n": 2}]
        assert spit.rows(f"SELECT count(*) AS n FROM {table}_riwayat") == [{"n": 3}]
        assert "perbaikan" in view(spit, table)
    assert view(spit, "teks") == "SELECT * FROM teks_riwayat", "nothing was replaced in it, so nothing is looked for"
    assert spit.rows("SELECT judul FROM foto WHERE nomor = 'F/1'") == [{"judul": "Judul yang diperbaiki"}]
    with connect(Lake(open_store(spit.settings.store))) as con:
        (plan,) = con.execute("EXPLAIN FROM foto").fetchall()
        assert "DELIM" not in plan[1], "the different keys of all rows are gathered first"
    steps.maintain(spit.settings)
    spit.drop("lagi", make.items("foto", {"nomor": "F/3"}))
    spit.take_in()
    spit.release()
    for table in ("foto", "media"):
        assert spit.rows(f"SELECT count(*) AS n FROM {table}") == [{"n": 3}]
        assert spit.rows(f"SELECT count(*) AS n FROM {table}_riwayat") == [{"n": 4}]
        assert "perbaikan" not in view(spit, table), "the replaced rows lie apart"


def test_a_lake_from_before_is_looked_through_once(tmp_path: Path) -> None:
    lake = Lake(open_store(str(tmp_path / "lake")))
    lake.commit("foto", lakes.rows("foto", 1, "a", "b"), 1)
    lake.commit("foto", lakes.rows("foto", 2, "b"), 2)
    found = superseding.rows(lake, None)
    assert {(r["dataset"], r["kunci"], r["_batch"]) for r in found.to_pylist()} == {("foto", "b", 1), ("foto", "b", 2)}
    lake.commit("perbaikan", found, 3, begin=True)
    assert superseding.rows(lake, None).num_rows == 0


def test_the_table_is_there_before_anything_is_replaced(spit: Installation) -> None:
    spit.drop("teks", make.items("teks", {}))
    spit.take_in()
    with steps.opened(spit.settings) as (store, _):
        assert Lake(store).version("perbaikan") == 1
        assert superseding.rows(Lake(store), None).num_rows == 0
    spit.release()
    assert view(spit, "teks") == "SELECT * FROM teks_riwayat"


# --- where the replaced rows lie ------------------------------------------------------------------------------------


class Lakes:
    """A lake of photos, a batch a release, of which `replaced` tells what the pipeline would."""

    def __init__(self, place: Path) -> None:
        self.lake = Lake(open_store(str(place)))
        self.told: list[int] = []

    def add(self, batch: int, *keys: str, instead_of: int | None = None) -> None:
        """Photos of one submission; with `instead_of` they replace those of that batch."""
        sent = {"_kiriman": receipt(batch), "judul": f"batch {batch}"}
        self.lake.commit("foto", lakes.rows("foto", batch, *keys, **sent), batch)
        told = lakes.rows("perbaikan", batch, *(keys if instead_of else ()), dataset="foto", kiriman=receipt(batch))
        lawan = pa.array([receipt(instead_of)] * told.num_rows if instead_of else [], pa.string())
        told = told.set_column(told.column_names.index("lawan"), told.schema.field("lawan"), lawan)
        self.lake.commit("perbaikan", told, batch, begin=True)
        versions = {name: version for name in ("foto", "perbaikan") if (version := self.lake.version(name))}
        self.lake.release(versions, [batch], audit={})

    def shown(self, name: str = "foto", release: Release | None = None) -> dict[str, str]:
        """Key → title of what a release shows; each key once."""
        with connect(self.lake, release) as con:
            found = con.execute(f"SELECT _kunci, judul FROM {name}").fetchall()
        assert len(dict(found)) == len(found)
        return dict(found)

    def sql(self) -> str:
        return next(v.sql for v in views(self.lake, self.lake.released()) if v.name == "foto")

    def files(self) -> list[str]:
        version = self.lake.version("foto")
        assert version is not None
        return self.lake.files("foto", version)


def receipt(batch: int) -> str:
    return f"2026-{batch:06}.1"


def test_only_files_that_can_hold_a_replaced_row_are_looked_through(tmp_path: Path) -> None:
    at = Lakes(tmp_path)
    at.add(1, "a", "b")
    at.add(2, "c", "d")
    at.add(3, "d", instead_of=2)
    first, second, third = (
        next(f for f in at.files() if receipt(n) in pq.read_table(f)["_kiriman"].to_pylist()) for n in (1, 2, 3)
    )
    plain, looked = at.sql().split(" UNION ALL ", 1)
    assert first in plain
    assert "perbaikan" not in plain
    assert second in looked
    assert first not in looked
    assert third in looked, "what replaced a row may itself have been replaced"
    assert at.shown() == {"a": "batch 1", "b": "batch 1", "c": "batch 2", "d": "batch 3"}


def test_gathering_puts_replaced_rows_apart_and_readers_look_for_none(tmp_path: Path) -> None:
    at = Lakes(tmp_path)
    at.add(1, "a", "b")
    at.add(2, "b", instead_of=1)
    before = at.lake.released()
    assert at.lake.compact("foto", 2) == 2
    at.add(3, "c")
    apart = [file for file in at.files() if layout.is_replaced(file)]
    assert [pq.read_table(file)["judul"].to_pylist() for file in apart] == [["batch 1"]]
    assert "perbaikan" not in at.sql()
    assert at.shown() == {"a": "batch 1", "b": "batch 2", "c": "batch 3"}
    assert at.shown(release=before) == {"a": "batch 1", "b": "batch 2"}
    with connect(at.lake) as con:
        assert con.execute("SELECT count(*) FROM foto_riwayat").fetchall() == [(4,)]
    assert at.lake.compact("foto", 3) == 2
    assert at.lake.compact("foto", 3) == 0, "rows that lie apart are not gathered again for nothing"


def test_a_gathered_file_is_due_again_once_a_row_of_it_was_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Lakes(tmp_path)
    at.add(1, "a", "b")
    at.lake.compact("foto", 1)
    monkeypatch.setattr(layout, "LARGE", 1)  # what was gathered is large from now on
    assert at.lake.compact("foto", 1) == 0
    at.add(2, "x", instead_of=1)  # it names the same submission, and no row there is
    assert at.lake.compact("foto", 2) == 1
    at.add(3, "a", instead_of=1)
    assert "perbaikan" in at.sql()
    assert at.lake.compact("foto", 3) == 2
    at.add(4, "c")
    assert "perbaikan" not in at.sql()
    assert at.shown() == {"a": "batch 3", "b": "batch 1", "c": "batch 4", "x": "batch 2"}


def test_a_batch_that_came_late_is_looked_for_in_files_gathered_before(tmp_path: Path) -> None:
    at = Lakes(tmp_path)
    at.add(1, "a")
    at.add(3, "b")
    at.lake.compact("foto", 1)  # batch 2 waits for somebody
    at.add(2, "a", instead_of=1)
    at.add(4, "c")
    assert at.shown() == {"a": "batch 2", "b": "batch 3", "c": "batch 4"}


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 40))])
def test_however_it_came_and_was_gathered_each_release_shows_the_newest_of_each_key(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    at = Lakes(tmp_path)
    newest: dict[str, int] = {}
    shown: list[dict[str, str]] = []
    waiting: list[int] = []
    for batch in range(1, 16):
        monkeypatch.setattr(layout, "LARGE", random.choice([1, 12_000, 1 << 20]))
        if random.random() < 0.15:
            waiting.append(batch)  # committed later, if at all
            continue
        numbers = [batch, *(waiting.pop() for _ in waiting[: random.randint(0, 1)])]
        for number in numbers:
            old = [key for key, by in newest.items() if by < number]
            keys = random.sample(old, min(len(old), random.randint(0, 3)))
            lawan = {newest[key] for key in keys}
            keys = [key for key in keys if newest[key] == min(lawan)]
            if keys:
                at.add(number, *keys, instead_of=min(lawan))
            else:
                keys = [f"{number}-{n}" for n in range(random.randint(1, 3))]
                at.add(number, *keys)
            newest |= dict.fromkeys(keys, number)
            shown.append({key: f"batch {by}" for key, by in newest.items()})
        if random.random() < 0.4:
            at.lake.compact("foto", min(waiting, default=batch + 1) - 1)
        if random.random() < 0.2:
            at.lake.compact("perbaikan", batch)
    at.lake.compact("foto", min(waiting, default=16) - 1)
    releases = [*at.lake.releases()][::-1]
    assert [at.shown(release=release) for release in releases] == shown


def test_files_from_before_their_table_got_a_column_are_shown_without(tmp_path: Path) -> None:
    at = Lakes(tmp_path)
    at.add(1, "a")
    at.add(2, "b")
    DeltaTable(at.lake._store.delta("tables/foto")[0]).alter.add_columns([Field("tambahan", PrimitiveType("string"))])
    at.add(3, "b", instead_of=2)
    with connect(at.lake) as con:
        found = con.execute("SELECT _kunci, judul, tambahan FROM foto ORDER BY ALL").fetchall()
    assert found == [("a", "batch 1", None), ("b", "batch 3", None)]
