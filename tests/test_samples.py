"""Every sample folder is judged, and exactly the rows and findings it promises come out; twice, and the same."""

import hashlib
import json
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra.judging.judge import Verdict, judge
from infra.judging.parcel import File, Parcel
from infra.sources import drop_of
from schemas import manifest
from schemas.messages import messages
from tests.samples import make
from transforms.media.probe import probe

SAMPLES = Path(__file__).parent / "samples"
ARRIVED = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # 10.00 WIB
FOLDERS = sorted(path.parent for path in SAMPLES.glob("*/*/expected.json"))

ELSEWHERE = {
    "SUMBER_TIDAK_DIKENAL": "tests/test_pipeline.py",
    "SATKER_BUKAN_WEWENANG": "tests/test_pipeline.py",
    "PERBAIKAN_TIDAK_DIKENAL": "tests/test_pipeline.py",
    "KUNCI_SUDAH_ADA": "tests/test_pipeline.py",
    "SUDAH_DIGANTIKAN": "tests/test_judge.py",
    "BERKAS_TERLALU_BESAR": "tests/test_media.py",
    "BERKAS_MACET": "tests/test_media.py",
    "KIRIMAN_TERLALU_BESAR": "tests/test_sources.py",
    "TAUTAN_KE_LUAR": "tests/test_sources.py",
    "MANIFES_TIDAK_ADA": "tests/test_forms.py",
    "BARIS_TANPA_ASAL": "tests/test_loop.py",
}
"""Rules that need more than one folder to be broken, and where that is tested. Reading: tests/test_readers.py."""


@cache
def examined() -> dict[str, dict[str, Any]]:
    """The facts of every media file of every sample: one set of decoder processes for all."""
    media_files = [p for p in SAMPLES.glob("*/*/*") if p.suffix in {".jpg", ".mp4", ".opus"}]
    facts = probe(media_files).to_pylist()
    shas = [hashlib.sha256(path.read_bytes()).hexdigest() for path in media_files]
    return dict(zip(shas, facts, strict=True))


def parcel(folder: Path, kiriman: str = "2026-000001.1", arrived_at: datetime = ARRIVED) -> Parcel:
    drop = drop_of(folder)
    files = {
        name: File(
            name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest(), lambda p=path: nullcontext(p)
        )
        for name, path in drop.files.items()
        if name != "expected.json"
    }
    facts = examined()
    found = {f.sha256: facts[f.sha256] for f in files.values() if f.sha256 in facts}
    return Parcel(kiriman, "jateng", folder.name, 1, arrived_at, files, found)


def outcome(verdict: Verdict) -> dict[str, Any]:
    (result,) = verdict.outcomes
    found = [[f"{f['kode']}:{f['kolom'] or ''}", f["baris"]] for f in verdict.tables["temuan"].to_pylist()]
    return {
        "baris": {"diterima": result.accepted, "dikembalikan": result.returned, "dilewati": result.skipped},
        "temuan": sorted(found, key=repr),
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_a_sample_gives_exactly_what_it_promises(folder: Path) -> None:
    one = parcel(folder)
    first, second = judge([one], 1), judge([one], 1)

    assert outcome(first) == json.loads((folder / "expected.json").read_text())
    for row in first.tables["neraca_baris"].to_pylist():
        assert row["masuk"] == row["diterima"] + row["dikembalikan"] + row["dilewati"]
    assert all(first.tables[name].equals(second.tables[name]) for name in first.tables)


def test_a_manifest_of_megabytes_is_returned_unread(tmp_path: Path) -> None:
    (case,) = [c for c in make.cases() if (c.dataset, c.name) in make.HEAVY]
    make.write(case, tmp_path / case.name)

    assert outcome(judge([parcel(tmp_path / case.name)], 1)) == json.loads(
        (tmp_path / case.name / "expected.json").read_text()
    )


def test_every_rule_is_tripped_by_a_sample() -> None:
    tripped = {
        f[0].partition(":")[0]
        for folder in FOLDERS
        for f in json.loads((folder / "expected.json").read_text())["temuan"]
    }
    tripped |= {f[0].partition(":")[0] for case in make.cases() for f in case.findings}
    reading = {
        m
        for m in messages()
        if m.startswith(("KOLOM_", "BUKU_", "ARSIP_", "FORMAT_", "BARIS_", "SANDI_", "SEL_", "TABEL_"))
    }
    reading |= {"BERKAS_TABEL_TIDAK_TERBACA", "TERLALU_BANYAK_KOLOM", "NILAI_RUMUS_GALAT", "RUMUS_BERBAHAYA"}
    reading |= {"KEPALA_TIDAK_DITEMUKAN", "KUTIP_TIDAK_TERTUTUP", "LEMBAR_DILEWATI", "TAUTAN_LUAR"}

    elsewhere = {m for m in messages() if m.startswith(("METADATA_", "KEPALA_BER"))}  # tests/test_metadata.py
    elsewhere |= {"DIKEMBALIKAN_PEMBINA"}  # tests/test_walidata.py

    assert set(messages()) - elsewhere - tripped - set(ELSEWHERE) - reading == set()


def test_the_manifest_name_is_the_agreed_one() -> None:
    assert manifest.NAME == "manifest.json"
