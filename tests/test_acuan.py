"""Reference tables: made of the code lists, part of every release, written only when they change."""

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from infra import references, steps
from infra.columns import commented
from infra.lake import Lake
from infra.sql.query import connect
from infra.storage.store import open_store
from schemas.dataset import tables
from tests.office import Installation
from transforms import acuan

REFERENCES = {name: standard for name, standard in tables().items() if not standard.by_batch}


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Every reference table as it is made."""
    con, lake = duckdb.connect(), Lake(open_store(str(tmp_path_factory.mktemp("danau"))))
    for name, standard in REFERENCES.items():
        con.register(name, references.rows(standard, lake))
    return con


def one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[object, ...]:
    (row,) = con.execute(sql).fetchall()
    return row


@pytest.mark.parametrize("name", REFERENCES)
def test_a_key_names_one_row(con: duckdb.DuckDBPyConnection, name: str) -> None:
    key = ", ".join(REFERENCES[name].primary_key)
    assert con.execute(f"SELECT {key} FROM {name} GROUP BY ALL HAVING count(*) > 1").fetchall() == []


@pytest.mark.parametrize("name", REFERENCES)
def test_what_refers_to_another_table_finds_it(con: duckdb.DuckDBPyConnection, name: str) -> None:
    for f in REFERENCES[name].fields:
        if f.reference:
            lost = f"SELECT {f.name} FROM {name} WHERE {f.name} NOT IN (SELECT kode FROM {f.reference})"
            assert con.execute(lost).fetchall() == [], f.name


def test_a_replaced_code_ends_the_day_the_next_begins(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "SELECT a.kode, a.berlaku_sampai, b.kode, b.berlaku_dari, b.kode_lama FROM wilayah a JOIN wilayah b"
        " ON b.kode = a.kode_baru WHERE a.kode IN ('91.04', '92.01')"
    ).fetchall()
    assert sorted(found) == [
        ("91.04", date(2022, 11, 9), "94.01", date(2022, 11, 9), "91.04"),
        ("92.01", date(2025, 6, 23), "96.01", date(2025, 6, 23), "92.01"),
    ]
    gone = one(con, "SELECT count(*), count(kode_baru) FROM wilayah WHERE berlaku_sampai IS NOT NULL")
    assert gone == (26, 26)
    assert one(con, "SELECT berlaku_dari, vintage FROM wilayah WHERE kode = '33.02'") == (None, "2025-2430")


def test_the_figures_are_those_the_source_adds_up_to(con: duckdb.DuckDBPyConnection) -> None:
    whole = "SELECT sum(jumlah), sum(laki_laki + perempuan) FROM penduduk WHERE length(kode_wilayah) = "
    assert one(con, whole + "2") == one(con, whole + "5") == (284_973_643, 284_973_643)
    assert one(con, "SELECT round(sum(luas_km2), 3) FROM wilayah WHERE tingkat = 'provinsi'") == (1_890_179.784,)


@pytest.mark.parametrize("day", ["2016-05-02", "2016-05-03", "2024-11-11", "2024-11-12", "2026-01-01"])
def test_each_kecamatan_belongs_to_one_polda(con: duckdb.DuckDBPyConnection, day: str) -> None:
    valid = f"coalesce(berlaku_dari <= DATE '{day}', true) AND coalesce(berlaku_sampai > DATE '{day}', true)"
    per_kecamatan = (
        "SELECT w.kode, count(DISTINCT y.kode_satker) AS polda FROM wilayah w LEFT JOIN"
        f" (FROM yurisdiksi WHERE tipe = 'POLDA' AND bagian = 'PENUH' AND {valid}) y"
        " ON w.kode = y.kode_wilayah OR starts_with(w.kode, y.kode_wilayah || '.')"
        " WHERE w.tingkat = 'kecamatan' GROUP BY 1"
    )
    assert one(con, f"SELECT count(*), min(polda), max(polda) FROM ({per_kecamatan})") == (7285, 1, 1)


def test_a_mark_follows_what_the_table_is_made_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from schemas import reference

    standard = REFERENCES["penduduk"]
    before = acuan.mark(standard)
    assert acuan.mark(standard) == before
    listed = reference.path("daftar").read_bytes()
    (tmp_path / "daftar.csv").write_bytes(listed)
    (tmp_path / "penduduk.csv").write_text("kode,nama,laki_laki,perempuan,total\n11,Aceh,1,1,2\n")
    monkeypatch.setattr(reference, "HERE", tmp_path)
    assert acuan.mark(standard) != before
    assert acuan.rows(standard).to_pylist()[0]["jumlah"] == 2


def test_the_rules_of_a_former_standard_stay(tmp_path: Path) -> None:
    lake, standard = Lake(open_store(str(tmp_path))), REFERENCES["aturan"]
    old = {"standar": "teks@0", "kode": "WAJIB_DIISI", "kolom": "judul", "batas": None, "tingkat": "GALAT"}
    lake.replace("aturan", lambda: commented(pa.Table.from_pylist([old], standard.arrow)), "lama")
    first = references.load(lake)
    assert old in lake.rows("aturan").to_pylist()
    assert (
        lake.rows("aturan").num_rows == references.rows(standard, Lake(open_store(str(tmp_path / "lain")))).num_rows + 1
    )
    assert references.load(lake) == first


def test_a_release_shows_them_and_an_older_one_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spit = Installation.at(tmp_path / "spit")
    lake = Lake(open_store(spit.settings.store))
    first = lake.release(references.load(lake), [], audit={})
    assert set(first.tables) == set(REFERENCES)
    schema = lake.snapshot("wilayah", first.tables["wilayah"]).schema
    assert b"BIG" in schema.field("luas_km2").metadata[b"comment"]
    assert schema.field("luas_km2").metadata[b"satuan"] == b"km2"
    delta = lake._open("wilayah")
    assert delta is not None
    said = delta.metadata().description
    assert "cahyadsn/wilayah" in said
    assert "MIT" in said

    changed = {name: references.mark(standard) for name, standard in REFERENCES.items()} | {"penduduk": "baru"}
    shorter = acuan.rows(REFERENCES["penduduk"]).slice(0, 1)
    monkeypatch.setattr(references, "mark", lambda standard: changed[standard.name])
    monkeypatch.setattr(references, "rows", lambda standard, lake: {"penduduk": shorter}[standard.name])
    second = lake.release(references.load(lake), [], audit={})
    assert {n: second.tables[n] - first.tables[n] for n in REFERENCES} == {
        **dict.fromkeys(REFERENCES, 0),
        "penduduk": 1,
    }

    steps.maintain(spit.settings)
    for release, count in ((first, 552), (second, 1)):
        with connect(lake, release) as con:
            assert one(con, "SELECT count(*) FROM penduduk") == (count,)
