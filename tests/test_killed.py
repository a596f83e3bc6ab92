"""Killed anywhere, run again: everything arrives once, nothing is lost, and the row balance holds."""

import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings
from tests.killed import work
from tests.office import Installation, counts
from tests.samples import make

TAKE_IN = ["land", "judge", "answer", "curate"]
HAND_ON = ["release", "deliver"]

forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["tests.killed"])


def run(settings: Settings, names: list[str], at: int = 0) -> int | None:
    """The worker's exit code: 0, or -9 when it died at act `at`."""
    worker = forks.Process(target=work, args=(settings, names, at))
    worker.start()
    worker.join(120)
    assert worker.exitcode in {0, -9}
    return worker.exitcode


def office(home: Path) -> Installation:
    """Three drops: a text with a bad item, a photo, a table; the photo's office also sends a correction later."""
    spit = Installation.at(home)
    spit.drop("teks", make.items("teks", {}, {"judul": ""}))
    spit.drop("foto", make.items("foto", {}))
    spit.drop("tabel", make.table("layanan_informasi", make.ROWS["layanan_informasi"]))
    return spit


def state(spit: Installation) -> dict[str, Any]:
    """What must be the same however often somebody died on the way."""
    from infra.lake import Lake
    from infra.storage.store import open_store

    store = open_store(spit.settings.store)
    lake = Lake(store)
    tables = {
        name: lake.snapshot(name, version).rows
        for name in ("teks", "foto", "layanan_informasi", "media", "temuan", "neraca_baris", "kiriman")
        if (version := lake.version(name)) is not None
    }
    return {
        "submissions": {key: (s.state, counts(s)) for key, s in spit.submissions().items()},
        "rows": tables,
        "receipts": len(list(store.list("receipts/"))),
        "raw": sorted(stat.key for stat in store.list("raw/")),
        "waiting": sorted(p.name for p in (spit.settings.landing / "jateng").iterdir()),
    }


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    """How it ends when nobody dies, and in how many acts."""
    spit = office(tmp_path_factory.mktemp("sound") / "spit")
    assert run(spit.settings, TAKE_IN) == 0
    return state(spit), int((spit.settings.home / "acts").read_text())


def survives(tmp_path: Path, at: int, sound: tuple[dict[str, Any], int]) -> None:
    spit = office(tmp_path / "spit")
    assert run(spit.settings, TAKE_IN, at) == -9
    assert run(spit.settings, TAKE_IN) == 0
    assert state(spit) == sound[0]


@pytest.mark.parametrize("part", range(8))
def test_killed_in_taking_in(tmp_path: Path, part: int, sound: tuple[dict[str, Any], int]) -> None:
    survives(tmp_path, 1 + part * (sound[1] - 1) // 7, sound)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_every_act_of_taking_in(tmp_path: Path, sound: tuple[dict[str, Any], int]) -> None:
    for at in range(1, sound[1] + 1):
        survives(tmp_path / str(at), at, sound)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Taken in and audited, but not released."""
    spit = office(tmp_path_factory.mktemp("audited") / "spit")
    assert run(spit.settings, [*TAKE_IN, "audit"]) == 0
    return spit


def published(spit: Installation) -> dict[str, Any]:
    from infra.lake import Lake
    from infra.storage.store import open_store

    store = open_store(spit.settings.store)
    release = Lake(store).released()
    assert release is not None
    files = {stat.key: stat.etag and store.get(stat.key) for stat in store.list("published/")}
    # The instant of a release differs from run to run, and with it whatever states it.
    stable = {key: data for key, data in files.items() if key.endswith((".csv", ".parquet", "skema.json"))}
    partner = spit.settings.home / "partners" / "sdi"
    return {
        "tables": release.tables,
        "states": {key: s.state for key, s in spit.submissions().items()},
        "files": {key: data for key, data in stable.items() if "/di" not in key},
        "catalogue": "published/katalog.jsonld" in files,
        "partner": sorted(p.name for p in partner.rglob("*.csv")) if partner.exists() else None,
    }


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_every_act_of_releasing_and_delivering(tmp_path: Path, audited: Installation) -> None:
    def copy(name: str) -> Installation:
        shutil.copytree(audited.settings.home, tmp_path / name)
        return Installation.at(tmp_path / name)

    whole = copy("whole")
    assert run(whole.settings, HAND_ON) == 0
    expected, acts = published(whole), int((whole.settings.home / "acts").read_text())
    for at in range(1, acts + 1, 3):
        spit = copy(str(at))
        assert run(spit.settings, HAND_ON, at) == -9
        assert run(spit.settings, HAND_ON) == 0
        assert published(spit) == expected, f"killed at act {at} of {acts}"
