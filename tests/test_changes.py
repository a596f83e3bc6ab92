"""What changed from edition to edition: told by batch as by comparing everything, applied by a partner, forgotten."""

from __future__ import annotations

import csv
import io
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.lake import Lake
from infra.ledger.inbox import Inbox
from infra.publishing import changes
from infra.publishing.changes import LOGS, batches_since
from infra.publishing.deliver import Delivery, deliver_all
from infra.publishing.partners import Partner
from infra.publishing.publication import Publication, publish
from infra.sql.query import connect
from infra.storage.folder import FolderStore
from infra.storage.store import Store
from infra.withdrawing.records import Withdrawal, record
from schemas.dataset import tables
from tests.released import AT, SECRET, row

FOTO, LAYANAN = tables()["foto"], tables()["layanan_informasi"]


@dataclass
class Office:
    """A lake that releases batches of rows, publishes and delivers them; `told` is what the partner makes of it."""

    store: Store
    inbox: Inbox
    partner: Partner
    batch: int = 0
    by_batch: bool = True
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    publication: Publication | None = None

    @property
    def lake(self) -> Lake:
        return Lake(self.store)

    def release(self, *rows: dict[str, Any], table: str = "foto") -> None:
        self.batch += 1
        own = {"_batch": self.batch, "_kiriman": f"2026-{self.batch:06}.1", "_diterima_pada": AT}
        content = [
            {**r, "_kunci": f"JATENG.BANYUMAS|{r['nomor'] if 'nomor' in r else r['saluran']}", **own} for r in rows
        ]
        version = self.lake.commit(table, pa.Table.from_pylist(content, tables()[table].arrow), self.batch)
        assert version is not None
        before = self.lake.released()
        self.lake.release({**(before.tables if before else {}), table: version}, [self.batch], audit={})

    def withdraw(self, key: str) -> None:
        made = Withdrawal(0, f"foto/{key}", "PPID", "diminta", (AT + timedelta(days=1)).isoformat(), "foto", key)
        record(self.store, made)

    def publish(self) -> Publication:
        released = self.lake.released()
        assert released
        batches = batches_since(self.lake.releases) if self.by_batch else lambda _: None
        with connect(self.lake, released) as connection:
            self.publication = publish(connection, self.store, released, batches=batches)
        return self.publication

    def bring(self, partner: Partner | None = None, *, thorough: bool = False) -> Delivery:
        publication = self.publish()
        (done,) = deliver_all(
            [partner or self.partner], publication, self.store, Path("/"), self.inbox, thorough=thorough
        )
        assert not done.error
        return done

    @property
    def place(self) -> FolderStore:
        return FolderStore(Path(self.partner.target))

    def log(self, name: str = "foto") -> changes.Log:
        log = changes.read(self.store, name)
        assert log
        return log

    def entry(self, number: int, name: str = "foto") -> dict[str, str]:
        """Which change each key has in one entry."""
        (found,) = [e for e in self.log(name).entries if e.number == number]
        rows = pq.read_table(pa.BufferReader(self.store.get(found.key))).to_pylist()
        return {r["_kunci"].partition("|")[2].partition("-")[0]: r["_ubah"] for r in rows}


@dataclass
class Reader:
    """A partner's own program: it keeps a table, and takes what is new, as docs/partners.md says."""

    place: FolderStore
    name: str = "foto"
    number: int = -1
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    loads: int = 0

    def catch_up(self) -> dict[str, dict[str, Any]]:
        told = json.loads(self.place.get("perubahan.json"))["dataset"][self.name]
        steps = {step["nomor"]: step for step in told["perubahan"]}
        if set(range(self.number + 1, told["nomor"] + 1)) - steps.keys() or self.number < 0:
            (base,) = told["dasar"]
            self.number, self.rows = base["nomor"], {r["_kunci"]: r for r in self._read(base["berkas"])}
            self.loads += 1
        for number in range(self.number + 1, told["nomor"] + 1):
            (file,) = steps[number]["berkas"]
            for one in self._read(file["berkas"]):
                change = one.pop("_ubah")
                self.rows.pop(one["_kunci"], None)
                if change != "HAPUS":
                    self.rows[one["_kunci"]] = one
            self.number = number
        return self.rows

    def _read(self, path: str) -> list[dict[str, Any]]:
        return list(csv.DictReader(io.StringIO(self.place.get(path).decode(), newline="")))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    partner = Partner("mitra", "Mitra", "folder", str(tmp_path / "mitra"), ("*",), ("csv",), send="changes")
    with Inbox.open(f"sqlite:///{tmp_path}/ledger.db") as inbox:
        yield Office(FolderStore(tmp_path / "lake"), inbox, partner)


def same(office: Office, reader: Reader) -> bool:
    """Whether the partner's table is what is public now."""
    assert office.publication
    (edition,) = [e for e in office.publication.editions if e.standard.name == reader.name]
    whole = Reader(FolderStore(office.store.root / "published"))  # pyright: ignore[reportAttributeAccessIssue]
    rows = {r["_kunci"]: r for r in whole._read(edition.files[0].path)}
    return reader.catch_up() == rows


def photo(key: str, **values: Any) -> dict[str, Any]:
    return row(FOTO, key, **values)


def test_added_replaced_and_withdrawn_rows_are_told_and_nothing_else(office: Office) -> None:
    office.release(photo("a"), photo("b"), photo("c"))
    office.bring()
    reader = Reader(office.place)
    assert same(office, reader)
    excluded = photo("c", judul=SECRET, klasifikasi_informasi="DIKECUALIKAN")
    office.release(photo("b", judul="baru"), excluded, photo("d"), photo("e", klasifikasi_informasi="DIKECUALIKAN"))
    done = office.bring()
    assert office.entry(2) == {"b": "GANTI", "c": "HAPUS", "d": "TAMBAH"}, (
        "e was never public: not even its key is told"
    )
    assert "foto/perubahan/000002.csv" in done.written
    text = office.place.get("foto/perubahan/000002.csv").decode()
    assert SECRET not in text and text.count("\n") >= 4
    (tombstone,) = [line for line in text.splitlines() if line.startswith('"HAPUS"')]
    assert set(tombstone.replace('"', "").split(",")) - {""} == {
        "HAPUS",
        "JATENG.BANYUMAS",
        "c-terbuka",
        "JATENG.BANYUMAS|c-terbuka",
    }
    assert same(office, reader) and reader.loads == 1


def test_the_program_in_the_docs_follows(office: Office, tmp_path: Path) -> None:
    program = Path(__file__).parent.parent / "docs" / "examples" / "mitra" / "ikuti.py"

    def follow() -> str:
        command = [sys.executable, str(program), office.partner.target, "foto"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    office.release(photo("a"), photo("b"))
    office.bring()
    assert follow() == "foto 1 2 rows\n"
    office.release(photo("b", klasifikasi_informasi="DIKECUALIKAN"), photo("c"), photo("d"))
    office.bring()
    assert follow() == follow() == "foto 2 3 rows\n"


def test_what_is_delivered_again_is_nothing_and_costs_no_new_number(office: Office) -> None:
    office.release(photo("a"))
    first, again = office.bring(), office.bring()
    assert first.written and again.written == () and office.log().number == 1
    office.release(row(LAYANAN, "a"), table="layanan_informasi")
    done = office.bring()
    assert not [p for p in done.written if p.startswith("foto/")] and office.log().number == 1


def test_a_withdrawal_leaves_a_tombstone_and_nothing_older_that_holds_the_row(office: Office) -> None:
    office.release(photo("a"), photo("b", judul=SECRET))
    office.bring()
    office.release(photo("c", judul=SECRET), photo("b", judul=f"{SECRET} lagi"))
    office.bring()
    reader = Reader(office.place)
    assert same(office, reader)
    assert SECRET in everything_at(office.place) and SECRET in everything_at(office.store, LOGS)
    for key in ("b", "c"):
        office.withdraw(f"JATENG.BANYUMAS|{key}-terbuka")
    done = office.bring()
    assert office.entry(3) == {"b": "HAPUS", "c": "HAPUS"} and office.entry(2) == {}
    assert "foto/perubahan/000002.csv" in done.written and [p for p in done.removed if "/dasar-" in p]
    assert SECRET not in everything_at(office.place) and SECRET not in everything_at(office.store, LOGS)
    assert same(office, reader) and reader.loads == 1, "who has the rest goes on with the steps"
    assert json.loads(office.place.get("perubahan.json"))["dataset"]["foto"]["dasar"] == []
    assert office.bring().written == ()
    back = office.bring(thorough=True)
    assert [p for p in back.written if p.startswith("foto/dasar-000003-semua/")]
    fresh = Reader(office.place)
    assert same(office, fresh) and SECRET not in everything_at(office.place)
    assert office.bring(thorough=True).written == ()


def everything_at(store: Store, prefix: str = "") -> str:
    """All text that lies in a place, Parquet opened."""
    texts: list[str] = []
    for stat in store.list(f"{prefix}/" if prefix else ""):
        data = store.get(stat.key)
        texts.append(str(pq.read_table(pa.BufferReader(data)).to_pylist()) if stat.key.endswith("t") else data.decode())
    return "\n".join(texts)


@pytest.mark.slow
def test_an_older_version_that_is_withdrawn_goes_from_the_steps_although_the_newer_stays(office: Office) -> None:
    office.release(photo("a"))
    office.bring()
    office.release(photo("b", judul=SECRET))
    office.bring()
    office.release(photo("b", judul="diralat"))
    office.bring()
    assert SECRET in everything_at(office.place)
    made = Withdrawal(0, "2026-000002", "PPID", "diminta", AT.isoformat(), "foto", kiriman=("2026-000002.1",))
    record(office.store, made)
    office.bring()
    assert SECRET not in everything_at(office.place) and SECRET not in everything_at(office.store, LOGS)
    assert office.entry(4) == {} and office.entry(2) == {}


@pytest.mark.slow
def test_a_partner_that_lost_something_or_came_late_catches_up(office: Office) -> None:
    office.release(photo("a"))
    office.bring()
    slow = Reader(office.place)
    slow.catch_up()
    for key in "bcd":
        office.release(photo(key))
        office.publish()
    late = office.bring()
    assert len([p for p in late.written if "/perubahan/" in p]) == 3
    office.place.delete("foto/perubahan/000003.csv")
    assert office.bring().written == ("foto/perubahan/000003.csv",)
    assert same(office, slow) and slow.loads == 1
    (base,) = [s.key for s in office.place.list("foto/dasar-")]
    office.place.delete(base)
    assert [p for p in office.bring().written if p.startswith("foto/dasar-000004-")]
    assert same(office, Reader(office.place))


def test_a_partner_of_a_region_is_told_when_a_row_leaves_it(office: Office) -> None:
    office.partner = replace(office.partner, regions=("33",), datasets=("foto",))
    office.release(photo("a"), photo("b"), photo("c", kode_wilayah="32"))
    office.bring()
    reader = Reader(office.place)
    assert {k.partition("|")[2] for k in reader.catch_up()} == {"a-terbuka", "b-terbuka"}
    office.release(photo("b", kode_wilayah="32", judul=SECRET), photo("d", kode_wilayah="32"), photo("e"))
    office.bring()
    assert {k.partition("|")[2] for k in reader.catch_up()} == {"a-terbuka", "e-terbuka"}
    assert SECRET not in everything_at(office.place) and "d-terbuka" not in everything_at(office.place)


@pytest.mark.slow
def test_a_partner_of_a_unit_is_not_told_the_keys_of_others(office: Office) -> None:
    office.partner = replace(office.partner, satker=("JATENG",), datasets=("foto",))
    office.release(photo("a"), photo("b", kode_satker="JABAR"))
    office.bring()
    office.release(photo("b", kode_satker="JABAR", judul="lain"), photo("a", klasifikasi_informasi="DIKECUALIKAN"))
    office.bring()
    text = office.place.get("foto/perubahan/000002.csv").decode()
    assert "a-terbuka" in text and "b-terbuka" not in text


@pytest.mark.slow
def test_an_embargo_that_ends_is_told_with_the_release_after_it(office: Office) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=0.3)
    office.release(photo("a"), photo("b", embargo_sampai=moment))
    office.bring()
    reader = Reader(office.place)
    assert len(reader.catch_up()) == 1
    time.sleep(0.4)
    office.release(photo("c"))
    office.bring()
    assert office.entry(2) == {"b": "TAMBAH", "c": "TAMBAH"} and same(office, reader)
    assert [s.key for s in office.place.list("foto/dasar-")], "nothing was withdrawn, so the whole stays"


@pytest.mark.slow
def test_small_counts_that_are_withheld_together_are_compared_together(office: Office) -> None:
    office.release(row(LAYANAN, "a"), row(LAYANAN, "b"), table="layanan_informasi")
    office.bring()
    reader = Reader(office.place, "layanan_informasi")
    reader.catch_up()
    office.release(row(LAYANAN, "c"), table="layanan_informasi")
    office.bring()
    assert same(office, reader)


@pytest.mark.slow
def test_going_back_to_an_earlier_release_takes_back_what_came_since(office: Office) -> None:
    office.release(photo("a"))
    office.bring()
    reader = Reader(office.place)
    office.release(photo("b"), photo("a", judul="lain"))
    office.bring()
    assert same(office, reader)
    office.lake.go_back(1, by="x", reason="y")
    office.bring()
    assert office.entry(3) == {"a": "GANTI", "b": "HAPUS"} and same(office, reader)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_told_by_batch_it_is_the_same_as_comparing_everything(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    offices: list[Office] = []
    for by_batch in (True, False):
        folder = tmp_path / str(by_batch)
        partner = Partner("mitra", "Mitra", "folder", str(folder / "mitra"), ("foto",), ("csv",), send="changes")
        offices.append(
            Office(FolderStore(folder / "lake"), Inbox.open(f"sqlite:///{folder}/l.db"), partner, by_batch=by_batch)
        )
    readers = [Reader(each.place) for each in offices]
    for _ in range(4):
        batches = [
            [
                photo(
                    key,
                    judul=f"judul {chance.random()}",
                    klasifikasi_informasi=chance.choice(["BERKALA", "DIKECUALIKAN"]),
                )
                for key in chance.sample("abcdefgh", chance.randint(1, 4))
            ]
            for _ in range(chance.randint(1, 2))
        ]
        for office, reader in zip(offices, readers, strict=True):
            for batch in batches:
                office.release(*batch)
            office.bring()
            assert same(office, reader)
    for office in offices:
        office.inbox.close()
    assert [offices[0].entry(e.number) for e in offices[0].log().entries] == [
        offices[1].entry(e.number) for e in offices[1].log().entries
    ]
