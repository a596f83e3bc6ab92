"""Public editions → one Data Package v2 per release: what each file is, its columns, bytes, checksum and licence."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from schemas.dataset import Dataset
from transforms.publik import DEFAULT_LICENCE, LICENCES, Edition, File, columns

PROFILES = "https://datapackage.org/profiles/2.0"
FORMATS = {"csv": "text/csv", "json": "application/json", "parquet": "application/vnd.apache.parquet"}


CHANGE = "_ubah"


@dataclass(frozen=True)
class Step:
    """What changed in a dataset since edition `since`: a CSV, and how many rows were added, replaced, withdrawn."""

    path: str
    size: int
    sha256: str
    since: str
    added: int
    replaced: int
    withdrawn: int


def descriptor(
    number: int,
    at: datetime,
    editions: Sequence[Edition],
    steps: Mapping[str, Step] | None = None,
    metadata: Mapping[str, Mapping[str, bytes]] | None = None,
) -> dict[str, Any]:
    """`datapackage.json` of release `number` as it is public since `at`; paths are relative to it.

    The same `id` stands for the same files, byte for byte, wherever and whenever they are made: it has their checksums
    in it. One release can have several, since what is public of it changes when an embargo ends or something is
    withdrawn, and since `<name>-perubahan` is there only where the edition before (`sejak`) was published as well.

    The CSV of a dataset is the resource named after it; its twins, `<name>-parquet` and the like, have the same rows
    and schema. `<name>-perubahan` is what changed since the edition before, where there was one.
    `<name>-metadata-<year>` is its MS-Keg, MS-Var and MS-Ind.
    """
    names = {edition.standard.name for edition in editions}
    resources = [_resource(e, file, names) for e in editions for file in e.files if file.format in FORMATS]
    changed = [(edition, (steps or {}).get(edition.standard.name)) for edition in editions]
    resources += [_step(edition, step) for edition, step in changed if step]
    told = [(edition, (metadata or {}).get(edition.standard.name, {})) for edition in editions]
    resources += [_metadata(edition, path, content) for edition, files in told for path, content in files.items()]
    listed = sorted(f"{each['path']} {each['hash']}" for each in resources)
    mark = hashlib.sha256("\n".join(listed).encode()).hexdigest()
    codes = {code for edition in editions for code in edition.facts.licences} or {DEFAULT_LICENCE}
    return {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": "spit",
        "id": f"urn:spit:rilis:{number}:{mark[:16]}",
        "title": f"Data kehumasan kepolisian, rilis {number}",
        "version": str(number),
        "created": at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "contributors": [{"title": "Divisi Humas Polri", "roles": ["publisher"]}],
        "licenses": _licences(codes),
        "resources": resources,
    }


def based(package: dict[str, Any], base: str) -> dict[str, Any]:
    """The same package to be read from elsewhere than beside its files: they are below `base`, which ends with a slash.

    Data Package v2 lets a path be an address.
    """
    return {**package, "resources": [{**each, "path": base + each["path"]} for each in package["resources"]]}


def schema(dataset: Dataset, resources: Collection[str]) -> dict[str, Any]:
    """The public columns as a Table Schema; a foreign key stays only if `resources` has what it points at."""
    public = replace(dataset, fields=columns(dataset)).table_schema(public=True)
    keys = [key for key in public.pop("foreignKeys", []) if key["reference"]["resource"] in resources]
    return {
        "$schema": f"{PROFILES}/tableschema.json",
        **public,
        **({"foreignKeys": keys} if keys else {}),
        "fieldsMatch": ["exact"],
    }


def _resource(edition: Edition, file: File, names: Collection[str]) -> dict[str, Any]:
    name = edition.standard.name
    return {
        "name": name if file.format == "csv" else f"{name}-{file.format}",
        "path": file.path,
        "title": edition.standard.title,
        "description": edition.standard.description,
        "format": file.format,
        "mediatype": FORMATS[file.format],
        "encoding": "utf-8",
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
        "licenses": _licences(edition.facts.licences or (DEFAULT_LICENCE,)),
        "schema": schema(edition.standard, names),
    }


def _metadata(edition: Edition, path: str, content: bytes) -> dict[str, Any]:
    year = path.rpartition("-")[2].partition(".")[0]
    return {
        "name": f"{edition.standard.name}-metadata-{year}",
        "path": path,
        "title": f"Metadata statistik {edition.standard.title}, {year}: MS-Keg, MS-Var, MS-Ind (INDAH v2)",
        "format": "json",
        "mediatype": FORMATS["json"],
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "licenses": _licences((DEFAULT_LICENCE,)),
    }


def _step(edition: Edition, step: Step) -> dict[str, Any]:
    own = schema(edition.standard, ())
    bare = [{key: value for key, value in each.items() if key != "constraints"} for each in own["fields"]]
    change = {
        "name": CHANGE,
        "type": "string",
        "title": "Perubahan",
        "description": "TAMBAH: baris baru; GANTI: baris menggantikan baris berkunci sama; HAPUS: baris ditarik, "
        "hanya kuncinya yang disebut.",
        "constraints": {"required": True, "enum": ["TAMBAH", "GANTI", "HAPUS"]},
    }
    return {
        "name": f"{edition.standard.name}-perubahan",
        "path": step.path,
        "title": f"Perubahan: {edition.standard.title}",
        "description": f"Sejak terbitan {step.since}: {step.added} baris ditambah, {step.replaced} diganti, "
        f"{step.withdrawn} ditarik.",
        "format": "csv",
        "mediatype": FORMATS["csv"],
        "encoding": "utf-8",
        "bytes": step.size,
        "hash": f"sha256:{step.sha256}",
        "licenses": _licences(edition.facts.licences or (DEFAULT_LICENCE,)),
        "schema": {"$schema": own["$schema"], "fields": [change, *bare], "primaryKey": own["primaryKey"]},
        "sejak": step.since,
    }


def _licences(codes: Collection[str]) -> list[dict[str, str]]:
    return [{"name": x.code, "path": x.url, "title": x.title} for x in LICENCES.values() if x.code in codes]
