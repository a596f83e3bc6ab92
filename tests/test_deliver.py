"""Publishing a release and handing it on: what gets out, what is written again, what is taken back."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typing_extensions import override

from infra.lake import Lake
from infra.ledger.inbox import Inbox
from infra.publishing.deliver import deliver, deliver_all
from infra.publishing.editions import ROW_GROUP
from infra.publishing.partners import Partner, roster
from infra.publishing.publication import Publication, publish
from infra.publishing.targets.stored import Stored
from infra.sql.query import connect
from infra.storage.folder import FolderStore
from infra.storage.store import Source, Stat, Store, open_store
from schemas.dataset import tables
from tests.released import AT, SECRET, Release, everything, lake, public_tables, published, row
from tests.servers import Bucket
from transforms import daftar

PROJECT = Path(__file__).parent.parent
FOTO, TEKS = tables()["foto"], tables()["teks"]
SMALL = {"foto": [row(FOTO, "a"), row(FOTO, "b")], "teks": [row(TEKS, "a")]}
WHOLE = 25
"""Files a partner gets of SMALL: CSV, Parquet and schema of two datasets and five lists, and four pages."""

EVERYTHING = Partner("semua", "Semua", "folder", "semua", ("*",), ("csv", "parquet"))

Content = dict[str, list[dict[str, Any]]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return FolderStore(tmp_path / "lake")


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox.open(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


def place_of(partner: Partner, home: Path) -> FolderStore:
    """Where a partner of the kind `folder` has its files."""
    return FolderStore(home / partner.target)


def released(content: Content, number: int = 1, **versions: int) -> Release:
    return Release(number, AT + timedelta(hours=number - 1), dict.fromkeys(content, 4) | versions)


def put_out(store: Store, content: Content, release: Release | None = None, **options: Any) -> Publication:
    with lake(content) as connection:
        return publish(connection, store, release or released(content), **options)


def held(store: Store, prefix: str = "") -> dict[str, bytes]:
    return {stat.key: store.get(stat.key) for stat in store.list(prefix)}


def named(store: Store, folder: str) -> set[str]:
    """The files a catalogue names; each must be there, whole."""
    graph = json.loads(store.get(f"{folder}katalog.jsonld"))["@graph"]
    found = {node["dcat:downloadURL"]: node for node in graph if "dcat:downloadURL" in node}
    checksums = {node["@id"]: node["spdx:checksumValue"] for node in graph if "spdx:checksumValue" in node}
    for path, node in found.items():
        assert hashlib.sha256(store.get(folder + path)).hexdigest() == checksums[node["spdx:checksum"]]
    return set(found)


def betrayed(files: dict[str, bytes]) -> list[str]:
    """Files that hold the secret, Parquet opened."""
    opened = {
        path: str((pq.read_table(pa.BufferReader(data)).to_pylist(), pq.read_metadata(pa.BufferReader(data)).metadata))
        if path.endswith(".parquet")
        else data.decode()
        for path, data in files.items()
    }
    return [path for path, text in opened.items() if SECRET in text]


# What gets out


def test_nothing_held_back_is_in_anything_published_or_delivered(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    publication = put_out(store, everything())
    everyone = [*roster(PROJECT / "schemas" / "partners").partners.values(), EVERYTHING]
    for done in deliver_all(everyone, publication, store, tmp_path, inbox):
        assert done.written and not done.error
    out = held(store, "published/")
    for partner in everyone:
        out |= {f"{partner.name}/{path}": data for path, data in held(place_of(partner, tmp_path)).items()}
    assert len(out) > 60
    assert betrayed(out) == []
    assert betrayed({"x.csv": SECRET.encode(), "y.csv": b""}) == ["x.csv"], "else this test could not fail"


def test_every_public_table_comes_out_in_both_formats_with_its_rows(store: Store) -> None:
    publication = put_out(store, everything())
    assert [e.standard.name for e in publication.editions] == published()
    for edition in publication.editions:
        assert [file.format for file in edition.files] == ["csv", "parquet", "json", "skema"]
        data = store.get(f"published/{edition.files[1].path}")
        table = pq.read_table(pa.BufferReader(data))
        assert table.num_rows == edition.facts.rows
        if edition.standard.name in public_tables():
            assert table.num_rows == 1
            if not edition.standard.sources:
                assert table.schema.field("_diterima_pada").type == pa.timestamp("us", tz="UTC")
        assert table.schema.field(edition.standard.primary_key[0]).metadata[b"title"]
    assert store.get("published/media.csv") == held_file(store, publication, "media")


# Cost follows what is new


def test_publishing_a_release_twice_writes_nothing(store: Store) -> None:
    first = put_out(store, SMALL)
    before = held(store)
    again = put_out(store, SMALL)
    assert (again.written, again.removed) == ((), ())
    assert again.editions == first.editions and held(store) == before


def test_only_what_changed_is_written_again(store: Store) -> None:
    put_out(store, SMALL)
    content = {**SMALL, "teks": [*SMALL["teks"], row(TEKS, "b")]}
    again = put_out(store, content, released(content, 2, teks=5))
    pages = {"datapackage.json", "data.json", "katalog.ttl", "katalog.jsonld"}
    assert {key.split("/")[1] for key in again.written} == {"teks", "dip_teks", "dik", "ninjs", *pages}
    assert {key.split("/")[1] for key in again.removed} == {"teks", "dip_teks", "dik", "ninjs"}
    assert named(store, "published/") == {f.path for e in again.editions for f in e.files if f.format != "skema"}


def test_a_dataset_that_did_not_change_is_not_even_asked(store: Store) -> None:
    first = put_out(store, SMALL)
    with lake({"foto": [*SMALL["foto"], row(FOTO, "c")], "teks": []}) as without_teks:
        again = publish(without_teks, store, released(SMALL, 2, foto=5))
    facts = [{e.standard.name: e.facts.rows for e in publication.editions} for publication in (first, again)]
    assert facts[1] == facts[0] | {"foto": 3, "dip_foto": 3}


def test_what_is_excluded_is_asked_again_when_an_embargo_ends(store: Store) -> None:
    waiting = row(FOTO, "c", klasifikasi_informasi="DIKECUALIKAN", embargo_sampai=AT + timedelta(hours=1))
    content = {**SMALL, "foto": [*SMALL["foto"], waiting]}
    counts = [
        next(
            e.facts.rows
            for e in put_out(store, content, released(content, number)).editions
            if e.standard.name == "dik"
        )
        for number in (1, 2, 3, 1)
    ]
    assert counts == [0, 1, 1, 0]


def test_an_embargo_that_ends_makes_a_new_edition_of_the_same_version(store: Store) -> None:
    waiting = row(FOTO, "c", embargo_sampai=AT + timedelta(hours=1))
    content = {**SMALL, "foto": [*SMALL["foto"], waiting]}
    first = put_out(store, content)
    assert b"c-terbuka" not in held_file(store, first, "foto")
    second = put_out(store, content, released(content, 2))
    assert b"c-terbuka" in held_file(store, second, "foto")
    assert {key.split("/")[1] for key in second.written} >= {"foto"} and not any("/teks/" in k for k in second.written)
    third = put_out(store, content, released(content, 3))
    assert third.editions == second.editions, "the clock alone changes nothing"


def held_file(store: Store, publication: Publication, name: str) -> bytes:
    (edition,) = [e for e in publication.editions if e.standard.name == name]
    return store.get(f"published/{edition.files[0].path}")


def test_a_row_that_is_excluded_later_stays_in_no_file(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    put_out(store, {**SMALL, "foto": [row(FOTO, "a"), row(FOTO, "b", judul=SECRET)]})
    publication = put_out(store, {**SMALL, "foto": [row(FOTO, "a"), row(FOTO, "b", judul=SECRET)]})
    deliver(EVERYTHING, publication, store, Stored(place_of(EVERYTHING, tmp_path)), inbox)
    assert betrayed(held(store, "published/")) and betrayed(held(place_of(EVERYTHING, tmp_path)))

    corrected = {**SMALL, "foto": [row(FOTO, "a"), row(FOTO, "b", judul=SECRET, klasifikasi_informasi="DIKECUALIKAN")]}
    publication = put_out(store, corrected, released(corrected, 2, foto=5))
    deliver(EVERYTHING, publication, store, Stored(place_of(EVERYTHING, tmp_path)), inbox)
    assert betrayed(held(store, "published/")) == betrayed(held(place_of(EVERYTHING, tmp_path))) == []


@pytest.mark.parametrize("place", [{"_baris": None}, {"_baris": 7}])
def test_the_real_lake_shows_no_older_version_of_a_row_that_was_closed(store: Store, place: dict[str, Any]) -> None:
    tables_of = Lake(store)

    def released_by(batch: int, **content: list[dict[str, Any]]) -> Publication:
        versions = {
            name: tables_of.commit(name, pa.Table.from_pylist(rows, tables()[name].arrow), batch)
            for name, rows in content.items()
        }
        current = tables_of.released()
        merged = {**(current.tables if current else {}), **{n: v for n, v in versions.items() if v is not None}}
        made = tables_of.release(merged, [batch], audit={})
        with connect(tables_of, made) as connection:
            return publish(connection, store, made)

    def version(key: str, batch: int, **values: Any) -> dict[str, Any]:
        own = {"_kunci": f"JATENG.BANYUMAS|{key}", "_batch": batch, "_kiriman": f"2026-{batch:06}.1", **place}
        return row(FOTO, key, judul=SECRET if key == "b" else "terbuka", **own | values)

    first = released_by(1, foto=[version("a", 1), version("b", 1)], teks=[row(TEKS, "a", _batch=1)])
    assert betrayed(held(store, "published/"))
    second = released_by(2, foto=[version("b", 2, klasifikasi_informasi="DIKECUALIKAN")])
    assert betrayed(held(store, "published/")) == []
    facts = {e.standard.name: e.facts.rows for e in second.editions if e.standard not in daftar.LISTS}
    assert facts == {"foto": 1, "teks": 1, "dip_foto": 1, "dip_teks": 1, "dik": 1}
    assert [e.id for e in first.editions if e.standard is TEKS] == [e.id for e in second.editions if e.standard is TEKS]
    assert not [key for key in second.written if "/teks/" in key]


def test_many_rows_become_the_same_bytes_however_they_lie_and_whoever_writes(tmp_path: Path) -> None:
    layanan = tables()["layanan_informasi"]
    numbers = pa.array(range(2 * ROW_GROUP + 17))
    made: list[dict[str, bytes]] = []
    for threads, seed in ((1, 1), (2, 2)):
        with lake({"layanan_informasi": [row(layanan, "a")]}) as connection:
            connection.execute(f"SET threads = {threads}")
            connection.register("n", pa.table({"n": random.Random(seed).sample(numbers.to_pylist(), len(numbers))}))
            connection.execute(
                "CREATE TABLE banyak AS SELECT l.* REPLACE (n::VARCHAR AS saluran) FROM n, layanan_informasi l;"
                "DROP TABLE layanan_informasi; ALTER TABLE banyak RENAME TO layanan_informasi"
            )
            store = FolderStore(tmp_path / str(threads))
            publication = publish(connection, store, Release(tables={"layanan_informasi": 1}))
        assert publication.editions[0].facts.rows == len(numbers)
        made.append(held(store))
    assert made[0] == made[1]
    (parquet,) = (data for path, data in made[0].items() if path.endswith("/layanan_informasi.parquet"))
    assert pq.read_metadata(pa.BufferReader(parquet)).num_row_groups == 3


# Weather at any moment


class Tired(FolderStore):
    """A store that gives up at its n-th change."""

    def __init__(self, root: Path, changes: int) -> None:
        super().__init__(root)
        self.left = changes

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError("no space left on device")

    @override
    def put(self, key: str, source: Source, *, if_absent: bool = False, if_match: str | None = None) -> Stat:
        self._count()
        return super().put(key, source, if_absent=if_absent, if_match=if_match)

    @override
    def delete(self, key: str) -> None:
        self._count()
        super().delete(key)


BEFORE = {"foto": SMALL["foto"]}
AFTER = {"foto": [row(FOTO, "a")]}


STRIDES = pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.slow)])
"""How many changes lie between the moments at which the weather strikes."""


@STRIDES
def test_publishing_may_stop_anywhere(tmp_path: Path, stride: int) -> None:
    put_out(FolderStore(tmp_path / "before"), BEFORE)
    clean = FolderStore(shutil.copytree(tmp_path / "before", tmp_path / "clean"))
    put_out(clean, AFTER, released(AFTER, 2, foto=5))
    changes = 0
    for changes in range(0, 70, stride):  # the last round gets through
        tired = Tired(shutil.copytree(tmp_path / "before", tmp_path / str(changes)), changes)
        try:
            put_out(tired, AFTER, released(AFTER, 2, foto=5))
        except OSError:
            assert named(tired, "published/")
        else:
            break
        tired.left = 1000
        put_out(tired, AFTER, released(AFTER, 2, foto=5))
        both = [{k: v for k, v in held(each).items() if "/ninjs/" not in k} for each in (tired, clean)]
        assert both[0] == both[1], "but for the items, which remember what was public before (test_ninjs.py)"
    files = "what the clock says, 5 files of each of 3 editions, 8 of items and changes, 4 pages, 17 files taken back"
    assert changes in {45, 49}, files


@STRIDES
def test_delivering_may_stop_anywhere(inbox: Inbox, tmp_path: Path, stride: int) -> None:
    first = put_out(old := FolderStore(tmp_path / "old"), BEFORE)
    second = put_out(new := FolderStore(tmp_path / "new"), AFTER, released(AFTER, 2, foto=5))
    deliver(EVERYTHING, second, new, Stored(clean := FolderStore(tmp_path / "clean")), inbox)
    changes = 0
    for changes in range(0, 50, stride):
        tired, partner = Tired(tmp_path / str(changes), 1000), replace(EVERYTHING, name=f"mitra{changes}")
        deliver(partner, first, old, Stored(tired), inbox)
        tired.left = changes
        try:
            deliver(partner, second, new, Stored(tired), inbox)
        except OSError:
            assert named(tired, "")
        else:
            break
        tired.left = 1000
        deliver(partner, second, new, Stored(tired), inbox)
        assert held(tired) == held(clean)
    assert changes in {22, 28}, "3 files of each of 3 editions, 4 pages, 9 files taken back"


# Partners


def test_delivering_a_release_twice_writes_nothing(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    publication = put_out(store, SMALL)
    first = deliver(EVERYTHING, publication, store, Stored(place_of(EVERYTHING, tmp_path)), inbox)
    receipts = inbox.deliveries(target="semua")
    assert [(r.item, r.sha256, r.size) for r in receipts] == [
        (path, hashlib.sha256(data).hexdigest(), len(data))
        for path in first.written
        for data in [place_of(EVERYTHING, tmp_path).get(path)]
    ]
    assert first.written[-1] == "katalog.jsonld" and first.bytes == sum(r.size or 0 for r in receipts)
    again = deliver(EVERYTHING, publication, store, Stored(place_of(EVERYTHING, tmp_path)), inbox)
    assert (again.written, again.removed, again.bytes) == ((), (), 0)
    assert inbox.deliveries(target="semua") == receipts


def test_a_partner_that_lost_a_file_gets_it_again_and_keeps_its_own(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    publication = put_out(store, SMALL)
    mine = place_of(EVERYTHING, tmp_path)
    first = deliver(EVERYTHING, publication, store, Stored(mine), inbox)
    mine.delete(first.written[0])
    mine.put(first.written[1], b"half")
    mine.put("milik-mitra.txt", b"ours")
    again = deliver(EVERYTHING, publication, store, Stored(mine), inbox)
    assert (again.written, again.removed) == (first.written[:2], ())
    assert mine.get("milik-mitra.txt") == b"ours" and named(mine, "")


def test_what_a_partner_no_longer_gets_is_taken_back_with_a_receipt(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    publication = put_out(store, SMALL)
    mine = place_of(EVERYTHING, tmp_path)
    deliver(EVERYTHING, publication, store, Stored(mine), inbox)
    less = deliver(replace(EVERYTHING, datasets=("teks",), formats=("csv",)), publication, store, Stored(mine), inbox)
    planned = {standard.name for standard in daftar.LISTS}
    assert {path.split("/")[0] for path in less.removed} == {"foto", "teks", "dip_foto", "dip_teks", "dik", *planned}
    assert len(less.removed) == 19 and len(held(mine)) == 6
    last = inbox.deliveries(target="semua")[-1]
    assert (last.item, last.answer, last.sha256, last.ok) == (less.removed[-1], "DIHAPUS", None, True)


def test_the_partners_of_the_house_get_what_they_may_have(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    publication = put_out(store, everything())
    known = roster(PROJECT / "schemas" / "partners").partners
    deliver_all(known.values(), publication, store, tmp_path, inbox)
    sdi, media = (held(place_of(known[name], tmp_path)) for name in ("sdi", "mediahub_mitra"))
    assert {path.split("/")[0] for path in sdi if "/" in path} == {*published(), "indah"}
    assert sdi["katalog.jsonld"] == store.get("published/katalog.jsonld")
    assert {path.split("/")[0] for path in media if "/" in path} == {"media", "teks"}
    graph = json.loads(media["katalog.jsonld"])["@graph"]
    assert graph[0]["dcat:dataset"] == ["urn:spit:dataset:teks", "urn:spit:dataset:media"]
    assert "foto.csv" not in media["datapackage.json"].decode()


def test_a_dead_partner_holds_up_nobody(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "mati").write_text("a file where a folder should be")
    dead = replace(EVERYTHING, name="mati", target="mati/spit")
    unreachable = replace(EVERYTHING, name="jauh", how="s3", target="s3://bucket/x", endpoint="http://127.0.0.1:9")
    publication = put_out(store, SMALL)
    first, second, third = deliver_all([dead, unreachable, EVERYTHING], publication, store, tmp_path, inbox)
    assert first.error and second.error and not third.error and len(third.written) == WHOLE
    (receipt,) = inbox.deliveries(target="mati")
    assert not receipt.ok and receipt.answer.startswith("GAGAL FileExistsError")

    (tmp_path / "mati").unlink()
    (back,) = deliver_all([dead], publication, store, tmp_path, inbox)
    assert len(back.written) == WHOLE and not back.error


def test_a_partner_with_a_bucket(store: Store, inbox: Inbox, tmp_path: Path, bucket: Bucket) -> None:
    partner = replace(EVERYTHING, how="s3", target=f"s3://{bucket.name}/mitra", endpoint=bucket.endpoint)
    publication = put_out(store, SMALL)
    (first,) = deliver_all([partner], publication, store, tmp_path, inbox)
    (again,) = deliver_all([partner], publication, store, tmp_path, inbox)
    place = open_store(f"s3://{bucket.name}/mitra", endpoint=bucket.endpoint)
    assert len(first.written) == WHOLE and not again.written and not again.error
    assert set(held(place)) == set(first.written) and named(place, "")
    less = replace(partner, datasets=("teks",))
    assert len(deliver_all([less], publication, store, tmp_path, inbox)[0].removed) == 18
    assert len(list(place.list())) == 7


def test_publishing_into_a_bucket(bucket: Bucket) -> None:
    place = open_store(f"s3://{bucket.name}/terbit", endpoint=bucket.endpoint)
    first = put_out(place, SMALL)
    assert put_out(place, SMALL).written == ()
    assert len(first.written) == 42 and len(named(place, "published/")) == 21


@pytest.mark.parametrize(
    "wrong",
    [
        'how = "pigeon"',
        'datasets = ["kiriman"]',
        'datasets = ["tidak_ada"]',
        'formats = ["xlsx"]',
        'name = "lain"',
        'target = "s3://bucket/x"',
        'kelas = "semua"',
        "datasets = 3",
        "formats = [1]",
        'renditions = "no"',
        'deadline_s = "lama"',
        'columns = {foto = "judul"}',
        "when = [1]",
    ],
)
def test_a_partner_that_asks_for_what_there_is_not_is_refused(tmp_path: Path, wrong: str) -> None:
    lines = {
        "name": 'name = "x"',
        "title": 'title = "X"',
        "how": 'how = "folder"',
        "target": 'target = "x"',
        "datasets": 'datasets = ["*"]',
        "formats": 'formats = ["csv"]',
    }
    (tmp_path / "x.toml").write_text("\n".join(lines.values()))
    assert list(roster(tmp_path).partners) == ["x"]
    (tmp_path / "x.toml").write_text("\n".join((lines | {wrong.split(" ", maxsplit=1)[0]: wrong}).values()))
    known = roster(tmp_path)
    assert (known.partners, known.names) == ({}, ["x"])
    assert known.wrong["x"].startswith("x.toml: ") and wrong.split(" ", maxsplit=1)[0] in known.wrong["x"]


def test_a_view_that_is_not_there_is_our_own_bug(store: Store) -> None:
    with lake({"teks": []}) as connection, pytest.raises(duckdb.CatalogException):
        publish(connection, store, released(SMALL))
    assert list(store.list("published/katalog")) == []


# What is lost, and what is withdrawn


def test_a_lost_or_damaged_file_of_ours_is_a_receipt_and_stops_nobody(
    store: Store, inbox: Inbox, tmp_path: Path
) -> None:
    publication = put_out(store, SMALL)
    first_of = {e.standard.name: e.files[0].path for e in publication.editions}
    lost, damaged = first_of["foto"], first_of["teks"]
    store.delete(f"published/{lost}")
    store.put(f"published/{damaged}", b"lain")
    other = replace(EVERYTHING, name="tiga", target="tiga", datasets=("dik",))
    narrow = replace(EVERYTHING, name="sempit", target="sempit", datasets=("foto",), satker=("JATENG",))
    foto = next(e for e in publication.editions if e.standard.name == "foto")
    store.delete(f"published/{next(f.path for f in foto.files if f.format == 'parquet')}")
    first, made_of_it, third = deliver_all([EVERYTHING, narrow, other], publication, store, tmp_path, inbox)
    assert not third.error and "NotFound" in (made_of_it.error or "")
    assert f"3 of {WHOLE} were refused or lost" in (first.error or "")
    failed = {r.item: r.answer for r in inbox.deliveries(target="semua", ok=False)}
    assert set(failed) == {lost, damaged, lost.replace(".csv", ".parquet"), "*"}
    assert "on our side: NotFound" in failed[lost] and "on our side: Damaged" in failed[damaged]
    assert len(held(place_of(EVERYTHING, tmp_path))) == WHOLE - 3


@pytest.mark.parametrize("owes", [True, False])
def test_what_is_withdrawn_goes_first_from_a_partner_that_owes_it(
    store: Store, inbox: Inbox, tmp_path: Path, owes: bool
) -> None:
    before = {**SMALL, "foto": [row(FOTO, "a"), row(FOTO, "b", judul=SECRET)]}
    mine = place_of(EVERYTHING, tmp_path)
    deliver_all([EVERYTHING], put_out(store, before), store, tmp_path, inbox)
    assert betrayed(held(mine))
    publication = put_out(store, AFTER | {"teks": SMALL["teks"]}, released(before, 2, foto=5))
    late = replace(EVERYTHING, deadline_s=0, when="weekly")
    called = {"owing": {"semua"}} if owes else {"at_once": {"semua"}}
    (cut_off,) = deliver_all([late], publication, store, tmp_path, inbox, **called)
    assert cut_off.error and bool(betrayed(held(mine))) is not owes
    assert bool([r for r in inbox.deliveries(target="semua") if r.answer == "DIHAPUS"]) is owes
    (whole,) = deliver_all([EVERYTHING], publication, store, tmp_path, inbox)
    assert not whole.error and betrayed(held(mine)) == [] and named(mine, "")


def test_a_partner_whose_file_asks_for_nothing_any_more_keeps_nothing(
    store: Store, inbox: Inbox, tmp_path: Path
) -> None:
    publication = put_out(store, SMALL)
    for send in ("full", "changes"):
        partner = replace(EVERYTHING, name=send, target=send, send=send)
        assert deliver_all([partner], publication, store, tmp_path, inbox)[0].written
        (done,) = deliver_all([replace(partner, datasets=())], publication, store, tmp_path, inbox)
        assert done.removed and not done.error and held(place_of(partner, tmp_path)) == {}
