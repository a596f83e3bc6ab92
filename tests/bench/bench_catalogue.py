"""Releasing a catalogue: 1,000 datasets as DCAT-AP (both), data.json and data package, and a list of 100,000 media.

`catalogue_s` is all of it: the pages of all datasets, and the media list written in every format through the public
gate.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from infra.publishing.editions import Shelf
from infra.publishing.publication import pages
from infra.storage.store import open_store
from schemas.dataset import tables
from tests.released import edition
from transforms import publik, withdrawal
from transforms.publik import Facts

SIZES = {"tiny": (10, 1_000), "small": (100, 10_000), "default": (1_000, 100_000), "large": (10_000, 1_000_000)}
AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def naming(count: int) -> float:
    """Seconds for the pages that name so many datasets."""
    one = edition("foto", provinces=("33", "32"))
    many = [
        replace(
            one,
            standard=replace(one.standard, name=f"d{at:05}", title=f"Dataset {at}"),
            files=tuple(replace(f, path=f.path.replace("foto", f"d{at:05}")) for f in one.files),
        )
        for at in range(count)
    ]
    began = time.monotonic()
    made = pages(1, AT, many, base="https://data.example/")
    assert made["katalog.jsonld"].count(b'"dcat:Dataset"') == count
    return time.monotonic() - began


def listing(count: int) -> float:
    """Seconds for an edition of `media` with so many rows, from the table to the shelf."""
    media = tables()["media"]
    columns = {f.name: f"CAST(NULL AS {_sql(f.type)})" for f in media.arrow}
    columns |= {
        "dataset": "'foto'",
        "kode_satker": "'JATENG'",
        "nomor": "'BENCH/' || lpad(i::VARCHAR, 9, '0')",
        "sha256": "sha256(i::VARCHAR)",
        "uri": "'urn:spit:media:sha256:' || sha256(i::VARCHAR)",
        "lisensi": "'CC-BY-4.0'",
        "klasifikasi_informasi": "'BERKALA'",
        "subjek_anak": "false",
        "_kunci": "'foto|JATENG|' || i",
    }
    listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    with tempfile.TemporaryDirectory(prefix="spit-bench-") as folder, duckdb.connect() as con:
        con.execute(f"CREATE TABLE media AS SELECT {listed} FROM range({count}) r(i)")
        con.execute(f"CREATE TABLE penarikan AS {withdrawal.relation([])}")
        con.register("kosong", tables()["pelepasan"].arrow.empty_table())
        con.execute("CREATE TABLE pelepasan AS FROM kosong")
        shelf = Shelf(open_store(str(Path(folder))))
        began = time.monotonic()
        made = shelf.edition(
            media,
            "1",
            lambda: con.execute(publik.rows(media, AT)).to_arrow_reader(65_536),
            lambda rows: Facts(rows, ("CC-BY-4.0",), (), None, None, AT, AT),
        )
        taken = time.monotonic() - began
        assert made.facts.rows == count
        return taken


def _sql(type_: pa.DataType) -> str:
    named = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN", pa.date32(): "DATE"}
    return named.get(type_) or ("TIMESTAMPTZ" if pa.types.is_timestamp(type_) else "DOUBLE")


def run(size: str) -> Iterator[tuple[str, float | None, str, str]]:
    datasets, media = SIZES[size]
    named = min(naming(datasets) for _ in range(2))
    listed = min(listing(media) for _ in range(2))
    yield "catalogue_pages_s", round(named, 2), f"s, {datasets} datasets", ""
    yield "catalogue_media_s", round(listed, 2), f"s, {media} media", ""
    yield "catalogue_s", round(named + listed, 2), "s", ""
