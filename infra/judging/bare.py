"""A table without an envelope, alone or beside its metadata: what can be told of it, and whether that is enough.

The standard is told where the columns that must be there are those of one standard alone; the satker is not guessed:
it is the one the source is registered for, where that is one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath

from infra.sources import Drop
from schemas.dataset import datasets
from schemas.metadata import KINDS
from transforms import forms
from transforms.tabular import readers
from transforms.tabular.heading import fold_spellings, folded
from transforms.tabular.reading import Reading


def told(drop: Drop, satker: str | None, dataset: str | None = None, *, rows_say: bool = False) -> Drop:
    """The drop with the envelope that can be told of its one table, or refused as a table of which it cannot.

    A drop with an envelope, or without a table, as it is. `rows_say`: where no satker is given, take the one all rows
    name; for whoever only wants to know what would come of it.
    """
    tables = forms.tables(drop.files)
    if drop.enveloped or drop.refused or len(tables) != 1:
        return drop
    (name,) = tables
    reading = _read(drop.files[name], name)
    columns = [column for column in reading.rows.column_names if not column.startswith("_")]
    if reading.faults and not columns:  # it could not be read at all, and the fault says why
        return replace(drop, refused=(reading.faults[0].kode, reading.faults[0].nilai or name))
    fits = [dataset] if dataset else fitting(columns)
    satker = satker or (_satker(reading) if rows_say else None)
    if satker is None or len(fits) != 1:
        said = f"dataset: {' / '.join(fits) or '?'}; satker: {satker or '?'}"
        return replace(drop, refused=("TABEL_TANPA_AMPLOP", said))
    standard = datasets().get(fits[0])
    document = {"versi": 1, "satker": satker, "dataset": fits[0], "tabel": [name]}
    if standard:
        document["standar"] = standard.standard
    if metadata := [each for each in sorted(drop.files) if _of_metadata(each)]:
        document["metadata"] = metadata
    return replace(drop, told=document)


def fitting(columns: Collection[str]) -> list[str]:
    """The datasets whose required columns are all among these, but for those that every dataset requires."""
    found = {folded(column) for column in columns}
    required = {d.name: {f.name for f in d.office_fields if f.constraints.required} for d in datasets().values()}
    alike = set.intersection(*required.values())
    fits: list[str] = []
    for name, dataset in datasets().items():
        spellings = fold_spellings(dataset.headers())
        if required[name] - alike <= {spellings[each] for each in found & spellings.keys()}:
            fits.append(name)
    return fits


def _read(path: Path, name: str) -> Reading:
    """The table, with every heading of every standard as a column of its own."""
    every = {folded(h): h for d in datasets().values() for headers in d.headers().values() for h in headers}
    return readers.read(path, name, {heading: (heading,) for heading in every.values()})


def _satker(reading: Reading) -> str | None:
    """The one satker that all rows name."""
    for column in reading.rows.column_names:
        if folded(column) in {folded(h) for d in datasets().values() for h in d.headers().get("kode_satker", ())}:
            named = {text.strip() for text in reading.rows[column].to_pylist() if text}
            return named.pop() if len(named) == 1 else None
    return None


def _of_metadata(name: str) -> bool:
    stem = PurePosixPath(name).name.lower().replace("-", "_")
    return stem.endswith(".json") and stem.startswith(KINDS)
