"""Killed anywhere, run again: everything arrives once, nothing is lost, and the row balance holds."""

import multiprocessing
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from infra.lake import Lake
from infra.settings import Settings
from infra.sql.query import connect
from schemas.dataset import tables
from tests.killed import work
from tests.office import Installation, counts
from tests.samples import make
from tests.servers import Bucket

TAKE_IN = ["land", "judge", "answer", "curate"]
HAND_ON = ["render", "audit", "release", "deliver", "maintain"]
TABLE = make.ROWS["layanan_informasi"]
ALL = ("_place", "write", "answer", "write_deltalake", "create_write_transaction")
"""Ways of writing that take part whenever something is taken in, beside those a test names."""

forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["tests.killed"])


def run(settings: Settings, names: list[str], at: int = 0, environment: dict[str, str] | None = None) -> int | None:
    """The worker's exit code: 0, or -9 when it died at act `at`."""
    worker = forks.Process(target=work, args=(settings, names, at, environment))
    worker.start()
    worker.join(300)
    assert worker.exitcode in {0, -9}
    return worker.exitcode


def acts(spit: Installation) -> list[str]:
    """The acts of the last run that nobody killed, in their order."""
    return (spit.settings.home / "acts").read_text().split()


def office(home: Path, **changes: Any) -> Installation:
    """Three drops: a text with a bad item, a photo, a table that is read the fast way."""
    spit = Installation.at(home, **changes)
    spit.drop("teks", make.items("teks", {}, {"judul": ""}))
    spit.drop("foto", make.items("foto", {}))
    spit.drop("tabel", make.table("layanan_informasi", TABLE))
    return spit


def correct(spit: Installation) -> Installation:
    """Both items of the text, mended, and one row of the table in other words, under the names they had."""
    spit.drop("teks", make.items("teks", {"judul": "Apel yang dilengkapi"}, {}))
    spit.drop("tabel", make.table("layanan_informasi", make.changed("layanan_informasi", "jumlah_dikabulkan", "7")))
    return spit


def content(lake: Lake) -> dict[str, list[str]]:
    """Every row of every table, but for the instants, which differ from run to run."""
    found = {}
    for name in tables():
        if name not in {"rilis", "pengiriman"}:  # what they tell is when
            rows = lake.rows(name)
            kept = sorted(f.name for f in rows.schema if not pa.types.is_timestamp(f.type))
            found[name] = sorted(map(str, rows.select(kept).to_pylist()))
    return found


def state(spit: Installation) -> dict[str, Any]:
    """What must be the same however often somebody died on the way."""
    store = spit.settings.open_store()
    return {
        "submissions": {key: (s.state, counts(s)) for key, s in spit.submissions().items()},
        "rows": content(Lake(store)),
        "receipts": sorted(stat.key for stat in store.list("receipts/")),
        "raw": sorted(stat.key for stat in store.list("raw/")),
        "waiting": sorted(p.name for p in (spit.settings.landing / "jateng").iterdir()),
    }


def published(spit: Installation) -> dict[str, Any]:
    """What a release shows, and what of it lies outside."""
    store = spit.settings.open_store()
    lake = Lake(store)
    release = lake.released()
    assert release is not None
    files = {stat.key: store.get(stat.key) for stat in store.list("published/")}
    # The instant of a release differs from run to run, and with it whatever states it, the items of a day among them.
    stable = {key: data for key, data in files.items() if key.endswith((".csv", ".parquet", "skema.json"))}
    items = sum("/ninjs/" in key for key in files)
    partner = spit.settings.home / "mitra" / "sdi"
    with connect(lake) as con:
        shown = {name: con.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in release.tables}
    return state(spit) | {
        "shown": {name: count for name, count in shown.items() if name not in {"rilis", "pengiriman"}},
        "files": {key: data for key, data in stable.items() if "/di" not in key and "/ninjs/" not in key},
        "items": items,
        "renditions": sorted(stat.key for stat in store.list("renditions/sha256/")),
        "catalogue": "published/katalog.jsonld" in files,
        "partner": sorted(p.name for p in partner.rglob("*.csv")) if partner.exists() else None,
    }


@dataclass(frozen=True)
class Act:
    """Steps that may be killed anywhere: how one gets there, which they are, and how it ends when nobody dies."""

    begin: Callable[[Path], Installation]
    steps: list[str]
    look: Callable[[Installation], dict[str, Any]]
    end: dict[str, Any]
    said: list[str]

    @classmethod
    def of(
        cls, home: Path, begin: Callable[[Path], Installation], steps: list[str], look: Callable[[Installation], Any]
    ) -> "Act":
        spit = begin(home)
        assert run(spit.settings, steps) == 0
        return cls(begin, steps, look, look(spit), acts(spit))

    def survives(self, home: Path, at: int) -> None:
        """Killed before act `at` (from 1) and run again, it ends as if nothing had happened."""
        spit = self.begin(home)
        assert run(spit.settings, self.steps, at) == -9
        assert run(spit.settings, self.steps) == 0
        assert self.look(spit) == self.end, f"killed at act {at} of {len(self.said)}: {self.said[at - 1]}"

    def survives_everywhere(self, home: Path, every: int = 1) -> None:
        for at in range(1, len(self.said) + 1, every):
            self.survives(home / str(at), at)
            shutil.rmtree(home / str(at))

    def place(self, part: int, parts: int) -> int:
        """One act of each of so many parts."""
        return 1 + (2 * part + 1) * len(self.said) // (2 * parts)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Act:
    """Taking in what comes first, into a lake with no tables yet."""
    return Act.of(tmp_path_factory.mktemp("pertama") / "spit", office, TAKE_IN, state)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Act:
    """Taking in corrections, into tables of which one still says what a column means in other words."""
    before = office(tmp_path_factory.mktemp("dasar") / "spit")
    assert run(before.settings, TAKE_IN) == 0
    DeltaTable(f"{before.settings.store}/tables/teks").alter.set_column_metadata("judul", {"definisi": "lain"})

    def begin(home: Path) -> Installation:
        shutil.copytree(before.settings.home, home)
        return correct(Installation.at(home))

    return Act.of(tmp_path_factory.mktemp("kedua") / "spit", begin, TAKE_IN, state)


@pytest.fixture(scope="module")
def third(tmp_path_factory: pytest.TempPathFactory, second: Act) -> Act:
    """Making renditions of both, auditing, releasing, delivering and maintaining."""
    before = second.begin(tmp_path_factory.mktemp("dasar") / "spit")
    assert run(before.settings, TAKE_IN) == 0

    def begin(home: Path) -> Installation:
        shutil.copytree(before.settings.home, home)
        return Installation.at(home)

    return Act.of(tmp_path_factory.mktemp("ketiga") / "spit", begin, HAND_ON, published)


def test_every_way_of_writing_is_among_the_acts(first: Act, second: Act, third: Act) -> None:
    assert {*ALL, "create", "take_away"} <= {*first.said}
    assert {*ALL, "set_column_metadata"} <= {*second.said}
    assert {"_place", "write", "write_deltalake", "create_write_transaction", "vacuum"} <= {*third.said}
    assert len(second.end["rows"]["perbaikan"]) == 2, "a corrected item and a corrected row"
    assert third.end["renditions"]
    assert third.end["partner"]


@pytest.mark.parametrize("part", range(3))
def test_killed_in_taking_in(tmp_path: Path, part: int, first: Act) -> None:
    first.survives(tmp_path / "spit", first.place(part, 3))


@pytest.mark.parametrize("part", range(2))
def test_killed_in_taking_in_corrections(tmp_path: Path, part: int, second: Act) -> None:
    second.survives(tmp_path / "spit", second.place(part, 2))


def test_killed_between_the_adopted_files_and_their_commit(tmp_path: Path, second: Act) -> None:
    second.survives(tmp_path / "spit", second.said.index("create_write_transaction") + 1)


def test_killed_between_gathering_small_files_and_removing_them(tmp_path: Path, third: Act) -> None:
    third.survives(tmp_path / "spit", third.said.index("vacuum") + 1)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", ["first", "second"])
def test_killed_at_every_act_of_taking_in(tmp_path: Path, name: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(name).survives_everywhere(tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_killed_at_every_fourth_act_of_handing_on(tmp_path: Path, third: Act) -> None:
    third.survives_everywhere(tmp_path, every=4)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(4))
def test_killed_in_taking_in_on_s3(tmp_path: Path, part: int, first: Act, bucket: Bucket) -> None:
    where = f"s3://{bucket.name}/{uuid.uuid4().hex}/lake"
    spit = office(tmp_path / "spit", store=where, s3_endpoint=bucket.endpoint)
    assert run(spit.settings, TAKE_IN, first.place(part, 4), bucket.environment) == -9
    assert run(spit.settings, TAKE_IN, environment=bucket.environment) == 0
    assert state(spit) == first.end
