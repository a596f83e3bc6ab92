"""Random tables through every format and back, and files with random damage: no crash, no hang, no row lost."""

import csv
import io
import json
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.readings import COLUMNS, HEADER, take
from tests.spreadsheets import altered, ods, saved, shared, xlsx, zipped
from transforms.tabular.readers import Reading

SLOW = settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

# What XML can hold, without the signs our readers change on purpose: carriage return (a line end), U+FFFD (reported).
TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufffd", include_characters="\n\t"
    ),
    max_size=12,
)
CELL = st.one_of(
    st.sampled_from(["", "a", "01", "1.234,5", '"', '""', '"a', 'a"b', ",", ";", "|", "\n", " ", "JUMLAH"]), TEXT
)
ROWS = st.lists(st.tuples(CELL, CELL, CELL), max_size=8)


def read_back(data: bytes | str) -> Reading:
    with tempfile.TemporaryDirectory() as folder:
        return take(Path(folder), data)


def expect(found: Reading, sent: list[tuple[str, ...]], first: int) -> None:
    """Each line sent is a row with the same text in the same place, or is skipped and shown."""
    got = {row["_baris"]: tuple(row[name] or "" for name in HEADER) for row in found.rows.to_pylist()}
    aside = {row["_baris"]: row["teks"] for row in found.skipped.to_pylist()}
    assert sorted([*got, *aside]) == list(range(first, first + len(sent)))
    for line, cells in enumerate(sent, first):
        if line in got:
            assert got[line] == cells
        else:
            assert aside[line] == " | ".join(filter(None, cells))


def check_delimited(sent, separator, encoding, ending, quoting, preamble):
    out = io.StringIO()
    out.write("".join(f"{line}{ending}" for line in preamble))
    quoting = csv.QUOTE_ALL if ending == "\r" else quoting  # Python would leave a line feed in a cell unquoted
    writer = csv.writer(out, delimiter=separator, lineterminator=ending, quoting=quoting)
    writer.writerows([HEADER, *sent])
    found = read_back(out.getvalue().encode(encoding))
    expect(found, sent, len(preamble) + 2)
    assert {f.kode for f in found.faults} <= {"RUMUS_BERBAHAYA", "NILAI_RUMUS_GALAT"}


delimited = given(
    sent=ROWS,
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    preamble=st.sampled_from([(), ("Laporan bulanan",), ("Laporan", "", "Polres; x, y")]),
)


@QUICK
@delimited
@example(sent=[("", "", "")], separator=",", encoding="utf-8", ending="\n", quoting=csv.QUOTE_ALL, preamble=())
def test_tables_survive_csv(sent, separator, encoding, ending, quoting, preamble):
    check_delimited(sent, separator, encoding, ending, quoting, preamble)


@pytest.mark.slow
@SLOW
@delimited
def test_tables_survive_csv_at_length(sent, separator, encoding, ending, quoting, preamble):
    check_delimited(sent, separator, encoding, ending, quoting, preamble)


def check_json(sent, shape):
    items = [dict(zip(HEADER, cells, strict=True)) for cells in sent]
    match shape:
        case "list":
            text = json.dumps(items, ensure_ascii=False)
        case "indented":
            text = json.dumps({"records": items}, indent=1)
        case _:
            text = "".join(json.dumps(item) + "\n" for item in items)
    if sent:
        expect(read_back(text), sent, 1)


as_json = given(sent=ROWS, shape=st.sampled_from(["list", "indented", "lines"]))


@QUICK
@as_json
def test_tables_survive_json(sent, shape):
    check_json(sent, shape)


@pytest.mark.slow
@SLOW
@as_json
def test_tables_survive_json_at_length(sent, shape):
    check_json(sent, shape)


def check_workbook(sent, write, packed):
    # A leading = would be stored as a formula, another test's business; XLSX does not keep cells of only blanks.
    kept = [tuple("" if c.startswith("=") or not c.strip() else c for c in cells) for cells in sent]
    while kept and not any(kept[-1]):
        kept.pop()  # a sheet ends with its last filled row
    data = write([HEADER, *([c or None for c in cells] for cells in kept)])
    expect(read_back(zipped({"data": data}) if packed else data), kept, 2)


as_workbook = given(sent=ROWS, write=st.sampled_from([xlsx, ods]), packed=st.booleans())


@QUICK
@as_workbook
def test_tables_survive_workbooks(sent, write, packed):
    check_workbook(sent, write, packed)


@pytest.mark.slow
@SLOW
@as_workbook
def test_tables_survive_workbooks_at_length(sent, write, packed):
    check_workbook(sent, write, packed)


def seeds() -> list[bytes]:
    """One small file of each format, with something in it for every part of the readers."""
    import openpyxl

    lines = [HEADER, ("a", "01", "1.234,5"), ("b\nc", '"', "=1+1"), ("", "", ""), ("JUMLAH", "", "7")]
    items = [dict(zip(HEADER, line, strict=True)) for line in lines[1:]]
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([("Laporan",), *lines])
    book = openpyxl.Workbook()
    for line in [*lines, (1.5, True, 12.345)]:
        book.active.append(line)
    book.active.merge_cells("A2:A4")
    book.active["C3"].number_format = "000"
    return [
        text.getvalue().encode(),
        text.getvalue().encode("utf-16"),
        json.dumps({"ok": True, "data": [*items, 5, {"judul": {"x": [1.234]}}]}).encode(),
        "\n".join(map(json.dumps, items)).encode(),
        saved(book),
        shared(["judul", "a", "b"]),
        ods([*lines, (1.5, "x", None)]),
        zipped({"data.csv": text.getvalue()}),
    ]


SEEDS = seeds()
BITS = [
    b"",
    b"\0",
    b'"',
    b"\n",
    b"\r",
    b";",
    b"{",
    b"[",
    b"<",
    b">",
    b"\xff",
    b"&a;",
    b"1048576",
    b'r="ZZ99999"',
    b"\xef\xbb\xbf",
]


def damage(data: bytes, seed: int) -> bytes:
    dice = random.Random(seed)
    out = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        at, size = dice.randint(0, len(out)), dice.choice([0, 1, 1, 4, 30])
        match dice.randint(0, 3):
            case 0:
                out[at : at + size] = dice.choice(BITS)
            case 1:
                out[at : at + size] = dice.randbytes(size)
            case 2:
                out[at:at] = out[at : at + 200] * dice.randint(1, 3)
            case _:
                del out[at : at + size * 20]
    return bytes(out)


def damage_inside(data: bytes, seed: int) -> bytes:
    """Damage one member of a container, whose checksums then still hold."""
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        name = random.Random(seed).choice(archive.namelist())
        return altered(data, {name: damage(archive.read(name), seed)})


def check_damaged(kind: int, seed: int, inside: bool) -> None:
    data = SEEDS[kind]
    read_back(damage_inside(data, seed) if inside and data.startswith(b"PK") else damage(data, seed))


damaged = given(kind=st.integers(0, len(SEEDS) - 1), seed=st.integers(0, 2**32), inside=st.booleans())


@settings(QUICK, max_examples=150)
@damaged
def test_damaged_files_never_crash_or_lose_rows(kind, seed, inside):
    check_damaged(kind, seed, inside)


@pytest.mark.slow
@settings(SLOW, max_examples=3000)
@damaged
def test_damaged_files_never_crash_or_lose_rows_at_length(kind, seed, inside):
    check_damaged(kind, seed, inside)


@QUICK
@given(st.binary(max_size=300))
def test_any_bytes_give_a_reading(data):
    read_back(data)


@pytest.mark.slow
@SLOW
@given(st.binary(max_size=300))
def test_any_bytes_give_a_reading_at_length(data):
    read_back(data)


# Lines of CSV that are wrongly quoted in every way: whatever happens, every line's words arrive somewhere.
QUOTED = st.lists(st.text(alphabet='a",', min_size=1, max_size=8), min_size=1, max_size=8)


def check_quotes(lines: list[str]) -> None:
    marked = [f"{line}x{at}x" for at, line in enumerate(lines)]
    found = read_back("\n".join([",".join(HEADER), *marked]))
    shown = json.dumps([found.rows.to_pylist(), found.skipped.to_pylist(), [f.nilai for f in found.faults]])
    assert all(f"x{at}x" in shown for at in range(len(lines)))


@QUICK
@given(QUOTED)
def test_wrong_quotes_lose_nothing(lines):
    check_quotes(lines)


@pytest.mark.slow
@SLOW
@given(QUOTED)
def test_wrong_quotes_lose_nothing_at_length(lines):
    check_quotes(lines)


assert set(HEADER) == set(COLUMNS)
