"""What the ledger does when something is taken back: a withdrawal, an erasure, a return to an earlier release."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select, update

from infra.ledger.database import Ledger, batch, submission
from infra.ledger.records import Submission, one_line, read_newest_curated, read_submissions, set_state

IN_WORK = ("DITERIMA_RAW", "DIPERIKSA", "MENUNGGU_PEMBINA")
"""States of a submission whose rows may still be on their way into the tables."""


def withdraw(ledger: Ledger, receipts: Collection[str], reason: str) -> int:
    """Move these submission versions to DITARIK, wherever they stand; how many that changed."""
    with ledger.write() as (connection, _):
        due = submission.c.receipt.in_(receipts) & (submission.c.state != "DITARIK")
        return set_state(connection, due, "DITARIK", reason=one_line(reason))


def versions_of(ledger: Ledger, root: str) -> list[Submission]:
    """Every version of a submission, oldest first."""
    with ledger.read() as connection:
        return read_submissions(connection, submission.c.receipt.like(f"{root}.%"))


def everything(ledger: Ledger) -> list[Submission]:
    """Every submission version there is, oldest first."""
    with ledger.read() as connection:
        return read_submissions(connection, submission.c.id.is_not(None))


def in_work(ledger: Ledger, arrived_by: datetime, receipts: Collection[str] = ()) -> list[Submission]:
    """What arrived by then and may still bring rows; of `receipts` also what is withdrawn and not through yet."""
    through = batch.c.curated_at.is_not(None) & batch.c.answered_at.is_not(None) & batch.c.released_at.is_not(None)
    unfinished = select(batch.c.id).where(~through)
    moving = (submission.c.state.in_(IN_WORK)) | (
        submission.c.receipt.in_(receipts) & submission.c.batch_id.in_(unfinished)
    )
    with ledger.read() as connection:
        return read_submissions(connection, moving & (submission.c.arrived_at <= arrived_by))


def expired(ledger: Ledger, dataset: str, before: datetime, limit: int) -> list[Submission]:
    """Versions of submissions of which none arrived at `before` or later or may still bring rows; oldest first."""
    other = submission.alias()
    kept = (other.c.arrived_at >= before) | other.c.state.in_(IN_WORK)
    same = (other.c.year == submission.c.year) & (other.c.number == submission.c.number)
    due = (submission.c.dataset == dataset) & (submission.c.state != "DITARIK") & (submission.c.arrived_at < before)
    alive = select(other.c.id).where(same & kept).correlate(submission).exists()
    with ledger.read() as connection:
        return read_submissions(connection, due & ~alive, limit=limit)


def half_curated(ledger: Ledger) -> bool:
    """Whether a batch is in some tables and may not be in all: its curating began and has not ended."""
    with ledger.read() as connection:
        begun = batch.c.commit_no.is_not(None) & batch.c.curated_at.is_(None)
        return connection.execute(select(batch.c.id).where(begun).limit(1)).first() is not None


def carry(ledger: Ledger, versions: Mapping[str, int]) -> None:
    """Let the next batch carry on from these table versions instead of those the newest curated one recorded."""
    with ledger.write() as (connection, _):
        newest = read_newest_curated(connection)
        if newest:
            change = update(batch).where(batch.c.id == newest.id)
            connection.execute(change.values(versions={**newest.versions, **versions}))


def unrelease(ledger: Ledger, batches: Collection[int]) -> int:
    """These batches are in no release any more: they wait for one again, and so do their submissions; how many."""
    with ledger.write() as (connection, _):
        back = batch.c.id.in_(batches) & batch.c.released_at.is_not(None)
        mine = select(batch.c.id).where(back)
        shown = submission.c.batch_id.in_(mine) & (submission.c.state == "TERBIT")
        set_state(connection, shown, "DISETUJUI_WALIDATA")
        return connection.execute(update(batch).where(back).values(released_at=None, release=None)).rowcount
