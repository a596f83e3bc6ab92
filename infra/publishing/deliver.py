"""Handing a publication on: each partner gets its part, only what it lacks, and leaves a receipt for every file."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from infra.ledger.inbox import Inbox
from infra.ledger.receipts import last_at, standing
from infra.ledger.records import Delivery as Receipt
from infra.publishing import deltas, selection
from infra.publishing.deltas import Given
from infra.publishing.partners import Partner, offered
from infra.publishing.publication import Publication
from infra.publishing.selection import Item
from infra.publishing.targets.target import Held, Refusal, Target, hashed
from infra.storage.store import NotFound, Store

AT_ONCE = 8
"""Partners delivered to at the same time: one that does not answer holds up nobody."""


class Damaged(Exception):
    """A file of ours is not what its edition says; nobody gets it."""


@dataclass(frozen=True)
class Delivery:
    """What one partner got of one release; `error` when the weather stopped it: try again."""

    partner: str
    release: int
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    bytes: int = 0
    error: str | None = None


def deliver_all(
    everyone: Iterable[Partner],
    publication: Publication,
    store: Store,
    home: Path,
    inbox: Inbox,
    *,
    thorough: bool = False,
    at_once: Collection[str] = (),
    owing: Collection[str] = (),
) -> list[Delivery]:
    """Deliver to each partner whose time it is, or that is one of `at_once`; side by side, and no dead one matters.

    `thorough` looks at what every partner really has, whatever its time, and mends it. From those that are `owing` a
    withdrawal, whatever their time as well, things are taken back before anything new is brought.
    """
    now, called = datetime.now(UTC), {*at_once, *owing}
    due = [p for p in everyone if thorough or p.name in called or p.due(last_at(inbox.ledger, p.name), now)]

    def bring(partner: Partner) -> Delivery:
        owes = partner.name in owing
        try:
            with partner.place.open(home) as target:
                return deliver(partner, publication, store, target, inbox, thorough=thorough, owes=owes)
        except (OSError, NotFound) as error:  # what is lost on our side concerns those alone who get it
            return fail(partner.name, publication.number, f"{type(error).__name__}: {error}", inbox)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(bring, due))


def fail(partner: str, release: int, why: str, inbox: Inbox) -> Delivery:
    """A delivery that did not end well, with its receipt."""
    inbox.record_delivery(target=partner, release=release, item="*", version="", answer=f"GAGAL {why}", ok=False)
    return Delivery(partner, release, error=why)


def deliver(
    partner: Partner,
    publication: Publication,
    store: Store,
    target: Target,
    inbox: Inbox,
    *,
    thorough: bool = False,
    owes: bool = False,
) -> Delivery:
    """Bring `target` to what the partner should have of the publication in `store`.

    Files the last receipts say it has, and that are there, are left alone; so a second delivery writes nothing. Each
    file appears whole, the catalogue after all it names; what is no longer public is taken back last. A partner that
    `owes` a withdrawal loses that first, and what takes the place of something it has comes before what is new: then
    new files cannot keep withdrawn ones lying there when time runs out, though its catalogue may name what is gone.
    """
    note = partial(inbox.record_delivery, target=partner.name, release=publication.number)
    until = time.monotonic() + partner.deadline_s
    has = standing(inbox.ledger, partner.name, also=deltas.WHOLE)
    there = target.holds({path for path, receipt in has.items() if receipt.sha256}, thorough=thorough)
    given = {path: Given(r.version, r.sha256, r.size or 0, _there(r, there)) for path, r in has.items()}
    asked = _asked(partner, publication, store, given, anew=thorough)
    wanted = [item for item in asked if not item.never]
    gone = sorted(_gone(partner, has, there) - {item.path for item in wanted})

    def take_back() -> None:
        for path in gone:
            note(item=path, version="", answer=target.delete(path), ok=True)
        for item in (item for item in asked if item.never):
            _decline(partner, item, publication, inbox)

    if owes:
        take_back()
        wanted.sort(key=lambda item: item.path not in has or "/" not in item.path)  # pages name others: last
    written: list[str] = []
    failed: list[str] = []
    size = 0
    for item in (item for item in wanted if not _stands(item, given.get(item.path))):
        if time.monotonic() > until:
            raise OSError(f"{partner.deadline_s:g} s are over; the next delivery goes on from here")
        try:
            answer, sha256, bytes_ = _put(item, store, target)
        except (NotFound, Damaged, Refusal) as error:
            if isinstance(error, NotFound) and item.path.startswith("rendisi/"):
                continue  # a rendition that is listed and not made again yet: the next release tries again
            failed.append(item.path)
            why = f"DITOLAK {error}" if isinstance(error, Refusal) else f"GAGAL di pihak kami / on our side: {error!r}"
            note(item=item.path, version=item.version, answer=why, ok=False)
            continue
        note(item=item.path, version=item.version, answer=answer, sha256=sha256, size=bytes_, ok=True)
        written.append(item.path)
        size += bytes_
    if not owes:
        take_back()
    if failed:
        raise OSError(f"{len(failed)} of {len(wanted)} were refused or lost: {', '.join(failed)[:300]}")
    return Delivery(partner.name, publication.number, tuple(written), tuple(gone), size)


def _put(item: Item, store: Store, target: Target) -> tuple[str, str, int]:
    """Bring one file: what the place answered, the SHA-256 and the bytes."""
    with _content(item, store) as content:
        sha256 = hashed(content)
        if item.sha256 not in ("", sha256):
            raise Damaged(f"{item.path} has sha256 {sha256}, not {item.sha256}")
        return target.put(item.path, content, sha256), sha256, content.stat().st_size


def _asked(
    partner: Partner, publication: Publication, store: Store, given: Mapping[str, Given], *, anew: bool
) -> list[Item]:
    """What the partner should have; nothing at all, not even a page, when its file asks for no dataset any more."""
    if not partner.datasets:
        return []
    if partner.send == "changes":
        return list(deltas.items(partner, publication, store, given, anew=anew))
    return selection.items(partner, publication, store)


def _decline(partner: Partner, item: Item, publication: Publication, inbox: Inbox) -> None:
    """A receipt for what is not brought as a matter of principle; said once, not with each release."""
    answer = f"DITOLAK {item.never}"
    last = inbox.deliveries(target=partner.name, item=item.path)[-1:]
    if [(r.answer, r.ok) for r in last] != [(answer, False)]:
        inbox.record_delivery(
            target=partner.name,
            release=publication.number,
            item=item.path,
            version=item.version,
            answer=answer,
            ok=False,
        )


def _there(receipt: Receipt, there: Mapping[str, Held] | None) -> bool:
    """Whether the file of a receipt lies there still, as far as that can be told."""
    if receipt.sha256 is None or there is None:
        return receipt.sha256 is not None
    held = there.get(receipt.item)
    return held is not None and held.size == receipt.size and held.sha256 in (None, receipt.sha256)


def _stands(item: Item, given: Given | None) -> bool:
    """Whether the partner has this very file."""
    if given is None or not given.stands:
        return False
    return item.sha256 == given.sha256 if item.sha256 else item.version == given.version


def _gone(partner: Partner, has: Mapping[str, Receipt], there: Mapping[str, Held] | None) -> set[str]:
    """What we gave it by its receipts, and what can only be ours and lies there without one."""
    given = {path for path, receipt in has.items() if receipt.sha256}
    return given | {path for path in there or () if path not in given and _ours(partner).fullmatch(path)}


def _ours(partner: Partner) -> re.Pattern[str]:
    if partner.how == "ckan":
        return re.compile(r"dataset/.+")  # a portal shows only what bears our mark
    names = "|".join(map(re.escape, offered()))
    return re.compile(rf"({names})/(\d+\.[^/]+|perubahan|dasar-[^/]+)/[^/]+|rendisi/[0-9a-f]{{64}}\.\w+")


def _content(item: Item, store: Store) -> AbstractContextManager[Path]:
    return _written(item.make()) if item.make else store.local(item.key)


@contextmanager
def _written(content: bytes) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="spit-") as file:
        file.write(content)
        file.flush()
        yield Path(file.name)
