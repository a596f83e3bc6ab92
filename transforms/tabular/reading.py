"""What readers hand over: faults, sheets of text, and the finished reading."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import pyarrow as pa

MAX_BYTES = 1 << 30  # a submission's table; larger ones are split by the office
MAX_LINE = 16 << 20  # one record of a text file
MAX_COLUMNS = 702  # up to Excel's column ZZ
MAX_ROWS = 1 << 20  # as many as a worksheet has
MAX_CELLS = 10_000_000  # rows × columns of one sheet, empty cells included: what a dense grid may cost in memory

AMBIGUOUS = r"-?[1-9]\d{0,2}\.\d{3}"  # 1.234 may be one thousand or one and a bit

_EXACT = 1 << 53  # a float holds every whole number up to here

SHOWN = 200  # characters of a value repeated in a fault


@dataclass(frozen=True)
class Fault:
    """A place in a file that could not be read as it stands; what it means for the row is the judge's business."""

    kode: str
    lembar: str | None = None
    baris: int | None = None
    kolom: str | None = None
    nilai: str | None = None


class Refused(Exception):
    """The file as a whole cannot be read safely or at all: the code, and what exactly was met."""

    def __init__(self, kode: str, detail: str = ""):
        super().__init__(kode, detail)
        self.kode, self.detail = kode, detail


@dataclass(frozen=True)
class Reading:
    """One file as text.

    `rows`: string columns under the standard's names (unknown ones under their own header text), then `_lembar`
    (sheet, NULL outside workbooks) and `_baris` (the row as Excel numbers it, the line of an NDJSON file, the
    position in a JSON list). `skipped`: `_lembar, _baris, alasan, teks`. `preamble`: `_lembar, _baris, jenis, teks`,
    the header (KEPALA) and everything above it (PEMBUKA). rows_in = rows + skipped, always. `headers`: the names in
    `rows`, in the file's order, each with the header as the office wrote it; none where no header was found.
    """

    rows: pa.Table
    skipped: pa.Table
    preamble: pa.Table
    faults: tuple[Fault, ...]
    rows_in: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Mark:
    """A fault at a cell, before anybody knows what its column is called.

    `line` is a position among the sheet's lines and `column` one among its columns, both from 0.
    """

    kode: str
    line: int
    column: int | None = None
    nilai: str | None = None


@dataclass(frozen=True)
class Merge:
    """A merged range; rows and columns count from 0, the last ones included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """A grid of text as a decoder found it: row i of `cells` is line `lines[i]`; an empty cell is NULL.

    `head` names the columns where the format does (JSON); otherwise the header is still among the rows. `envelope` is
    what a JSON document says beside its records. `hidden`: lines a spreadsheet does not show, as they are filtered.
    A line with a mark is a row even when it shows no cell.
    """

    cells: pa.Table
    lines: pa.ChunkedArray
    name: str | None = None
    head: tuple[str, ...] | None = None
    envelope: str | None = None
    marks: tuple[Mark, ...] = ()
    merges: tuple[Merge, ...] = ()
    hidden: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sheets:
    """The sheets of one file, with what a decoder found out about the file as a whole."""

    sheets: tuple[Sheet, ...]
    faults: tuple[Fault, ...] = ()


def shorten(text: str | None) -> str | None:
    """At most SHOWN characters of a value, so that a 50 MB cell does not travel in a receipt."""
    return text if text is None or len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def tabulate(columns: list[list[str | None]], count: int) -> tuple[pa.Table, pa.ChunkedArray]:
    """Python columns of `count` texts as the cells and line numbers of a Sheet."""
    names = [str(i) for i in range(len(columns))]
    return pa.table([pa.array(column, pa.string()) for column in columns], names=names), numbered(count)


def numbered(count: int) -> pa.ChunkedArray:
    """Line numbers 1 … count."""
    return pa.chunked_array([pa.array(np.arange(1, count + 1))])


def number_text(value: float) -> str:
    """A spreadsheet's number as it is seen: 15 digits, no exponent, `2014` for 2014.0.

    One with exactly three decimals is closed by a zero (`12.3450`), so that nobody takes its decimal point for the
    point that separates thousands in Indonesian: a number cell is never ambiguous, only text is.
    """
    if -_EXACT < value < _EXACT and value.is_integer():
        return str(int(value))
    text = format(value, ".15g")
    if "e" in text:
        text = format(Decimal(text), "f")
    return close_decimals(text) if text[-4:-3] == "." else text


def close_decimals(text: str) -> str:
    """The zero `number_text` speaks of."""
    return text + "0" if re.fullmatch(AMBIGUOUS, text) else text


def letters(column: int) -> str:
    """The name Excel gives a column: 0 → A, 26 → AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
