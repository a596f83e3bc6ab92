"""The public part of a release under `published/`: editions of the datasets, then the pages that name them.

An edition is written once and never changed; a dataset that did not change keeps its edition, so a release costs what
is new in it. The catalogue comes last: whoever reads it finds every file it names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Protocol

import duckdb
import orjson
import pyarrow as pa

from infra.publishing import items
from infra.publishing.editions import ROOT, ROW_GROUP, Shelf, as_json, mark, record_key
from infra.publishing.shown import COPIES, COPY, show
from infra.storage.store import Stat, Store
from schemas import reference
from schemas.dataset import Dataset, datasets, tables
from transforms import catalogue, datajson, datapackage, dip, publik
from transforms.publik import Edition, Facts
from transforms.vocabulary import Place

SINCE_EVER = datetime(1, 1, 1, tzinfo=UTC)
FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)

Connection = duckdb.DuckDBPyConnection


class Release(Protocol):
    """What we need to know of a release."""

    @property
    def number(self) -> int:
        """1, 2, 3 …"""
        ...

    @property
    def at(self) -> datetime:
        """When it was made; what is public is decided for this instant."""
        ...

    @property
    def tables(self) -> Mapping[str, int]:
        """The version of every table in it."""
        ...


@dataclass(frozen=True)
class Publication:
    """What is public in a release, and which keys of the store making it so changed."""

    number: int
    at: datetime
    editions: tuple[Edition, ...]
    written: tuple[str, ...]
    removed: tuple[str, ...]
    copies: pa.Table | None = None
    """The renditions' files (`berkas`, `sha256`, `ukuran_byte`), where there are any."""


def publish(
    connection: Connection, store: Store, release: Release, *, base: str = "", thorough: bool = False
) -> Publication:
    """Publish a release. `connection` shows the current rows of its tables as views of their names.

    Older editions are removed: a row that has since been excluded must not stay readable in them. May run twice and be
    killed anywhere. `thorough` looks at every file on the shelf instead of where files of ours can be.
    """
    shelf = Shelf(store)
    open_ = [standard for name, standard in tables().items() if standard.public and name in release.tables]
    gates = {standard.name: _gate(connection, store, standard, release) for standard in open_}
    editions = [_edition(connection, shelf, standard, release, gates[standard.name]) for standard in open_]
    if of_offices := [edition for edition in editions if edition.standard.name in datasets()]:
        editions += [_listing(connection, shelf, e, gates[e.standard.name].since) for e in of_offices]
        editions.append(_closed(shelf, of_offices, gates))
    media = next((e for e in editions if e.standard.name == "media" and "rendisi" in release.tables), None)
    shown = media and show(connection, shelf, media, release.tables["rendisi"], gates["media"].since, thorough=thorough)
    if shown:
        editions.append(shown.edition)
    told = {name: gates[name].since for name in items.sources(gates) if name != "media" or shown}
    made_from = [edition.id for edition in editions if edition.standard.name in items.sources([*gates, COPIES.name])]
    laid = items.lay_out(connection, shelf, told, made_from, thorough=thorough)
    kept = {f"{ROOT}/{file.path}" for edition in editions for file in edition.files}
    kept |= {f"{ROOT}/{path}" for path in laid.files}
    kept |= {record_key(edition.standard, edition.id) for edition in editions}
    listed = [e for e in editions if e.standard.name in {"media", "rendisi"}]
    for name, file in ((e.standard.name, f) for e in listed for f in e.files if f.format != "skema"):
        kept.add(stable := f"{ROOT}/{name}.{file.format}")
        if not shelf.holds(stable, file.sha256):
            with store.open(f"{ROOT}/{file.path}") as content:
                shelf.put(stable, content)
    for name, page in pages(release.number, release.at, editions, base=base).items():
        kept.add(key := f"{ROOT}/{name}")
        if not shelf.holds(key, hashlib.sha256(page).hexdigest()):
            shelf.put(key, page)
    removed = [stat.key for stat in _lying(store, thorough=thorough) if stat.key not in kept]
    for key in removed:
        store.delete(key)
    removed += shown.settle() if shown else []
    files = shown.files if shown else None
    return Publication(release.number, release.at, tuple(editions), tuple(shelf.written), tuple(removed), files)


def _lying(store: Store, *, thorough: bool) -> Iterator[Stat]:
    """What lies on the shelf but for the copies of media, of which there are many."""
    names = {*tables(), *(f"dip_{name}" for name in datasets()), dip.DIK.name} - {COPIES.name}
    ours = [*(f"{name}/" for name in [*names, items.FOLDER]), f"{COPIES.name}/{COPIES.version}."]
    for prefix in [""] if thorough else ours:
        yield from (s for s in store.list(f"{ROOT}/{prefix}") if not COPY.fullmatch(s.key.removeprefix(f"{ROOT}/")))


def pages(number: int, at: datetime, editions: Sequence[Edition], *, base: str = "") -> dict[str, bytes]:
    """The package and the catalogue of these editions by file name, in the order to write them."""
    document = catalogue.catalogue(number, at, editions, base=base, places=_places())
    return {
        "datapackage.json": as_json(datapackage.descriptor(number, at, editions)),
        "data.json": as_json(datajson.data_json(number, at, editions, base=base)),
        "katalog.ttl": catalogue.turtle(document).encode(),
        "katalog.jsonld": as_json(document),
    }


@cache
def _places() -> dict[str, Place]:
    sides = ("barat", "selatan", "timur", "utara")
    return {p["kode"]: Place(p["kode"], p["nama"], *(float(p[s]) for s in sides)) for p in reference.read("letak")}


@dataclass(frozen=True)
class _Gate:
    """How the clock stands to a dataset at a release: what it showed last, what it keeps closed, what was cleared,
    and what has been withdrawn since."""

    since: datetime
    closed: list[dict[str, Any]]
    cleared: str
    withdrawn: str


def _gate(connection: Connection, store: Store, standard: Dataset, release: Release) -> _Gate:
    """Asked of the lake once per table version, embargo, clearance and withdrawal, then remembered with the public."""
    key = f"gates/{standard.name}.json"
    rules = [publik.rows(standard, SINCE_EVER), publik.excluded(standard, SINCE_EVER)]
    about = {
        "version": release.tables[standard.name],
        "pelepasan": release.tables.get("pelepasan"),
        "penarikan": connection.execute(publik.withdrawn(standard)).fetchall()[0][0],
        "rules": mark(standard, rules),
    }
    known = orjson.loads(store.get(key)) if store.stat(key) else {}
    if not (about.items() <= known.items() and _instant(known["since"]) <= release.at < _instant(known["until"])):
        (found,) = connection.execute(publik.turning_points(standard, release.at)).to_arrow_table().to_pylist()
        closed = connection.execute(publik.excluded(standard, release.at)).to_arrow_table().to_pylist()
        (cleared,) = connection.execute(publik.cleared(standard)).to_arrow_table().to_pylist()
        turns = {"since": found["since"] or SINCE_EVER, "until": found["until"] or FOR_EVER}
        known = {**about, **turns, "closed": closed, "cleared": cleared["mark"]}
        store.put(key, as_json(known))
    closed = [{**row, "sampai": row["sampai"] and date.fromisoformat(str(row["sampai"]))} for row in known["closed"]]
    return _Gate(_instant(known["since"]), closed, known["cleared"], known["penarikan"])


def _instant(known: str | datetime) -> datetime:
    return datetime.fromisoformat(str(known))


def _edition(connection: Connection, shelf: Shelf, standard: Dataset, release: Release, gate: _Gate) -> Edition:
    since = gate.since
    made_from = mark(standard, [publik.rows(standard, since), gate.cleared, gate.withdrawn])
    id_ = f"{standard.version}.{release.tables[standard.name]}-{made_from}"

    def rows() -> pa.RecordBatchReader:
        return connection.execute(publik.rows(standard, since)).to_arrow_reader(ROW_GROUP)

    def facts(_: int) -> Facts:
        (row,) = connection.execute(publik.facts(standard, since)).to_arrow_table().to_pylist()
        return publik.read_facts(row)

    return shelf.edition(standard, id_, rows, facts)


def _listing(connection: Connection, shelf: Shelf, edition: Edition, since: datetime) -> Edition:
    """The list of what is open of a dataset: new when its edition is."""
    standard, units = dip.listing(edition.standard), reference.satker()

    def rows() -> pa.RecordBatchReader:
        return connection.execute(dip.listed(edition.standard, since, units)).to_arrow_reader(ROW_GROUP)

    id_ = f"{standard.version}.{mark(standard, [dip.listed(edition.standard, since, units), edition.id])}"
    about = publik.together([edition.facts])
    return shelf.edition(standard, id_, rows, lambda count: replace(about, rows=count))


def _closed(shelf: Shelf, editions: Sequence[Edition], gates: Mapping[str, _Gate]) -> Edition:
    """The list of what is excluded anywhere."""
    table = dip.excluded({e.standard.title: gates[e.standard.name].closed for e in editions}, reference.satker())
    id_ = f"{dip.DIK.version}.{mark(dip.DIK, [table.to_pylist(), [edition.id for edition in editions]])}"
    about = publik.together([edition.facts for edition in editions])
    return shelf.edition(dip.DIK, id_, table.to_reader, lambda count: replace(about, rows=count))
