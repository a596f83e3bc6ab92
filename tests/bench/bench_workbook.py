"""The workbook loop on a large XLSX, and `satu check` on a small folder: what an office waits for, in seconds."""

import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from infra.correcting import workbook
from infra.steps import find_receipt
from infra.storage.store import open_store
from schemas.metadata import on_file
from tests.bench import bench_judge
from tests.office import Installation
from tests.samples import make
from tests.spreadsheets import altered, sheet_xml, xlsx
from transforms.shape import quoted

ROWS = {"tiny": 500, "small": 10_000, "default": 100_000, "large": 100_000}
CHECKS = 5
MENDED = {"tanggal_kejadian": "2026-10-05", "kode_wilayah": "33.74", "ukuran": "1000", "jenis": "FOTO"}


def book(folder: Path, rows: int) -> bytes:
    """The rows of `bench_judge` as a workbook: 35 columns of text, 3 % of the rows bad."""
    path = bench_judge.make(folder, rows)["csv"]
    with duckdb.connect() as con:
        source = f"read_csv('{path}', all_varchar = true)"
        names = [str(name) for name, *_ in con.execute(f"DESCRIBE FROM {source}").fetchall()]
        text = "replace(replace({0}, '&', '&amp;'), '<', '&lt;')"
        cells = " || ".join(
            f"coalesce('<c r=\"{get_column_letter(at)}' || n || '\" t=\"inlineStr\"><is><t>'"
            f" || {text.format(quoted(name))} || '</t></is></c>', '')"
            for at, name in enumerate(names, 1)
        )
        lines = con.execute(
            f"SELECT '<row r=\"' || n || '\">' || {cells} || '</row>' FROM"
            f" (SELECT row_number() OVER () + 1 AS n, * FROM {source})"
        ).fetchall()
    head = "".join(
        f'<c r="{get_column_letter(at)}1" t="inlineStr"><is><t>{name}</t></is></c>' for at, name in enumerate(names, 1)
    )
    body = f'<row r="1">{head}</row>' + "".join(line for (line,) in lines)
    return altered(xlsx([]), {"xl/worksheets/sheet1.xml": sheet_xml(body)})


def mended(sent: bytes) -> bytes:
    """What a clerk makes of the returned workbook: every wrong cell put right."""
    opened = load_workbook(io.BytesIO(sent))
    page = opened["Isi"]
    at = {str(cell.value).removesuffix(" *"): n for n, cell in enumerate(page[1], 1)}
    for row in range(2, page.max_row + 1):
        page.cell(row, at["judul"]).value = f"Kegiatan petugas {page.cell(row, at['nomor']).value}"
        for name, value in MENDED.items():
            page.cell(row, at[name]).value = value
    out = io.BytesIO()
    opened.save(out)
    return out.getvalue()


def loop(rows: int) -> tuple[float, float]:
    """Seconds from the workbook's arrival to its answer and the returned workbook, and from the mended one's to its."""
    standard = bench_judge.wide()
    on_file()["wide/2026"] = next(iter(on_file().values()))
    package = {"standar": standard.standard, "metadata": "wide/2026"}
    with tempfile.TemporaryDirectory(prefix="spit-bench-") as folder:
        spit = Installation.at(Path(folder) / "spit")
        envelope = {"versi": 1, "satker": "JATENG", "dataset": standard.name, "tabel": ["isi.xlsx"]}
        files = {"manifest.json": json.dumps(envelope | package).encode()}
        spit.drop("besar", files | {"isi.xlsx": book(Path(folder), rows)})
        began = time.perf_counter()
        spit.take_in()
        sent = spit.one("besar")
        found = find_receipt(spit.settings, sent.receipt)
        assert found is not None
        assert found[1] is not None
        back = workbook(open_store(spit.settings.store), found[0], found[1])
        first = time.perf_counter() - began
        assert spit.receipt(sent.receipt)["baris"]["dikembalikan"] == 3 * rows // 100
        place = spit.settings.landing / "jateng" / "besar perbaikan.xlsx"
        place.write_bytes(mended(back))
        began = time.perf_counter()
        assert spit.take_in()["judge"]["accepted"] == 3 * rows // 100
        return first, time.perf_counter() - began


def check() -> float:
    """Wall seconds of `satu check` on a folder of ten rows, in a process of its own; the best of a few."""
    with tempfile.TemporaryDirectory(prefix="spit-bench-") as folder:
        for name, data in make.items("teks", *({"nomor": f"UJI/{at}"} for at in range(10))).items():
            (Path(folder) / name).write_bytes(data)
        took = []
        for _ in range(CHECKS):
            began = time.perf_counter()
            code = "from infra.cli import main; main()"
            subprocess.run([sys.executable, "-c", code, "check", folder], check=True, capture_output=True)
            took.append(time.perf_counter() - began)
    return min(took)


def run(size: str) -> Iterator[tuple[str, float | None, str, str]]:
    first, again = loop(ROWS[size])
    yield "workbook_s", round(first + again, 1), "s", ""
    yield "workbook_answer_s", round(first, 1), "s", ""
    yield "check_s", round(check(), 2), "s", "< 1.5"
