"""`satu run` as a newcomer types it: a real Airflow, real media, three sources; and what happens when it is killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conforming import faults

EXPECTED = {  # source/name without the edition, version → state and rows in, accepted, returned, skipped
    ("jateng/foto-pasar", 1): ("TERBIT", 3, 3, 0, 0),
    ("jateng/rilis", 1): ("TERBIT", 2, 2, 0, 0),
    ("jateng/layanan", 1): ("TERBIT", 5, 3, 1, 1),
    ("jateng/layanan", 2): ("TERBIT", 5, 1, 0, 4),
    ("jateng/video-arus", 1): ("TERBIT", 1, 1, 0, 0),
    ("jateng/foto-pasar-ulang", 1): ("DILEWATI", 3, 0, 0, 3),
    ("sulsel/rilis", 1): ("TERBIT", 1, 1, 0, 0),
    ("sulsel/audio-pernyataan", 1): ("TERBIT", 2, 2, 0, 0),
    ("sulsel/pantauan", 1): ("TERBIT", 6, 4, 2, 0),
    ("sulsel/foto-rusak", 1): ("TERBIT", 3, 1, 2, 0),
    ("papua/foto-bakti", 1): ("TERBIT", 2, 2, 0, 0),
    ("papua/teks-salah", 1): ("DIKEMBALIKAN", 2, 0, 2, 0),
    ("papua/manifes-salah", 1): ("DIKEMBALIKAN", 0, 0, 0, 0),
    ("papua/video-dermaga", 1): ("TERBIT", 2, 1, 1, 0),
    ("papua/layanan", 1): ("TERBIT", 2, 2, 0, 0),
    ("papua/titip-jateng", 1): ("DITOLAK", None, None, None, None),
}
ROWS = {"foto": 6, "teks": 3, "video": 2, "audio": 2, "layanan_informasi": 6, "pantauan_media": 4}


def start(home: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "from infra.cli import main; main()", *words]
    out = (home.parent / "out.json").open("wb")
    return subprocess.Popen(command, env={**os.environ, "SPIT_HOME": str(home)}, stdout=out, stderr=subprocess.DEVNULL)


def outcome(home: Path) -> dict[str, Any]:
    return json.loads((home.parent / "out.json").read_text())


def of_stack(home: Path) -> list[psutil.Process]:
    """Every process that carries the mark of this stack."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SPIT_STACK") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def table(report: dict[str, Any], edition: int) -> dict[tuple[str, int], tuple[Any, ...]]:
    found = {}
    for s in report["submissions"]:
        name, _, mark = s["name"].rpartition("-e")
        assert int(mark) == edition
        counts = (s["rows_in"], s["rows_accepted"], s["rows_returned"], s["rows_skipped"])
        found[f"{s['source']}/{name}", s["version"]] = (s["state"], *counts)
    return found


@pytest.mark.timeout(400)
def test_the_main_job_brings_every_sample_where_it_belongs(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert start(home, "run", "--json").wait(380) == 0

    report = outcome(home)
    assert table(report, 1) == EXPECTED
    assert {name: report["rows"][name] for name in ROWS} == ROWS
    assert report["missing"] == []
    catalogue = json.loads((home / "lake" / "published" / "katalog.jsonld").read_text())
    assert "urn:spit:dataset:foto" in json.dumps(catalogue)
    assert (home / "lake" / "published" / "media.csv").read_text().count("urn:spit:media:sha256:") >= 10
    assert faults(home / "lake" / "published") == []
    assert of_stack(home) == []


def settle(home: Path) -> None:
    """Run once more; whatever was fed before must have arrived by then, once."""
    assert start(home, "run", "--json", "--timeout", "400").wait(500) == 0
    assert start(home, "status", "--all", "--json").wait(60) == 0
    submissions = outcome(home)["submissions"]
    assert {s["state"] for s in submissions} <= {"TERBIT", "DIKEMBALIKAN", "DILEWATI", "DITOLAK"}
    for s in submissions:
        if s["rows_in"] is not None:
            assert s["rows_in"] == s["rows_accepted"] + s["rows_returned"] + s["rows_skipped"]
    by_edition: dict[str, dict[tuple[str, int], Any]] = {}
    for s in submissions:
        name, _, mark = s["name"].rpartition("-e")
        counts = (s["rows_in"], s["rows_accepted"], s["rows_returned"], s["rows_skipped"])
        by_edition.setdefault(mark, {})[f"{s['source']}/{name}", s["version"]] = (s["state"], *counts)
    for edition in by_edition.values():
        assert edition.items() <= EXPECTED.items()
    accepted = sum(s["rows_accepted"] or 0 for s in submissions if s["version"] == 1)
    corrected = sum(s["rows_accepted"] or 0 for s in submissions if s["version"] == 2)
    assert (
        start(
            home,
            "sql",
            "--json",
            "SELECT count(*) AS n FROM (" + " UNION ALL ".join(f"SELECT _kunci FROM {name}" for name in ROWS) + ")",
        ).wait(60)
        == 0
    )
    assert outcome(home)[0]["n"] == accepted + corrected
    assert of_stack(home) == []


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("victim", ["satu", "scheduler", "triggerer", "api-server", "any"])
def test_killed_in_the_middle_then_run_again(tmp_path: Path, victim: str) -> None:
    home = tmp_path / "home"
    running = start(home, "run", "--json")
    landed = time.monotonic() + 240
    while not (home / "lake" / "raw").exists():
        assert time.monotonic() < landed
        time.sleep(0.2)
    time.sleep(random.Random(victim).uniform(0, 6))
    if victim == "satu":
        running.kill()
    else:
        # Some write their title over their command line, in a spelling of their own.
        there = [p for p in of_stack(home) if victim == "any" or victim in " ".join(p.cmdline()).replace("_", "-")]
        random.Random(1).choice(there).send_signal(signal.SIGKILL)
        time.sleep(3)
        running.kill()
    running.wait(60)
    settle(home)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("after", [2, 20, 45])
def test_ctrl_c_leaves_no_process_and_a_lake_the_next_run_picks_up(tmp_path: Path, after: int) -> None:
    home = tmp_path / "home"
    running = start(home, "run", "--json")
    time.sleep(after)
    running.send_signal(signal.SIGINT)
    running.wait(60)
    until = time.monotonic() + 10
    while of_stack(home) and time.monotonic() < until:
        time.sleep(0.2)
    assert of_stack(home) == []
    settle(home)
