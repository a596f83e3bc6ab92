"""Media references: each belongs to an item, and names real content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from expectations.basics import filled, listed, none, text
from schemas.dataset import Dataset, datasets

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


def suite(dataset: Dataset) -> Iterator[Expectation]:
    """What must hold over table `media` beyond its standard."""
    yield from filled(
        "dataset", "uri", "sha256", "tipe_media", "ukuran_byte", "_kunci", "_kiriman", "_batch", "_diterima_pada"
    )
    yield none(
        "SIDIK_TIDAK_SAH",
        f"SELECT {listed(dataset)} FROM {{batch}} WHERE NOT regexp_full_match(sha256, {text('[0-9a-f]{64}')})"
        f" OR uri <> {text('urn:spit:media:sha256:')} || sha256",
        kolom="sha256",
        id="64 angka heksadesimal, dan URI menyebut sidik yang sama",
        en="64 hexadecimal digits, and the URI names the same fingerprint",
    )
    items = " UNION ALL ".join(
        f"SELECT {text(d.name)} AS dataset, kode_satker, nomor, _kiriman FROM {d.name}_baru"
        for d in datasets().values()
        if d.of_media
    )
    yield none(
        "MEDIA_TANPA_BAHAN",
        f"SELECT {listed(dataset, 'b')} FROM {{batch}} b"
        f" ANTI JOIN ({items}) i USING (dataset, kode_satker, nomor, _kiriman)",
        kolom="nomor",
        id="setiap rujukan punya bahan dari kiriman yang sama di tabelnya",
        en="every reference has its item, from the same submission, in the table it names",
    )
