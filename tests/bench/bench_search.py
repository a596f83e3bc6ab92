"""`cari` over items of about 1,000 characters, against reading the same columns and nothing else: CPU seconds."""

import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa

from infra.lake import Lake
from infra.sql.query import connect
from infra.storage.store import open_store
from schemas.dataset import tables

ITEMS = {"tiny": 1_000, "small": 20_000, "default": 100_000, "large": 1_000_000}
TEXT = """polisi polres masyarakat pengamanan pasar lalu lintas kendaraan petugas melakukan pemeriksaan patroli malam
warga tersangka mengamankan barang bukti jalan raya kecelakaan korban rumah sakit menyampaikan imbauan keselamatan
berkendara pagi hari wilayah hukum kecamatan desa pelayanan publik bakti sosial bantuan banjir evakuasi pencurian
penyidik menangkap pelaku apel kesiapan lapangan upacara pelajar sekolah sosialisasi hoaks klarifikasi informasi"""
OFTEN = TEXT.split()
QUESTIONS = {"rare": "kata77", "often": "pengamanan pasar", "four": "kecelakaan lalu lintas jalan"}


def run(size: str) -> Iterator[tuple[str, float | None, str, str]]:
    with tempfile.TemporaryDirectory(prefix="spit-bench-") as folder:
        lake = Lake(open_store(folder))
        version = lake.commit("teks", items(ITEMS[size]), 1)
        assert version is not None
        release = lake.release({"teks": version}, [1], audit={})
        with connect(lake, release, megabytes=2048) as con:
            read, _ = best(con, "SELECT sum(strlen(isi)), sum(strlen(judul)) FROM bahan")
            yield "search_read_cpu_s", round(read, 2), "s", ""
            for name, question in QUESTIONS.items():
                cpu, wall = best(con, f"SELECT nilai, judul FROM cari('{question}') LIMIT 10")
                (found,) = con.execute(f"SELECT count(*) FROM cari('{question}')").fetchall()[0]
                yield f"search_{name}_found", found, "items", ""
                yield f"search_{name}_cpu_s", round(cpu, 2), "s", ""
                yield f"search_{name}_s", round(wall, 2), "s", "<= 1.5"


def best(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[float, float]:
    """The best CPU and wall seconds of three."""
    took = []
    for _ in range(3):
        cpu, wall = time.process_time(), time.monotonic()
        con.execute(sql).fetchall()
        took.append((time.process_time() - cpu, time.monotonic() - wall))
    return min(c for c, _ in took), min(w for _, w in took)


def items(count: int) -> pa.Table:
    dice = random.Random(1)
    words = [*OFTEN, *(f"kata{n}" for n in range(4000))]
    weights = [10.0] * len(OFTEN) + [0.3] * 4000

    def text(length: int) -> str:
        return " ".join(dice.choices(words, weights, k=length))

    pool = [text(40) for _ in range(5000)]
    day, now = date(2026, 1, 1), datetime(2026, 11, 24, tzinfo=UTC)
    rows = {
        "judul": [text(8) for _ in range(count)],
        "isi": [f"{dice.choice(pool)} {dice.choice(pool)} {text(40)}" for _ in range(count)],
        "nomor": [f"UJI/{n}" for n in range(count)],
        "_kunci": [f"JATENG|UJI/{n}" for n in range(count)],
        "tanggal_kejadian": [day + timedelta(days=n * 300 // count) for n in range(count)],
    }
    same = {"string": "x", "int64": 1, "bool": False, "date32[day]": day, "timestamp[us, tz=UTC]": now, "double": 0.5}
    schema = tables()["teks"].arrow
    return pa.table([rows.get(f.name) or [same[str(f.type)]] * count for f in schema], schema=schema)
