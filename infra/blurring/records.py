"""Records of what a reviewer has blurred: which bytes, where, who, when, why; written once each, never changed.

Those of one medium add up until somebody takes them back, so a later one never uncovers what an earlier one hid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

import orjson

from infra.storage.store import Conflict, Store

ROOT = "blurs/"


@dataclass(frozen=True)
class Blur:
    """Regions of one medium as column `daerah_kabur` writes them; without any, all before it are taken back."""

    nomor: int
    sha256: str
    item: str
    daerah: str | None
    oleh: str
    alasan: str
    pada: str
    """ISO 8601, UTC."""


def record(store: Store, wanted: Blur) -> Blur:
    """Keep it under the next free number."""
    number = max((b.nomor for b in blurs(store)), default=0)
    while True:
        number += 1
        made = replace(wanted, nomor=number)
        try:
            store.put(key(number), orjson.dumps(asdict(made), option=orjson.OPT_INDENT_2), if_absent=True)
        except Conflict:
            continue  # somebody blurred something else at the same moment
        return made


def blurs(store: Store) -> list[Blur]:
    """All there are, oldest first."""
    return [Blur(**orjson.loads(store.get(stat.key))) for stat in store.list(ROOT)]


def standing(records: Iterable[Blur]) -> dict[str, str]:
    """sha256 → the regions that are blurred by these records, oldest first."""
    regions: dict[str, str] = {}
    for blur in records:
        before = regions.pop(blur.sha256, None)
        if blur.daerah is not None:
            regions[blur.sha256] = "; ".join(filter(None, [before, blur.daerah]))
    return regions


def key(number: int) -> str:
    """Where a decision is kept."""
    return f"{ROOT}{number:06d}.json"
