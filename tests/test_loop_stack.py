"""The full loop on the real stack, as an office lives it: drop, read the answer, mend the workbook, drop it again.

docs/loop.md tells the same story; nothing here is called but what an office and an operator have: a folder to drop
into, its `answers/`, and the commands.
"""

import json
from pathlib import Path

import pytest
from openpyxl import load_workbook

from infra.embedded import processes
from infra.embedded.stack import Stack
from infra.settings import Settings
from tests.commands import satu, wait_for
from tests.samples import make

HEADINGS = ["No", "Kode satker", "Periode", "Saluran", "Jml permohonan", "Dikabulkan", "Ditolak", "Petugas"]
ROWS = [
    ["1", "JATENG", "Oktober 2026", "LANGSUNG", "12", "10", "1", "piket pagi"],
    ["2", "JATENG", "Oktober 2026", "FAKS", "4", "3", "1", "piket siang"],
    ["3", "JATENG", "Oktober 2026", "SURAT", "banyak", "8", "1", "piket malam"],
]
ENVELOPE = [
    ["nama", "nilai"],
    ["satker", "JATENG"],
    ["dataset", "layanan_informasi"],
    ["standar", "layanan_informasi@1"],
    ["metadata", "layanan_informasi/2026"],
    ["klasifikasi_informasi", "BERKALA"],
]


@pytest.fixture
def home(tmp_path: Path):
    yield tmp_path / "home"
    assert processes.of_home(tmp_path / "home") == []


def released(home: Path, number: str) -> bool:
    listed = satu(home, "status", "--all")["submissions"]
    return any(s["receipt"] == number and s["state"] == "TERBIT" for s in listed)


def table(home: Path) -> dict[str, tuple[int, str]]:
    """Released row key → its figure and the receipt it came with."""
    found = satu(home, "sql", "SELECT _kunci, jumlah_permohonan AS n, _kiriman FROM layanan_informasi")
    return {row["_kunci"]: (row["n"], row["_kiriman"]) for row in found}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_mended_rows_are_released_under_the_ids_they_had(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIT_HOME", str(home))
    settings = Settings.from_env()
    office = settings.landing / "jateng"
    with Stack(settings) as stack:
        stack.wait_healthy()
        office.mkdir(parents=True, exist_ok=True)
        (office / "rekap oktober.xlsx").write_bytes(make.workbook(Rekap=[HEADINGS, *ROWS], Kiriman=ENVELOPE))

        answer = office / "answers" / "rekap oktober.json"
        first = json.loads(wait_for(lambda: answer.exists() and answer.read_text(), "the answer"))
        number = first["nomor"]
        assert {key: first["baris"][key] for key in ("masuk", "diterima", "dikembalikan", "dilewati")} == {
            "masuk": 3,
            "diterima": 1,
            "dikembalikan": 2,
            "dilewati": 0,
        }
        assert {(f["kode"], f["baris"]) for f in first["temuan"] if f["tingkat"] == "GALAT"} == {
            ("KODE_DI_LUAR_DAFTAR", 3),
            ("TIPE_SALAH", 4),
        }
        wait_for(lambda: released(home, number), "the release of the good row")
        assert table(home) == {"JATENG|2026-10|LANGSUNG": (12, number)}

        place = home / "perbaikan.xlsx"
        satu(home, "receipt", number, "--workbook", str(place))
        book = load_workbook(place)
        page = book["Isi"]
        assert [cell.value for cell in page[1]][: len(HEADINGS)] == HEADINGS
        assert [[cell.value for cell in row][: len(HEADINGS)] for row in page.iter_rows(min_row=2)] == ROWS[1:]
        page["D2"], page["E3"] = "SUREL", 9
        book.save(office / "rekap sudah diperbaiki.xlsx")

        second = f"{number.rpartition('.')[0]}.2"
        wait_for(lambda: released(home, second), "the release of the mended rows")
        assert table(home) == {
            "JATENG|2026-10|LANGSUNG": (12, number),
            "JATENG|2026-10|SUREL": (4, second),
            "JATENG|2026-10|SURAT": (9, second),
        }
        assert satu(home, "receipt", second)["baris"]["dikembalikan"] == 0
        mended = json.loads(answer.read_text())
        assert (mended["nomor"], mended["temuan"]) == (second, [f for f in mended["temuan"] if f["tingkat"] != "GALAT"])
        assert not (office / "answers" / "rekap oktober.perbaikan.xlsx").exists()
