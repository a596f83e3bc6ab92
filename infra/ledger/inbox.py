"""The inbox ledger: what came in, where it stands, whose turn it is, and who is at work on it.

Events are hints, this is the truth: every step asks the ledger what is due, and tells it what it did. The ledger
gives each step of each batch to one worker at a time and records it once; that the work itself can be repeated is the
business of those who do it, by batch number.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal, Self

from sqlalchemy import and_, case, func, insert, select, true, update

from infra.ledger.batches import TRIES_TOGETHER, Claim, Step, claim, decide, form
from infra.ledger.database import Ledger, batch, delivery, lease, submission
from infra.ledger.leases import Busy, Lease, LeaseLost, holding
from infra.ledger.records import (
    TURNS,
    Batch,
    Delivery,
    Submission,
    Verdict,
    awaits_recheck,
    one_line,
    read_batches,
    read_deliveries,
    read_newest_curated,
    read_submissions,
    set_state,
)

__all__ = ["TURNS", "Batch", "Busy", "Claim", "Delivery", "Inbox", "Lease", "LeaseLost", "Submission", "Verdict"]

LEASE_S = 20.0  # how long the work of a killed worker waits for the next one
WIB = timezone(timedelta(hours=7), "WIB")  # Asia/Jakarta: receipts are numbered by its year


@dataclass(frozen=True)
class Inbox:
    """An open ledger; close it, or use it as a context."""

    ledger: Ledger

    @classmethod
    def open(cls, url: str) -> Self:
        """Open `sqlite:///file` or `postgresql://…`; a new or older database is brought up to date first."""
        return cls(Ledger.open(url))

    def close(self) -> None:
        """Give back the connections."""
        self.ledger.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Arriving

    def arrive(
        self,
        *,
        source: str,
        name: str,
        fingerprint: str,
        size: int,
        satker: str | None = None,
        dataset: str | None = None,
        state: Literal["DITERIMA_RAW", "DITOLAK"] = "DITERIMA_RAW",
        reason: str | None = None,
    ) -> tuple[Submission, bool]:
        """Take a submission in; (the newest version there is, False) when it has this fingerprint already.

        `size` in bytes. Other content under the same source and name is the next version under the same number.
        """
        with self.ledger.write() as (connection, now):
            same = and_(submission.c.source == source, submission.c.name == name)
            newest = connection.execute(
                select(submission).where(same).order_by(submission.c.version.desc()).limit(1)
            ).first()
            healed = newest and newest.state == "DITOLAK" and state != "DITOLAK"  # refused then, welcome now
            if newest and newest.fingerprint == fingerprint and not healed:
                return read_submissions(connection, submission.c.id == newest.id)[0], False
            if newest:
                year, number, version = newest.year, newest.number, newest.version + 1
            else:
                year = year_of(now)
                last = connection.execute(select(func.max(submission.c.number)).where(submission.c.year == year))
                number, version = (last.scalar() or 0) + 1, 1
            row = insert(submission).values(
                year=year,
                number=number,
                version=version,
                receipt=f"{year}-{number:06d}.{version}",
                source=source,
                name=name,
                satker=satker,
                dataset=dataset,
                fingerprint=fingerprint,
                size=size,
                state=state,
                turn=TURNS[state],
                reason=reason and one_line(reason),
                tries=0,
                arrived_at=now,
            )
            made = connection.execute(row.returning(submission.c.id)).scalar_one()
            return read_submissions(connection, submission.c.id == made)[0], True

    # Working

    def form_batch(
        self, limit_submissions: int = 500, limit_bytes: int = 2 << 30, alone: Collection[str] = ()
    ) -> Batch | None:
        """Put what waits into a new batch, oldest first; None when nothing waits.

        A submission of one of the datasets `alone` gets a batch of its own.
        """
        return form(self.ledger, limit_submissions, limit_bytes, alone)

    def decide(self, keep: Callable[[int, datetime], None]) -> Batch:
        """A batch that carries what a person decided, ready for curating; `keep` stores it under the batch's number."""
        return decide(self.ledger, keep)

    def claim(self, step: Step, seconds: float = LEASE_S) -> Claim | None:
        """Take the next batch this step is due for; None when there is none that is free."""
        return claim(self.ledger, step, seconds)

    def retry(self, receipt: str) -> bool:
        """Let a stuck submission (MACET) be judged again, alone; False when there is none of this number."""
        stuck = and_(submission.c.receipt == receipt, submission.c.state == "MACET")
        with self.ledger.write() as (connection, _):
            return set_state(connection, stuck, "DITERIMA_RAW", reason=None, tries=TRIES_TOGETHER) == 1

    def recheck(self, receipt: str, *, approved: bool, reason: str) -> bool:
        """Record what the Pembina said of Data Prioritas; False when no answered submission of this number waits.

        Approved, it goes on its way; otherwise it is judged again, so that its answer and its row balance say what
        became of it.
        """
        waits = and_(submission.c.receipt == receipt, submission.c.state == "MENUNGGU_PEMBINA")
        with self.ledger.write() as (connection, _):
            found = read_submissions(connection, waits)
            if not found or found[0].answered_at is None:
                return False
            set_state(connection, waits, "DIPERIKSA" if approved else "DITERIMA_RAW", reason=one_line(reason))
            if not approved:
                again = update(batch).where(batch.c.id == found[0].batch_id)
                connection.execute(again.values(judged_at=None, answered_at=None))
            return True

    def lease(self, name: str, seconds: float = LEASE_S) -> AbstractContextManager[Lease]:
        """Be the only one at `name` (`publish`, `land:<source>`) while the block runs; Busy when another is."""
        return holding(self.ledger, name, seconds)

    def break_leases(self) -> None:
        """Free all work at once; for whoever knows that every worker is dead, as a stack that starts does."""
        with self.ledger.write() as (connection, now):
            connection.execute(update(lease).values(owner="", until=now))

    # Releasing

    def newest_curated(self) -> Batch | None:
        """The batch committed last; its `versions` never hold half of another."""
        with self.ledger.read() as connection:
            return read_newest_curated(connection)

    def uncurated(self) -> list[Batch]:
        """Judged batches whose rows are not in the tables yet, or not in all of them."""
        with self.ledger.read() as connection:
            return read_batches(connection, batch.c.judged_at.is_not(None) & batch.c.curated_at.is_(None))

    def settled(self) -> int:
        """The highest number up to which every batch there is stands in the tables; those to come get higher ones."""
        waits = batch.c.curated_at.is_(None)
        with self.ledger.read() as connection:
            first = connection.execute(select(func.min(batch.c.id)).where(waits)).scalar()
            last = connection.execute(select(func.max(batch.c.id))).scalar()
            return first - 1 if first else last or 0

    def troubled(self) -> list[Batch]:
        """Batches a step of which failed when it was last tried, and is not done yet."""
        with self.ledger.read() as connection:
            due = batch.c.judged_at.is_(None) | batch.c.answered_at.is_(None) | batch.c.curated_at.is_(None)
            return read_batches(connection, batch.c.trouble.is_not(None) & due)

    def finished(self, older_than: timedelta) -> list[int]:
        """Numbers of batches that have been released, and were curated and answered, longer ago than this."""
        with self.ledger.read() as connection:
            then = datetime.now(UTC) - older_than
            done = batch.c.answered_at.is_not(None) & (batch.c.curated_at < then) & (batch.c.released_at < then)
            return [b.id for b in read_batches(connection, done)]

    def unreleased(self) -> list[Batch]:
        """Curated batches no release holds yet, in commit order."""
        with self.ledger.read() as connection:
            return read_batches(
                connection, batch.c.curated_at.is_not(None) & batch.c.released_at.is_(None), batch.c.commit_no.asc()
            )

    def mark_released(self, batch_ids: Iterable[int], release: int) -> None:
        """Record which release holds these curated batches; one that is in a release already stays there."""
        with self.ledger.write() as (connection, now):
            for number in batch_ids:
                due = and_(batch.c.id == number, batch.c.curated_at.is_not(None), batch.c.released_at.is_(None))
                if connection.execute(update(batch).where(due).values(released_at=now, release=release)).rowcount:
                    approved = (submission.c.batch_id == number) & (submission.c.state == "DISETUJUI_WALIDATA")
                    turn = case((submission.c.rows_returned > 0, "kantor"), else_=TURNS["TERBIT"])
                    set_state(connection, approved, "TERBIT", turn=turn)

    def record_delivery(
        self,
        *,
        target: str,
        release: int,
        item: str,
        version: str,
        answer: str,
        ok: bool,
        sha256: str | None = None,
        size: int | None = None,
    ) -> Delivery:
        """Keep a target's answer to one item of a release."""
        with self.ledger.write() as (connection, now):
            row = insert(delivery).values(
                target=target,
                release=release,
                item=item,
                version=version,
                answer=one_line(answer),
                ok=ok,
                sha256=sha256,
                size=size,
                at=now,
            )
            made = connection.execute(row.returning(delivery.c.id)).scalar_one()
            return read_deliveries(connection, delivery.c.id == made)[0]

    def deliveries(
        self, *, target: str | None = None, release: int | None = None, item: str | None = None, ok: bool | None = None
    ) -> list[Delivery]:
        """Answers of targets, oldest first, narrowed by what is given."""
        wanted = {"target": target, "release": release, "item": item, "ok": ok}
        narrow = [delivery.c[name] == value for name, value in wanted.items() if value is not None]
        with self.ledger.read() as connection:
            return read_deliveries(connection, and_(true(), *narrow))

    # Asking

    def find(self, receipt: str) -> Submission | None:
        """The submission version with this receipt number."""
        with self.ledger.read() as connection:
            return next(iter(read_submissions(connection, submission.c.receipt == receipt)), None)

    def newest_of(self, root: str) -> Submission | None:
        """The newest version of a submission, by its receipt number without version (`2026-000012`)."""
        year, _, number = root.partition("-")
        if not (year.isdigit() and number.isdigit()):
            return None
        same = and_(submission.c.year == int(year), submission.c.number == int(number))
        with self.ledger.read() as connection:
            return next(iter(read_submissions(connection, same, submission.c.version.desc(), limit=1)), None)

    def newest(self, source: str, name: str) -> Submission | None:
        """The newest version of what a source handed in under a name."""
        same = and_(submission.c.source == source, submission.c.name == name)
        with self.ledger.read() as connection:
            return next(iter(read_submissions(connection, same, submission.c.version.desc(), limit=1)), None)

    def recent(self, *, state: str | None = None, source: str | None = None, limit: int = 100) -> list[Submission]:
        """Submissions, newest first, narrowed by what is given."""
        wanted = {"state": state, "source": source}
        narrow = [submission.c[name] == value for name, value in wanted.items() if value is not None]
        with self.ledger.read() as connection:
            return read_submissions(connection, and_(true(), *narrow), submission.c.id.desc(), limit)

    def counts(self) -> dict[str, int]:
        """How many submission versions are in each state; states nothing is in are left out."""
        with self.ledger.read() as connection:
            rows = connection.execute(select(submission.c.state, func.count()).group_by(submission.c.state))
            return {row.state: row[1] for row in rows}

    def waiting(self) -> dict[str, datetime]:
        """Steps something is due for, with the instant since when; what is at work counts, what is stuck does not."""
        since = {
            "judge": select(func.min(submission.c.arrived_at)).where(submission.c.state == "DITERIMA_RAW"),
            "answer": select(func.min(batch.c.judged_at)).where(batch.c.answered_at.is_(None)),
            "curate": select(func.min(batch.c.judged_at)).where(batch.c.curated_at.is_(None) & ~awaits_recheck()),
            "release": select(func.min(batch.c.curated_at)).where(batch.c.released_at.is_(None)),
        }
        with self.ledger.read() as connection:
            found = {step: connection.execute(query).scalar() for step, query in since.items()}
        return {step: instant for step, instant in found.items() if instant is not None}


def year_of(instant: datetime) -> int:
    """The year a receipt number of that instant carries: that of Asia/Jakarta."""
    return instant.astimezone(WIB).year
