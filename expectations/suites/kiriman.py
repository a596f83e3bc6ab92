"""Submissions: their counts are those of the row balance, and every accepted row has arrived in its table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from expectations.basics import among, filled, none
from schemas.dataset import Dataset, datasets

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

_COUNTS = ("masuk", "diterima", "dikembalikan", "dilewati")


def suite(dataset: Dataset) -> Iterator[Expectation]:
    """What must hold over table `kiriman` beyond its standard."""
    yield from filled(
        "kiriman", "sumber", "nama", "versi", "status", *(f"baris_{c}" for c in _COUNTS), "_batch", "_diterima_pada"
    )
    yield among("status", ("DIPERIKSA", "MENUNGGU_PEMBINA", "DIKEMBALIKAN", "DILEWATI"))
    yield none(
        "KODE_TIDAK_DIKENAL",
        "SELECT kiriman, kode_satker FROM {batch} WHERE baris_diterima > 0"
        " AND (kode_satker IS NULL OR kode_satker NOT IN (SELECT kode FROM acuan_satker))",
        kolom="kode_satker",
        id="kode dari daftar satker, bila ada baris yang diterima",
        en="a code of list satker, where any row was accepted",
    )
    sums = ", ".join(f"CAST(sum({c}) AS BIGINT) AS {c}" for c in _COUNTS)
    differ = " OR ".join(f"baris_{c} <> coalesce({c}, 0)" for c in _COUNTS)
    yield none(
        "KIRIMAN_TIDAK_COCOK_NERACA",
        f"SELECT kode_satker, b.kiriman, {', '.join(f'baris_{c}, {c}' for c in _COUNTS)} FROM {{batch}} b"
        f" LEFT JOIN (SELECT kiriman, {sums} FROM neraca_baris_baru GROUP BY kiriman) n ON n.kiriman = b.kiriman"
        f" WHERE {differ}",
        kolom="baris_masuk",
        id="hitungan kiriman sama dengan jumlah neraca barisnya",
        en="the counts of a submission are the sums of its row balance",
    )
    rows = " UNION ALL ".join(f"SELECT _kiriman AS kiriman FROM {name}_baru" for name in datasets())
    yield none(
        "BARIS_TIDAK_SAMPAI",
        "SELECT kode_satker, coalesce(b.kiriman, s.kiriman) AS kiriman, b.dataset, baris_diterima, sampai"
        f" FROM {{batch}} b FULL JOIN (SELECT kiriman, count(*) AS sampai FROM ({rows}) GROUP BY kiriman) s"
        " ON s.kiriman = b.kiriman WHERE coalesce(baris_diterima, 0) <> coalesce(sampai, 0)",
        kolom="baris_diterima",
        id="baris yang diterima semuanya ada di tabelnya, dan tidak ada baris lain",
        en="all accepted rows are in their table, and no others",
    )
