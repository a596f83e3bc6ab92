"""The views of a release, and connections that can read nothing else.

Every dataset has two: `foto` shows the newest row of each key, `foto_riwayat` every row as it was committed. Then come
those made of others (`transforms/views`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from schemas.dataset import datasets, tables
from transforms import analytics, pengaburan, replaced, withdrawal
from transforms.shape import TYPES, literal, selected

if TYPE_CHECKING:  # the process that runs an analyst's statement starts without the lake
    from infra import superseding
    from infra.lake import Lake, Snapshot
    from infra.releases import Release
    from infra.withdrawing.records import Withdrawal

LATEST = 10
"""Releases that may have been made since the table that lists them was written."""


@dataclass(frozen=True)
class View:
    """A view's name, its SELECT, and the Parquet files that reads directly; with `parameters`, a table macro."""

    name: str
    sql: str
    files: tuple[str, ...] = ()
    parameters: str = ""


def views(lake: Lake, release: Release | None) -> tuple[View, ...]:
    """What a release shows, in the order to create it. A standard that has no rows yet shows an empty table.

    What has been withdrawn since is not shown by any release, however old (`penarikan` names it); what a reviewer has
    blurred since (`pengaburan`) every release says.
    """
    from infra import superseding

    versions = release.tables if release else {}
    taken_back, blurred = lake.withdrawals(), lake.blurred()
    made: list[View] = [
        View("penarikan", withdrawal.relation([row for w in taken_back for row in w.rows()])),
        View("pengaburan", pengaburan.relation(blurred)),
    ]
    told: dict[str, list[superseding.Told]] | None = None
    # Which rows are replaced comes first: the views of all others are made with it.
    for name in dict.fromkeys([replaced.TABLE, *tables(), *versions]):
        snapshot, only = _version(lake, release, name) if release and name in versions else (None, "")
        schema = _columns(name, snapshot)
        rows = f"{rows_of(schema, snapshot)}{only}"
        if name == "rilis" and release:
            rows = _later(lake, release, rows, whole=not only)
        shown = View(name, stands(name, schema.names, rows, taken_back), snapshot.files if snapshot else ())
        if name == replaced.TABLE and release and name in versions:
            lake.bring(shown.files)
            told = superseding.told(shown.files)
        if replaced.KEY not in schema.names:
            made.append(shown)
            continue
        made.append(View(f"{name}_riwayat", shown.sql, shown.files))
        if told is None or name not in (*datasets(), "media"):
            made.append(View(name, replaced.among(f"{name}_riwayat", schema.names)))
        elif snapshot is None:
            made.append(View(name, f"SELECT * FROM {name}_riwayat"))
        else:
            parts = superseding.parts(lake, name, snapshot, told.get(name, ()), by_batch=bool(only))
            made.append(_current(name, schema, snapshot, parts, shown.sql, taken_back))
        if name == "media" and blurred:
            made[-1] = View(name, pengaburan.applied(made[-1].sql))
    return (*made, *(View(a.name, a.sql, parameters=a.parameters) for a in analytics.analyses().values()))


def stands(
    table: str, columns: Sequence[str], rows: str, taken_back: Sequence[Withdrawal], part: str | None = None
) -> str:
    """SELECT of what stands of `rows`, a SELECT of all there are of `table`; or of `part`, one of some of them."""
    if any(w.concerns(table) for w in taken_back):
        return withdrawal.standing(table, columns, f"({rows})", part and f"({part})")
    return part or rows


def _version(lake: Lake, release: Release, table: str) -> tuple[Snapshot, str]:
    """A table as a release shows it: its version, or where that is gone the current one, and a WHERE to its batches.

    Tables only grow, so that is the same, without what has been erased since. Gone for a table without batches.
    """
    from infra.releases import Gone

    current = lake.released()
    try:
        snapshot = lake.snapshot(table, release.tables[table])
        if current is None or release.tables[table] == current.tables.get(table) or not lake.lacks(snapshot):
            return snapshot, ""
    except Gone:
        if current is None:
            raise
    snapshot = lake.snapshot(table, current.tables[table])
    if "_batch" not in snapshot.schema.names:
        raise Gone(f"Release {release.number} can no longer be shown: table {table} as it was then has been removed.")
    listed = ", ".join(map(str, sorted(lake.batches(release)))) or "NULL"
    return snapshot, f"{' AND' if not snapshot.files else ' WHERE'} _batch IN ({listed})"


def _later(lake: Lake, release: Release, rows: str, *, whole: bool) -> str:
    """SELECT of `rows` of table `rilis` and of the releases up to this one that came after its version of the table.

    Where that version is gone (`whole` is false) the log cannot say how far it went: the last few are looked at.
    """
    from infra.chronicle import told

    version = release.tables.get("rilis")
    known = lake.highest("rilis", "nomor", version) if whole and version is not None else 0
    back = lake.releases(release)
    later = told(back if whole else islice(back, LATEST), known)
    if not later.num_rows:
        return rows
    columns = ", ".join(later.column_names)
    types = [TYPES[str(f.type)] for f in later.schema]
    values = ", ".join(
        f"({', '.join(f'CAST({_literal(v)} AS {t})' for v, t in zip(row.values(), types, strict=True))})"
        for row in later.to_pylist()
    )
    return (
        f"SELECT {columns} FROM ({rows}) UNION ALL FROM (VALUES {values}) t({columns})"
        f" WHERE nomor NOT IN (SELECT nomor FROM ({rows}))"
    )


def _literal(value: object) -> str:
    return "NULL" if value is None else literal(str(value))


def _columns(name: str, snapshot: Snapshot | None) -> pa.Schema:
    """The version's own columns, then those its standard has got since."""
    there = snapshot.schema if snapshot else pa.schema([])
    return pa.schema(
        [*there, *(f for f in (tables()[name].arrow if name in tables() else ()) if f.name not in there.names)]
    )


def rows_of(schema: pa.Schema, snapshot: Snapshot | None, lacking: Collection[str] = ()) -> str:
    """SELECT of all rows of a version in the columns of `schema`, withdrawn or not.

    `lacking`: columns of the version that perhaps none of its files has.
    """
    files = snapshot.files if snapshot else ()
    there = snapshot.schema.names if snapshot and files else ()
    types = {f.name: str(f.type) for f in schema}
    columns = selected(types, there)
    if not there:
        return f"SELECT {columns} WHERE false"
    listed = ", ".join(literal(file) for file in files)
    # By name: a file from before its standard got another column lacks that column.
    source = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    if lacking:
        blank = selected({name: type_ for name, type_ in types.items() if name in lacking}, ())
        source = f"(FROM {source} UNION ALL BY NAME SELECT {blank} WHERE false)"
    return f"SELECT {columns} FROM {source}"


def _current(
    name: str,
    schema: pa.Schema,
    snapshot: Snapshot,
    parts: superseding.Parts,
    rows: str,
    taken_back: Sequence[Withdrawal],
) -> View:
    """The newest row of each key. `rows`: SELECT of the history, which shows what stands."""
    history = f"{name}_riwayat"
    told = f"(FROM {replaced.TABLE} WHERE dataset = {literal(name)} AND _batch > {parts.since})"
    if len(parts.standing) == len(snapshot.files):
        return View(name, f"SELECT * FROM {history}")
    if len(parts.mixed) == len(snapshot.files):
        return View(name, replaced.newest(history, schema.names, told))

    def of(files: Sequence[str]) -> str:
        lacking = set(snapshot.schema.names).difference(*(parts.columns[file] for file in files))
        some = rows_of(schema, replace(snapshot, files=tuple(files)), lacking)
        return stands(name, schema.names, rows, taken_back, some)

    both = [of(parts.standing)] if parts.standing else []
    both += [replaced.newest(f"({of(parts.mixed)})", schema.names, told)] if parts.mixed else []
    return View(name, " UNION ALL ".join(both) or of(()), (*parts.standing, *parts.mixed))


def opened(
    shown: Sequence[View], *, megabytes: int, threads: int, scratch: Path | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection to these views that can open no other file, load nothing and change no setting.

    Instants are shown in UTC. Only below `scratch`, if given, may it write: what a COPY makes, or what memory cannot
    hold.
    """
    con = duckdb.connect(
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "memory_limit": f"{megabytes}MiB",
            "threads": threads,
            "temp_directory": str(scratch or ""),
        }
    )
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET parquet_metadata_cache = true")  # no file of a table is ever written again
    con.execute(analytics.macros())
    for view in shown:
        kind = f'MACRO "{view.name}"({view.parameters}) AS TABLE' if view.parameters else f'VIEW "{view.name}" AS'
        con.execute(f"CREATE {kind} {view.sql}")
    con.execute(f"SET allowed_paths = [{', '.join(literal(file) for view in shown for file in view.files)}]")
    con.execute(f"SET allowed_directories = [{literal(str(scratch)) if scratch else ''}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con
