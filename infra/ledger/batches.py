"""Batches: forming them, claiming the next step of one, and recording how it ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Literal, Self, get_args

from sqlalchemy import ColumnElement, Connection, String, bindparam, cast, delete, func, insert, literal, select, update

from infra.ledger.database import Ledger, batch, lease, submission
from infra.ledger.leases import Lease, LeaseLost, acquire
from infra.ledger.records import (
    TURNS,
    Batch,
    Submission,
    Verdict,
    awaits_recheck,
    one_line,
    read_batches,
    read_newest_curated,
    read_submissions,
    set_state,
)

Step = Literal["judge", "answer", "curate"]

TRIES_TOGETHER = 2  # a batch that fails this often is split, and its submissions travel alone
TRIES_ALONE = 5  # a submission that fails this often waits for the operator
REST_S = 5.0  # a failed step rests, so that one run, draining, does not burn all tries in the same bad second

_DUE: dict[str, ColumnElement[bool]] = {
    "judge": batch.c.judged_at.is_(None),
    "answer": batch.c.judged_at.is_not(None) & batch.c.answered_at.is_(None),
    "curate": batch.c.judged_at.is_not(None) & batch.c.curated_at.is_(None) & ~awaits_recheck(),
}
_COUNTS = ("rows_in", "rows_accepted", "rows_returned", "rows_skipped")


@dataclass
class Claim:
    """One step of one batch, held by this worker.

    `with claim:` renews the lease from a thread. Leaving the block by an exception records a failure; leaving it by
    anything graver (the worker is told to stop) or without a word gives the batch back as if never claimed.
    """

    ledger: Ledger
    step: Step
    batch: Batch
    submissions: tuple[Submission, ...]
    lease: Lease
    _settled: bool = False
    _heart: ExitStack = field(default_factory=ExitStack, repr=False)

    def renew(self) -> None:
        """Hold on for another lease; LeaseLost when another worker has the batch."""
        self.lease.renew()

    def done(self, verdicts: Sequence[Verdict] = (), versions: Mapping[str, int] | None = None) -> None:
        """Record the step and what follows from it, all or nothing; LeaseLost when another worker has the batch.

        `verdicts`: one per submission, after judging. `versions`: {table: Delta version} of the tables this batch
        touched, after curating; the ledger carries on those it did not touch.
        """
        with self.ledger.write() as (connection, now):
            self.lease.let_go(connection, now)
            if self.step == "judge":
                self._record_verdicts(connection, verdicts)
                self._update(connection, judged_at=now, answered_at=None)
            elif self.step == "answer":
                self._update(connection, answered_at=now)
            elif versions is None:
                raise ValueError("curating must say which table versions it left")
            else:
                before = read_newest_curated(connection)
                self._update(connection, curated_at=now, versions={**(before.versions if before else {}), **versions})
                accepted = (submission.c.batch_id == self.batch.id) & (submission.c.state == "DIPERIKSA")
                set_state(connection, accepted, "DISETUJUI_WALIDATA")
            if self.step != "curate":  # a batch's own leases end with their step; the one of curating is for all
                connection.execute(delete(lease).where(lease.c.name == self.lease.name))
        self._settled = True

    def failed(self, reason: str) -> None:
        """Record that the step failed: after a rest it is tried again, in the end alone, or waits for the operator."""
        with self.ledger.write() as (connection, now):
            self.lease.let_go(connection, now + timedelta(seconds=REST_S))
            self._update(connection, trouble=one_line(f"{self.step}: {reason}"))
            if self.step == "judge":
                _give_up(connection, self.batch, self.submissions, reason)
        self._settled = True

    def give_back(self) -> None:
        """Leave the step undone and uncounted, free for the next worker at once."""
        with self.ledger.write() as (connection, now):
            self.lease.let_go(connection, now)
            if self.step == "judge":
                _count_try(connection, self.batch.id, -1)
        self._settled = True

    def __enter__(self) -> Self:
        self._heart.enter_context(self.lease.kept())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._heart.close()
        if self._settled:
            return
        with suppress(LeaseLost):  # another worker has it; whatever is under way here says more
            if isinstance(error, Exception):
                self.failed(f"{type(error).__name__}: {error}")
            else:
                self.give_back()

    def _update(self, connection: Connection, **values: object) -> None:
        connection.execute(update(batch).where(batch.c.id == self.batch.id).values(values))

    def _record_verdicts(self, connection: Connection, verdicts: Sequence[Verdict]) -> None:
        if sorted(v.receipt for v in verdicts) != sorted(s.receipt for s in self.submissions):
            raise ValueError(f"batch {self.batch.id}: one verdict per submission, no more and no less")
        names = ("state", "turn", "reason", *_COUNTS)
        # What was withdrawn meanwhile stays withdrawn, whatever its rows came to.
        change = update(submission).where(submission.c.receipt == bindparam("of"), submission.c.state != "DITARIK")
        connection.execute(
            change.values({name: bindparam(f"new_{name}") for name in names}),
            [
                {f"new_{name}": getattr(v, name) for name in ("state", *_COUNTS)}
                | {"of": v.receipt, "new_turn": TURNS[v.state], "new_reason": v.reason and one_line(v.reason)}
                for v in verdicts
            ],
        )


def form(ledger: Ledger, limit_submissions: int, limit_bytes: int, alone: Collection[str] = ()) -> Batch | None:
    """Put waiting submissions into a new batch, oldest first; None when none waits.

    One that failed in company travels alone, and so do those of the datasets `alone`: they may have to wait for
    somebody, and then nothing waits with them. A single submission may exceed `limit_bytes`.
    """
    waiting = submission.c.batch_id.is_(None) & (submission.c.state == "DITERIMA_RAW")
    wanted = (submission.c.id, submission.c.size, submission.c.tries, submission.c.dataset)
    oldest = select(*wanted).where(waiting).order_by(submission.c.id)
    with ledger.write() as (connection, now):
        rows = connection.execute(oldest.limit(limit_submissions)).all()
        if not rows:
            return None
        first, *rest = rows
        chosen, size = [first.id], first.size
        together = first.tries < TRIES_TOGETHER and first.dataset not in alone
        for row in rest if together else ():  # those that failed are older than all that wait anew
            if row.dataset in alone:
                break  # not passed over: the order of arrival decides which of two is the correction
            size += row.size
            if size > limit_bytes:
                break
            chosen.append(row.id)
        made = insert(batch).values(made_at=now, tries=0, versions={}).returning(batch.c.id)
        number = connection.execute(made).scalar_one()
        connection.execute(update(submission).where(submission.c.id.in_(chosen)).values(batch_id=number))
        return _read(connection, number)


def decide(ledger: Ledger, keep: Callable[[int, datetime], None]) -> Batch:
    """A batch without submissions, judged and answered from the start: what a person decided, to be curated.

    `keep` is given its number and instant, and stores what it adds before anyone can see it.
    """
    with ledger.write() as (connection, now):
        values = {"made_at": now, "judged_at": now, "answered_at": now, "tries": 0, "versions": {}}
        number = connection.execute(insert(batch).values(values).returning(batch.c.id)).scalar_one()
        keep(number, now)
        return _read(connection, number)


def claim(ledger: Ledger, step: Step, seconds: float) -> Claim | None:
    """Take the oldest batch whose `step` is due and free; None when there is none.

    Curating is one at a time. A batch whose curating began goes before all others: its rows may already be in some
    tables, and the versions of whoever commits next would hold that half of it.
    """
    if step not in get_args(Step):
        raise ValueError(f"not a step: {step}")
    name = literal("curate") if step == "curate" else literal("batch:") + cast(batch.c.id, String) + f":{step}"
    order = (batch.c.commit_no.is_(None), batch.c.commit_no, batch.c.id) if step == "curate" else (batch.c.id,)
    with ledger.write() as (connection, now):
        held = select(lease.c.name).where(lease.c.name == name, lease.c.until > now).exists()
        due = select(batch.c.id, name.label("name")).where(_DUE[step], ~held).order_by(*order).limit(1)
        while found := connection.execute(due).first():
            if step == "judge":
                members = _members(connection, found.id)
                if _give_up(connection, _read(connection, found.id), members, "proses berhenti tanpa kabar"):
                    continue  # its last worker died before it could say so itself
                _count_try(connection, found.id, 1)
            if step == "curate":
                _enter_order(connection, found.id)
            taken = acquire(ledger, connection, now, found.name, seconds)
            assert taken is not None, "nobody else writes in this transaction"
            return Claim(ledger, step, _read(connection, found.id), _members(connection, found.id), taken)
    return None


def _read(connection: Connection, number: int) -> Batch:
    return read_batches(connection, batch.c.id == number)[0]


def _members(connection: Connection, number: int) -> tuple[Submission, ...]:
    return tuple(read_submissions(connection, submission.c.batch_id == number))


def _enter_order(connection: Connection, number: int) -> None:
    last = connection.execute(select(func.max(batch.c.commit_no))).scalar() or 0
    mine = (batch.c.id == number) & batch.c.commit_no.is_(None)
    connection.execute(update(batch).where(mine).values(commit_no=last + 1))


def _count_try(connection: Connection, number: int, by: int) -> None:
    connection.execute(update(batch).where(batch.c.id == number).values(tries=batch.c.tries + by))
    members = submission.c.batch_id == number
    connection.execute(update(submission).where(members).values(tries=submission.c.tries + by))


def _give_up(connection: Connection, failed: Batch, members: Sequence[Submission], reason: str) -> bool:
    """Dissolve a batch that has failed too often; False while it may be tried again as it is."""
    mine = submission.c.batch_id == failed.id
    if len(members) > 1 and failed.tries >= TRIES_TOGETHER:
        connection.execute(update(submission).where(mine).values(batch_id=None, reason=one_line(reason)))
    elif len(members) == 1 and members[0].tries >= TRIES_ALONE:
        set_state(connection, mine, "MACET", reason=one_line(reason), batch_id=None)
    else:
        return False
    connection.execute(delete(lease).where(lease.c.name == f"batch:{failed.id}:judge"))
    connection.execute(delete(batch).where(batch.c.id == failed.id))
    return True
