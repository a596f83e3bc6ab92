"""Judging a large file, as a ratio to DuckDB's bare typed COPY of the same file to Parquet, in the same run."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from expectations import rules
from schemas import daftar_data, reference
from schemas import dataset as standards
from tests.bench.memory import peak_mib

ROWS = {"tiny": 2_000, "small": 100_000, "default": 1_000_000, "large": 5_000_000}
HERE = Path(__file__).parent
ARRIVED = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TYPES = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
ROUNDS = 3


def wide() -> standards.Dataset:
    """The bench's own standard, known to the judge and on the list of data like any other."""
    made = standards._load(HERE / "wide.toml")
    standards.datasets()[made.name] = made
    line = daftar_data.Planned(ARRIVED.year, made.name, daftar_data.EVERYONE, "HARIAN", None, False)
    daftar_data.plan()[made.name] = [line]
    return made


def make(folder: Path, rows: int) -> dict[str, Path]:
    """The same rows as NDJSON and CSV: 3 % of them with one to four faults."""
    paths = {"ndjson": folder / "isi.ndjson", "csv": folder / "isi.csv"}
    with duckdb.connect() as con:
        con.execute(
            f"CREATE VIEW w AS SELECT kode, row_number() OVER () - 1 AS n FROM read_csv('{reference.path('wilayah')}', all_varchar=true)"
        )
        con.execute(
            f"""CREATE VIEW isi AS SELECT 'JATENG' AS kode_satker, 'B/' || i AS nomor,
            CASE WHEN bad AND i % 2 = 0 THEN 'x' ELSE 'Kegiatan petugas nomor ' || i END AS judul,
            'Petugas melaksanakan kegiatan pada pagi hari dan berjalan tertib, laporan ' || i AS keterangan,
            CASE WHEN bad AND i % 3 = 0 THEN '2026-12-31' ELSE '2026-10-' || lpad((1 + i % 28)::VARCHAR, 2, '0') END AS tanggal_kejadian,
            CASE WHEN bad AND i % 5 = 0 THEN '99.99' ELSE w.kode END AS kode_wilayah,
            ['KAMTIBMAS','LALU_LINTAS','PELAYANAN','SOSIAL'][1 + i % 4] AS topik, 'P-' || (i // 7) AS peristiwa,
            'BERKALA' AS klasifikasi_informasi, NULL::VARCHAR AS embargo_sampai, 'false' AS subjek_anak,
            'Humas contoh' AS kredit, 'CC-BY-4.0' AS lisensi, 'id' AS bahasa, 'Petugas di lapangan ' || i AS teks_alternatif,
            'digitalCapture' AS sumber_digital, '2026-10-' || lpad((1 + i % 28)::VARCHAR, 2, '0') || 'T07:40:00+07:00' AS direkam_pada,
            '2026-10' AS periode, (640 + i % 4000)::VARCHAR AS lebar, (480 + i % 3000)::VARCHAR AS tinggi,
            (i % 90000)::VARCHAR AS durasi, CASE WHEN bad AND i % 7 = 0 THEN '-1' ELSE (1000 + i)::VARCHAR END AS ukuran,
            (i % 100)::VARCHAR || '.5' AS nilai, (i % 17)::VARCHAR || '.25' AS bobot, (i % 1000)::VARCHAR AS jumlah,
            'true' AS resmi, CASE WHEN bad THEN 'FILM' ELSE ['FOTO','VIDEO','AUDIO','TEKS'][1 + i % 4] END AS jenis,
            sha256(i::VARCHAR) AS sidik, 'Jalan Contoh ' || (i % 500) AS alamat, 'Kamera ' || (i % 40) AS kamera,
            'Catatan singkat ' || i AS catatan, 'a' || (i % 9) AS label_a, 'b' || (i % 11) AS label_b,
            '2026-11-0' || (1 + i % 9) AS tanggal_kirim, '2026-11-01T08:00:00+07:00' AS dipakai_pada
            FROM (SELECT i, i % 100 < 3 AS bad FROM range({rows}) r(i)) JOIN w ON w.n = i % 90000 ORDER BY i"""
        )
        con.execute(f"COPY isi TO '{paths['ndjson']}' (FORMAT json)")
        con.execute(f"COPY isi TO '{paths['csv']}' (FORMAT csv, HEADER)")
    return paths


def bare(path: Path, out: Path) -> float:
    """CPU seconds of DuckDB's typed COPY, the engine at its best: columns and types are told, nothing is checked."""
    columns = ", ".join(f"'{f.name}': '{TYPES.get(f.type, 'TIMESTAMPTZ')}'" for f in wide().office_fields)
    told = f"columns = {{{columns}}}"
    source = (
        f"read_ndjson('{path}', {told})" if path.suffix == ".ndjson" else f"read_csv('{path}', {told}, header=true)"
    )
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false")
        began = time.process_time()
        con.execute(f"COPY (FROM {source}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
        return time.process_time() - began


def judged(path: Path, out: Path) -> tuple[float, int]:
    """CPU seconds of the pipeline's own judging of the file, findings and accepted rows written; rows accepted."""
    import json

    import pyarrow.parquet as pq

    from infra.judging.judge import judge
    from infra.judging.parcel import File, Parcel

    wide()
    manifest = out.with_suffix(".json")
    package = {"standar": "wide@1", "metadata": "wide/2026"}  # on file elsewhere, so only noted here
    manifest.write_text(
        json.dumps({"versi": 1, "satker": "JATENG", "dataset": "wide", **package, "tabel": [path.name]})
    )
    named = {"manifest.json": manifest, path.name: path}
    files = {n: File(n, p.stat().st_size, "0" * 64, lambda p=p: nullcontext(p)) for n, p in named.items()}
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        began = time.process_time()
        verdict = judge([Parcel("2026-000001.1", "jateng", "besar", 1, ARRIVED, files)], 1, folder=Path(folder))
        for name, table in verdict.tables.items():
            pq.write_table(table, out.with_suffix(f".{name}.parquet"), compression="zstd")
        return time.process_time() - began, verdict.outcomes[0].accepted


def child(path: Path, out: Path) -> tuple[float, int, float]:
    """`judged` in a process of its own: CPU seconds, rows accepted, peak MiB."""
    code = "from tests.bench import bench_judge as b; import sys; b.report(*map(b.Path, sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", code, str(path), str(out)], capture_output=True, text=True, check=True)
    seconds, accepted, peak = done.stdout.splitlines()[-1].split()  # above it the engine may show its progress
    return float(seconds), int(accepted), float(peak)


def report(path: Path, out: Path) -> None:
    seconds, accepted = judged(path, out)
    print(seconds, accepted, peak_mib())


def run(size: str) -> Iterator[tuple[str, float | None, str, str]]:
    assert len(rules.rules(wide())) >= 25
    with tempfile.TemporaryDirectory(prefix="spit-bench-") as folder:
        paths, out, peaks = make(Path(folder), ROWS[size]), Path(folder) / "out", []
        for kind, aim in (("ndjson", "<= 1.5"), ("csv", "<= 1.6")):
            ratios, rates = [], []
            for _ in range(ROUNDS):
                floor = bare(paths[kind], out)
                seconds, accepted, peak = child(paths[kind], out)
                assert accepted == ROWS[size] - 3 * ROWS[size] // 100
                ratios.append(seconds / floor)
                rates.append(ROWS[size] / seconds)
                peaks.append(peak)
            yield f"judge_ratio_{kind}", round(sorted(ratios)[ROUNDS // 2], 2), "x bare COPY", aim
            yield f"judge_rows_per_cpu_s_{kind}", round(sorted(rates)[ROUNDS // 2]), "rows/CPU s", ""
        yield "judge_peak_mib", round(max(peaks)), "MiB", "<= 1024"
