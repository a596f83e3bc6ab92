"""Rows held from the public, and clearing one that was held in error: who, when, why, for the content they saw.

A clearance is a row of table `pelepasan`, committed and released like any other, so an old release still shows what
was public in it. It names the row's fingerprint: content that changes is held anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from expectations.personal import CHILD
from infra import judged
from infra.lake import Lake
from infra.ledger.inbox import Inbox
from infra.releases import Release
from infra.sql.query import connect
from infra.storage.store import Store
from infra.submit import Refused
from schemas.dataset import datasets, tables

TABLE = "pelepasan"
REASON_LEAST = 10
"""Characters of a reason that says something."""


@dataclass(frozen=True)
class Hold:
    """One rule that holds one row; `by` and `reason` once somebody cleared it."""

    dataset: str
    key: str
    rule: str
    receipt: str
    fingerprint: str
    by: str | None
    reason: str | None

    @property
    def clearable(self) -> bool:
        """A child in a criminal case is held for good."""
        return self.rule != CHILD


def holds(store: Store, inbox: Inbox) -> list[Hold]:
    """What holds the current rows, in the tables as committed last, released or not."""
    newest = inbox.newest_curated()
    names = [name for name in datasets() if newest and name in newest.versions]
    if newest is None or not names:
        return []
    each = " UNION ALL ".join(
        f"SELECT '{name}' AS dataset, _kunci, unnest(string_split(_tertahan, ',')) AS kode, _kiriman, _sidik"
        f' FROM "{name}" WHERE _tertahan IS NOT NULL'
        for name in names
    )
    committed = Release(0, datetime.now(UTC), newest.versions, {}, [], {}, None)
    with connect(Lake(store), committed) as con:
        found = con.execute(
            "SELECT dataset, _kunci, kode, _kiriman, _sidik, CASE WHEN NOT akhir.dicabut THEN akhir.oleh END,"
            " CASE WHEN NOT akhir.dicabut THEN akhir.alasan END FROM (SELECT t.*, arg_max({'oleh': oleh, 'alasan':"
            f" alasan, 'dicabut': coalesce(dicabut, FALSE)}}, p._batch) AS akhir FROM ({each}) t LEFT JOIN {TABLE} p"
            " ON p.dataset = t.dataset AND p.kunci = _kunci AND p.sidik = _sidik AND p.kode = t.kode GROUP BY ALL)"
            " ORDER BY ALL"
        ).fetchall()
    return [Hold(*row) for row in found]


def clear(
    store: Store, inbox: Inbox, dataset: str, key: str, rule: str, by: str, reason: str, *, undo: bool = False
) -> int:
    """Record that `rule` does not hold this row; the batch that carries it. Refused when there is nothing to clear.

    `undo`: record that it does after all, and what somebody cleared is held again from the next release on.
    """
    own = [h for h in holds(store, inbox) if (h.dataset, h.key) == (dataset, key)]
    hold = next((h for h in own if h.rule == rule), None)
    if any(not h.clearable for h in own):
        raise Refused(
            f"{dataset} {key} is about a child in a criminal case: nothing makes it public (UU 11/2012 Art 19)"
        )
    if hold is None:
        said = ", ".join(h.rule for h in own) or "nothing"
        raise Refused(f"{rule} does not hold {dataset} {key}; {said} does. `satu clear --list` shows all")
    if hold.by is not None and not undo:
        raise Refused(f"{dataset} {key} is cleared of {rule} already, by {hold.by}; --undo takes that back")
    if hold.by is None and undo:
        raise Refused(f"{dataset} {key} is not cleared of {rule}; there is nothing to take back")
    if not by.strip() or len(reason.strip()) < REASON_LEAST:
        raise Refused(f"say who does it (--by) and why (--reason, at least {REASON_LEAST} characters)")
    said = {"dataset": dataset, "kunci": key, "sidik": hold.fingerprint, "kode": rule}
    row = said | {"oleh": by.strip(), "alasan": reason.strip(), "dicabut": undo}

    def keep(batch: int, at: datetime) -> None:
        made = {**row, "_batch": batch, "_diterima_pada": at}
        judged.put(store, batch, TABLE, pa.Table.from_pylist([made], tables()[TABLE].arrow))

    return inbox.decide(keep).id
