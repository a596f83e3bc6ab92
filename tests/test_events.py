"""An event is only a hint, on a real Airflow: without any everything still arrives, and sent twice it is taken once."""

import time
from pathlib import Path

import pytest

from infra.embedded import stack
from infra.lake import Lake
from infra.sql.query import rows
from infra.storage.store import open_store
from tests.office import Installation
from tests.samples import make

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "home", database="postgres")


def released(spit: Installation, name: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    while ("jateng", name, 1) not in spit.submissions() or spit.one(name).state != "TERBIT":
        assert time.monotonic() < until, f"{name} was not released within {seconds} s"
        time.sleep(0.5)


def texts(spit: Installation) -> int:
    lake = Lake(open_store(spit.settings.store))
    release = lake.released()
    assert release is not None
    return rows(lake, release)["teks"]


def a_text(number: int) -> make.Files:
    return make.items("teks", {"nomor": f"UJI/{number}", "judul": f"Rilis ke-{number}"})


def test_with_the_triggerer_off_everything_arrives_by_the_clock(
    spit: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPIT_INGEST_CLOCK", "* * * * *")
    monkeypatch.delitem(stack.COMPONENTS, "triggerer")
    with stack.Stack(spit.settings) as running:
        assert "triggerer" not in running.alive()
        for number in (1, 2):  # the second finds no run under way that could have seen it by chance
            spit.drop(f"rilis-{number}", a_text(number))
            released(spit, f"rilis-{number}", 150)
        runs = running.api.get("/dags/ingest/dagRuns")["dag_runs"]
        assert {run["run_type"] for run in runs} == {"manual", "scheduled"}  # manual: the one each start makes
    assert texts(spit) == 2


def test_every_event_twice_takes_nothing_twice(spit: Installation) -> None:
    with stack.Stack(spit.settings) as running:
        running.wait_healthy()
        while running.api.get("/dags/ingest/dagRuns", state=["queued", "running"])["dag_runs"]:
            time.sleep(0.5)  # the run that each start makes is not to find what the events are for
        assets = running.api.get("/assets")["assets"]
        for number in (1, 2, 3):
            spit.drop(f"rilis-{number}", a_text(number))
            for asset in (a for a in assets if a["uri"].startswith("lake://")) if number > 1 else ():
                for _ in range(2):
                    running.api.post("/assets/events", {"asset_id": asset["id"], "extra": {}})
        for number in (1, 2, 3):
            released(spit, f"rilis-{number}", 150)
        runs = running.api.get("/dags/ingest/dagRuns")["dag_runs"]
        assert any(run["run_type"] == "asset_triggered" for run in runs)
    found = spit.submissions()
    assert sorted(found) == [("jateng", f"rilis-{number}", 1) for number in (1, 2, 3)]
    assert all((s.rows_in, s.rows_accepted) == (1, 1) for s in found.values())
    assert texts(spit) == 3
