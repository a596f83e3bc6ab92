"""JSON and NDJSON → a sheet of text, taken apart in bulk by DuckDB."""
# pyarrow.compute makes its functions when it is imported:
# pyright: reportAttributeAccessIssue=false

import json
import re
from dataclasses import replace
from functools import reduce

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.tabular.cells import beginning, matching
from transforms.tabular.reading import AMBIGUOUS, MAX_COLUMNS, MAX_LINE, Mark, Refused, Sheet, close_decimals, numbered

_OPENING = re.compile(rb"\s*+(?:\[\s*+[\[{\]\"]|\{\s*+[\"}])")
_OBJECT = re.compile(rb"\s*+\{")
_SPREAD = 8  # cells per byte a document may unfold to: objects that share no key make a table of nearly nothing
_ENVELOPES = ("data", "records")
# What DuckDB raises for text that is no JSON; the second when it cuts a character in two to quote the place.
_BROKEN = (duckdb.InvalidInputException, UnicodeDecodeError)


def looks_like_json(data: bytes) -> bool:
    """Whether text begins as a JSON object or list does (and no CSV header would)."""
    return _OPENING.match(data) is not None


def read_json(data: bytes, *, per_line: bool = False) -> Sheet:
    """A list of objects, `{"data": […]}`, `{"records": […]}` or one object per line; `data` is UTF-8.

    Lines are numbered as an editor does, elements of a list from 1. Values are text: numbers as JSON means them (1.10
    is 1.1), nested ones as JSON and marked NILAI_BERSARANG. An element that is no object is a row without cells, marked
    BUTIR_BUKAN_OBJEK. Raises Refused when the document as a whole cannot be parsed. `per_line` says that there is one
    object on each line, where that is known.
    """
    with duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}) as db:
        elements, envelope = (_lines(data), None) if per_line or _is_one_per_line(db, data) else _elements(db, data)
        db.register("masuk", pa.table({"n": pa.array(np.arange(len(elements))), "j": elements}))
        sheet = _read_elements(db, len(elements), _shapes(db), limit=_SPREAD * len(data))
        return replace(sheet, envelope=envelope)


def _is_one_per_line(db: duckdb.DuckDBPyConnection, data: bytes) -> bool:
    """Whether the first line is a whole object and more follow, or the document is broken but most lines are whole."""
    if not _OBJECT.match(data):
        return False
    lines = [line for line in data[: MAX_LINE * 2].split(b"\n", 50)[:50] if line.strip()]
    whole = sum(line.strip().startswith(b"{") and line.strip().endswith(b"}") for line in lines)
    return len(lines) > 1 and (2 * whole > len(lines) or _is_valid(db, lines[0]))


def _is_valid(db: duckdb.DuckDBPyConnection, text: bytes) -> bool:
    row = db.execute("SELECT json_valid(?)", [text.decode("utf-8", "replace")]).fetchone()
    return bool(row and row[0])


def _lines(data: bytes) -> pa.Array:
    """Every line as text without copying: the buffer itself, and where each line ends."""
    if not data.endswith(b"\n"):
        data += b"\n"
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 0x0A).astype(np.int32) + 1
    offsets = np.concatenate([np.zeros(1, np.int32), ends])
    if np.diff(offsets).max() > MAX_LINE:
        raise Refused("TABEL_TERLALU_BESAR", f"satu baris lebih dari {MAX_LINE} byte")
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))


def _elements(db: duckdb.DuckDBPyConnection, data: bytes) -> tuple[pa.ChunkedArray, str | None]:
    """The elements of a document as JSON, and what else its envelope held."""
    db.register("dokumen", pa.table({"d": pa.array([data], pa.string())}))
    pointer, envelope = "", None
    try:
        if _OBJECT.match(data):
            keys: list[str] = _one(db, "SELECT json_keys(d) FROM dokumen") or []
            lists = (f"/{key}" for key in _ENVELOPES if key in keys)
            pointer = next((p for p in lists if _one(db, f"SELECT json_type(d, '{p}') FROM dokumen") == "ARRAY"), "")
            if not pointer:
                return pa.chunked_array([pa.array([data], pa.string())]), None
            rest = f"json_merge_patch(d, '{{\"{pointer[1:]}\": null}}')"
            envelope = _one(db, f"SELECT nullif({rest}::VARCHAR, '{{}}') FROM dokumen")
        listed = f"json_extract(d, '{pointer}')" if pointer else "d"
        found = db.execute(f"SELECT unnest(from_json({listed}, '[\"JSON\"]'))::VARCHAR AS j FROM dokumen")
        return found.to_arrow_table().column("j"), envelope
    except _BROKEN as error:
        raise Refused("BERKAS_TABEL_TIDAK_TERBACA", _complaint(data)) from error


def _one(db: duckdb.DuckDBPyConnection, sql: str):
    row = db.execute(sql).fetchone()
    return row[0] if row else None


def _complaint(data: bytes) -> str:
    """What Python's parser says about a broken document, with line and column."""
    try:
        json.loads(data)
    except (ValueError, RecursionError) as error:
        return str(error)
    return "bukan JSON"


Shapes = list[tuple[list[str], int]]


def _shapes(db: duckdb.DuckDBPyConnection) -> Shapes:
    """The different lists of keys, by first appearance; leaves relation `butir`, where `j` is an object or NULL."""
    sql = "SELECT json_keys(j), min(n) FROM butir WHERE j IS NOT NULL GROUP BY 1 ORDER BY 2"
    db.execute("CREATE VIEW butir AS SELECT n, j, j AS teks FROM masuk")
    try:
        shapes = db.execute(sql).fetchall()
    except _BROKEN:
        shapes = [([], 0)]
    if not all(keys for keys, _ in shapes):
        whole = "CASE WHEN CASE WHEN json_valid(j) THEN json_type(j) END = 'OBJECT' THEN j END"
        db.execute(f"CREATE OR REPLACE VIEW butir AS SELECT n, {whole} AS j, j AS teks FROM masuk")
        shapes = db.execute(sql).fetchall()
    return shapes


def _read_elements(db: duckdb.DuckDBPyConnection, count: int, shapes: Shapes, *, limit: int) -> Sheet:
    head = tuple(reduce(lambda known, shape: known | dict.fromkeys(shape[0]), shapes, {}))
    if len(head) > MAX_COLUMNS:
        raise Refused("TERLALU_BANYAK_KOLOM", str(len(head)))
    if len(head) * count > limit:
        raise Refused("TABEL_TERLALU_BESAR", f"{count} baris × {len(head)} kolom")
    pointers = ["/" + key.replace("~", "~0").replace("/", "~1") for key in head]
    cells = _cells(db, head, pointers)
    marks = _broken(db) + _repeated_keys(db, shapes)
    cells = _close_numbers(db, cells, pointers)
    marks += _nested(db, cells, pointers)
    return Sheet(cells, numbered(count), head=head, marks=tuple(marks))


def _cells(db: duckdb.DuckDBPyConnection, head: tuple[str, ...], pointers: list[str]) -> pa.Table:
    """The values under each key as text, element by element."""
    if len({key.casefold() for key in head} - {""}) == len(head):
        told = json.dumps(dict.fromkeys(head, "VARCHAR"))
        values, picks = "from_json(j, ?)", "unnest(v)"
    else:  # the quicker way cannot tell `Judul` from `judul`
        told = pointers
        values, picks = "json_extract_string(j, ?)", ", ".join(f"v[{i + 1}]" for i in range(len(head)))
    if not head:
        return db.execute("SELECT n FROM butir").to_arrow_table().select([])
    found = db.execute(f"SELECT {picks}, n FROM (SELECT n, {values} AS v FROM butir)", [told]).to_arrow_table()
    *columns, order = found.combine_chunks().columns
    if np.any(np.diff(order.to_numpy()) < 0):
        sequence = pc.sort_indices(order)
        columns = [column.take(sequence) for column in columns]
    columns = [pc.if_else(pc.equal(column, ""), None, column) if _has_empty(column) else column for column in columns]
    return pa.table(columns, names=[str(i) for i in range(len(head))])


def _has_empty(column: pa.ChunkedArray) -> bool:
    return pc.min(pc.binary_length(column)).as_py() == 0


def _broken(db: duckdb.DuckDBPyConnection) -> list[Mark]:
    text = "trim(coalesce(teks, 'null'), E' \\t\\n')"  # an element `null` arrives as NULL
    rows = db.execute(f"SELECT n, {text} AS t FROM butir WHERE j IS NULL AND t <> ''").fetchall()
    return [Mark("BUTIR_BUKAN_OBJEK", n, None, text) for n, text in rows]


def _repeated_keys(db: duckdb.DuckDBPyConnection, shapes: Shapes) -> list[Mark]:
    """A key that an object holds twice: JSON parsers silently keep one of the two values."""
    if all(len(keys) == len(set(keys)) for keys, _ in shapes):
        return []
    rows = db.execute(
        "SELECT n, k FROM (SELECT n, json_keys(j) AS k FROM butir) WHERE len(k) <> len(list_distinct(k))"
    ).fetchall()
    twice = [(n, sorted({key for key in keys if keys.count(key) > 1})) for n, keys in rows]
    return [Mark("KOLOM_GANDA", n, None, ", ".join(keys)) for n, keys in twice]


def _of_type(db: duckdb.DuckDBPyConnection, pointer: str, lines: pa.Array, types: str) -> list[int]:
    """Which of these elements hold a value of the given JSON types under a pointer."""
    db.register("calon", pa.table({"n": lines.cast(pa.int64())}))
    sql = f"SELECT n FROM butir SEMI JOIN calon USING (n) WHERE json_type(j, ?) IN ({types})"
    return [n for (n,) in db.execute(sql, [pointer]).fetchall()]


def _close_numbers(db: duckdb.DuckDBPyConnection, cells: pa.Table, pointers: list[str]) -> pa.Table:
    """Numbers (not text) with exactly three decimals lose their ambiguity, as in a workbook."""
    for at, column in enumerate(cells.columns):
        hits = matching(column, beginning(column, "-123456789"), f"^{AMBIGUOUS}$")
        if len(hits) and (numbers := set(_of_type(db, pointers[at], hits, "'DOUBLE'"))):
            texts = [
                close_decimals(text) if text and line in numbers else text
                for line, text in enumerate(column.to_pylist())
            ]
            cells = cells.set_column(at, str(at), pa.array(texts, pa.string()))
    return cells


def _nested(db: duckdb.DuckDBPyConnection, cells: pa.Table, pointers: list[str]) -> list[Mark]:
    marks: list[Mark] = []
    for at, column in enumerate(cells.columns):
        hits = beginning(column, "[{")
        if len(hits):
            lines = _of_type(db, pointers[at], hits, "'OBJECT', 'ARRAY'")
            marks += [Mark("NILAI_BERSARANG", line, at, column[line].as_py()) for line in lines]
    return marks
