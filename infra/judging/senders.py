"""Relation `pengirim`: what the rows of each submission share, for the rules and the row's lineage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from schemas import daftar_data, reference

if TYPE_CHECKING:
    from infra.judging.parcel import Opened

UNSCHEDULED = 1_000_000
"""Days after its end by which a period is due where nothing is scheduled."""


def senders(opened: Sequence[Opened], batch: int) -> pa.Table:
    """One row for each submission, which has a manifest."""
    rows = []
    for at, o in enumerate(opened):
        assert o.manifest is not None
        offset = reference.offset(o.manifest.satker)
        hours = timedelta(hours=int(offset[1:3]))
        rows.append(
            {
                "_kiriman": o.parcel.kiriman,
                "dasar": o.parcel.root,
                "memperbaiki": o.manifest.corrects,
                "satker": o.manifest.satker,
                "zona": offset,
                "ulang": o.parcel.version > 1 or o.manifest.corrects is not None,
                "daftar": [
                    (str(year), line.batas_hari if line.batas_hari is not None else UNSCHEDULED)
                    for year, line in daftar_data.planned(o.manifest.dataset, o.manifest.satker).items()
                ],
                "hari_terima": (o.parcel.arrived_at + hours).date(),
                "bawaan": list({"kode_satker": o.manifest.satker, **o.manifest.defaults}.items()),
                "urut": at,
                "_batch": batch,
                "_diterima_pada": o.parcel.arrived_at,
            }
        )
    schema = pa.schema(
        [
            *[(name, pa.string()) for name in ("_kiriman", "dasar", "memperbaiki", "satker", "zona")],
            ("ulang", pa.bool_()),
            ("daftar", pa.map_(pa.string(), pa.int32())),
            ("hari_terima", pa.date32()),
            ("bawaan", pa.map_(pa.string(), pa.string())),
            ("urut", pa.int64()),
            ("_batch", pa.int64()),
            ("_diterima_pada", pa.timestamp("us", tz="UTC")),
        ]
    )
    return pa.Table.from_pylist(rows, schema)
