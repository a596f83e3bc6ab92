"""Earlier releases: read, compared, shown again by a named person; and a failed audit taken on by one."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from infra import releases, releasing, steps
from infra.cli import main
from infra.lake import Lake
from infra.ledger.inbox import Inbox
from infra.releases import Gone
from infra.sql.comparing import differences
from infra.sql.moment import earlier, instant
from infra.sql.query import QueryError, connect, select
from infra.storage.store import open_store
from infra.submit import Refused
from tests.lakes import Place, rows
from tests.office import Installation
from tests.samples import make

BY = {"by": "Kabid Humas contoh", "reason": "rilis salah"}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Release 1: a, b. Release 2: b corrected, c. Release 3: d, of a table of its own as well."""
    lake = Place(str(tmp_path / "danau")).lake()
    one = {"foto": lake.commit("foto", rows("foto", 1, "a", "b", judul="lama"), 1) or 0}
    lake.release(one, [1], audit={})
    two = {"foto": lake.commit("foto", rows("foto", 2, "b", "c", judul="baru"), 2) or 0}
    lake.release(two, [2], audit={})
    three = {
        "foto": lake.commit("foto", rows("foto", 3, "d", judul="baru"), 3) or 0,
        "temuan": lake.commit("temuan", rows("temuan", 3, "x"), 3) or 0,
    }
    lake.release(three, [3], audit={})
    return lake


def numbered(lake: Lake, number: int) -> releases.Release:
    return releases.numbered(lake._store, number)


def keys(lake: Lake, number: int | None = None) -> list[str]:
    release = numbered(lake, number) if number else None
    with connect(lake, release) as con:
        return [key for (key,) in con.execute("SELECT _kunci FROM foto ORDER BY 1").fetchall()]


# --- which release ---------------------------------------------------------------------------------------------------


def test_a_release_is_found_by_its_number_and_by_the_moment_it_was_shown(lake: Lake) -> None:
    two = numbered(lake, 2)
    assert releases.as_of(lake._store, two.at) == two
    assert releases.as_of(lake._store, two.at + timedelta(hours=1)).number == 3
    assert releases.as_of(lake._store, two.at - timedelta(microseconds=1)).number == 1
    with pytest.raises(LookupError):
        releases.as_of(lake._store, numbered(lake, 1).at - timedelta(seconds=1))
    with pytest.raises(Refused, match="no release 9; the newest is 3"):
        earlier(lake._store, 9)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-10-01", "2026-10-01T16:59:59.999999"),
        ("2026-10-01T12:00", "2026-10-01T05:00:00"),
        ("2026-10-01T12:00+09:00", "2026-10-01T03:00:00"),
        ("2026-10-01T12:00:30Z", "2026-10-01T12:00:30"),
    ],
)
def test_a_moment_is_wib_and_a_day_its_end(text: str, utc: str) -> None:
    assert instant(text) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["kemarin", "2026-13-01", "01-10-2026"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        instant(text)


# --- old versions that are gone ------------------------------------------------------------------------------------


def test_a_release_whose_files_are_gone_is_read_by_its_batches(lake: Lake) -> None:
    before = {number: keys(lake, number) for number in (1, 2, 3)}
    lake.compact("foto")
    newest = lake.version("foto")
    assert newest is not None
    lake.release({**numbered(lake, 3).tables, "foto": newest}, [], audit={})
    lake.vacuum("foto", keep=1, hours=0)
    assert lake.lacks(lake.snapshot("foto", numbered(lake, 1).tables["foto"]))
    assert {number: keys(lake, number) for number in (1, 2, 3)} == before
    lake.forget("foto", newest)
    with pytest.raises(Gone):
        lake.snapshot("foto", numbered(lake, 1).tables["foto"])
    assert {number: keys(lake, number) for number in (1, 2, 3)} == before == {1: [*"ab"], 2: [*"abc"], 3: [*"abcd"]}
    with connect(lake, numbered(lake, 1)) as con:
        assert con.execute("SELECT DISTINCT judul FROM foto").fetchall() == [("lama",)]


def test_a_table_without_batches_that_is_gone_says_so(lake: Lake) -> None:
    import pyarrow as pa

    old = lake.replace("acuan", lambda: pa.table({"kode": ["1"]}), "lama")
    lake.release({**numbered(lake, 3).tables, "acuan": old}, [], audit={})
    new = lake.replace("acuan", lambda: pa.table({"kode": ["2"]}), "baru")
    lake.release({**numbered(lake, 3).tables, "acuan": new}, [], audit={})
    lake.forget("acuan", new)
    with pytest.raises(QueryError, match="Release 4 can no longer be shown: table acuan"):
        select(lake, "SELECT 1", release=numbered(lake, 4))
    assert select(lake, "SELECT kode FROM acuan").to_pylist() == [{"kode": "2"}]


# --- compared --------------------------------------------------------------------------------------------------------


def test_what_came_was_replaced_and_went_between_two_releases(lake: Lake) -> None:
    (found,) = differences(lake, numbered(lake, 1), numbered(lake, 2))
    assert (found.table, found.added, found.replaced, found.gone) == ("foto", ("c",), ("b",), ())
    found = {each.table: each for each in differences(lake, numbered(lake, 1), numbered(lake, 3))}
    assert (found["foto"].added, found["foto"].replaced) == (("c", "d"), ("b",))
    assert len(found["temuan"].added) == 1
    (back, _) = sorted(differences(lake, numbered(lake, 3), numbered(lake, 1)), key=lambda each: each.table)
    assert (back.added, back.replaced, back.gone) == ((), ("b",), ("c", "d"))
    assert differences(lake, numbered(lake, 2), numbered(lake, 2)) == []


# --- shown again -----------------------------------------------------------------------------------------------------


def test_going_back_makes_a_new_release_and_a_later_one_may_follow(lake: Lake) -> None:
    back = lake.go_back(1, **BY)
    assert (back.number, back.back_to, back.previous, back.tables) == (4, 1, 3, numbered(lake, 1).tables)
    assert (back.audit["oleh"], back.audit["alasan"]) == (BY["by"], BY["reason"])
    assert lake.go_back(1, **BY) == back
    assert keys(lake) == ["a", "b"]
    assert lake.batches(back) == {1}
    again = lake.release(numbered(lake, 3).tables, [2, 3], audit={})
    assert (again.number, keys(lake), lake.batches(again)) == (5, [*"abcd"], {1, 2, 3})


def test_nobody_goes_back_to_what_cannot_be_read(lake: Lake) -> None:
    lake.compact("foto")
    lake.release({**numbered(lake, 3).tables, "foto": lake.version("foto") or 0}, [], audit={})
    lake.vacuum("foto", keep=1, hours=0)
    with pytest.raises(Gone):
        lake.go_back(1, **BY)
    assert keys(lake) == [*"abcd"]


def drop(spit: Installation, name: str, title: str, passed: bool = True) -> int:
    """A text taken in, with an audit that stands already; its batch."""
    spit.drop(name, make.items("teks", {"nomor": f"UJI/2026/{name}", "judul": title}))
    spit.take_in()
    with Inbox.open(spit.settings.ledger) as inbox:
        newest = inbox.newest_curated()
        assert newest is not None
        assert newest.commit_no is not None
        failed = [] if passed else [{"tingkat": "GALAT"}]
        record = {"batches": [newest.id], "versions": newest.versions, "lulus": passed, "gagal": failed}
        open_store(spit.settings.store).put(releasing.audit_key(newest.commit_no), orjson.dumps(record))
        return newest.id


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    """Two releases, of a text each."""
    spit = Installation.at(tmp_path / "spit")
    for name in ("001", "002"):
        drop(spit, name, f"Apel ke-{name} di lapangan")
        assert steps.release(spit.settings)["batches"] == 1
    return spit


def shown(spit: Installation) -> list[str]:
    return [row["nomor"][-3:] for row in spit.rows("SELECT nomor FROM teks ORDER BY 1")]


def test_after_going_back_nothing_is_released_until_a_person_decides(spit: Installation) -> None:
    steps.go_back(spit.settings, 1, **BY)
    assert (shown(spit), spit.one("002").state, spit.one("001").state) == (["001"], "DISETUJUI_WALIDATA", "TERBIT")
    drop(spit, "003", "Apel ke-003 di lapangan")
    assert steps.release(spit.settings) == {"release": 0, "batches": 0}
    assert (shown(spit), steps.status(spit.settings)["held"]) == (["001"], 1)
    done, _ = steps.let_go(spit.settings, BY["by"], "sudah diperiksa", False)
    assert (done["batches"], shown(spit)) == (2, ["001", "002", "003"])
    assert {spit.one(name).state for name in ("001", "002", "003")} == {"TERBIT"}
    assert steps.status(spit.settings)["held"] is None
    drop(spit, "004", "Apel ke-004 di lapangan")
    assert steps.release(spit.settings)["batches"] == 1


def test_a_return_killed_before_the_ledger_heard_of_it_is_mended_by_the_next_run(spit: Installation) -> None:
    Lake(open_store(spit.settings.store)).go_back(1, **BY)
    assert spit.one("002").state == "TERBIT"
    assert steps.release(spit.settings)["release"] == 0
    assert spit.one("002").state == "DISETUJUI_WALIDATA"


def test_a_return_without_new_batches_ends_by_a_person_as_well(spit: Installation) -> None:
    steps.go_back(spit.settings, 1, **BY)
    steps.let_go(spit.settings, BY["by"], "ternyata benar", False)
    assert shown(spit) == ["001", "002"]


def test_a_failed_audit_is_taken_on_by_a_named_person_with_a_reason(spit: Installation) -> None:
    drop(spit, "003", "Apel ke-003 di lapangan", passed=False)
    assert steps.release(spit.settings)["release"] == 0
    with pytest.raises(Refused, match="despite-audit"):
        steps.let_go(spit.settings, BY["by"], "tidak apa", False)
    with pytest.raises(Refused, match="--reason"):
        steps.let_go(spit.settings, BY["by"], " ", True)
    steps.let_go(spit.settings, BY["by"], "batas volume terlalu ketat", True)
    made = Lake(open_store(spit.settings.store)).released()
    assert made is not None
    assert (made.audit["oleh"], made.audit["alasan"], made.audit["lulus"]) == (
        BY["by"],
        "batas volume terlalu ketat",
        False,
    )
    assert shown(spit) == ["001", "002", "003"]


def test_without_anything_to_decide_a_person_is_told_so(spit: Installation) -> None:
    with pytest.raises(Refused, match="nothing waits"):
        steps.let_go(spit.settings, BY["by"], "ingin saja", True)
    with pytest.raises(Refused, match="is what is shown"):
        steps.go_back(spit.settings, 2, **BY)


def test_as_an_analyst_and_an_operator_type_it(spit: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIT_HOME", str(spit.settings.home))

    def satu(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, list(words))
        return done.exit_code, done.stdout

    count = "SELECT count(*) AS n FROM teks"
    assert satu("sql", "--release", "1", "--format", "csv", count) == (0, '"n"\n1\n')
    assert satu("sql", "--as-of", "2999-01-01", "--format", "csv", count) == (0, '"n"\n2\n')
    assert satu("sql", "--as-of", "2001-01-01", count)[0] == 2
    code, said = satu("diff", "1", "2", "--rows", "--json")
    teks = next(t for t in json.loads(said)["tables"] if t["table"] == "teks")
    assert (code, teks["added"], teks["keys"]["added"]) == (0, 1, ["JATENG|UJI/2026/002"])
    assert satu("rollback", "1")[0] == 2
    assert satu("rollback", "1", "--reason", "rilis salah")[0] == 0
    assert "satu release" in satu("status")[1]
    assert satu("release", "--reason", "sudah benar")[0] == 0
    assert shown(spit) == ["001", "002"]
