"""Which rows went back, and how a row of a correction workbook says which of them it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from schemas.dataset import Dataset
from schemas.personal import masked
from transforms.tabular import readers

ROW_ID = "asal_baris"
"""The hidden column of a correction workbook."""

_NEVER = ("BARIS_TANPA_ASAL", "DUPLIKAT", "SUDAH_DIGANTIKAN")

Place = tuple[str, str | None, int]
"""File, sheet and row of a submission version."""


@dataclass(frozen=True)
class Returned:
    """The rows of one receipt that went back: some one by one, some with all of their file or sheet.

    `never`: rows among those that did not go back, or that cannot be mended where they stand.
    """

    rows: frozenset[Place]
    files: frozenset[str]
    sheets: frozenset[tuple[str, str | None]]
    never: frozenset[Place]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Returned:
        """What a receipt document says went back."""
        bad = [f for f in document["temuan"] if f["tingkat"] == "GALAT" and f["berkas"]]
        return cls(
            rows=frozenset((f["berkas"], f["lembar"], f["baris"]) for f in bad if f["baris"] is not None),
            files=frozenset(b["berkas"] for b in document["berkas"] if b["dikembalikan"] and not b["diterima"]),
            sheets=frozenset((f["berkas"], f["lembar"]) for f in bad if f["kode"] == "KOLOM_TIDAK_ADA"),
            never=frozenset((f["berkas"], f["lembar"], f["baris"]) for f in document["temuan"] if f["kode"] in _NEVER),
        )

    def holds(self, place: Place) -> bool:
        """Whether the row at this place went back and may be mended."""
        place = shown(place)
        back = place in self.rows or place[0] in self.files or place[:2] in self.sheets
        return back and place not in self.never


def shown(place: Place) -> Place:
    """The place as a receipt names it: what is personal in the name of a file or sheet is masked there."""
    file, sheet, row = place
    return masked(file), sheet and masked(sheet), row


def row_id(number: str, place: Place, key: str) -> str:
    """The identity of a returned row: receipt, file, sheet, row and, for people who look, its key."""
    return orjson.dumps([number, *place, key]).decode()


def key_text(row: Mapping[str, Any], dataset: Dataset) -> str:
    """A row's key as it was written."""
    return "|".join((row.get(name) or "").strip() for name in dataset.primary_key)


@dataclass(frozen=True)
class Origin:
    """The returned row that a row of a correction mends: its receipt and place, and whether its key is another now."""

    kiriman: str
    place: Place
    rekeyed: bool


Origins = Mapping[Place, Origin]
"""For each row of a correction where it comes from; empty for what is no correction."""


def origin(row: Mapping[str, Any], dataset: Dataset, number: str) -> Origin | None:
    """What the row mends; None when its identity is not one of that receipt."""
    try:
        parts = orjson.loads(row.get(ROW_ID) or "")
    except orjson.JSONDecodeError:
        return None
    match parts:
        case [str(receipt), str(file), None | str() as sheet, int(at), str(key)] if receipt == number:
            return Origin(number, (file, sheet, at), key_text(row, dataset) != key)
        case _:
            return None


def is_same(row: tuple[str, Place], other: tuple[str, Place], origins_of: Callable[[str], Origins]) -> bool:
    """Whether a row of a correction may replace the accepted one that has its key: (receipt, place) of each.

    Followed back through the corrections, both were the same row of some version; or they never were rows of one
    version, and the correction left the key as it was: then it is a later version of that row.
    """
    mine, rekeyed = _way(row, origins_of)
    theirs, _ = _way(other, origins_of)
    shared = mine.keys() & theirs.keys()
    return any(mine[number] == theirs[number] for number in shared) if shared else not rekeyed


def _way(row: tuple[str, Place], origins_of: Callable[[str], Origins]) -> tuple[dict[str, Place], bool]:
    """Where a row stood in each version it was sent in, and whether its key was changed on the way."""
    kiriman, place = row
    way, rekeyed = {kiriman: place}, False
    while found := origins_of(kiriman).get(place):  # a correction mends an earlier version, so this ends
        kiriman, place = found.kiriman, found.place
        way[kiriman], rekeyed = place, rekeyed or found.rekeyed
    return way, rekeyed


def emptied(rows: pa.Table, dataset: Dataset) -> set[int]:
    """Positions of rows of which nothing but the identity is left."""
    own = [f.name for f in dataset.office_fields if f.name in rows.column_names]
    return {
        at for at, row in enumerate(rows.select(own).to_pylist()) if not any((v or "").strip() for v in row.values())
    }


def named_files(path: Path, name: str, dataset: Dataset) -> set[str]:
    """The media files the rows of a table refer to."""
    rows = readers.read(path, name, dataset.headers()).rows
    return {v.strip() for v in rows["berkas"].to_pylist() if v} if "berkas" in rows.column_names else set()
