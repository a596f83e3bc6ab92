"""Findings: each belongs to a submission. One that is said twice harms nobody, so that only warns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from expectations.basics import among, filled, none, unique
from schemas.dataset import Dataset

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def suite(dataset: Dataset) -> Iterator[Expectation]:
    """What must hold over table `temuan` beyond its standard."""
    yield from filled("kiriman", "kode", "tingkat", "_batch")
    yield from unique(dataset, warn=True)
    yield among("tingkat", ("GALAT", "PERINGATAN", "CATATAN"))
    yield none(
        "TANPA_KIRIMAN",
        "SELECT kiriman, kode FROM {batch} WHERE kiriman NOT IN (SELECT kiriman FROM kiriman)",
        kolom="kiriman",
        id="kirimannya ada di tabel kiriman",
        en="its submission is in table kiriman",
    )
