"""A worksheet's XML as bytes: searched and mended in bulk, where a parser would visit a million cells one by one.

Attributes may stand in any order, and a prefix (`<x:c …>`) is legal. No pattern runs past a `<`: else a sheet of
nothing but `<c <c <c` would take for ever.
"""

import re
from functools import lru_cache

import numpy as np

from transforms.tabular.reading import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Refused, letters

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
_HIDDEN = re.compile(
    rb"""<(?:\w+:)?row\b(?=[^<>]*\shidden\s*=\s*["'](?:1|true)["'])[^<>]*?\sr\s*=\s*["']([0-9]{1,7})["']"""
)
_ROW_OR_CELL = re.compile(rb"<((?:\w+:)?)(row|c)\b([^<>]*)>")


def drop_counts(xml: bytes) -> bytes:
    """Without the numbers of elements announced: calamine reserves memory for as many, and dies of four billion."""
    if b"sst" not in xml and b"mergeCells" not in xml:
        return xml
    return _COUNTED.sub(lambda tag: _COUNT.sub(b"", tag[0]), xml)


def make_safe(xml: bytes) -> bytes:
    """A worksheet that calamine reads whole and within bounds, every cell with its `r`; Refused when it cannot be."""
    xml = drop_counts(_spell_errors(xml))
    columns, rows = _references(xml)
    cells = sum(xml.count(sign + end) for sign in (b"<c", b":c") for end in (b" ", b">", b"/", b"\t", b"\n", b"\r"))
    if cells > np.count_nonzero(columns):
        xml = _place_cells(xml)
        columns, rows = _references(xml)
    count, width = max(int(rows.max(initial=0)), xml.count(b"<row")), int(columns.max(initial=0))
    # Calamine lays a sheet out as a full grid: one cell at XFD1048576 would ask for 17 billion.
    if width > MAX_COLUMNS:
        raise Refused("TERLALU_BANYAK_KOLOM", str(width))
    if count > MAX_ROWS or count * width > MAX_CELLS:
        raise Refused("TABEL_TERLALU_BESAR", f"{count} baris × {width} kolom")
    return xml


def _spell_errors(xml: bytes) -> bytes:
    """Error cells as the text they show: calamine leaves them empty, and refuses the errors Excel has gained since."""
    return _ERROR.sub(rb"\1str\2", xml) if b'"e"' in xml or b"'e'" in xml else xml


def _place_cells(xml: bytes) -> bytes:
    """Gives every cell its `r`, which is optional: one without stands right of the one before."""
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


def _references(xml: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Column (0 where a row is meant) and row of every `r="…"`, for all cells at once: a sheet holds a million."""
    signs, at = _attributes(xml)
    if np.any(signs[at + 1] <= ord(" ")) or np.any((signs[at + 1] == ord("=")) & (signs[at + 2] <= ord(" "))):
        signs, at = _attributes(_SPACED.sub(rb" r=\1", xml))
    at = at[signs[at + 1] == ord("=")] + 3
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
    return column, row


def _attributes(xml: bytes) -> tuple[np.ndarray, np.ndarray]:
    """The bytes, and where an `r` follows a blank."""
    signs = np.frombuffer(xml + b" " * 16, np.uint8)
    at = np.flatnonzero(signs[1:-15] == ord("r")) + 1
    return signs, at[signs[at - 1] <= ord(" ")]


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


def find_hidden(xml: bytes) -> tuple[int, ...]:
    """The rows (from 0) that are not shown."""
    return tuple(int(row) - 1 for row in _HIDDEN.findall(xml)) if b"hidden" in xml else ()


def find_styled(xml: bytes, indices: bytes) -> list[tuple[int, int, bytes]]:
    """Row and column (from 0) and style of the cells under one of some styles (`3|7|12`)."""
    reference = rb"""(?=[^<>]*\sr\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["'])"""
    style = rb"""(?=[^<>]*\ss\s*=\s*["'](""" + indices + rb""")["'])"""
    found = re.findall(rb"<(?:\w+:)?c\b" + style + reference, xml)
    return [(int(row) - 1, _number(column.upper()) - 1, index) for index, column, row in found]
