"""XLSX → sheets of text. Calamine decodes the values; what it does not tell is read from the sheets' own XML."""

import datetime as dt
import io
import posixpath
import re
import zipfile
from collections.abc import Callable

import numpy as np
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from transforms.archive import Archive
from transforms.markup import parse
from transforms.reading import (
    MAX_CELLS,
    MAX_COLUMNS,
    Fault,
    Mark,
    Merge,
    Refused,
    Sheet,
    Sheets,
    number_text,
    tabulate,
)

_BOOK, _RELS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_STYLES, _STRINGS = "xl/styles.xml", "xl/sharedStrings.xml"
_MACROS = re.compile(r"vbaproject\.bin$|^xl/macrosheets/", re.IGNORECASE)
_LINKS = re.compile(r"^xl/(externalLinks/|connections\.xml$|queryTables/)", re.IGNORECASE)

# Attributes may stand in any order; a prefix (`<x:c …>`) is legal.
_CELL_AT = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")
_ERROR = re.compile(
    rb"""<(?:\w+:)?c\b([^>]*\bt\s*=\s*["']e["'][^>]*)>(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>([^<]*)<""", re.DOTALL
)
_UNCOMPUTED = re.compile(
    rb"""<(?:\w+:)?c\b((?:(?!\bt\s*=\s*["']str["'])[^>])*)>\s*<(?:\w+:)?f\b[^>]*?(?:/>|>([^<]*)</(?:\w+:)?f>)\s*"""
    rb"""(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"""
)
_STYLED = re.compile(rb"""<(?:\w+:)?c\b([^>]*\bs\s*=\s*["']([0-9]+)["'][^>]*)>""")
_BUILT_IN_CLOCKS = {22}  # m/d/yy h:mm, ECMA-376 part 1, 18.8.30


def read_workbook(archive: Archive) -> Sheets:
    """Visible worksheets, in order; hidden ones are reported LEMBAR_DILEWATI.

    Refused: BUKU_BERMAKRO, BERKAS_TABEL_TIDAK_TERBACA, TABEL_TERLALU_BESAR, TERLALU_BANYAK_KOLOM and Archive's.
    """
    if any(_MACROS.search(name) for name in archive.files):
        raise Refused("BUKU_BERMAKRO")
    parts = _parts(archive)
    if b"macroEnabled" in parts["[Content_Types].xml"]:
        raise Refused("BUKU_BERMAKRO")
    places = _sheet_places(parts)
    for place in places.values():
        _check_extent(parts[place])
    formats = _Formats(parts.get(_STYLES))
    faults = [Fault("TAUTAN_LUAR")] if any(_LINKS.match(name) for name in archive.files) else []
    sheets: list[Sheet] = []
    try:
        with CalamineWorkbook.from_filelike(_repack(parts)) as book:
            for sheet in book.sheets_metadata:
                if sheet.typ != SheetTypeEnum.WorkSheet or sheet.name not in places:
                    continue
                if sheet.visible != SheetVisibleEnum.Visible:
                    faults.append(Fault("LEMBAR_DILEWATI", sheet.name, nilai="tersembunyi"))
                    continue
                sheets.append(_read_sheet(book.get_sheet_by_name(sheet.name), parts[places[sheet.name]], formats))
    except (CalamineError, ValueError, OSError) as error:
        raise Refused("BERKAS_TABEL_TIDAK_TERBACA", str(error)) from error
    return Sheets(tuple(s for s in sheets if s.cells.num_rows), tuple(faults))


def _parts(archive: Archive) -> dict[str, bytes]:
    """The XML parts a table needs, inflated under the archive's budget, under their usual names."""
    by_fold = {name.casefold(): name for name in archive.files}
    wanted = ["[Content_Types].xml", "_rels/.rels", _BOOK, _RELS, _STYLES, _STRINGS]
    parts = {name: archive.read(by_fold[name.casefold()]) for name in wanted if name.casefold() in by_fold}
    for name in (_BOOK, _RELS):
        if name not in parts:
            raise Refused("BERKAS_TABEL_TIDAK_TERBACA", f"{name} tidak ada")
    for target in _targets(parts[_RELS]).values():
        if target.casefold() in by_fold and target not in parts:
            parts[target] = archive.read(by_fold[target.casefold()])
    for name, part in parts.items():
        if b"<!DOCTYPE" in part or b"<!ENTITY" in part:
            raise Refused("ARSIP_BOM", "DOCTYPE")
        if b"\0" in part[:200] or part.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Refused("BERKAS_TABEL_TIDAK_TERBACA", f"{name} bukan UTF-8")
    return parts


def _targets(rels: bytes) -> dict[str, str]:
    """Relation id → part, for the worksheets."""
    found: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            found[attributes.get("Id", "")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")

    parse(rels, start)
    return found


def _sheet_places(parts: dict[str, bytes]) -> dict[str, str]:
    """Sheet name → part."""
    targets = _targets(parts[_RELS])
    found: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet" and targets.get(attributes.get("id", "")) in parts:
            found[attributes.get("name", "")] = targets[attributes["id"]]

    parse(parts[_BOOK], start)
    return found


def _check_extent(xml: bytes) -> None:
    """Calamine lays a sheet out as a full grid: one cell at XFD1048576 would ask for 17 billion."""
    rows, width = _extent(xml)
    if width > MAX_COLUMNS:
        raise Refused("TERLALU_BANYAK_KOLOM", str(width))
    if rows * max(width, 1) > MAX_CELLS:
        raise Refused("TABEL_TERLALU_BESAR", f"{rows} baris × {width} kolom")


def _extent(xml: bytes) -> tuple[int, int]:
    """The largest row and column any `r="…"` names, for all cells at once: a sheet holds a million of them."""
    signs = np.frombuffer(xml + b" " * 16, np.uint8)
    at = np.flatnonzero(signs[1:-15] == ord("r")) + 1
    at = at[signs[at - 1] <= ord(" ")]
    if np.any(signs[at + 1] <= ord(" ")) or np.any((signs[at + 1] == ord("=")) & (signs[at + 2] <= ord(" "))):
        found = _CELL_AT.findall(xml)  # blanks around the equals sign: legal, and never written by a spreadsheet
        rows, width = (
            max((int(row) for _, row in found), default=0),
            max((_number(c.upper()) for c, _ in found), default=0),
        )
        return max(rows, xml.count(b"<row")), width
    at = at[signs[at + 1] == ord("=")] + 3
    column, row = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
    in_letters = in_digits = np.ones(len(at), bool)
    for step in range(11):
        sign = signs[at + step].astype(np.int64)
        letter, digit = (sign | 32) - 96, sign - 48
        in_letters = in_letters & (letter >= 1) & (letter <= 26)
        column = np.where(in_letters, column * 26 + letter, column)
        in_digits = in_digits & (in_letters | ((digit >= 0) & (digit <= 9)))
        row = np.where(in_digits & ~in_letters, row * 10 + digit, row)
    return max(int(row.max(initial=0)), xml.count(b"<row")), int(column.max(initial=0))


def _number(column: bytes) -> int:
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number


def _repack(parts: dict[str, bytes]) -> io.BytesIO:
    """The checked parts and nothing else, so that the decoder never sees a byte we did not weigh."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for name, part in parts.items():
            packed.writestr(name, part)
    out.seek(0)
    return out


class _Formats:
    """Cell styles whose look says more than the value: `00000` keeps leading zeros, a clock format keeps midnight."""

    def __init__(self, styles: bytes | None):
        self.zeros: dict[bytes, int] = {}
        self.clocks: set[bytes] = set()
        if styles is None:
            return
        codes: dict[str, str] = {}
        used: list[str] = []
        inside = False

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            if name == "numFmt":
                codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
            elif name in ("cellXfs", "cellStyleXfs"):
                inside = name == "cellXfs"
            elif name == "xf" and inside:
                used.append(attributes.get("numFmtId", ""))

        parse(styles, start)
        for index, number in enumerate(used):
            code = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", codes.get(number, ""))
            if re.fullmatch(r"0{2,}(;.*)?", code):
                self.zeros[str(index).encode()] = len(code.partition(";")[0])
            elif number in map(str, _BUILT_IN_CLOCKS) or re.search(r"y.*h|h.*y", code, re.IGNORECASE):
                self.clocks.add(str(index).encode())

    def retouch(self, rows: list[list], xml: bytes) -> None:
        """Cells of those styles, as they are seen."""
        if not self.zeros and not self.clocks:
            return
        for attributes, style in _STYLED.findall(xml):
            digits = self.zeros.get(style)
            if digits is None and style not in self.clocks:
                continue
            if (at := _place(attributes)) is None or at[0] >= len(rows) or at[1] >= len(rows[at[0]]):
                continue
            value = rows[at[0]][at[1]]
            if digits and isinstance(value, float) and value.is_integer() and value >= 0:
                rows[at[0]][at[1]] = str(int(value)).zfill(digits)
            elif digits is None and type(value) is dt.date:
                rows[at[0]][at[1]] = f"{value.isoformat()}T00:00:00"


def _place(attributes: bytes) -> tuple[int, int] | None:
    match = _CELL_AT.search(b" " + attributes)
    return (int(match[2]) - 1, _number(match[1].upper()) - 1) if match and match[1] else None


def _read_sheet(sheet: CalamineSheet, xml: bytes, formats: _Formats) -> Sheet:
    rows = sheet.to_python(skip_empty_area=False) if sheet.start is not None else []
    formats.retouch(rows, xml)
    marks: list[Mark] = []
    texts = [_texts(column) for column in zip(*rows, strict=True)]
    for attributes, error in _ERROR.findall(xml) if b'"e"' in xml or b"'e'" in xml else ():
        _set(texts, _place(attributes), error.decode("utf-8", "replace"))
    for attributes, formula in _UNCOMPUTED.findall(xml) if b"<f" in xml or b":f" in xml else ():
        if at := _place(attributes):
            _grow(texts, at)
            marks.append(Mark("NILAI_RUMUS_GALAT", *at, "=" + formula.decode("utf-8", "replace")))
    cells, lines = tabulate(texts, len(texts[0]) if texts else 0)
    merges = tuple(Merge(*top_left, *bottom_right) for top_left, bottom_right in sheet.merged_cell_ranges or ())
    _check_merges(merges, cells.num_rows, cells.num_columns)
    return Sheet(cells, lines, sheet.name, marks=tuple(marks), merges=merges)


def _check_merges(merges: tuple[Merge, ...], rows: int, columns: int) -> None:
    """Merged ranges never overlap, so together they cover no more than the sheet."""
    covered = sum(
        max(0, min(m.bottom, rows - 1) - m.top + 1) * max(0, min(m.right, columns - 1) - m.left + 1) for m in merges
    )
    if covered > rows * columns:
        raise Refused("BERKAS_TABEL_TIDAK_TERBACA", "sel gabungan saling menindih")


def _grow(texts: list[list[str | None]], at: tuple[int, int]) -> None:
    """Room for a cell beyond the values: a formula that was never computed may be the last of its row or column."""
    rows = max(len(texts[0]) if texts else 0, at[0] + 1)
    texts += [[] for _ in range(at[1] + 1 - len(texts))]
    for column in texts:
        column.extend([None] * (rows - len(column)))


def _set(texts: list[list[str | None]], at: tuple[int, int] | None, text: str) -> None:
    if at:
        _grow(texts, at)
        texts[at[1]][at[0]] = text


def _texts(column: tuple[object, ...]) -> list[str | None]:
    """A column as it is seen; the type of a cell is the type calamine found."""
    kinds = set(map(type, column))
    if kinds == {str}:
        return [value or None for value in column]  # type: ignore[misc] - all are text
    return [_TEXT[type(value)](value) for value in column]


def _duration(value: dt.timedelta) -> str:
    seconds = round(value.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_TEXT: dict[type, Callable[..., str | None]] = {
    str: lambda value: value or None,
    float: number_text,
    int: str,
    bool: lambda value: "true" if value else "false",
    dt.date: dt.date.isoformat,
    dt.datetime: dt.datetime.isoformat,
    dt.time: dt.time.isoformat,
    dt.timedelta: _duration,
}
