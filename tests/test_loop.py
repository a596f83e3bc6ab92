"""The full loop: a bad submission, its answer, the rows mended in the returned workbook, the same rows released."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from infra.check import check
from infra.correcting import workbook
from infra.steps import find_receipt
from infra.storage.store import open_store
from infra.submit import Refused
from schemas.dataset import datasets
from schemas.manifest import Manifest
from tests.office import Installation, counts
from tests.samples import make
from transforms.mending import ROW_ID
from transforms.template import template


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "spit")


def returned(spit: Installation, number: str) -> Workbook:
    """The correction workbook of a receipt, as a clerk opens it."""
    found = find_receipt(spit.settings, number)
    assert found is not None
    assert found[1] is not None
    return load_workbook(io.BytesIO(workbook(open_store(spit.settings.store), found[0], found[1])))


def sheet(book: Workbook) -> Worksheet:
    page = book["Isi"]
    assert isinstance(page, Worksheet)
    return page


def columns(page: Worksheet) -> dict[str, int]:
    """Heading → column."""
    return {str(cell.value).removesuffix(" *"): at for at, cell in enumerate(page[1], 1)}


def data(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def send(spit: Installation, name: str, book: Workbook | bytes) -> None:
    """Drop a workbook as it is, and take it in."""
    place = spit.settings.landing / "jateng" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(book if isinstance(book, bytes) else data(book))
    spit.take_in()


def texts(spit: Installation) -> str:
    """Three texts handed in, the second and third bad; the receipt's number."""
    spit.drop(
        "rilis",
        make.items("teks", {"judul": "Judul pertama"}, {"judul": ""}, {"judul": "Judul ketiga", "topik": "OLAHRAGA"}),
    )
    spit.take_in()
    s = spit.one("rilis")
    assert counts(s) == (3, 1, 2, 0)
    return s.receipt


def mended(spit: Installation, number: str) -> Workbook:
    book = returned(spit, number)
    page = sheet(book)
    at = columns(page)
    page.cell(2, at["Judul"], "Judul kedua")
    page.cell(3, at["Topik"], "PELAYANAN")
    return book


def test_the_workbook_holds_only_what_came_back_and_marks_what_is_wrong(spit: Installation) -> None:
    number = texts(spit)
    book = returned(spit, number)
    page = sheet(book)
    at = columns(page)

    assert [page.cell(row, at["Nomor bahan"]).value for row in range(2, page.max_row + 1)] == [
        "UJI/2026/002",
        "UJI/2026/003",
    ]
    title, topic = page.cell(2, at["Judul"]), page.cell(3, at["Topik"])
    assert title.fill.fgColor.rgb == topic.fill.fgColor.rgb == "00F8CBAD"
    assert topic.value == "OLAHRAGA"
    assert title.comment is not None
    assert "WAJIB_DIISI" in title.comment.text
    assert page.cell(3, at["Judul"]).fill.fill_type is None
    assert page.column_dimensions[get_column_letter(at[ROW_ID])].hidden
    assert json.loads(str(page.cell(2, at[ROW_ID]).value))[:4] == [number, "manifest.json", None, 2]
    lists = {str(rule.sqref).split(":", maxsplit=1)[0] for rule in page.data_validations.dataValidation}
    assert f"{get_column_letter(at['Topik'])}2" in lists
    assert book["Petunjuk"]["A1"].value == "CARA MEMPERBAIKI"


def test_the_workbook_lies_beside_the_answer_for_as_long_as_there_is_something_to_mend(spit: Installation) -> None:
    number = texts(spit)
    place = spit.settings.landing / "jateng" / "answers" / "rilis.perbaikan.xlsx"
    assert sheet(load_workbook(place)).max_row == 3

    send(spit, "rilis.perbaikan.xlsx", mended(spit, number))
    assert counts(spit.one("rilis", 2)) == (2, 2, 0, 0)
    assert not place.exists()


@pytest.mark.parametrize("way", ["bare", "folder"])
def test_mended_rows_are_released_under_the_ids_they_had(spit: Installation, way: str) -> None:
    number = texts(spit)
    book = mended(spit, number)
    if way == "bare":
        send(spit, "entah apa namanya.xlsx", book)
    else:
        spit.drop("folder lain", {"buku saya.xlsx": data(book)})
        spit.take_in()
    spit.publish()

    second = spit.one("rilis", 2)
    assert second.receipt == number.replace(".1", ".2")
    assert (counts(second), second.state) == ((2, 2, 0, 0), "TERBIT")
    assert list(spit.submissions()) == [("jateng", "rilis", 2), ("jateng", "rilis", 1)]
    assert spit.rows("SELECT nomor, judul, _kiriman FROM teks ORDER BY nomor") == [
        {"nomor": "UJI/2026/001", "judul": "Judul pertama", "_kiriman": number},
        {"nomor": "UJI/2026/002", "judul": "Judul kedua", "_kiriman": second.receipt},
        {"nomor": "UJI/2026/003", "judul": "Judul ketiga", "_kiriman": second.receipt},
    ]
    assert (spit.settings.landing / "jateng" / "answers" / "rilis.html").exists()


def test_a_workbook_sent_twice_adds_nothing(spit: Installation) -> None:
    book = data(mended(spit, texts(spit)))
    send(spit, "satu.xlsx", book)
    send(spit, "satu.xlsx", book)
    assert max(version for _, _, version in spit.submissions()) == 2

    again = load_workbook(io.BytesIO(book))
    again["Petunjuk"]["A9"] = "disimpan ulang"
    send(spit, "dua.xlsx", again)
    third = spit.one("rilis", 3)
    assert (third.state, counts(third)) == ("DILEWATI", (2, 0, 0, 2))


def test_a_row_mended_again_replaces_what_it_was(spit: Installation) -> None:
    number = texts(spit)
    book = mended(spit, number)
    send(spit, "satu.xlsx", book)
    page = sheet(book)
    page.cell(2, columns(page)["Judul"], "Judul kedua, sekali lagi")
    send(spit, "satu.xlsx", book)
    spit.publish()

    assert counts(spit.one("rilis", 3)) == (2, 1, 0, 1)
    assert spit.rows("SELECT judul FROM teks WHERE nomor = 'UJI/2026/002'") == [{"judul": "Judul kedua, sekali lagi"}]


def test_a_row_left_as_it_was_comes_back_and_can_be_mended_in_either_workbook(spit: Installation) -> None:
    number = texts(spit)
    book = mended(spit, number)
    page = sheet(book)
    page.cell(3, columns(page)["Topik"], "OLAHRAGA")
    send(spit, "satu.xlsx", book)
    second = spit.one("rilis", 2)
    assert (counts(second), spit.rules(second.receipt)) == ((2, 1, 1, 0), ["KODE_DI_LUAR_DAFTAR"])

    next_book = returned(spit, second.receipt)
    assert sheet(next_book).max_row == 2
    sheet(next_book).cell(2, columns(sheet(next_book))["Topik"], "SOSIAL")
    send(spit, "dua.xlsx", next_book)
    assert counts(spit.one("rilis", 3)) == (1, 1, 0, 0)

    page.cell(3, columns(page)["Topik"], "BENCANA")
    send(spit, "satu.xlsx", book)
    assert counts(spit.one("rilis", 4)) == (2, 1, 0, 1)


def change(value: str | None) -> Callable[[Worksheet], None]:
    def apply(page: Worksheet) -> None:
        page[f"{get_column_letter(columns(page)[ROW_ID])}2"] = value

    return apply


def without_the_column(page: Worksheet) -> None:
    page.delete_cols(columns(page)[ROW_ID])


def copied(page: Worksheet) -> None:
    page.append([cell.value for cell in page[2]])
    page.cell(4, columns(page)["Nomor bahan"], "UJI/2026/099")
    page.cell(4, columns(page)["Judul"]).value = None


@pytest.mark.parametrize(
    ("spoil", "strays", "expected"),
    [
        (change(None), [2], (2, 1, 1, 0)),
        (change("rusak"), [2], (2, 1, 1, 0)),
        (change('["2026-000001.1","manifest.json",null,1,"x"]'), [2], (2, 1, 1, 0)),
        (change('["2026-000007.1","manifest.json",null,2,"x"]'), [2], (2, 1, 1, 0)),
        (without_the_column, [2, 3], (2, 0, 2, 0)),
        (copied, [4], (3, 2, 1, 0)),
    ],
    ids=["removed", "broken", "a row that was accepted", "another receipt", "column deleted", "row copied"],
)
def test_a_row_of_unknown_origin_goes_back(
    spit: Installation, spoil: Callable[[Worksheet], None], strays: list[int], expected: tuple[int, ...]
) -> None:
    book = mended(spit, texts(spit))
    spoil(sheet(book))
    send(spit, "satu.xlsx", book)

    second = spit.one("rilis", 2)
    assert counts(second) == expected
    found = [f for f in spit.receipt(second.receipt)["temuan"] if f["baris"] in strays]
    assert [(f["lembar"], f["baris"], f["kode"]) for f in found] == [("Isi", row, "BARIS_TANPA_ASAL") for row in strays]


@pytest.mark.parametrize("way", ["deleted", "emptied"])
def test_rows_the_office_gave_up_are_nothing(spit: Installation, way: str) -> None:
    book = mended(spit, texts(spit))
    page = sheet(book)
    if way == "deleted":
        page.delete_rows(2)
    else:
        for name, at in columns(page).items():
            if name != ROW_ID:
                page[f"{get_column_letter(at)}2"] = None
    send(spit, "satu.xlsx", book)

    assert counts(spit.one("rilis", 2)) == ((1, 1, 0, 0) if way == "deleted" else (2, 1, 0, 1))


def test_nobody_mends_what_another_office_sent(spit: Installation) -> None:
    book = mended(spit, texts(spit))
    place = spit.settings.landing / "jabar" / "satu.xlsx"
    place.parent.mkdir(parents=True, exist_ok=True)
    page = book["Kiriman"]
    page["B2"] = "JABAR"
    place.write_bytes(data(book))
    spit.take_in()

    s = spit.one("satu", source="jabar")
    assert (s.state, spit.rules(s.receipt)) == ("DIKEMBALIKAN", ["PERBAIKAN_TIDAK_DIKENAL"])
    assert ("jateng", "rilis", 2) not in spit.submissions()


def photos(spit: Installation) -> str:
    files = {"a.jpg": make.picture(), "b.jpg": b"bukan gambar", "c.jpg": make.picture(exif={"Make": "Ketiga"})}
    spit.drop(
        "foto",
        make.items("foto", {"berkas": "a.jpg", "judul": ""}, {"berkas": "b.jpg"}, {"berkas": "c.jpg"}, files=files),
    )
    spit.take_in()
    assert counts(spit.one("foto")) == (3, 1, 2, 0)
    return spit.one("foto").receipt


def test_media_that_is_here_need_not_come_again_and_what_was_wrong_may(spit: Installation, tmp_path: Path) -> None:
    book = returned(spit, photos(spit))
    page = sheet(book)
    page.cell(2, columns(page)["Judul"], "Judul foto pertama")
    (tmp_path / "perbaikan.xlsx").write_bytes(data(book))
    assert {f["kode"] for f in check(tmp_path / "perbaikan.xlsx")["temuan"] if f["tingkat"] == "GALAT"} == set()
    send(spit, "perbaikan.xlsx", book)
    second = spit.one("foto", 2)
    assert counts(second) == (2, 1, 1, 0)
    assert "TIPE_TIDAK_DIDUKUNG" in spit.rules(second.receipt)
    assert "BERKAS_TIDAK_DIPAKAI" not in spit.rules(second.receipt)

    spit.drop(
        "lagi", {"buku.xlsx": data(returned(spit, second.receipt)), "b.jpg": make.picture(exif={"Make": "Kedua"})}
    )
    spit.take_in()
    spit.publish()
    assert counts(spit.one("foto", 3)) == (1, 1, 0, 0)
    assert [row["nomor"] for row in spit.rows("SELECT nomor FROM media ORDER BY nomor")] == [
        "UJI/2026/001",
        "UJI/2026/002",
        "UJI/2026/003",
    ]


def test_a_table_goes_the_same_way(spit: Installation) -> None:
    rows = [list(r) for r in make.ROWS["layanan_informasi"]]
    rows[2][3] = "banyak"
    rows.insert(1, ["JATENG", "2026-10", "FAKS", "1.234,5", "1", "0", "=1+1"])
    spit.drop("rekap", make.table("layanan_informasi", [[f'"{c}"' for c in row] for row in rows]))
    spit.take_in()
    first = spit.one("rekap")
    assert counts(first) == (3, 1, 2, 0)

    book = returned(spit, first.receipt)
    page = sheet(book)
    at = columns(page)
    assert page.cell(2, at["jumlah_permohonan"]).value == "1.234,5"
    assert page.cell(2, at["rata_waktu_hari"]).value == "=1+1"
    assert page.cell(2, at["rata_waktu_hari"]).data_type == "s"
    page.cell(2, at["saluran"], "SUREL")
    page.cell(2, at["jumlah_permohonan"], 4)
    page.cell(2, at["rata_waktu_hari"], 2.5)
    page.cell(3, at["jumlah_permohonan"], "12")
    send(spit, "rekap diperbaiki.xlsx", book)

    second = spit.one("rekap", 2)
    assert (counts(second), [r for r in spit.rules(second.receipt) if r in ("BARIS_TANPA_ASAL",)]) == ((2, 2, 0, 0), [])


def figures(*rows: tuple[str, str]) -> make.Files:
    """A table: channel and requests, none of them granted or refused."""
    heads, good, _ = make.ROWS["layanan_informasi"]
    return make.table("layanan_informasi", [heads, *([*good[:2], *row, "0", "0", "1"] for row in rows)])


def put(book: Workbook, row: int, **cells: str) -> Workbook:
    page = sheet(book)
    for name, value in cells.items():
        page.cell(row, columns(page)[name], value)
    return book


def taken(spit: Installation) -> dict[str, tuple[int, str]]:
    """Channel → requests and version, as readers see it."""
    spit.release()
    rows = spit.rows("SELECT saluran, jumlah_permohonan AS n, _kiriman FROM layanan_informasi")
    return {row["saluran"]: (row["n"], row["_kiriman"][-1]) for row in rows}


def test_a_mended_row_never_takes_the_place_of_another_one(spit: Installation) -> None:
    """Not of one accepted beside it, nor in a later round; and it can still be mended, once and again."""
    spit.drop("rekap", figures(("LANGSUNG", "12"), ("FAKS", "4"), ("TELEGRAM", "9")))
    spit.take_in()
    first = returned(spit, spit.one("rekap").receipt)
    send(spit, "satu.xlsx", put(put(first, 2, saluran="LANGSUNG"), 3, saluran="LAMAN", jumlah_permohonan="banyak"))
    second = spit.one("rekap", 2)
    assert counts(second) == (2, 0, 2, 0)
    assert [r for r in spit.rules(second.receipt) if r != "TIPE_SALAH"] == ["KUNCI_SUDAH_ADA"]

    again = returned(spit, second.receipt)
    assert sheet(again).max_row == 3
    send(spit, "dua.xlsx", put(put(again, 2, saluran="SUREL"), 3, saluran="LANGSUNG", jumlah_permohonan="9"))
    assert counts(spit.one("rekap", 3)) == (2, 1, 1, 0), "its key was not there before, but it is that of another row"
    assert taken(spit) == {"LANGSUNG": (12, "1"), "SUREL": (4, "3")}

    put(put(first, 2, saluran="SUREL", jumlah_permohonan="5"), 3, saluran="SUREL")
    sheet(first).delete_rows(3)
    send(spit, "satu.xlsx", first)
    assert counts(spit.one("rekap", 4)) == (1, 1, 0, 0), "the same row, mended in the workbook before"
    send(spit, "tiga.xlsx", put(returned(spit, spit.one("rekap", 3).receipt), 2, saluran="SUREL"))
    assert spit.rules(spit.one("rekap", 5).receipt) == ["KUNCI_SUDAH_ADA"]
    assert taken(spit) == {"LANGSUNG": (12, "1"), "SUREL": (5, "4")}


def test_a_row_of_a_later_version_replaces_once_it_is_mended_but_only_its_own(spit: Installation) -> None:
    spit.drop("rekap", figures(("LANGSUNG", "12"), ("SURAT", "3")))
    spit.take_in()
    spit.drop("rekap", figures(("LANGSUNG", "banyak"), ("SURAT", "3"), ("FAKS", "7")))
    spit.take_in()
    book = returned(spit, spit.one("rekap", 2).receipt)
    send(spit, "satu.xlsx", put(put(book, 2, jumlah_permohonan="13"), 3, saluran="SURAT"))

    third = spit.one("rekap", 3)
    assert (counts(third), "KUNCI_SUDAH_ADA" in spit.rules(third.receipt)) == ((2, 1, 1, 0), True)
    assert taken(spit) == {"LANGSUNG": (13, "3"), "SURAT": (3, "1")}


def test_a_column_that_is_there_twice_is_mended_by_making_both_agree(spit: Installation) -> None:
    heads, *rows = make.ROWS["layanan_informasi"]
    rows = [[*heads, "Saluran"], [*rows[0], "LANGSUNG"], [*rows[1], "SUREL"], [*rows[1][:2], "LAMAN", *rows[1][3:], ""]]
    spit.drop("rekap", make.table("layanan_informasi", rows))
    spit.take_in()
    first = spit.one("rekap")
    assert (counts(first), spit.rules(first.receipt)) == ((3, 2, 1, 0), ["KOLOM_GANDA"])

    book = returned(spit, first.receipt)
    page = sheet(book)
    cells = [page.cell(2, at) for at, cell in enumerate(page[1], 1) if str(cell.value).casefold() == "saluran"]
    assert [(cell.value, cell.fill.fgColor.rgb) for cell in cells] == [("SURAT", "00F8CBAD"), ("SUREL", "00F8CBAD")]
    send(spit, "satu.xlsx", book)
    assert counts(spit.one("rekap", 2)) == (1, 0, 1, 0), "left as it was"
    page.cell(2, 3, "SUREL")
    send(spit, "satu.xlsx", book)
    assert counts(spit.one("rekap", 3)) == (1, 1, 0, 0)


def test_an_office_finds_its_own_table_again(spit: Installation) -> None:
    """Its headers, in its order, with the columns nobody else knows; only the rows that came back."""
    rows = [
        ["No", "Jml permohonan", "=Petugas\x01", "Saluran", "Periode", "DITOLAK", "Dikabulkan", ""],
        ["1", "12", "A", "LANGSUNG", "2026-10", "1", "10", "x"],
        ["2", "banyak", "=B", "SURAT", "2026-10", "1", "8", "y"],
        ["3", "3", "C", "LAMAN", "2026-10", "0", "", "z"],
    ]
    text = "Rekap permohonan\n\n" + "".join(";".join(row) + "\n" for row in rows)
    files = {"tabel.csv": text.encode()}
    spit.drop("rekap", make.raw_table("layanan_informasi", files))
    spit.take_in()
    assert counts(spit.one("rekap")) == (3, 1, 2, 0)

    book = returned(spit, spit.one("rekap").receipt)
    page = sheet(book)
    shown = [[cell.value for cell in line][:-1] for line in page]
    assert shown[0] == ["No", "Jml permohonan", "=Petugas\ufffd", "Saluran", "Periode", "DITOLAK", "Dikabulkan", None]
    assert shown[1:] == [rows[2], [cell or None for cell in rows[3]]]
    assert [page.cell(2, 2).fill.fgColor.rgb, page.cell(3, 7).fill.fgColor.rgb] == ["00F8CBAD"] * 2

    page.cell(2, 2, 9)
    page.cell(3, 7, 3)
    page.cell(3, 1, "nomor lain")
    send(spit, "kembali.xlsx", book)
    assert counts(spit.one("rekap", 2)) == (2, 2, 0, 0)

    page.cell(2, 2, "lagi-lagi banyak")
    send(spit, "kembali.xlsx", book)
    again = sheet(returned(spit, spit.one("rekap", 3).receipt))
    assert [cell.value for cell in again[1]][:-1] == shown[0], "a correction of a correction too"


def test_a_column_that_was_missing_sends_every_row_back_and_is_marked(spit: Installation) -> None:
    rows = [r[:2] + r[3:] for r in make.ROWS["layanan_informasi"]]
    spit.drop("rekap", make.table("layanan_informasi", rows))
    spit.take_in()
    book = returned(spit, spit.one("rekap").receipt)
    page = sheet(book)
    assert [cell.value for cell in page[1]] == [*rows[0], "Saluran *", ROW_ID]
    column = columns(page)["Saluran"]
    for row, value in ((2, "SURAT"), (3, "LANGSUNG")):
        assert page.cell(row, column).fill.fgColor.rgb == "00F8CBAD"
        page.cell(row, column, value)
    send(spit, "rekap.xlsx", book)

    assert counts(spit.one("rekap", 2)) == (2, 2, 0, 0)


def test_there_is_no_workbook_where_there_is_nothing_to_mend(spit: Installation) -> None:
    spit.drop("baik", make.items("teks", {}))
    spit.drop("asing", make.items("teks", {"nomor": "UJI/9"}, memperbaki="x"))
    spit.take_in()
    for name in ("baik", "asing"):
        with pytest.raises(Refused):
            returned(spit, spit.one(name).receipt)


def test_every_row_a_sample_gets_back_is_in_its_workbook(spit: Installation) -> None:
    """The balance again, from the other side: what is counted as returned is what the clerk gets."""
    cases = [c for c in make.cases() if c.counts[1] and (c.dataset, c.name) not in make.HEAVY]
    for at, case in enumerate(cases):
        spit.drop(f"{case.dataset}-{case.name}-{at}", case.files)
    spit.take_in()
    looked = 0
    for s in spit.submissions().values():
        document = spit.receipt(s.receipt)
        unreadable = {"BUTIR_BUKAN_OBJEK"} & {f["kode"] for f in document["temuan"]}
        if not s.rows_returned or unreadable or any(f["kode"].startswith(WHOLE) for f in document["temuan"]):
            continue
        assert sheet(returned(spit, s.receipt)).max_row - 1 == s.rows_returned, s.name
        looked += 1
    assert looked > 30


WHOLE = ("MANIFES_", "DATASET_", "STANDAR_", "SATKER_TIDAK", "KIRIMAN_TANPA", "METADATA_", "DI_LUAR_DAFTAR_DATA")
"""Rules that send a whole envelope back: then there are no rows to show."""


def fill(name: str, rows: list[dict[str, Any]], envelope: dict[str, str]) -> Workbook:
    """A template as a clerk fills it in."""
    book = load_workbook(io.BytesIO(template(datasets()[name])))
    page = sheet(book)
    titles = {f.name: f.title for f in datasets()[name].office_fields}
    at = columns(page)
    for row, item in enumerate(rows, 2):
        for column, value in item.items():
            page.cell(row, at[titles[column]], value)
    second = book["Kiriman"]
    assert isinstance(second, Worksheet)
    for row in range(2, second.max_row + 1):
        if (key := str(second.cell(row, 1).value)) in envelope:
            second.cell(row, 2, envelope[key])
    return book


def test_a_filled_in_template_is_a_manifest_of_media(spit: Installation) -> None:
    item = {**make.GOOD["foto"], "nomor": "001/0012", "kode_wilayah": "33.10"}
    book = fill("foto", [item, {**item, "nomor": "002", "judul": None}], {"satker": "JATENG"})
    spit.drop("foto", {"manifest.xlsx": data(book), **make.media("foto")})
    spit.take_in()
    spit.publish()

    assert counts(spit.one("foto")) == (2, 1, 1, 0)
    assert spit.rows("SELECT nomor, kode_wilayah FROM foto") == [{"nomor": "001/0012", "kode_wilayah": "33.10"}]
    assert not {"LEMBAR_DILEWATI", "KOLOM_TIDAK_DIKENAL"} & set(spit.rules(spit.one("foto").receipt))


def test_a_filled_in_template_of_a_statistic_names_its_standard_and_metadata(spit: Installation) -> None:
    heads, *rows = make.ROWS["layanan_informasi"]
    items = [dict(zip(heads, row, strict=True)) | {"klasifikasi_informasi": "BERKALA"} for row in rows]
    book = fill("layanan_informasi", items, {"satker": "JATENG"})
    envelope = {row[0].value: row[1].value for row in book["Kiriman"]}
    assert (envelope["standar"], envelope["metadata"]) == ("layanan_informasi@1", "layanan_informasi/2026")
    send(spit, "rekap.xlsx", book)

    s = spit.one("rekap")
    assert (counts(s), spit.rules(s.receipt)) == ((2, 2, 0, 0), [])


def test_an_empty_template_says_what_is_missing(spit: Installation) -> None:
    send(spit, "foto.xlsx", template(datasets()["foto"]))
    assert spit.rules(spit.one("foto").receipt) == ["MANIFES_WAJIB"]


@pytest.mark.parametrize("name", datasets())
def test_a_template_has_every_column_its_notes_and_its_lists(name: str) -> None:
    standard = datasets()[name]
    made = template(standard)
    assert made == template(standard)
    book = load_workbook(io.BytesIO(made))
    page = sheet(book)

    assert [str(c.value).removesuffix(" *") for c in page[1]] == [f.title for f in standard.office_fields]
    for at, (cell, f) in enumerate(zip(page[1], standard.office_fields, strict=True), 1):
        letter = get_column_letter(at)
        assert cell.comment is not None
        assert f.definisi in cell.comment.text
        assert str(cell.value).endswith("*") == (f.constraints.required and f.name != "kode_satker")
        if f.type == "string":
            assert page.column_dimensions[letter].number_format == "@"
        if f.codes or f.reference:
            offered = [r for r in page.data_validations.dataValidation if f"{letter}2" in r.sqref]
            assert len(offered) == 1
            area = str(offered[0].formula1).partition("!")[2].replace("$", "")
            listed = [str(c.value) for (c,) in book["Daftar"][area]]
            assert set(f.codes) <= set(listed)
            assert listed
    assert book.sheetnames == ["Isi", "Kiriman", "Petunjuk", "Daftar"]


def test_the_envelope_of_a_correction_is_the_one_the_rows_came_in(tmp_path: Path) -> None:
    from transforms import forms
    from transforms.correction import correction

    sent = Manifest("JATENG", "teks", defaults={"topik": "SOSIAL", "kredit": "Humas ä " * 9000}, corrects="2026-000003")
    document = {"nomor": "2026-000004.2", "temuan": [], "berkas": []}
    path = tmp_path / "x.xlsx"
    made = correction(document, datasets()["teks"], sent, [])
    path.write_bytes(made)
    reading = forms.read(forms.Form("x.xlsx", "x.xlsx"), path, "2026-000004.3")
    assert reading.manifest is not None
    assert (reading.manifest.defaults, reading.manifest.corrects) == (sent.defaults, "2026-000003")
    assert reading.mends == reading.manifest.mends == "2026-000004.2"
