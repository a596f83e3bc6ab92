"""Blurring parts of a medium as a reviewer asks, and taking that back.

It holds at once: every view over every release shows the regions with the office's own, so what was made without them
is public no more and no original is handed out. `render` then makes the renditions anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from infra.blurring.records import Blur, blurs, record, standing
from infra.lake import Lake
from infra.ledger.inbox import Inbox
from infra.releases import Release
from infra.sql.query import connect
from infra.storage.store import Store
from infra.submit import Refused
from infra.withdrawing.request import MEDIUM
from schemas.dataset import datasets, tables
from transforms.media.blur import regions as read
from transforms.shape import literal

SEEN = ("image/", "video/")
"""Types, by content, of media with something to see."""


def blur(store: Store, inbox: Inbox, item: str, regions: Sequence[str], by: str, reason: str) -> Blur:
    """Record that these regions are blurred, beside all that are already. Refused when there is no such medium.

    `item` is DATASET/KEY or urn:spit:media:sha256:…; each region is written as in column `daerah_kabur`.
    """
    return _record(store, inbox, item, _joined(regions), by, reason)


def undo(store: Store, inbox: Inbox, item: str, by: str, reason: str) -> Blur:
    """Record that no reviewer's region of it is blurred any more; what its office asks for stays."""
    return _record(store, inbox, item, None, by, reason)


def _record(store: Store, inbox: Inbox, item: str, regions: str | None, by: str, reason: str) -> Blur:
    if not by.strip() or not reason.strip():
        raise Refused("say who decides it (--by) and why (--reason)")
    sha256 = _bytes(store, inbox, item)
    if regions is None and sha256 not in standing(blurs(store)):
        raise Refused(
            f"no reviewer has blurred {item}; what its office asks for (daerah_kabur) only the office changes"
        )
    now = datetime.now(UTC).isoformat()
    return record(store, Blur(0, sha256, item, regions, by.strip(), reason.strip(), now))


def _joined(regions: Sequence[str]) -> str:
    standard = tables()["media"].field("daerah_kabur")
    shape = re.compile(standard.constraints.pattern or "", re.ASCII)
    how = f"write left, top, width, height in percent of the picture as seen, such as {standard.example!r}"
    if not regions:
        raise Refused(f"say what is blurred (--region): {how}")
    for text in regions:
        if not shape.fullmatch(text):
            raise Refused(f"--region {text!r} is no region: {how}")
        for left, top, width, height in read(text):
            if left >= 100 or top >= 100 or width == 0 or height == 0:
                raise Refused(f"--region {text!r} would blur nothing: it lies outside, or has no width; {how}")
    return "; ".join(regions)


def _bytes(store: Store, inbox: Inbox, item: str) -> str:
    """The sha256 of the medium `item` names, in the tables as committed last, released or not."""
    dataset, _, key = item.partition("/")
    medium = MEDIUM.fullmatch(item)
    if medium is None and not (key and dataset in datasets() and datasets()[dataset].of_media):
        raise Refused(
            f"{item!r} names no medium: give DATASET/KEY (foto/JATENG|BMS/2026/0012), or urn:spit:media:sha256:…"
        )
    one = f"sha256 = {literal(medium[1])}" if medium else f"_kunci = {literal(f'{dataset}|{key}')}"
    newest = inbox.newest_curated()
    committed = Release(0, datetime.now(UTC), newest.versions if newest else {}, {}, [], {}, None)
    with connect(Lake(store), committed) as con:
        found = con.execute(
            f"SELECT DISTINCT sha256, tipe_media FROM media WHERE {one} AND sha256 IS NOT NULL"
        ).fetchall()
    if not found:
        raise Refused(f'there is no medium {item}; `satu sql "SELECT dataset, _kunci, uri FROM media"` lists them')
    ((sha256, kind),) = found
    if not str(kind).startswith(SEEN):
        raise Refused(f"{item} is {kind}: only in pictures and videos is there something to blur")
    return sha256
