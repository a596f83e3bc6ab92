"""What of a table stands once something was withdrawn: SQL over its rows and the relation `penarikan`.

`penarikan` says what was taken back, one row per thing; the columns that do not name it are empty:

* `kiriman`: a submission version; every row it brought, in every table.
* `dataset`, `kunci`: a row of that key that had arrived by `pada`; what the office hands in later is a new row.
* `sha256`: every row about a medium of these bytes, whenever it arrives.
* `pemuat`: a submission version that brought a withdrawn row among others; the values its findings quote go.

A row that a withdrawn one had replaced does not come back: it goes with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from transforms.shape import literal

COLUMNS = {
    "nomor": "BIGINT",
    "dataset": "VARCHAR",
    "kunci": "VARCHAR",
    "kiriman": "VARCHAR",
    "sha256": "VARCHAR",
    "pemuat": "VARCHAR",
    "pada": "TIMESTAMPTZ",
}
NEWEST = ("_batch", "_diterima_pada", "_kiriman", "_baris")
"""What makes a row newer than another of the same key, the most important first; a table need not have all."""


def relation(rows: Collection[tuple[object, ...]]) -> str:
    """SELECT of `penarikan` out of its rows, in the order of COLUMNS; instants as ISO 8601."""
    listed = ", ".join(f"({', '.join(map(_value, row))})" for row in rows)
    blank = f"({', '.join('NULL' for _ in COLUMNS)})"
    columns = ", ".join(f"CAST({name} AS {type_}) AS {name}" for name, type_ in COLUMNS.items())
    return f"SELECT {columns} FROM (VALUES {listed or blank}) t({', '.join(COLUMNS)}){'' if listed else ' WHERE false'}"


def withdrawn(table: str, columns: Collection[str], row: str = "r") -> str:
    """Condition: `row` of `table` is itself withdrawn. Never NULL."""
    parts: list[str] = []
    for name in ("kiriman", "_kiriman"):
        if name in columns:
            parts.append(f"{row}.{name} IN (SELECT kiriman FROM penarikan WHERE kiriman IS NOT NULL)")
    if key := _key(table, columns):
        mine, theirs = key
        parts.append(
            f"EXISTS (SELECT 1 FROM penarikan t WHERE {theirs} = {row}.{mine} AND t.pada >= {row}._diterima_pada)"
        )
    if table in ("pelepasan", "perbaikan"):
        named = f"(t.dataset = {row}.dataset AND t.kunci = {row}.kunci)"
        if table == "perbaikan":  # it names a medium as table `media` does
            named = f"({named} OR ({row}.dataset = 'media' AND concat_ws('|', t.dataset, t.kunci) = {row}.kunci))"
        parts.append(f"EXISTS (SELECT 1 FROM penarikan t WHERE {named} AND t.pada >= {row}._diterima_pada)")
    if "sha256" in columns:
        parts.append(f"{row}.sha256 IN (SELECT sha256 FROM penarikan WHERE sha256 IS NOT NULL)")
    return f"({' OR '.join(f'coalesce({part}, FALSE)' for part in parts) or 'FALSE'})"


def gone(table: str, columns: Collection[str], source: str, row: str = "r") -> str:
    """Condition: `row` of `source` (all rows of `table`) is withdrawn, or had been replaced by one that is."""
    own = withdrawn(table, columns, row)
    if "_kunci" not in columns:
        return own
    return (
        f"EXISTS (SELECT 1 FROM (SELECT w._kunci, max({order(columns, 'w')}) AS batas FROM {source} w"
        f" WHERE {withdrawn(table, columns, 'w')} GROUP BY w._kunci) b"
        f" WHERE b._kunci = {row}._kunci AND {order(columns, row)} <= b.batas)"
    )


def standing(table: str, columns: Collection[str], source: str, part: str | None = None) -> str:
    """SELECT of what stands of `part` of `source`, all rows of `table`; without one, of these."""
    shown = "*"
    if table == "temuan":
        shown = f"* REPLACE (CASE WHEN {quoting('r')} THEN NULL ELSE nilai END AS nilai)"
    return f"SELECT {shown} FROM {part or source} AS r WHERE NOT {gone(table, columns, source)}"


def quoting(row: str) -> str:
    """Condition: a finding of a submission that brought something withdrawn."""
    return f"{row}.kiriman IN (SELECT pemuat FROM penarikan WHERE pemuat IS NOT NULL)"


def order(columns: Collection[str], row: str, called: Mapping[str, str] | None = None) -> str:
    """The place of a row among those of its key; the newest is the greatest. `called`: other names of its columns."""
    names = {name: f"{row}.{(called or {}).get(name, name)}" for name in NEWEST if name in columns}
    return f"row({', '.join(f'coalesce({sql}, 0)' if n == '_baris' else sql for n, sql in names.items())})"


def mark(table: str, columns: Collection[str]) -> str:
    """SELECT of one `mark` that changes whenever something is withdrawn that can concern `table`."""
    said = "concat_ws(chr(31), dataset, kunci, kiriman, sha256, pada)"
    named = "TRUE" if table == "media" else f"dataset = {literal(table)}"
    of = f"{named} OR dataset IS NULL" if "sha256" in columns else named
    return f"SELECT coalesce(md5(string_agg({said}, chr(30) ORDER BY {said})), '') AS mark FROM penarikan WHERE {of}"


def _key(table: str, columns: Collection[str]) -> tuple[str, str] | None:
    if "_kunci" not in columns or "_diterima_pada" not in columns:
        return None
    if table == "media":
        return "_kunci", "concat_ws('|', t.dataset, t.kunci)"
    return "_kunci", f"CASE WHEN t.dataset = {literal(table)} THEN t.kunci END"


def _value(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else literal(str(value))
