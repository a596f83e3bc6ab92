"""What the lake tells of itself: a row for each release made and each delivery, brought along by the next batch."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from infra import chronicle
from infra.lake import Lake
from infra.ledger.inbox import Inbox
from infra.releases import Release
from infra.sql.query import connect
from infra.storage.store import open_store
from tests.lakes import rows


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(open_store(str(tmp_path / "danau")))


def released(lake: Lake, batch: int, **more: pa.Table) -> Release:
    """A release of one text, and of `more` that its batch brings along."""
    before = lake.released()
    made = {name: lake.commit(name, table, batch) for name, table in more.items()}
    made["teks"] = lake.commit("teks", rows("teks", batch, str(batch)), batch)
    there = {name: version for name, version in made.items() if version is not None}
    return lake.release({**(before.tables if before else {}), **there}, [batch], audit={})


def shown(lake: Lake, sql: str, release: Release | None = None) -> list[tuple[object, ...]]:
    with connect(lake, release) as con:
        return con.execute(sql).fetchall()


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    monkeypatch.setattr(chronicle, "SETTLED", timedelta(0))
    return Inbox.open(f"sqlite:///{tmp_path / 'ledger.db'}")


def write(inbox: Inbox, item: str, release: int, size: int, answer: str = "DITULIS") -> None:
    ok = not answer.startswith("GAGAL")
    inbox.record_delivery(target="sdi", release=release, item=item, version="1", answer=answer, ok=ok, size=size)


def test_releases_and_deliveries_are_told_once_each(lake: Lake, inbox: Inbox) -> None:
    with inbox:
        released(lake, 1)
        write(inbox, "a.csv", 1, 10)
        write(inbox, "b.csv", 1, 5)
        write(inbox, "penarikan/1", 1, 0, "DITARIK")
        released(lake, 2, **chronicle.rows(lake, inbox, 2))
        write(inbox, "b.csv", 2, 0, "DIHAPUS")
        released(lake, 3, **chronicle.rows(lake, inbox, 3))
        write(inbox, "*", 2, 0, "GAGAL TimeoutError: jauh")
        released(lake, 4, **chronicle.rows(lake, inbox, 4))
        assert all(
            not table.num_rows for table in chronicle.rows(lake, inbox, 5).values() if "mitra" in table.schema.names
        )

    assert shown(lake, "SELECT nomor, sebelumnya, batch FROM rilis ORDER BY 1") == [
        (1, None, "1"),
        (2, 1, "2"),
        (3, 2, "3"),
        (4, 3, "4"),
    ]
    sent = "SELECT mitra, rilis, ditulis, dihapus, ukuran_byte, gagal, selesai FROM pengiriman ORDER BY rilis"
    assert shown(lake, sent) == [("sdi", 1, 2, 0, 15, 0, True), ("sdi", 2, 0, 1, 0, 1, False)]
    assert shown(lake, "SELECT rilis, count(*) FROM pengiriman_riwayat GROUP BY 1 ORDER BY 1") == [(1, 1), (2, 2)]


def test_receipts_that_may_have_company_wait_for_a_later_batch(
    lake: Lake, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inbox:
        write(inbox, "a", 1, 1)
        monkeypatch.setattr(chronicle, "SETTLED", timedelta(seconds=10))
        assert chronicle.rows(lake, inbox, 1)["pengiriman"].num_rows == 0
        monkeypatch.setattr(chronicle, "SETTLED", timedelta(0))
        (told,) = chronicle.rows(lake, inbox, 1)["pengiriman"].to_pylist()
    assert (told["_kunci"], told["ditulis"], told["tanda_terima"]) == ("sdi|1", 1, 1)


def test_a_release_lists_itself_and_what_came_before_it_even_when_its_own_list_is_gone(lake: Lake) -> None:
    made = [released(lake, 1)]
    for batch in (2, 3):
        made.append(released(lake, batch, rilis=chronicle.told(lake.releases(), lake.highest("rilis", "nomor"), batch)))

    def listed() -> list[list[object]]:
        return [[nomor for (nomor,) in shown(lake, "SELECT nomor FROM rilis ORDER BY 1", r)] for r in made]

    assert listed() == [[1], [1, 2], [1, 2, 3]]
    there = lake.rows("rilis")
    version = lake.rewrite("rilis", pa.RecordBatchReader.from_batches(there.schema, there.to_batches()), 1)
    lake.release({**made[-1].tables, "rilis": version}, [], audit={})
    lake.forget("rilis", version)
    assert listed() == [[1], [1, 2], [1, 2, 3]]
