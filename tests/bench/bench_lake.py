"""The lake: loading a large table, asking it, adding to it and correcting it, and many small batches.

Ratios are taken in one run: loading against DuckDB's bare typed COPY of the same file, questions against one sorted
Parquet file of the same rows, adding against the same on an empty table, later batches against the first ten, and a
lake of many batches against the same rows loaded at once. Every part runs in a process of its own.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from infra import steps
from infra.lake import Lake
from infra.sql.query import connect
from schemas.metadata import on_file
from tests.bench import bench_judge
from tests.bench.memory import alone, forget_peak, peak_mib
from tests.office import Installation
from transforms.shape import literal

ROWS = {"tiny": 2_000, "small": 100_000, "default": 1_000_000, "large": 10_000_000}
BATCHES = {"tiny": 11, "small": 20, "default": 100, "large": 1_000}
COUNTED = (10, 100, 1_000)
"""After how many batches the cost of one is told: the median of the ten up to then."""
NEW, CORRECTED = 1_000, 100
SMALL = 100
"""Rows of one of many batches."""
A_DAY = 100
"""Batches from one `maintain` to the next."""
ADDITIONS, ASKED = 3, 9
"""How often is added to a table, and how often each question is asked."""
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


class Cost(NamedTuple):
    """Of one piece of work: CPU and wall seconds, the most memory, and what it wrote into the store."""

    cpu: float
    wall: float
    peak_mib: float
    written_mib: float


class Answers(NamedTuple):
    """Seconds of every question each time it was asked: of the released view, and of one sorted file."""

    ours: list[list[float]]
    plain: list[list[float]]

    def ratios(self) -> list[float]:
        """Of each question, ours to the plain file's."""
        return [statistics.median(a) / statistics.median(b) for a, b in zip(self.ours, self.plain, strict=True)]

    def median_and_p95(self) -> tuple[float, float]:
        """Of all questions together, in milliseconds."""
        cuts = statistics.quantiles((s * 1000 for each in self.ours for s in each), n=20)
        return cuts[9], cuts[18]


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


def cost(spit: Installation, work: Callable[[], object]) -> Cost:
    """What a piece of work on an installation costs."""
    before = _stored(spit)
    forget_peak()
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    written = sum(size for *_, size in _stored(spit) - before)
    return Cost(cpu, wall, peak_mib(), written / (1 << 20))


def _stored(spit: Installation) -> set[tuple[Path, int, int]]:
    files = [(path, path.stat()) for path in Path(spit.settings.store).rglob("*") if path.is_file()]
    return {(path, stat.st_mtime_ns, stat.st_size) for path, stat in files}


def typical(costs: Iterable[Sequence[float]]) -> Cost:
    """The median of each."""
    return Cost(*map(statistics.median, zip(*costs, strict=True)))


# --- each in a process of its own -----------------------------------------------------------------------------------


def load(home: Path, file: Path) -> dict[str, Cost]:
    """Take a file in and release it: the cost of each step."""
    spit = installation(home)
    hand_in(spit, "besar", file)
    order = (steps.land, steps.judge, steps.answer, steps.curate, steps.audit, steps.release)
    return {step.__name__: cost(spit, partial(step, spit.settings)) for step in order}


def maintain(home: Path, folder: Path) -> Cost:
    """Compact and clean; then comes a small batch, with which readers see what that made."""
    spit = installation(home)
    kept = cost(spit, partial(steps.maintain, spit.settings))
    _batch(spit, folder, "sesudahnya", 0)
    return kept


def ask(home: Path, plain: Path) -> Answers:
    """Every question, warm. `plain` is made of the rows the release shows when it is not there."""
    lake = Lake(installation(home).settings.open_store())
    with connect(lake, scratch=plain.parent) as con, duckdb.connect(config={"threads": 2}) as bare:
        if not plain.exists():
            order = "ORDER BY tanggal_kejadian, nomor"
            con.execute(f"COPY (FROM wide {order}) TO {literal(str(plain))} (FORMAT parquet, COMPRESSION zstd)")
        ours, theirs = [], []
        for question in QUESTIONS:
            both = (con, question.format(t="wide")), (bare, question.format(t=f"read_parquet({literal(str(plain))})"))
            times = [[_seconds(*each) for each in both] for _ in range(ASKED + 1)]
            a, b = zip(*times[1:], strict=True)  # the first one warms
            ours.append(list(a))
            theirs.append(list(b))
        return Answers(ours, theirs)


def _seconds(con: duckdb.DuckDBPyConnection, sql: str) -> float:
    began = time.perf_counter()
    con.execute(sql).fetchall()
    return time.perf_counter() - began


def add(home: Path, folder: Path) -> tuple[Cost, Cost]:
    """Take in 1,000 new rows, then 100 corrected ones of them, several times: the usual cost of either."""
    spit = installation(home)
    costs = [_added(spit, folder, at) for at in range(ADDITIONS + 1)][1:]  # the first one warms
    news, corrections = zip(*costs, strict=True)
    return typical(news), typical(corrections)


def _added(spit: Installation, folder: Path, at: int) -> tuple[Cost, Cost]:
    name = f"{spit.settings.home.name}-{at}"
    new, again = folder / f"{name}.csv", folder / f"{name}-lagi.csv"
    with duckdb.connect() as con:
        rows = f"(SELECT * REPLACE ('{name}/' || nomor AS nomor) FROM {good(folder)} LIMIT {NEW})"
        con.execute(f"COPY {rows} TO '{new}' (HEADER)")
        con.execute(f"COPY (SELECT * REPLACE (judul || ' (2)' AS judul) FROM {rows} LIMIT {CORRECTED}) TO '{again}'")
    hand_in(spit, f"tambahan {name}", new)
    first = cost(spit, spit.take_in)
    spit.release()
    receipt = spit.one(f"tambahan {name}").receipt
    assert spit.one(f"tambahan {name}").rows_accepted == NEW
    hand_in(spit, f"perbaikan {name}", again, memperbaiki=receipt.rpartition(".")[0])
    second = cost(spit, spit.take_in)
    spit.release()
    assert spit.one(f"perbaikan {name}").rows_accepted == CORRECTED
    return first, second


def grow(home: Path, folder: Path, batches: int) -> list[Cost]:
    """Take in and release so many small batches, the lake maintained now and then: the cost of each."""
    spit = installation(home)
    costs: list[Cost] = []
    for at in range(batches):
        costs.append(_batch(spit, folder, f"batch-{at}", at * SMALL))
        if (at + 1) % A_DAY == 0:
            steps.maintain(spit.settings)
    return costs


def _batch(spit: Installation, folder: Path, name: str, offset: int) -> Cost:
    file = folder / f"{name}-{spit.settings.home.name}.csv"
    with duckdb.connect() as con:
        numbered = f"SELECT * REPLACE ('{name}/' || nomor AS nomor) FROM {good(folder)} LIMIT {SMALL} OFFSET {offset}"
        con.execute(f"COPY ({numbered}) TO '{file}' (HEADER)")
    hand_in(spit, name, file)
    took = cost(spit, lambda: (spit.take_in(), spit.release()))
    assert spit.one(name).rows_accepted == SMALL
    return took


def good(folder: Path) -> str:
    """SQL: the rows of the bench's own file of which there is nothing to say."""
    return f"(FROM read_csv({literal(str(folder / 'isi.csv'))}, all_varchar = true) WHERE jenis <> 'FILM')"


# --- figures --------------------------------------------------------------------------------------------------------

Figures = Iterator[tuple[str, float | None, str, str]]


def run(size: str) -> Figures:
    with tempfile.TemporaryDirectory(prefix="spit-bench-") as name:
        folder = Path(name)
        file = bench_judge.make(folder, ROWS[size])["ndjson"]
        yield from loading(folder, file)
        home, plain = folder / "isi", folder / "sorted.parquet"
        yield from asking("query_fresh", Answers(*alone(ask, home, plain)))
        kept = Cost(*alone(maintain, home, folder))
        yield "maintain_s", round(kept.wall, 1), f"s, {kept.written_mib:.0f} MiB written", ""
        yield "lake_peak_maintain_mib", round(kept.peak_mib), "MiB", "<= 2048"
        yield from asking("query", Answers(*alone(ask, home, plain)))
        yield from adding(folder)
        yield from asking("query_corrected", Answers(*alone(ask, home, plain)))
        yield from growing(folder, BATCHES[size])


def loading(folder: Path, file: Path) -> Figures:
    floor = bench_judge.bare(file, folder / "out")
    took = {step: Cost(*each) for step, each in alone(load, folder / "isi", file).items()}
    floor = statistics.mean([floor, bench_judge.bare(file, folder / "out")])
    whole = took["judge"].cpu + took["curate"].cpu + took["release"].cpu
    yield "load_ratio", round(whole / floor, 2), "x bare COPY", "<= 1.8"
    yield "curate_ratio", round((took["curate"].cpu + took["release"].cpu) / floor, 2), "x bare COPY", "<= 1.25"
    yield "load_cpu_s", round(whole, 1), f"CPU s ({floor:.1f} bare)", ""
    yield "audit_s", round(took["audit"].wall, 1), "s", ""
    yield "lake_peak_mib", round(max(each.peak_mib for each in took.values())), "MiB", "<= 2048"
    for step, each in took.items():
        yield f"lake_peak_{step}_mib", round(each.peak_mib), f"MiB ({each.wall:.1f} s)", "<= 2048"


def asking(name: str, answers: Answers) -> Figures:
    """`name`_ratio is that of the worst question: never slower, it says."""
    median, p95 = answers.median_and_p95()
    ratios = answers.ratios()
    worst = max(ratios)
    yield f"{name}_median_ms", round(median, 1), "ms", ""
    yield f"{name}_p95_ms", round(p95), "ms", "<= 250"
    yield f"{name}_ratio", round(worst, 2), f"x one sorted file (question {ratios.index(worst) + 1})", "<= 1.2"
    yield f"{name}_ratio_median", round(statistics.median(ratios), 2), "x one sorted file", "<= 1.2"


def adding(folder: Path) -> Figures:
    empty = [Cost(*each) for each in alone(add, folder / "kosong", folder)]
    full = [Cost(*each) for each in alone(add, folder / "isi", folder)]
    for what, little, much in zip(("append", "correct"), empty, full, strict=True):
        yield f"{what}_growth_ratio", round(much.wall / little.wall, 2), "x on an empty table", "<= 1.3"
        yield f"{what}_growth_cpu_ratio", round(much.cpu / little.cpu, 2), "x on an empty table", "<= 1.3"
        for where, each in (("empty", little), ("full", much)):
            yield f"{what}_{where}_s", round(each.wall, 2), f"s ({each.cpu:.2f} CPU s)", ""
            yield f"{what}_{where}_written_mib", round(each.written_mib, 2), "MiB", ""
            yield f"{what}_{where}_peak_mib", round(each.peak_mib), "MiB", "<= 2048"


def growing(folder: Path, batches: int) -> Figures:
    costs = [Cost(*each) for each in alone(grow, folder / "banyak", folder, batches)]
    for n in (n for n in COUNTED if n <= batches):
        each = typical(costs[n - 10 : n])
        yield f"batch_{n}_s", round(each.wall, 2), f"s ({each.cpu:.2f} CPU s, {each.written_mib:.2f} MiB)", ""
    ratio = typical(costs[-10:]).cpu / typical(costs[:10]).cpu
    yield "batches_growth_ratio", round(ratio, 2), f"x the first ten in CPU s ({batches} batches)", "<= 1.3"
    kept = Cost(*alone(maintain, folder / "banyak", folder))
    yield "batches_maintain_s", round(kept.wall, 1), "s", ""
    once = folder / "sekaligus.csv"
    with duckdb.connect() as con:
        con.execute(f"COPY (FROM {good(folder)} LIMIT {SMALL * (batches + 1)}) TO '{once}' (HEADER)")
    alone(load, folder / "sekaligus", once)
    plain = folder / "sorted-once.parquet"
    many, one = (Answers(*alone(ask, folder / home, plain)) for home in ("banyak", "sekaligus"))
    ratio = sum(map(statistics.median, many.ours)) / sum(map(statistics.median, one.ours))
    yield "batches_query_ratio", round(ratio, 2), "x the same rows loaded at once (sum of twelve)", "<= 1.3"
