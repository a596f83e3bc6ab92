"""Pages out of an index: a large edition laid out by rows in a SQLite file, which this server makes for itself.

Parquet lies by columns, so a page of a hundred rows opens thirty of them at a place each; here it is one walk along the
key. The index answers what it can answer exactly and shortly. All else is None, and read from Parquet as ever: a
condition the two engines might not understand the same, and a search that finds too little on its way. So doubt costs
time and nothing else (decision 0016).
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from logging import getLogger
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow.parquet as pq

from infra.serving.indexing import TYPES, Job
from infra.serving.selection import COMPARED, Condition, Selection
from infra.serving.shelf import Publication, Table
from transforms.shape import quoted

MANY = 10_000
"""Editions with fewer rows have no index: Parquet answers soon enough."""
EVERY, STEPS, STEPS_A_ROW = 5_000, 200_000, 100
"""SQLite's own steps: how often we count them, and how many a page may take; 200,000 are some 10 ms."""
MOST_VALUES = 100

_CANNOT = {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_CANTOPEN}
"""It took too long; or the file is not made yet, or no more."""

Rows = list[dict[str, Any]]
Value = str | int


class Indexes:
    """The indexes of the publication that is followed; below `folder`, which is theirs alone."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock, self._turn = folder, Lock(), Lock()
        self._of: Publication | None = None
        self._files: dict[str, _File] = {}
        self._making: subprocess.Popen[bytes] | None = None

    def follow(self, publication: Publication) -> None:
        """Have the indexes of this publication, made by a process of its own, and lose all others."""
        if publication is self._of:
            return
        with self._lock:
            if publication is self._of:
                return
            jobs = [_job(table) for table in publication.tables.values() if _deserves_one(table)]
            self._stop()
            try:
                if jobs or self._folder.exists():
                    self._make(jobs)
            except OSError as weather:  # it is for haste only: without it everything is answered all the same
                getLogger("uvicorn.error").warning("no index can be made: %s", weather)
            names = {job.name for job in jobs}
            for name in self._files.keys() - names:
                self._files.pop(name).close()
            self._files |= {name: _File(self._folder / name) for name in names - self._files.keys()}
            self._of = publication

    def page(self, asked: Selection) -> Rows | None:
        """The rows `asked.sql` would give, as JSON shows their values; None when Parquet has to be asked."""
        file = self._files.get(_name(asked.table)) if asked.table.parquet else None
        said = file and statement(asked)
        if not file or not said:
            return None
        # One after the other: SQLite lets go of the interpreter at every row, and many threads that then fight for it
        # answer a quarter as many pages.
        with self._turn:
            found = file.ask(*said, STEPS + STEPS_A_ROW * asked.limit)
        if found is None:
            return None
        names = asked.names
        return [dict(zip(names, row, strict=True)) for row in found]

    def close(self) -> None:
        """Stop making any, and let go of all."""
        with self._lock:
            self._stop()
            for file in self._files.values():
                file.close()
            self._files = {}

    def _make(self, jobs: list[Job]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = [sys.executable, "-m", "infra.serving.indexing", str(self._folder)]
        env = {**os.environ, "SQLITE_TMPDIR": str(self._folder)}
        # In a session of its own: Ctrl-C is for us, and we stop it.
        self._making = subprocess.Popen(command, stdin=subprocess.PIPE, env=env, start_new_session=True)
        assert self._making.stdin is not None
        with self._making.stdin as told:
            told.write(json.dumps([asdict(job) for job in jobs]).encode())

    def _stop(self) -> None:
        if self._making is not None:
            self._making.terminate()
            self._making.wait()
            self._making = None


class _File:
    """One index, read by as many threads as like, each on a connection of its own that the next one takes over."""

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._lock, self._idle, self._open = Lock(), list[sqlite3.Connection](), True

    def ask(self, sql: str, values: list[Value], steps: int) -> list[tuple[Any, ...]] | None:
        """The rows; None when there is no file, or the answer would take more steps."""
        try:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            connection = connection or self._connect()
            try:
                left = iter(range(steps // EVERY))
                connection.set_progress_handler(lambda: next(left, None) is None, EVERY)
                return connection.execute(sql, values).fetchall()
            finally:
                with self._lock:
                    self._idle.append(connection) if self._open else connection.close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in _CANNOT:
                return None
            raise

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
        connection.execute("PRAGMA mmap_size = 2147418112")  # rows lie scattered, and their pages are copied otherwise
        return connection

    def close(self) -> None:
        """Let go of the file; whoever is reading still ends."""
        with self._lock:
            self._open = False
            while self._idle:
                self._idle.pop().close()


def statement(asked: Selection) -> tuple[str, list[Value]] | None:
    """The page in SQLite's words, which are to mean what `asked.sql` does in DuckDB's; None where they might not."""
    columns, key = asked.table.columns, asked.table.key
    where: list[str] = []
    values: list[Value] = []
    for condition in asked.conditions:
        if (said := _compared(condition, columns[condition.column], plain=condition.column in key)) is None:
            return None
        where += said[0]
        values += said[1]
    keys = ", ".join(map(quoted, key))
    if asked.after is not None:
        last = [_read(columns[name], value) for name, value in zip(key, asked.after, strict=True)]
        if None in last:
            return None
        where.append(f"({keys}) > ({', '.join('?' * len(key))})")
        values += [value for value in last if value is not None]
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    names = ", ".join(map(quoted, asked.names))
    return f"SELECT {names} FROM baris{clause} ORDER BY {keys} LIMIT {asked.limit + 1}", values


def _compared(condition: Condition, type_: str, *, plain: bool) -> tuple[list[str], list[Value]] | None:
    """A condition; not `plain`, it is kept from choosing the way (the +) where that would not go along the key."""
    name, how = quoted(condition.column), condition.how
    if how == "kosong":  # a DOUBLE that is no number is no NULL in Parquet, and one here
        return ([f"+{name} IS {'NULL' if condition.values[-1] == 'ya' else 'NOT NULL'}"], []) if type_ in READ else None
    given = [value for text in condition.values if (value := _read(type_, text)) is not None]
    if how == "memuat" or len(given) < len(condition.values) or len(given) > MOST_VALUES:
        return None
    if how == "" and len(given) == 1:
        return [f"{name} = ?"], given
    name = name if plain else f"+{name}"
    if how == "":
        return [f"{name} IN ({', '.join('?' * len(given))})"], given
    return [f"{name} {COMPARED[how]} ?"] * len(given), given


def _text(text: str) -> str | None:
    return None if "\0" in text else text


def _integer(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None


def _day(text: str) -> str | None:
    return text if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) and _is(date, text) else None


def _instant(text: str) -> str | None:
    shaped = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", text)
    return text.replace("Z", "+00:00") if shaped and _is(datetime, text) else None


def _is(kind: type[date], text: str) -> bool:
    try:
        kind.fromisoformat(text)
    except ValueError:
        return False
    return True


READ: dict[str, Callable[[str], Value | None]] = {
    "VARCHAR": _text,
    "BIGINT": _integer,
    "DATE": _day,
    "TIMESTAMPTZ": _instant,
}
"""DuckDB type → how a value is read as the index has it; None for any spelling but the plain one."""


def _read(type_: str, text: str) -> Value | None:
    return READ[type_](text) if type_ in READ else None


def _deserves_one(table: Table) -> bool:
    """Whether it is large, and of types whose values and order are the same in both engines."""
    known = set(table.columns.values()) <= TYPES.keys()
    known &= {table.columns[name] for name in table.key} <= {"VARCHAR", "BIGINT", "DATE"}
    if not known or table.parquet is None:
        return False
    try:
        return pq.read_metadata(table.parquet).num_rows >= MANY
    except FileNotFoundError:
        return False  # taken back since we looked


def _name(table: Table) -> str:
    return f"{table.name}-{table.edition}.1.db"  # 1: goes up when an index would be made otherwise


def _job(table: Table) -> Job:
    """What is looked for by value gets a way of its own: days, codes, and what is written after a pattern."""
    fields = [f for f in table.schema["fields"] if f["name"] != table.key[0]]
    looked_for = [
        f["name"]
        for f in fields
        if f["type"] == "date" or "pattern" in f.get("constraints", {}) or f.keys() & {"categories", "klasifikasi"}
    ]
    return Job(_name(table), str(table.parquet), dict(table.columns), list(table.key), looked_for)
