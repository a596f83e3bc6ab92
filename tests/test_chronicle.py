"""What the lake tells of itself: a row for each release made and each delivery, brought along by the next batch."""

from pathlib import Path

from infra import steps
from infra.ledger.inbox import Inbox
from tests.office import Installation
from tests.samples import make


def test_releases_and_deliveries_are_rows_of_the_lake(tmp_path: Path) -> None:
    spit = Installation.at(tmp_path / "spit")
    for number in (1, 2, 3):
        spit.drop(f"ke-{number}", make.items("teks", {"nomor": f"UJI/{number}"}))
        spit.take_in()
        if number < 3:
            spit.publish()
    with Inbox.open(spit.settings.ledger) as inbox:
        inbox.record_delivery(
            target="sdi", release=2, item="*", version="", answer="GAGAL TimeoutError: jauh", ok=False
        )
        receipts = inbox.deliveries(target="sdi", release=1)
    spit.drop("ke-4", make.items("teks", {"nomor": "UJI/4"}))
    spit.take_in()
    spit.publish()

    shown = spit.rows("SELECT nomor, sebelumnya, batch, jumlah_tabel > 5 AS banyak FROM rilis ORDER BY nomor")
    assert shown == [
        {"nomor": 1, "sebelumnya": None, "batch": "1", "banyak": True},
        {"nomor": 2, "sebelumnya": 1, "batch": "2", "banyak": True},
        {"nomor": 3, "sebelumnya": 2, "batch": "3,4", "banyak": True},
    ]
    sent = spit.rows("SELECT mitra, rilis, ditulis, ukuran_byte, gagal, selesai FROM pengiriman WHERE mitra = 'sdi'")
    assert sorted(sent, key=lambda row: row["rilis"]) == [
        {
            "mitra": "sdi",
            "rilis": 1,
            "ditulis": len(receipts),
            "ukuran_byte": sum(d.size or 0 for d in receipts),
            "gagal": 0,
            "selesai": True,
        },
        {**spit.rows("SELECT mitra, rilis, ditulis, ukuran_byte FROM pengiriman WHERE mitra = 'sdi' AND rilis = 2")[0]}
        | {"gagal": 1, "selesai": False},
    ]
    # Nothing is told twice: only what changed after it had been told.
    assert spit.rows("SELECT count(*) - count(DISTINCT nomor) AS lagi FROM rilis") == [{"lagi": 0}]
    told = spit.rows("SELECT rilis, count(*) AS kali FROM pengiriman_riwayat WHERE mitra = 'sdi' GROUP BY 1 ORDER BY 1")
    assert told == [{"rilis": 1, "kali": 1}, {"rilis": 2, "kali": 2}]


def test_an_earlier_release_knows_nothing_of_later_ones(tmp_path: Path) -> None:
    from infra.lake import Lake
    from infra.sql.query import select
    from infra.storage.store import open_store

    spit = Installation.at(tmp_path / "spit")
    spit.drop("satu", make.items("teks", {}))
    spit.take_in()
    steps.audit(spit.settings)
    steps.release(spit.settings)
    lake = Lake(open_store(spit.settings.store))
    first = lake.released()
    assert first is not None
    lake.release({**first.tables, "teks": first.tables["teks"]}, [9], audit={})
    for release, numbers in ((first, [1]), (lake.released(), [1, 2])):
        found = select(lake, "SELECT nomor FROM rilis ORDER BY 1", release=release)
        assert found["nomor"].to_pylist() == numbers
