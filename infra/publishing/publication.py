"""The public part of a release under `published/`: editions of the datasets, then the pages that name them.

An edition is written once and never changed; a dataset that did not change keeps its edition, so a release costs what
is new in it. The catalogue comes last: whoever reads it finds every file it names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Protocol

import duckdb
import orjson
import pyarrow as pa

from infra.publishing import changes, items
from infra.publishing.changes import Basis, Batches, Log
from infra.publishing.editions import ROOT, ROW_GROUP, Shelf, as_json, mark, record_key
from infra.publishing.shown import COPIES, COPY, show
from infra.storage.store import Stat, Store
from schemas import reference
from schemas.dataset import Dataset, datasets, tables
from transforms import catalogue, daftar, datajson, datapackage, dip, indah, publik
from transforms.datapackage import Step
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
    """When it was made, or when the clock opened or closed something of it later."""
    editions: tuple[Edition, ...]
    written: tuple[str, ...]
    removed: tuple[str, ...]
    copies: pa.Table | None = None
    """The renditions' files (`berkas`, `sha256`, `ukuran_byte`), where there are any."""
    logs: Mapping[str, Log] = field(default_factory=dict)
    """What changed from edition to edition, by dataset."""


def publish(
    connection: Connection,
    store: Store,
    release: Release,
    *,
    base: str = "",
    thorough: bool = False,
    batches: Batches = lambda _: None,
    now: datetime | None = None,
    api: str = dip.API,
) -> Publication:
    """Publish a release. `connection` shows the current rows of its tables as views of their names.

    Older editions are removed: a row that has since been excluded must not stay readable in them. May run twice and be
    killed anywhere. `thorough` looks at every file on the shelf: what is lost or spoilt is made again, and what lies
    there and should not goes, wherever it lies. `batches` says which were released since an earlier release; then only
    their rows are looked up to tell what changed. With `now`, what the clock has opened or closed since the release
    counts. `api` is the address of the public API, as the lists of public information give it.
    """
    shelf = Shelf(store, thorough=thorough)
    open_ = [standard for standard in publik.offered(tables().values()) if standard.name in release.tables]
    at = max(release.at, now or release.at)
    gates = {standard.name: _gate(connection, store, standard, release, at) for standard in open_}
    public_since = max([release.at, *(gate.since for gate in gates.values())])
    editions = [_edition(connection, shelf, standard, release, gates[standard.name]) for standard in open_]
    if of_offices := [edition for edition in editions if edition.standard.name in datasets()]:
        editions += [_listing(connection, shelf, e, gates[e.standard.name].since, api) for e in of_offices]
        editions.append(_closed(shelf, of_offices, gates))
        editions += [_planned(shelf, standard, release.at) for standard in daftar.LISTS]
    media = next((e for e in editions if e.standard.name == "media" and "rendisi" in release.tables), None)
    shown = media and show(connection, shelf, media, release.tables["rendisi"], gates["media"].since, thorough=thorough)
    if shown:
        editions.append(shown.edition)
    told = {name: gates[name].since for name in items.sources(gates) if name != "media" or shown}
    made_from = [edition.id for edition in editions if edition.standard.name in items.sources([*gates, COPIES.name])]
    laid = items.lay_out(connection, shelf, told, made_from, thorough=thorough, now=now)
    logs = {
        e.standard.name: _log(connection, store, e, release, gates[e.standard.name], batches)
        for e in editions
        if e.standard.name in gates and changes.keeps_log(e.standard)
    }
    steps = {e.standard.name: step for e in editions if (step := _step(shelf, e, logs.get(e.standard.name)))}
    kept = {f"{ROOT}/{file.path}" for edition in editions for file in edition.files}
    kept |= {f"{ROOT}/{step.path}" for step in steps.values()}
    kept |= {f"{ROOT}/{path}" for path in laid.files}
    kept |= {record_key(edition.standard, edition.id) for edition in editions}
    listed = [e for e in editions if e.standard.name in {"media", "rendisi"}]
    for name, file in ((e.standard.name, f) for e in listed for f in e.files if f.format != "skema"):
        kept.add(stable := f"{ROOT}/{name}.{file.format}")
        if not shelf.holds(stable, file.sha256):
            with store.open(f"{ROOT}/{file.path}") as content:
                shelf.put(stable, content)
    for name, page in pages(release.number, public_since, editions, base=base, steps=steps).items():
        kept.add(key := f"{ROOT}/{name}")
        if not shelf.holds(key, hashlib.sha256(page).hexdigest()):
            shelf.put(key, page)
    removed = [stat.key for stat in _lying(store, thorough=thorough) if stat.key not in kept]
    for key in removed:
        store.delete(key)
    removed += shown.settle() if shown else []
    files = shown.files if shown else None
    return Publication(release.number, public_since, tuple(editions), tuple(shelf.written), tuple(removed), files, logs)


def _lying(store: Store, *, thorough: bool) -> Iterator[Stat]:
    """What lies on the shelf but for the copies of media, of which there are many."""
    lists = [dip.DIK, *daftar.LISTS, *map(dip.listing, datasets().values())]
    names = {*tables(), *(standard.name for standard in lists)} - {COPIES.name}
    ours = [*(f"{name}/" for name in [*names, items.FOLDER, "indah"]), f"{COPIES.name}/{COPIES.version}."]
    for prefix in [""] if thorough else ours:
        yield from (s for s in store.list(f"{ROOT}/{prefix}") if not COPY.fullmatch(s.key.removeprefix(f"{ROOT}/")))


def _log(
    connection: Connection, store: Store, edition: Edition, release: Release, gate: _Gate, batches: Batches
) -> Log:
    """What changed up to this edition."""
    standard = edition.standard

    def brought(some: Collection[int]) -> pa.Table:
        return connection.execute(publik.brought(standard, some)).to_arrow_table()

    basis = Basis(release.number, edition.id.rpartition("-")[2], gate.withdrawn)
    return changes.follow(store, edition, basis, brought=brought, batches=batches)


def _step(shelf: Shelf, edition: Edition, log: Log | None) -> Step | None:
    """What is new in this edition, as a file beside its own; None when it is the first."""
    if log is None or not log.entries:
        return None
    last = log.entries[-1]
    content = changes.files(shelf.store, last, edition.standard)["csv"]
    sha256 = hashlib.sha256(content).hexdigest()
    path = f"{edition.standard.name}/{edition.id}/perubahan.csv"
    if not shelf.holds(key := f"{ROOT}/{path}", sha256):
        shelf.put(key, content)
    return Step(path, len(content), sha256, last.before, last.added, last.replaced, last.withdrawn)


def _metadata(standard: Dataset) -> dict[str, bytes]:
    """The statistical metadata on file for a dataset, a file for each year, as INDAH takes it."""
    known = indah.years(standard)
    return {f"indah/{standard.name}-{year}.json": as_json(indah.wire(standard, docs)) for year, docs in known.items()}


def pages(
    number: int,
    at: datetime,
    editions: Sequence[Edition],
    *,
    base: str = "",
    steps: Mapping[str, Step] | None = None,
) -> dict[str, bytes]:
    """The package and the catalogue of these editions by file name, in the order to write them."""
    document = catalogue.catalogue(number, at, editions, base=base, places=_places())
    metadata = {e.standard.name: _metadata(e.standard) for e in editions}
    return {
        **{path: page for some in metadata.values() for path, page in some.items()},
        "datapackage.json": as_json(datapackage.descriptor(number, at, editions, steps or {}, metadata)),
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


def _gate(connection: Connection, store: Store, standard: Dataset, release: Release, at: datetime) -> _Gate:
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
    if not (about.items() <= known.items() and _instant(known["since"]) <= at < _instant(known["until"])):
        (found,) = connection.execute(publik.turning_points(standard, at)).to_arrow_table().to_pylist()
        closed = connection.execute(publik.excluded(standard, at)).to_arrow_table().to_pylist()
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
        known = publik.read_facts(row)
        return known if known.issued or not standard.sources else publik.as_of(known, release.at)

    return shelf.edition(standard, id_, rows, facts)


def _listing(connection: Connection, shelf: Shelf, edition: Edition, since: datetime, api: str) -> Edition:
    """The list of what is open of a dataset: new when its edition is."""
    standard, asked = dip.listing(edition.standard), (edition.standard, since, reference.satker(), api)

    def rows() -> pa.RecordBatchReader:
        return connection.execute(dip.listed(*asked)).to_arrow_reader(ROW_GROUP)

    id_ = f"{standard.version}.{mark(standard, [dip.listed(*asked), edition.id])}"
    about = publik.together([edition.facts])
    return shelf.edition(standard, id_, rows, lambda count: replace(about, rows=count))


def _closed(shelf: Shelf, editions: Sequence[Edition], gates: Mapping[str, _Gate]) -> Edition:
    """The list of what is excluded anywhere."""
    table = dip.excluded({e.standard.title: gates[e.standard.name].closed for e in editions}, reference.satker())
    id_ = f"{dip.DIK.version}.{mark(dip.DIK, [table.to_pylist(), [edition.id for edition in editions]])}"
    about = publik.together([edition.facts for edition in editions])
    return shelf.edition(dip.DIK, id_, table.to_reader, lambda count: replace(about, rows=count))


def _planned(shelf: Shelf, standard: Dataset, at: datetime) -> Edition:
    """The daftar data or the jadwal rilis, as our own files have them at a release."""
    table = daftar.rows(standard)
    id_ = f"{standard.version}.{mark(standard, table.to_pylist())}"

    def facts(count: int) -> Facts:
        return publik.as_of(replace(publik.together([]), rows=count), at)

    return shelf.edition(standard, id_, table.to_reader, facts)
