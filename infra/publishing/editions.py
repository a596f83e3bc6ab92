"""Editions on the shelf: the public rows of a dataset in each format, and their schema, once under `published/`."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from infra.publishing import rows_json
from infra.storage.store import NotFound, Source, Stat, Store
from schemas.dataset import Dataset
from transforms import datapackage, publik
from transforms.publik import Edition, Facts, File

ROOT = "published"
WRITER = 2
"""Goes up when the same rows would be written as other bytes."""

ROW_GROUP = 65_536
JSON_ROWS = 200_000
"""Larger tables come as CSV and Parquet only: as JSON they would take five times the room, and the API pages them."""


@dataclass
class Shelf:
    """The published part of a store (or another, below `root`), and the keys this run wrote there.

    `thorough`: what an edition's record says lies there is looked at, and made again where that is not so.
    """

    store: Store
    written: list[str] = field(default_factory=list)
    root: str = ROOT
    thorough: bool = False

    def edition(
        self,
        standard: Dataset,
        id_: str,
        rows: Callable[[], pa.RecordBatchReader],
        facts: Callable[[int], Facts],
    ) -> Edition:
        """The edition as it lies here; else made of `rows`, its record last. `facts` is given their count."""
        record = record_key(standard, id_, self.root)
        try:
            known = _recall(standard, id_, orjson.loads(self.store.get(record)))
        except NotFound:
            known = None  # nobody has written this one, or not to its end
        if known and not (self.thorough and self._lost(known)):
            return known
        with tempfile.TemporaryDirectory() as folder:
            count, made = _write(standard, rows(), Path(folder))
            files = [self._file(f"{standard.name}/{id_}/{path.name}", kind, path) for kind, path in made.items()]
        edition = Edition(standard, id_, facts(count), tuple(files))
        self.put(record, as_json({"facts": edition.facts, "files": files}))
        return edition

    def put(self, key: str, source: Source) -> Stat:
        """Write, and remember that it was written."""
        put = self.store.put(key, source)
        self.written.append(key)
        return put

    def holds(self, key: str, sha256: str) -> bool:
        """Whether these bytes are under `key`."""
        there = self.store.stat(key)
        return there is not None and (there.sha256 or self._hash(key)) == sha256

    def _lost(self, edition: Edition) -> bool:
        return not all(self.holds(f"{self.root}/{file.path}", file.sha256) for file in edition.files)

    def _hash(self, key: str) -> str:
        with self.store.local(key) as path, path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()

    def _file(self, path: str, kind: str, source: Path) -> File:
        put = self.put(f"{self.root}/{path}", source)
        assert put.sha256, "put always knows what it saw"
        return File(path, kind, put.size, put.sha256)


def record_key(standard: Dataset, id_: str, root: str = ROOT) -> str:
    """Where an edition's files and facts are written down, once all its files are there."""
    return f"{root}/{standard.name}/{id_}/terbitan.json"


def mark(standard: Dataset, made_from: object) -> str:
    """What tells an edition from another: how its bytes are made, and from what."""
    said = [WRITER, standard.title, standard.description, datapackage.schema(standard, ()), made_from]
    return hashlib.sha256(as_json(said)).hexdigest()[:8]


def as_json(value: object) -> bytes:
    """JSON for people and machines, the same for the same value."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _write(standard: Dataset, reader: pa.RecordBatchReader, folder: Path) -> tuple[int, dict[str, Path]]:
    """The rows in each format, and their schema; the same rows always become the same bytes."""
    schema = pa.schema([f.arrow for f in publik.columns(standard)], metadata=standard.arrow.metadata)
    made = {kind: folder / f"{standard.name}.{kind}" for kind in ("csv", "parquet", "json")}
    count = write_rows(schema, reader, made["parquet"], made["csv"])
    if count > JSON_ROWS:
        del made["json"]
    else:
        rows_json.write(made["parquet"], made["json"])
    made["skema"] = folder / "skema.json"
    made["skema"].write_bytes(as_json(datapackage.schema(standard, ())))
    return count, made


def write_rows(schema: pa.Schema, reader: pa.RecordBatchReader, parquet: Path, csv: Path) -> int:
    """The rows as CSV and Parquet in one pass, and how many there are."""
    text = pa.schema([pa.field(f.name, pa.string() if pa.types.is_timestamp(f.type) else f.type) for f in schema])
    count = 0
    with pq.ParquetWriter(parquet, schema, compression="zstd") as table, pacsv.CSVWriter(csv, text) as lines:
        for rows in _groups(reader):
            typed = rows.cast(schema)
            count += len(typed)
            table.write_table(typed, row_group_size=ROW_GROUP)
            lines.write_table(_as_text(typed, text))
    return count


def _groups(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The rows in pieces of ROW_GROUP, whatever pieces the engine hands over (threads decide those)."""
    waiting = reader.schema.empty_table()
    for batch in reader:
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch])])
        while len(waiting) >= ROW_GROUP:
            yield waiting.slice(0, ROW_GROUP).combine_chunks()
            waiting = waiting.slice(ROW_GROUP)
    if len(waiting):
        yield waiting.combine_chunks()


def _as_text(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Instants as ISO 8601 in UTC, as Table Schema's `datetime` wants them; Arrow's own CSV has a blank for the T."""
    for at, column in enumerate(rows.schema):
        if pa.types.is_timestamp(column.type):
            iso = rows.column(at).cast(pa.string())
            for old, new in ((" ", "T"), (".000000Z", "Z")):
                iso = pc.call_function("replace_substring", [iso], pc.ReplaceSubstringOptions(old, new))
            rows = rows.set_column(at, column.name, iso)
    return rows.cast(schema)


def _recall(standard: Dataset, id_: str, record: dict[str, Any]) -> Edition:
    facts = record["facts"]
    for name, read in {"begins": date, "ends": date, "issued": datetime, "modified": datetime}.items():
        facts[name] = facts[name] and read.fromisoformat(facts[name])
    for name in ("licences", "provinces", "classes"):
        facts[name] = tuple(facts.get(name, ()))
    return Edition(standard, id_, Facts(**facts), tuple(File(**file) for file in record["files"]))
