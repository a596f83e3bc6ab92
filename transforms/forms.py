"""The forms in which an office may hand something in, all read into the same envelope.

* `manifest.json` beside its files;
* `manifest.xlsx` or `manifest.csv`: one row per item, as a clerk fills it in. The envelope is a sheet `Kiriman` with
  the columns nama and nilai, or in CSV lines `#satker: JATENG` above the header;
* one workbook of any name that has such a sheet: a template filled in, or a correction workbook sent back; or one CSV
  that has such lines;
* one table beside its envelope of the same name, `rekap.csv` and `rekap.json`.
"""

# pyarrow.compute makes its functions when it is imported:
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from schemas import manifest
from schemas.dataset import datasets
from schemas.finding import Finding
from schemas.manifest import Reading
from transforms.tabular.archive import Archive
from transforms.tabular.charset import to_utf8
from transforms.tabular.heading import fold_spellings, folded
from transforms.tabular.readers import refuse_compound
from transforms.tabular.reading import MAX_BYTES, Refused
from transforms.tabular.reading import Reading as Table
from transforms.tabular.workbook import read_workbook

SHEET = "Kiriman"
"""The sheet of a workbook that holds its envelope."""

MENDS = "perbaikan"
"""The name, in that sheet, of the receipt whose returned rows the workbook holds."""

REST = "amplop"
"""What an envelope says beyond names and values, as JSON, in as many cells as that takes."""

OWN_SHEETS = (SHEET, "Petunjuk", "Daftar")
"""Sheets of a template that hold no rows."""

_TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".ndjson", ".jsonl")
_BOOKS = (".xlsx", ".xlsm", ".xls")
"""Those of old and with macros are forms, too: their content is refused by the rule that says so."""
_CSV_TOP = 1 << 16
_LINE = re.compile(r"#\s*([^:=;,\t]+?)\s*[:=;,\t]\s*(.*?)[;,\t\s]*")
_NUMBER = re.compile(r"\d{4}-\d{6}\.[1-9]\d{0,5}")


@dataclass(frozen=True)
class Form:
    """Which file is the envelope. `rows`: the file of the rows, where the envelope need not name it.

    `plain` when a file of this name can be nothing else; otherwise its content may show that it is no envelope.
    """

    head: str
    rows: str | None = None
    plain: bool = False

    @property
    def endless(self) -> bool:
        """Whether half of the envelope's file looks like the whole."""
        return self.head.lower().endswith(".csv")


def find(names: Collection[str]) -> Form | None:
    """The form a folder with these files has; None when there is nothing in it that could be an envelope."""
    if manifest.NAME in names:
        return Form(manifest.NAME, plain=True)
    top = sorted(name for name in names if "/" not in name and not name.startswith("~$"))
    for name in top:
        if name.casefold() in ("manifest.xlsx", "manifest.csv"):
            return Form(name, name, plain=True)
    pairs = [
        Form(name, table)
        for name in top
        if name.endswith(".json")
        for table in top
        if PurePosixPath(table).stem == name.removesuffix(".json") and table.lower().endswith(_TABLES)
    ]
    if len(pairs) == 1:
        return pairs[0]
    for kind in (_BOOKS, ".csv"):
        if found := [name for name in top if name.lower().endswith(kind)]:
            return Form(found[0], found[0]) if len(found) == 1 else None
    return None


def tables(names: Iterable[str]) -> list[str]:
    """Which of these files, outside of folders, are tables by their name; a `.txt` is rather a note."""
    kinds = tuple(kind for kind in _TABLES if kind != ".txt")
    return [name for name in names if "/" not in name and name.lower().endswith(kinds)]


def read(form: Form, path: Path, kiriman: str) -> Reading:
    """The envelope in the file `path`; MANIFES_TIDAK_ADA when there is none in it."""
    if form.head.lower().endswith(".json"):
        with path.open("rb") as stream:
            data = stream.read(manifest.LIMIT_BYTES + 1)
        reading = manifest.read(data, kiriman, form.head, tables=(form.rows,) if form.rows else ())
        unread = {"MANIFES_TIDAK_TERBACA", "MANIFES_TERLALU_BESAR"} & {f.kode for f in reading.findings}
        strange = reading.satker is None and reading.dataset is None and not unread
        return _none(kiriman, form.head) if strange and not form.plain else reading
    try:
        is_book = form.head.lower().endswith(_BOOKS)
        pairs = _sheet_pairs(path) if is_book else _comment_pairs(path)
    except Refused as refused:
        return Reading(None, (Finding(kiriman, refused.kode, berkas=form.head, nilai=refused.detail or form.head),))
    if pairs is None or not (pairs or form.plain or is_book):
        return _none(kiriman, form.head)
    document, mends = _document(pairs)
    document["tabel"] = [form.rows]
    reading = manifest.examine(document, kiriman, form.head, SHEET if is_book else None)
    if mends is None:
        return reading
    if not _NUMBER.fullmatch(mends):
        fault = Finding(kiriman, "PERBAIKAN_TIDAK_DIKENAL", form.head, SHEET, kolom=MENDS, nilai=mends)
        return replace(reading, manifest=None, findings=(*reading.findings, fault))
    return replace(reading, manifest=reading.manifest and replace(reading.manifest, mends=mends), mends=mends)


def without_own(reading: Table) -> Table:
    """A workbook's reading without the sheets that are ours: they were never meant as rows."""

    def rest(rows: pa.Table) -> pa.Table:
        if "_lembar" not in rows.column_names:
            return rows
        return rows.filter(pc.invert(pc.is_in(rows["_lembar"], pa.array(OWN_SHEETS))))

    rows, skipped = rest(reading.rows), rest(reading.skipped)
    faults = tuple(f for f in reading.faults if f.lembar not in OWN_SHEETS)
    return replace(reading, rows=rows, skipped=skipped, faults=faults, rows_in=rows.num_rows + skipped.num_rows)


def _none(kiriman: str, head: str) -> Reading:
    return Reading(None, (Finding(kiriman, "MANIFES_TIDAK_ADA", berkas=head, nilai=head),))


def _sheet_pairs(path: Path) -> list[tuple[str, str]] | None:
    """Names and values of the sheet Kiriman; None when the workbook has no such sheet."""
    if path.stat().st_size > MAX_BYTES:
        raise Refused("TABEL_TERLALU_BESAR", f"lebih dari {MAX_BYTES} byte")
    if not zipfile.is_zipfile(path):
        refuse_compound(path.read_bytes())
    for sheet in read_workbook(Archive(path), only=SHEET).sheets:
        rows = [[text or "" for text in row.values()] for row in sheet.cells.to_pylist()]
        return [(row[0], row[1] if len(row) > 1 else "") for row in rows]
    return None


def _comment_pairs(path: Path) -> list[tuple[str, str]]:
    """Names and values of the lines that begin with `#`, whatever a spreadsheet program made of them."""
    with path.open("rb") as stream:
        text, _ = to_utf8(stream.read(_CSV_TOP))
    pairs: list[tuple[str, str]] = []
    for line in text.decode("utf-8", "replace").split("\n"):
        plain = line.replace('"', "").strip()
        if not plain.startswith("#"):
            break
        if found := _LINE.fullmatch(plain):
            pairs.append((found[1], found[2]))
    return pairs


def _document(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, Any], str | None]:
    """The envelope as its JSON document, and the receipt it mends. A name that is none of its keys is a column."""
    keys = {folded(key): key for key in manifest.typed_keys()}
    given = {folded(nama): (nama.strip(), nilai) for nama, nilai in pairs if nama.strip() and nilai.strip()}
    given.pop("nama", None)  # the heading of the two columns
    mends = given.pop(MENDS)[1].strip() if MENDS in given else None
    rest = "".join(given.pop(key)[1] for key in sorted(given, key=len) if re.fullmatch(REST + r"\d+", key))
    document: dict[str, Any] = {"versi": 1, **_object(rest)}
    document |= {keys[key]: nilai.strip() for key, (_, nilai) in given.items() if key in keys}
    dataset = datasets().get(str(document.get("dataset")))
    spellings = fold_spellings(dataset.headers()) if dataset else {}
    own = {spellings.get(key, nama): nilai.strip() for key, (nama, nilai) in given.items() if key not in keys}
    if own:
        kept = document.get("bawaan")
        document["bawaan"] = {**(kept if isinstance(kept, dict) else {}), **own}
    return document, mends


def _object(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:  # empty, or somebody changed it: what it said is then missing, and asked for
        return {}
    return found if isinstance(found, dict) else {}
