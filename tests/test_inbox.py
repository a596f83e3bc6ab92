"""The inbox ledger, on SQLite and on PostgreSQL, with real processes at work on it."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from infra.ledger import database as ledger
from infra.ledger import migrations
from infra.ledger.batches import REST_S
from infra.ledger.inbox import TURNS, Batch, Busy, Inbox, LeaseLost, Submission, Verdict, year_of
from infra.ledger.leases import acquire
from tests.databases import postgres
from tests.inbox_workers import arrive, hold, labour, must_claim, open_and_count, verdict

ROOT = Path(__file__).parent.parent
FRESH = multiprocessing.get_context("forkserver")  # no process inherits an open SQLite file: that breaks its locks
FRESH.set_forkserver_preload(["tests.inbox_workers"])


@pytest.fixture(scope="session")
def server() -> Iterator[Callable[[], str]]:
    with postgres() as emptied:
        yield emptied


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/ledger.db"
    return request.getfixturevalue("server")()


@pytest.fixture
def inbox(url: str) -> Iterator[Inbox]:
    with Inbox.open(url) as opened:
        yield opened


def judge(inbox: Inbox, returned: int = 0) -> Batch:
    claim = must_claim(inbox, "judge")
    claim.done([verdict(s, returned) for s in claim.submissions])
    return claim.batch


def curate(inbox: Inbox, **versions: int) -> Batch:
    claim = must_claim(inbox, "curate")
    claim.done(versions=versions)
    return claim.batch


def let_time_pass(inbox: Inbox) -> None:
    """As if every lease and every rest had run out."""
    with inbox.ledger.write() as (connection, now):
        connection.execute(update(ledger.lease).values(until=now - timedelta(seconds=1)))


def found(inbox: Inbox, submission: Submission) -> Submission:
    now = inbox.find(submission.receipt)
    assert now is not None
    return now


# Arriving


def test_the_same_content_again_is_the_same_submission(inbox: Inbox) -> None:
    first, new = inbox.arrive(source="jateng", name="a", fingerprint="1", size=3 << 30, satker="JATENG", dataset="foto")
    again, new_again = inbox.arrive(source="jateng", name="a", fingerprint="1", size=3 << 30)
    assert (new, new_again) == (True, False)
    assert again == first
    assert first.receipt == f"{year_of(datetime.now(UTC))}-000001.1"
    assert (first.state, first.turn, first.size, first.tries) == ("DITERIMA_RAW", "mesin", 3 << 30, 0)
    assert first.arrived_at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - first.arrived_at) < timedelta(seconds=30)


def test_other_content_is_the_next_version_under_the_same_number(inbox: Inbox) -> None:
    receipts = [
        arrive(inbox, "a", "1").receipt,
        arrive(inbox, "a", "2").receipt,
        arrive(inbox, "b", "1").receipt,
        arrive(inbox, "a", "1", source="papua").receipt,
        arrive(inbox, "a", "1").receipt,  # back to the first content: the newest version is what counts
    ]
    assert [receipt.partition("-")[2] for receipt in receipts] == [
        "000001.1",
        "000001.2",
        "000002.1",
        "000003.1",
        "000001.3",
    ]
    newest = inbox.newest("jateng", "a")
    assert newest is not None and newest.version == 3
    assert inbox.newest_of(receipts[0].partition(".")[0]) == newest
    assert inbox.newest_of("2026-999999") is None and inbox.newest_of("nomor") is None
    assert inbox.newest("jateng", "never") is None
    assert inbox.find("2026-999999.1") is None


def test_a_refused_submission_is_the_operators_and_in_no_batch(inbox: Inbox) -> None:
    refused, _ = inbox.arrive(
        source="?", name="x", fingerprint="1", size=1, state="DITOLAK", reason="sumber\n tidak dikenal"
    )
    assert (refused.state, refused.turn, refused.reason) == ("DITOLAK", "operator", "sumber tidak dikenal")
    assert inbox.form_batch() is None
    assert inbox.waiting() == {}


def test_the_year_of_a_receipt_is_jakartas() -> None:
    assert year_of(datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC)) == 2026
    assert year_of(datetime(2026, 12, 31, 17, 0, tzinfo=UTC)) == 2027


def test_an_instant_without_a_zone_is_refused(inbox: Inbox) -> None:
    naive = select(ledger.batch).where(ledger.batch.c.made_at > datetime(2026, 1, 1))
    with pytest.raises(Exception, match="needs a time zone"), inbox.ledger.read() as connection:
        connection.execute(naive)


# Batches and their steps


def test_batches_take_the_oldest_first_within_their_limits(inbox: Inbox) -> None:
    for number, size in enumerate([4, 4, 4, 50, 1, 1]):
        arrive(inbox, f"s{number}", size=size)
    sizes = []
    while inbox.form_batch(limit_submissions=3, limit_bytes=10):
        sizes.append([s.size for s in must_claim(inbox, "judge").submissions])
    assert sizes == [[4, 4], [4], [50], [1, 1]]


def test_a_submission_travels_from_raw_to_released(inbox: Inbox) -> None:
    submission, whole = arrive(inbox, "some rows bad"), arrive(inbox, "all rows good")
    assert list(inbox.waiting()) == ["judge"]
    assert inbox.form_batch() is not None
    assert inbox.claim("answer") is None and inbox.claim("curate") is None  # not judged yet
    claim = must_claim(inbox, "judge")
    claim.done([verdict(submission, returned=2), verdict(whole)])
    assert sorted(inbox.waiting()) == ["answer", "curate"]
    must_claim(inbox, "answer").done()
    number = curate(inbox, teks=3).id
    approved = found(inbox, submission)
    assert (approved.state, approved.turn, approved.rows_accepted) == ("DISETUJUI_WALIDATA", "mesin", 3)
    assert list(inbox.waiting()) == ["release"]
    assert [b.id for b in inbox.unreleased()] == [number]
    inbox.mark_released([number], release=7)
    inbox.mark_released([number], release=8)
    released = found(inbox, submission)
    assert (released.state, released.turn, released.release) == ("TERBIT", "kantor", 7)
    assert found(inbox, whole).turn == "-"
    assert inbox.waiting() == {} and inbox.unreleased() == []
    instants = [
        released.arrived_at,
        released.judged_at,
        released.answered_at,
        released.curated_at,
        released.released_at,
    ]
    assert None not in instants and instants == sorted(i for i in instants if i)
    assert inbox.counts() == {"TERBIT": 2}
    assert [s.name for s in inbox.recent(state="TERBIT", source="jateng", limit=1)] == ["all rows good"]
    assert inbox.recent(source="papua") == []


def test_only_what_was_accepted_is_approved_and_released(inbox: Inbox) -> None:
    good, bad, known = arrive(inbox, "good"), arrive(inbox, "bad"), arrive(inbox, "known")
    batch = inbox.form_batch()
    assert batch is not None
    must_claim(inbox, "judge").done(
        [
            Verdict(good.receipt, "DIPERIKSA", 1, 1, 0, 0),
            Verdict(bad.receipt, "DIKEMBALIKAN", 2, 0, 2, 0, "manifes\nbukan JSON"),
            Verdict(known.receipt, "DILEWATI", 3, 0, 0, 3),
        ]
    )
    curate(inbox, teks=0)
    inbox.mark_released([batch.id], release=1)
    states = {s.name: (s.state, s.turn, s.reason) for s in inbox.recent()}
    assert states == {
        "good": ("TERBIT", "-", None),
        "bad": ("DIKEMBALIKAN", "kantor", "manifes bukan JSON"),
        "known": ("DILEWATI", "-", None),
    }


def test_a_batch_that_was_not_curated_is_in_no_release(inbox: Inbox) -> None:
    submission = arrive(inbox)
    inbox.form_batch()
    batch = judge(inbox)
    inbox.mark_released([batch.id], release=1)
    assert found(inbox, submission).state == "DIPERIKSA"
    assert inbox.waiting().keys() == {"answer", "curate"}


def test_judging_answers_for_every_submission_and_row(inbox: Inbox) -> None:
    one, two = arrive(inbox, "one"), arrive(inbox, "two")
    inbox.form_batch()
    claim = must_claim(inbox, "judge")
    with pytest.raises(ValueError, match="one verdict per submission"):
        claim.done([verdict(one)])
    with pytest.raises(IntegrityError, match="row_balance"):
        claim.done([verdict(one), Verdict(two.receipt, "DIPERIKSA", 5, 4, 0, 0)])
    assert {found(inbox, s).state for s in (one, two)} == {"DITERIMA_RAW"}
    claim.done([verdict(one), verdict(two)])


def test_every_state_has_a_turn_and_is_in_the_contract() -> None:
    table = (ROOT / "docs" / "architecture.md").read_text().partition("## States")[2]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| D") or line.startswith("| [MT]")]
    documented = {row[1].strip(): row[2].strip() for row in rows}
    assert documented.items() <= TURNS.items() and len(documented) >= 6


# Curating


def test_curating_is_one_at_a_time_and_its_versions_add_up(inbox: Inbox) -> None:
    for name in ("a", "b"):
        arrive(inbox, name)
        inbox.form_batch()
        judge(inbox)
    waiting = [b.id for b in inbox.uncurated()]
    first = must_claim(inbox, "curate")
    assert waiting == [first.batch.id, first.batch.id + 1]
    assert inbox.settled() == first.batch.id - 1
    assert inbox.claim("curate") is None
    with pytest.raises(ValueError, match="table versions"):
        first.done()
    first.done(versions={"teks": 1, "temuan": 1})
    assert inbox.settled() == first.batch.id
    second = curate(inbox, temuan=2, foto=0)
    assert inbox.uncurated() == []
    assert inbox.settled() == second.id
    newest = inbox.newest_curated()
    assert newest is not None and newest.id == second.id
    assert newest.versions == {"teks": 1, "temuan": 2, "foto": 0}


def test_a_batch_whose_curating_began_goes_before_an_older_one_judged_late(inbox: Inbox) -> None:
    arrive(inbox, "slow")
    inbox.form_batch()
    arrive(inbox, "quick")
    inbox.form_batch()
    slow = must_claim(inbox, "judge")
    quick = judge(inbox)
    assert must_claim(inbox, "curate").batch.id == quick.id  # and dies halfway through its tables
    slow.done([verdict(s) for s in slow.submissions])
    let_time_pass(inbox)
    assert curate(inbox, teks=1).id == quick.id
    assert inbox.settled() == slow.batch.id - 1, "what is late may still replace a row"
    assert curate(inbox, teks=2).id == slow.batch.id
    newest = inbox.newest_curated()
    assert newest is not None and (newest.id, newest.commit_no) == (slow.batch.id, 2)
    assert [b.id for b in inbox.unreleased()] == [quick.id, slow.batch.id]


# Failing


def test_a_failed_step_rests_before_it_is_tried_again(inbox: Inbox) -> None:
    arrive(inbox)
    inbox.form_batch()
    with pytest.raises(OSError, match="disk"), must_claim(inbox, "judge"):
        raise OSError("no space left on disk")
    assert inbox.claim("judge") is None
    with inbox.ledger.read() as connection:
        until = connection.execute(select(ledger.lease.c.until)).scalar_one()
    assert 0 < (until - datetime.now(UTC)).total_seconds() <= REST_S
    let_time_pass(inbox)
    again = must_claim(inbox, "judge").batch
    assert (again.tries, again.trouble) == (2, "judge: OSError: no space left on disk")


def test_a_batch_that_fails_twice_is_split_and_a_single_waits_for_the_operator_after_five(inbox: Inbox) -> None:
    names = ("good", "poison", "fine")
    submissions = [arrive(inbox, name) for name in names]
    whole = inbox.form_batch()
    assert whole is not None

    def work() -> None:
        """A worker that cannot judge one of them, and drains all there is."""
        let_time_pass(inbox)
        while inbox.form_batch():
            pass
        while claim := inbox.claim("judge"):
            if any(s.name == "poison" for s in claim.submissions):
                claim.failed("meledak\nlagi")
            else:
                claim.done([verdict(s) for s in claim.submissions])

    work()
    assert {s.batch_id for s in inbox.recent()} == {whole.id}
    work()
    assert [(s.batch_id, s.tries, s.reason) for s in inbox.recent()] == [(None, 2, "meledak lagi")] * 3
    work()
    assert [found(inbox, s).state for s in submissions] == ["DIPERIKSA", "DITERIMA_RAW", "DIPERIKSA"]
    assert len({s.batch_id for s in inbox.recent()} | {whole.id}) == 4  # each alone, under numbers never used before
    work()
    assert found(inbox, submissions[1]).state == "DITERIMA_RAW"
    work()
    stuck = found(inbox, submissions[1])
    assert (stuck.state, stuck.turn, stuck.tries) == ("MACET", "operator", 5)
    assert (stuck.reason, stuck.batch_id) == ("meledak lagi", None)
    work()
    assert inbox.claim("judge") is None and "judge" not in inbox.waiting()
    assert inbox.retry(stuck.receipt) and not inbox.retry(submissions[0].receipt)
    work()
    assert (found(inbox, stuck).state, found(inbox, stuck).tries) == ("DITERIMA_RAW", 3)


def test_a_submission_that_kills_its_worker_ends_with_the_operator_too(inbox: Inbox) -> None:
    poison = arrive(inbox)
    inbox.form_batch()
    for _ in range(5):
        must_claim(inbox, "judge")  # never heard of again
        let_time_pass(inbox)
    assert inbox.claim("judge") is None
    assert found(inbox, poison).state == "MACET"


def test_a_worker_told_to_stop_gives_its_batch_back_uncounted(inbox: Inbox) -> None:
    arrive(inbox)
    inbox.form_batch()
    with pytest.raises(KeyboardInterrupt), must_claim(inbox, "judge"):
        raise KeyboardInterrupt
    again = must_claim(inbox, "judge")
    assert (again.batch.tries, again.submissions[0].tries) == (1, 1)


# Leases


def test_a_lease_has_one_owner_at_a_time(inbox: Inbox) -> None:
    with inbox.lease("land:jateng") as first:
        with pytest.raises(Busy, match="land:jateng"), inbox.lease("land:jateng"):
            pass
        with inbox.lease("land:papua"):
            pass
    with inbox.lease("land:jateng") as second:
        assert second.token == first.token + 1
        with pytest.raises(LeaseLost):
            first.renew()


def test_a_lease_is_renewed_while_its_owner_works(inbox: Inbox) -> None:
    with inbox.lease("publish", seconds=1):
        time.sleep(1.5)
        with pytest.raises(Busy), inbox.lease("publish"):
            pass


def test_leases_of_the_dead_can_be_broken(inbox: Inbox) -> None:
    submission = arrive(inbox)
    inbox.form_batch()
    zombie = must_claim(inbox, "judge")
    inbox.break_leases()
    must_claim(inbox, "judge")
    with pytest.raises(LeaseLost):
        zombie.done([verdict(submission)])


def test_a_zombie_of_a_step_that_was_finished_by_another_changes_nothing(inbox: Inbox) -> None:
    submission = arrive(inbox)
    inbox.form_batch()
    zombie = must_claim(inbox, "judge")
    let_time_pass(inbox)
    judge(inbox, returned=1)
    for last_word in (lambda: zombie.done([verdict(submission)]), lambda: zombie.failed("?"), zombie.renew):
        with pytest.raises(LeaseLost):
            last_word()
    with pytest.raises(OSError), zombie:
        raise OSError  # its own trouble is what is reported, not the lost lease
    assert found(inbox, submission).rows_returned == 1
    assert inbox.claim("judge") is None


# Deliveries


def test_deliveries_keep_each_answer(inbox: Inbox) -> None:
    inbox.record_delivery(target="ckan", release=1, item="foto", version="1", answer="500\noops", ok=False)
    good = inbox.record_delivery(
        target="ckan", release=1, item="foto", version="1", answer="ok", ok=True, sha256="ab", size=3 << 30
    )
    inbox.record_delivery(target="sftp", release=2, item="teks", version="1", answer="ok", ok=True)
    assert [(d.answer, d.ok) for d in inbox.deliveries(target="ckan")] == [("500 oops", False), ("ok", True)]
    assert inbox.deliveries(ok=True, release=1, item="foto") == [good]
    assert len(inbox.deliveries()) == 3


# Processes


def run_at_once(target: Callable[[str, Barrier, Pipe], None], url: str, count: int) -> list[Any]:
    """Start processes, let them go in the same moment, and return what each sent back."""
    start = FRESH.Barrier(count)
    pipes, processes = [], []
    for _ in range(count):
        result, out = FRESH.Pipe(duplex=False)
        pipes.append(result)
        processes.append(FRESH.Process(target=target, args=(url, start, out), daemon=True))
        processes[-1].start()
        out.close()  # so that the end of a process that failed is seen as the end of its pipe
    results = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join(20)
    assert [process.exitcode for process in processes] == [0] * count
    return results


def test_two_workers_on_the_same_rows_do_everything_once(url: str) -> None:
    logs = run_at_once(labour, url, 2)  # on a database that does not exist yet
    assert all(logs), "one worker did everything: this proved nothing"

    with Inbox.open(url) as inbox:
        submissions = inbox.recent(limit=1000)
        assert {s.state for s in submissions} == {"DISETUJUI_WALIDATA"}
        year = submissions[0].receipt[:4]
        assert {s.receipt for s in submissions} == {f"{year}-{n:06d}.1" for n in range(1, 201)}
        batches = inbox.unreleased()
        assert sorted(b.commit_no or 0 for b in batches) == list(range(1, len(batches) + 1))
        newest = inbox.newest_curated()
        assert newest is not None and newest.versions == {"teks": len(batches)}
        members = {b.id: sorted(s.receipt for s in submissions if s.batch_id == b.id) for b in batches}
    did = Counter((step, number) for log in logs for step, number, _ in log)
    assert did == Counter({(step, number): 1 for step in ("judge", "answer", "curate") for number in members})
    assert all(sorted(receipts) == members[number] for log in logs for _, number, receipts in log)


def start_holding(url: str, seconds: float) -> tuple[int, int, ForkServerProcess, Any]:
    """A process that holds a batch; (its pid, the batch, itself, the way to talk to it)."""
    pipe, its_end = FRESH.Pipe()
    worker = FRESH.Process(target=hold, args=(url, seconds, its_end), daemon=True)
    worker.start()
    assert worker.pid is not None
    return worker.pid, pipe.recv(), worker, pipe


def test_the_work_of_a_killed_worker_is_taken_over_when_its_lease_runs_out(inbox: Inbox, url: str) -> None:
    submission = arrive(inbox)
    inbox.form_batch()
    pid, number, worker, _ = start_holding(url, seconds=1)
    os.kill(pid, signal.SIGKILL)
    worker.join(10)
    assert worker.exitcode == -signal.SIGKILL
    deadline = time.monotonic() + 20
    while (claim := inbox.claim("judge")) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (claim.batch.id, claim.lease.token, claim.batch.tries) == (number, 2, 2)
    claim.done([verdict(submission, returned=1)])
    assert found(inbox, submission).rows_returned == 1


def test_a_worker_that_was_frozen_while_another_took_over_is_refused(inbox: Inbox, url: str) -> None:
    submission = arrive(inbox)
    inbox.form_batch()
    pid, number, worker, pipe = start_holding(url, seconds=60)
    assert inbox.claim("judge") is None
    os.kill(pid, signal.SIGSTOP)
    let_time_pass(inbox)
    claim = must_claim(inbox, "judge")
    os.kill(pid, signal.SIGCONT)
    pipe.send("finish")
    assert pipe.recv() == "lost"
    assert claim.batch.id == number
    claim.done([verdict(submission, returned=1)])
    worker.join(10)
    assert worker.exitcode == 0
    assert found(inbox, submission).rows_returned == 1


# Opening


def test_the_migrations_make_the_tables_the_code_expects(inbox: Inbox) -> None:
    with inbox.ledger.read() as connection:
        columns = {"include_object": lambda _thing, _name, kind, *_: kind in ("table", "column")}
        assert compare_metadata(MigrationContext.configure(connection, opts=columns), ledger.metadata) == []
        indexes = {i["name"] for table in ledger.metadata.tables for i in inspect(connection).get_indexes(table)}
    assert {"batch_not_judged", "submission_unbatched", "delivery_target"} <= indexes


def test_a_migration_that_breaks_off_leaves_nothing_behind(url: str) -> None:
    with Inbox.open(url) as inbox:
        with inbox.ledger.write() as (connection, _):
            ledger.metadata.drop_all(connection)  # as it was before the first opening
            connection.exec_driver_sql("DROP TABLE alembic_version")
        with pytest.raises(KeyboardInterrupt), inbox.ledger.write() as (connection, _):
            migrations.upgrade(connection)
            assert inspect(connection).has_table("submission")
            raise KeyboardInterrupt
        with inbox.ledger.read() as connection:
            assert inspect(connection).get_table_names() == []


def test_processes_that_open_a_new_database_at_once_all_find_it_ready(url: str) -> None:
    assert run_at_once(open_and_count, url, 3) == [{}, {}, {}]


def test_a_sqlite_file_is_opened_by_one_at_a_time(tmp_path: Path) -> None:
    # Without it about one in a hundred openings of a new file fails: the switch to WAL does not wait for others.
    with ThreadPoolExecutor() as threads, Path(f"{tmp_path}/ledger.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        opening = threads.submit(Inbox.open, f"sqlite:///{tmp_path}/ledger.db")
        assert not wait([opening], timeout=0.2).done
        assert not (tmp_path / "ledger.db").exists()
        fcntl.flock(lock, fcntl.LOCK_UN)
        opening.result(20).close()


def test_opening_again_is_cheap_and_needs_no_alembic(inbox: Inbox, url: str) -> None:
    arrive(inbox)
    script = """
import sys, time
from infra.ledger.inbox import Inbox
begun = time.process_time()  # of the processor: the machine may be busy
with Inbox.open(sys.argv[1]) as inbox:
    spent = time.process_time() - begun
    assert inbox.counts() == {"DITERIMA_RAW": 1}
assert "alembic" not in sys.modules
print(spent)
"""
    ran = subprocess.run([sys.executable, "-c", script, url], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(ran.stdout) < 0.1  # about 5 ms for SQLite, 15 for PostgreSQL, most of it making the engine


def test_a_sqlite_ledger_must_be_a_file() -> None:
    with pytest.raises(ValueError, match="needs a file"):
        Inbox.open("sqlite://")


def test_a_sqlite_ledger_is_read_while_it_is_written(tmp_path: Path) -> None:
    with Inbox.open(f"sqlite:///{tmp_path}/ledger.db") as inbox:
        arrive(inbox)
        with inbox.ledger.write() as (connection, _):
            connection.execute(update(ledger.submission).values(name="b"))
            assert inbox.newest("jateng", "a") is not None  # what was committed, without waiting


def test_a_database_that_is_away_for_a_moment_does_not_stop_the_heart(tmp_path: Path) -> None:
    beats = 0

    def fail_once(_: object) -> None:
        nonlocal beats
        beats += 1
        if beats == 1:
            raise OperationalError("BEGIN", None, Exception("database is locked"))

    with Inbox.open(f"sqlite:///{tmp_path}/ledger.db") as inbox:
        with inbox.ledger.write() as (connection, now):
            taken = acquire(inbox.ledger, connection, now, "publish", seconds=1.2)
        assert taken is not None
        event.listen(inbox.ledger.engine, "begin", fail_once)
        with taken.kept():
            time.sleep(1.5)
        event.remove(inbox.ledger.engine, "begin", fail_once)
        assert beats > 2
        with pytest.raises(Busy), inbox.lease("publish"):
            pass
