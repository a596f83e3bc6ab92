"""What differs between two releases: per table the rows that came, were replaced, and went, by their key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from infra.lake import Lake
from infra.releases import Release
from infra.sql.query import connect
from schemas.dataset import tables
from transforms.replaced import KEY


@dataclass(frozen=True)
class Difference:
    """One table between two releases, as its readers saw it: keys of rows only the second or only the first shows, and
    of rows that both show with other content. Columns only one of them has are not compared."""

    table: str
    added: tuple[str, ...]
    replaced: tuple[str, ...]
    gone: tuple[str, ...]


def differences(lake: Lake, one: Release, other: Release) -> list[Difference]:
    """Every table of which the two show another version, by name; those without a difference are left out."""
    changed = sorted({*one.tables, *other.tables})
    changed = [name for name in changed if one.tables.get(name) != other.tables.get(name)]
    with connect(lake, one) as before, connect(lake, other) as after:
        found = [_difference(name, before, after) for name in changed]
    return [each for each in found if each.added or each.replaced or each.gone]


def _difference(table: str, before: duckdb.DuckDBPyConnection, after: duckdb.DuckDBPyConnection) -> Difference:
    present = [_columns(con, table) for con in (before, after)]
    shared = [name for name in present[1] if name in present[0] or not present[0]]
    with duckdb.connect() as con:
        for name, side, there in (("dahulu", before, present[0]), ("kini", after, present[1])):
            con.register(name, _rows(side, table, shared) if there else pa.table({"kunci": [""], "isi": [0]}).slice(1))
        rows = con.execute(
            "SELECT coalesce(d.kunci, k.kunci), CASE WHEN d.kunci IS NULL THEN 'added' WHEN k.kunci IS NULL THEN 'gone'"
            " ELSE 'replaced' END FROM dahulu d FULL JOIN kini k ON k.kunci = d.kunci"
            " WHERE d.isi IS DISTINCT FROM k.isi ORDER BY 1"
        ).fetchall()
    return Difference(table, **{what: tuple(k for k, w in rows if w == what) for what in ("added", "replaced", "gone")})


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    shown = {name for (name,) in con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()}
    return [c[0] for c in con.execute(f'SELECT * FROM "{table}" LIMIT 0').description or ()] if table in shown else []


def _rows(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> pa.Table:
    parts = [name for name in tables()[table].primary_key if name in columns] if table in tables() else list(columns)
    texts = ", ".join(f"coalesce(CAST(\"{name}\" AS VARCHAR), '')" for name in parts)
    key = KEY if KEY in columns else f"concat_ws('|', {texts})"
    listed = ", ".join(f'"{name}"' for name in columns)
    # A table without keys of its own may hold one twice; the order of rows says nothing.
    return con.execute(
        f'SELECT {key} AS kunci, bit_xor(hash(row({listed}))) AS isi FROM "{table}" GROUP BY 1'
    ).to_arrow_table()


def told(one: Release, other: Release, found: Sequence[Difference], *, rows: bool) -> tuple[dict[str, Any], str]:
    """As data and in words; with `rows` every key."""
    head = f"release {one.number} ({one.at:%Y-%m-%d %H:%M} UTC) -> {other.number} ({other.at:%Y-%m-%d %H:%M} UTC)"
    lines, data = [head], []
    for each in found:
        parts = {"added": each.added, "replaced": each.replaced, "gone": each.gone}
        counts = {what: len(keys) for what, keys in parts.items()}
        lines.append(f"{each.table}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
        data.append({"table": each.table, **counts, **({"keys": parts} if rows else {})})
        lines += (
            [
                f"  {mark} {key}"
                for what, mark in (("added", "+"), ("replaced", "~"), ("gone", "-"))
                for key in parts[what]
            ]
            if rows
            else []
        )
    if not found:
        lines.append("the same rows")
    return {"from": one.number, "to": other.number, "tables": data}, "\n".join(lines)
