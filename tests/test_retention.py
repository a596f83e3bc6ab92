"""What is past its standard's retention period is withdrawn and erased; everything else stays."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra import steps
from infra.ledger.inbox import Inbox
from infra.storage.store import open_store
from infra.withdrawing import retention, searching
from infra.withdrawing.records import withdrawals
from schemas.dataset import datasets
from tests.office import Installation
from tests.samples import make

NOW = datetime.now(UTC)


def arrived(spit: Installation, name: str, at: datetime, version: int | None = None) -> None:
    """Let a submission have come at another time."""
    with sqlite3.connect(spit.settings.home / "ledger.db") as ledger:
        ledger.execute(
            "UPDATE submission SET arrived_at = ? WHERE name = ? AND coalesce(?, version) = version",
            (at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"), name, version),
        )


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "spit")


def test_every_dataset_says_how_long_it_is_kept() -> None:
    assert [name for name, d in datasets().items() if not d.retention_years] == []


def test_what_is_past_its_period_goes_with_its_bytes(spit: Installation) -> None:
    spit.drop("lama", make.items("teks", {"nomor": "UJI/1", "judul": "Siaran yang sudah lewat masanya"}))
    spit.drop("baru", make.items("teks", {"nomor": "UJI/2"}))
    spit.take_in()
    spit.release()
    steps.deliver(spit.settings)
    arrived(spit, "lama", NOW - timedelta(days=3660))
    arrived(spit, "baru", NOW - timedelta(days=3640))

    counts = steps.maintain(spit.settings)
    assert (counts["expired"], counts["erased"]) == (1, 1)
    assert spit.rows("SELECT nomor FROM teks") == [{"nomor": "UJI/2"}]
    assert (spit.one("lama").state, spit.one("baru").state) == ("DITARIK", "TERBIT")
    store = open_store(spit.settings.store)
    (made,) = withdrawals(store)
    assert (made.oleh, made.kiriman) == ("maintain", (spit.one("lama").receipt,))
    assert searching.search(store, "Siaran yang sudah lewat masanya") == []
    assert steps.maintain(spit.settings)["expired"] == 0
    assert len(withdrawals(store)) == 1


def test_a_newer_version_keeps_the_older_and_what_is_in_work_stays(spit: Installation) -> None:
    spit.drop("dua", make.items("teks", {"nomor": "UJI/1", "judul": ""}))
    spit.take_in()
    spit.drop("dua", make.items("teks", {"nomor": "UJI/1"}))
    spit.take_in()
    spit.drop("belum", make.items("teks", {"nomor": "UJI/2"}))
    steps.land(spit.settings)
    arrived(spit, "dua", NOW - timedelta(days=9000), version=1)
    arrived(spit, "belum", NOW - timedelta(days=9000))
    with Inbox.open(spit.settings.ledger) as inbox:
        assert retention.expire(open_store(spit.settings.store), inbox, NOW) == 0


def test_killed_between_record_and_ledger_it_is_recorded_once(
    spit: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    spit.drop("lama", make.items("teks", {}))
    spit.take_in()
    arrived(spit, "lama", NOW - timedelta(days=9000))
    store = open_store(spit.settings.store)
    with Inbox.open(spit.settings.ledger) as inbox:
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(retention.taking_back, "withdraw", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            retention.expire(store, inbox, NOW)
        assert spit.one("lama").state != "DITARIK"
        assert retention.expire(store, inbox, NOW) == 1
    assert len(withdrawals(store)) == 1
