"""Audit → release: the proposed table versions are audited, and only then does the released pointer move.

A proposal is what the newest curated batch left: the version of every table, with no half batch in it. Its audit is
kept as `audits/<commit_no>.json`, beside a page that can be read offline.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson

from infra import lineage
from infra.lake import Lake
from infra.ledger.inbox import Inbox
from infra.ledger.records import Batch
from infra.ledger.taking_back import unrelease
from infra.releases import Release
from infra.storage.store import Store
from infra.submit import Refused
from transforms.shape import OFFLINE


def audit_key(commit_no: int, suffix: str = "json") -> str:
    """Where the audit of a proposal is kept."""
    return f"audits/{commit_no:08d}.{suffix}"


def audit(store: Store, inbox: Inbox) -> dict[str, Any]:
    """Audit what is curated and in no release yet; does nothing when there is none, or its audit stands already."""
    waiting = inbox.unreleased()
    newest = inbox.newest_curated()
    if not waiting or newest is None or newest.commit_no is None:
        return {"proposed": 0, "failed": 0, "warned": 0}
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
    failed = sum(check["tingkat"] == "GALAT" for check in record["gagal"])
    return {"proposed": len(batches), "failed": failed, "warned": len(record["gagal"]) - failed}


def _propose(database: Path, lake: Lake, newest: Batch, batches: Sequence[int]) -> list[str]:
    """A DuckDB file showing the proposal; the tables there are in it, those without new rows too: silence is a sign."""
    from expectations.audit import audited, code_lists, views

    with duckdb.connect(str(database), config=OFFLINE) as con:
        con.execute(code_lists())
        for name, standard in audited().items():
            files = lake.files(name, newest.versions[name]) if name in newest.versions else []
            con.execute(views(standard, files, batches))
    return [name for name in audited() if name in newest.versions]


@dataclass(frozen=True)
class Decision:
    """That a named person lets a release go, and why; `despite_audit` when its audit failed."""

    by: str
    reason: str
    despite_audit: bool = False


def release(store: Store, inbox: Inbox, decision: Decision | None = None) -> dict[str, int]:
    """Release the newest proposal whose audit passed; nothing when there is none that is not released yet.

    After a return to an earlier release nothing is released until a named person decides so.
    """
    lake = Lake(store)
    current = lake.released()
    if current and current.back_to:
        _hand_back(lake, inbox, current)
        if decision is None:
            return {"release": 0, "batches": 0}
    unreleased = inbox.unreleased()
    for batch in reversed(unreleased):
        if batch.commit_no is None or store.stat(audit_key(batch.commit_no)) is None:
            continue
        record = orjson.loads(store.get(audit_key(batch.commit_no)))
        despite = decision is not None and decision.despite_audit
        if record["lulus"] or despite:
            audited = {"kunci": audit_key(batch.commit_no), "gagal": len(record["gagal"])}
            if decision:
                audited |= {"oleh": decision.by, "alasan": decision.reason, "lulus": record["lulus"]}
            batches = [b.id for b in unreleased if b.commit_no is not None and b.commit_no <= batch.commit_no]
            began = datetime.now(UTC)
            made = lake.release(batch.versions, batches, audit=audited)
            lineage.released(store, made, began)
            inbox.mark_released(batches, made.number)
            return {"release": made.number, "batches": len(batches)}
    return {"release": 0, "batches": 0}


def decide(store: Store, inbox: Inbox, decision: Decision) -> dict[str, int]:
    """Release what waits for a person. Refused when nothing does, or when an audit failed and that is not accepted."""
    if not decision.by.strip() or not decision.reason.strip():
        raise Refused("say who decides this (--by) and why (--reason)")
    current = Lake(store).released()
    if failed_audit(store, inbox) and not decision.despite_audit:
        raise Refused(
            f"its audit failed: read {failed_audit(store, inbox)}, then add --despite-audit to take that on you"
        )
    if not failed_audit(store, inbox) and not (current and current.back_to):
        raise Refused("nothing waits for a person: no audit failed, and nobody went back to an earlier release")
    done = release(store, inbox, decision)
    if not done["release"]:
        raise Refused("nothing that could be released is audited yet; `satu step audit` does so")
    return done


def go_back(store: Store, inbox: Inbox, number: int, by: str, reason: str) -> Release:
    """Show an earlier release again; what it does not hold waits for a person to release it. Refused, or the release.

    Run again after a kill it finishes what the first began.
    """
    if not by.strip() or not reason.strip():
        raise Refused("say who decides this (--by) and why (--reason)")
    lake = Lake(store)
    current = lake.released()
    if current and current.number == number:
        raise Refused(f"release {number} is what is shown")
    try:
        made = lake.go_back(number, by=by.strip(), reason=reason.strip())
    except LookupError as error:
        raise Refused(f"nobody can go back to release {number}: {error}") from error
    _hand_back(lake, inbox, made)
    return made


def held(store: Store) -> Release | None:
    """The return to an earlier release that holds back all later batches, if there is one."""
    current = Lake(store).released()
    return current if current and current.back_to else None


def _hand_back(lake: Lake, inbox: Inbox, current: Release) -> None:
    """The ledger must not say that what is shown no more is released."""
    shown = lake.batches(current)
    ever = {batch for release in lake.releases() for batch in release.batches}
    unrelease(inbox.ledger, ever - shown)


def failed_audit(store: Store, inbox: Inbox) -> str | None:
    """Where to read why the newest proposal was not released, if its audit failed."""
    newest = inbox.newest_curated()
    if newest is None or newest.released_at or newest.commit_no is None or not store.stat(audit_key(newest.commit_no)):
        return None
    record = orjson.loads(store.get(audit_key(newest.commit_no)))
    return None if record["lulus"] else f"{store.url}/{audit_key(newest.commit_no, 'html')}"
