"""The fast lane says exactly what the careful way says, whatever stands in a large file."""

import csv
import io
import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from openpyxl import load_workbook

from infra import steps
from infra.correcting import workbook
from infra.judging.engine import connect
from infra.judging.judge import Verdict, judge
from infra.judging.parcel import File, Parcel, Recheck
from infra.lake import Lake
from infra.storage.store import open_store
from schemas import daftar_data
from schemas.dataset import ContractError, datasets
from tests.bench.bench_judge import wide
from tests.office import Installation
from transforms.tabular import bulk

ARRIVED = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ODD = [
    *("", " ", "-", " x", "x ", "\tx", "x\n", "x\ny", "=1+1", "-A1+2", "@sum(a1)", "+62 812", "'x", "#REF!", "Err:502"),
    *("Err", "1.234", "1.234,5", "12.5", "007", "2026.0", "ya", "tidak", "TRUE", "3 Januari 2026", "45000", "\ufffd"),
    *(
        'a "b" c',
        '"',
        '""',
        "a,b",
        "a;b",
        "{",
        "[1]",
        "\\",
        "a\\b",
        "\u00a0x",
        "x\u3000",
        "\u2028",
        "“x”",
        "é",
        "😀",
        "null",
        "jumlah",
    ),
    *(
        "Total",
        "Sub total",
        "Total Jawa Tengah",
        "Mengetahui,",
        "Catatan: x",
        "* x",
        "(1)",
        "NIK 3374012304900001",
        "0812-3456-7890",
        "a@b.id",
        ":",
        '":',
    ),
]
"""What offices type that somebody has to look at, and what only looks like it."""


@pytest.fixture(autouse=True)
def any_size(monkeypatch):
    """Small files take the lane as well, in many blocks."""
    monkeypatch.setattr(bulk, "LARGE", 0)
    monkeypatch.setattr(bulk, "_BLOCK", 4096)


@pytest.fixture
def of_35_columns():
    """The bench's standard, for as long as one test takes."""
    wide()
    yield
    datasets().pop("wide")
    daftar_data.plan().pop("wide")


def good(dataset: str, at: int) -> dict[str, Any]:
    """A row there is nothing to say about."""
    row: dict[str, Any] = {"kode_satker": "JATENG", "judul": f"Judul kegiatan {at}", "kode_wilayah": "33.74"}
    row |= {"tanggal_kejadian": "2026-10-05", "topik": "KAMTIBMAS", "klasifikasi_informasi": "BERKALA"}
    row |= {"subjek_anak": "false", "lisensi": "CC-BY-4.0", "kredit": "Humas", "sumber_digital": "digitalCapture"}
    row |= {"bahasa": "id", "keterangan": f"Petugas membantu warga, laporan {at}."}
    if dataset == "wide":
        row |= {"nomor": f"B/{at}", "lebar": str(640 + at), "tinggi": "480", "ukuran": "1000", "nilai": "12.5"}
        row |= {"jenis": "FOTO", "sidik": f"{at:064x}", "resmi": "true", "catatan": "Aman, tertib", "bobot": None}
        row |= {"periode": "2026-10", "direkam_pada": "2026-10-05T07:40:00+07:00"}
        return {f.name: row.get(f.name) for f in datasets()["wide"].office_fields if f.name in row}
    row |= {
        "nomor": f"T/{at}",
        "isi": f"Petugas membantu warga di lapangan, pagi dan sore, pada hari ke-{at}.",
        "genre": "RILIS",
    }
    return {f.name: row.get(f.name) for f in datasets()[dataset].office_fields if f.name in row}


def rows(dataset: str, seed: int, count: int = 400) -> list[dict[str, Any]]:
    """Good rows, some of them spoilt, some of them twice."""
    pick = random.Random(seed)
    made = [good(dataset, at) for at in range(count)]
    for row in made:
        while pick.random() < 0.2:
            row[pick.choice(list(row))] = pick.choice(ODD)
    twice = [dict(made[at]) for at in pick.sample(range(count), 6)]
    for row in twice[:3]:
        row["judul"] = "Judul yang lain"
    return made + twice


def ndjson(rows: list[dict[str, Any]], seed: int, **style: Any) -> bytes:
    """One object a line; numbers as numbers in some, keys missing, doubled, unknown or in another order in some."""
    pick = random.Random(seed)
    lines: list[str] = []
    for at, sent in enumerate(rows):
        row = {k: int(v) if isinstance(v, str) and v.isdigit() and pick.random() < 0.3 else v for k, v in sent.items()}
        if at and pick.random() < 0.05:
            row[pick.choice(list(row))] = pick.choice([1.234, 12.5, 1e300, True, None, {"a": 1}, [1], 5.0])
        if at and pick.random() < 0.03:
            row.pop(pick.choice(list(row)))
        pairs = reversed(row.items()) if at and pick.random() < 0.03 else row.items()
        line = json.dumps(dict(pairs), **style)
        if at and pick.random() < 0.02:
            line = pick.choice(["", "{", "[]", "null", line[:-1], line + " ", line.replace("}", ', "judul": "dua"}')])
        lines.append(line)
    return "".join(f"{line}\n" for line in lines).encode()


def delimited(rows: list[dict[str, Any]], seed: int, bom: str = "", *, dirt: bool = True, **style: Any) -> bytes:
    """A heading and a line for each row; with `dirt` some lines with cells too few or too many, some empty."""
    pick = random.Random(seed)
    out = io.StringIO()
    end = style.setdefault("lineterminator", "\n")
    writer = csv.writer(out, **style)
    writer.writerow(rows[0])
    for row in rows:
        cells = ["" if v is None else str(v) for v in row.values()]
        chance = pick.random() if dirt else 1.0
        if chance < 0.02:
            cells.append("lebih")
        elif chance < 0.04:
            cells.pop()
        elif chance < 0.05:
            out.write(end)
        writer.writerow(cells)
    return (bom + out.getvalue()).encode()


@contextmanager
def parcel(folder: Path, dataset: str, tables: dict[str, bytes], number: int = 1, **said: Any) -> Iterator[Parcel]:
    head = folder / f"manifest{number}.json"
    sent = {"versi": 1, "satker": "JATENG", "dataset": dataset, "tabel": list(tables), **said}
    head.write_text(json.dumps(sent | {"standar": datasets()[dataset].standard, "metadata": f"{dataset}/2026"}))
    places = {"manifest.json": head}
    for name, data in tables.items():
        places[name] = folder / f"{number}-{name}"
        places[name].write_bytes(data)
    files = {n: File(n, p.stat().st_size, "0" * 64, lambda p=p: nullcontext(p)) for n, p in places.items()}
    yield Parcel(f"2026-00000{number}.1", "jateng", "besar", 1, ARRIVED, files)


def told(verdict: Verdict, dataset: str) -> dict[str, list[dict[str, Any]]]:
    """Everything a verdict says, in an order of its own; the fast rows among the others."""
    lanes = [pq.read_table(path) for path in verdict.lanes.get(dataset, ())]
    for lane in lanes:
        assert lane.schema.equals(
            datasets()[dataset].arrow.remove_metadata().empty_table().schema, check_metadata=False
        )
    every = dict(verdict.tables)
    every[dataset] = pa.concat_tables([every[dataset].replace_schema_metadata(), *lanes], promote_options="permissive")
    return {name: sorted(table.to_pylist(), key=repr) for name, table in every.items()}


def both(folder: Path, parcels: list[Parcel], dataset: str, **how: Any) -> int:
    """Judge them both ways and compare; how many rows went the fast way."""
    lanes = folder / "lanes"
    lanes.mkdir()
    fast, careful = judge(parcels, 7, folder=lanes, **how), judge(parcels, 7, **how)
    assert fast.outcomes == careful.outcomes
    mine, theirs = told(fast, dataset), told(careful, dataset)
    for name, expected in theirs.items():
        assert len(mine[name]) == len(expected), name
        for one, other in zip(mine[name], expected, strict=True):
            assert one == other, {k: (v, other[k]) for k, v in one.items() if v != other[k]}
    return sum(pq.read_metadata(path).num_rows for paths in fast.lanes.values() for path in paths)


STYLES: dict[str, Callable[[list[dict[str, Any]], int], bytes]] = {
    "spaced": lambda r, s: ndjson(r, s, ensure_ascii=False),
    "escaped": lambda r, s: ndjson(r, s, separators=(",", ":")),
    "compact": lambda r, s: ndjson(r, s, ensure_ascii=False, separators=(",", ":")),
    "csv": delimited,
    "excel": lambda r, s: delimited(r, s, "\ufeff", delimiter=";", lineterminator="\r\n"),
    "quoted": lambda r, s: delimited(r, s, delimiter="\t", quoting=csv.QUOTE_ALL),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("dataset", ["wide", "teks"])
@pytest.mark.usefixtures("of_35_columns")
def test_whatever_is_in_the_file(tmp_path, dataset, style):
    seed = int(os.environ.get("SEED", "0")) + sum(map(ord, dataset + style))
    data = STYLES[style](rows(dataset, seed), seed)
    with parcel(tmp_path, dataset, {"isi.txt": data}) as sent:
        assert both(tmp_path, [sent], dataset) > 100


@pytest.mark.usefixtures("of_35_columns")
@pytest.mark.parametrize("periods", [["2026-10", "2026-11", "2026-12"], ["2026-S2"], ["2026", "2027", "2026-T4"]])
def test_periods_that_are_to_come_or_not_over(tmp_path, periods):
    """What is said of whole files is said of rows in the lane, too; a period still to come sends its row back."""
    made = [dict(good("wide", at), periode=periods[at % len(periods)]) for at in range(300)]
    with parcel(tmp_path, "wide", {"isi.csv": delimited(made, 1, dirt=False)}) as sent:
        assert both(tmp_path, [sent], "wide") >= 100
        found = {(f["kode"], f["nilai"]) for f in judge([sent], 1).tables["temuan"].to_pylist()}
    assert len({kode for kode, _ in found if kode.startswith("PERIODE")}) == len(periods[:2])


def test_rows_that_meet_elsewhere(tmp_path):
    """In another submission of the batch, in a second file, and in the lake: then the careful way decides."""
    lake, here = tmp_path / "lake", tmp_path / "here"
    lake.mkdir()
    here.mkdir()
    made = [good("teks", at) for at in range(300)]
    with parcel(lake, "teks", {"isi.csv": delimited(made[:20], 0)}) as sent:
        pq.write_table(judge([sent], 1).tables["teks"], lake / "teks.parquet")
    other = [dict(row, judul="Judul yang lain") for row in made[100:110]] + made[110:120]

    def known(table: str) -> list[str]:
        return [str(lake / "teks.parquet")] if table == "teks" else []

    files = {"a.csv": delimited(made[:200], 1), "b.ndjson": ndjson(made[150:300], 2, separators=(",", ":"))}
    with parcel(here, "teks", files) as one, parcel(here, "teks", {"c.csv": delimited(other, 3)}, 2) as two:
        assert both(here, [one, two], "teks", known=known) > 100


@pytest.mark.usefixtures("of_35_columns")
def test_what_goes_back_as_a_whole(tmp_path):
    """A package that is not complete sends every row back, the fast ones too."""
    with parcel(tmp_path, "wide", {"isi.csv": delimited([good("wide", at) for at in range(200)], 1)}) as sent:
        pass
    sent = replace(sent, recheck=Recheck("Pembina", "angka salah"))
    assert both(tmp_path, [sent], "wide") == 0


def test_too_much_for_the_careful_way(tmp_path, monkeypatch):
    """Rows that must come back from the lane, and are more than is read at once: said, and nothing taken."""
    monkeypatch.setattr(bulk, "MAX_BYTES", 1000)
    made = [good("teks", at) for at in range(100)]
    (tmp_path / "lanes").mkdir()
    with parcel(
        tmp_path, "teks", {"a.csv": delimited(made, 1, dirt=False), "b.csv": delimited(made, 1, dirt=False)}
    ) as sent:
        verdict = judge([sent], 7, folder=tmp_path / "lanes")
    assert verdict.outcomes[0].accepted == 0
    assert {row["kode"] for row in verdict.tables["temuan"].to_pylist()} >= {"TABEL_TERLALU_BESAR"}


@pytest.mark.parametrize(
    "text",
    [
        "isi",
        '[{"a": 1}]',
        '{"a": 1}',
        "a,b\n1,2\n",
        '"judul\n2",isi\nx,y\n',
        "judul,judul\nx,y\n",
        '{"judul": "\\u0000',
    ],
)
def test_what_is_not_regular(tmp_path, text):
    """Everything else is read the careful way as a whole."""
    path = tmp_path / "isi"
    path.write_text(text)
    assert bulk.regular(path, datasets()["teks"].headers(), {"judul"}) is None


def test_what_does_not_fit_into_memory(tmp_path):
    """It lies in files while a batch is judged, and is gone afterwards."""
    with connect(tmp_path, 64) as con:
        con.execute("CREATE TABLE isi AS SELECT i, repeat(md5(i::VARCHAR), 8) AS teks FROM range(400_000) r(i)")
        held, beside = con.execute(
            "SELECT sum(memory_usage_bytes), sum(temporary_storage_bytes) FROM duckdb_memory()"
        ).fetchall()[0]
        assert held <= 64 << 20 < held + beside
        same = "SELECT count(*) FROM isi WHERE teks = repeat(md5(i::VARCHAR), 8)"
        assert con.execute(same).fetchall() == [(400_000,)]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def manifest(dataset: str, *names: str) -> bytes:
    sent = {"versi": 1, "satker": "JATENG", "dataset": dataset, "tabel": list(names)}
    return json.dumps(sent | {"standar": datasets()[dataset].standard}).encode()


def test_from_the_office_to_the_release(tmp_path):
    """Rows that went the fast way are answered, committed once and released like all others, and can be corrected."""
    spit = Installation.at(tmp_path / "spit")
    made = [good("teks", at) for at in range(300)]
    made[5]["judul"], made[7]["tanggal_kejadian"] = "", "kapan-kapan"
    spit.drop("besar", {"manifest.json": manifest("teks", "isi.csv"), "isi.csv": delimited(made, 1, dirt=False)})
    counts = spit.take_in()
    assert counts["judge"] | {"batches": 0} == {
        "batches": 0,
        "submissions": 1,
        "accepted": 298,
        "returned": 2,
        "skipped": 0,
    }
    assert counts["curate"]["rows"] == 298
    batch = tmp_path / "spit" / "lake" / "judged" / "00000001"
    assert pq.read_metadata(batch / "teks.0.parquet").num_rows == 298
    assert pq.read_metadata(batch / "teks.parquet").num_rows == 0
    assert spit.publish()["audit"]["failed"] == 0
    with steps.opened(spit.settings) as (store, _):
        sent = spit.one("besar")
        book = load_workbook(io.BytesIO(workbook(store, sent, spit.receipt(sent.receipt))))
    cells = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
    assert ("T/5" in cells, "T/7" in cells, "T/8" in cells) == (True, True, False)

    late = dict(good("teks", 5), judul="Judul yang dilengkapi")
    again = [*made[10:20], late, dict(made[30], judul="Judul yang diperbaiki")]
    root = spit.one("besar").receipt.rpartition(".")[0]
    head = json.loads(manifest("teks", "isi.csv")) | {"memperbaiki": root}
    spit.drop("susulan", {"manifest.json": json.dumps(head).encode(), "isi.csv": delimited(again, 1, dirt=False)})
    assert spit.take_in()["judge"]["accepted"] == 2
    spit.publish()
    found = spit.rows("SELECT count(*) AS n, count(DISTINCT _kunci) AS k, max(_baris) AS b FROM teks")
    assert found == [{"n": 299, "k": 299, "b": 301}]
    assert spit.rows("SELECT judul, _kiriman FROM teks WHERE nomor = 'T/30'")[0]["judul"] == "Judul yang diperbaiki"


def test_a_table_takes_files_as_they_are(tmp_path):
    """In one commit with the rows beside them, once per batch, with bounds other readers can skip them by."""
    lake = Lake(open_store(str(tmp_path / "lake")))
    with parcel(
        tmp_path, "teks", {"isi.csv": delimited([good("teks", at) for at in range(50)], 1, dirt=False)}
    ) as sent:
        (tmp_path / "lanes").mkdir()
        verdict = judge([sent], 1, folder=tmp_path / "lanes")
    (path,) = verdict.lanes["teks"]
    told = pq.read_schema(path).field("judul").metadata
    assert told[b"comment"] == datasets()["teks"].field("judul").definisi.encode()
    assert told[b"sumber"] == datasets()["teks"].standard.encode()
    assert lake.check_files("teks", [path]) == 50
    beside = pq.read_table(path).slice(0, 3).cast(datasets()["teks"].arrow)
    version = lake.commit("teks", beside, 1, files=[path])
    assert lake.commit("teks", beside, 1, files=[path]) == version
    assert version is not None
    found = lake.snapshot("teks", version)
    assert (found.rows, len(found.files)) == (53, 2)
    delta = DeltaTable(str(tmp_path / "lake" / "tables" / "teks"))
    stats = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
    assert {s["num_records"] for s in stats} == {50, 3}
    assert {s["min.tanggal_kejadian"] for s in stats} == {date(2026, 10, 5)}
    assert {s["null_count.judul"] for s in stats} == {0}
    assert delta.to_pyarrow_table(filters=[("nomor", "=", "T/7")]).num_rows == 1
    with pytest.raises(ContractError, match="columns missing"):
        lake.check_files("layanan_informasi", [path])
    pq.write_table(pq.read_table(path).set_column(0, "kode_satker", pa.nulls(50, pa.string())), path)
    with pytest.raises(ContractError, match="kode_satker: 50 rows have no value"):
        lake.check_files("teks", [path])
