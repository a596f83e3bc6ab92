"""Renditions: each names the original it was made of, and is either there or says why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from expectations.basics import filled, listed, none, text, unique
from schemas.dataset import Dataset

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def suite(dataset: Dataset) -> Iterator[Expectation]:
    """What must hold over table `rendisi` beyond its standard; a copy listed twice must not hold back a release."""
    yield from unique(dataset, warn=True)
    yield from filled("_batch", "_diterima_pada")
    yield none(
        "RENDISI_TANPA_ISI",
        f"SELECT {listed(dataset)} FROM {{batch}} WHERE galat IS NULL AND (peran IS NULL OR tipe_media IS NULL"
        f" OR ukuran_byte IS NULL OR sha256_rendisi IS NULL"
        f" OR NOT regexp_full_match(sha256_rendisi, {text('[0-9a-f]{64}')}))",
        kolom="sha256_rendisi",
        id="salinan tanpa galat menyebut peran, tipe, ukuran dan sidiknya",
        en="a copy without an error names its role, type, size and fingerprint",
        warn=True,
    )
    yield none(
        "RENDISI_TANPA_ASLI",
        f"SELECT {listed(dataset)} FROM {{batch}} ANTI JOIN media USING (sha256)",
        kolom="sha256",
        id="setiap salinan dibuat dari media yang ada di tabel media",
        en="every copy was made of a medium in table media",
        warn=True,
    )
