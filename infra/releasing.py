"""Audit → release: the proposed table versions are audited, and only then does the released pointer move.

A proposal is what the newest curated batch left: the version of every table, with no half batch in it. Its audit is
kept as `audits/<commit_no>.json`, beside a page that can be read offline.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson

from infra.lake import Lake
from infra.ledger.inbox import Inbox
from infra.ledger.records import Batch
from infra.storage.store import Store
from schemas.dataset import tables
from transforms.shape import OFFLINE


def audit_key(commit_no: int, suffix: str = "json") -> str:
    """Where the audit of a proposal is kept."""
    return f"audits/{commit_no:08d}.{suffix}"


def audit(store: Store, inbox: Inbox) -> dict[str, Any]:
    """Audit what is curated and in no release yet; does nothing when there is none, or its audit stands already."""
    waiting = inbox.unreleased()
    newest = inbox.newest_curated()
    if not waiting or newest is None or newest.commit_no is None:
        return {"proposed": 0, "failed": 0}
    batches = [b.id for b in waiting if (b.commit_no or 0) <= newest.commit_no]
    if store.stat(audit_key(newest.commit_no)) is None:
        from expectations.audit import audit as examine
        from expectations.page import data_docs

        with tempfile.TemporaryDirectory() as folder:
            database = Path(folder) / "audit.duckdb"
            names = _propose(database, Lake(store), newest, batches)
            found = examine(database, names, at=datetime.now(UTC))
            store.put(audit_key(newest.commit_no, "html"), data_docs(found, Path(folder)))
        record = {"commit_no": newest.commit_no, "batches": batches, "versions": newest.versions, **found.record()}
        store.put(audit_key(newest.commit_no), orjson.dumps(record, option=orjson.OPT_INDENT_2, default=str))
    record = orjson.loads(store.get(audit_key(newest.commit_no)))
    return {"proposed": len(batches), "failed": len(record["gagal"])}


def _propose(database: Path, lake: Lake, newest: Batch, batches: Sequence[int]) -> list[str]:
    """A DuckDB file showing the proposal; the tables there are in it, those without new rows too: silence is a sign."""
    from expectations.audit import code_lists, views

    with duckdb.connect(str(database), config=OFFLINE) as con:
        con.execute(code_lists())
        for name, standard in tables().items():
            files = lake.files(name, newest.versions[name]) if name in newest.versions else []
            con.execute(views(standard, files, batches))
    return [name for name in tables() if name in newest.versions]


def release(store: Store, inbox: Inbox) -> dict[str, int]:
    """Release the newest proposal whose audit passed; nothing when there is none that is not released yet."""
    for batch in reversed(inbox.unreleased()):
        if batch.commit_no is None or store.stat(audit_key(batch.commit_no)) is None:
            continue
        record = orjson.loads(store.get(audit_key(batch.commit_no)))
        if record["lulus"]:
            audited = {"kunci": audit_key(batch.commit_no), "gagal": len(record["gagal"])}
            made = Lake(store).release(record["versions"], record["batches"], audit=audited)
            inbox.mark_released(record["batches"], made.number)
            return {"release": made.number, "batches": len(record["batches"])}
    return {"release": 0, "batches": 0}


def failed_audit(store: Store, inbox: Inbox) -> str | None:
    """Where to read why the newest proposal was not released, if its audit failed."""
    newest = inbox.newest_curated()
    if newest is None or newest.released_at or newest.commit_no is None or not store.stat(audit_key(newest.commit_no)):
        return None
    record = orjson.loads(store.get(audit_key(newest.commit_no)))
    return None if record["lulus"] else f"{store.url}/{audit_key(newest.commit_no, 'html')}"
