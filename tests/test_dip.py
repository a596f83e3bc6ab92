"""The two lists of UU 14/2008, made through the public gate."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from schemas.dataset import GROUNDS, Dataset, datasets, tables
from schemas.reference import satker
from tests.released import AT, SECRET, lake, row, rows_of
from transforms import dip, ninjs, publik

FOTO, TEKS, LAYANAN = (tables()[name] for name in ("foto", "teks", "layanan_informasi"))

Rows = list[dict[str, Any]]


def listed(dataset: Dataset, rows: Rows) -> Rows:
    with lake({dataset.name: rows}) as connection:
        return connection.execute(dip.listed(dataset, AT, satker())).to_arrow_table().to_pylist()


def excluded(dataset: Dataset, rows: Rows) -> Rows:
    with lake({dataset.name: rows}) as connection:
        closed = connection.execute(publik.excluded(dataset, AT)).to_arrow_table().to_pylist()
    return dip.excluded({dataset.title: closed}, satker()).to_pylist()


def closed(key: str, **values: Any) -> dict[str, Any]:
    grounds = {
        "dasar_pengecualian": "a2",
        "nomor_uji_konsekuensi": "UK/7/2026",
        "dikecualikan_sampai": date(2027, 1, 1),
    }
    return row(FOTO, key, SECRET, **{"klasifikasi_informasi": "DIKECUALIKAN"} | grounds | values)


def test_the_list_has_the_nine_columns_and_the_category() -> None:
    (found,) = listed(FOTO, [row(FOTO, "a", judul="Apel pagi", keterangan="x" * 500, _kunci="JATENG.BANYUMAS|a")])
    assert found == {
        "nomor": 1,
        "judul": "Apel pagi",
        "ringkasan": "x" * 300,
        "penguasa": f"Kabagops {satker()['JATENG.BANYUMAS']['nama']}",
        "penanggung_jawab": satker()["JATENG.BANYUMAS"]["nama"],
        "waktu_tempat": "2026-11-20, 33.02",
        "bentuk": "Rekaman elektronik: gambar",
        "retensi": "10 tahun sesudah diterima",
        "media": f"foto; /api/1/ninjs/{ninjs.identity('foto', 'JATENG.BANYUMAS|a')}",
        "kategori": "berkala",
    }
    assert list(found) == [f.name for f in dip.listing(FOTO).fields]


@pytest.mark.parametrize("name", sorted(datasets()))
def test_every_public_item_is_listed_once_and_no_other(name: str) -> None:
    found = listed(datasets()[name], [*rows_of(datasets()[name]), row(datasets()[name], "b", periode="2026-09")])
    assert [r["nomor"] for r in found] == [1, 2]
    assert SECRET not in str(found)


def test_a_table_is_listed_by_satker_and_period() -> None:
    rows = [row(LAYANAN, str(n), periode=f"2026-{n % 2 + 1:02}", kode_satker="JATENG") for n in range(6)]
    found = listed(LAYANAN, rows)
    assert [r["judul"] for r in found] == [f"{LAYANAN.title}, 2026-01", f"{LAYANAN.title}, 2026-02"]
    assert found[0]["waktu_tempat"] == "2026-01, JATENG"
    assert found[0]["penguasa"].startswith("Kabidhumas")
    own = "/api/1/dataset/layanan_informasi/baris?kode_satker=JATENG&periode=2026-01"
    assert (found[0]["bentuk"], found[0]["media"]) == ("Rekaman elektronik: tabel data", f"tabel; {own}")


def test_what_is_kept_for_good_is_said_to_be_and_addresses_begin_where_the_api_is() -> None:
    for_good = replace(TEKS, retention_years=0)
    with lake({"teks": [row(TEKS, "a")]}) as connection:
        asked = dip.listed(for_good, AT, satker(), "https://data.example/api/1")
        (found,) = connection.execute(asked).to_arrow_table().to_pylist()
    assert found["retensi"] == "Tetap disimpan"
    assert found["media"].startswith("teks; https://data.example/api/1/ninjs/")


@pytest.mark.parametrize("kelas", dip.CATEGORIES)
def test_every_open_class_has_its_category(kelas: str) -> None:
    (found,) = listed(TEKS, [row(TEKS, "a", klasifikasi_informasi=kelas)])
    assert found["kategori"] == dip.CATEGORIES[kelas]


@pytest.mark.parametrize("tipe", sorted({unit["tipe"] for unit in satker().values()}))
def test_every_kind_of_satker_has_a_head(tipe: str) -> None:
    assert tipe in dip.HEADS


def test_what_is_excluded_is_counted_by_consequence_test_and_nothing_is_told_of_it() -> None:
    found = excluded(FOTO, [closed("a"), closed("b"), closed("c", dasar_pengecualian="h"), row(FOTO, "d")])
    unit = satker()["JATENG.BANYUMAS"]["nama"]
    same = {
        "jenis_informasi": FOTO.title,
        "penanggung_jawab": unit,
        "nomor_uji": "UK/7/2026",
        "sampai": date(2027, 1, 1),
    }
    assert found == [
        {"nomor": 1, **same, "dasar": "Pasal 17 huruf a angka 2", "jumlah": 2},
        {"nomor": 2, **same, "dasar": "Pasal 17 huruf h", "jumlah": 1},
    ]
    assert set(found[0]) == {f.name for f in dip.DIK.fields}
    assert SECRET not in str(found)


def test_a_ground_or_number_that_could_tell_a_story_is_left_out() -> None:
    told = closed("a", nomor_uji_konsekuensi="UK 7 tentang saksi Budi", dasar_pengecualian="a2 karena saksi")
    (found,) = excluded(FOTO, [told])
    assert (found["dasar"], found["nomor_uji"]) == (None, None)


def test_under_embargo_not_even_the_exclusion_is_told() -> None:
    assert excluded(FOTO, [closed("a", embargo_sampai=AT + timedelta(seconds=1))]) == []
    assert len(excluded(FOTO, [closed("a", embargo_sampai=AT)])) == 1


@pytest.mark.parametrize("name", sorted(datasets()))
def test_no_standard_takes_an_exclusion_without_its_grounds(name: str) -> None:
    """UU 14/2008 Art 17, 19: ground, consequence test and last day, all of them needed as soon as a row is excluded."""
    columns = {f.name: f for f in datasets()[name].fields}
    if "DIKECUALIKAN" in columns["klasifikasi_informasi"].codes:
        assert {columns[each].required_when for each in GROUNDS} == {"klasifikasi_informasi = 'DIKECUALIKAN'"}
    else:
        assert not GROUNDS & columns.keys()


def test_a_row_that_was_excluded_before_grounds_were_asked_for_stays_closed_and_counted() -> None:
    rows = [row(LAYANAN, "a", klasifikasi_informasi="DIKECUALIKAN")]
    assert listed(LAYANAN, rows) == []
    (found,) = excluded(LAYANAN, rows)
    assert (found["dasar"], found["nomor_uji"], found["sampai"], found["jumlah"]) == (None, None, None, 1)
