"""Records of what a reviewer has blurred: which bytes, where, who, when, why; written once each, never changed.

Those of one medium add up until somebody takes them back, so a later one never uncovers what an earlier one hid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from infra.storage import numbered
from infra.storage.store import Store

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
    return replace(wanted, nomor=numbered.add(store, ROOT, lambda number: asdict(replace(wanted, nomor=number))))


def blurs(store: Store) -> list[Blur]:
    """All there are, oldest first."""
    return [Blur(**raw) for raw in numbered.read(store, ROOT)]


def standing(records: Iterable[Blur]) -> dict[str, str]:
    """sha256 → the regions that are blurred by these records, oldest first."""
    regions: dict[str, str] = {}
    for blur in records:
        before = regions.pop(blur.sha256, None)
        if blur.daerah is not None:
            regions[blur.sha256] = "; ".join(filter(None, [before, blur.daerah]))
    return regions
