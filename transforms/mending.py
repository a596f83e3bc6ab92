"""Which rows went back, and how a row of a correction workbook says which of them it is."""

from __future__ import annotations

from collections.abc import Mapping
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


def place_of(text: str | None, number: str) -> Place | None:
    """Where the row stood; None when the identity is not one of that receipt."""
    try:
        parts = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return None
    match parts:
        case [str(receipt), str(file), None | str() as sheet, int(row), str()] if receipt == number:
            return file, sheet, row
        case _:
            return None


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
