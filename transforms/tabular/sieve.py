"""Which lines under a header are rows, and which cells carry something no rule of a standard would look for."""
# pyarrow.compute makes its functions when it is imported:
# pyright: reportAttributeAccessIssue=false

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas import reference
from transforms.tabular.cells import beginning, matching, may_hold, without
from transforms.tabular.reading import Mark

# What Excel and LibreOffice would compute when the text is opened again: `=…`, or + - @ before a function call, a cell
# reference in an expression, or a DDE call. Not `-5`, `+62 812…`, `@divhumaspolri`, `- butir`.
_FORMULA = (
    r"^[\s']*(?:=\s*[^\s=]|[+\-@][+\-@=\s]*(?:[A-Za-z_][A-Za-z0-9_.]*\(|\$?[A-Za-z]{1,3}\$?[0-9]+[-+*/^&:!]"
    r"|(?:[0-9.,()]+[-+*/^&])+\$?[A-Za-z]|[A-Za-z0-9_.]+\|[^!]*!))"
)
_ERROR = r"^\s*(?:#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!)|Err:[0-9]{3})\s*$"
_NOTE = r"^\s*(?i:\*|(?:catatan|sumber|keterangan|ket)\b)"
_NAMES = {row["nama"] for row in reference.read("letak")} | {"DKI Jakarta", "Indonesia"}
for _kode, _satker in reference.satker().items():
    if _satker["tipe"] == "POLDA":
        _NAMES |= {_kode, _satker["nama"].removeprefix("Polda ")}
_PLACES = "|".join(re.escape(name) for name in sorted(_NAMES))
TOTAL = (
    r"^\s*(?i:(?:sub\s*|grand\s*)?(?:jumlah|total)"
    r"(?:\s+(?:umum|akhir|seluruh(?:nya)?|keseluruhan|semua|nasional|(?:provinsi|kabupaten|kota|polda|polres)\b.*"
    rf"|(?:se-?\s*)?(?:{_PLACES})))?)\s*:?\s*$"
)
"""A cell that says its line is a total."""

_MONTHS = "januari|februari|maret|april|mei|juni|juli|agustus|september|oktober|november|desember"
_SIGNED = (
    r"^\s*(?i:(?:mengetahui|menyetujui|mengesahkan)\s*(?:[,:].*)?|(?:ttd|tertanda)\.?\s*(?:[,:].*)?"
    rf"|(?:nrp|nip)\b[\s.:]*[0-9 ]+|[a-z][a-z .]*,\s*[0-9]{{1,2}}\s+(?:{_MONTHS})\s+[0-9]{{4}})\s*$"
)
"""A cell of the lines under a table where somebody signs: who knows of it, place and day, a service number."""

_NUMBER = r"^\s*(?i:rp)?[\s0-9.,%()+-]*$"
_VISIBLE = r"\S"
_UNREADABLE = "\ufffd"

# A first sign tells almost every cell from these; looking at one byte is five times cheaper than a pattern.
_BLANK_SIGNS = "\t\n\v\f\r "
_CELL_SIGNS = _BLANK_SIGNS + "'=+-@#E"
_SIGNED_SIGNS = _BLANK_SIGNS + "mMtTnN"
_TOTAL_SIGNS = _BLANK_SIGNS + "jJtTsSgG"


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
    columns = [column.combine_chunks() for column in cells.columns]
    everything = pa.array(np.arange(cells.num_rows))
    skipped = dict.fromkeys(without(columns, everything, _VISIBLE).to_pylist(), "BARIS_KOSONG")
    if written_by_hand and len(columns) > 1:
        notes = without(columns[1:], matching(columns[0], everything, _NOTE), _VISIBLE)
        skipped |= dict.fromkeys(notes.to_pylist(), "BARIS_CATATAN")
        skipped |= dict.fromkeys(_signatures(columns), "BARIS_CATATAN")
        skipped |= dict.fromkeys(_totals(columns), "BARIS_JUMLAH")
    marks: list[Mark] = []
    for at, column in enumerate(columns):
        suspects = beginning(column, _CELL_SIGNS)
        for kode, pattern in (("NILAI_RUMUS_GALAT", _ERROR), ("RUMUS_BERBAHAYA", _FORMULA)):
            marks += _mark(kode, column, at, matching(column, suspects, pattern))
        if may_hold(column, _UNREADABLE.encode()):
            marks += _mark("SANDI_TIDAK_TERBACA", column, at, matching(column, everything, _UNREADABLE))
    return Sifted(skipped, marks)


def _signatures(columns: list[pa.Array]) -> set[int]:
    """Lines that hold nothing but what belongs to a signature; place and day alone only where they stand on the right.

    That is, with nothing in the first column and hardly anything in the others: a pattern is dear.
    """
    filled = np.sum([column.is_valid().to_numpy(zero_copy_only=False) for column in columns], axis=0)
    right = without(columns[:1], pa.array(np.flatnonzero(filled <= 2)), _VISIBLE)
    lines = {
        line
        for column in columns
        for some in (right, beginning(column, _SIGNED_SIGNS))
        for line in matching(column, some, _SIGNED).to_pylist()
    }
    texts = {line: [text for column in columns if (text := column[line].as_py())] for line in lines}
    return {line for line in lines if all(re.match(_SIGNED, text) for text in texts[line] if text.strip())}


def _totals(columns: list[pa.Array]) -> list[int]:
    """Lines whose first filled cell says it is a total, with nothing but numbers behind it, and at least one."""
    found: list[int] = []
    for at, column in enumerate(columns):
        lines = matching(column, beginning(column, _TOTAL_SIGNS), TOTAL)
        lines = without(columns[:at], lines, _VISIBLE)
        for other in columns[at + 1 :]:
            if not len(lines):
                break
            empty = pc.invert(pc.fill_null(pc.match_substring_regex(other.take(lines), _VISIBLE), False))
            number = pc.fill_null(pc.match_substring_regex(other.take(lines), _NUMBER), False)
            lines = lines.filter(pc.or_(empty, number))
        alone = set(without(columns[at + 1 :], lines, _VISIBLE).to_pylist())
        found += [line for line in lines.to_pylist() if line not in alone]
    return found


def conflicting(first: pa.ChunkedArray, again: pa.ChunkedArray, column: int) -> list[Mark]:
    """KOLOM_GANDA at the lines where a column that is there twice says something else the second time."""
    one, two = (pc.utf8_trim_whitespace(pc.fill_null(texts, "")) for texts in (first, again))
    other = pc.and_(pc.not_equal(one, two), pc.not_equal(two, ""))
    return [
        Mark("KOLOM_GANDA", line, column, f"{one[line].as_py() or '-'} | {two[line].as_py()}")
        for line in np.flatnonzero(other.to_numpy()).tolist()
    ]


def _mark(kode: str, column: pa.Array, at: int, lines: pa.Array) -> list[Mark]:
    texts = column.take(lines).to_pylist()
    return [Mark(kode, line, at, text) for line, text in zip(lines.to_pylist(), texts, strict=True)]
