"""Tables, commits and releases of the lake, on a folder and on a real S3 server."""

import dataclasses
import os
import random
import signal
import time
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from typing_extensions import override

from infra import lake as lake_module
from infra.lake import Lake
from infra.releases import POINTER
from infra.storage.folder import FolderStore
from infra.storage.store import Conflict, Stat
from schemas.dataset import ContractError, Field, tables
from tests.lakes import RECEIVED, Place, at_once, rows, some_place, working


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return some_place(request.param, request, tmp_path)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Place(str(tmp_path / "danau")).lake()


def delta(lake: Lake, table: str, version: int | None = None) -> DeltaTable:
    uri, options = lake._store.delta(f"tables/{table}")
    return DeltaTable(uri, version=version, storage_options=options)


def batches(lake: Lake, table: str, version: int | None = None) -> Counter[int]:
    """How many rows of each batch a table holds."""
    found = delta(lake, table, version).to_pyarrow_table(columns=["_batch"])
    return Counter(found.column("_batch").to_pylist())


# --- the strict cast -----------------------------------------------------------------------------------------------

WRONG = {
    "column missing": lambda t: t.drop_columns(["judul"]),
    "column too many": lambda t: t.append_column("tambahan", t["judul"]),
    "column doubled": lambda t: t.drop_columns(["judul"]).append_column("nomor", t["judul"]),
    "text for a number": lambda t: put(t, "ukuran_byte", pa.array(["12"])),
    "number for text": lambda t: put(t, "judul", pa.array([12])),
    "fraction for a whole number": lambda t: put(t, "ukuran_byte", pa.array([1.0])),
    "text for a day": lambda t: put(t, "tanggal_kejadian", pa.array(["2026-11-20"])),
    "instant without zone": lambda t: put(t, "direkam_pada", pa.array([0], pa.timestamp("us"))),
    "instant finer than we keep": lambda t: put(t, "direkam_pada", pa.array([1], pa.timestamp("ns", "UTC"))),
    "number too large": lambda t: put(t, "ukuran_byte", pa.array([2**63], pa.uint64())),
    "required without value": lambda t: put(t, "judul", pa.array([None], pa.string())),
    "no key": lambda t: put(t, "_kunci", pa.array([None], pa.string())),
    "no batch": lambda t: put(t, "_batch", pa.array([None], pa.int64())),
}


def put(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


@pytest.mark.parametrize("wrong", WRONG)
def test_rows_that_break_the_standard_are_our_bug_and_write_nothing(lake: Lake, wrong: str) -> None:
    broken = WRONG[wrong](rows("foto", 1, "a"))
    with pytest.raises(ContractError, match="foto"):
        lake.check("foto", broken)
    with pytest.raises(ContractError):
        lake.commit("foto", broken, 1)
    assert lake.version("foto") is None
    assert list(lake._store.list()) == []


def test_another_width_or_encoding_of_the_same_is_taken(lake: Lake) -> None:
    given = rows("foto", 1, "a")
    other = put(given, "ukuran_byte", pa.array([1], pa.int16()))
    other = put(other, "topik", pa.array(["a"]).dictionary_encode())
    other = put(other, "judul", pa.array(["a"], pa.large_string()))
    other = put(other, "direkam_pada", given["direkam_pada"].cast(pa.timestamp("ms", "Asia/Jakarta")).combine_chunks())
    other = put(other, "teks_alternatif", given["teks_alternatif"])
    other = put(other, "peristiwa", pa.nulls(1))
    other = other.select(sorted(other.column_names))
    checked = lake.check("foto", other)
    assert checked.schema.equals(tables()["foto"].arrow, check_metadata=True)
    assert checked.drop_columns(["peristiwa"]).equals(given.drop_columns(["peristiwa"]))


# --- commits -------------------------------------------------------------------------------------------------------


def test_a_batch_is_committed_once_however_often_it_is_tried(place: Place) -> None:
    lake = place.lake()
    first = lake.commit("foto", rows("foto", 7, "a", "b"), 7)
    assert lake.commit("foto", rows("foto", 7, "a", "b"), 7) == first
    later = lake.commit("foto", rows("foto", 3, "c"), 3)  # batches need not come in order
    assert lake.commit("foto", rows("foto", 7, "a", "b"), 7) == later
    assert place.lake().commit("foto", rows("foto", 3, "c"), 3) == later
    assert batches(lake, "foto") == {7: 2, 3: 1}
    assert [lake.snapshot("foto", v).rows for v in (first, later) if v is not None] == [2, 3]


def test_a_number_given_out_again_by_a_restored_ledger_is_another_batch(lake: Lake) -> None:
    formed, again = RECEIVED, RECEIVED + timedelta(days=1)
    lake.commit("foto", rows("foto", 7, "a"), 7, formed)
    lake.commit("foto", rows("foto", 7, "b"), 7, again)
    lake.commit("foto", rows("foto", 7, "a"), 7, formed.astimezone(ZoneInfo("Asia/Jakarta")))
    assert sorted(delta(lake, "foto").to_pyarrow_table()["_kunci"].to_pylist()) == ["a", "b"]


def test_nothing_to_add_is_no_commit(lake: Lake) -> None:
    assert lake.commit("foto", rows("foto", 1), 1) is None
    version = lake.commit("foto", rows("foto", 2, "a"), 2)
    assert lake.commit("foto", rows("foto", 3), 3) == version
    assert delta(lake, "foto").transaction_version("batch-3") is None


def test_a_table_carries_its_definitions(place: Place) -> None:
    lake = place.lake()
    version = lake.commit("foto", rows("foto", 1, "a"), 1)
    assert version is not None
    table = delta(lake, "foto")
    assert table.metadata().name == "foto"
    assert table.metadata().description == tables()["foto"].description
    assert table.metadata().configuration["delta.enableChangeDataFeed"] == "true"
    assert table.history(1)[0]["batch"] == "1"
    judul = pa.schema(table.schema()).field("judul").metadata
    definisi = tables()["foto"].field("judul").definisi.encode()
    assert (judul[b"comment"], judul[b"definisi"]) == (definisi, definisi)
    unit = pa.schema(table.schema()).field("ukuran_byte").metadata
    assert unit[b"satuan"] == b"byte"
    (file,) = lake.files("foto", version)
    assert pq.read_schema(file).field("judul").metadata[b"definisi"] == definisi
    assert Path(file).is_absolute()


def commit_the_same_and_own(place: Place, number: int) -> list[int]:
    lake = place.lake()
    seen = []
    for batch in [*range(1, 6), *(100 + 10 * number + turn for turn in range(3))]:
        names = [f"{batch}-{i}" for i in range(3)]
        for table in ("foto", "media"):
            lake.commit(table, rows(table, batch, *names), batch)
        seen.append(batch)
    return seen


def test_two_workers_at_once_commit_every_batch_exactly_once(place: Place) -> None:
    done = at_once(commit_the_same_and_own, place)
    expected = dict.fromkeys({*done[0], *done[1]}, 3)
    assert len(expected) == 11
    for table in ("foto", "media"):
        assert batches(place.lake(), table) == expected
        history = delta(place.lake(), table).history()
        assert Counter(e["batch"] for e in history if "batch" in e) == {str(b): 1 for b in expected}


def work_through(place: Place, count: int) -> None:
    lake = place.lake()
    for batch in range(1, count + 1):
        for table in ("foto", "media", "kiriman"):
            lake.commit(table, rows(table, batch, f"{batch}-1", f"{batch}-2"), batch)


def test_killed_anywhere_and_run_again_leaves_the_same_tables(tmp_path: Path) -> None:
    place, moments, killed = Place(str(tmp_path / "danau")), random.Random(4), 0
    for _ in range(5):
        with working(work_through, place, 12) as worker:
            before = place.lake().version("kiriman") or 0
            until = time.monotonic() + 20
            while worker.is_alive() and (place.lake().version("kiriman") or 0) == before and time.monotonic() < until:
                time.sleep(0.002)
            time.sleep(moments.uniform(0, 0.03))
            os.kill(worker.pid or 0, signal.SIGKILL)
            worker.join()
            killed += worker.exitcode == -signal.SIGKILL
    work_through(place, 12)
    assert killed >= 1
    for table in ("foto", "media", "kiriman"):
        assert batches(place.lake(), table) == dict.fromkeys(range(1, 13), 2)


def commit_one_table_and_die(place: Place) -> None:
    place.lake().commit("foto", rows("foto", 1, "a"), 1)
    os.kill(os.getpid(), signal.SIGKILL)


def test_killed_between_two_tables_the_batch_is_in_no_release_until_it_is_whole(place: Place) -> None:
    with working(commit_one_table_and_die, place) as worker:
        worker.join(60)
        assert worker.exitcode == -signal.SIGKILL
    lake = place.lake()
    assert (lake.version("media"), lake.released()) == (None, None)
    versions = {table: lake.commit(table, rows(table, 1, "a"), 1) for table in ("foto", "media")}
    assert {table: batches(lake, table) for table in versions} == {"foto": {1: 1}, "media": {1: 1}}


# --- standards that grow -------------------------------------------------------------------------------------------


def grown(monkeypatch: pytest.MonkeyPatch, *fields: Field) -> None:
    """The standard `foto` gets these columns, or has them in place of those of the same name."""
    standard, names = tables()["foto"], {f.name for f in fields}
    kept = tuple(f for f in standard.fields if f.name not in names)
    changed = {**tables(), "foto": dataclasses.replace(standard, fields=(*kept, *fields))}
    monkeypatch.setattr(lake_module, "tables", lambda: changed)


def test_a_new_column_of_the_standard_joins_the_table(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    old = lake.commit("foto", rows("foto", 1, "a"), 1)
    grown(monkeypatch, Field("fokus_mm", "integer", "Fokus", definisi="Panjang fokus.", satuan="milimeter"))
    wider = rows("foto", 2, "b").append_column("fokus_mm", pa.array([35]))
    new = lake.commit("foto", wider, 2)
    assert old is not None
    assert new is not None
    assert "fokus_mm" not in lake.snapshot("foto", old).schema.names
    assert lake.snapshot("foto", new).schema.field("fokus_mm").metadata[b"satuan"] == b"milimeter"
    found = delta(lake, "foto").to_pyarrow_table(columns=["_kunci", "fokus_mm"])
    assert dict(zip(*found.to_pydict().values(), strict=True)) == {"a": None, "b": 35}


def test_a_column_defined_in_other_words_takes_them_over(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = place.lake()
    lake.commit("foto", rows("foto", 1, "a"), 1)
    judul = tables()["foto"].field("judul")
    grown(monkeypatch, dataclasses.replace(judul, definisi="Judul yang ditulis ulang.", satuan="kata"))
    for _ in range(2):
        version = lake.commit("foto", rows("foto", 2, "b"), 2)
        assert version is not None
        notes = lake.snapshot("foto", version).schema.field("judul").metadata
        assert (notes[b"comment"], notes[b"satuan"]) == (b"Judul yang ditulis ulang.", b"kata")
    assert batches(lake, "foto") == {1: 1, 2: 1}
    monkeypatch.undo()  # a worker that still has the older standard is not stopped by the newer one
    lake.commit("foto", rows("foto", 3, "c"), 3)
    assert batches(lake, "foto") == {1: 1, 2: 1, 3: 1}


def test_a_column_never_changes_its_type(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.commit("foto", rows("foto", 1, "a"), 1)
    grown(monkeypatch, Field("ukuran_byte", "string", "Ukuran"))
    with pytest.raises(ContractError, match="ukuran_byte"):
        lake.commit("foto", put(rows("foto", 2, "b"), "ukuran_byte", pa.array(["2"])), 2)
    assert batches(lake, "foto") == {1: 1}


# --- reference tables ----------------------------------------------------------------------------------------------


def test_a_reference_table_is_replaced_only_when_its_mark_changes(place: Place) -> None:
    lake = place.lake()
    list_1 = pa.table({"kode": ["33.02", "33.03"], "nama": ["Banyumas", "Purbalingga"]})
    list_2 = pa.table({"kode": ["33.02"], "nama": ["Banyumas"], "sampai": ["2026"]})
    first = lake.replace("wilayah", lambda: list_1, "2025-2430")
    assert lake.replace("wilayah", lambda: list_2, "2025-2430") == first
    lake.compact("wilayah")
    lake.vacuum("wilayah")
    now = lake.version("wilayah")
    assert lake.replace("wilayah", lambda: list_2, "2025-2430") == now
    second = lake.replace("wilayah", lambda: list_2, "2026-1")
    assert delta(lake, "wilayah", second).to_pyarrow_table().to_pylist() == list_2.to_pylist()
    assert delta(lake, "wilayah", first).to_pyarrow_table().num_rows == 2


# --- releases ------------------------------------------------------------------------------------------------------


def commit_pair(lake: Lake, batch: int, count: int = 1) -> dict[str, int]:
    versions = {}
    for table in ("foto", "media"):
        versions[table] = lake.commit(table, rows(table, batch, *(f"{batch}-{i}" for i in range(count))), batch)
    return versions


def test_a_release_says_what_is_in_it(place: Place) -> None:
    lake = place.lake()
    assert (lake.released(), list(lake.releases())) == (None, [])
    one = lake.release(commit_pair(lake, 1, 3), [1], audit={"lulus": True})
    two = lake.release(commit_pair(lake, 2, 2), [2], audit={"lulus": True})
    assert (one.number, one.previous, one.rows, one.batches) == (1, None, {"foto": 3, "media": 3}, [1])
    assert (two.number, two.previous, two.rows, two.audit) == (2, 1, {"foto": 5, "media": 5}, {"lulus": True})
    assert place.lake().released() == two
    assert list(place.lake().releases()) == [two, one]


def test_the_same_release_again_changes_nothing(lake: Lake) -> None:
    versions = commit_pair(lake, 1)
    made = lake.release(versions, [1], audit={})
    before = {stat.key: stat.etag for stat in lake._store.list()}
    assert lake.release(versions, [1], audit={}) == made
    assert {stat.key: stat.etag for stat in lake._store.list()} == before


def test_a_proposal_that_was_overtaken_is_not_released(lake: Lake) -> None:
    old = commit_pair(lake, 1)
    new = commit_pair(lake, 2)
    made = lake.release(new, [1, 2], audit={})
    for overtaken in (old, {"foto": new["foto"]}):
        with pytest.raises(Conflict):
            lake.release(overtaken, [1], audit={})
    assert lake.released() == made


class Dying(FolderStore):
    """A folder whose user is gone just before the released pointer moves."""

    @override
    def put(
        self, key: str, source: bytes | Path | BinaryIO, *, if_absent: bool = False, if_match: str | None = None
    ) -> Stat:
        if key == POINTER:
            raise ProcessLookupError(key)
        return super().put(key, source, if_absent=if_absent, if_match=if_match)


def die_before_the_pointer(folder: Path, versions: dict[str, int], new: list[int]) -> None:
    with pytest.raises(ProcessLookupError):
        Lake(Dying(folder)).release(versions, new, audit={"ke": 1})


def test_a_crash_between_record_and_pointer_is_taken_up(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "danau")
    lake = Lake(store)
    versions = commit_pair(lake, 1)
    die_before_the_pointer(store.root, versions, [1])
    die_before_the_pointer(store.root, versions, [1])
    assert lake.released() is None
    made = lake.release(versions, [1], audit={"ke": 2})
    assert (made.number, made.audit) == (1, {"ke": 1})  # the record that was there: it never changes
    assert [stat.key for stat in store.list("releases/")] == ["releases/1.json"]


def test_a_crash_between_record_and_pointer_does_not_block_another_release(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "danau")
    lake = Lake(store)
    first = lake.release(commit_pair(lake, 1), [1], audit={})
    die_before_the_pointer(store.root, commit_pair(lake, 2), [2])
    both = commit_pair(lake, 3)
    made = lake.release(both, [2, 3], audit={})
    assert (made.number, made.previous) == (3, 1)
    assert list(lake.releases()) == [made, first]  # what no reader ever saw is no part of the history
    after = lake.release(commit_pair(lake, 4), [4], audit={})
    assert (after.number, after.previous) == (4, 3)


def release_against_the_other(place: Place, number: int) -> list[int]:
    lake, made = place.lake(), []
    for turn in range(4):
        batch = 10 * (turn + 1) + number
        commit_pair(lake, batch)
        while True:
            versions = {table: lake.version(table) or 0 for table in ("foto", "media")}
            try:
                made.append(lake.release(versions, [batch], audit={}).number)
                break
            except Conflict:
                continue
    return made


def test_of_two_releases_at_once_one_wins_and_the_other_looks_again(place: Place) -> None:
    one, other = at_once(release_against_the_other, place)
    history = list(place.lake().releases())
    assert not {*one} & {*other}
    assert sorted(release.number for release in history) == sorted([*one, *other])
    assert sorted(batch for release in history for batch in release.batches) == sorted(
        10 * (turn + 1) + number for turn in range(4) for number in range(2)
    )
    for newer, older in pairwise(history):
        assert newer.previous == older.number
        assert all(newer.tables[table] >= version for table, version in older.tables.items())


def commit_and_release(place: Place, count: int) -> None:
    lake = place.lake()
    for batch in range(1, count + 1):
        lake.release(commit_pair(lake, batch, batch), [batch], audit={})


def test_a_reader_never_sees_half_a_batch(tmp_path: Path) -> None:
    from infra.sql.query import connect

    place, seen = Place(str(tmp_path / "danau")), set()
    with working(commit_and_release, place, 12) as writer:
        running = True
        while running:
            running = writer.is_alive()  # before the look: the last look comes after the last release
            with connect(place.lake()) as con:
                keys = "(SELECT list(_kunci ORDER BY _kunci) FROM {})"
                (same, count) = con.execute(
                    f"SELECT {keys.format('foto')} IS NOT DISTINCT FROM {keys.format('media')},"
                    " (SELECT count(*) FROM foto)"
                ).fetchall()[0]
            assert same
            seen.add(count)
    assert writer.exitcode == 0
    assert max(seen) == sum(range(1, 13))
    assert len(seen) > 3
    assert seen <= {sum(range(1, n + 1)) for n in range(13)}


# --- maintenance ---------------------------------------------------------------------------------------------------


def test_compacting_keeps_the_rows_and_every_kept_version_readable(place: Place) -> None:
    lake = place.lake()
    for batch in range(1, 6):
        commit_pair(lake, batch)
    released = lake.release({"foto": lake.version("foto") or 0, "media": lake.version("media") or 0}, [5], audit={})
    waiting = commit_pair(lake, 6)["foto"]
    commit_pair(lake, 7)
    assert lake.compact("foto") == 7
    newest = lake.version("foto")
    assert newest is not None
    assert len(lake.files("foto", newest)) == 1
    lake.vacuum("foto", also=[waiting], hours=0)
    assert batches(lake, "foto", released.tables["foto"]) == dict.fromkeys(range(1, 6), 1)
    assert batches(lake, "foto", waiting) == dict.fromkeys(range(1, 7), 1)
    assert batches(lake, "foto") == dict.fromkeys(range(1, 8), 1)
    assert lake.commit("foto", rows("foto", 3, "3-0"), 3) == lake.version("foto")  # still known as committed


def test_vacuum_removes_what_nobody_needs(lake: Lake) -> None:
    for batch in range(1, 4):
        commit_pair(lake, batch)
    old = lake.version("foto") or 0
    small = [Path(file) for file in lake.files("foto", old)]
    orphan = small[0].with_name("part-00000-tanpa-versi.parquet")
    orphan.write_bytes(b"kehilangan penulis")
    lake.compact("foto")
    assert lake.vacuum("foto") == 0  # too young: someone may be reading them, or about to commit the orphan
    assert orphan.exists()
    assert lake.vacuum("foto", hours=0) == 4
    assert not any(path.exists() for path in [*small, orphan])
    assert batches(lake, "foto") == {1: 1, 2: 1, 3: 1}


def test_maintenance_of_a_table_that_is_not_there_does_nothing(lake: Lake) -> None:
    assert (lake.compact("foto"), lake.vacuum("foto")) == (0, 0)
    with pytest.raises(LookupError):
        lake.files("foto", 0)


def test_appends_do_not_mind_a_compaction_at_the_same_time(place: Place) -> None:
    done = at_once(append_or_compact, place)
    assert batches(place.lake(), "foto") == dict.fromkeys(range(1, 13), 1)
    assert done[1] > 0


def append_or_compact(place: Place, number: int) -> int:
    lake = place.lake()
    gathered = 0
    if number == 0:
        for batch in range(1, 13):
            lake.commit("foto", rows("foto", batch, str(batch)), batch)
        return 12
    until = time.monotonic() + 60
    while time.monotonic() < until and sum(batches(lake, "foto").values() if lake.version("foto") else ()) < 12:
        gathered += lake.compact("foto")
    return gathered + lake.compact("foto")
