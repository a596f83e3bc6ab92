"""Who gets what, how and when: one TOML a partner in `schemas/partners`, which docs/partners.md explains."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.ledger.inbox import WIB
from infra.publishing.editions import as_json
from infra.publishing.targets import KINDS, Place
from infra.submit import Refused
from schemas.dataset import ContractError, Dataset, Field, datasets, tables
from transforms import copies, dip, publik
from transforms.datapackage import FORMATS
from transforms.shape import literal

WHEN = {"release": "", "daily": "%Y-%m-%d", "weekly": "%G-%V"}
"""At each release, or at most once in a day or week of WIB. What was withdrawn goes at once, whatever this says."""


class WrongPartner(ContractError, Refused):
    """A partner's file asks for what there is not."""


@dataclass(frozen=True)
class Partner:
    """What a partner gets. Everything is taken from what is public already, so no partner can get more than that."""

    name: str
    title: str
    how: str
    """A kind of place: one of `KINDS`."""
    target: str
    """Where: a folder, `s3://bucket/prefix`, `sftp://user@host/path`, an http(s) address."""
    datasets: tuple[str, ...]
    """Public tables and code lists by name, the lists `dip_<table>`, `dik` and `rendisi`; `*` is all of them."""
    formats: tuple[str, ...] = (*FORMATS,)
    """Files of each dataset; its Table Schema comes along."""
    send: str = "full"
    """`full`: the whole of each dataset; `changes`: once the whole, then what was added, replaced and withdrawn."""
    when: str = "release"
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Dataset → the office's columns it gets of it; the key and the lineage come along."""
    regions: tuple[str, ...] = ()
    """Kemendagri codes, each with all below it; tables that know no `kode_wilayah` are then left out."""
    satker: tuple[str, ...] = ()
    """Units, each with all below it; tables that know no `kode_satker` are then left out."""
    classes: tuple[str, ...] = ()
    """Of `klasifikasi_informasi`; tables that know none are then left out."""
    renditions: bool = False
    """Whether the files `rendisi` lists come along, too."""
    base: str = ""
    """Where the files can be fetched, with the slash at the end; the catalogue's addresses begin with it."""
    endpoint: str | None = None
    """An S3 server other than Amazon's."""
    deadline_s: float = 600
    """How long one delivery may take; what is unfinished then is continued in the next."""
    access: Mapping[str, Any] = field(default_factory=dict)
    """What the kind of place wants to know besides. Secrets are named by environment variable, never written here."""

    @cached_property
    def place(self) -> Place:
        """Where it is brought; ValueError or TypeError when target and access do not fit the kind."""
        further = {"endpoint": self.endpoint} if self.endpoint else {}
        return KINDS[self.how](target=self.target, **further, **self.access)

    def part(self, standard: Dataset) -> Part | None:
        """What it gets of a dataset; None: nothing."""
        if not {"*", standard.name} & set(self.datasets):
            return None
        there = {f.name for f in publik.columns(standard)}
        wanted = {
            "kode_wilayah": [_below("kode_wilayah", code) for code in self.regions],
            "kode_satker": [_below("kode_satker", code) for code in self.satker],
            "klasifikasi_informasi": [f"klasifikasi_informasi = {literal(code)}" for code in self.classes],
        }
        if any(conditions and column not in there for column, conditions in wanted.items()):
            return None
        asked = [f"({' OR '.join(conditions)})" for conditions in wanted.values() if conditions]
        by_key = " OR ".join(wanted["kode_satker"]) if "kode_satker" in standard.primary_key else ""
        kept = self.columns.get(standard.name)
        narrow = replace(standard, fields=_kept(standard, kept)) if kept else standard
        return Part(narrow, " AND ".join(asked), f"({by_key})" if by_key else "", bool(kept or asked))

    def due(self, last: datetime | None, now: datetime) -> bool:
        """Whether it is its time, having been given something `last`."""
        form = WHEN[self.when]
        return not form or last is None or f"{last.astimezone(WIB):{form}}" != f"{now.astimezone(WIB):{form}}"


@dataclass(frozen=True)
class Part:
    """What a partner gets of a dataset: a standard with fewer columns perhaps, and a condition on its public rows."""

    standard: Dataset
    condition: str
    by_key: str
    """The part of the condition that only asks for the key."""
    narrow: bool
    """Whether it is less than everything."""

    @property
    def mark(self) -> str:
        """What tells this part from others of the same dataset."""
        names = [f.name for f in publik.columns(self.standard)]
        return hashlib.sha256(as_json([names, self.condition])).hexdigest()[:8] if self.narrow else ""

    def rows(self, source: str) -> str:
        """SELECT of it from the public rows in `source`, in the order of the key."""
        names = ", ".join(f'"{f.name}"' for f in publik.columns(self.standard))
        order = ", ".join(f'"{name}"' for name in self.standard.primary_key)
        where = f" WHERE {self.condition}" if self.condition else ""
        return f"SELECT {names} FROM {source}{where} ORDER BY {order}"


def partners(folder: Path) -> dict[str, Partner]:
    """Every partner by name; WrongPartner when a TOML asks for what there is not."""
    return {path.stem: _partner(path) for path in sorted(folder.glob("*.toml"))}


def offered() -> dict[str, Dataset]:
    """Everything a partner may ask for, by name."""
    public = publik.offered(tables().values())
    return {d.name: d for d in (*public, dip.DIK, copies.standard(), *map(dip.listing, datasets().values()))}


def _below(column: str, code: str) -> str:
    return f"{column} = {literal(code)} OR starts_with({column}, {literal(f'{code}.')})"


def _kept(standard: Dataset, names: tuple[str, ...]) -> tuple[Field, ...]:
    always = {*standard.primary_key, *(f.name for f in standard.fields if f.name.startswith("_"))}
    return tuple(f for f in standard.fields if f.name in {*names, *always})


def _partner(path: Path) -> Partner:
    raw = tomllib.loads(path.read_text("utf-8"))
    try:
        lists = {name: tuple(raw[name]) for name in ("formats", "regions", "satker", "classes") if name in raw}
        columns = {name: tuple(names) for name, names in raw.get("columns", {}).items()}
        partner = Partner(**{**raw, **lists, "datasets": tuple(raw["datasets"]), "columns": columns})
    except (KeyError, TypeError, AttributeError) as error:
        known = ", ".join(f.name for f in fields(Partner))
        raise WrongPartner(f"{path.name}: {error}; a partner has {known}") from error
    known = offered()
    wrong = {
        "name": partner.name != path.stem,
        "how": partner.how not in KINDS,
        "datasets": not set(partner.datasets) <= {"*", *known},
        "formats": not set(partner.formats) <= set(FORMATS) or not partner.formats,
        "send": partner.send not in {"full", "changes"} or (partner.how == "ckan" and partner.send == "changes"),
        "when": partner.when not in WHEN,
        "columns": any(not set(names) <= _names(known.get(name)) for name, names in partner.columns.items()),
        "classes": not set(partner.classes) <= set(publik.OPEN_CLASSES),
        "base": partner.base[-1:] not in ("", "/") or (partner.how == "ckan" and not partner.base.startswith("http")),
        "regions, satker or classes": any(
            partner.part(known[name]) is None for name in partner.datasets if name in known
        ),
    }
    if any(wrong.values()):
        raise WrongPartner(f"{path.name}: cannot be: {', '.join(name for name, is_ in wrong.items() if is_)}")
    try:
        _ = partner.place
    except (ValueError, TypeError) as error:
        raise WrongPartner(f"{path.name}: {error}") from error
    return partner


def _names(standard: Dataset | None) -> set[str]:
    return {f.name for f in publik.columns(standard)} if standard else set()
