"""A standard: what one dataset or table is, read from its TOML in Table Schema words plus Standar Data's five parts.

The vocabulary is Frictionless Table Schema v2 (`name, type, title, description, constraints, primaryKey …`) with
`konsep, definisi, klasifikasi, ukuran, satuan` (Perpres 39/2019 Art 4-6) and a few words of our own, listed at `Field`.
From this one description come the Arrow schema, the default SQL, the row rules, the documentation, the data package
and the catalogue entry.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas import reference

HERE = Path(__file__).parent
MEDIA_KINDS = ("foto", "video", "audio")

_ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", tz="UTC"),
}


RELATIVE = ("rasio", "persentase", "persen", "laju", "indeks", "rata-rata")
"""How the `ukuran` of an indicator begins: it is computed, and means nothing without its unit."""


class ContractError(Exception):
    """Our own bug: what we wrote breaks what we promised. Never caught; publishes nothing."""


@dataclass(frozen=True)
class Constraints:
    """The Table Schema constraints we enforce; a missing one is None (or empty)."""

    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    minLength: int | None = None  # noqa: N815 - Table Schema's spelling
    maxLength: int | None = None  # noqa: N815
    pattern: str | None = None
    enum: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """One column. The last group are words of our own.

    `reference` names the code list (`schemas/reference/<reference>.csv`) whose `kode` a value must be.
    `origin` says who fills the column: `kantor` (the office), `media` (facts read from the file itself) or `sistem`.
    `format = "periode"` is a reporting period: `2026`, `2026-03`, `2026-S1`, `2026-T4`.
    `required_when` is SQL over the typed columns: where it holds, the value must be present. `not_after` names the
    moment a value may not be later than: `hari_terima` (the day of arrival in the satker's own time zone) or
    `_diterima_pada`.
    `public = false` keeps the column out of every public output (MS-Var: apakah_variabel_bisa_diakses_umum).
    """

    name: str
    type: str
    title: str
    description: str = ""
    format: str = "default"
    constraints: Constraints = field(default_factory=Constraints)
    categories: tuple[tuple[str, str], ...] = ()

    konsep: str = ""
    definisi: str = ""
    klasifikasi: str = ""
    ukuran: str = ""
    satuan: str = ""

    aliases: tuple[str, ...] = ()
    example: str = ""
    reference: str = ""
    origin: str = "kantor"
    required_when: str = ""
    not_after: str = ""
    public: bool = True

    @property
    def arrow(self) -> pa.Field:
        """The column as Arrow, carrying its definition, unit and source in the field metadata."""
        notes = {
            "title": self.title,
            "definisi": self.definisi or self.description,
            "satuan": self.satuan,
            "ukuran": self.ukuran,
            "konsep": self.konsep,
            "klasifikasi": self.klasifikasi,
        }
        return pa.field(self.name, _ARROW[self.type], metadata={k: v for k, v in notes.items() if v})

    @property
    def measured(self) -> bool:
        """Whether it holds figures."""
        return self.type in ("integer", "number")

    @property
    def indicator(self) -> bool:
        """Whether its figures are computed from others (MS-Ind) rather than counted (MS-Var)."""
        return self.measured and self.ukuran.lower().startswith(RELATIVE)

    @property
    def codes(self) -> tuple[str, ...]:
        """The closed value domain, if there is one."""
        return tuple(value for value, _ in self.categories) or self.constraints.enum

    @property
    def free_text(self) -> bool:
        """Whether any text at all is a value of its type: it is neither a code nor a period."""
        return self.type == "string" and not self.codes and not self.reference and self.format != "periode"


@dataclass(frozen=True)
class Dataset:
    """One standard. `fields` are the columns of its own; `arrow` adds the lineage columns every row carries."""

    name: str
    version: int
    title: str
    description: str
    kind: str
    """`teks`, `foto`, `video`, `audio`, `tabel`; or `sistem` for the tables we keep ourselves."""
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]
    frequency: str = ""
    producer: str = ""
    theme: str = ""
    keywords: tuple[str, ...] = ()
    priority: bool = False
    """Data Prioritas (Perpres 39/2019 Art 28): waits for the Pembina's recheck before release."""
    public: bool = True
    small_count: int = 0
    """Counts from 1 to below this are withheld from the public in rows below Polda level; 0: none are."""
    retention_years: int = 0
    """Years after arrival that a submission is kept; 0: for good. The periods are ours: no Jadwal Retensi Arsip of the
    police is public, and where a satker has one, that is what to write here."""
    sources: tuple[str, ...] = ()
    """The code lists (`schemas/reference`) a reference table is made of."""

    @property
    def standard(self) -> str:
        """`foto@1`: what a row says it was judged by."""
        return f"{self.name}@{self.version}"

    @property
    def by_batch(self) -> bool:
        """Whether batches add to it; if not it is a reference table, which is replaced as a whole."""
        return "_batch" in self.arrow.names

    @property
    def of_media(self) -> bool:
        """Whether each row is about one media file."""
        return self.kind in MEDIA_KINDS

    @property
    def period(self) -> str | None:
        """The column that says which period a row's figures are about, if there is one."""
        return next((f.name for f in self.fields if f.format == "periode"), None)

    @property
    def statistical(self) -> bool:
        """Whether it holds figures about periods: such a table comes with its statistical metadata."""
        return self.kind == "tabel" and self.period is not None

    @property
    def office_fields(self) -> tuple[Field, ...]:
        """What the office fills in, in order."""
        return tuple(f for f in self.fields if f.origin == "kantor")

    @property
    def arrow(self) -> pa.Schema:
        """The table's strict schema: own columns, then lineage (system tables have only their own)."""
        lineage = () if self.kind == "sistem" else LINEAGE()
        said = [
            f"{o['judul']}: {o['otoritas']} {o['vintage']}, {o['dasar']}; {o['asal']}; {o['lisensi']}."
            for o in self.origins
        ]
        return pa.schema(
            [f.arrow for f in (*self.fields, *lineage)],
            metadata={
                "title": self.title,
                "description": " ".join([self.description, *said]),
                "standar": self.standard,
            },
        )

    @property
    def origins(self) -> list[dict[str, str]]:
        """What `daftar.csv` says of each of its `sources`: authority, vintage, legal basis, origin, licence."""
        known = {line["nama"]: line for line in reference.read("daftar")} if self.sources else {}
        return [known[name] for name in self.sources]

    def field(self, name: str) -> Field:
        """The column called `name`; KeyError if the standard has none."""
        for f in self.fields:
            if f.name == name:
                return f
        raise KeyError(name)

    def headers(self) -> dict[str, tuple[str, ...]]:
        """For each column an office fills in: every header spelling we accept for it."""
        return {f.name: (f.name, f.title, *f.aliases) for f in self.office_fields}

    def table_schema(self, *, public: bool = False) -> dict[str, Any]:
        """The standard as a Table Schema v2 descriptor; with `public`, only the columns that may be published."""
        fields = [self._shown(f) if public else f for f in self.fields if f.public or not public]
        out: dict[str, Any] = {"fields": [_descriptor(f) for f in fields], "primaryKey": list(self.primary_key)}
        keys = [
            {"fields": [f.name], "reference": {"resource": f.reference, "fields": ["kode"]}}
            for f in fields
            if f.reference
        ]
        if keys:
            out["foreignKeys"] = keys
        return out

    def _shown(self, f: Field) -> Field:
        """A column as the public sees it: figures that may be withheld are not required, and say so."""
        if not (self.small_count and f.measured):
            return f
        said = f"{f.definisi} Kosong bila disamarkan: angka kecil di bawah Polda, dan yang membuatnya dapat dihitung."
        return replace(f, definisi=said, constraints=replace(f.constraints, required=False))


def _descriptor(f: Field) -> dict[str, Any]:
    constraints = {
        "required": f.constraints.required or None,
        "minimum": f.constraints.minimum,
        "maximum": f.constraints.maximum,
        "minLength": f.constraints.minLength,
        "maxLength": f.constraints.maxLength,
        "pattern": f.constraints.pattern,
        "enum": list(f.constraints.enum) or None,
    }
    out: dict[str, Any] = {
        "name": f.name,
        "type": f.type,
        "title": f.title,
        "description": f.definisi or f.description,
        "example": f.example,
        "constraints": {k: v for k, v in constraints.items() if v is not None},
        "categories": [{"value": v, "label": label} for v, label in f.categories],
        "konsep": f.konsep,
        "klasifikasi": f.klasifikasi,
        "ukuran": f.ukuran,
        "satuan": f.satuan,
    }
    return {k: v for k, v in out.items() if v not in ("", [], {})}


@cache
def _columns() -> dict[str, dict[str, Any]]:
    return tomllib.loads((HERE / "columns.toml").read_text("utf-8"))


def _field(entry: Mapping[str, Any]) -> Field:
    """A column of a standard. One without a `type` is defined once for all standards, in `columns.toml`."""
    shared = {} if "type" in entry else _columns()[entry["name"]]
    raw = {**shared, **entry}
    constraints: dict[str, Any] = {**shared.get("constraints", {}), **entry.get("constraints", {})}
    if "enum" in constraints:
        constraints["enum"] = tuple(constraints["enum"])
    values: dict[str, Any] = {
        **raw,
        "constraints": Constraints(**constraints),
        "categories": tuple((c["value"], c["label"]) for c in raw.get("categories", [])),
        "aliases": tuple(raw.get("aliases", ())),
    }
    return Field(**values)


@cache
def LINEAGE() -> tuple[Field, ...]:  # noqa: N802 - a constant that is read on first use
    """The columns every row of every dataset carries: which submission, file, sheet, row, standard and batch."""
    return tuple(_field({"name": name}) for name in _columns() if name.startswith("_"))


GROUNDS = {"dasar_pengecualian", "nomor_uji_konsekuensi", "dikecualikan_sampai"}
"""The columns without which nothing can be excluded: ground, consequence test and last day (UU 14/2008 Art 17, 19)."""


def _fields_of(raw: Mapping[str, Any]) -> tuple[Field, ...]:
    """A standard that does not ask for the grounds takes no excluded rows: open is the rule, and its rows are open.

    Our own tables ask nobody: what they say of an excluded item, its own standard has asked the grounds of.
    """
    columns = tuple(_field(entry) for entry in raw["fields"])
    if raw["kind"] == "sistem" or {f.name for f in columns} >= GROUNDS:
        return columns
    return tuple(
        replace(f, categories=tuple(c for c in f.categories if c[0] != "DIKECUALIKAN"))
        if f.name == "klasifikasi_informasi"
        else f
        for f in columns
    )


def _load(path: Path) -> Dataset:
    raw = tomllib.loads(path.read_text("utf-8"))
    if raw["name"] != path.stem:
        raise ContractError(f"{path.name}: name is {raw['name']!r}, but the file says {path.stem!r}")
    try:
        values: dict[str, Any] = {
            **raw,
            "fields": _fields_of(raw),
            "primary_key": tuple(raw["primary_key"]),
            "keywords": tuple(raw.get("keywords", ())),
            "sources": tuple(raw.get("sources", ())),
        }
        return Dataset(**values)
    except (KeyError, TypeError) as error:
        raise ContractError(f"{path.name}: {error}") from error


@cache
def datasets() -> dict[str, Dataset]:
    """What offices may hand in: every TOML in `schemas/datasets`, by name. Discovery is the folder listing."""
    return {path.stem: _load(path) for path in sorted((HERE / "datasets").glob("*.toml"))}


@cache
def tables() -> dict[str, Dataset]:
    """What the lake keeps: the datasets and our own tables (`schemas/tables`), by name."""
    own = {path.stem: _load(path) for path in sorted((HERE / "tables").glob("*.toml"))}
    return {**datasets(), **own}
