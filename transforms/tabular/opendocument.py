"""ODS → sheets of text, decoded here: the format repeats rows and cells by number, which a bomb would make use of."""

import re

from transforms.tabular.archive import Archive
from transforms.tabular.markup import parse
from transforms.tabular.reading import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_ROWS,
    Fault,
    Merge,
    Refused,
    Sheet,
    Sheets,
    number_text,
    tabulate,
)

_NUMBERS = ("float", "percentage", "currency")
_LINKS = ("table-source", "cell-range-source", "dde-source")
_CLOCK = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")
_MAX_BLANKS = 1000  # text:s may claim any number of spaces


def read_opendocument(archive: Archive) -> Sheets:
    """Visible tables, in order; hidden ones are reported LEMBAR_DILEWATI.

    Refused: BUKU_TERKUNCI, BUKU_BERMAKRO, FORMAT_TIDAK_DIKENAL (no spreadsheet), and what the archive refuses.
    """
    if b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise Refused("BUKU_TERKUNCI")
    if any(name.startswith(("Basic/", "Scripts/")) for name in archive.files):
        raise Refused("BUKU_BERMAKRO")
    if "content.xml" not in archive.files:
        raise Refused("FORMAT_TIDAK_DIKENAL", "ODF")
    content = _Content()
    parse(archive.read("content.xml"), content.start, content.end, content.text)
    if not content.is_spreadsheet:
        raise Refused("FORMAT_TIDAK_DIKENAL", "ODF")
    faults = [Fault("TAUTAN_LUAR")] if content.linked else []
    faults += [Fault("LEMBAR_DILEWATI", name, nilai="tersembunyi") for name in content.hidden]
    return Sheets(tuple(content.sheets), tuple(faults))


class _Content:
    """Builds sheets while content.xml is walked. Element names come without prefixes."""

    def __init__(self) -> None:
        self.sheets: list[Sheet] = []
        self.hidden: list[str] = []
        self.linked = self.is_spreadsheet = False
        self._invisible: set[str] = set()
        self._style = ""
        self._table: str | None = None
        self._rows: list[list[str | None]] = []
        self._merges: list[Merge] = []
        self._blank_rows = self._width = 0
        self._row: list[str | None] = []
        self._cell: dict[str, str] | None = None
        self._words: list[str] = []
        self._paragraphs = 0
        self._quiet = 0  # inside an annotation: a comment is not the cell's text
        self._speaking = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "spreadsheet":
                self.is_spreadsheet = True
            case "style":
                self._style = attributes.get("name", "")
            case "table-properties" if attributes.get("display") == "false":
                self._invisible.add(self._style)
            case "table" if self._table is None:
                self._table = attributes.get("name", "")
                self._rows, self._merges, self._blank_rows, self._width = [], [], 0, 0
                self._unseen: list[int] = []
                if attributes.get("style-name") in self._invisible:
                    self.hidden.append(self._table)
            case "table-row":
                self._row = []
                self._repeat = _count(attributes, "number-rows-repeated")
                self._shown = attributes.get("visibility", "visible") == "visible"
            case "table-cell" | "covered-table-cell":
                self._cell, self._words, self._paragraphs = attributes, [], 0
            case "annotation":
                self._quiet += 1
            case "p" if self._cell is not None and not self._quiet:
                if self._paragraphs:
                    self._words.append("\n")
                self._paragraphs += 1
                self._speaking = True
            case "s" if self._speaking:
                self._words.append(" " * min(_count(attributes, "c"), _MAX_BLANKS))
            case "tab" if self._speaking:
                self._words.append("\t")
            case "line-break" if self._speaking:
                self._words.append("\n")
            case _ if name in _LINKS:
                self.linked = True

    def text(self, data: str) -> None:
        if self._speaking and not self._quiet:
            self._words.append(data)

    def end(self, name: str) -> None:
        match name:
            case "annotation":
                self._quiet -= 1
            case "p":
                self._speaking = False
            case "table-cell" | "covered-table-cell" if self._cell is not None:
                self._end_cell(self._cell)
                self._cell = None
            case "table-row" if self._table is not None:
                self._end_row()
            case "table" if self._table is not None:
                self._end_table(self._table)
                self._table = None

    def _end_cell(self, attributes: dict[str, str]) -> None:
        value = _value(attributes, "".join(self._words))
        repeat = _count(attributes, "number-columns-repeated")
        if value is None:
            repeat = min(repeat, MAX_COLUMNS + 1)  # the empty rest of a row runs to the sheet's edge
        elif len(self._row) + repeat > MAX_COLUMNS:
            raise Refused("TERLALU_BANYAK_KOLOM", str(len(self._row) + repeat))
        rows, columns = _count(attributes, "number-rows-spanned"), _count(attributes, "number-columns-spanned")
        if rows > 1 or columns > 1:
            top, left = len(self._rows) + self._blank_rows, len(self._row)
            self._merges.append(Merge(top, left, top + rows - 1, left + columns - 1))
        if len(self._row) <= MAX_COLUMNS:
            self._row += [value] * repeat

    def _end_row(self) -> None:
        while self._row and self._row[-1] is None:
            self._row.pop()
        if not self._row:
            self._blank_rows += self._repeat
            return
        self._width = max(self._width, len(self._row))
        rows = len(self._rows) + self._blank_rows + self._repeat
        if rows > MAX_ROWS or rows * self._width > MAX_CELLS:
            raise Refused("TABEL_TERLALU_BESAR", f"{rows} baris × {self._width} kolom")
        self._rows += [[] for _ in range(self._blank_rows)]
        self._unseen += [] if self._shown else range(len(self._rows), len(self._rows) + self._repeat)
        self._rows += [self._row] * self._repeat
        self._blank_rows = 0

    def _end_table(self, name: str) -> None:
        if name in self.hidden or not self._rows:
            return
        width = self._width
        padded = [row + [None] * (width - len(row)) for row in self._rows]
        cells, lines = tabulate([list(column) for column in zip(*padded, strict=True)], len(padded))
        self.sheets.append(Sheet(cells, lines, name, merges=tuple(self._merges), hidden=tuple(self._unseen)))


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _value(attributes: dict[str, str], shown: str) -> str | None:
    """The cell's value; its shown text where that says more (text, leading zeros) or all there is (errors)."""
    kind = attributes.get("value-type")
    if kind in _NUMBERS and "value" in attributes:
        try:
            text = number_text(float(attributes["value"]))
        except ValueError:
            return shown or None
        return shown if re.fullmatch(r"0\d+", shown) and shown.lstrip("0") == text.lstrip("0") else text
    if kind == "date":
        return attributes.get("date-value") or shown or None
    if kind == "time" and (clock := _CLOCK.fullmatch(attributes.get("time-value", ""))):
        return ":".join(part.zfill(2) for part in clock.groups())
    if kind == "boolean":
        return attributes.get("boolean-value") or shown or None
    return shown or attributes.get("string-value") or None
