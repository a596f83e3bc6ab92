"""The correction workbook: the rows that went back, as they were sent, with what is wrong marked where it is wrong.

Each row keeps its identity in a hidden column, and the envelope names the receipt: handed in again, under whatever
name, the workbook is the next version of the submission it came from (`transforms/mending.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pyarrow as pa
from openpyxl.cell import Cell
from openpyxl.styles import PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from schemas.dataset import Dataset, Field
from schemas.manifest import Manifest
from transforms.forms import MENDS, REST, SHEET
from transforms.mending import ROW_ID, Place, Returned, key_text, row_id, shown
from transforms.tabular.heading import fold_spellings, folded
from transforms.template import TEXT, add_instructions, framed, note, packed, writable

CELL = 32_767
"""Characters a worksheet's cell can hold."""

_PIECE = 30_000
_UNKNOWN = "Kolom Anda sendiri; tidak dikenal dalam standar ini dan tidak disimpan."
_BAD, _ODD = PatternFill("solid", fgColor="F8CBAD"), PatternFill("solid", fgColor="FFE699")

_INSTRUCTIONS = (
    ("CARA MEMPERBAIKI", "HOW TO MEND"),
    (
        "1. Lembar Isi memuat hanya baris yang dikembalikan, seperti yang Anda kirim.",
        "1. Sheet Isi holds only the rows that came back, as you sent them.",
    ),
    (
        "2. Sel merah salah; arahkan penunjuk ke sel itu untuk membaca sebab dan cara memperbaikinya.",
        "2. Red cells are wrong; point at one to read why and how to mend it.",
    ),
    (
        "3. Perbaiki selnya. Baris yang tidak hendak dikirim lagi boleh dihapus; yang dibiarkan akan kembali lagi.",
        "3. Mend them. Delete rows you will not send again; rows left as they are come back again.",
    ),
    (
        "4. Jangan menambah baris dan jangan menyentuh kolom tersembunyi: itulah tanda pengenal baris.",
        "4. Add no rows and leave the hidden column alone: it is each row's identity.",
    ),
    (
        "5. Berkas media yang sudah pernah dikirim tidak perlu dikirim lagi, kecuali berkasnya sendiri yang salah:"
        " taruh buku ini dan berkas penggantinya dalam satu folder.",
        "5. Media that you sent already need not be sent again, unless the file itself was wrong: then put this"
        " workbook and the new file into one folder.",
    ),
    (
        "6. Simpan dan taruh di tempat kiriman yang sama; namanya bebas.",
        "6. Save it and drop it where you hand in; it may have any name.",
    ),
)


def correction(
    document: Mapping[str, Any],
    dataset: Dataset,
    sent: Manifest,
    tables: Sequence[pa.Table],
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The workbook for one receipt document. `tables`: all rows of its submission as text, with their places.

    `headers`: the columns of the office's own table, in its order, with its own headers; without them the standard's.
    Rows with a text longer than a cell holds are named on the page of instructions instead.
    """
    faults = _faults(document)
    returned = Returned.of(document)
    rows, overlong = _returned_rows(tables, returned)
    doubled = _doubled(dataset, headers or {})
    fields = _own_columns(dataset, headers, doubled, faults) if headers else _columns(dataset, rows, faults)
    book = framed(dataset, fields, _envelope(sent, document["nomor"]))
    sheet = book["Isi"]
    assert isinstance(sheet, Worksheet)
    last = len(fields) + 1
    for at, f in enumerate(fields, 1):
        if headers and f.name in headers:
            _write(_cell(sheet, 1, at), headers[f.name])
    names = [f.name for f in fields]
    of_row = names.index(dataset.primary_key[-1]) if dataset.primary_key[-1] in names else 0
    sheet.cell(1, last, ROW_ID)
    sheet.column_dimensions[get_column_letter(last)].hidden = True
    for at, (place, row) in enumerate(rows, 2):
        for column, f in enumerate(fields, 1):
            cell = _cell(sheet, at, column)
            _write(cell, row.get(f.name))
            named = shown(place)
            name = doubled.get(f.name, f.name)
            wrong = [*faults.get((named, name), ()), *faults.get((named[0], name), ())]
            if column - 1 == of_row:
                wrong += faults.get((named, None), [])
            _mark(cell, wrong)
        _write(_cell(sheet, at, last), row_id(document["nomor"], place, key_text(row, dataset)))
    envelope = book[SHEET]
    assert isinstance(envelope, Worksheet)
    for at in range(2, envelope.max_row + 1):
        name = envelope.cell(at, 1).value
        _mark(_cell(envelope, at, 2), [f for f in document["temuan"] if f["baris"] is None and f["kolom"] == name])
    lines = [*_INSTRUCTIONS]
    for place in overlong:
        lines.append(
            (
                f"Baris {place[2]} di {place[0]} terlalu panjang untuk buku kerja; perbaiki di manifes aslinya.",
                f"Row {place[2]} of {place[0]} is too long for a workbook; mend it in the original manifest.",
            )
        )
    add_instructions(book, lines)
    return packed(book)


def _faults(document: Mapping[str, Any]) -> dict[Any, list[Mapping[str, Any]]]:
    """(place, column) → findings; of a column a whole file lacks, (file, column)."""
    found: dict[Any, list[Mapping[str, Any]]] = {}
    for f in document["temuan"]:
        if f["baris"] is not None:
            found.setdefault(((f["berkas"], f["lembar"], f["baris"]), f["kolom"]), []).append(f)
        elif f["kode"] == "KOLOM_TIDAK_ADA":
            found.setdefault((f["berkas"], f["kolom"]), []).append(f)
    return found


def _returned_rows(
    tables: Sequence[pa.Table], returned: Returned
) -> tuple[list[tuple[Place, dict[str, str | None]]], list[Place]]:
    rows: list[tuple[Place, dict[str, str | None]]] = []
    overlong: list[Place] = []
    for place, row in _placed(tables):
        if returned.holds(place):
            if any(isinstance(text, str) and len(text) > CELL for text in row.values()):
                overlong.append(place)
            else:
                rows.append((place, row))
    return rows, overlong


def _placed(tables: Sequence[pa.Table]) -> Iterator[tuple[Place, dict[str, Any]]]:
    for table in tables:
        for batch in table.to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                yield (row["_berkas"], row["_lembar"], row["_baris"]), row


def _columns(
    dataset: Dataset, rows: Sequence[tuple[Place, Mapping[str, str | None]]], faults: Mapping[Any, object]
) -> list[Field]:
    """The columns the office used or should have, in the standard's order."""
    named = {column for _, column in faults}
    return [
        f
        for f in dataset.office_fields
        if f.constraints.required or f.name in named or any(row.get(f.name) for _, row in rows)
    ]


def _doubled(dataset: Dataset, headers: Mapping[str, str]) -> dict[str, str]:
    """Columns of the office's own table that are there again under another spelling → the standard's column."""
    spellings = fold_spellings(dataset.headers())
    found = {name: spellings.get(folded(text)) for name, text in headers.items()}
    return {name: column for name, column in found.items() if column and column != name and column in headers}


def _own_columns(
    dataset: Dataset, headers: Mapping[str, str], doubled: Mapping[str, str], faults: Mapping[Any, object]
) -> list[Field]:
    """The columns of the office's own table in its order, those no standard knows too; then what it lacks."""
    known = {f.name: f for f in dataset.office_fields}
    known |= {name: replace(known[column], name=name) for name, column in doubled.items()}
    named = {column for _, column in faults}
    own = [known.get(name) or Field(name, "string", writable(text or name), _UNKNOWN) for name, text in headers.items()]
    return [f for f in own if f.name != ROW_ID] + [f for f in known.values() if f.name in named - headers.keys()]


def _envelope(sent: Manifest, number: str) -> dict[str, str]:
    """The envelope the rows came in; what is no single text goes as JSON into hidden lines."""
    given = {
        "satker": sent.satker,
        "dataset": sent.dataset,
        "standar": sent.standard,
        "memperbaiki": sent.corrects,
        "kepala_berubah": sent.header_changed,
        "metadata": sent.metadata,
    }
    rest: dict[str, Any] = {"bawaan": sent.defaults} if sent.defaults else {}
    rest |= {name: value for name, value in given.items() if value and not isinstance(value, str)}
    text = orjson.dumps(rest).decode() if rest else ""
    pieces = {f"{REST}{at}": text[at * _PIECE : (at + 1) * _PIECE] for at in range(-(-len(text) // _PIECE))}
    return {name: value for name, value in given.items() if isinstance(value, str)} | {MENDS: number} | pieces


def _cell(sheet: Worksheet, row: int, column: int) -> Cell:
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)  # nothing of ours is merged
    return cell


def _write(cell: Cell, text: str | None) -> None:
    """A text as it is: `=1+1` is no formula here."""
    cell.value = writable(text) if text else None
    if text:
        cell.data_type = "s"
    cell.number_format = TEXT


def _mark(cell: Cell, findings: Sequence[Mapping[str, Any]]) -> None:
    if findings:
        cell.fill = _BAD if any(f["tingkat"] == "GALAT" for f in findings) else _ODD
        cell.comment = note(
            line for f in findings for line in (f"{f['kode']}: {f['id']}", f"→ {f['cara']}", f"({f['en']} {f['mend']})")
        )
