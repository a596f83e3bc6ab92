"""Public editions → what a CKAN portal (2.9 to 2.12) is told of them, and what it shows → the same words again.

Limits are those of CKAN's own validators (`ckan/logic/validators.py`): names of 2 to 100 characters a-z, 0-9, `_` and
`-`; tags of 2 to 100 letters, digits, blanks, `-`, `_`, `.`; a version of at most 100; keys of extras only once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from schemas.dataset import Dataset
from transforms import datajson, indah, publik
from transforms.catalogue import CONTACT
from transforms.publik import DEFAULT_LICENCE, LICENCES, Edition

Thing = dict[str, Any]

LICENCE_IDS = {"CC-BY-4.0": "cc-by", "CC-BY-NC-4.0": "cc-nc"}
"""In the list of licences a CKAN comes with."""

MARK, KEY = "spit_dataset", "spit_kunci"
"""The extras by which we know what is ours over there, and the columns of its key."""

EXTRAS = {
    **{name: name for name in ("publisher_type", "accessRights", "accrualPeriodicity", "theme", "ukuran", "satuan")},
    **{name: name for name in ("kodereferensi", "total_msvar", "total_msind", "produsen_data_name")},
    **{name: name for name in ("publishing_status", "jenis", "id_mskeg", "kriteria_prioritas")},
    **{name: name for name in ("prioritas_tahun", "jenis_statistik", "cara_pengumpulan_data", "submission_period")},
    **{name: name for name in (*indah.PORTAL.values(), *indah.INDICATOR, "variabel_disaggregasi")},
    "identifier": "guid",
    "issued": "dcat_issued",
    "modified": "dcat_modified",
}
"""Field of `data.json` → extra, as the national portal's harvester names them."""

OWN = {
    *EXTRAS.values(),
    "language",
    "dcat_publisher_name",
    "spatial_codes",
    "temporal_start",
    "temporal_end",
    MARK,
    KEY,
}
RESOURCE = ("name", "description", "url", "format", "mimetype", "size", "hash")
TEXTS = ("name", "title", "notes", "license_id", "version", "author", "maintainer", "url", "private")
DATASTORE = {"integer": "int8", "number": "float8", "boolean": "bool"}
"""Table Schema type → PostgreSQL type of a DataStore column; everything else is text."""


def is_name(text: str) -> bool:
    """Whether CKAN takes it as a name."""
    return re.fullmatch(r"[a-z0-9_-]{2,100}", text) is not None and text not in {"new", "edit", "search"}


def package(edition: Edition, *, base: str, prefix: str, organization: str) -> Thing:
    """What `package_create` takes. `base`, with its slash, is where our files can be fetched: media stay links."""
    standard, facts = edition.standard, edition.facts
    said = datajson.dataset(edition, base)
    strictest = [code for code in LICENCES if code in facts.licences][-1:] or [DEFAULT_LICENCE]
    extras = {ours: str(said[name]) for name, ours in EXTRAS.items() if said.get(name)}
    extras |= {"language": "id", "dcat_publisher_name": datajson.PUBLISHER}
    extras |= {MARK: standard.name, KEY: ",".join(standard.primary_key)}
    if facts.provinces:
        extras["spatial_codes"] = ",".join(facts.provinces)
    if facts.begins and facts.ends:
        extras |= {"temporal_start": facts.begins.isoformat(), "temporal_end": facts.ends.isoformat()}
    sums = {base + file.path: f"sha256:{file.sha256}" for file in edition.files}
    return {
        "name": f"{prefix}{standard.name}"[:100],
        "title": standard.title,
        "notes": standard.description,
        "owner_org": organization,
        "license_id": LICENCE_IDS[strictest[0]],
        "version": edition.id[:100],
        "author": standard.producer or datajson.PUBLISHER,
        "maintainer": CONTACT[1],
        "url": base,
        "private": False,
        "tags": [{"name": tag} for tag in sorted(set(said.get("keyword", ())))],
        "extras": _pairs(extras),
        "resources": sorted(
            (
                {
                    "name": each["title"],
                    "description": each["description"],
                    "url": each["downloadURL"],
                    "format": each["format"],
                    "mimetype": each["mediaType"],
                    "size": each["byteSize"],
                    "hash": sums[each["downloadURL"]],
                }
                for each in said["distribution"]
            ),
            key=lambda each: each["name"],
        ),
    }


def organization(name: str, title: str) -> Thing:
    """What `organization_create` takes."""
    return {"name": name, "title": title, "description": "Data dan bahan kehumasan kepolisian yang terbuka untuk umum."}


def rows(standard: Dataset, records: Iterable[Mapping[str, Any]]) -> Thing:
    """The rows of an edition as the DataStore takes them, in the order of their key; it refuses names like `_kunci`."""
    fields = [
        {"id": f.name, "type": DATASTORE.get(f.type, "text")}
        for f in publik.columns(standard)
        if not f.name.startswith("_")
    ]
    types = {field["id"]: field["type"] for field in fields}
    made = [
        {k: record[k] if record[k] is None or type_ != "text" else _text(record[k]) for k, type_ in types.items()}
        for record in records
    ]
    return _table(fields, list(standard.primary_key), made)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _table(fields: Sequence[Thing], key: list[str], records: Iterable[Thing]) -> Thing:
    return {
        "fields": list(fields),
        "primary_key": key,
        "records": sorted(records, key=lambda record: [str(record[name]) for name in key]),
    }


# What the portal shows, in our own words


def shown(there: Mapping[str, Any]) -> Thing:
    """A dataset as `package` would have it; equal to it when nobody has changed anything."""
    known = {name: there.get(name) for name in TEXTS}
    extras = {each["key"]: each["value"] for each in there.get("extras", ())}
    return {
        **known,
        "owner_org": (there.get("organization") or {}).get("name"),
        "tags": [{"name": name} for name in sorted(tag["name"] for tag in there.get("tags", ()))],
        "extras": _pairs({key: value for key, value in extras.items() if key in OWN}),
        "resources": sorted(map(resource_shown, there["resources"]), key=lambda each: str(each["name"])),
    }


def resource_shown(there: Mapping[str, Any]) -> Thing:
    """A resource as `package` would have it: portals write formats their own way and may give sizes as text."""
    known = {name: there.get(name) for name in RESOURCE}
    size = str(known["size"] or "")
    return {
        **known,
        "size": int(size) if size.isdigit() else known["size"],
        "format": str(known["format"] or "").upper(),
    }


def organization_shown(there: Mapping[str, Any]) -> Thing:
    """An organisation as `organization` would have it."""
    return {name: there.get(name) for name in ("name", "title", "description")}


def rows_shown(fields: Sequence[Thing], records: Iterable[Thing], there: Mapping[str, Any]) -> Thing:
    """The rows of the DataStore as `rows` would have them; `there` is the dataset they belong to."""
    key = next((each["value"] for each in there["extras"] if each["key"] == KEY), "")
    kept = [{"id": each["id"], "type": each["type"]} for each in fields if each["id"] != "_id"]
    own = [{name: value for name, value in record.items() if name != "_id"} for record in records]
    return _table(kept, key.split(","), own)


def differences(there: Thing, wanted: Thing) -> tuple[list[Thing], list[Thing]] | None:
    """What makes table `there` into `wanted`: filters of the rows that go, and the rows that are new or differ.

    None when only making it anew does: its columns are others, or its rows have another key.
    """
    key: list[str] = wanted["primary_key"]
    before, after = (
        {tuple(str(record.get(name)) for name in key): record for record in table["records"]}
        for table in (there, wanted)
    )
    if there["fields"] != wanted["fields"] or len(before) != len(there["records"]):
        return None
    gone: dict[tuple[Any, ...], list[Any]] = {}
    for record in (record for at, record in before.items() if at not in after):
        gone.setdefault(tuple(record[name] for name in key[:-1]), []).append(record[key[-1]])
    filters = [{**dict(zip(key, first, strict=False)), key[-1]: last} for first, last in gone.items()]
    return filters, [record for at, record in after.items() if before.get(at) != record]


def is_ours(there: Mapping[str, Any]) -> bool:
    """Whether a dataset over there was made by us."""
    return any(each["key"] == MARK for each in there.get("extras", ()))


def foreign_extras(there: Mapping[str, Any]) -> list[Thing]:
    """What others have said of our dataset: it stays."""
    return [{"key": e["key"], "value": e["value"]} for e in there.get("extras", ()) if e["key"] not in OWN]


def table_resource(there: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The resource whose rows the DataStore may hold."""
    return next((each for each in there["resources"] if resource_shown(each)["format"] == "CSV"), None)


def document(thing: Thing) -> bytes:
    """The same bytes for the same thing."""
    return json.dumps(thing, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _pairs(extras: Mapping[str, str]) -> list[Thing]:
    return [{"key": key, "value": extras[key]} for key in sorted(extras)]
