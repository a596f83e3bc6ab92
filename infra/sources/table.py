"""Making a submission of what a portal or an API publishes: which files are tables, and the manifest around them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from schemas.dataset import datasets

OPEN = ("csv", "tsv", "ndjson", "jsonl", "json", "ods", "xlsx")
"""What is read as a table, best first: where a portal offers one table in several formats, the first is taken."""

SPELLINGS = {
    "xlxs": "xlsx",
    "xslx": "xlsx",
    "excel": "xlsx",
    "geojson": "",
    "tab-separated-values": "tsv",
    "x-ndjson": "ndjson",
    "vnd.oasis.opendocument.spreadsheet": "ods",
    "vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
"""How portals write them; the long ones are media types after their slash."""


def format_of(declared: str, address: str) -> str:
    """The format of a file, one of OPEN, or empty: what is declared, or else how its address ends."""
    last = declared.strip().lower().rstrip("/").rpartition("/")[2].lstrip(".")
    suffix = PurePosixPath(urlsplit(address).path).suffix.lower().lstrip(".")
    both = "/" in declared and ":" not in declared and suffix  # `csv/xlsx`, and `text/csv`: the address knows better
    for word in (suffix, last) if both else (last, suffix):
        if (found := SPELLINGS.get(word, word)) in OPEN:
            return found
    return ""


def slug(text: object) -> str:
    """Text as part of a submission's name: `Polda Jabar, 2026` → `polda-jabar-2026`."""
    plain = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:120].strip("-")


def defaults(dataset: str, *given: Mapping[str, object]) -> dict[str, object]:
    """Of values by column, those the standard lets an office fill in; the later ones win."""
    columns = {field.name for field in datasets()[dataset].office_fields}
    scalars = (str, int, float, bool)
    return {
        key: value
        for each in given
        for key, value in each.items()
        if key in columns and isinstance(value, scalars) and value != ""
    }


def manifest(satker: str, dataset: str, tables: Sequence[str], values: Mapping[str, object], origin: str) -> bytes:
    """The envelope of a submission whose rows are in `tables`."""
    document = {
        "versi": 1,
        "satker": satker,
        "dataset": dataset,
        "bawaan": dict(values),
        "tabel": list(tables),
        "catatan": f"Diambil dari {origin}",
    }
    return json.dumps(document, ensure_ascii=False, indent=2).encode()
