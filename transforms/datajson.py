"""Public editions → `data.json`, the older DCAT-JSON that the SDI portal's CKAN harvests, with the portal's own fields.

Field names are those `dcat_to_ckan` of apteksdi/ckanext-dcat reads. The MS-Keg blocks and its number come from the
metadata on file, Data Prioritas from the daftar data; what none of these says (the other ids of the national statistics
system) is left out, not guessed. The words of `jenis` are ours, after the kinds of data of Perpres 39/2019 Art 5.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from schemas import daftar_data
from transforms import indah
from transforms.publik import Edition
from transforms.vocabulary import EU, FORMATS, FREQUENCIES, access

PUBLISHER = "Divisi Humas Polri"
STATISTICS, OTHER = "Data Statistik", "Data Lainnya"
APPROVED = "approved"
"""The portal's word for what has been through the checks: nothing else is published."""


def data_json(number: int, at: datetime, editions: Sequence[Edition], *, base: str = "") -> dict[str, Any]:
    """Release `number`, made at `at`; `base` (with its slash) is where the files can be fetched."""
    return {
        "title": "Katalog SPIT",
        "description": f"Data dan bahan kehumasan kepolisian yang terbuka untuk umum, rilis {number}.",
        "modified": _instant(at),
        "publisher": {"name": PUBLISHER},
        "dataset": [dataset(edition, base) for edition in editions],
    }


def based(page: dict[str, Any], base: str) -> dict[str, Any]:
    """The same page with its relative addresses below `base`, which ends with a slash."""

    def placed(file: dict[str, Any]) -> dict[str, Any]:
        return {**file, "downloadURL": base + file["downloadURL"]}

    told = [{**each, "distribution": [placed(file) for file in each["distribution"]]} for each in page["dataset"]]
    return {**page, "dataset": told}


def dataset(edition: Edition, base: str) -> dict[str, Any]:
    """One edition in the words of the portal's harvester."""
    standard, facts = edition.standard, edition.facts
    priority = daftar_data.priority_lines(standard.name)
    measures = [f for f in standard.fields if f.public and f.ukuran]
    said = {
        "identifier": f"urn:spit:dataset:{standard.name}",
        "title": standard.title,
        "description": standard.description,
        "keyword": [tag for word in standard.keywords or (standard.title,) if (tag := _tag(word))],
        "theme": standard.theme,
        "issued": facts.issued and _instant(facts.issued),
        "modified": facts.modified and _instant(facts.modified),
        "language": ["id"],
        "publisher": {"name": PUBLISHER},
        "publisher_type": "NationalAuthority",
        "publishing_status": APPROVED,
        "jenis": STATISTICS if standard.period else OTHER,
        "prioritas_tahun": ", ".join(sorted({str(line.tahun) for line in priority})),
        "kriteria_prioritas": "; ".join(sorted({daftar_data.CRITERIA[x.kriteria] for x in priority if x.kriteria})),
        "produsen_data_name": standard.producer or PUBLISHER,
        "accessRights": access(facts.classes),
        "accrualPeriodicity": standard.frequency and f"{EU}/frequency/{FREQUENCIES[standard.frequency]}",
        "ukuran": "; ".join(dict.fromkeys(f.ukuran for f in measures)),
        "satuan": "; ".join(dict.fromkeys(f.satuan for f in measures if f.satuan)),
        "kodereferensi": "; ".join(dict.fromkeys(f.klasifikasi for f in standard.fields if f.reference)),
        "distribution": [
            {
                "title": f"{standard.title} ({FORMATS[file.format][0]})",
                "description": f"{facts.rows} baris",
                "downloadURL": base + file.path,
                "format": FORMATS[file.format][0],
                "mediaType": FORMATS[file.format][1],
                "byteSize": file.size,
            }
            for file in edition.files
            if file.format in FORMATS
        ],
    }
    if known := indah.years(standard):
        said |= indah.portal(known[max(known)])
    return {name: value for name, value in said.items() if value}


def _tag(word: str) -> str:
    """A keyword as CKAN takes it: 2 to 100 letters, digits, blanks, `-`, `_` and `.`; empty if nothing is left."""
    tag = " ".join(re.sub(r"[^\w \-.]+", " ", word).split())[:100]
    return tag if len(tag) > 1 else ""


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
