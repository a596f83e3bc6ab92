import re
import time
from functools import partial
from pathlib import Path

import pytest

import transforms
from schemas.messages import messages
from tests.readings import faults, kinds, places, rows, skipped, take
from transforms.tabular.readers import read

MODULES = ["archive", "charset", "delimited", "heading", "markup", "opendocument", "readers", "records", "sheetxml"]
MODULES += ["sieve", "workbook"]


@pytest.fixture
def reading(tmp_path):
    return partial(take, tmp_path)


PLAIN = "judul;kode_satker;jumlah\nApel pagi – “siaga”;01;1.234,56\nRazia;002;7\n"
EXPECTED = [("Apel pagi – “siaga”", "01", "1.234,56"), ("Razia", "002", "7")]


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        PLAIN.encode("utf-32"),
        PLAIN.encode("cp1252"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace(";", "\t").encode(),
        PLAIN.replace(";", "|").encode(),
        PLAIN.replace(";", ",").replace("1.234,56", '"1.234,56"').encode(),
        ("sep=;\r\n" + PLAIN.replace("\n", "\r\n")).encode(),
        PLAIN.rstrip("\n").encode(),
        PLAIN.encode() + b"\x1a",
    ],
    ids=["utf8", "bom", "utf16", "utf16le", "utf16be", "utf32", "cp1252", "crlf", "cr", "tab", "bar", "comma", "sep",
         "no-end", "ctrl-z"],
)  # fmt: skip
def test_every_dialect_gives_the_same_rows(reading, data):
    found = reading(data)
    assert rows(found) == EXPECTED
    assert set(kinds(found)) <= {"SANDI_DITEBAK"}


def test_guessing_cp1252_is_said(reading):
    assert kinds(reading(PLAIN.encode("cp1252"))) == ["SANDI_DITEBAK"]


def test_a_header_matches_whatever_its_case_blanks_and_punctuation(reading):
    found = reading(" JUDUL-BERITA ,kode satker *,Jumlah_Kejadian\na,01,2\n")
    assert rows(found) == [("a", "01", "2")] and not found.faults


def test_lines_above_the_header_are_kept_as_preamble(reading):
    found = reading("Laporan bulanan;;\n;;\nPolres Badung;Maret;2026;x\njudul;satker;jumlah\na;01;2\n")
    assert rows(found) == [("a", "01", "2")] and places(found) == [5]
    assert [(r["_baris"], r["jenis"], r["teks"]) for r in found.preamble.to_pylist()] == [
        (1, "PEMBUKA", "Laporan bulanan"),
        (3, "PEMBUKA", "Polres Badung | Maret | 2026 | x"),
        (4, "KEPALA", "judul | satker | jumlah"),
    ]


def test_a_line_that_numbers_the_columns_belongs_to_the_header(reading):
    found = reading("judul,satker,jumlah\n(1),(2),(3)\na,01,2\n")
    assert places(found) == [3] and found.preamble["jenis"].to_pylist() == ["KEPALA", "KEPALA"]


def test_quoted_line_feeds_stay_in_the_cell_and_rows_count_as_in_excel(reading):
    found = reading('judul,satker,jumlah\n"dua\nbaris, ""kutip""",01,1\n"x\r\ny",02,2\n')
    assert rows(found) == [('dua\nbaris, "kutip"', "01", "1"), ("x\ny", "02", "2")]
    assert places(found) == [2, 3]


def test_a_stray_quote_swallows_no_rows(reading):
    text = 'judul,satker,jumlah\n"lupa tutup,01,1\nb,02,2\n"c" d,03,3\n"e\nf",04,4\ng,05,"5\n'
    found = reading(text)
    assert rows(found) == [
        ('"lupa tutup', "01", "1"), ("b", "02", "2"), ('"c" d', "03", "3"), ("e\nf", "04", "4"), ("g", "05", '"5'),
    ]  # fmt: skip
    assert [line for line, _, _ in faults(found, "KUTIP_TIDAK_TERTUTUP")] == [2, 4, 6]


def test_ragged_rows_are_delivered_and_what_is_too_much_is_said(reading):
    found = reading("judul,satker,jumlah\na,01,1,lebih,,lagi\nb\nc,03,3,,\n,,,d\n")
    assert rows(found) == [("a", "01", "1"), ("b", None, None), ("c", "03", "3"), (None, None, None)]
    assert faults(found, "BARIS_KELEBIHAN_SEL") == [(2, None, "lebih |  | lagi"), (5, None, "d")]


def test_columns_unknown_missing_doubled_and_nameless(reading):
    found = reading("judul,Judul Berita,warna,,\na,b,c,d,\n")
    assert found.rows.to_pylist() == [
        {"judul": "a", "Judul Berita": "b", "warna": "c", "kolom D": "d", "_lembar": None, "_baris": 2}
    ]
    assert [(f.kode, f.kolom) for f in found.faults] == [
        ("KOLOM_TIDAK_DIKENAL", "warna"),
        ("KOLOM_TANPA_NAMA", "kolom D"),
        ("KOLOM_TIDAK_ADA", "kode_satker"),
        ("KOLOM_TIDAK_ADA", "jumlah"),
        ("KOLOM_GANDA", "judul"),
    ]


def test_a_doubled_column_is_a_fault_of_the_rows_in_which_it_says_something_else(reading):
    found = reading("judul,satker,Judul Berita\na,01,a \nb,02,c\nd,03,\n,04,e\nJUMLAH,,\n")
    assert [(f.baris, f.kolom, f.nilai) for f in found.faults if f.kode == "KOLOM_GANDA"] == [
        (3, "judul", "b | c"),
        (5, "judul", "- | e"),
    ]
    assert faults(reading("judul,satker,Judul Berita\na,01,a\n"), "KOLOM_BERULANG") == [(None, "judul", None)]


def test_without_a_header_every_line_is_a_row(reading):
    found = reading("a,01,1\nb,02,2\n")
    assert found.rows["kolom A"].to_pylist() == ["a", "b"] and places(found) == [1, 2]
    assert kinds(found) == ["KEPALA_TIDAK_DITEMUKAN"] + ["KOLOM_TIDAK_ADA"] * 3


def test_totals_notes_and_empty_lines_are_skipped_with_their_text(reading):
    found = reading(
        "judul,satker,jumlah\na,01,5\n\n,,\n  ,,\n"
        'JUMLAH,,"1.005"\nTotal Provinsi Bali,,7\nSumber: Polres\n* sementara\n'
    )
    assert skipped(found) == [
        (3, "BARIS_KOSONG"), (4, "BARIS_KOSONG"), (5, "BARIS_KOSONG"), (6, "BARIS_JUMLAH"), (7, "BARIS_JUMLAH"),
        (8, "BARIS_CATATAN"), (9, "BARIS_CATATAN"),
    ]  # fmt: skip
    assert found.skipped["teks"].to_pylist()[3:] == [
        "JUMLAH | 1.005",
        "Total Provinsi Bali | 7",
        "Sumber: Polres",
        "* sementara",
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("TOTAL Jawa Tengah,,7", "BARIS_JUMLAH"),
        ("Jumlah se-JATENG:,,7", "BARIS_JUMLAH"),
        ('"Mengetahui,",,"Semarang, 3 November 2026"', "BARIS_CATATAN"),
        (',,"Semarang, 3 November 2026"', "BARIS_CATATAN"),
        ("Mengetahui: Kabid Humas,,NRP 76010203", "BARIS_CATATAN"),
        (",ttd,", "BARIS_CATATAN"),
    ],
)
def test_totals_of_a_place_and_signatures_are_skipped(reading, line, reason):
    found = reading(f"judul,satker,jumlah\na,01,5\n{line}\n")
    assert skipped(found) == [(3, reason)]
    assert not found.faults


@pytest.mark.parametrize(
    "line",
    [
        *("Total Jawa Tengah naik,,5", "Total Jawa Tengah,BALI,5", "Total kerugian naik,01,5", "Jumlah,BALI,5"),
        *("JUMLAH,,", "a,JUMLAH,5", "Sumber air bersih,01,", ",Catatan: x,", "Mengetahui hak Anda,,", "Nip,,"),
        *('"Mengetahui,",01,5', '"Semarang, 3 November 2026",,'),
    ],
)
def test_rows_that_only_look_like_totals_or_notes_are_rows(reading, line):
    assert not skipped(reading(f"judul,satker,jumlah\n{line}\n"))


@pytest.mark.parametrize(
    ("text", "flagged"),
    [
        ("=1+1", True), ("=cmd|' /C calc'!A0", True), ("+SUM(A1:A3)", True), ("-2+3+cmd|' /C calc'!A0", True),
        ("@SUM(1)", True), (' =HYPERLINK("http://x")', True), ("\t=A1", True), ("-A1+B2", True),
        ("-5", False), ("-1.234,56", False), ("+62 812-3456-7890", False), ("+62-812", False),
        ("@divhumaspolri", False),
        ("- tersangka (3 orang)", False), ("=====", False), ("-", False), ("--- selesai ---", False), ("a=b", False),
    ],
)  # fmt: skip
def test_text_that_a_spreadsheet_would_compute_is_flagged_and_kept(reading, text, flagged):
    quoted = '"' + text.replace('"', '""') + '"'
    found = reading(f"judul,satker,jumlah\n{quoted},01,1\n")
    assert rows(found)[0][0] == text
    assert faults(found, "RUMUS_BERBAHAYA") == ([(2, "judul", text)] if flagged else [])


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#DIV/0!", "#NAME?", "#VALUE!", "Err:502"])
def test_formula_errors_are_faults_in_text_too(reading, error):
    assert faults(reading(f"judul,satker,jumlah\na,01,{error}\n"), "NILAI_RUMUS_GALAT") == [(2, "jumlah", error)]


def test_unreadable_bytes_name_row_and_column(reading):
    damaged = "judul,satker,jumlah\nkafé – é,01,1\nna".encode() + b"\xff\xfe" + ",02,2\né,03,3\n".encode()
    assert [place[:2] for place in faults(reading(damaged), "SANDI_TIDAK_TERBACA")] == [(3, "judul")]
    nul = reading(b"judul,satker,jumlah\na,01,1\nb\0c,02,2\n")
    assert faults(nul, "SANDI_TIDAK_TERBACA") == [(3, "judul", "b\ufffdc")]


def test_every_fault_a_reader_may_name_has_words():
    spoken = re.compile(r'(?:Refused|Mark|Fault)\(\s*"([A-Z_]+)"|"((?:KOLOM|BARIS|KEPALA|NILAI|RUMUS|SANDI)_[A-Z_]+)"')
    sources = [Path(transforms.__file__).parent / "tabular" / f"{name}.py" for name in MODULES]
    codes = {a or b for source in sources for a, b in spoken.findall(source.read_text("utf-8"))}
    assert len(codes) > 25 and codes <= set(messages())


def test_a_missing_file_is_weather_not_a_finding(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "tidak ada", "x", {})


def test_a_hundred_thousand_clean_rows_are_quick(reading):
    line = ",".join(["nilai biasa"] * 9)
    data = ("judul,satker,jumlah,d,e,f,g,h,i\n" + f"{line}\n" * 100_000).encode()
    reading(b"judul\nx\n")  # the libraries' import is not the point
    began = time.process_time()
    assert reading(data).rows.num_rows == 100_000
    assert time.process_time() - began < 1
