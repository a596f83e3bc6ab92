"""Code lists with authority and vintage: one CSV each, `kode` first, read as text (a code is never a number).

`daftar.csv` names every list with its authority, vintage, legal basis, origin and licence.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv

HERE = Path(__file__).parent

ZONES = {"WIB": "+07:00", "WITA": "+08:00", "WIT": "+09:00"}
"""Indonesia's three zones; none has daylight saving."""

WILAYAH_OTORITAS, WILAYAH_VINTAGE = "KEMENDAGRI", "2025-2430"
"""Whose region codes `kode_wilayah` holds, and as of which decree (Kepmendagri 300.2.2-2430/2025)."""


def path(name: str) -> Path:
    """The CSV of code list `name`."""
    return HERE / f"{name}.csv"


def read(name: str) -> list[dict[str, str]]:
    """A whole list as text rows, in its file's order."""
    with path(name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def columns(name: str) -> pa.Table:
    """A whole list as text columns, an empty cell being NULL; read once, as long as its file is where it was."""
    return _columns(path(name))


@cache
def _columns(file: Path) -> pa.Table:
    with file.open(encoding="utf-8", newline="") as lines:
        header = next(csv.reader(lines))
    convert = arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(header, pa.string()), null_values=[""], strings_can_be_null=True
    )
    return arrow_csv.read_csv(file, convert_options=convert)


@cache
def satker() -> dict[str, dict[str, str]]:
    """Every satker by code: nama, tipe, induk, zona_waktu and validity."""
    return {row["kode"]: row for row in read("satker")}


def offset(kode_satker: str) -> str:
    """The UTC offset of a satker's time zone, as `+08:00`; KeyError for an unknown code."""
    return ZONES[satker()[kode_satker]["zona_waktu"]]


def covers(scope: tuple[str, ...] | list[str], kode_satker: str) -> bool:
    """Whether `scope` (satker, each with all units below it) includes a satker."""
    return any(kode_satker == unit or kode_satker.startswith(unit + ".") for unit in scope)
