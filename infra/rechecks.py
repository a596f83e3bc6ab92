"""Data Prioritas: the second approval (Perpres 39/2019 Art 35), given or refused by a named person, and kept for good.

The record is written once and before the ledger moves, so that a ledger restored from an older copy still finds it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from infra.judging.parcel import Recheck
from infra.ledger.inbox import Inbox
from infra.storage.store import Conflict, Store
from infra.submit import Refused


def key(receipt: str) -> str:
    """Where the decision about a submission version is kept."""
    return f"rechecks/{receipt}.json"


def find(store: Store, receipt: str) -> Recheck | None:
    """The decision there is."""
    if store.stat(key(receipt)) is None:
        return None
    record = orjson.loads(store.get(key(receipt)))
    return Recheck(record["oleh"], record["alasan"])


def decide(store: Store, inbox: Inbox, receipt: str, by: str, reason: str | None = None) -> str:
    """Approve what waits under a receipt number, or with a `reason` send it back; the state it then is in.

    Refused when it does not wait for its Pembina, or somebody has decided otherwise before.
    """
    found = inbox.find(receipt) if "." in receipt else inbox.newest_of(receipt)
    if found is None or found.state != "MENUNGGU_PEMBINA":
        raise Refused(f"{receipt} does not wait for a Pembina; `satu status` shows what does")
    record = {"kiriman": found.receipt, "oleh": by, "alasan": reason, "pada": datetime.now(UTC).isoformat()}
    try:
        store.put(key(found.receipt), orjson.dumps(record, option=orjson.OPT_INDENT_2), if_absent=True)
    except Conflict as error:
        said = find(store, found.receipt)
        if said is None or (said.reason is None) != (reason is None):
            raise Refused(f"{found.receipt} has been decided by {said.by if said else 'somebody'} before") from error
    words = f"disetujui Pembina: {by}" if reason is None else f"dikembalikan Pembina: {by}: {reason}"
    if not inbox.recheck(found.receipt, approved=reason is None, reason=words):
        raise Refused(f"{found.receipt} is not answered yet; try again in a moment")
    return "DIPERIKSA" if reason is None else "DIKEMBALIKAN"
