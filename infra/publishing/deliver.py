"""Handing a publication on: each partner gets its part, only what it lacks, and leaves a receipt for every file."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.ledger.inbox import Inbox
from infra.publishing.editions import ROOT
from infra.publishing.publication import Publication, pages
from infra.storage.store import Store, open_store
from schemas.dataset import ContractError, tables
from transforms import dip
from transforms.publik import Edition

WEATHER = (OSError, BotoCoreError, ClientError)


@dataclass(frozen=True)
class Partner:
    """Who gets what, and where: one TOML in `schemas/partners`."""

    name: str
    title: str
    how: str
    """`folder` or `s3`."""
    target: str
    """A folder (below the installation's home unless absolute), or `s3://bucket/prefix`."""
    datasets: tuple[str, ...]
    """Public tables by name, and the lists `dip_<table>` and `dik`; `*` is all of them."""
    formats: tuple[str, ...]
    """`csv`, `parquet`; the Table Schema of each dataset comes along."""
    base: str = ""
    """Where the partner serves the files, with the slash at the end; the catalogue's addresses begin with it."""
    endpoint: str | None = None
    """An S3 server other than Amazon's."""

    def wants(self, edition: Edition) -> Edition | None:
        """What of an edition the partner gets."""
        if not {"*", edition.standard.name} & set(self.datasets):
            return None
        return replace(edition, files=tuple(f for f in edition.files if f.format in (*self.formats, "skema")))

    def store(self, home: Path) -> Store:
        """The place to write to."""
        return open_store(self.target if self.how == "s3" else str(home / self.target), endpoint=self.endpoint)


@dataclass(frozen=True)
class Delivery:
    """What one partner got of one release; `error` when the weather stopped it: try again."""

    partner: str
    release: int
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    bytes: int = 0
    error: str | None = None


@dataclass(frozen=True)
class _Item:
    path: str
    version: str
    size: int
    sha256: str
    content: bytes | None
    """None: it lies in the store, under `published/`."""


def partners(folder: Path) -> dict[str, Partner]:
    """Every partner by name; ContractError when a TOML asks for what there is not."""
    return {path.stem: _partner(path) for path in sorted(folder.glob("*.toml"))}


def deliver_all(
    everyone: Iterable[Partner], publication: Publication, store: Store, home: Path, inbox: Inbox
) -> list[Delivery]:
    """Deliver to each partner. One that cannot be reached holds up nobody; its receipt says why."""
    done: list[Delivery] = []
    for partner in everyone:
        try:
            done.append(deliver(partner, publication, store, partner.store(home), inbox))
        except WEATHER as error:
            why = f"{type(error).__name__}: {error}"
            inbox.record_delivery(
                target=partner.name,
                release=publication.number,
                item="*",
                version="",
                answer=f"GAGAL {why}",
                ok=False,
            )
            done.append(Delivery(partner.name, publication.number, error=why))
    return done


def deliver(partner: Partner, publication: Publication, store: Store, target: Store, inbox: Inbox) -> Delivery:
    """Bring `target` to what the partner should have of the publication in `store`.

    Files the last receipts say it has, and that are there, are left alone; so a second delivery writes nothing. Each
    file appears whole, the catalogue after all it names; what is no longer public is taken back last.
    """
    note = partial(inbox.record_delivery, target=partner.name, release=publication.number, ok=True)
    has = {r.item: r.sha256 for r in inbox.deliveries(target=partner.name, ok=True)}
    wanted = _items(partner, publication)
    written = [item for item in wanted if not _there(target, item, has.get(item.path))]
    for item in written:
        put = _copy(item, store, target)
        if put != item.sha256:
            raise OSError(f"{partner.name} received {item.path} with sha256 {put}, not {item.sha256}")
        note(item=item.path, version=item.version, answer="DITULIS", sha256=item.sha256, size=item.size)
    removed = sorted({path for path, sha256 in has.items() if sha256} - {item.path for item in wanted})
    for path in removed:
        target.delete(path)
        note(item=path, version="", answer="DIHAPUS")
    size = sum(item.size for item in written)
    return Delivery(partner.name, publication.number, tuple(i.path for i in written), tuple(removed), size)


def _items(partner: Partner, publication: Publication) -> list[_Item]:
    editions = [part for edition in publication.editions if (part := partner.wants(edition))]
    files = [_Item(f.path, e.id, f.size, f.sha256, None) for e in editions for f in e.files]
    named = pages(publication.number, publication.at, editions, base=partner.base)
    return files + [
        _Item(path, str(publication.number), len(content), hashlib.sha256(content).hexdigest(), content)
        for path, content in named.items()
    ]


def _there(target: Store, item: _Item, delivered: str | None) -> bool:
    if delivered != item.sha256:
        return False
    there = target.stat(item.path)
    return there is not None and there.size == item.size


def _copy(item: _Item, store: Store, target: Store) -> str | None:
    if item.content is not None:
        return target.put(item.path, item.content).sha256
    with store.open(f"{ROOT}/{item.path}") as source:
        return target.put(item.path, source).sha256


def _partner(path: Path) -> Partner:
    raw = tomllib.loads(path.read_text("utf-8"))
    try:
        values: dict[str, Any] = {**raw, "datasets": tuple(raw["datasets"]), "formats": tuple(raw["formats"])}
        partner = Partner(**values)
    except (KeyError, TypeError) as error:
        known = ", ".join(f.name for f in fields(Partner))
        raise ContractError(f"{path.name}: {error}; a partner has {known}") from error
    public = [table for table in tables().values() if table.public]
    open_ = {"*", dip.DIK.name, *(t.name for t in public), *(dip.listing(t).name for t in public)}
    wrong = {
        "name": partner.name != path.stem,
        "how": partner.how not in {"folder", "s3"} or (partner.how == "s3") != partner.target.startswith("s3://"),
        "datasets": not set(partner.datasets) <= open_,
        "formats": not set(partner.formats) <= {"csv", "parquet"},
    }
    if any(wrong.values()):
        raise ContractError(f"{path.name}: cannot be: {', '.join(name for name, is_ in wrong.items() if is_)}")
    return partner
