"""The daily comparison of what should be with what is: ledger against raw, ledger against the lake, and fixity.

Everything it finds is counted and named; what can be mended by repeating a step is left to that step, which is due
anyway and picks it up.
"""

from __future__ import annotations

import hashlib
from typing import Any

import duckdb
import orjson

from infra.lake import Lake
from infra.ledger.inbox import Inbox
from infra.storage.store import Store, content_key
from infra.withdrawing.plan import plans
from schemas.dataset import datasets
from transforms.shape import OFFLINE

FIXITY_SUBMISSIONS = 200
"""Submissions whose raw bytes are read and hashed again in one run: the newest, so the cost is that of what is new."""


def reconcile(store: Store, inbox: Inbox) -> dict[str, Any]:
    """Compare; counts of what was looked at, and `odd`: every difference as a sentence."""
    odd = [*_missing_rows(store, inbox)]
    looked, broken = _fixity(store, inbox)
    due = {step: at.isoformat() for step, at in inbox.waiting().items()}
    return {"odd": [*odd, *broken], "hashed": looked, "due": due}


def _missing_rows(store: Store, inbox: Inbox) -> list[str]:
    """Rows the ledger says were accepted against rows the released tables hold, batch by batch."""
    lake = Lake(store)
    released = lake.released()
    if released is None:
        return []
    held: dict[int, int] = {}
    for plan in plans(store):  # what was erased is not missing
        for batch, rows in plan.batch.items():
            held[int(batch)] = held.get(int(batch), 0) + rows
    with duckdb.connect(config=OFFLINE) as con:
        for name in datasets():
            if name in released.tables:
                files = lake.files(name, released.tables[name])
                if not files:
                    continue  # all that was in it has been erased
                counted = "SELECT _batch, count(*) FROM read_parquet(?) WHERE _batch IN ? GROUP BY 1"
                for batch, rows in con.execute(counted, [files, list(released.batches)]).fetchall():
                    held[batch] = held.get(batch, 0) + rows
    promised: dict[int, int] = {}
    for s in inbox.recent(limit=1_000_000):
        if s.batch_id is not None and s.batch_id in released.batches and s.state != "DITARIK":
            promised[s.batch_id] = promised.get(s.batch_id, 0) + (s.rows_accepted or 0)
    return [
        f"batch {batch}: the ledger says {rows} rows were accepted, the released tables hold {held.get(batch, 0)}"
        for batch, rows in sorted(promised.items())
        if held.get(batch, 0) != rows
    ]


def _fixity(store: Store, inbox: Inbox) -> tuple[int, list[str]]:
    """Raw bytes hashed again: what is stored under a hash must have it."""
    looked = {sha256 for plan in plans(store) for sha256 in plan.isi}
    erased = len(looked)
    broken: list[str] = []
    for s in inbox.recent(limit=FIXITY_SUBMISSIONS):
        if store.stat(content_key(s.fingerprint)) is None:
            if s.state != "DITOLAK" and s.fingerprint not in looked:
                broken.append(f"{s.receipt}: its record is not in raw")
            continue
        for file in orjson.loads(store.get(content_key(s.fingerprint)))["berkas"]:
            name, sha256 = file["nama"], file["sha256"]
            if sha256 in looked:
                continue
            looked.add(sha256)
            stat = store.stat(content_key(sha256))
            if stat is None:
                broken.append(f"{s.receipt}: {name} is not in raw")
                continue
            with store.local(content_key(sha256)) as path, path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
                    broken.append(f"{s.receipt}: {name} no longer has the bytes it arrived with")
    return len(looked) - erased, broken
