"""The lake: loading a large table, asking it, adding a little to it, and many small batches.

Ratios are taken in one run: loading against DuckDB's bare typed COPY of the same file, questions against one sorted
Parquet file of the same rows, adding against the same on an empty table, the last batches against the first.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from infra import steps
from infra.lake import Lake
from infra.sql.query import connect
from infra.storage.store import open_store
from schemas.metadata import on_file
from tests.bench import bench_judge
from tests.bench.memory import peak_mib
from tests.office import Installation
from transforms.shape import literal

ROWS = {"small": 100_000, "default": 1_000_000, "large": 10_000_000}
BATCHES = {"small": 20, "default": 60, "large": 1_000}
NEW, CORRECTED = 1_000, 100
QUESTIONS = (
    "SELECT count(*) FROM {t}",
    "SELECT topik, count(*) FROM {t} GROUP BY 1",
    "SELECT left(kode_wilayah, 2) AS p, count(*), sum(jumlah) FROM {t} GROUP BY 1 ORDER BY 2 DESC",
    "SELECT tanggal_kejadian, count(*) FROM {t} WHERE tanggal_kejadian BETWEEN '2026-10-05' AND '2026-10-11' GROUP BY 1",
    "SELECT * FROM {t} ORDER BY tanggal_kejadian DESC, nomor LIMIT 20",
    "SELECT * FROM {t} WHERE nomor = 'B/77777'",
    "SELECT judul, peristiwa FROM {t} WHERE kode_wilayah = '33.74' LIMIT 100",
    "SELECT jenis, avg(ukuran), max(lebar) FROM {t} WHERE topik = 'SOSIAL' GROUP BY 1",
    "SELECT count(DISTINCT peristiwa) FROM {t}",
    "SELECT date_trunc('week', direkam_pada), count(*) FROM {t} GROUP BY 1",
    "SELECT count(*) FROM {t} WHERE contains(lower(judul), 'nomor 777')",
    "SELECT kamera, quantile_cont(nilai, 0.9) FROM {t} GROUP BY 1 ORDER BY 2 DESC LIMIT 5",
)
"""What analysts ask of a manifest of material."""


def installation(home: Path) -> Installation:
    """One that knows the bench's standard and has its metadata on file."""
    bench_judge.wide()
    on_file()["wide/2026"] = next(iter(on_file().values()))
    return Installation.at(home)


def hand_in(spit: Installation, name: str, file: Path, **said: Any) -> None:
    """Drop a table by a link to it: landing it is another bench's business."""
    place = spit.settings.landing / "jateng" / name
    place.mkdir(parents=True)
    os.link(file, place / file.name)
    sent = {"versi": 1, "satker": "JATENG", "dataset": "wide", "tabel": [file.name], "standar": "wide@1"}
    (place / "manifest.json").write_text(json.dumps(sent | {"metadata": "wide/2026"} | said))


def load(home: Path, file: Path) -> None:
    """In a process of its own: take a file in and release it; prints CPU and wall seconds of each step, and the peak."""
    spit = installation(home)
    hand_in(spit, "besar", file)
    took: dict[str, tuple[float, float]] = {}
    for step in (steps.land, steps.judge, steps.answer, steps.curate, steps.audit, steps.release):
        cpu, wall = time.process_time(), time.perf_counter()
        step(spit.settings)
        took[step.__name__] = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps([took, peak_mib()]))


def loaded(home: Path, file: Path) -> tuple[dict[str, tuple[float, float]], float]:
    """`load` in a process of its own."""
    code = "from tests.bench import bench_lake as b; import sys; b.load(*map(b.Path, sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(home), str(file)], capture_output=True, text=True, check=True
    )
    took, peak = json.loads(done.stdout.splitlines()[-1])
    return took, peak


def asked(home: Path, scratch: Path) -> tuple[list[float], list[float]]:
    """Seconds of each question to the released view, and to one sorted file of the same rows; warm, the best of 3."""
    lake = Lake(open_store(str(home / "lake")))
    with connect(lake, megabytes=4096) as con, duckdb.connect(config={"threads": 2}) as bare:
        rows = scratch / "sorted.parquet"
        release = lake.released()
        assert release is not None
        files = ", ".join(map(literal, lake.snapshot("wide", release.tables["wide"]).files))
        bare.execute(
            f"COPY (FROM read_parquet([{files}]) ORDER BY tanggal_kejadian, nomor) TO '{rows}'"
            " (FORMAT parquet, COMPRESSION zstd)"
        )
        mine = [_best(con, question.format(t="wide")) for question in QUESTIONS]
        return mine, [_best(bare, question.format(t=f"read_parquet('{rows}')")) for question in QUESTIONS]


def _best(con: duckdb.DuckDBPyConnection, sql: str) -> float:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        con.execute(sql).fetchall()
        took.append(time.perf_counter() - began)
    return min(took)


def added(home: Path, folder: Path, first: int) -> float:
    """CPU seconds of taking in 1,000 new rows, and then 100 corrected ones of them, numbered from `first` on."""
    spit = installation(home)
    new, again = folder / f"{first}.csv", folder / f"{first}-lagi.csv"
    made = bench_judge.make(folder, NEW)["csv"]
    with duckdb.connect() as con:
        good = f"(FROM read_csv('{made}', all_varchar = true) WHERE jenis <> 'FILM')"
        numbered = f"(SELECT * REPLACE ('N/' || ({first} + row_number() OVER ()) AS nomor) FROM {good})"
        con.execute(f"COPY {numbered} TO '{new}' (HEADER)")
        con.execute(
            f"COPY (SELECT * REPLACE (judul || ' (2)' AS judul) FROM {numbered} LIMIT {CORRECTED}) TO '{again}'"
        )
    hand_in(spit, f"tambahan {first}", new)
    began = time.process_time()
    spit.take_in()
    took = time.process_time() - began
    root = spit.one(f"tambahan {first}").receipt.rpartition(".")[0]
    hand_in(spit, f"perbaikan {first}", again, memperbaiki=root)
    began = time.process_time()
    assert spit.take_in()["judge"]["accepted"] == CORRECTED
    took += time.process_time() - began
    spit.release()
    return took


def grown(folder: Path, batches: int) -> tuple[float, float]:
    """CPU seconds of a small batch, among the first ten and among the last ten of so many."""
    home = folder / "banyak"
    took = [added(home, folder, 10_000 * at) for at in range(batches // 2)]  # two batches each
    return statistics.median(took[:5]), statistics.median(took[-5:])


def run(size: str) -> Iterator[tuple[str, float | None, str, str]]:
    with tempfile.TemporaryDirectory(prefix="spit-bench-") as name:
        folder = Path(name)
        file, out = bench_judge.make(folder, ROWS[size])["ndjson"], folder / "out"
        floor = bench_judge.bare(file, out)
        took, peak = loaded(folder / "isi", file)
        floor = statistics.mean([floor, bench_judge.bare(file, out)])
        cpu = {step: seconds for step, (seconds, _) in took.items()}
        yield "load_ratio", round((cpu["judge"] + cpu["curate"] + cpu["release"]) / floor, 2), "x bare COPY", "<= 1.8"
        yield "curate_ratio", round(cpu["curate"] / floor, 2), "x bare COPY", "<= 1.25"
        yield "load_cpu_s", round(cpu["judge"] + cpu["curate"] + cpu["release"], 1), "CPU s", ""
        yield "audit_s", round(took["audit"][1], 1), "s", ""
        yield "lake_peak_mib", round(peak), "MiB", "<= 2048"
        mine, plain = asked(folder / "isi", folder)
        worst = sorted(a / b for a, b in zip(mine, plain, strict=True))
        yield "query_p95_ms", round(sorted(mine)[-1] * 1000), "ms (slowest of twelve)", "<= 250"
        yield "query_ratio", round(statistics.median(worst), 2), "x one sorted file (median)", "<= 1.2"
        yield "query_ratio_worst", round(worst[-1], 2), "x one sorted file (slowest against its own)", "<= 1.2"
        added(folder / "kosong", folder, 40_000_000)  # its tables are made, and this process is warm
        empty = added(folder / "kosong", folder, 50_000_000)
        full = added(folder / "isi", folder, 50_000_000)
        yield "append_growth_ratio", round(full / empty, 2), f"x on a table of 1,000 rows ({empty:.1f} CPU s)", "<= 1.3"
        corrected, _ = asked(folder / "isi", folder)
        yield "query_corrected_ms", round(sorted(corrected)[-1] * 1000), "ms (slowest, rows replaced)", ""
        first, last = grown(folder, BATCHES[size])
        yield "batches_growth_ratio", round(last / first, 2), f"x the first ({BATCHES[size]} batches)", "<= 1.3"
