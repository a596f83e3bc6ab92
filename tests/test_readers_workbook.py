import datetime as dt
import io
import json
import zipfile
from functools import partial

import openpyxl
import openpyxl.utils.datetime
import pytest
from openpyxl.styles import Font
from openpyxl.worksheet.table import Table

from tests.readings import HEADER, faults, places, rows, skipped, take
from tests.spreadsheets import altered, ods, ods_cell, saved, shared, sheet_xml, xlsx, zipped


@pytest.fixture
def reading(tmp_path):
    return partial(take, tmp_path)


def test_cells_are_read_as_they_are_seen(reading):
    book = openpyxl.Workbook()
    sheet = book.active
    cells = [
        (2014.0, None, "2014"), (0.1 + 0.2, None, "0.3"), (3276011234567890, None, "3276011234567890"),
        (1e-7, None, "0.0000001"),
        (123, "00000", "00123"), ("007", None, "007"), (True, None, "true"), (False, None, "false"),
        (dt.date(2024, 12, 31), None, "2024-12-31"), (dt.datetime(2024, 12, 31, 10, 30), None, "2024-12-31T10:30:00"),
        (dt.datetime(2024, 12, 31), "yyyy-mm-dd hh:mm", "2024-12-31T00:00:00"), (dt.time(10, 30), None, "10:30:00"),
        (dt.timedelta(hours=30), None, "30:00:00"), (0.25, "0%", "0.25"), (" a\nb ", None, " a\nb "), (-5, None, "-5"),
    ]  # fmt: skip
    sheet.append(HEADER)
    for line, (value, form, _) in enumerate(cells, 2):
        sheet.cell(line, 1, value)
        if form:
            sheet.cell(line, 1).number_format = form
    found = reading(saved(book))
    assert found.rows["judul"].to_pylist() == [seen for _, _, seen in cells]
    assert set(found.rows["_lembar"].to_pylist()) == {"Sheet"} and places(found) == list(range(2, len(cells) + 2))


def test_merged_headers_are_read_across_two_lines(reading):
    book = openpyxl.Workbook()
    sheet = book.active
    for line in (
        ("Laporan",),
        ("Judul", "Rincian", None, "Jumlah", None),
        (None, "Kode Satker", "Kejadian", "Kejadian", "Lain"),
    ):
        sheet.append(line)
    for area in ("A1:E1", "A2:A3", "B2:C2", "D2:E2"):
        sheet.merge_cells(area)
    sheet.append(("a", "01", "x", 5, "y"))
    found = reading(saved(book))
    assert rows(found) == [("a", "01", "5")] and places(found) == [4]
    assert found.rows.column_names[:5] == ["judul", "kode_satker", "Rincian Kejadian", "jumlah", "Jumlah Lain"]


def test_merged_cells_hold_for_all_their_rows_and_that_is_said(reading):
    book = openpyxl.Workbook()
    sheet = book.active
    for line in (HEADER, ("a", "01", 1), (None, None, 2), (None, "03", 3)):
        sheet.append(line)
    sheet.merge_cells("A2:A4")
    sheet.merge_cells("B2:B3")
    found = reading(saved(book))
    assert rows(found) == [("a", "01", "1"), ("a", "01", "2"), ("a", "03", "3")]
    assert faults(found, "SEL_GABUNGAN_DIISI") == [(2, "judul", "a"), (2, "kode_satker", "01")]
    body = (
        f"<table:table-row>{''.join(map(ods_cell, HEADER))}</table:table-row><table:table-row>"
        + ods_cell("a", 'table:number-rows-spanned="2" table:number-columns-spanned="1"')
        + f"{ods_cell('01')}{ods_cell(1)}</table:table-row>"
        + f"<table:table-row><table:covered-table-cell/>{ods_cell('02')}{ods_cell(2)}</table:table-row>"
    )
    assert rows(reading(ods(body=body))) == [("a", "01", "1"), ("a", "02", "2")]


def test_sheets_of_data_are_read_and_the_others_named(reading):
    book = openpyxl.Workbook()
    book.active.title = "Petunjuk"
    for line in (("Kolom", "Isi"), ("judul", "judul berita"), ("kode_satker", "kode")):
        book.active.append(line)
    for name, code in (("Januari", "01"), ("Februari", "02")):
        sheet = book.create_sheet(name)
        sheet.append(HEADER)
        sheet.append(("a", code, 1))
    book.create_sheet("daftar").append(HEADER)
    book["daftar"].sheet_state = "hidden"
    book.create_sheet("Kosong")
    found = reading(saved(book))
    assert [(r["_lembar"], r["_baris"], r["kode_satker"]) for r in found.rows.to_pylist()] == [
        ("Januari", 2, "01"),
        ("Februari", 2, "02"),
    ]
    assert [(f.lembar, f.nilai) for f in found.faults if f.kode == "LEMBAR_DILEWATI"] == [
        ("daftar", "tersembunyi"),
        ("Petunjuk", "3 baris"),
    ]


def test_formulas_without_a_value_and_error_cells_are_faults(reading):
    book = openpyxl.Workbook()
    sheet = book.active
    for line in (HEADER, ("a", "01", "=1+1"), ("b", "02", None), (None, None, "=SUM(C2:C2)")):
        sheet.append(line)
    sheet["B3"].value, sheet["B3"].data_type = "#SPILL!", "e"
    sheet["C3"].value, sheet["C3"].data_type = "#N/A", "e"
    found = reading(saved(book))
    assert rows(found) == [("a", "01", None), ("b", "#SPILL!", "#N/A"), (None, None, None)]
    assert faults(found, "NILAI_RUMUS_GALAT") == [
        (2, "jumlah", "=1+1"), (3, "kode_satker", "#SPILL!"), (3, "jumlah", "#N/A"), (4, "jumlah", "=SUM(C2:C2)"),
    ]  # fmt: skip


def test_cells_need_not_say_where_they_stand(reading):
    bare = (
        '<row><c t="str"><v>judul</v></c><c t="str"><v>satker</v></c><c r="C1" t="str"><v>jumlah</v></c></row>'
        '<row r="3"><c s="1"><v>45657</v></c><c r="C3" t="e"><v>#REF!</v></c></row><row><c/><c><v>7</v></c></row>'
    )
    book = openpyxl.Workbook()
    book.active["A1"] = dt.date(2024, 12, 31)
    found = reading(altered(saved(book), {"xl/worksheets/sheet1.xml": sheet_xml(bare)}))
    assert rows(found) == [("2024-12-31", None, "#REF!"), (None, "7", None)] and places(found) == [3, 4]


@pytest.mark.parametrize(
    ("form", "serial", "shown"),
    [
        ("dd/mm/yyyy", 45657, "2024-12-31"), ("[$-421]dd mmmm yyyy;@", 45657, "2024-12-31"),
        ("mmm-yy", 45657, "2024-12-31"),
        ("dd/mm/yyyy", 45657.5, "2024-12-31T12:00:00"), ("d/m/yy h:mm", 45657, "2024-12-31T00:00:00"),
        ("h:mm AM/PM", 0.4375, "10:30:00"), ("[h]:mm", 1.25, "30:00:00"), ("dd/mm/yyyy", 59, "1900-02-28"),
        ("dd/mm/yyyy", 61, "1900-03-01"), ("dd/mm/yyyy", 3276011234567890, "3276011234567890"),
        ("dd/mm/yyyy", -5, "-5"),
        ('"Rp"#,##0', 1500, "1500"), ("[Red]0.00", 1.5, "1.5"), ("00000", 1.5, "1.5"), ("000;-000", 7, "007"),
        ('0 "hari"', 7, "7"), ("0.00E+00", 12, "12"), ("General", 45657, "45657"),
    ],
)  # fmt: skip
def test_a_number_is_shown_by_its_format(reading, form, serial, shown):
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    book.active["A2"] = serial
    book.active["A2"].number_format = form
    assert rows(reading(saved(book)))[0][0] == shown


def test_shared_strings_are_read_however_many_are_announced(reading):
    assert rows(reading(shared(["judul", "a"], count=2**32 - 1))) == [("a", None, None)]


def test_days_may_be_counted_from_1904(reading):
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append(HEADER)
    book.active["A2"] = dt.date(2024, 12, 31)
    assert rows(reading(saved(book)))[0][0] == "2024-12-31"


def test_a_formula_that_was_computed_is_a_value(reading):
    book = openpyxl.load_workbook(io.BytesIO(xlsx([HEADER, ("a", "01", 0)])))
    book.active["C2"] = "=1+1"
    with zipfile.ZipFile(io.BytesIO(saved(book))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>1+1</f><v" in sheet
    computed = sheet.replace(b"<v />", b"<v>2</v>").replace(b"<v></v>", b"<v>2</v>").replace(b"<v/>", b"<v>2</v>")
    found = reading(altered(saved(book), {"xl/worksheets/sheet1.xml": computed}))
    assert rows(found) == [("a", "01", "2")] and not found.faults


def test_styles_comments_and_tables_do_not_disturb(reading):
    book = openpyxl.load_workbook(io.BytesIO(xlsx([HEADER, ("a", "01", 1)])))
    book.active["A1"].font = Font(bold=True)
    book.active["F900"].font = Font(bold=True)
    book.active.add_table(Table(displayName="T", ref="A1:C2"))
    found = reading(saved(book))
    assert rows(found) == [("a", "01", "1")] and not found.faults


def test_an_ods_is_read_like_a_workbook(reading):
    def row(cells: str, repeat: int = 1) -> str:
        return f'<table:table-row table:number-rows-repeated="{repeat}">{cells}</table:table-row>'

    def cell(kind: str, value: str, shown: str) -> str:
        kind = f'office:value-type="{kind}" office:{value}'
        return f"<table:table-cell {kind}><text:p>{shown}</text:p></table:table-cell>"

    comment = "<office:annotation><text:p>komentar</text:p></office:annotation>"
    spaced = '<text:p>a<text:s text:c="2"/>b</text:p><text:p>c</text:p>'
    rest = '<table:table-cell table:number-columns-repeated="16384"/>'
    odd = (
        row(
            cell("date", 'date-value="2024-12-31"', "31/12/24")
            + cell("float", 'value="7"', "007")
            + cell("boolean", 'boolean-value="true"', "WAHR")
        )
        + row(
            f'<table:table-cell office:value-type="string">{comment}{spaced}</table:table-cell><table:table-cell/>'
            + cell("time", 'time-value="PT10H30M00S"', "10.30"),
            repeat=2,
        )
        + row(rest, repeat=3)
        + row(ods_cell("z") + ods_cell("#REF!") + ods_cell(2014.0) + rest)
        + row(rest, repeat=1_048_000)
    )
    header = f"<table:table-row>{''.join(map(ods_cell, HEADER))}</table:table-row>"
    found = reading(ods(body=header + odd))
    assert rows(found) == [
        ("2024-12-31", "007", "true"),
        ("a  b\nc", None, "10:30:00"),
        ("a  b\nc", None, "10:30:00"),
        ("z", "#REF!", "2014"),
    ]
    assert skipped(found) == [(5, "BARIS_KOSONG"), (6, "BARIS_KOSONG"), (7, "BARIS_KOSONG")]
    assert faults(found, "NILAI_RUMUS_GALAT") == [(8, "kode_satker", "#REF!")]


PLAIN = [("a", "01", "1.234,56"), ("b", "002", "7")]


@pytest.mark.parametrize(
    "inner",
    [
        "\n".join(map(";".join, [HEADER, *PLAIN])),
        json.dumps([dict(zip(HEADER, row, strict=True)) for row in PLAIN]),
        xlsx([HEADER, *PLAIN]),
        ods([HEADER, *PLAIN]),
    ],
    ids=["csv", "json", "xlsx", "ods"],
)
def test_a_zip_holding_one_table_is_that_table(reading, inner):
    assert rows(reading(zipped({"folder/data.csv": inner, "__MACOSX/._data.csv": b"x"}))) == PLAIN
