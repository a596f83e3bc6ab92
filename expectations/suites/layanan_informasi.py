"""Requests for information: no more can be settled than came in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from expectations.basics import listed, none
from schemas.dataset import Dataset

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def suite(dataset: Dataset) -> Iterator[Expectation]:
    """What must hold over table `layanan_informasi` beyond its standard."""
    yield none(
        "JUMLAH_TIDAK_SEIMBANG",
        f"SELECT {listed(dataset)} FROM {{batch}} WHERE jumlah_dikabulkan + jumlah_ditolak > jumlah_permohonan",
        kolom="jumlah_permohonan",
        id="dikabulkan + ditolak tidak melebihi permohonan",
        en="granted + refused do not exceed the requests",
    )
