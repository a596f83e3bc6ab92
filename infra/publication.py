"""The public part of a release under `published/`: editions of the datasets, then the pages that name them.

An edition is written once and never changed; a dataset that did not change keeps its edition, so a release costs what
is new in it. The catalogue comes last: whoever reads it finds every file it names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Protocol

import duckdb
import pyarrow as pa

from infra.editions import ROOT, ROW_GROUP, Shelf, as_json, mark, record_key
from infra.store import Store
from schemas import reference
from schemas.dataset import Dataset, datasets, tables
from transforms import catalogue, datajson, datapackage, dip, publik
from transforms.publik import Edition, Facts
from transforms.vocabulary import Place

SINCE_EVER = datetime(1, 1, 1, tzinfo=UTC)

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


def publish(connection: Connection, store: Store, release: Release, *, base: str = "") -> Publication:
    """Publish a release. `connection` shows the current rows of its tables as views of their names.

    Older editions are removed: a row that has since been excluded must not stay readable in them. May run twice and be
    killed anywhere.
    """
    shelf = Shelf(store)
    open_ = [standard for name, standard in tables().items() if standard.public and name in release.tables]
    editions = [_edition(connection, shelf, standard, release) for standard in open_]
    editions += _lists(connection, shelf, release, editions)
    kept = {f"{ROOT}/{file.path}" for edition in editions for file in edition.files}
    kept |= {record_key(edition.standard, edition.id) for edition in editions}
    for file in (f for e in editions if e.standard.name == "media" for f in e.files if f.format != "skema"):
        kept.add(stable := f"{ROOT}/media.{file.format}")
        if not shelf.holds(stable, file.sha256):
            with store.open(f"{ROOT}/{file.path}") as content:
                shelf.put(stable, content)
    for name, page in pages(release.number, release.at, editions, base=base).items():
        kept.add(key := f"{ROOT}/{name}")
        if not shelf.holds(key, hashlib.sha256(page).hexdigest()):
            shelf.put(key, page)
    removed = tuple(stat.key for stat in store.list(f"{ROOT}/") if stat.key not in kept)
    for key in removed:
        store.delete(key)
    return Publication(release.number, release.at, tuple(editions), tuple(shelf.written), removed)


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


def _edition(connection: Connection, shelf: Shelf, standard: Dataset, release: Release) -> Edition:
    at = _turning_point(connection, standard, release.at)
    id_ = f"{standard.version}.{release.tables[standard.name]}-{mark(standard, publik.rows(standard, at))}"

    def rows() -> pa.RecordBatchReader:
        return connection.execute(publik.rows(standard, at)).to_arrow_reader(ROW_GROUP)

    def facts(_: int) -> Facts:
        (row,) = connection.execute(publik.facts(standard, at)).to_arrow_table().to_pylist()
        return publik.read_facts(row)

    return shelf.edition(standard, id_, rows, facts)


def _turning_point(connection: Connection, standard: Dataset, at: datetime) -> datetime:
    if not publik.knows_embargo(standard):
        return SINCE_EVER
    (last,) = connection.execute(publik.turning_point(standard, at)).to_arrow_table().column(0).to_pylist()
    return last or SINCE_EVER


def _lists(connection: Connection, shelf: Shelf, release: Release, editions: Sequence[Edition]) -> Iterator[Edition]:
    """The list of what is open of each dataset, new when its edition is, and that of what is excluded anywhere."""
    units = reference.satker()
    of_offices = [edition for edition in editions if edition.standard.name in datasets()]
    for edition in of_offices:
        yield _listing(connection, shelf, release, edition, units)
    if of_offices:
        closed = connection.execute(dip.excluded([e.standard for e in of_offices], release.at, units)).to_arrow_table()
        about = publik.together([edition.facts for edition in of_offices])
        made_from = [closed.to_pylist(), [edition.id for edition in of_offices]]
        id_ = f"{dip.DIK.version}.{mark(dip.DIK, made_from)}"
        yield shelf.edition(dip.DIK, id_, closed.to_reader, lambda count: replace(about, rows=count))


def _listing(connection: Connection, shelf: Shelf, release: Release, edition: Edition, units: dip.Satker) -> Edition:
    standard = dip.listing(edition.standard)

    def rows() -> pa.RecordBatchReader:
        return connection.execute(dip.listed(edition.standard, release.at, units)).to_arrow_reader(ROW_GROUP)

    made_from = [dip.listed(edition.standard, SINCE_EVER, units), edition.id]
    about = publik.together([edition.facts])
    id_ = f"{standard.version}.{mark(standard, made_from)}"
    return shelf.edition(standard, id_, rows, lambda count: replace(about, rows=count))
