"""Records of what was withdrawn: who, when, why; written once each, and read before anything is shown.

A record names a thing and holds nothing of it. `pada` starts the clock of 3 × 24 hours (UU 27/2022 Art 40 and 41, for
processing to stop once consent is withdrawn or restriction is asked for; that it covers every withdrawal here, and the
erasure as well, is ours).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from infra.storage import numbered
from infra.storage.store import Store
from schemas.dataset import datasets

CLOCK = timedelta(hours=72)
ROOT = "withdrawals/"


@dataclass(frozen=True)
class Withdrawal:
    """One thing taken back: a submission (`kiriman`: its versions by then), a row, or a medium (`sha256`)."""

    nomor: int
    item: str
    oleh: str
    alasan: str
    pada: str
    """ISO 8601, UTC."""
    dataset: str | None = None
    kunci: str | None = None
    sha256: str | None = None
    kiriman: tuple[str, ...] = ()
    pemuat: tuple[str, ...] = ()
    """The submission versions that brought it, where it is less than a submission."""

    @property
    def at(self) -> datetime:
        """When it was asked for."""
        return datetime.fromisoformat(self.pada)

    @property
    def due(self) -> datetime:
        """By when it has to be done everywhere."""
        return self.at + CLOCK

    def concerns(self, table: str) -> bool:
        """Whether rows of `table` may be withdrawn by it."""
        if table not in datasets():
            return True
        return datasets()[table].of_media if self.sha256 else self.dataset in (None, table)

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Its rows of relation `penarikan` (`transforms/withdrawal.py`)."""
        for kiriman in self.kiriman:
            yield (self.nomor, self.dataset, None, kiriman, None, None, self.pada)
        if self.kunci is not None or self.sha256 is not None:
            yield (self.nomor, self.dataset, self.kunci, None, self.sha256, None, self.pada)
        for pemuat in self.pemuat:
            yield (self.nomor, self.dataset, None, None, None, pemuat, self.pada)


def record(store: Store, wanted: Withdrawal) -> Withdrawal:
    """Keep it under the next free number."""
    return replace(wanted, nomor=numbered.add(store, ROOT, lambda number: asdict(replace(wanted, nomor=number))))


def withdrawals(store: Store) -> list[Withdrawal]:
    """All there are, oldest first."""
    return [_read(raw) for raw in numbered.read(store, ROOT)]


def _read(raw: dict[str, Any]) -> Withdrawal:
    return Withdrawal(**{**raw, "kiriman": tuple(raw["kiriman"]), "pemuat": tuple(raw["pemuat"])})
