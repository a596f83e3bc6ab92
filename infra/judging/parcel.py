"""A submission opened for judging: its manifest, its rows as text, and every fault met on the way.

The pipeline and `satu check` open the same parcels; only where the bytes lie differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from infra.judging.completeness import complete
from infra.judging.lane import Lane, Lanes, Only
from infra.judging.registry import Registry
from schemas import manifest
from schemas.dataset import Dataset, datasets
from schemas.finding import Finding
from schemas.manifest import Manifest
from schemas.messages import messages
from schemas.metadata import Doc
from schemas.reference import satker
from transforms import forms
from transforms.forms import Form
from transforms.mending import ROW_ID, Origin, Place, Returned, emptied, origin
from transforms.shape import KEYS
from transforms.tabular import readers
from transforms.tabular.heading import folded
from transforms.tabular.reading import Reading


@dataclass(frozen=True)
class File:
    """One file of a submission. `open` hands out a real path for as long as it is held."""

    name: str
    size: int
    sha256: str
    open: Callable[[], AbstractContextManager[Path]]
    earlier: bool = False
    """Whether it came with an earlier version, and this one only refers to it."""


@dataclass(frozen=True)
class Recheck:
    """What the Pembina said of Data Prioritas, and who said it; `reason` is why it goes back, None when approved."""

    by: str
    reason: str | None


@dataclass(frozen=True)
class Parcel:
    """One submission version as it arrived. `facts`: sha256 → what examining that media file found.

    `archive` names the zip the files came out of, `refused` the rule that kept it shut and what was met. `told`: the
    envelope of a bare table. `returned`: what went back with the receipt this one mends.
    """

    kiriman: str
    source: str
    name: str
    version: int
    arrived_at: datetime
    files: Mapping[str, File]
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    archive: str | None = None
    refused: tuple[str, str] | None = None
    told: dict[str, Any] | None = None
    returned: Returned | None = None
    recheck: Recheck | None = None

    @property
    def form(self) -> Form | None:
        """Where its envelope is; of a bare table the table."""
        if self.told:
            return Form(self.told["tabel"][0], self.told["tabel"][0])
        return forms.find([f.name for f in self.files.values() if f.name != self.archive and not f.earlier])

    @property
    def root(self) -> str:
        """The receipt number all versions share."""
        return self.kiriman.rpartition(".")[0]

    @property
    def size(self) -> int:
        """Bytes handed in."""
        return sum(
            f.size for f in self.files.values() if not f.earlier and (f.name == self.archive or not self.archive)
        )


@dataclass
class Opened:
    """What opening a parcel gave. `manifest` is None when the whole submission goes back.

    `rows`: file → text columns of the standard plus `KEYS`. `balances`: file → [rows in, skipped, returned] so far.
    `spoilt`: rows (file, sheet, row) that a fault of reading sends back. `absent`: columns missing from a whole file.
    """

    parcel: Parcel
    manifest: Manifest | None = None
    satker: str | None = None
    dataset: str | None = None
    rows: dict[str, pa.Table] = field(default_factory=dict[str, pa.Table])
    findings: list[Finding] = field(default_factory=list)
    balances: dict[str, list[int]] = field(default_factory=dict)
    spoilt: set[tuple[str, str | None, int]] = field(default_factory=set)
    absent: set[tuple[str, str]] = field(default_factory=set)
    readings: dict[str, Reading] = field(default_factory=dict[str, Reading])
    """Table file → what was read of it, with the columns no standard knows; less the rows the office emptied."""
    columns: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Table file → the standard's columns it fills, by itself or by the envelope's defaults."""
    lanes: dict[str, Lane] = field(default_factory=dict[str, Lane])
    """Table file → those of its rows that went the fast way, and are in none of the above."""
    metadata: list[Doc] = field(default_factory=list[Doc])
    """The statistical metadata handed in with it."""
    origins: dict[Place, Origin] = field(default_factory=dict[Place, Origin])
    """Of a correction: for each of its rows the returned one it mends."""
    sent_back: bool = False
    """Whether every row goes back, whatever it says itself."""

    @property
    def standard(self) -> Dataset:
        """The standard it is judged by; only where there is a manifest."""
        return datasets()[self.dataset or ""]


def open_parcel(
    parcel: Parcel,
    owner_of: Callable[[str], str | None] | None = None,
    registry: Registry | None = None,
    lanes: Lanes | Only | None = None,
) -> Opened:
    """Read the manifest and every table it names. `owner_of`: receipt number → its source, to check a correction.

    `registry`: what is on file; without one, what is shipped with the standards. `lanes`: where rows of large regular
    files may go the fast way, or which of them are wanted at all; without, all of them are read.
    """
    form = parcel.form
    if form is None or parcel.refused:
        return _closed(parcel)
    if parcel.told:
        reading = manifest.examine(parcel.told, parcel.kiriman, form.head)
    else:
        with parcel.files[form.head].open() as path:
            reading = forms.read(form, path, parcel.kiriman)
    opened = Opened(parcel, satker=reading.satker, dataset=reading.dataset, findings=list(reading.findings))
    sent = reading.manifest
    if sent:
        opened.findings.extend(_envelope_faults(parcel, form.head, sent, owner_of))
    if sent is None or opened.findings:
        opened.balances[form.head] = [reading.items, 0, reading.items]
        return opened
    opened.manifest = sent
    if parcel.told:
        said = f"{sent.satker}, {sent.standard or sent.dataset}"
        opened.findings.append(Finding(parcel.kiriman, "AMPLOP_DISIMPULKAN", form.head, nilai=said))
    if sent.items:
        _take_items(opened, sent)
    for name in sent.tables:
        _take_table(opened, name, lanes)
    complete(opened, form.head, registry or Registry(lambda _: (), connected=False))
    used = {form.head, parcel.archive, *sent.tables, *sent.metadata_files, *_named(opened)}
    for name in sorted(f.name for f in parcel.files.values() if f.name not in used and not f.earlier):
        opened.findings.append(Finding(parcel.kiriman, "BERKAS_TIDAK_DIPAKAI", berkas=name, nilai=name))
    return opened


def _closed(parcel: Parcel) -> Opened:
    """A submission nothing can be learnt of: a zip that stayed shut, or one without an envelope."""
    name = parcel.archive or (parcel.form.head if parcel.form else next(iter(parcel.files), None))
    kode, nilai = parcel.refused or ("MANIFES_TIDAK_ADA", name or parcel.name)
    found = Finding(parcel.kiriman, kode, berkas=name, nilai=nilai)
    return Opened(parcel, findings=[found], balances={name or parcel.name: [0, 0, 0]})


def _envelope_faults(
    parcel: Parcel, head: str, sent: Manifest, owner_of: Callable[[str], str | None] | None
) -> Iterator[Finding]:
    def fault(kode: str, kolom: str, nilai: str) -> Finding:
        return Finding(parcel.kiriman, kode, berkas=head, kolom=kolom, nilai=nilai)

    if sent.satker not in satker():
        yield fault("SATKER_TIDAK_DIKENAL", "satker", sent.satker)
    if sent.mends and owner_of and parcel.returned is None:
        yield fault("PERBAIKAN_TIDAK_DIKENAL", forms.MENDS, sent.mends)
    if sent.corrects and owner_of and owner_of(sent.corrects) != parcel.source:
        yield fault("PERBAIKAN_TIDAK_DIKENAL", "memperbaiki", sent.corrects)


def _named(opened: Opened) -> set[str]:
    """The media files the rows refer to."""
    if not opened.standard.of_media:
        return set()
    return {str(v) for table in opened.rows.values() for v in table["berkas"].to_pylist() if v}


def _take_items(opened: Opened, sent: Manifest) -> None:
    standard, kiriman = opened.standard, opened.parcel.kiriman
    spellings = {folded(h): name for name, headers in standard.headers().items() for h in headers}
    objects = [(at, item) for at, item in enumerate(sent.items, 1) if isinstance(item, dict)]
    for at, item in enumerate(sent.items, 1):
        if not isinstance(item, dict):
            opened.findings.append(Finding(kiriman, "BUTIR_BUKAN_OBJEK", manifest.NAME, baris=at, nilai=str(item)))
    columns: dict[str, list[str | None]] = {f.name: [None] * len(objects) for f in standard.office_fields}
    for row, (at, item) in enumerate(objects):
        place: dict[str, Any] = {"berkas": manifest.NAME, "baris": at}
        for key, value in item.items():
            name = spellings.get(folded(key))
            if name is None:
                opened.findings.append(Finding(kiriman, "KOLOM_TIDAK_DIKENAL", **place, kolom=key, nilai=str(value)))
            elif isinstance(value, dict | list):
                opened.findings.append(Finding(kiriman, "NILAI_BERSARANG", **place, kolom=name, nilai=str(value)))
                opened.spoilt.add((manifest.NAME, None, at))
            elif (said := manifest.text(value)) and (before := columns[name][row]) and said != before:
                both = f"{before} | {said}"
                opened.findings.append(Finding(kiriman, "KOLOM_GANDA", **place, kolom=name, nilai=both))
                opened.spoilt.add((manifest.NAME, None, at))
            else:
                columns[name][row] = said or columns[name][row]
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    table = table.append_column("_baris", pa.array([at for at, _ in objects], pa.int64()))
    opened.balances[manifest.NAME] = [len(sent.items), 0, len(sent.items) - len(objects)]
    opened.rows[manifest.NAME] = keyed(opened, table, manifest.NAME)


def _take_table(opened: Opened, name: str, lanes: Lanes | Only | None) -> None:
    kiriman, standard = opened.parcel.kiriman, opened.standard
    if fault := _file_fault(opened, name):
        opened.findings.append(fault)
        opened.balances[name] = [0, 0, 0]
        return
    sent = opened.manifest
    columns = standard.headers() | ({ROW_ID: (ROW_ID,)} if sent and sent.mends else {})
    is_head = opened.parcel.form is not None and name == opened.parcel.form.head
    with opened.parcel.files[name].open() as path:
        fast = None
        if lanes and sent and not (sent.mends or is_head or standard.of_media):
            fast = lanes.take(opened, name, path)
        reading = fast or readers.read(path, name, columns)
    if is_head:
        reading = forms.without_own(reading)
    defaults = sent.defaults if sent else {}
    for f in reading.faults:
        if f.kolom == ROW_ID:
            continue
        if f.kode == "KOLOM_TIDAK_ADA":
            column = standard.field(f.kolom or "")
            if not column.constraints.required or column.name in defaults or column.name == "kode_satker":
                continue
            opened.absent.add((name, column.name))
        opened.findings.append(
            Finding(kiriman, f.kode, berkas=name, lembar=f.lembar, baris=f.baris, kolom=f.kolom, nilai=f.nilai or name)
        )
        if f.baris is not None and messages()[f.kode].tingkat == "GALAT":
            opened.spoilt.add((name, f.lembar, f.baris))
    for row in reading.skipped.to_pylist():
        opened.findings.append(
            Finding(kiriman, row["alasan"], berkas=name, lembar=row["_lembar"], baris=row["_baris"], nilai=row["teks"])
        )
    opened.balances[name] = [reading.rows_in, reading.skipped.num_rows, 0]
    if name in opened.lanes:
        opened.balances[name][0] += opened.lanes[name].rows
    filled = {*reading.rows.column_names, *defaults, "kode_satker"}
    opened.columns[name] = {f.name for f in standard.office_fields if f.name in filled}
    explained = any(f.berkas == name and f.tingkat == "GALAT" for f in opened.findings)
    if not (reading.rows.num_rows or name in opened.lanes or explained or (sent and sent.mends)):
        opened.findings.append(Finding(kiriman, "TABEL_TANPA_BARIS", berkas=name, nilai=name))
    rows = _mending(opened, reading.rows, name, sent.mends) if sent and sent.mends else reading.rows
    opened.readings[name] = replace(reading, rows=rows)
    opened.rows[name] = keyed(opened, rows, name)


def _mending(opened: Opened, rows: pa.Table, name: str, mends: str) -> pa.Table:
    """The rows of a correction workbook; those the office emptied are left out, those of unknown origin go back."""
    kiriman, returned, seen = opened.parcel.kiriman, opened.parcel.returned, set[Place]()
    empty = emptied(rows, opened.standard)
    needed = {ROW_ID, "_lembar", "_baris", *opened.standard.primary_key}
    for at, row in enumerate(rows.select([c for c in rows.column_names if c in needed]).to_pylist()):
        where: dict[str, Any] = {"berkas": name, "lembar": row["_lembar"], "baris": row["_baris"]}
        if at in empty:
            opened.findings.append(Finding(kiriman, "BARIS_KOSONG", **where))
            opened.balances[name][1] += 1
            continue
        mended = origin(row, opened.standard, mends)
        if mended is None or mended.place in seen or not (returned is None or returned.holds(mended.place)):
            opened.findings.append(Finding(kiriman, "BARIS_TANPA_ASAL", **where, nilai=row.get(ROW_ID), batas=mends))
            opened.spoilt.add((name, row["_lembar"], row["_baris"]))
            continue
        seen.add(mended.place)
        if returned:
            opened.origins[name, row["_lembar"], row["_baris"]] = mended
    return rows.take(pa.array([at for at in range(rows.num_rows) if at not in empty], pa.int64()))


def _file_fault(opened: Opened, name: str) -> Finding | None:
    """Why a table the manifest names cannot be read at all, if so."""
    parcel = opened.parcel
    found = parcel.files.get(name)
    if found is None:
        kode = "JALUR_BERKAS" if escapes(name) else "BERKAS_TIDAK_ADA"
    elif found.size == 0:
        kode = "BERKAS_KOSONG"
    elif opened.manifest and altered(opened.manifest, found):
        kode = "BERKAS_BERUBAH"
    else:
        return None
    return Finding(parcel.kiriman, kode, berkas=name, nilai=name)


def escapes(name: str) -> bool:
    """Whether a file name points outside the submission's folder."""
    return name.startswith(("/", "~")) or "\\" in name or ".." in name.split("/")


def altered(sent: Manifest, found: File) -> bool:
    """Whether a file differs from what the manifest's inventory declares of it."""
    size, sha256 = sent.inventory.get(found.name, (None, None))
    return (size is not None and size != found.size) or (sha256 is not None and sha256 != found.sha256)


def keyed(opened: Opened, table: pa.Table, name: str) -> pa.Table:
    """The standard's columns (NULL where the file has none) and `KEYS`, all text but the row number."""
    rows = table.num_rows
    columns: dict[str, Any] = {
        f.name: table[f.name] if f.name in table.column_names else pa.nulls(rows, pa.string())
        for f in opened.standard.office_fields
    }
    columns["_kiriman"] = pa.array([opened.parcel.kiriman] * rows, pa.string())
    columns["_berkas"] = pa.array([name] * rows, pa.string())
    columns["_lembar"] = table["_lembar"] if "_lembar" in table.column_names else pa.nulls(rows, pa.string())
    columns["_baris"] = table["_baris"]
    return pa.table({key: columns[key] for key in (*KEYS, *(f.name for f in opened.standard.office_fields))})
