"""The row balance: nothing is lost without a reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from expectations.basics import filled, none
from schemas.dataset import Dataset

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def suite(dataset: Dataset) -> Iterator[Expectation]:
    """What must hold over table `neraca_baris` beyond its standard."""
    yield from filled("kiriman", "masuk", "diterima", "dikembalikan", "dilewati", "_batch")
    yield none(
        "NERACA_TIDAK_IMBANG",
        "SELECT kode_satker, b.kiriman, berkas, masuk, diterima, dikembalikan, dilewati"
        " FROM {batch} b LEFT JOIN kiriman k ON k.kiriman = b.kiriman"
        " WHERE masuk <> diterima + dikembalikan + dilewati OR least(diterima, dikembalikan, dilewati) < 0",
        kolom="masuk",
        id="masuk = diterima + dikembalikan + dilewati, dan tidak satu pun negatif",
        en="in = accepted + returned + skipped, and none is negative",
    )
