"""The workbook a clerk fills in, made from a standard: a column per field, lists to choose from, and instructions.

Sheets: `Isi` for the rows, `Kiriman` for the envelope, `Daftar` with the code lists, `Petunjuk` with instructions.
What comes back is read like any workbook (`transforms/forms.py`); nothing depends on the clerk having used this one.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from schemas import reference
from schemas.dataset import Dataset, Field
from schemas.metadata import on_file
from transforms.forms import SHEET

ROWS_SHEET = "Isi"
TEXT = "@"
"""The number format under which a spreadsheet leaves `0012` and `33.10` as they were typed."""

_BOTTOM = 1_048_576
_NEEDED, _OTHER = PatternFill("solid", fgColor="1F4E79"), PatternFill("solid", fgColor="7F9DB9")
_WHITE, _WRAP = Font(bold=True, color="FFFFFF"), Alignment(wrap_text=True, vertical="top")
_MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

ENVELOPE = {
    "satker": "Kode satker yang bertanggung jawab, misalnya JATENG.BANYUMAS (wajib) / responsible satker, required",
    "dataset": "Jangan diubah / leave as it is",
    "standar": "Jangan diubah / leave as it is",
    "metadata": "Acuan metadata yang terdaftar; ganti bila milik Anda lain / metadata on file; change it for yours",
    "memperbaiki": "Nomor tanda terima kiriman lama yang diperbaiki, bila ada / receipt number this corrects, if any",
    "kontak": "Unit yang dapat dihubungi, bukan nama orang / unit to contact, not a person",
    "catatan": "Bebas / free",
}

INSTRUCTIONS = (
    ("CARA MENGISI", "HOW TO FILL THIS IN"),
    (
        "1. Isi lembar Kiriman: kode satker Anda. Baris lain boleh kosong.",
        "1. On sheet Kiriman give the code of your satker. The other lines may stay empty.",
    ),
    (
        "2. Isi lembar Isi: satu baris satu bahan atau satu baris tabel. Kolom berjudul gelap (*) wajib diisi.",
        "2. On sheet Isi write one row per item. Columns with a dark heading and * are required.",
    ),
    (
        "3. Arahkan penunjuk ke judul kolom untuk membaca arti, contoh dan satuannya.",
        "3. Point at a heading to read what it means, an example and its unit.",
    ),
    (
        "4. Kolom yang punya daftar: pilih dari daftar. Arti tiap kode ada di lembar Daftar.",
        "4. Where there is a list, choose from it. Sheet Daftar says what each code means.",
    ),
    (
        "5. Tanggal ditulis 2026-11-20 atau 20 November 2026. Angka boleh memakai titik ribuan dan koma desimal.",
        "5. Write dates as 2026-11-20 or 20 November 2026. Numbers may be written the Indonesian way.",
    ),
    (
        "6. Jangan mengganti nama lembar dan judul kolom; kolom yang tidak dipakai boleh dihapus.",
        "6. Leave the names of sheets and headings; columns you do not use may be deleted.",
    ),
)
_MEDIA = (
    "7. Simpan sebagai manifest.xlsx di satu folder bersama berkas medianya; kolom Berkas memuat nama berkas itu.",
    "7. Save as manifest.xlsx in a folder with the media; column Berkas holds the name of each file.",
)
_ALONE = (
    "7. Simpan, lalu taruh berkas ini saja di tempat kiriman; namanya bebas.",
    "7. Save it and drop this one file where you hand in; it may have any name.",
)


def template(dataset: Dataset) -> bytes:
    """An empty workbook for one dataset, as XLSX. A statistic refers to its newest metadata on file."""
    shipped = sorted(reference for reference in on_file() if reference.partition("/")[0] == dataset.name)
    metadata = shipped[-1] if dataset.statistical and shipped else ""
    envelope = {"satker": "", "dataset": dataset.name, "standar": dataset.standard, "metadata": metadata}
    book = framed(dataset, dataset.office_fields, envelope)
    add_instructions(book, [*INSTRUCTIONS, _MEDIA if dataset.of_media else _ALONE])
    return packed(book)


def framed(dataset: Dataset, fields: Sequence[Field], envelope: Mapping[str, str]) -> Workbook:
    """A workbook with headings, notes, lists and envelope, and no row yet."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = ROWS_SHEET
    sheet.freeze_panes = "A2"
    lists = book.create_sheet("Daftar")
    for at, f in enumerate(fields, 1):
        _add_column(sheet, at, f)
        if codes := _codes(f):
            _offer(sheet, get_column_letter(at), lists, f, codes)
    sheet.row_dimensions[1].height = 32
    _add_envelope(book, envelope, lists, dataset)
    return book


def _add_column(sheet: Worksheet, at: int, f: Field) -> None:
    needed = f.constraints.required and f.name != "kode_satker"  # the envelope's satker stands in for that one
    head = sheet.cell(1, at, f"{f.title} *" if needed else f.title)
    head.font, head.fill, head.alignment = _WHITE, _NEEDED if needed else _OTHER, _WRAP
    head.comment = note(_about(f, needed=needed))
    column = sheet.column_dimensions[get_column_letter(at)]
    column.width = max(14, min(40, len(f.title) + 6, 60))
    if f.type not in ("integer", "number"):
        column.number_format = TEXT


def _about(f: Field, *, needed: bool) -> list[str]:
    when = re.sub(r"['\"]", "", f.required_when)
    return [
        f.definisi or f.description or f.title,
        f"Contoh: {f.example}" if f.example else "",
        f"Satuan: {f.satuan}" if f.satuan else "",
        "Wajib diisi." if needed else f"Wajib bila {when}." if when else "Boleh kosong.",
    ]


def note(lines: Iterable[str]) -> Comment:
    """A comment large enough for its text."""
    text = writable("\n".join(line for line in lines if line))
    rows = sum(1 + len(line) // 45 for line in text.split("\n"))
    return Comment(text, "SPIT", width=340, height=24 + 18 * rows)


def writable(text: str) -> str:
    """What XML cannot hold shows as unreadable."""
    return ILLEGAL_CHARACTERS_RE.sub("\ufffd", text)


def _codes(f: Field) -> list[tuple[str, str]]:
    """What a column may hold, with what it means; empty where that is not a list."""
    if f.categories:
        return list(f.categories)
    if f.constraints.enum:
        return [(code, "") for code in f.constraints.enum]
    if f.type == "boolean":
        return [("ya", ""), ("tidak", "")]
    if f.reference == "satker":
        return [(code, row["nama"]) for code, row in reference.satker().items()]
    return _regencies() if f.reference == "wilayah" else []


@cache
def _regencies() -> list[tuple[str, str]]:
    """Provinces, regencies and cities; with the villages it would be ninety thousand."""
    listed = reference.columns("wilayah")
    pairs = zip(listed["kode"].to_pylist(), listed["nama"].to_pylist(), strict=True)
    return [(code, name) for code, name in pairs if code.count(".") < 2]


def _offer(sheet: Worksheet, column: str, lists: Worksheet, f: Field, codes: Sequence[tuple[str, str]]) -> None:
    """A drop-down list over a whole column, its codes on sheet Daftar."""
    first = lists.max_column + 1 if lists.max_row > 1 else 1
    for at, heading in ((first, f"daftar {f.name}"), (first + 1, "arti")):
        lists.cell(1, at, heading).font = Font(bold=True)
    for row, (code, label) in enumerate(codes, 2):
        lists.cell(row, first, code)
        lists.cell(row, first + 1, label)
    letter = get_column_letter(first)
    lists.column_dimensions[letter].width, lists.column_dimensions[get_column_letter(first + 1)].width = 22, 36
    rule = DataValidation("list", formula1=f"Daftar!${letter}$2:${letter}${len(codes) + 1}", allow_blank=True)
    rule.showErrorMessage = f.reference != "wilayah"  # a district or village is right as well
    rule.errorTitle, rule.error = "Di luar daftar", f"Pilih salah satu dari daftar {f.title} (lembar Daftar)."
    rule.add(f"{column}2:{column}{_BOTTOM}")
    sheet.add_data_validation(rule)


def _add_envelope(book: Workbook, envelope: Mapping[str, str], lists: Worksheet, dataset: Dataset) -> None:
    sheet = book.create_sheet(SHEET, 1)
    for at, heading in enumerate(("nama", "nilai", "keterangan"), 1):
        head = sheet.cell(1, at, heading)
        head.font, head.fill = _WHITE, _NEEDED
    shown = [name for name in ENVELOPE if name != "metadata" or dataset.kind == "tabel"]
    for row, name in enumerate([*shown, *(name for name in envelope if name not in ENVELOPE)], 2):
        sheet.cell(row, 1, name).font = Font(bold=True)
        value = sheet.cell(row, 2, envelope.get(name) or None)
        value.number_format = TEXT
        sheet.cell(row, 3, ENVELOPE.get(name, "")).alignment = _WRAP
        sheet.row_dimensions[row].hidden = name not in ENVELOPE
    for letter, width in (("A", 16), ("B", 34), ("C", 90)):
        sheet.column_dimensions[letter].width = width
    satker = next((n for n in range(1, lists.max_column + 1) if lists.cell(1, n).value == "daftar kode_satker"), None)
    if satker:
        letter = get_column_letter(satker)
        rule = DataValidation("list", formula1=f"Daftar!${letter}$2:${letter}${len(reference.satker()) + 1}")
        rule.add("B2")
        sheet.add_data_validation(rule)


def add_instructions(book: Workbook, lines: Iterable[tuple[str, str]]) -> None:
    """The page of instructions, Indonesian with English beside it."""
    sheet = book.create_sheet("Petunjuk", 2)
    for row, pair in enumerate(lines, 1):
        for at, words in enumerate(pair, 1):
            cell = sheet.cell(row, at, words)
            cell.alignment = _WRAP
            cell.font = Font(bold=row == 1, color="000000" if at == 1 else "595959")
    sheet.column_dimensions["A"].width = sheet.column_dimensions["B"].width = 80


def packed(book: Workbook) -> bytes:
    """The workbook as bytes that depend on nothing but its content: no moment of writing is in it."""
    out, again = io.BytesIO(), io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == "docProps/core.xml":
                data = _MOMENT.sub(b"2000-01-01T00:00:00Z", data)
            new.writestr(zipfile.ZipInfo(info.filename), data, zipfile.ZIP_DEFLATED)
    return again.getvalue()
