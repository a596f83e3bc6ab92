"""A worksheet's XML as bytes: searched and mended in bulk, where a parser would visit a million cells one by one.

Attributes may stand in any order, and a prefix (`<x:c …>`) is legal. No pattern runs past a `<`: else a sheet of
nothing but `<c <c <c` would take for ever.
"""

import re
from functools import lru_cache

import numpy as np

from transforms.reading import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Refused, letters

_LONGEST = 11  # signs of a reference; XFD1048576, the last cell of a sheet, has ten
_CELL_AT = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,7})["']""")
_SPACED = re.compile(rb"""\sr(?:\s+=\s*|=\s+)(["'])""")  # legal, and never written by a spreadsheet
_ERROR = re.compile(rb"""(<(?:\w+:)?c\b[^<>]*\st\s*=\s*["'])e(["'])""")
_UNCOMPUTED = re.compile(
    rb"""<(?:\w+:)?c\b((?:(?!\bt\s*=\s*["']str["'])[^<>])*)>\s*<(?:\w+:)?f\b[^<>]*?(?:/>|>([^<]*)</(?:\w+:)?f>)\s*"""
    rb"""(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"""
)
_COUNTED = re.compile(rb"<(?:\w+:)?(?:sst|mergeCells)\b[^<>]*>")
_COUNT = re.compile(rb"""\s(?:count|uniqueCount)\s*=\s*(?:"[^"]*"|'[^']*')""")
_UNPLACED = re.compile(rb"<(?:\w+:)?c\b(?![^<>]*\sr\s*=)")
_ROW_OR_CELL = re.compile(rb"<((?:\w+:)?)(row|c)\b([^<>]*)>")


def drop_counts(xml: bytes) -> bytes:
    """Without the numbers of elements announced: calamine reserves memory for as many, and dies of four billion."""
    return _COUNTED.sub(lambda tag: _COUNT.sub(b"", tag[0]), xml)


def spell_errors(xml: bytes) -> bytes:
    """Error cells as the text they show: calamine leaves them empty, and refuses the errors Excel has gained since."""
    return _ERROR.sub(rb"\1str\2", xml) if b'"e"' in xml or b"'e'" in xml else xml


def place_cells(xml: bytes) -> bytes:
    """Gives every cell its `r`, which is optional: one without stands right of the one before."""
    if not _UNPLACED.search(xml):
        return xml
    row = column = 0

    def put(match: re.Match[bytes]) -> bytes:
        nonlocal row, column
        prefix, kind, attributes = match.groups()
        found = _CELL_AT.search(attributes)
        if kind == b"row":
            row, column = int(found[2]) if found else row + 1, 0
            return match[0] if found else b'<%srow r="%d"%s>' % (prefix, row, attributes)
        column = _number(found[1].upper()) if found else column + 1
        return match[0] if found else b'<%sc r="%s%d"%s>' % (prefix, letters(column - 1).encode(), row, attributes)

    return _ROW_OR_CELL.sub(put, xml)


def check_extent(xml: bytes) -> None:
    """Calamine lays a sheet out as a full grid: one cell at XFD1048576 would ask for 17 billion."""
    rows, width = _extent(xml)
    if width > MAX_COLUMNS:
        raise Refused("TERLALU_BANYAK_KOLOM", str(width))
    if rows > MAX_ROWS or rows * width > MAX_CELLS:
        raise Refused("TABEL_TERLALU_BESAR", f"{rows} baris × {width} kolom")


def _extent(xml: bytes) -> tuple[int, int]:
    """The largest row and column any `r="…"` names, for all cells at once: a sheet holds a million of them."""
    signs = np.frombuffer(_SPACED.sub(rb" r=\1", xml) + b" " * 16, np.uint8)
    at = np.flatnonzero(signs[1:-15] == ord("r")) + 1
    at = at[(signs[at - 1] <= ord(" ")) & (signs[at + 1] == ord("="))] + 3
    column, row = np.zeros(len(at), np.int64), np.zeros(len(at), np.int64)
    in_letters = in_reference = np.ones(len(at), bool)
    for step in range(_LONGEST):
        sign = signs[at + step].astype(np.int64)
        letter, digit = (sign | 32) - 96, sign - 48
        in_letters = in_letters & (letter >= 1) & (letter <= 26)
        column = np.where(in_letters, column * 26 + letter, column)
        in_reference = in_reference & (in_letters | ((digit >= 0) & (digit <= 9)))
        row = np.where(in_reference & ~in_letters, row * 10 + digit, row)
    if in_reference.any():
        raise Refused("BERKAS_TABEL_TIDAK_TERBACA", "alamat sel terlalu panjang")
    return max(int(row.max(initial=0)), xml.count(b"<row")), int(column.max(initial=0))


@lru_cache(1024)
def _number(column: bytes) -> int:
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number


def place(attributes: bytes) -> tuple[int, int] | None:
    """Row and column of a cell, from 0."""
    match = _CELL_AT.search(b" " + attributes)
    return (int(match[2]) - 1, _number(match[1].upper()) - 1) if match and match[1] else None


def find_uncomputed(xml: bytes) -> list[tuple[bytes, bytes]]:
    """Attributes and formula of the cells whose formula was never computed, so that they hold no value."""
    return _UNCOMPUTED.findall(xml) if b"<f" in xml or b":f" in xml else []


def find_styled(xml: bytes, indices: bytes) -> list[tuple[bytes, bytes]]:
    """Attributes and style of the cells under one of some styles (`3|7|12`)."""
    return re.findall(rb"""<(?:\w+:)?c\b([^<>]*\ss\s*=\s*["'](""" + indices + rb""")["'][^<>]*)>""", xml)
