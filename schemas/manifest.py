"""The manifest: the envelope of one submission, read with every fault named (`submission.schema.json`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import orjson

from schemas.dataset import datasets
from schemas.finding import Finding

NAME = "manifest.json"
LIMIT_BYTES = 8 * 1024 * 1024
"""A longer manifest is returned unread: rows belong in a table file."""


@dataclass(frozen=True)
class Manifest:
    """A manifest that passed its schema. Exactly one of `items` (anything JSON can hold) and `tables` is non-empty."""

    satker: str
    dataset: str
    items: tuple[Any, ...] = ()
    tables: tuple[str, ...] = ()
    defaults: dict[str, str] = field(default_factory=dict[str, str])
    """Column → text for every row that leaves the column empty."""
    corrects: str | None = None
    """The receipt number, without its version, of the submission whose rows this one may replace."""
    inventory: dict[str, tuple[int | None, str | None]] = field(
        default_factory=dict[str, tuple[int | None, str | None]]
    )
    """Declared file name → (size in bytes, sha256), each where given."""
    mends: str | None = None
    """The receipt whose returned rows a correction workbook holds; the submission is then that one's next version."""
    standard: str | None = None
    """The standard it names, `foto@1`; where given it is the one in force or an older version of it."""
    metadata: str | tuple[str, ...] | dict[str, Any] | None = None
    """Statistical metadata: a reference to what is on file (`<dataset>/<year>`), names of files, or the documents."""
    header_changed: str | None = None
    """Why its tables lack columns that the submission before had."""

    @property
    def metadata_files(self) -> tuple[str, ...]:
        """The files that hold its metadata."""
        return self.metadata if isinstance(self.metadata, tuple) else ()


@dataclass(frozen=True)
class Reading:
    """What could be learnt. `manifest` is None when something in `findings` returns the whole submission.

    `satker`, `dataset` and `mends` are what it claims, where that could be read at all; `items` is how many it holds.
    """

    manifest: Manifest | None
    findings: tuple[Finding, ...]
    satker: str | None = None
    dataset: str | None = None
    items: int = 0
    mends: str | None = None


@cache
def _schema() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "submission.schema.json").read_text("utf-8"))


@cache
def _validator() -> Any:
    return jsonschema_rs.validator_for(_schema(), validate_formats=True)


def typed_keys() -> list[str]:
    """The keys of an envelope that hold one value a person can type."""
    listed = {"$schema", "versi", "bawaan", "isi", "tabel", "berkas"}
    return [key for key in _schema()["properties"] if key not in listed]


def text(value: Any) -> str | None:
    """A JSON scalar as the text a person would have typed: `true` → `ya`, 3.0 → `3`."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "ya" if value else "tidak"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def read(data: bytes, kiriman: str, berkas: str = NAME, *, tables: tuple[str, ...] = ()) -> Reading:
    """Read the bytes of the manifest `berkas`. Never raises for what an office sent: every fault is a finding.

    `tables`: where the rows are if the manifest does not say.
    """

    def fault(kode: str, **places: str | None) -> Finding:
        return Finding(kiriman, kode, berkas=berkas, **places)  # pyright: ignore[reportArgumentType]

    if len(data) > LIMIT_BYTES:
        return Reading(None, (fault("MANIFES_TERLALU_BESAR", nilai=str(len(data)), batas=str(LIMIT_BYTES)),))
    try:
        raw: Any = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        return Reading(None, (fault("MANIFES_TIDAK_TERBACA", nilai=str(error)),))
    if not isinstance(raw, dict):
        return Reading(None, (fault("MANIFES_TIDAK_SAH", kolom="/", nilai=type(raw).__name__, batas="object"),))
    doc = cast("dict[str, Any]", raw)
    if tables and not {"isi", "tabel"} & doc.keys():
        doc["tabel"] = list(tables)
    return examine(doc, kiriman, berkas)


def examine(doc: dict[str, Any], kiriman: str, berkas: str = NAME, lembar: str | None = None) -> Reading:
    """Judge an envelope, wherever it was written."""

    def fault(kode: str, **places: str | None) -> Finding:
        return Finding(kiriman, kode, berkas=berkas, lembar=lembar, **places)  # pyright: ignore[reportArgumentType]

    satker, dataset, items = doc.get("satker"), doc.get("dataset"), doc.get("isi")
    claims: dict[str, Any] = {
        "satker": satker if isinstance(satker, str) else None,
        "dataset": dataset if isinstance(dataset, str) else None,
        "items": len(items) if isinstance(items, list) else 0,  # pyright: ignore[reportUnknownArgumentType]
    }
    findings = tuple(fault(**places) for places in _schema_faults(doc)) or tuple(
        fault(**places) for places in _standard_faults(doc)
    )
    return Reading(None if findings else _manifest(doc), findings, **claims)


def _manifest(doc: dict[str, Any]) -> Manifest:
    return Manifest(
        satker=doc["satker"],
        dataset=doc["dataset"],
        items=tuple(doc.get("isi", ())),
        tables=tuple(doc.get("tabel", ())),
        defaults={key: text(value) or "" for key, value in doc.get("bawaan", {}).items()},
        corrects=doc["memperbaiki"].split(".")[0] if "memperbaiki" in doc else None,
        standard=doc.get("standar"),
        metadata=tuple(doc["metadata"]) if isinstance(doc.get("metadata"), list) else doc.get("metadata"),
        header_changed=doc.get("kepala_berubah"),
        inventory={b["nama"]: (b.get("ukuran_byte"), b.get("sha256")) for b in doc.get("berkas", ())},
    )


def _schema_faults(doc: dict[str, Any]) -> Iterator[dict[str, str]]:
    known = ", ".join(_schema()["properties"])
    for error in _validator().iter_errors(doc):
        kind: str = error.kind.name
        path = "/" + "/".join(str(step) for step in error.instance_path)
        if kind == "required":
            name = error.kind.as_dict()["property"]
            about = _schema()["properties"].get(name, {}).get("description", "")
            yield {"kode": "MANIFES_WAJIB", "kolom": name, "batas": about}
        elif kind == "additionalProperties":
            for name in error.kind.as_dict()["unexpected"]:
                yield {"kode": "MANIFES_KUNCI_ASING", "kolom": f"{path.rstrip('/')}/{name}", "batas": known}
        elif kind.startswith("oneOf"):
            yield {"kode": "MANIFES_TIDAK_SAH", "kolom": path, "nilai": "isi/tabel", "batas": "isi | tabel"}
        else:
            yield {"kode": "MANIFES_TIDAK_SAH", "kolom": path, "nilai": error.message, "batas": _allowed(error)}


def _allowed(error: Any) -> str:
    """The part of the schema that was broken, with the description beside it, as short text."""
    node: Any = _schema()
    for step in error.schema_path[:-1]:
        node = node[step]
    return f"{error.kind.name}: {error.kind.value} {node.get('description', '')}".strip()[:200]


def _standard_faults(doc: dict[str, Any]) -> Iterator[dict[str, str]]:
    known = datasets()
    name: str = doc["dataset"]
    if name not in known:
        yield {"kode": "DATASET_TIDAK_DIKENAL", "kolom": "dataset", "nilai": name, "batas": ", ".join(known)}
        return
    standard = known[name].standard
    # A standard only grows: what an older version asked for is still enough.
    if doc.get("standar", standard) not in {f"{name}@{version}" for version in range(1, known[name].version + 1)}:
        yield {"kode": "STANDAR_TIDAK_BERLAKU", "kolom": "standar", "nilai": doc["standar"], "batas": standard}
    fields = [f.name for f in known[name].office_fields]
    for key in doc.get("bawaan", {}):
        if key not in fields:
            yield {"kode": "MANIFES_KUNCI_ASING", "kolom": f"/bawaan/{key}", "batas": ", ".join(fields)}
