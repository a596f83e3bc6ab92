"""Rows of the ledger as frozen records, how they are read, and the states a submission can be in."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, UnaryExpression, select, update

from infra.ledger.database import batch, delivery, submission

TURNS = {
    "DITERIMA_RAW": "mesin",
    "DIPERIKSA": "mesin",
    "MENUNGGU_PEMBINA": "pembina",
    "DIKEMBALIKAN": "kantor",
    "DILEWATI": "-",
    "DISETUJUI_WALIDATA": "mesin",
    "TERBIT": "-",
    "DITOLAK": "operator",
    "MACET": "operator",
    "DITARIK": "-",
}
"""Every state of a submission and whose turn it then is (docs/architecture.md); for TERBIT see `mark_released`."""


@dataclass(frozen=True)
class Submission:
    """One version of a submission. `size` is in bytes; what follows `arrived_at` is its batch's."""

    id: int
    receipt: str
    source: str
    name: str
    version: int
    satker: str | None
    dataset: str | None
    fingerprint: str
    size: int
    state: str
    turn: str
    reason: str | None
    batch_id: int | None
    tries: int
    rows_in: int | None
    rows_accepted: int | None
    rows_returned: int | None
    rows_skipped: int | None
    arrived_at: datetime
    judged_at: datetime | None
    answered_at: datetime | None
    curated_at: datetime | None
    release: int | None
    released_at: datetime | None


@dataclass(frozen=True)
class Batch:
    """Submissions judged and committed together.

    `tries` counts how often judging began; `trouble` is how a step of it failed last.

    `commit_no` is the place in the order of commits, given when curating first begins: a batch judged late commits
    late, so this grows from commit to commit where `id` need not. `versions` is {table: Delta version} after the
    batch, for every table there was.
    """

    id: int
    made_at: datetime
    tries: int
    trouble: str | None
    judged_at: datetime | None
    answered_at: datetime | None
    commit_no: int | None
    curated_at: datetime | None
    versions: dict[str, int]
    release: int | None
    released_at: datetime | None


@dataclass(frozen=True)
class Verdict:
    """What judging decided about one submission; the rows must balance: in = accepted + returned + skipped."""

    receipt: str
    state: Literal["DIPERIKSA", "MENUNGGU_PEMBINA", "DIKEMBALIKAN", "DILEWATI"]
    rows_in: int
    rows_accepted: int
    rows_returned: int
    rows_skipped: int
    reason: str | None = None


@dataclass(frozen=True)
class Delivery:
    """A target's answer to one item of one release, as it came; a repeated delivery is a further row."""

    id: int
    target: str
    release: int
    item: str
    version: str
    sha256: str | None
    size: int | None
    answer: str
    ok: bool
    at: datetime


_SUBMISSION = {**dict(batch.c.items()), **dict(submission.c.items())}
_SUBMISSIONS = select(*[_SUBMISSION[field.name] for field in fields(Submission)]).outerjoin_from(submission, batch)
_BATCHES = select(*[batch.c[field.name] for field in fields(Batch)])
_DELIVERIES = select(*[delivery.c[field.name] for field in fields(Delivery)]).order_by(delivery.c.id)

Order = ColumnElement[int] | UnaryExpression[int]


def read_submissions(
    connection: Connection, where: ColumnElement[bool], order: Order = submission.c.id, limit: int | None = None
) -> list[Submission]:
    """Submissions that fulfil the condition, in arrival order unless told otherwise."""
    rows = connection.execute(_SUBMISSIONS.where(where).order_by(order).limit(limit))
    return [Submission(**row) for row in rows.mappings()]


def read_batches(
    connection: Connection, where: ColumnElement[bool], order: Order = batch.c.id, limit: int | None = None
) -> list[Batch]:
    """Batches that fulfil the condition, by number unless told otherwise."""
    return [Batch(**row) for row in connection.execute(_BATCHES.where(where).order_by(order).limit(limit)).mappings()]


def read_deliveries(connection: Connection, where: ColumnElement[bool]) -> list[Delivery]:
    """Deliveries that fulfil the condition, oldest first."""
    return [Delivery(**row) for row in connection.execute(_DELIVERIES.where(where)).mappings()]


def read_newest_curated(connection: Connection) -> Batch | None:
    """The batch committed last; its versions are whole, whatever is being committed now."""
    newest = read_batches(connection, batch.c.curated_at.is_not(None), batch.c.commit_no.desc(), limit=1)
    return newest[0] if newest else None


def awaits_recheck() -> ColumnElement[bool]:
    """Whether a batch holds Data Prioritas that its Pembina has not rechecked yet; such a batch is not curated."""
    waits = select(submission.c.id).where(submission.c.batch_id == batch.c.id, submission.c.state == "MENUNGGU_PEMBINA")
    return waits.correlate(batch).exists()


def set_state(connection: Connection, where: ColumnElement[bool], state: str, **values: object) -> int:
    """Move submissions to a state and say how many; the turn follows unless given."""
    change = {"state": state, "turn": TURNS[state]} | values
    return connection.execute(update(submission).where(where).values(change)).rowcount


def one_line(reason: str) -> str:
    """Fold a reason to what fits into a line of a table."""
    return " ".join(reason.split())[:500]
