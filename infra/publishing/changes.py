"""What changed from one edition of a dataset to the next: rows added, replaced, and withdrawn (their key alone).

    changes/<dataset>.json              the log: its entries in order, and what they lead from and to
    changes/<dataset>/<number>-….parquet  one entry: column `_ubah` (TAMBAH, GANTI, HAPUS) and the public columns

A log is made of published files and nothing else. Which keys can have changed is known by the batches released since;
only these are looked up in the two editions. Where that cannot be known (an embargo ended, something was cleared or
withdrawn, a return to an earlier release, small counts that are withheld together) all keys are compared.

As soon as a row is withdrawn, what older entries say of rows that have changed since goes too, and what was delivered
whole before is `tainted`: it may hold what must not be public any more.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import duckdb
import orjson
import pyarrow as pa

from infra.publishing import rows_json
from infra.publishing.editions import ROOT, as_json, write_rows
from infra.storage.store import NotFound, Store
from schemas.dataset import Dataset
from transforms import publik
from transforms.datapackage import CHANGE, FORMATS
from transforms.publik import Edition
from transforms.shape import OFFLINE, literal

LOGS = "changes"
KEPT = 400
"""Entries kept; a partner that is further behind gets the whole again."""

WORTH_IT = 10_000
"""Changes up to here are written down however small the table; beyond, only if they are less than half of it."""

Batches = Callable[[int], Collection[int] | None]
"""The batches released after a release; None when that does not say which rows changed."""


@dataclass(frozen=True)
class Basis:
    """What an edition was made from, as far as it says which rows can have changed since."""

    release: int
    rules: str
    """Changes when rows became public, or not, by other ways than a batch."""
    withdrawn: str
    """Changes when something was withdrawn."""


@dataclass(frozen=True)
class Entry:
    """One step; `key` is where it lies, `before` and `after` are the editions it leads from and to."""

    number: int
    before: str
    after: str
    key: str
    added: int
    replaced: int
    withdrawn: int


@dataclass(frozen=True)
class Log:
    """The steps to edition `edition`, which is number `number`. Those up to `start` are not known any more."""

    edition: str
    basis: Basis
    columns: tuple[str, ...]
    number: int = 0
    start: int = 0
    tainted: int = 0
    """What was delivered whole before this number may hold what must not be public any more."""
    entries: tuple[Entry, ...] = field(default=())


class Past(Protocol):
    """What we need to know of the releases there were."""

    @property
    def number(self) -> int: ...  # noqa: D102

    @property
    def batches(self) -> Collection[int]: ...  # noqa: D102

    @property
    def back_to(self) -> int | None: ...  # noqa: D102


def batches_since(history: Callable[[], Iterable[Past]]) -> Batches:
    """Of the releases there were, newest first: the batches of those after one, unless somebody went back meanwhile."""

    def since(then: int) -> list[int] | None:
        found: list[int] = []
        for release in history():
            if release.number <= then:
                return found if release.number == then else None
            if release.back_to:
                return None
            found += release.batches
        return None

    return since


def keeps_log(standard: Dataset) -> bool:
    """Whether its changes can be told row by row."""
    return "_kunci" in {f.name for f in publik.columns(standard)}


def read(store: Store, name: str) -> Log | None:
    """The log of a dataset; None before its first edition."""
    try:
        raw = orjson.loads(store.get(f"{LOGS}/{name}.json"))
    except NotFound:
        return None
    said = {"columns": tuple(raw["columns"]), "entries": tuple(Entry(**entry) for entry in raw["entries"])}
    return Log(**{**raw, **said, "basis": Basis(**raw["basis"])})


def follow(
    store: Store,
    edition: Edition,
    basis: Basis,
    *,
    brought: Callable[[Collection[int]], pa.Table],
    batches: Batches,
) -> Log:
    """The log up to `edition`; the one before must still be on the shelf, or the log begins anew.

    `brought` gives the keys (`_kunci`) of the rows some batches brought.
    """
    standard, log = edition.standard, read(store, edition.standard.name)
    columns = tuple(f.name for f in publik.columns(standard))
    fresh = Log(edition.id, basis, columns)
    if log and log.edition == edition.id:
        return log
    if log is None or log.columns != columns or not store.stat(_parquet(standard.name, log.edition)):
        return _keep(store, standard.name, replace(fresh, **_restart(log)))
    known = log.basis.rules == basis.rules and not standard.small_count and "_batch" in standard.arrow.names
    since = batches(log.basis.release) if known else None
    keys = None if since is None else brought(since)
    with ExitStack() as stack:
        one, two = (
            stack.enter_context(store.local(_parquet(standard.name, each))) for each in (log.edition, edition.id)
        )
        rows = _compared(one, two, columns, standard, keys, limit=max(WORTH_IT, edition.facts.rows // 2))
    if rows is None:
        return _keep(store, standard.name, replace(fresh, **_restart(log)))
    number, told = log.number + 1, _told(rows)
    entry = Entry(number, log.edition, edition.id, _put(store, number, standard, rows), **told)
    entries = (*log.entries, entry)[-KEPT:]
    made = replace(fresh, number=number, start=entries[0].number - 1, tainted=log.tainted, entries=entries)
    if told["withdrawn"] or log.basis.withdrawn != basis.withdrawn:
        made = replace(made, tainted=number, entries=tuple(_stripped(store, standard, entries)))
    return _keep(store, standard.name, made)


_NAMES = {"added": "TAMBAH", "replaced": "GANTI", "withdrawn": "HAPUS"}


def _told(rows: pa.Table) -> dict[str, int]:
    counts = {each["values"]: each["counts"] for each in rows[CHANGE].value_counts().to_pylist()}
    return {which: counts.get(change, 0) for which, change in _NAMES.items()}


def _restart(log: Log | None) -> dict[str, Any]:
    """Numbers are never used again; whatever was delivered before is out of date, and may hold anything."""
    number = log.number + 1 if log else 1
    return {"number": number, "start": number, "tainted": number}


def _parquet(name: str, edition: str) -> str:
    return f"{ROOT}/{name}/{edition}/{name}.parquet"


def _keep(store: Store, name: str, log: Log) -> Log:
    """Write the log down, then take away entries it does not name."""
    store.put(f"{LOGS}/{name}.json", as_json(asdict(log)))
    kept = {entry.key for entry in log.entries}
    for stat in list(store.list(f"{LOGS}/{name}/")):
        if stat.key not in kept:
            store.delete(stat.key)
    return log


def _compared(
    one: Path, two: Path, columns: Collection[str], standard: Dataset, keys: pa.Table | None, *, limit: int
) -> pa.Table | None:
    """What changed from file `one` to file `two`, of `keys` (column `_kunci`) if given; None: more than `limit`."""
    names = [f'"{name}"' for name in columns]
    key = {"_kunci", *standard.primary_key}
    of = " WHERE _kunci IN (FROM kunci)" if keys is not None else ""
    both = [f"SELECT * FROM read_parquet({literal(str(path))}){of}" for path in (one, two)]
    differs = f"({', '.join(f'o.{n}' for n in names)}) IS DISTINCT FROM ({', '.join(f'n.{n}' for n in names)})"
    shown = ", ".join(
        f"CASE WHEN n._kunci IS NULL THEN {f'o.{n}' if n.strip(chr(34)) in key else 'NULL'} ELSE n.{n} END AS {n}"
        for n in names
    )
    change = "CASE WHEN o._kunci IS NULL THEN 'TAMBAH' WHEN n._kunci IS NULL THEN 'HAPUS' ELSE 'GANTI' END"
    with duckdb.connect(config=OFFLINE) as con:
        con.execute("SET TimeZone = 'UTC'")
        if keys is not None:
            con.register("kunci", keys)
        sql = (
            f"SELECT {change} AS {CHANGE}, {shown} FROM ({both[0]}) o FULL JOIN ({both[1]}) n ON n._kunci = o._kunci"
            f" WHERE {differs} OR o._kunci IS NULL OR n._kunci IS NULL ORDER BY _kunci LIMIT {limit + 1}"
        )
        found = con.execute(sql).to_arrow_table()
    return None if len(found) > limit else found


def schema(standard: Dataset) -> pa.Schema:
    """The columns of an entry: which change, then the public columns."""
    return pa.schema([pa.field(CHANGE, pa.string()), *(f.arrow for f in publik.columns(standard))])


def _put(store: Store, number: int, standard: Dataset, rows: pa.Table) -> str:
    content = _files(schema(standard), rows)["parquet"]
    key = f"{LOGS}/{standard.name}/{number:06}-{hashlib.sha256(content).hexdigest()[:8]}.parquet"
    store.put(key, content)
    return key


def _stripped(store: Store, standard: Dataset, entries: Collection[Entry]) -> list[Entry]:
    """The entries without what a later one says otherwise of the same key."""
    kept: list[Entry] = []
    with ExitStack() as stack:
        con = stack.enter_context(duckdb.connect(config=OFFLINE))
        con.execute("SET TimeZone = 'UTC'")
        con.execute("CREATE TABLE kemudian (_kunci VARCHAR)")
        for entry in sorted(entries, key=lambda e: e.number, reverse=True):
            with store.local(entry.key) as path:
                source = f"read_parquet({literal(str(path))})"
                rest = con.execute(
                    f"SELECT * FROM {source} WHERE _kunci NOT IN (FROM kemudian) ORDER BY _kunci"
                ).to_arrow_table()
                con.execute(f"INSERT INTO kemudian SELECT _kunci FROM {source}")
            if len(rest) < entry.added + entry.replaced + entry.withdrawn:
                key = _put(store, entry.number, standard, rest)
                kept.append(replace(entry, key=key, **_told(rest)))
            else:
                kept.append(entry)
    return kept[::-1]


def files(store: Store, entry: Entry, standard: Dataset, condition: str = "", by_key: str = "") -> dict[str, bytes]:
    """An entry in each format, for whoever gets the columns of `standard` of the rows that fulfil `condition`.

    A row that does so no more is withdrawn from them; one that never did they are not told of, as far as that can be
    seen: `by_key` is the part of the condition that the key alone decides.
    """
    columns, mine = schema(standard), condition or "TRUE"
    lost = f"{CHANGE} <> 'TAMBAH' AND {by_key or 'TRUE'}"
    key = {CHANGE, "_kunci", *standard.primary_key}
    shown = ", ".join(f'"{n}"' if n in key else f'CASE WHEN {mine} THEN "{n}" END AS "{n}"' for n in columns.names[1:])
    with store.local(entry.key) as path, duckdb.connect(config=OFFLINE) as con:
        con.execute("SET TimeZone = 'UTC'")
        rows = con.execute(
            f"SELECT CASE WHEN {mine} THEN {CHANGE} ELSE 'HAPUS' END AS {CHANGE}, {shown}"
            f" FROM read_parquet({literal(str(path))}) WHERE {mine} OR ({lost}) ORDER BY _kunci"
        ).to_arrow_table()
    return _files(columns, rows)


def _files(columns: pa.Schema, rows: pa.Table) -> dict[str, bytes]:
    nullable = pa.schema([f.with_nullable(True) for f in columns])
    with tempfile.TemporaryDirectory() as folder:
        made = {kind: Path(folder) / f"x.{kind}" for kind in FORMATS}
        write_rows(nullable, rows.select(columns.names).to_reader(), made["parquet"], made["csv"])
        rows_json.write(made["parquet"], made["json"])
        return {kind: path.read_bytes() for kind, path in made.items()}
