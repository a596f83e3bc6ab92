"""What the lake tells of itself: a row for each release made and each delivery, brought along by the next batch."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from infra import chronicle, steps
from infra.lake import Lake
from infra.ledger.inbox import Inbox
from infra.sql.query import select
from infra.storage.store import open_store
from tests.lakes import rows
from tests.office import Installation
from tests.samples import make


def test_receipts_that_may_have_company_wait_for_a_later_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spit = Installation.at(tmp_path / "spit")
    with Inbox.open(spit.settings.ledger) as inbox:
        for item in ("a", "b"):
            inbox.record_delivery(target="sdi", release=1, item=item, version="1", answer="DITULIS", ok=True)
        lake = Lake(open_store(spit.settings.store))
        assert chronicle.rows(lake, inbox, 1)["pengiriman"].num_rows == 0
        monkeypatch.setattr(chronicle, "SETTLED", timedelta(0))
        (told,) = chronicle.rows(lake, inbox, 1)["pengiriman"].to_pylist()
    assert (told["_kunci"], told["ditulis"], told["tanda_terima"]) == ("sdi|1", 2, 2)


def test_releases_and_deliveries_are_rows_of_the_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronicle, "SETTLED", timedelta(0))
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


def test_a_release_whose_own_list_is_gone_still_lists_what_came_before_it(tmp_path: Path) -> None:
    lake = Lake(open_store(str(tmp_path)))
    made = [lake.release({"teks": lake.commit("teks", rows("teks", 1, "a"), 1) or 0}, [1], audit={})]
    for batch in (2, 3):
        listed = chronicle.told(lake.releases(), lake.highest("rilis", "nomor"), batch)
        version = lake.commit("rilis", listed, batch)
        assert version is not None
        made.append(lake.release({**made[-1].tables, "rilis": version}, [batch], audit={}))
    lake.rewrite("rilis", pa.RecordBatchReader.from_batches(*_batches(lake)), 1)
    lake.release({**made[-1].tables, "rilis": lake.version("rilis") or 0}, [], audit={})
    lake.forget("rilis", lake.version("rilis") or 0)
    for release in made:
        found = select(lake, "SELECT nomor FROM rilis ORDER BY 1", release=release)
        assert found["nomor"].to_pylist() == list(range(1, release.number + 1))


def _batches(lake: Lake) -> tuple[pa.Schema, list[pa.RecordBatch]]:
    there = lake.rows("rilis")
    return there.schema, there.to_batches()
