"""What is past the retention period of its standard is withdrawn, as if somebody had asked for it: by `maintain`.

A submission goes whole, with all its versions and originals, so many years after its newest version arrived; its
record is a withdrawal like any other, and so are its clock and its erasure. What could not be read as any dataset has
no period and stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from infra.ledger import taking_back
from infra.ledger.inbox import Inbox
from infra.ledger.records import Submission
from infra.storage.store import Store
from infra.withdrawing.records import Withdrawal, record, withdrawals
from schemas.dataset import Dataset, datasets

BY = "maintain"
AT_ONCE = 1_000
"""Submission versions of one dataset withdrawn by one run; the next takes more."""
YEAR = timedelta(days=365.2425)


def expire(store: Store, inbox: Inbox, now: datetime) -> int:
    """Withdraw what is past its period at `now`; how many submission versions. After a kill it finishes the rest."""
    recorded = {receipt for w in withdrawals(store) for receipt in w.kiriman}
    gone = 0
    for standard in datasets().values():
        if standard.retention_years:
            before = now.astimezone(UTC) - YEAR * standard.retention_years
            due = taking_back.expired(inbox.ledger, standard.name, before, AT_ONCE)
            if new := [s for s in due if s.receipt not in recorded]:
                record(store, _withdrawal(standard, new, now))
            gone += taking_back.withdraw(inbox.ledger, [s.receipt for s in due], _reason(standard))
    return gone


def _withdrawal(standard: Dataset, due: Sequence[Submission], now: datetime) -> Withdrawal:
    return Withdrawal(
        nomor=0,
        item=f"retensi/{standard.name}/{now.astimezone(UTC):%Y-%m-%d}",
        oleh=BY,
        alasan=_reason(standard),
        pada=now.astimezone(UTC).isoformat(),
        dataset=standard.name,
        kiriman=tuple(s.receipt for s in due),
    )


def _reason(standard: Dataset) -> str:
    return f"lewat masa simpan {standard.retention_years} tahun menurut {standard.standard}"
