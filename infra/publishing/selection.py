"""The parts of a publication that partners get, made once for all who get the same, and what to bring to each.

A part is made of the published files and nothing else: they passed the public gate, so no partner's wishes can get
around it. What is made lies below `selections/` and goes as soon as nobody gets it any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from threading import Lock

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from infra.publishing.editions import ROOT, ROW_GROUP, Shelf
from infra.publishing.partners import Part, Partner
from infra.publishing.publication import Publication, pages
from infra.storage.store import Store
from transforms import ckan, publik
from transforms.publik import Edition, File
from transforms.shape import OFFLINE, literal

SELECTIONS = "selections"
MAKING = Lock()
DATASTORE_ROWS = 100_000
"""More rows of a dataset are not brought into a portal's DataStore: they stay a file the portal links to."""


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
    never: str = ""
    """Why it is not brought, and taken back where it lies; one line."""


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
    parts = [(edition, partner.part(edition.standard)) for edition in publication.editions]
    return [whole(edition, part, store) for edition, part in parts if part]


def whole(edition: Edition, part: Part, store: Store) -> Chosen:
    """All of a part, with its files."""
    if not part.narrow:
        return Chosen(edition, part, ROOT)
    with MAKING:  # partners who get the same make it once
        return Chosen(_narrowed(edition, part, store), part, SELECTIONS)


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


def items(partner: Partner, publication: Publication, store: Store) -> list[Item]:
    """Everything a partner should have of a publication, in the order to bring it."""
    parts = chosen(partner, publication, store)
    if partner.how == "ckan":
        return list(_for_portal(partner, store, parts))
    found = [item for c in parts for item in of_edition(partner, c, store)]
    mine = [replace(c.edition, files=tuple(_wanted(partner, c))) for c in parts]
    named = pages(publication.number, publication.at, mine, base=partner.base)
    return found + [made(path, str(publication.number), content) for path, content in named.items()]


def _wanted(partner: Partner, c: Chosen) -> Iterator[File]:
    return (file for file in c.edition.files if file.format in (*partner.formats, "skema"))


def of_edition(partner: Partner, c: Chosen, store: Store) -> Iterator[Item]:
    """The files of one edition, and those a list of renditions names if the partner wants them."""
    for file in _wanted(partner, c):
        yield Item(file.path, c.edition.id, file.sha256, file.size, f"{c.root}/{file.path}")
    if partner.renditions and c.edition.standard.name == "rendisi":
        yield from _copies(store, c)


def made(path: str, version: str, content: bytes) -> Item:
    """A file that lies nowhere."""
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
        yield made(f"organization/{organization}", "1", own)
    for c in parts:
        edition = replace(c.edition, files=tuple(_wanted(partner, c)))
        told = ckan.package(edition, base=partner.base, prefix=prefix, organization=organization)
        yield made(f"dataset/{told['name']}", edition.id, ckan.document(told))
        if edition.standard.name in access.get("datastore", ()):
            more = f"lebih dari {DATASTORE_ROWS} baris / more than {DATASTORE_ROWS} rows"
            never = more if edition.facts.rows > DATASTORE_ROWS else ""
            yield Item(f"datastore/{told['name']}", edition.id, make=lambda c=c: _records(store, c), never=never)


def _records(store: Store, c: Chosen) -> bytes:
    with store.local(f"{c.root}/{c.parquet}") as path:
        rows = pq.read_table(path, columns=[f.name for f in publik.columns(c.edition.standard)]).to_pylist()
    return ckan.document(ckan.rows(c.edition.standard, rows))
