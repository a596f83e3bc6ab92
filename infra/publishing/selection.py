"""The parts of a publication that partners get, made once for all who get the same, and what to bring to each.

A part is made of the published files and nothing else: they passed the public gate, so no partner's wishes can get
around it. What is made lies below `selections/` and goes as soon as nobody gets it any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from infra.publishing.editions import ROOT, ROW_GROUP, Shelf
from infra.publishing.partners import Part, Partner
from infra.publishing.publication import Publication, pages
from infra.storage.store import Store
from transforms import ckan, publik
from transforms.publik import Edition
from transforms.shape import OFFLINE, literal

SELECTIONS = "selections"
DATASTORE_ROWS = 100_000
"""More rows of a dataset are not brought into a portal's DataStore."""


@dataclass(frozen=True)
class Item:
    """One file to bring. The same `version` always stands for the same bytes."""

    path: str
    version: str
    sha256: str = ""
    """Empty: known once it is made."""
    size: int = 0
    key: str = ""
    """Where it lies in the store."""
    make: Callable[[], bytes] | None = None


@dataclass(frozen=True)
class Chosen:
    """A partner's part of one edition: the edition it gets, and below which root of the store its files lie."""

    edition: Edition
    part: Part
    root: str

    @property
    def parquet(self) -> str:
        """Its rows, below `root`."""
        return next(file.path for file in self.edition.files if file.format == "parquet")


def chosen(partner: Partner, publication: Publication, store: Store) -> list[Chosen]:
    """What the partner gets of every edition; what is less than all of one is made unless it is there."""
    found: list[Chosen] = []
    for edition in publication.editions:
        part = partner.part(edition.standard)
        if part and part.narrow:
            found.append(Chosen(_narrowed(edition, part, store), part, SELECTIONS))
        elif part:
            found.append(Chosen(edition, part, ROOT))
    return found


def _narrowed(edition: Edition, part: Part, store: Store) -> Edition:
    whole = next(file.path for file in edition.files if file.format == "parquet")
    with ExitStack() as stack:

        def rows() -> pa.RecordBatchReader:
            path = stack.enter_context(store.local(f"{ROOT}/{whole}"))
            con = stack.enter_context(duckdb.connect(config=OFFLINE))
            con.execute("SET TimeZone = 'UTC'")
            return con.execute(part.rows(f"read_parquet({literal(str(path))})")).to_arrow_reader(ROW_GROUP)

        shelf = Shelf(store, root=SELECTIONS)
        about = edition.facts
        return shelf.edition(part.standard, _id(edition, part), rows, lambda count: replace(about, rows=count))


def prune(everyone: Iterable[Partner], publication: Publication, store: Store) -> list[str]:
    """Take away the parts that none of these partners, who are all there are, gets any more; the keys that went."""
    kept = {
        f"{SELECTIONS}/{edition.standard.name}/{_id(edition, part)}/"
        for partner in everyone
        for edition in publication.editions
        if (part := partner.part(edition.standard)) and part.narrow
    }
    gone = [stat.key for stat in store.list(f"{SELECTIONS}/") if stat.key[: stat.key.rindex("/") + 1] not in kept]
    for key in gone:
        store.delete(key)
    return gone


def _id(edition: Edition, part: Part) -> str:
    return f"{edition.id}-{part.mark}"


def items(partner: Partner, publication: Publication, store: Store, parts: list[Chosen]) -> list[Item]:
    """Everything a partner should have of a publication, in the order to bring it."""
    if partner.how == "ckan":
        return list(_for_portal(partner, store, parts))
    found = [
        Item(f.path, c.edition.id, f.sha256, f.size, f"{c.root}/{f.path}")
        for c in parts
        for f in c.edition.files
        if f.format in (*partner.formats, "skema")
    ]
    if partner.renditions:
        found += [item for c in parts if c.edition.standard.name == "rendisi" for item in _copies(store, c)]
    mine = [
        replace(c.edition, files=tuple(f for f in c.edition.files if f.format in (*partner.formats, "skema")))
        for c in parts
    ]
    named = pages(publication.number, publication.at, mine, base=partner.base)
    return found + [_made(path, str(publication.number), content) for path, content in named.items()]


def _made(path: str, version: str, content: bytes) -> Item:
    return Item(path, version, hashlib.sha256(content).hexdigest(), len(content), make=lambda: content)


def _copies(store: Store, c: Chosen) -> Iterator[Item]:
    """The files a list of renditions names; the same bytes may be on several lines."""
    with store.local(f"{c.root}/{c.parquet}") as path:
        listed = pq.read_table(path, columns=["berkas", "sha256_rendisi", "ukuran_byte"]).to_pylist()
    for berkas, sha256, size in sorted({tuple(row.values()) for row in listed}):
        yield Item(berkas, sha256, sha256, size, f"{ROOT}/{berkas}")


def _for_portal(partner: Partner, store: Store, parts: list[Chosen]) -> Iterator[Item]:
    access = partner.access
    organization, prefix = access["organization"], access.get("prefix", "spit-")
    if title := access.get("title"):
        own = ckan.document(ckan.organization(organization, title))
        yield _made(f"organization/{organization}", "1", own)
    for c in parts:
        edition = replace(c.edition, files=tuple(f for f in c.edition.files if f.format in (*partner.formats, "skema")))
        told = ckan.package(edition, base=partner.base, prefix=prefix, organization=organization)
        yield _made(f"dataset/{told['name']}", edition.id, ckan.document(told))
        if edition.standard.name in access.get("datastore", ()):
            if edition.facts.rows > DATASTORE_ROWS:
                raise OSError(f"{edition.standard.name}: {edition.facts.rows} rows are too many for a DataStore")
            yield Item(f"datastore/{told['name']}", edition.id, make=lambda c=c: _records(store, c))


def _records(store: Store, c: Chosen) -> bytes:
    with store.local(f"{c.root}/{c.parquet}") as path:
        rows = pq.read_table(path, columns=[f.name for f in publik.columns(c.edition.standard)]).to_pylist()
    return ckan.document(ckan.rows(c.edition.standard, rows))
