"""The public API under load: pages of 100 rows out of one large published table, asked for by fifty clients at once.

Locust is the load (`clients.py`). It brings nineteen packages of its own, so it lives in an environment apart, which the
first run makes. Each client asks, without a pause, for: a unit from some number on; some page anywhere in the whole
table (`jauh`, by a page mark); what one day and topic have, one row in 2,000; one row by its key; and reads on up to
four pages. Half of all pages lie deeper than five million rows in when there are ten million. Server and clients share
this machine. They begin once the server has made its index of the table; `api_bare_p50_ms` is for
one client that asks meanwhile.
"""

import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import quantiles

import duckdb
import httpx
import orjson
import pyarrow as pa

from infra.publishing.editions import Shelf
from infra.storage.store import open_store
from schemas.dataset import datasets
from tests.apart import python_with
from tests.servers import die_with_parent, free_ports
from transforms import datapackage, publik

ROWS = {"tiny": 10_000, "small": 100_000, "default": 1_000_000, "large": 10_000_000}
SECONDS = {"tiny": 5, "small": 15, "default": 15, "large": 30}
LONGEST_S = 900
CLIENTS = 50
LOCUST = "locust==2.47.0"
UNITS = ("JATENG", "JABAR", "SULSEL", "PAPUA")
TOPICS = ("KAMTIBMAS", "LALU_LINTAS", "PELAYANAN", "SOSIAL")
KEY = "bench"
AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def columns_of(rows: int) -> dict[str, str]:
    """SQL of every public column of `foto` for row `i` of so many; rows of one unit lie together."""
    columns = {f.name: f"CAST(NULL AS {_sql(f.arrow.type)})" for f in publik.columns(datasets()["foto"])}
    return columns | {
        "kode_satker": f"{[*UNITS]}[1 + (i * 4) // {rows}]",
        "nomor": "'BENCH/' || lpad(i::VARCHAR, 9, '0')",
        "judul": "'Foto kegiatan petugas nomor ' || i",
        "tanggal_kejadian": "DATE '2020-01-01' + (i % 2000)::INTEGER",
        "topik": f"{[*TOPICS]}[1 + i % 4]",
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


def questions(rows: int) -> list[tuple[str, str]]:
    """What clients ask for: which kind of question, and the address of its first page."""
    dice = random.Random(1)
    made: list[tuple[str, str]] = []
    for _ in range(500):
        at = dice.randrange(rows)
        unit, number, day = UNITS[at * 4 // rows], f"BENCH/{at:09d}", date(2020, 1, 1) + timedelta(days=at % 2000)
        mark = urlsafe_b64encode(json.dumps([unit, number]).encode()).decode().rstrip("=")
        topic = TOPICS[at % 4]  # that of the rows of this day
        made += [
            ("satker", f"kode_satker={unit}&nomor.min={number}"),
            ("jauh", f"setelah={mark}"),
            ("hari", f"tanggal_kejadian={day}&topik={topic}"),
            ("satu", f"kode_satker={unit}&nomor={number}"),
        ]
    return [(kind, f"/api/1/dataset/foto/baris?{query}") for kind, query in made]


def load(url: str, rows: int, seconds: int, folder: Path) -> dict[str, list[float]]:
    """Milliseconds of every answer by the kind of its question; RuntimeError when one was no answer."""
    (folder / "questions.json").write_text(json.dumps(questions(rows)))
    env = {**os.environ, "BENCH_FOLDER": str(folder), "BENCH_KEY": KEY}
    command = [python_with(LOCUST), "-m", "locust", "-f", Path(__file__).with_name("clients.py"), "--headless"]
    command += ["--host", url, "-u", str(CLIENTS), "-r", str(CLIENTS), "-t", f"{seconds}s", "-s", "10", "--json"]
    done = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"Locust: {done.stderr[-2000:]}")
    return json.loads((folder / "taken.json").read_text())


def asked_alone(url: str, rows: int) -> list[float]:
    """Milliseconds of the first page of a dozen questions, one after the other."""
    taken = []
    with httpx.Client(base_url=url, headers={"X-API-Key": KEY}, trust_env=False) as client:
        for _, page in questions(rows)[:12]:
            began = time.perf_counter()
            client.get(page).raise_for_status()
            taken.append((time.perf_counter() - began) * 1000)
    return taken


def run(size: str) -> Iterator[tuple[str, float | None, str, str]]:
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
            try:
                began = time.monotonic()
                while time.monotonic() < began + 60:
                    try:
                        httpx.get(f"{url}/api/1/dataset", trust_env=False).raise_for_status()
                        break
                    except httpx.TransportError:
                        time.sleep(0.2)
                bare = asked_alone(url, ROWS[size])
                while not (made := list((home / "indeks").glob("*.db"))):
                    if time.monotonic() - began > LONGEST_S:
                        raise RuntimeError("the index was not made")
                    time.sleep(0.2)
                index_s, index_mb = time.monotonic() - began, made[0].stat().st_size / 1e6
                taken = load(url, ROWS[size], SECONDS[size], home)
            finally:
                process.terminate()
    every = [ms for some in taken.values() for ms in some]
    yield "api_rows", float(ROWS[size]), "rows", ""
    yield "api_index_s", round(index_s, 1), "s from the start of the server", ""
    yield "api_index_mb", round(index_mb, 1), "MB", ""
    yield "api_bare_p50_ms", percentile(bare, 50), f"ms, one client, while the index is made, {len(bare)} answers", ""
    yield "api_p50_ms", percentile(every, 50), f"ms, {CLIENTS} clients", ""
    yield "api_p95_ms", percentile(every, 95), f"ms, {CLIENTS} clients", "<= 150"
    for kind in sorted(taken):
        yield f"api_{kind}_p95_ms", percentile(taken[kind], 95), f"ms, {len(taken[kind])} answers", ""
    yield "api_pages_per_s", round(len(every) / SECONDS[size], 1), "1/s", ""


def percentile(values: list[float], of: int) -> float:
    return round(quantiles(values, n=100, method="inclusive")[of - 1], 1)
