"""Which lines under a header are rows, and which cells carry something no rule of a standard would look for."""
# pyarrow.compute makes its functions when it is imported:
# pyright: reportAttributeAccessIssue=false

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.reading import Mark

# What Excel and LibreOffice would compute when the text is opened again: `=…`, or + - @ before a function call, a cell
# reference in an expression, or a DDE call. Not `-5`, `+62 812…`, `@divhumaspolri`, `- butir`.
_FORMULA = (
    r"^[\s']*(?:=\s*[^\s=]|[+\-@][+\-@=\s]*(?:[A-Za-z_][A-Za-z0-9_.]*\(|\$?[A-Za-z]{1,3}\$?[0-9]+[-+*/^&:!]"
    r"|(?:[0-9.,()]+[-+*/^&])+\$?[A-Za-z]|[A-Za-z0-9_.]+\|[^!]*!))"
)
_ERROR = r"^\s*(?:#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!)|Err:[0-9]{3})\s*$"
_NOTE = r"(?i:\s*(?:\*|(?:catatan|sumber|keterangan|ket)\b))"
_TOTAL = (
    r"(?i:\s*(?:sub\s*|grand\s*)?(?:jumlah|total)"
    r"(?:\s+(?:umum|akhir|seluruh(?:nya)?|keseluruhan|semua|nasional|(?:provinsi|kabupaten|kota|polda|polres)\b.*))?\s*:?\s*)"
)
_SUSPECT = f"{_FORMULA}|{_ERROR}|^{_NOTE}|^{_TOTAL}$"
_LONGEST_ASIDE = 200  # signs; also keeps Python's backtracking away from a cell of megabytes
_NUMBER = re.compile(r"[\s\d.,%()+-]*|Rp[\s\d.,-]*", re.IGNORECASE)
_UNREADABLE = "\ufffd"


@dataclass(frozen=True)
class Sifted:
    """Line position → why it is no row; and the marks on the cells of the others."""

    skipped: dict[int, str]
    marks: list[Mark]


def sift(cells: pa.Table, *, written_by_hand: bool) -> Sifted:
    """Look for empty lines, totals, notes, formula-like text, formula errors and unreadable characters.

    Whole columns are searched; Python only sees the cells that were hit. Totals and notes are looked for only in
    tables people type (`written_by_hand`), not in JSON. `Mark.line` is the position in `cells`.
    """
    skipped = dict.fromkeys(_blank_lines(cells), "BARIS_KOSONG")
    marks: list[Mark] = []
    remarks: set[int] = set()
    for at, column in enumerate(cells.columns):
        for line, text, is_error, is_formula in _suspects(column):
            if is_error or is_formula:
                marks.append(Mark("NILAI_RUMUS_GALAT" if is_error else "RUMUS_BERBAHAYA", line, at, text))
            else:
                remarks.add(line)
        for line, text in _hits(column, pc.match_substring(column, _UNREADABLE)):
            marks.append(Mark("SANDI_TIDAK_TERBACA", line, at, text))
    if written_by_hand and cells.num_columns > 1:
        lines = sorted(remarks)
        for line, row in zip(lines, cells.take(pa.array(lines, pa.int64())).to_pylist(), strict=True):
            if reason := _aside(list(row.values())):
                skipped[line] = reason
    return Sifted(skipped, marks)


def _suspects(column: pa.ChunkedArray) -> Iterator[tuple[int, str, bool, bool]]:
    """Position and text of the cells worth a look, and whether each is a formula's error, or like a formula."""
    hits = _hits(column, pc.match_substring_regex(column, _SUSPECT))
    texts = pa.array([text for _, text in hits], pa.string())
    errors, formulas = (pc.match_substring_regex(texts, pattern).to_pylist() for pattern in (_ERROR, _FORMULA))
    for (line, text), is_error, is_formula in zip(hits, errors, formulas, strict=True):
        yield line, text, is_error, is_formula


def _hits(column: pa.ChunkedArray, found: pa.ChunkedArray) -> list[tuple[int, str]]:
    at = pc.indices_nonzero(pc.fill_null(found, False))
    return list(zip(at.to_pylist(), column.take(at).to_pylist(), strict=True)) if len(at) else []


def _blank_lines(cells: pa.Table) -> list[int]:
    """Positions of lines without a visible character; each further column is only asked about what is left."""
    left = pa.array(np.arange(cells.num_rows)) if not cells.num_columns else None
    for column in cells.columns:
        seen = pc.fill_null(pc.match_substring_regex(column if left is None else column.take(left), r"\S"), False)
        blank = pc.indices_nonzero(pc.invert(seen))
        left = blank if left is None else left.take(blank)
        if not len(left):
            break
    return left.to_pylist() if left is not None else []


def _aside(row: list[str | None]) -> str | None:
    filled = [text for text in row if text and text.strip()]
    if len(filled[0]) > _LONGEST_ASIDE:
        return None
    if len(filled) == 1 and row[0] == filled[0] and re.match(_NOTE, filled[0]):
        return "BARIS_CATATAN"
    first, *others = filled
    if others and re.fullmatch(_TOTAL, first) and all(_NUMBER.fullmatch(text) for text in others):
        return "BARIS_JUMLAH"
    return None
