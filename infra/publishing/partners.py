"""Who gets what, how and when: one TOML a partner in `schemas/partners`, which docs/partners.md explains."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.ledger.inbox import WIB
from infra.publishing.editions import as_json
from infra.publishing.targets import KINDS, Place
from infra.submit import Refused
from schemas.dataset import ContractError, Dataset, Field, datasets, tables
from transforms import copies, daftar, dip, publik
from transforms.datapackage import FORMATS
from transforms.shape import literal

WHEN = {"release": "", "daily": "%Y-%m-%d", "weekly": "%G-%V"}
"""At each release, or at most once in a day or week of WIB. What was withdrawn goes at once, whatever this says."""


SEND = ("full", "changes")


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
    """Public tables and code lists by name, the lists `dip_<table>`, `dik`, `daftar_data`, `jadwal_rilis`, `rendisi`;
    `*` is all of them."""
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


@dataclass(frozen=True)
class Roster:
    """Everybody who has a file: the partners that can be served, and by name what is wrong with the others' files."""

    partners: Mapping[str, Partner]
    wrong: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """All of them: who is not served still has what it was given."""
        return sorted({*self.partners, *self.wrong})


def roster(folder: Path) -> Roster:
    """Read every TOML; one that is wrong concerns its own partner alone."""
    served: dict[str, Partner] = {}
    wrong: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            served[path.stem] = read(path)
        except WrongPartner as error:
            wrong[path.stem] = str(error)
    return Roster(served, wrong)


def offered() -> dict[str, Dataset]:
    """Everything a partner may ask for, by name."""
    public = publik.offered(tables().values())
    lists = (dip.DIK, *daftar.LISTS, *map(dip.listing, datasets().values()))
    return {d.name: d for d in (*public, *lists, copies.standard())}


def _below(column: str, code: str) -> str:
    return f"{column} = {literal(code)} OR starts_with({column}, {literal(f'{code}.')})"


def _kept(standard: Dataset, names: tuple[str, ...]) -> tuple[Field, ...]:
    always = {*standard.primary_key, *(f.name for f in standard.fields if f.name.startswith("_"))}
    return tuple(f for f in standard.fields if f.name in {*names, *always})


def read(path: Path) -> Partner:
    """The partner of a file; WrongPartner says what in it there is not, and what there is."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise WrongPartner(f"{path.name}: cannot be read: {error}") from error
    known = {f.name: f.default is MISSING and f.default_factory is MISSING for f in fields(Partner)}
    wrong = [f"there is no {key} (there are {', '.join(known)})" for key in raw if key not in known]
    wrong += [f"{key} is missing" for key, needed in known.items() if needed and key not in raw]
    wrong += [f"{key} has to be {_SHAPES[key]}" for key in known if key in raw and not _fits(raw[key], _SHAPES[key])]
    if wrong:
        raise WrongPartner(f"{path.name}: {'; '.join(wrong)}")
    lists = {name: tuple(raw[name]) for name in ("datasets", "formats", "regions", "satker", "classes") if name in raw}
    columns = {name: tuple(names) for name, names in raw.get("columns", {}).items()}
    partner = Partner(**{**raw, **lists, "columns": columns})
    asked = _asked(partner, path).items()
    if wrong := [f"{key} has to be {expected}" for key, (right, expected) in asked if not right]:
        raise WrongPartner(f"{path.name}: {'; '.join(wrong)}")
    try:
        _ = partner.place
    except (ValueError, TypeError) as error:
        raise WrongPartner(f"{path.name}: how, target or [access]: {error}") from error
    return partner


_TEXT, _TEXTS = "a text", "a list of texts"
_SHAPES = {
    **dict.fromkeys(("name", "title", "how", "target", "send", "when", "base", "endpoint"), _TEXT),
    **dict.fromkeys(("datasets", "formats", "regions", "satker", "classes"), _TEXTS),
    "columns": "a table of lists of texts",
    "access": "a table",
    "renditions": "true or false",
    "deadline_s": "a number",
}


def _fits(value: object, shape: str) -> bool:
    match value:
        case str():
            return shape == _TEXT
        case bool():
            return shape == _SHAPES["renditions"]
        case int() | float():
            return shape == _SHAPES["deadline_s"]
        case list():
            return shape == _TEXTS and all(isinstance(each, str) for each in value)
        case dict():
            return shape == "a table" or all(_fits(each, _TEXTS) for each in value.values())
        case _:
            return False


def _asked(partner: Partner, path: Path) -> dict[str, tuple[bool, str]]:
    """Each thing a partner asks for: whether there is such a thing, and what there is."""
    known, ckan = offered(), partner.how == "ckan"
    strange = sorted(set(partner.datasets) - {"*", *known})
    unknown = {f"{of}.{n}" for of, names in partner.columns.items() for n in {*names} - _names(known.get(of))}
    blind = sorted(name for name in partner.datasets if name in known and partner.part(known[name]) is None)
    return {
        "name": (partner.name == path.stem, f"{path.stem!r}, as its file is called"),
        "how": (partner.how in KINDS, f"one of {', '.join(KINDS)}"),
        "datasets": (not strange, f"of *, {', '.join(known)}; not {', '.join(strange)}"),
        "formats": (set(FORMATS) >= {*partner.formats} != set(), f"some of {', '.join(FORMATS)}"),
        "send": (partner.send in ("full",) if ckan else partner.send in SEND, "full" if ckan else " or ".join(SEND)),
        "when": (partner.when in WHEN, f"one of {', '.join(WHEN)}"),
        "columns": (not unknown, f"public columns of what it gets; not {', '.join(sorted(unknown))}"),
        "classes": ({*partner.classes} <= {*publik.OPEN_CLASSES}, f"of {', '.join(publik.OPEN_CLASSES)}"),
        "base": (
            partner.base[-1:] in ("", "/") and (not ckan or partner.base.startswith("http")),
            f"{'an http address' if ckan else 'an address'} with / at the end",
        ),
        "regions, satker or classes": (not blind, f"left out: they cannot narrow {', '.join(blind)}"),
    }


def _names(standard: Dataset | None) -> set[str]:
    return {f.name for f in publik.columns(standard)} if standard else set()
