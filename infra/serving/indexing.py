"""Making indexes (`index.py`): `python -m infra.serving.indexing FOLDER`, with the jobs as JSON on standard input.

A process of its own, so that pages are answered meanwhile. Of several that work in one folder, one works at a time.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from transforms.shape import OFFLINE, literal, quoted

TYPES = {
    "VARCHAR": "{}",
    "BIGINT": "{}",
    "DOUBLE": "{}",
    "DATE": "CAST({} AS VARCHAR)",
    "TIMESTAMPTZ": "replace(strftime({}, '%Y-%m-%dT%H:%M:%S.%f+00:00'), '.000000+', '+')",
}
"""DuckDB type → how an index holds its values: as the JSON of a page shows them, and in the same order."""

AT_ONCE = 10_000
SPARE = 0.1
"""This part of the disk stays free: the ledger and the lake may lie on it."""


@dataclass(frozen=True)
class Job:
    """An index to have: its file name, the edition it is made of, and the columns looked for by value."""

    name: str
    parquet: str
    columns: Mapping[str, str]
    key: list[str]
    looked_for: list[str]


def settle(folder: Path, jobs: list[Job]) -> None:
    """Remove all indexes but these, then make those that are lacking."""
    with (folder / "kunci").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = {job.name for job in jobs}
        for path in [*folder.glob("*.db"), *folder.glob("*.draft")]:
            if path.name not in wanted:
                path.unlink()
        for job in jobs:
            if not (folder / job.name).exists():
                lay(job, folder / job.name)


def lay(job: Job, target: Path) -> None:
    """Make an index; it is there whole or not at all.

    OSError when it would take the last of the disk; sqlite3.IntegrityError when a key is NULL or there twice.
    """
    draft = target.with_suffix(".draft")
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as index:
            _fill(index, job, draft.parent)
        with draft.open("rb") as file:
            os.fsync(file.fileno())  # what has its name is whole, also after a power cut
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _fill(index: sqlite3.Connection, job: Job, folder: Path) -> None:
    columns, key = ", ".join(map(quoted, job.columns)), ", ".join(map(quoted, job.key))
    shown = ", ".join(TYPES[type_].format(quoted(name)) for name, type_ in job.columns.items())
    # A draft is for nobody, so it needs no journal. Rows are long: pages of 16 KiB hold some tens.
    for pragma in ("page_size = 16384", "journal_mode = OFF", "synchronous = OFF", "cache_size = -65536"):
        index.execute(f"PRAGMA {pragma}")
    index.execute(f"CREATE TABLE baris ({columns}, PRIMARY KEY ({key})) WITHOUT ROWID")
    index.execute("BEGIN")
    with duckdb.connect(config={**OFFLINE, "threads": 1, "memory_limit": "512MB"}) as con:
        con.execute("SET TimeZone = 'UTC'")
        rows = con.execute(f"SELECT {shown} FROM read_parquet({literal(job.parquet)})")
        while some := rows.fetchmany(AT_ONCE):
            _look_for_room(folder)
            index.executemany(f"INSERT INTO baris VALUES ({', '.join('?' * len(job.columns))})", some)
    index.execute("COMMIT")
    for name in job.looked_for:
        _look_for_room(folder)
        way, column = quoted(f"per_{name}"), quoted(name)
        index.execute(f"CREATE INDEX {way} ON baris ({column}) WHERE {column} NOT NULL")
    index.execute("ANALYZE")


def _look_for_room(folder: Path) -> None:
    disk = shutil.disk_usage(folder)
    if disk.free < disk.total * SPARE:
        raise OSError(errno.ENOSPC, "an index is not worth the last of the disk", str(folder))


if __name__ == "__main__":
    os.nice(10)
    settle(Path(sys.argv[1]), [Job(**job) for job in json.load(sys.stdin)])
