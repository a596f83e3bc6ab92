"""The forms of an answer: each holds what the statement found, and can be read by whoever asks for that form."""

import io
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.sql.query import ask
from infra.sql.result import FORMS, explained, form_of, render
from infra.submit import Refused
from schemas.dataset import tables
from tests.office import Installation
from tests.samples import make

ROOT = Path(__file__).parent.parent
FOUND = pa.table(
    {
        "nama": ["Jawa <Tengah>", None, "Bali", "Riau"],
        "pada": [1, 2, 3, 4],
        "nilai": pa.array([Decimal(12), Decimal(-3), None, Decimal(0)], pa.decimal128(38, 0)),
    }
)
SVG = "{http://www.w3.org/2000/svg}"


def test_every_form_that_keeps_rows_gives_them_back() -> None:
    assert pa.ipc.open_file(render(FOUND, "arrow")).read_all() == FOUND
    assert pq.read_table(io.BytesIO(render(FOUND, "parquet"))) == FOUND
    assert [row["nama"] for row in json.loads(render(FOUND, "json"))] == FOUND["nama"].to_pylist()
    assert render(FOUND, "csv").decode().splitlines()[1] == '"Jawa <Tengah>",1,12'
    assert "(4 baris)" in render(FOUND, "table").decode()


def test_a_chart_draws_each_row_to_scale() -> None:
    drawn = ElementTree.fromstring(render(FOUND, "svg"))
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert texts == ["nama · nilai", "Jawa <Tengah>", "12", "-", "-3", "Bali", "tidak ada / none", "Riau", "0"]
    wide = [float(bar.attrib["width"]) for bar in drawn.iter(f"{SVG}rect") if "x" in bar.attrib]
    assert wide[0] == pytest.approx(4 * wide[1], rel=0.01)
    assert wide[2] == 0


def test_a_long_chart_says_what_it_leaves_out() -> None:
    many = pa.table({"nama": [str(n) for n in range(100)], "nilai": list(range(100))})
    assert "dan 40 baris lagi" in render(many, "svg").decode()


@pytest.mark.parametrize("columns", [{"nama": ["a"]}, {"nama": ["a"], "nilai": ["b"]}])
def test_what_cannot_be_drawn_is_refused(columns: dict[str, list[str]]) -> None:
    with pytest.raises(Refused, match="number"):
        render(pa.table(columns), "svg")


def test_columns_carry_what_they_mean_into_parquet_and_arrow() -> None:
    arrow = tables()["layanan_informasi"].arrow
    columns = ["kode_satker", "rata_waktu_hari", "jumlah_permohonan"]
    rows = pa.table({name: pa.array([], arrow.field(name).type) for name in columns})
    rows = rows.append_column("jumlah_ditolak", pa.array([], pa.string()))  # computed: not the standard's number
    found = explained(rows, {"layanan_informasi_riwayat"})
    for form, read in (("parquet", lambda data: pq.read_schema(io.BytesIO(data))), ("arrow", _schema)):
        schema = read(render(found, form))
        told = schema.field("rata_waktu_hari").metadata
        assert told[b"satuan"] == b"hari kerja"
        assert (
            told[b"definisi"]
            == told[b"comment"]
            == tables()["layanan_informasi"].field("rata_waktu_hari").definisi.encode()
        )
        assert told[b"sumber"] == tables()["layanan_informasi"].standard.encode()
        assert not schema.field("jumlah_ditolak").metadata


def _schema(data: bytes) -> pa.Schema:
    return pa.ipc.open_file(data).schema


def test_a_column_of_a_view_is_told_by_the_view_and_one_that_means_two_things_not_at_all() -> None:
    rows = pa.table({"terlambat": [1], "judul": ["a"], "nama": ["b"]})
    found = explained(rows, {"kontribusi_satker"}).schema
    assert found.field("terlambat").metadata[b"sumber"] == b"kontribusi_satker"
    assert not found.field("judul").metadata
    assert not explained(rows, {"satker", "wilayah"}).schema.field("nama").metadata


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.csv", "csv"), ("a.PARQUET", "parquet"), ("a.feather", "arrow"), ("a.arrow", "arrow"), ("a.txt", "table")],
)
def test_a_files_name_says_the_form(name: str, form: str) -> None:
    assert form_of(Path(name)) == form
    assert form_of(None) == "table"
    assert form in FORMS


def test_five_lines_from_a_run_to_a_chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spit = Installation.at(tmp_path / "spit")
    spit.drop("teks", make.items("teks", {}, {"nomor": "UJI/2"}, {"nomor": "UJI/3", "kode_wilayah": "51"}))
    spit.take_in()
    spit.release()
    monkeypatch.setenv("SPIT_HOME", str(spit.settings.home))
    assert ask("SELECT count(*) AS n FROM teks", release=1).to_pylist() == [{"n": 3}]
    told = ask("SELECT judul FROM teks").schema.field("judul").metadata
    assert (told[b"title"], told[b"sumber"]) == (b"Judul", tables()["teks"].standard.encode())

    example = (ROOT / "docs" / "examples" / "bagan" / "bahan_per_provinsi.py").read_text("utf-8")
    lines = [line for line in example.splitlines() if line]
    assert len(lines) == 5
    assert example.strip() in (ROOT / "docs" / "analytics.md").read_text("utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", example], cwd=tmp_path, env=env, check=True)
    texts = [text.text for text in ElementTree.parse(tmp_path / "bahan.svg").iter(f"{SVG}text")]
    assert texts == ["provinsi · bahan", "Jawa Tengah", "2", "Bali", "1"]

    command = [sys.executable, "-c", "from infra.cli import main; main()", "sql", "-o", "n.arrow", "SELECT 1 AS satu"]
    subprocess.run(command, cwd=tmp_path, env=env, check=True)
    assert pa.ipc.open_file(tmp_path / "n.arrow").read_all().to_pylist() == [{"satu": 1}]
