"""The public part of a release as files under `published/`: editions of the datasets, then the pages that name them.

An edition is written once and never changed; a dataset that did not change keeps its edition, so a release costs what
is new in it. The catalogue comes last: whoever reads it finds every file it names.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from infra.store import NotFound, Store
from schemas import reference
from schemas.dataset import Dataset, tables
from transforms import catalogue, datapackage, publik
from transforms.publik import Edition, Facts, File
from transforms.vocabulary import Place

ROOT = "published"
WRITER = 1
"""Goes up when the same rows would be written as other bytes."""

ROW_GROUP = 65_536
SINCE_EVER = datetime(1, 1, 1, tzinfo=UTC)


class Release(Protocol):
    """What we need to know of a release."""

    @property
    def number(self) -> int:
        """1, 2, 3 …"""
        ...

    @property
    def at(self) -> datetime:
        """When it was made; what is public is decided for this instant."""
        ...

    @property
    def tables(self) -> Mapping[str, int]:
        """The version of every table in it."""
        ...


@dataclass(frozen=True)
class Publication:
    """What is public in a release, and which keys of the store making it so changed."""

    number: int
    at: datetime
    editions: tuple[Edition, ...]
    written: tuple[str, ...]
    removed: tuple[str, ...]


def publish(connection: duckdb.DuckDBPyConnection, store: Store, release: Release, *, base: str = "") -> Publication:
    """Publish a release. `connection` shows the current rows of its tables as views of their names.

    Older editions are removed: a row that has since been excluded must not stay readable in them. May run twice and be
    killed anywhere.
    """
    written: list[str] = []
    editions = tuple(
        _edition(connection, store, standard, release, written)
        for name, standard in tables().items()
        if standard.public and name in release.tables
    )
    kept = {f"{ROOT}/{file.path}" for edition in editions for file in edition.files}
    kept |= {_record_key(edition.standard, edition.id) for edition in editions}
    for file in (f for e in editions if e.standard.name == "media" for f in e.files if f.format != "skema"):
        stable = f"{ROOT}/media.{file.format}"
        kept.add(stable)
        if not _holds(store, stable, file.sha256):
            with store.open(f"{ROOT}/{file.path}") as content:
                store.put(stable, content)
            written.append(stable)
    for name, content in pages(release.number, release.at, editions, base=base).items():
        page = f"{ROOT}/{name}"
        kept.add(page)
        if not _holds(store, page, hashlib.sha256(content).hexdigest()):
            store.put(page, content)
            written.append(page)
    removed = tuple(stat.key for stat in store.list(f"{ROOT}/") if stat.key not in kept)
    for key in removed:
        store.delete(key)
    return Publication(release.number, release.at, editions, tuple(written), removed)


def pages(number: int, at: datetime, editions: Sequence[Edition], *, base: str = "") -> dict[str, bytes]:
    """The package and the catalogue of these editions by file name, in the order to write them."""
    document = catalogue.catalogue(number, at, editions, base=base, places=_places())
    return {
        "datapackage.json": _json(datapackage.descriptor(number, at, editions)),
        "katalog.ttl": catalogue.turtle(document).encode(),
        "katalog.jsonld": _json(document),
    }


@cache
def _places() -> dict[str, Place]:
    sides = ("barat", "selatan", "timur", "utara")
    return {p["kode"]: Place(p["kode"], p["nama"], *(float(p[s]) for s in sides)) for p in reference.read("letak")}


def _edition(
    connection: duckdb.DuckDBPyConnection, store: Store, standard: Dataset, release: Release, written: list[str]
) -> Edition:
    at = _turning_point(connection, standard, release.at)
    schema = datapackage.schema(standard, ())
    made_from = _json([WRITER, standard.title, standard.description, schema, publik.rows(standard, at)])
    id_ = f"{standard.version}.{release.tables[standard.name]}-{hashlib.sha256(made_from).hexdigest()[:8]}"
    record = _record_key(standard, id_)
    try:
        return _recall(standard, id_, orjson.loads(store.get(record)))
    except NotFound:
        pass  # nobody has written this one, or not to its end
    with tempfile.TemporaryDirectory() as folder:
        reader = connection.execute(publik.rows(standard, at)).to_arrow_reader(ROW_GROUP)
        made = _write(standard, reader, Path(folder))
        made["skema"] = made["csv"].with_name("skema.json")
        made["skema"].write_bytes(_json(schema))
        files = [_put(store, f"{standard.name}/{id_}/{path.name}", kind, path) for kind, path in made.items()]
    facts = publik.read_facts(connection.execute(publik.facts(standard, at)).to_arrow_table().to_pylist()[0])
    store.put(record, _json({"facts": facts, "files": files}))
    written += [f"{ROOT}/{file.path}" for file in files] + [record]
    return Edition(standard, id_, facts, tuple(files))


def _turning_point(connection: duckdb.DuckDBPyConnection, standard: Dataset, at: datetime) -> datetime:
    if not publik.knows_embargo(standard):
        return SINCE_EVER
    (last,) = connection.execute(publik.turning_point(standard, at)).to_arrow_table().column(0).to_pylist()
    return last or SINCE_EVER


def _write(standard: Dataset, reader: pa.RecordBatchReader, folder: Path) -> dict[str, Path]:
    """The rows as Parquet and CSV in one pass; the same rows always become the same bytes."""
    schema = pa.schema([f.arrow for f in publik.columns(standard)], metadata=standard.arrow.metadata)
    text = pa.schema([pa.field(f.name, pa.string() if pa.types.is_timestamp(f.type) else f.type) for f in schema])
    made = {kind: folder / f"{standard.name}.{kind}" for kind in ("csv", "parquet")}
    with (
        pq.ParquetWriter(made["parquet"], schema, compression="zstd") as parquet,
        pacsv.CSVWriter(made["csv"], text) as lines,
    ):
        for rows in _groups(reader):
            typed = rows.cast(schema)
            parquet.write_table(typed, row_group_size=ROW_GROUP)
            lines.write_table(_as_text(typed, text))
    return made


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
    for at, field in enumerate(rows.schema):
        if pa.types.is_timestamp(field.type):
            iso = rows.column(at).cast(pa.string())
            for old, new in ((" ", "T"), (".000000Z", "Z")):
                iso = pc.call_function("replace_substring", [iso], pc.ReplaceSubstringOptions(old, new))
            rows = rows.set_column(at, field.name, iso)
    return rows.cast(schema)


def _put(store: Store, path: str, kind: str, source: Path) -> File:
    put = store.put(f"{ROOT}/{path}", source)
    assert put.sha256, "put always knows what it saw"
    return File(path, kind, put.size, put.sha256)


def _holds(store: Store, key: str, sha256: str) -> bool:
    there = store.stat(key)
    if there is None:
        return False
    if there.sha256:
        return there.sha256 == sha256
    with store.local(key) as path, path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == sha256


def _record_key(standard: Dataset, id_: str) -> str:
    return f"{ROOT}/{standard.name}/{id_}/terbitan.json"


def _recall(standard: Dataset, id_: str, record: dict[str, Any]) -> Edition:
    facts = record["facts"]
    for name, read in {"begins": date, "ends": date, "issued": datetime, "modified": datetime}.items():
        facts[name] = facts[name] and read.fromisoformat(facts[name])
    for name in ("licences", "provinces"):
        facts[name] = tuple(facts[name])
    return Edition(standard, id_, Facts(**facts), tuple(File(**file) for file in record["files"]))


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
