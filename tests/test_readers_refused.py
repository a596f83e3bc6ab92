import json
import time
from functools import partial

import pytest

from tests.readings import HEADER, kinds, take
from tests.spreadsheets import altered, ods, ods_cell, sheet_xml, xlsx, zipped

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)


@pytest.fixture
def reading(tmp_path):
    return partial(take, tmp_path)


ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
)


def with_sheet(data: str, head: str = "") -> bytes:
    return altered(xlsx([HEADER]), {"xl/worksheets/sheet1.xml": sheet_xml(data, head)})


def lying_zip() -> bytes:
    """A member that claims to inflate to 10 bytes and inflates to 64 MB."""
    data = bytearray(zipped({"a.csv": bytes(64 << 20)}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(signature) + offset
        data[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(data)


def locked_zip() -> bytes:
    data = bytearray(zipped({"a.csv": b"judul\nx\n"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


REFUSED = {
    "empty": (lambda: b"", "BERKAS_KOSONG"),
    "blank": (lambda: b" \n\r\n\t", "BERKAS_KOSONG"),
    "empty workbook": (lambda: xlsx([]), "BERKAS_KOSONG"),
    "locked workbook": (lambda: OLE + "EncryptedPackage".encode("utf-16-le"), "BUKU_TERKUNCI"),
    "locked ods": (
        lambda: altered(ods([HEADER]), {"META-INF/manifest.xml": "<x><encryption-data/></x>"}),
        "BUKU_TERKUNCI",
    ),
    "locked zip": (locked_zip, "BUKU_TERKUNCI"),
    "xls": (lambda: OLE + "Workbook".encode("utf-16-le"), "FORMAT_LAMA"),
    "doc": (lambda: OLE + "WordDocument".encode("utf-16-le"), "FORMAT_TIDAK_DIKENAL"),
    "macros": (lambda: altered(xlsx([HEADER]), {"xl/vbaProject.bin": b"x"}), "BUKU_BERMAKRO"),
    "ods macros": (lambda: altered(ods([HEADER]), {"Basic/Standard/Module1.xml": "<x/>"}), "BUKU_BERMAKRO"),
    "xlsm": (
        lambda: altered(
            xlsx([HEADER]), {"[Content_Types].xml": "application/vnd.ms-excel.sheet.macroEnabled.main+xml"}
        ),
        "BUKU_BERMAKRO",
    ),
    "xlsb": (lambda: zipped({"[Content_Types].xml": "", "xl/workbook.bin": "x"}), "FORMAT_TIDAK_DIKENAL"),
    "docx": (lambda: zipped({"[Content_Types].xml": "", "word/document.xml": "x"}), "BERKAS_TABEL_TIDAK_TERBACA"),
    "bomb": (lambda: zipped({"a.csv": bytes(64 << 20)}), "ARSIP_BOM"),
    "lying bomb": (lying_zip, "BERKAS_TABEL_TIDAK_TERBACA"),
    "bomb in a workbook": (lambda: with_sheet("<row/>" * 20_000_000), "ARSIP_BOM"),
    "bomb in an ods": (lambda: ods(body=" " * (64 << 20)), "ARSIP_BOM"),
    "many members": (lambda: zipped({f"{i}.csv": b"" for i in range(6000)}), "ARSIP_BOM"),
    "entities": (
        lambda: with_sheet('<row r="1"><c r="A1" t="inlineStr"><is><t>&c;</t></is></c></row>', ENTITIES),
        "ARSIP_BOM",
    ),
    "entities in an ods": (lambda: ods([("&c;",)], head=ENTITIES), "ARSIP_BOM"),
    "path upwards": (lambda: zipped({"../a.csv": b"judul\nx\n"}), "ARSIP_JALUR"),
    "absolute path": (lambda: zipped({"/etc/a.csv": b"judul\nx\n"}), "ARSIP_JALUR"),
    "backslashes": (lambda: zipped({"..\\a.csv": b"judul\nx\n"}), "ARSIP_JALUR"),
    "drive": (lambda: zipped({"C:a.csv": b"judul\nx\n"}), "ARSIP_JALUR"),
    "path in a workbook": (lambda: altered(xlsx([HEADER]), {"xl/../../x": b""}), "ARSIP_JALUR"),
    "nested": (lambda: zipped({"a.zip": zipped({"a.csv": b"judul\nx\n"})}), "ARSIP_BERSARANG"),
    "two tables": (lambda: zipped({"a.csv": b"judul\nx\n", "b.csv": b"judul\nx\n"}), "ARSIP_ISI"),
    "no table": (lambda: zipped({}), "ARSIP_ISI"),
    "cut off": (lambda: xlsx([HEADER])[:-200], "BERKAS_TABEL_TIDAK_TERBACA"),
    "pdf": (lambda: b"%PDF-1.7\n", "FORMAT_TIDAK_DIKENAL"),
    "html": (lambda: b"<html><table><tr><td>judul</td></tr></table>", "FORMAT_TIDAK_DIKENAL"),
    "noise": (lambda: bytes(range(256)) * 40, "FORMAT_TIDAK_DIKENAL"),
    "nothing but nul": (lambda: bytes(5000), "FORMAT_TIDAK_DIKENAL"),
    "far cell": (
        lambda: with_sheet('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c></row>'),
        "TERLALU_BANYAK_KOLOM",
    ),
    "far row": (
        lambda: with_sheet('<row r="1"><c r="ZZ1"><v>1</v></c></row><row r="1048576"><c><v>1</v></c></row>'),
        "TABEL_TERLALU_BESAR",
    ),
    "far cell, spaced": (
        lambda: with_sheet('<row r="1"><c\tr = "ZZ1048576" ><v>1</v></c></row>'),
        "TABEL_TERLALU_BESAR",
    ),
    "far cell behind zeros": (
        lambda: with_sheet('<row r="1"><c r="ZZ000000000001048576"><v>1</v></c></row>'),
        "BERKAS_TABEL_TIDAK_TERBACA",
    ),
    "endless tags": (lambda: with_sheet("<c " * 1_000_000), "BERKAS_TABEL_TIDAK_TERBACA"),
    "objects without a common key": (
        lambda: "\n".join(f'{{"k{i % 700}":1}}' for i in range(100_000)).encode(),
        "TABEL_TERLALU_BESAR",
    ),
    "rows beyond the sheet": (
        lambda: ods(body=f'<table:table-row table:number-rows-repeated="2000000">{ods_cell("x")}</table:table-row>'),
        "TABEL_TERLALU_BESAR",
    ),
    "unknown encoding": (
        lambda: altered(ods([HEADER]), {"content.xml": '<?xml version="1.0" encoding="UTF-T"?><x/>'}),
        "BERKAS_TABEL_TIDAK_TERBACA",
    ),
    "repeated rows": (
        lambda: ods(
            body=f'<table:table-row table:number-rows-repeated="999999999">{ods_cell("x") * 30}</table:table-row>'
        ),
        "TABEL_TERLALU_BESAR",
    ),
    "repeated cells": (
        lambda: ods(
            body="<table:table-row>" + ods_cell("x", 'table:number-columns-repeated="999999999"') + "</table:table-row>"
        ),
        "TERLALU_BANYAK_KOLOM",
    ),
    "100k columns": (lambda: b",".join(b"k%d" % i for i in range(100_000)) + b"\n", "TERLALU_BANYAK_KOLOM"),
    "100k keys": (lambda: json.dumps([{f"k{i}": i for i in range(100_000)}]).encode(), "TERLALU_BANYAK_KOLOM"),
    "one line": (lambda: b"judul,satker\n" + b"x" * (50 << 20), "TABEL_TERLALU_BESAR"),
    "one json line": (lambda: b'{"judul": "a"}\n{"judul": "' + b"x" * (50 << 20) + b'"}\n', "TABEL_TERLALU_BESAR"),
}


@pytest.mark.parametrize(("data", "kode"), list(REFUSED.values()), ids=list(REFUSED))
def test_what_cannot_be_read_safely_is_refused_with_its_reason(reading, data, kode):
    data = data()
    began = time.process_time()
    found = reading(data, name="laporan.xlsx")
    assert kinds(found) == [kode] and found.rows_in == 0
    assert found.faults[0].nilai.startswith("laporan.xlsx")
    assert time.process_time() - began < 10


def test_links_to_other_files_are_said(reading):
    linked = altered(xlsx([HEADER, ("a", "01", 1)]), {"xl/externalLinks/externalLink1.xml": "<x/>"})
    assert kinds(reading(linked)) == ["TAUTAN_LUAR"]
    source = (
        '<table:table-source table:table-name="x"/><table:table-row>'
        + "".join(map(ods_cell, HEADER))
        + "</table:table-row>"
    )
    assert kinds(reading(ods(body=source))) == ["TAUTAN_LUAR"]


@pytest.mark.parametrize(
    "line",
    ["JUMLAH" + " " * 3_000_000 + "x,,* x", "+" * 3_000_000 + "x,,1", "+1" * 1_000_000 + ",,1", '"x,' * 100_000],
    ids=["blanks", "signs", "sums", "quotes"],
)
def test_long_cells_cost_no_more_than_their_length(reading, line):
    began = time.process_time()
    reading(f"judul,kode_satker,jumlah\n{line}\n")
    assert time.process_time() - began < 10


def test_overlapping_merges_do_not_multiply(reading):
    areas = "".join('<mergeCell ref="A2:A5000"/>' for _ in range(5000))
    lines = "".join(f'<row r="{i}"><c r="A{i}"><v>1</v></c></row>' for i in range(1, 5001))
    sheet = sheet_xml(lines).replace("</sheetData>", f"</sheetData><mergeCells>{areas}</mergeCells>")
    assert kinds(reading(altered(xlsx([HEADER]), {"xl/worksheets/sheet1.xml": sheet}))) == [
        "BERKAS_TABEL_TIDAK_TERBACA"
    ]
