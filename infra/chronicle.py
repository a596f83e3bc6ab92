"""What the lake tells of itself: the releases that were made and what was delivered of them (`rilis`, `pengiriman`).

Both happen after a batch is in the tables, so the next batch brings their rows along; nothing starts a batch for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

import pyarrow as pa
from sqlalchemy import case, func, select

from infra.lake import Lake
from infra.ledger.database import Ledger, delivery
from infra.ledger.inbox import Inbox
from infra.releases import Release
from schemas.dataset import tables

SETTLED = timedelta(seconds=10)
"""Receipts are written side by side: one with a lower number may still come this long after a higher one."""


def rows(lake: Lake, inbox: Inbox, batch: int) -> dict[str, pa.Table]:
    """What has happened since the newest row of either table, for `batch` to bring along."""
    return {
        "rilis": told(lake.releases(), lake.highest("rilis", "nomor"), batch),
        "pengiriman": _table(
            "pengiriman", _deliveries(inbox.ledger, lake.highest("pengiriman", "tanda_terima")), batch
        ),
    }


def told(releases: Iterator[Release], after: int, batch: int | None = None) -> pa.Table:
    """Releases, newest first, down to the one after number `after`, as rows of table `rilis`."""
    made = [
        {
            "nomor": r.number,
            "sebelumnya": r.previous,
            "dirilis_pada": r.at,
            "batch": ",".join(map(str, r.batches)) or None,
            "jumlah_tabel": len(r.tables),
            "jumlah_baris": sum(r.rows.values()),
            "audit": r.audit.get("kunci"),
            "kembali_ke": r.back_to,
            "oleh": r.audit.get("oleh"),
            "alasan": r.audit.get("alasan"),
        }
        for r in takewhile(lambda r: r.number > after, releases)
    ]
    return _table("rilis", made, batch)


def _table(name: str, made: list[dict[str, Any]], batch: int | None) -> pa.Table:
    return pa.Table.from_pylist([row | {"_batch": batch} for row in made], tables()[name].arrow)


def _deliveries(ledger: Ledger, after: int) -> list[dict[str, Any]]:
    """Each delivery with a receipt beyond number `after`, whole. The receipts of withdrawals are not about files."""
    c = delivery.c
    moving = select(func.min(c.id)).where(c.at > datetime.now(UTC) - SETTLED).scalar_subquery()
    ours = ~c.item.startswith("penarikan/") & (moving.is_(None) | (c.id < moving))
    fresh = select(c.target, c.release).where(ours, c.id > after).distinct().subquery()
    last = select(func.max(c.id)).where(ours).group_by(c.target, c.release)
    of_files = c.ok & (c.item != "*")
    counts = (
        select(
            c.target,
            c.release,
            func.sum(case((of_files & (c.answer != "DIHAPUS"), 1), else_=0)).label("ditulis"),
            func.sum(case((of_files & (c.answer == "DIHAPUS"), 1), else_=0)).label("dihapus"),
            func.sum(case((of_files, func.coalesce(c.size, 0)), else_=0)).label("ukuran_byte"),
            func.sum(case((~c.ok, 1), else_=0)).label("gagal"),
            func.max(case((c.id.in_(last) & c.ok, 1), else_=0)).label("selesai"),
            func.min(c.at).label("dimulai_pada"),
            func.max(c.at).label("_diterima_pada"),
            func.max(c.id).label("tanda_terima"),
        )
        .join(fresh, (fresh.c.target == c.target) & (fresh.c.release == c.release))
        .where(ours)
        .group_by(c.target, c.release)
        .order_by(c.target, c.release)
    )
    with ledger.read() as connection:
        found = [dict(row) for row in connection.execute(counts).mappings()]
    return [
        {
            **{name: row[name] for name in ("dimulai_pada", "_diterima_pada", "tanda_terima")},
            **{name: int(row[name]) for name in ("ditulis", "dihapus", "ukuran_byte", "gagal")},
            "mitra": row["target"],
            "rilis": row["release"],
            "selesai": bool(row["selesai"]),
            "_kunci": f"{row['target']}|{row['release']}",
        }
        for row in found
    ]
