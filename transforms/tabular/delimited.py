"""CSV in any dialect → a sheet of text, parsed in bulk by Arrow; only odd lines are looked at one by one."""
# pyarrow.compute makes its functions when it is imported:
# pyright: reportAttributeAccessIssue=false

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from transforms.tabular.heading import DEPTH, Heading, find_heading
from transforms.tabular.reading import MAX_COLUMNS, MAX_LINE, Mark, Refused, Sheet, numbered

_SEPARATORS = (b",", b";", b"\t", b"|")
_SAMPLE = 1 << 18
_SAMPLE_LINES = 200


class _Grammar:
    """RFC 4180 for one separator: what Arrow's parser understands without guessing."""

    def __init__(self, separator: bytes):
        sep = re.escape(separator)
        field = b'(?:"[^"]*+(?:""[^"]*+)*+"|[^"\n' + sep + b"][^\n" + sep + b"]*+|)"
        self.separator = separator
        self.sound = re.compile(b"(?:" + field + b"(?:[" + sep + b"]|\n))*+")
        self.record = re.compile(b"(?:" + field + sep + b")*+" + field + b"\n")
        self.field = re.compile(b"(" + field + b")(?:[" + sep + b"]|\n)")
        self.bare = re.compile(b"[^\n" + sep + b"]*+")

    def cells(self, record: bytes) -> list[str | None]:
        """A record that ends in a line feed, as text; an empty cell is None."""
        return [_unquote(raw) for raw in self.field.findall(record)]

    def records(self, data: bytes) -> list[bytes]:
        return self.record.findall(data)


def _unquote(raw: bytes) -> str | None:
    if raw.startswith(b'"'):
        raw = raw[1:-1].replace(b'""', b'"')
    return raw.decode("utf-8", "replace") or None


def read_delimited(data: bytes, spellings: Mapping[str, str]) -> Sheet:
    """`data` is UTF-8 with `\\n` line ends. Lines count as Excel counts rows: a quoted line feed begins no new one.

    A cell too many is marked BARIS_KELEBIHAN_SEL and its text kept in the mark; a quote that is never closed (or closed
    in mid-cell) is taken as an ordinary sign and marked KUTIP_TIDAK_TERTUTUP, so that it swallows no rows.
    """
    if not data.endswith(b"\n"):
        data += b"\n"
    _check_lines(data)
    data = _drop_directive(data)
    separator, heading = sniff(data, spellings)
    grammar = _Grammar(separator)
    data, stray = _mend_quotes(data, grammar)
    sample = [grammar.cells(r) for r in grammar.records(_head(data))[:_SAMPLE_LINES]]
    width = len(heading.texts) if heading else max(map(len, sample), default=1)
    if width > MAX_COLUMNS:
        raise Refused("TERLALU_BANYAK_KOLOM", str(width))
    cells, marks = _parse(data, grammar, width)
    if stray:
        starts = [match.start() for match in grammar.record.finditer(data)]
        marks += [
            Mark("KUTIP_TIDAK_TERTUTUP", bisect_right(starts, at) - 1, None, text.decode("utf-8", "replace"))
            for at, text in stray
        ]
    return Sheet(cells, numbered(cells.num_rows), marks=tuple(marks))


def _check_lines(data: bytes) -> None:
    start = 0
    while len(data) - start > MAX_LINE:
        end = data.rfind(b"\n", start, start + MAX_LINE)
        if end < 0:
            raise Refused("TABEL_TERLALU_BESAR", f"satu baris lebih dari {MAX_LINE} byte")
        start = end + 1


def _drop_directive(data: bytes) -> bytes:
    """`sep=;` tells Excel the separator; as a line of its own it keeps its number, emptied."""
    return re.sub(rb"\A\"?sep=[^\n]{1,2}\"?\n", b"\n", data, flags=re.IGNORECASE)


def _head(data: bytes) -> bytes:
    return data[: data.rfind(b"\n", 0, _SAMPLE) + 1] or data[: data.find(b"\n") + 1]


def sniff(data: bytes, spellings: Mapping[str, str]) -> tuple[bytes, Heading | None]:
    """The separator under which the header names most columns; else the one that cuts lines most evenly."""
    best: tuple[tuple[int, float, int], bytes, Heading | None] | None = None
    for separator in _SEPARATORS:
        grammar = _Grammar(separator)
        head, _ = _mend_quotes(_head(data), grammar)
        rows = [grammar.cells(record) for record in grammar.records(head)[:_SAMPLE_LINES]]
        heading = find_heading(rows[:DEPTH], (), spellings)
        [(width, count)] = Counter(len(row) for row in rows if any(row)).most_common(1) or [(1, 0)]
        even = count / len(rows) if width > 1 else 0.0
        rank = (heading.score if heading else 0, even, width)
        if best is None or rank > best[0]:
            best = (rank, separator, heading)
    assert best is not None
    return best[1], best[2]


def _mend_quotes(data: bytes, grammar: _Grammar) -> tuple[bytes, list[tuple[int, bytes]]]:
    """`data` with every misplaced quote made an ordinary sign, and where (in the result) each such cell stands."""
    if b'"' not in data:
        return data, []
    parts: list[bytes] = []
    stray: list[tuple[int, bytes]] = []
    at = done = length = 0
    while (at := grammar.sound.match(data, at).end()) < len(data):  # type: ignore[union-attr] - it matches anywhere
        cell = grammar.bare.match(data, at).group()  # type: ignore[union-attr]
        parts += [data[done:at], b'"' + cell.replace(b'"', b'""') + b'"']
        length += at - done
        stray.append((length, cell))
        length += len(parts[-1])
        at += len(cell)
        done = at
        at += 1  # past the separator or line feed that ended the cell, which stays in the data
    return b"".join([*parts, data[done:]]), stray


def _parse(data: bytes, grammar: _Grammar, width: int) -> tuple[pa.Table, list[Mark]]:
    odd: list[csv.InvalidRow] = []

    def set_aside(row: csv.InvalidRow) -> str:
        odd.append(row)
        return "skip"

    names = [str(i) for i in range(width)]
    table = csv.read_csv(
        pa.py_buffer(data),
        read_options=csv.ReadOptions(use_threads=False, column_names=names, block_size=len(data) + 1),
        parse_options=csv.ParseOptions(
            delimiter=grammar.separator.decode(),
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=set_aside,
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
        ),
    )
    if not odd:
        return table, []
    marks: list[Mark] = []
    rows: list[list[str | None]] = []
    for row in odd:
        cells = grammar.cells(row.text.encode() + b"\n")
        if any(extra := cells[width:]):
            marks.append(Mark("BARIS_KELEBIHAN_SEL", row.number - 1, None, " | ".join(c or "" for c in extra)))
        rows.append((cells + [None] * width)[:width])
    others = pa.table([pa.array(column, pa.string()) for column in zip(*rows, strict=True)], names=names)
    total = table.num_rows + len(odd)
    at = pa.array([row.number - 1 for row in odd], pa.int64())
    regular = pc.indices_nonzero(pc.invert(pc.is_in(pa.array(np.arange(total)), at)))
    order = pc.sort_indices(pa.concat_arrays([regular.cast(pa.int64()), at]))
    return pa.concat_tables([table, others]).take(order), marks
