"""How tables lie in the store: what gathering makes of many files, and what stays of the log."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, Field
from deltalake.schema import PrimitiveType

from infra import layout
from infra.lake import Lake
from infra.releases import Gone
from infra.sql.query import connect
from schemas.dataset import tables
from tests.lakes import Place, rows


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Place(str(tmp_path / "danau")).lake()


def delta(lake: Lake, table: str) -> DeltaTable:
    return DeltaTable(lake._store.delta(f"tables/{table}")[0])


def of(satker: str, batch: int, *keys: str) -> pa.Table:
    made = rows("foto", batch, *keys)
    at = made.column_names.index("kode_satker")
    return made.set_column(at, "kode_satker", pa.array([satker] * made.num_rows))


def newest(lake: Lake) -> list[str]:
    version = lake.version("foto")
    assert version is not None
    return sorted(lake.files("foto", version))


def test_gathered_rows_are_sorted_and_keep_what_their_columns_mean(lake: Lake) -> None:
    for batch, satker in enumerate(("PAPUA", "ACEH", "PAPUA", "BALI"), 1):
        lake.commit("foto", of(satker, batch, f"{batch}-a", f"{batch}-b"), batch)
    before = delta(lake, "foto").to_pyarrow_table()
    assert lake.compact("foto") == 4
    (file,) = newest(lake)
    found = pq.read_table(file)
    assert found["kode_satker"].to_pylist() == ["ACEH"] * 2 + ["BALI"] * 2 + ["PAPUA"] * 4
    assert found.sort_by("_kunci") == before.sort_by("_kunci").cast(found.schema)
    definisi = tables()["foto"].field("judul").definisi.encode()
    assert pq.read_schema(file).field("judul").metadata[b"definisi"] == definisi
    assert lake.compact("foto") == 0


def test_who_follows_the_changes_of_a_table_learns_nothing_of_gathering(lake: Lake) -> None:
    for batch in (1, 2):
        lake.commit("foto", rows("foto", batch, str(batch)), batch)
    lake.compact("foto")
    changes = pa.table(delta(lake, "foto").load_cdf(starting_version=1).read_all())
    assert changes["_change_type"].to_pylist() == ["insert"] * 2


def test_new_files_are_gathered_with_small_ones_and_large_ones_stay(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.commit("foto", rows("foto", 1, "a"), 1)
    assert lake.compact("foto") == 1
    (first,) = newest(lake)
    lake.commit("foto", rows("foto", 2, "b"), 2)
    assert lake.compact("foto") == 2
    (second,) = newest(lake)
    monkeypatch.setattr(layout, "LARGE", 2 * Path(second).stat().st_size)
    lake.commit("foto", rows("foto", 3, "c"), 3)
    assert lake.compact("foto") == 1
    assert second in newest(lake)
    assert first not in newest(lake)
    assert delta(lake, "foto").count() == 3


def test_a_file_is_as_large_as_it_may_be_and_the_next_goes_on_in_order(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "LARGE", 1)
    monkeypatch.setattr(layout, "ROW_GROUP", 2048)
    lake.commit("foto", rows("foto", 1, *map(str, range(5000))), 1)
    lake.commit("foto", of("ACEH", 2, "lain"), 2)
    assert lake.compact("foto") == 2
    counts = [pq.read_metadata(file).num_rows for file in newest(lake)]
    assert sum(counts) == 5001
    assert len(counts) > 1
    assert max(counts) <= 2048
    assert sum("ACEH" in pq.read_table(file)["kode_satker"].to_pylist() for file in newest(lake)) == 1


def test_a_file_from_before_its_table_got_a_column_is_gathered_too(lake: Lake) -> None:
    lake.commit("foto", rows("foto", 1, "a"), 1)
    delta(lake, "foto").alter.add_columns([Field("tambahan", PrimitiveType("string"))])
    assert lake.compact("foto") == 1
    assert delta(lake, "foto").to_pyarrow_table()["tambahan"].to_pylist() == [None]


def test_the_log_is_kept_as_far_back_as_a_release_may_be_read(lake: Lake) -> None:
    for batch in range(1, 31):
        version = lake.commit("foto", rows("foto", batch, str(batch)), batch)
        assert version is not None
        lake.release({"foto": version}, [batch], audit={})
    log = Path(delta(lake, "foto").table_uri.removeprefix("file://")) / "_delta_log"
    lake.vacuum("foto", keep=3)
    assert (log / f"{1:020}.json").exists()  # a release younger than a week is shown as it was
    lake.vacuum("foto", keep=3, hours=0)
    assert sorted(path.name for path in log.iterdir() if path.name < f"{19:020}") == []
    assert lake.snapshot("foto", 28).rows == 28
    with pytest.raises(Gone):
        lake.snapshot("foto", 5)
    assert lake.commit("foto", rows("foto", 3, "3"), 3) == 30
    fifth = next(r for r in lake.releases() if r.number == 5)
    with connect(lake, fifth) as con:
        assert con.execute("SELECT count(*) FROM foto").fetchall() == [(5,)]


def test_which_batches_are_in_a_table_is_known_for_as_long_as_one_may_come_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr(time, "time", lambda at=time.time: at() - 100 * 86_400)
        lake.commit("foto", rows("foto", 1, "a"), 1)
    lake.commit("foto", rows("foto", 2, "b"), 2)
    delta(lake, "foto").create_checkpoint()
    assert delta(lake, "foto").transaction_version("batch-1") is None
    assert delta(lake, "foto").transaction_version("batch-2") == 1
