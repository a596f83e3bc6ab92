"""Withdrawing a submission, a row or a medium: recorded and hidden at once, then taken back wherever it has gone.

Hidden: every view over every release asks the records first. Taken back: what is public is made again without it, and
with that each partner's copy; `maintain` erases the bytes (`erasing.py`). What is done where, and what is still
owed, is asked of the receipts each of them leaves.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from infra.lake import Lake
from infra.ledger import taking_back
from infra.ledger.inbox import Inbox
from infra.ledger.receipts import ABOUT_WITHDRAWALS, carried_out, holding
from infra.storage.store import Store, content_key
from infra.submit import Refused
from infra.withdrawing import plan
from infra.withdrawing.records import Withdrawal, record, withdrawals
from schemas.dataset import datasets, tables
from transforms.shape import literal

RECEIPT = re.compile(r"(\d{4}-\d{6})(\.\d+)?")
MEDIUM = re.compile(r"urn:spit:media:sha256:([0-9a-f]{64})")
RELEASED, ERASED = "tabel rilis", "penghapusan"
PUBLIC = ("terbitan", "katalog", "paket data", "daftar media", "rendisi", "butir konten", "API dan umpan")
"""What `publish` makes again, in one go: editions of the datasets, catalogue, data packages, list of media, renditions,
items. API and feeds show these, and look for newer ones every few seconds."""


@dataclass(frozen=True)
class Target:
    """One place a withdrawal has to reach: `done` is when it did, None while that is owed until `due`."""

    nomor: int
    item: str
    target: str
    done: datetime | None
    due: datetime

    def overdue(self, now: datetime) -> bool:
        """Whether the 3 × 24 hours are over and it is still there."""
        return self.done is None and now > self.due


def withdraw(store: Store, inbox: Inbox, item: str, by: str, reason: str) -> tuple[Withdrawal, bool]:
    """Record it and hide it; the record, and False when it was there already. Refused when there is no such thing.

    After a kill the same command finishes what the first began.
    """
    if not by.strip() or not reason.strip():
        raise Refused("say why it is withdrawn (--reason), and who withdraws it (--by)")
    wanted = _wanted(store, inbox, item, by.strip(), reason.strip())
    same = [w for w in withdrawals(store) if (w.item, w.kiriman) == (wanted.item, wanted.kiriman)]
    again = next((w for w in reversed(same) if not _since(store, inbox, w)), None)
    made = again or record(store, wanted)
    taking_back.withdraw(inbox.ledger, made.kiriman, f"ditarik: {made.oleh}: {made.alasan}")
    return made, again is None


def _since(store: Store, inbox: Inbox, earlier: Withdrawal) -> bool:
    """Whether a row of this key was handed in after it had been withdrawn before."""
    if earlier.kunci is None or earlier.dataset is None:
        return False
    arrived = f"_kunci = {literal(earlier.kunci)} AND _diterima_pada > TIMESTAMPTZ {literal(earlier.pada)}"
    return bool(_receipts(store, inbox, earlier.dataset, arrived))


def _wanted(store: Store, inbox: Inbox, item: str, by: str, reason: str) -> Withdrawal:
    now = datetime.now(UTC)
    said = {"nomor": 0, "oleh": by, "alasan": reason, "pada": now.isoformat()}
    if receipt := RECEIPT.fullmatch(item):
        versions = taking_back.versions_of(inbox.ledger, receipt[1])
        if not versions or (receipt[2] and item not in {s.receipt for s in versions}):
            raise Refused(f"there is no submission {item}; `satu status --all` lists them")
        dataset = versions[-1].dataset
        return Withdrawal(**said, item=receipt[1], dataset=dataset, kiriman=tuple(s.receipt for s in versions))
    if medium := MEDIUM.fullmatch(item):
        holding = _of_medium(store, inbox, medium[1])
        if not holding and store.stat(content_key(medium[1])) is None:
            raise Refused(f'nothing here has the bytes {item}; `satu sql "SELECT uri FROM media"` lists what has')
        pemuat = plan.with_versions(inbox, holding, now)
        return Withdrawal(**said, item=item, sha256=medium[1], pemuat=pemuat)
    dataset, _, key = item.partition("/")
    if dataset not in datasets() or not key:
        raise Refused(
            f"{item!r} names nothing: give a receipt number (2026-000012), DATASET/KEY (foto/JATENG|BMS/2026/0012),"
            " or urn:spit:media:sha256:…"
        )
    holding = _receipts(store, inbox, dataset, f"_kunci = {literal(key)}")
    if not holding:
        raise Refused(f'there is no row {key!r} in {dataset}; `satu sql "SELECT _kunci FROM {dataset}"` lists them')
    holding |= _receipts(store, inbox, "temuan", plan.quotes_key([key]))
    return Withdrawal(**said, item=item, dataset=dataset, kunci=key, pemuat=plan.with_versions(inbox, holding, now))


def _of_medium(store: Store, inbox: Inbox, sha256: str) -> set[str]:
    media = [name for name, standard in datasets().items() if standard.of_media]
    return set().union(*(_receipts(store, inbox, name, f"sha256 = {literal(sha256)}") for name in media))


def _receipts(store: Store, inbox: Inbox, table: str, condition: str) -> set[str]:
    """The submissions of the committed rows that fulfil it, released or not."""
    newest = inbox.newest_curated()
    if newest is None or table not in newest.versions:
        return set()
    column = "_kiriman" if "_kiriman" in tables()[table].arrow.names else "kiriman"
    with plan.connection(Lake(store), {table: newest.versions[table]}, []) as con:
        found: list[tuple[str]] = con.execute(
            f"SELECT DISTINCT {column} FROM {table}_mentah WHERE {condition}"
        ).fetchall()
    return {receipt for (receipt,) in found}


def note(inbox: Inbox, hidden: Iterable[Withdrawal], number: int, partners: Iterable[str]) -> None:
    """Write down that what was `hidden` when release `number` was published is no longer public, nor at `partners`."""
    known = carried_out(inbox.ledger)
    places = [*PUBLIC, *partners]
    for item in map(_item, hidden):
        for target in places:
            if (target, item) not in known:
                inbox.record_delivery(
                    target=target, release=number, item=item, version=f"rilis {number}", answer="DITARIK", ok=True
                )


def owing(inbox: Inbox, hidden: Iterable[Withdrawal], partners: Iterable[str]) -> set[str]:
    """The partners that have not carried out all of what is `hidden`: they are not kept waiting for their time."""
    items, known = {_item(w) for w in hidden}, carried_out(inbox.ledger)
    return {name for name in partners if any((name, item) not in known for item in items)}


def targets(store: Store, inbox: Inbox, partners: Collection[str]) -> list[Target]:
    """Every place every withdrawal has to reach, the newest withdrawal first.

    To `partners`, who have a file, come those whose file is gone and who still have what they were given, or of whom a
    receipt says that they carried it out.
    """
    all_ = withdrawals(store)
    left = holding(inbox.ledger, but=partners) if all_ else set()
    reached = carried_out(inbox.ledger)
    erased = plan.erased(store)
    found: list[Target] = []
    for w in reversed(all_):
        did = {target for target, item in reached if item == _item(w)}
        everyone = [*PUBLIC, *sorted({*partners, *left, *did} - {*PUBLIC})]
        when = {RELEASED: w.at, **{t: reached.get((t, _item(w))) for t in everyone}}
        when[ERASED] = erased.get(w.nomor)
        found += [Target(w.nomor, w.item, target, at, w.due) for target, at in when.items()]
    return found


def _item(withdrawal: Withdrawal) -> str:
    return f"{ABOUT_WITHDRAWALS}{withdrawal.nomor}"
