"""Which rows were replaced is told by judging, and found once in a lake from before it was told."""

from pathlib import Path

import pytest

from infra import steps, superseding
from infra.lake import Lake
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
        most, _ = view(spit, "foto").split(" UNION ALL ")
        (plan,) = con.execute(f"EXPLAIN {most}").fetchall()
        assert "DELIM" not in plan[1], "the different keys of all rows are gathered first"


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
