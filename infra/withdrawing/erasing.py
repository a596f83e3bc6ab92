"""Erasing what was withdrawn: table rows, judged rows, originals, quoted values; a tombstone without content stays.

One run is a plan, written before anything is touched, and acts that may all be repeated: a run that was killed is taken
up where its plan stands. Tables are made again as what their views show already. An erased table has no older version
left; older releases are read from it by batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

import orjson

from infra import facts, landing
from infra.lake import Lake
from infra.ledger.inbox import Busy, Inbox
from infra.ledger.taking_back import carry
from infra.releases import Release
from infra.sources import FolderSource
from infra.storage.store import Store, content_key
from infra.withdrawing.plan import Plan, columns, connection, done_key, make, quiet, rows_due, unfinished
from infra.withdrawing.records import withdrawals
from transforms import withdrawal
from transforms.receipt import withdrawn as without_values

SAID_BY_US = frozenset({"kiriman", "_kiriman", "kode_satker", "dataset", "kode"})
"""What an audit may go on saying of an erased row, beside counts; any other text its office may have written."""


def erase(store: Store, inbox: Inbox, known: Mapping[str, FolderSource], publish: Callable[[], object]) -> int:
    """Erase what is due; how many withdrawals that ended. Nobody else may curate or maintain meanwhile.

    Nothing is erased while a batch waits for its release: what is on its way could not be told from what is shown.
    """
    plan = unfinished(store) or make(store, inbox)
    if plan is None or not _rewrite(store, inbox, plan):
        return 0
    publish()
    lake = Lake(store)
    released = lake.released()
    for table in plan.tabel if released else ():
        lake.forget(table, released.tables[table])  # pyright: ignore[reportOptionalMemberAccess]
    _strip(store, inbox, plan, known)
    store.put(done_key(plan.nomor), orjson.dumps({"pada": datetime.now(UTC).isoformat()}))
    return len(plan.penarikan)


def _rewrite(store: Store, inbox: Inbox, plan: Plan) -> bool:
    """Make the tables again without what goes, and show them; False when it has to wait."""
    lake = Lake(store)
    released = lake.released()
    if not plan.tabel or released is None or any(r.audit.get("penghapusan") == plan.nomor for r in lake.releases()):
        return True
    if not quiet(inbox):
        return False
    try:
        with inbox.lease("publish"):
            _rewrite_alone(store, inbox, plan, released)
    except Busy:
        return False  # somebody is publishing right now
    return True


def _rewrite_alone(store: Store, inbox: Inbox, plan: Plan, released: Release) -> None:
    lake = Lake(store)
    versions = {table: v for table in plan.tabel if (v := lake.version(table)) is not None}
    with connection(lake, versions, withdrawals(store), plan.pemuat) as con:
        for table in versions:
            if rows_due(con, table):
                stands = withdrawal.standing(table, columns(con, table), f'"{table}_mentah"')
                lake.rewrite(table, con.execute(stands).to_arrow_reader(65_536), plan.nomor)
    moved = {table: v for table in versions if (v := lake.version(table)) is not None}
    carry(inbox.ledger, moved)
    lake.release({**released.tables, **moved}, [], audit={"penghapusan": plan.nomor})


def _strip(store: Store, inbox: Inbox, plan: Plan, known: Mapping[str, FolderSource]) -> None:
    """Judged rows, receipts and answers, originals, their facts and their copies."""
    from infra.rendering import forget

    for receipt in (*plan.kiriman, *plan.pemuat):
        found = inbox.find(receipt)
        if found is None:
            continue
        for stat in list(store.list(f"judged/{found.batch_id or 0:08d}/")):
            store.delete(stat.key)
        if store.stat(f"receipts/{receipt}.json"):
            document = orjson.loads(store.get(f"receipts/{receipt}.json"))
            newest = inbox.newest_of(receipt.partition(".")[0])
            source = known.get(found.source) if newest and newest.receipt == receipt else None
            said = without_values(document, whole=receipt in plan.kiriman)
            landing.answer(said, source, found.name, store)
    _forget_samples(store, {*plan.kiriman, *plan.pemuat})
    for sha in plan.isi:
        store.delete(facts.key(sha))
        forget(store, sha)
        store.delete(content_key(sha))


def _forget_samples(store: Store, receipts: Collection[str]) -> None:
    """What audits say of rows of these submissions: their keys an office wrote. The page that shows them goes whole."""
    for stat in list(store.list("audits/")):
        if stat.key.endswith(".json"):
            record = orjson.loads(store.get(stat.key))
            rows = [row for check in record["gagal"] for row in check.get("sample", ())]
            named = [row for row in rows if {row.get("kiriman"), row.get("_kiriman")} & {*receipts}]
            for row in named:
                row |= {name: None for name in row.keys() - SAID_BY_US if isinstance(row[name], str)}
            if named:
                store.put(stat.key, orjson.dumps(record, option=orjson.OPT_INDENT_2))
                store.delete(f"{stat.key.removesuffix('.json')}.html")
