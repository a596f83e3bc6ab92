"""The public API under load: pages of 100 rows out of one large published table, asked for by fifty clients at once."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

import duckdb
import httpx
import orjson
import pyarrow as pa

from infra.publishing.editions import Shelf
from infra.storage.store import open_store
from schemas.dataset import datasets
from tests.servers import die_with_parent, free_ports
from transforms import datapackage, publik

ROWS = {"small": 100_000, "default": 1_000_000, "large": 10_000_000}
CLIENTS, SECONDS = 50, 15.0
KEY = "bench"
AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def columns_of(rows: int) -> dict[str, str]:
    """SQL of every public column of `foto` for row `i` of so many; rows of one unit lie together."""
    columns = {f.name: f"CAST(NULL AS {_sql(f.arrow.type)})" for f in publik.columns(datasets()["foto"])}
    return columns | {
        "kode_satker": "['JATENG', 'JABAR', 'SULSEL', 'PAPUA'][1 + (i * 4) // " + str(rows) + "]",
        "nomor": "'BENCH/' || lpad(i::VARCHAR, 9, '0')",
        "judul": "'Foto kegiatan petugas nomor ' || i",
        "tanggal_kejadian": "DATE '2020-01-01' + (i % 2000)::INTEGER",
        "topik": "['KAMTIBMAS', 'LALU_LINTAS', 'PELAYANAN', 'SOSIAL'][1 + i % 4]",
        "sha256": "sha256(i::VARCHAR)",
    }


def publish(home: Path, rows: int) -> None:
    """One edition of `foto` with so many rows, made by the code that makes every edition."""
    standard, columns = datasets()["foto"], columns_of(rows)
    listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    with duckdb.connect() as con:
        reader = con.execute(f"SELECT {listed} FROM range({rows}) r(i)").to_arrow_reader(65_536)
        schema = pa.schema([f.arrow for f in publik.columns(standard)])
        batches = (pa.RecordBatch.from_arrays(b.columns, names=b.schema.names).cast(schema) for b in reader)
        facts = publik.Facts(rows, ("CC-BY-4.0",), ("33",), None, None, AT, AT)
        shelf = Shelf(open_store(str(home / "lake")))
        edition = shelf.edition(
            standard, "1", lambda: pa.RecordBatchReader.from_batches(schema, batches), lambda _: facts
        )
    package = {
        "version": "1",
        "created": AT.isoformat(),
        "resources": [
            {
                "name": "foto-parquet",
                "title": standard.title,
                "format": "parquet",
                "mediatype": "application/vnd.apache.parquet",
                "path": next(file.path for file in edition.files if file.format == "parquet"),
                "schema": datapackage.schema(standard, ()),
            }
        ],
    }
    shelf.put("published/datapackage.json", orjson.dumps(package))


def _sql(type_: pa.DataType) -> str:
    named = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN", pa.date32(): "DATE"}
    return named.get(type_) or ("TIMESTAMPTZ" if pa.types.is_timestamp(type_) else "DOUBLE")


async def ask(url: str, client: int, until: float) -> list[float]:
    """One client: a page, the one after it, another filter, and again."""
    queries = (
        f"kode_satker=SULSEL&nomor.min=BENCH/{client:09d}",
        f"topik=SOSIAL&tanggal_kejadian.min=2021-0{1 + client % 9}-01",
    )
    taken: list[float] = []
    async with httpx.AsyncClient(headers={"X-API-Key": KEY}, timeout=60) as http:
        following = None
        while time.monotonic() < until:
            page = (
                following or f"{url}/api/1/dataset/foto/baris?{queries[len(taken) % 2]}&_={len(taken)}".split("&_=")[0]
            )
            began = time.monotonic()
            answer = await http.get(page)
            taken.append(time.monotonic() - began)
            answer.raise_for_status()
            assert len(answer.json()["baris"]) == 100
            following = answer.json()["lanjut"] if len(taken) % 4 else None
    return taken


async def fifty(url: str) -> list[float]:
    until = time.monotonic() + SECONDS
    return [
        seconds for taken in await asyncio.gather(*(ask(url, n, until) for n in range(CLIENTS))) for seconds in taken
    ]


def run(size: str) -> Iterator[tuple[str, float | None, str, str]]:
    import hashlib

    with tempfile.TemporaryDirectory(prefix="spit-bench-") as folder:
        home = Path(folder)
        publish(home, ROWS[size])
        keys = home / "keys.toml"
        keys.write_text(f'[bench]\nsha256 = "{hashlib.sha256(KEY.encode()).hexdigest()}"\nper_menit = 10000000\n')
        (port,) = free_ports(1)
        url = f"http://127.0.0.1:{port}"
        env = {**os.environ, "SPIT_HOME": str(home), "SPIT_API_KEYS": str(keys)}
        command = [sys.executable, "-m", "infra.serving.server", "127.0.0.1", str(port)]
        with subprocess.Popen(command, env=env, preexec_fn=die_with_parent) as process:  # noqa: PLW1509
            until = time.monotonic() + 60
            while time.monotonic() < until:
                try:
                    httpx.get(f"{url}/api/1/dataset", trust_env=False).raise_for_status()
                    break
                except httpx.TransportError:
                    time.sleep(0.2)
            taken = asyncio.run(fifty(url))
            process.terminate()
    cuts = quantiles(sorted(taken), n=20, method="inclusive")
    yield "api_rows", float(ROWS[size]), "rows", ""
    yield "api_p50_ms", round(cuts[9] * 1000, 1), "ms", ""
    yield "api_p95_ms", round(cuts[18] * 1000, 1), "ms", "<= 150"
    yield "api_pages_per_s", round(len(taken) / SECONDS, 1), "1/s", ""
