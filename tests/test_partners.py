"""Partners of every kind: what they get, what happens when their place misbehaves, and what reconcile mends there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from infra.ledger.inbox import Inbox
from infra.publishing import selection
from infra.publishing.deliver import Delivery, deliver_all
from infra.publishing.partners import Partner, WrongPartner, offered
from infra.publishing.partners import read as read_partner
from infra.publishing.publication import Publication, publish
from infra.publishing.selection import SELECTIONS, prune
from infra.publishing.targets import webhook
from infra.storage.folder import FolderStore
from infra.storage.store import Store, open_store
from schemas.dataset import tables
from tests.far_servers import PASSWORD, USER, Served, serving
from tests.receivers import TOKEN, Portal, Receiver, portal, receiving
from tests.released import AT, SECRET, Release, everything, lake, row
from tests.servers import Bucket
from transforms import ckan

FOTO, TEKS, LAYANAN = tables()["foto"], tables()["teks"], tables()["layanan_informasi"]
CONTENT = {
    "foto": [
        row(FOTO, "a"),
        row(FOTO, "b", kode_wilayah="33.03", klasifikasi_informasi="SERTA_MERTA"),
        row(FOTO, "c", kode_wilayah="3", kode_satker="JABAR"),
    ],
    "teks": [row(TEKS, "a")],
    "layanan_informasi": [row(LAYANAN, "a")],
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return FolderStore(tmp_path / "lake")


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox.open(f"sqlite:///{tmp_path}/ledger.db") as opened:
        yield opened


def put_out(store: Store, content: dict[str, list[dict[str, Any]]] = CONTENT, number: int = 1) -> Publication:
    release = Release(number, AT + timedelta(hours=number), dict.fromkeys(content, 3 + number))
    with lake(content) as connection:
        return publish(connection, store, release)


def to(how: str, target: str, *datasets: str, **changes: Any) -> Partner:
    return replace(Partner("mitra", "Mitra", how, target, datasets or ("foto", "teks"), ("csv",)), **changes)


def bring(partner: Partner, publication: Publication, store: Store, inbox: Inbox, **options: Any) -> Delivery:
    (done,) = deliver_all([partner], publication, store, Path("/nonexistent"), inbox, at_once={"mitra"}, **options)
    return done


# What they get


def read(store: Store, name: str, kind: str = "csv") -> list[dict[str, Any]]:
    (key,) = [s.key for s in store.list(f"{name}/") if s.key.endswith(f".{kind}")]
    data = pa.BufferReader(store.get(key))
    return (pq.read_table(data) if kind == "parquet" else pacsv.read_csv(data)).to_pylist()


@pytest.mark.parametrize(
    ("wish", "keys"),
    [
        ({"regions": ("33",)}, ["a-terbuka", "b-terbuka"]),
        pytest.param({"regions": ("33.02", "3")}, ["a-terbuka", "c-terbuka"], marks=pytest.mark.slow),
        ({"satker": ("JATENG",)}, ["a-terbuka", "b-terbuka"]),
        pytest.param({"classes": ("SERTA_MERTA",)}, ["b-terbuka"], marks=pytest.mark.slow),
        ({"regions": ("33",), "classes": ("BERKALA",)}, ["a-terbuka"]),
        ({"satker": ("JATENG.BANYUMAS.SATU",)}, []),
    ],
)
def test_a_partner_gets_the_rows_it_may_have(
    store: Store, inbox: Inbox, tmp_path: Path, wish: dict[str, Any], keys: list[str]
) -> None:
    partner = to("folder", str(tmp_path / "mitra"), "foto", formats=("csv", "parquet"), **wish)
    done = bring(partner, put_out(store), store, inbox)
    mine = FolderStore(tmp_path / "mitra")
    for kind in ("csv", "parquet"):
        assert sorted(r["nomor"] for r in read(mine, "foto", kind)) == keys
    package = json.loads(mine.get("datapackage.json"))
    for resource in package["resources"]:
        stat = mine.stat(resource["path"])
        assert stat and f"sha256:{stat.sha256}" == resource["hash"]
    assert not done.error and bring(partner, put_out(store), store, inbox).written == ()


def test_a_partner_gets_the_columns_it_may_have_and_the_key(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    partner = to("folder", str(tmp_path / "mitra"), "foto", columns={"foto": ("judul",)})
    bring(partner, put_out(store), store, inbox)
    mine = FolderStore(tmp_path / "mitra")
    own = {name for name in read(mine, "foto")[0] if not name.startswith("_")}
    assert own == {"judul", *FOTO.primary_key}
    (resource,) = json.loads(mine.get("datapackage.json"))["resources"]
    assert [f["name"] for f in resource["schema"]["fields"]] == list(read(mine, "foto")[0])


def test_tables_that_cannot_tell_where_a_row_belongs_are_left_out(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    partner = to("folder", str(tmp_path / "mitra"), "*", regions=("33",))
    bring(partner, put_out(store), store, inbox)
    listed = {s.key.split("/")[0] for s in FolderStore(tmp_path / "mitra").list() if "/" in s.key}
    assert listed == {n for n, d in offered().items() if partner.part(d) and n in CONTENT} and "dip_foto" not in listed


def test_what_is_made_for_partners_is_shared_and_goes_with_them(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    publication = put_out(store)
    one = to("folder", str(tmp_path / "a"), "foto", regions=("33",))
    two = replace(one, name="lain", target=str(tmp_path / "b"))
    deliver_all([one, two], publication, store, tmp_path, inbox)
    assert len({s.key.split("/")[2] for s in store.list(f"{SELECTIONS}/")}) == 1
    assert prune([two], publication, store) == []
    assert prune([replace(two, regions=("32",))], publication, store) and not list(store.list(f"{SELECTIONS}/"))


def test_no_wish_of_a_partner_gets_around_the_gate(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    with lake(everything()) as connection:
        publication = publish(connection, store, Release())
    wishes: list[dict[str, Any]] = [
        {"satker": ("JATENG",)},
        {"classes": ("BERKALA", "SERTA_MERTA", "SETIAP_SAAT")},
        {"columns": {name: tuple(f.name for f in d.fields) for name, d in offered().items()}},
    ]
    for at, wish in enumerate(wishes):
        partner = to("folder", str(tmp_path / str(at)), "*", formats=("csv",), **wish)
        assert len(bring(replace(partner, name=f"mitra{at}"), publication, store, inbox).written) > 10
        mine = FolderStore(tmp_path / str(at))
        assert [s.key for s in mine.list() if SECRET.encode() in mine.get(s.key)] == []


@pytest.mark.slow
def test_renditions_can_be_asked_for_by_name_and_as_files(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    content = everything()
    with lake(content) as connection:
        publication = publish(connection, store, Release())
    partner = to("folder", str(tmp_path / "mitra"), "rendisi", renditions=True)
    bring(partner, publication, store, inbox)
    mine = FolderStore(tmp_path / "mitra")
    assert {s.key.split("/")[0] for s in mine.list() if "/" in s.key} == {"rendisi"}
    assert {"uri", "berkas", "peran", "kredit", "lisensi"} <= set(read(mine, "rendisi")[0])


@pytest.mark.slow
def test_a_partner_gets_it_when_it_wants_and_a_withdrawal_at_once(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    partner = to("folder", str(tmp_path / "mitra"), when="daily")
    assert deliver_all([partner], put_out(store), store, tmp_path, inbox)[0].written
    fewer = {**CONTENT, "foto": CONTENT["foto"][:1]}
    assert deliver_all([partner], put_out(store, fewer, 2), store, tmp_path, inbox) == []
    assert deliver_all([partner], put_out(store, fewer, 2), store, tmp_path, inbox, at_once={"mitra"})[0].written
    then = datetime(2026, 11, 24, 16, 59, tzinfo=UTC)  # 23:59 WIB
    assert not partner.due(then, then + timedelta(seconds=30)) and partner.due(then, then + timedelta(minutes=1))
    weekly = replace(partner, when="weekly")
    assert not weekly.due(then, then + timedelta(days=5)) and weekly.due(then, then + timedelta(days=6))


@pytest.mark.parametrize(
    "wrong",
    [
        'how = "sftp"\ntarget = "sftp://a@b/c"',  # without a key
        'how = "webhook"\ntarget = "https://mitra.example/"',
        'how = "ckan"\ntarget = "https://mitra.example/"\naccess = {key_env = "X", organization = "divhumas"}',
        'send = "some"',
        'when = "hourly"',
        'classes = ["DIKECUALIKAN"]',
        'columns = {foto = ["dasar_pengecualian_x"]}',
        'datasets = ["dik"]\nregions = ["33"]',
        'access = {password = "x"}',
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, wrong: str) -> None:
    lines = {"name": '"x"', "title": '"X"', "how": '"folder"', "target": '"x"', "datasets": '["*"]'}
    given = {line.split(" ", 1)[0] for line in wrong.splitlines()}
    rest = "\n".join(f"{name} = {value}" for name, value in lines.items() if name not in given)
    (tmp_path / "x.toml").write_text(f"{rest}\n{wrong}\n")
    with pytest.raises(WrongPartner, match=r"x\.toml"):
        read_partner(tmp_path / "x.toml")


def test_a_delivery_that_runs_out_of_time_is_continued(store: Store, inbox: Inbox, tmp_path: Path) -> None:
    partner = to("folder", str(tmp_path / "mitra"), deadline_s=0)
    done = bring(partner, put_out(store), store, inbox)
    assert done.error and "the next delivery goes on" in done.error
    assert len(bring(replace(partner, deadline_s=60), put_out(store), store, inbox).written) == 8


# SFTP


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving("sftp", tmp_path_factory.mktemp("sftp")) as served:
        yield served


@pytest.fixture
def sftp(server: Served, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Partner:
    monkeypatch.setenv("UJI_SANDI", PASSWORD)
    key = " ".join((server.folder / "host_key.pub").read_text().split()[:2])
    where = f"sftp://{USER}@127.0.0.1:{server.port}/mitra/{request.node.name}"
    return to("sftp", where, access={"host_key": key, "password_env": "UJI_SANDI"})


def there(server: Served, partner: Partner) -> FolderStore:
    return FolderStore(server.folder / "isi" / partner.target.rpartition("/mitra/")[2].join(["mitra/", ""]))


def test_an_sftp_partner_gets_loses_and_gets_again(server: Served, sftp: Partner, store: Store, inbox: Inbox) -> None:
    publication = put_out(store)
    first = bring(sftp, publication, store, inbox)
    assert not first.error and len(first.written) == 8
    mine = there(server, sftp)
    assert {s.key for s in mine.list()} == set(first.written)
    assert bring(sftp, publication, store, inbox).written == ()
    lost, spoilt = first.written[:2]
    mine.delete(lost)
    data = mine.get(spoilt)
    (mine.root / spoilt).write_bytes(data[:-1] + b"?")  # as long as before: only reading it tells
    assert bring(sftp, publication, store, inbox).written == (lost,)
    assert bring(sftp, publication, store, inbox, thorough=True).written == (spoilt,)
    assert mine.get(spoilt) == data
    less = bring(replace(sftp, datasets=("teks",)), publication, store, inbox)
    assert len(less.removed) == 2 and not (mine.root / "foto").exists()


@pytest.mark.slow
def test_a_server_with_another_key_is_not_spoken_to(server: Served, sftp: Partner, store: Store, inbox: Inbox) -> None:
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFUXGvbg6QZHu4hGoc3ebk2bZ2Zb0cDDc9hlSLbBbQcE"
    done = bring(replace(sftp, access={**sftp.access, "host_key": other}), put_out(store), store, inbox)
    assert done.error and not there(server, sftp).root.exists()


# A bucket with keys of its own


@pytest.mark.slow
def test_a_bucket_is_opened_with_the_partners_own_keys(
    store: Store, inbox: Inbox, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UJI_KUNCI", bucket.access_key)
    monkeypatch.setenv("UJI_RAHASIA", bucket.secret_key)
    where = f"s3://{bucket.name}/kunci-sendiri"
    own = {"access_key_env": "UJI_KUNCI", "secret_key_env": "UJI_RAHASIA"}
    partner = to("s3", where, access=own, endpoint=bucket.endpoint)
    publication = put_out(store)
    assert len(bring(partner, publication, store, inbox).written) == 8
    mine = open_store(where, endpoint=bucket.endpoint)
    (spoilt, *_) = [s.key for s in mine.list("foto/")]
    size = len(mine.get(spoilt))
    bucket.client().put_object(Bucket=bucket.name, Key=f"kunci-sendiri/{spoilt}", Body=b"?" * size)
    assert bring(partner, publication, store, inbox).written == ()
    bring(partner, publication, store, inbox, thorough=True)
    assert mine.get(spoilt) != b"?" * size
    monkeypatch.setenv("UJI_RAHASIA", "salah")
    assert bring(partner, put_out(store, CONTENT, 2), store, inbox).error
    monkeypatch.delenv("UJI_RAHASIA")
    assert "UJI_RAHASIA" in (bring(partner, publication, store, inbox).error or "")


# A webhook


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(webhook, "PAUSE_S", 0.01)
    monkeypatch.setenv("UJI_TANDA", "rahasia bersama")
    with receiving("rahasia bersama") as receiver:
        yield receiver


SIGNED = {"secret_env": "UJI_TANDA"}


def test_a_webhook_is_told_signed_and_once(hook: Receiver, store: Store, inbox: Inbox) -> None:
    partner, publication = to("webhook", hook.url, access=SIGNED), put_out(store)
    first = bring(partner, publication, store, inbox)
    assert not first.error and set(hook.files) == set(first.written) and len(first.written) == 8
    assert hook.calls[-1] == ("berkas", "katalog.jsonld")
    assert bring(partner, publication, store, inbox).written == ()
    bring(replace(partner, datasets=("teks",)), publication, store, inbox)
    assert not [path for path in hook.files if path.startswith("foto")]
    (receipt, *_) = [r for r in inbox.deliveries(target="mitra") if r.sha256]
    assert receipt.answer == "202 terima kasih"


@pytest.mark.slow
def test_a_webhook_that_stumbles_is_told_again_and_one_that_refuses_gets_the_rest(
    hook: Receiver, store: Store, inbox: Inbox
) -> None:
    partner, publication = to("webhook", hook.url, access=SIGNED), put_out(store)
    hook.answers = [503, 429]
    assert len(bring(partner, publication, store, inbox).written) == 8
    hook.answers = [413]
    fewer = put_out(store, {**CONTENT, "foto": CONTENT["foto"][:1]}, 2)
    done = bring(partner, fewer, store, inbox)
    assert done.error and "1 of 8 were refused" in done.error
    assert len([p for p in hook.files if p.startswith("foto/")]) == 1, "what is withdrawn went all the same"
    again = bring(partner, fewer, store, inbox)
    assert not again.error and len(again.written) == 1
    hook.answers = [500] * 4
    assert bring(partner, put_out(store, CONTENT, 3), store, inbox).error


def test_a_webhook_with_another_secret_is_refused(
    hook: Receiver, store: Store, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UJI_TANDA", "lain")
    done = bring(to("webhook", hook.url, access=SIGNED), put_out(store), store, inbox)
    assert done.error and "401" in done.error and not hook.files


@pytest.mark.parametrize("lists", [True, False])
def test_reconcile_asks_a_receiver_for_its_list_and_believes_the_receipts_without_one(
    hook: Receiver, store: Store, inbox: Inbox, lists: bool
) -> None:
    partner, publication = to("webhook", hook.url, access=SIGNED), put_out(store)
    path = bring(partner, publication, store, inbox).written[0]
    hook.lists = lists
    hook.files.pop(path)
    assert bring(partner, publication, store, inbox, thorough=True).written == ((path,) if lists else ())


# CKAN


@pytest.fixture
def there_is(monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    monkeypatch.setenv("UJI_TOKEN", TOKEN)
    with portal() as started:
        yield started


def of(there: Portal, **access: Any) -> Partner:
    own = {"key_env": "UJI_TOKEN", "organization": "divhumas", "title": "Divisi Humas", **access}
    return to("ckan", there.url, "foto", "layanan_informasi", base="https://data.example/api/1/berkas/", access=own)


def test_a_portal_is_told_of_every_dataset_and_nothing_is_uploaded(
    there_is: Portal, store: Store, inbox: Inbox
) -> None:
    publication = put_out(store)
    done = bring(of(there_is), publication, store, inbox)
    assert not done.error
    assert there_is.asked() == ["organization_create", "package_create", "package_create"]
    foto = there_is.package_show({"id": "spit-foto"})
    assert (foto["title"], foto["license_id"], foto["organization"]["name"]) == (FOTO.title, "cc-by", "divhumas")
    (resource,) = foto["resources"]
    assert resource["url"].startswith("https://data.example/api/1/berkas/foto/")
    stat = store.stat(f"published/{resource['url'].partition('/berkas/')[2]}")
    assert stat and (resource["size"], resource["hash"]) == (stat.size, f"sha256:{stat.sha256}")
    extras = {each["key"]: each["value"] for each in foto["extras"]}
    assert extras["guid"] == "urn:spit:dataset:foto" and extras["spatial_codes"]
    assert bring(of(there_is), publication, store, inbox).written == () and there_is.asked() == []


def test_a_portal_is_told_only_what_changed(there_is: Portal, store: Store, inbox: Inbox) -> None:
    bring(of(there_is), put_out(store), store, inbox)
    before = there_is.package_show({"id": "spit-foto"})
    there_is.asked()
    bring(of(there_is), put_out(store, {**CONTENT, "foto": CONTENT["foto"][:2]}, 2), store, inbox)
    assert there_is.asked() == 2 * ["package_patch", "resource_patch"]
    after = there_is.package_show({"id": "spit-foto"})
    assert after["resources"][0]["id"] == before["resources"][0]["id"], "a resource keeps its address"
    assert after["resources"][0]["description"] == "2 baris"
    assert bring(replace(of(there_is), datasets=("foto",)), put_out(store, CONTENT, 3), store, inbox).removed
    assert there_is.package_show({"id": "spit-layanan_informasi"})["state"] == "deleted"
    back = bring(of(there_is), put_out(store, CONTENT, 3), store, inbox)
    assert not back.error and there_is.package_show({"id": "spit-layanan_informasi"})["state"] == "active"


def test_reconcile_mends_what_was_changed_on_the_portal_and_leaves_what_others_added(
    there_is: Portal, store: Store, inbox: Inbox
) -> None:
    publication = put_out(store)
    bring(of(there_is), publication, store, inbox)
    assert bring(of(there_is), publication, store, inbox, thorough=True).written == (), "nothing differs"
    foto = there_is.package_show({"id": "spit-foto"})
    foto["title"] = "Diubah orang"
    foto["extras"].append({"key": "milik_portal", "value": "tetap"})
    foto["extras"] = [e for e in foto["extras"] if e["key"] != "guid"]
    there_is.package_delete({"id": "spit-layanan_informasi"})
    stray = {**json.loads(json.dumps(foto)), "id": "x", "name": "spit-lama", "title": "Lama"}
    there_is.packages["x"] = stray
    there_is.package_create(
        {"name": "milik-orang", "title": "Lain", "owner_org": "divhumas", "extras": [], "resources": []}
    )
    done = bring(of(there_is), publication, store, inbox, thorough=True)
    assert (set(done.written), done.removed) == (
        {"dataset/spit-foto", "dataset/spit-layanan_informasi"},
        ("dataset/spit-lama",),
    )
    foto = there_is.package_show({"id": "spit-foto"})
    assert foto["title"] == FOTO.title and {"milik_portal", "guid"} <= {e["key"] for e in foto["extras"]}
    assert there_is.package_show({"id": "milik-orang"})["state"] == "active"
    assert bring(of(there_is), publication, store, inbox, thorough=True).written == ()


def test_two_partners_on_one_portal_leave_each_others_datasets_alone(
    there_is: Portal, store: Store, inbox: Inbox
) -> None:
    publication = put_out(store)
    other = replace(of(there_is, prefix="lain-"), name="lain")
    for _ in range(2):
        done = deliver_all([of(there_is), other], publication, store, Path("/"), inbox, thorough=True)
        assert not [d.error or d.removed for d in done if d.error or d.removed]
    assert sum(p["state"] == "active" for p in there_is.packages.values()) == 4


def test_rows_go_into_the_datastore_where_they_are_wanted(there_is: Portal, store: Store, inbox: Inbox) -> None:
    partner, publication = of(there_is, datastore=["foto"]), put_out(store)
    assert not bring(partner, publication, store, inbox).error
    resource = there_is.package_show({"id": "spit-foto"})["resources"][0]["id"]
    table = there_is.tables[resource]
    assert [r["nomor"] for r in table["records"]] == ["c-terbuka", "a-terbuka", "b-terbuka"]
    assert bring(partner, publication, store, inbox, thorough=True).written == ()
    table["records"].pop()
    there_is.asked()
    assert bring(partner, publication, store, inbox, thorough=True).written == ("datastore/spit-foto",)
    assert there_is.asked() == ["datastore_create", "datastore_upsert"], "what lacks, not all of it"
    bring(of(there_is), put_out(store, CONTENT, 3), store, inbox)
    assert there_is.tables == {}


def test_of_the_rows_in_the_datastore_only_those_that_changed_are_written(
    there_is: Portal, store: Store, inbox: Inbox
) -> None:
    partner = replace(of(there_is, datastore=["foto"]), datasets=("foto",))
    bring(partner, put_out(store), store, inbox)
    (table,) = there_is.tables.values()
    there_is.asked()
    changed = [{**CONTENT["foto"][0], "judul": "Judul lain"}, *CONTENT["foto"][1:2], row(FOTO, "d")]
    bring(partner, put_out(store, {**CONTENT, "foto": changed}, 2), store, inbox)
    rows = {r["nomor"]: r["judul"] for r in table["records"]}
    assert set(rows) == {"a-terbuka", "b-terbuka", "d-terbuka"} and rows["a-terbuka"] == "Judul lain"
    assert there_is.asked()[2:] == ["datastore_delete", "datastore_create", "datastore_upsert"]
    (answer,) = [r.answer for r in inbox.deliveries(item="datastore/spit-foto")][1:]
    assert answer == "DIUBAH 2 baris, DIHAPUS 1 baris"
    table["fields"].pop()
    bring(partner, put_out(store, CONTENT, 3), store, inbox)
    (anew,) = there_is.tables.values()
    assert anew["fields"] != table["fields"] and len(anew["records"]) == 3, "other columns: made anew"


def test_a_table_too_large_for_a_datastore_leaves_it_and_all_else_goes_on(
    there_is: Portal, store: Store, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = of(there_is, datastore=["foto"])
    bring(partner, put_out(store, {**CONTENT, "foto": CONTENT["foto"][:1]}), store, inbox)
    assert there_is.tables
    monkeypatch.setattr(selection, "DATASTORE_ROWS", 2)
    publication = put_out(store, CONTENT, 2)
    done = bring(partner, publication, store, inbox)
    assert (done.error, done.removed) == (None, ("datastore/spit-foto",)) and there_is.tables == {}
    assert there_is.package_show({"id": "spit-foto"})["version"] == publication.editions[0].id
    for _ in range(2):  # it is said once
        (refused,) = inbox.deliveries(item="datastore/spit-foto", ok=False)
        assert refused.answer == "DITOLAK lebih dari 2 baris / more than 2 rows"
        assert bring(partner, publication, store, inbox, thorough=True).written == ()


def test_a_portal_that_does_not_let_us_in_or_refuses_one_dataset(
    there_is: Portal, store: Store, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = of(there_is)
    without = replace(without, access={k: v for k, v in without.access.items() if k != "title"})
    done = bring(without, put_out(store), store, inbox)
    assert done.error and "2 of 2 were refused" in done.error
    assert all("Organization does not exist" in r.answer for r in inbox.deliveries(ok=False) if r.item != "*")
    monkeypatch.setenv("UJI_TOKEN", "salah")
    assert "NotAuthorized" in (bring(of(there_is), put_out(store), store, inbox).error or "")
    assert not there_is.packages


@pytest.mark.slow
@pytest.mark.skipif("SPIT_REAL_CKAN" not in os.environ, reason="names a folder to install a real CKAN into")
@pytest.mark.parametrize("version", ["2.12", "2.9"])
@pytest.mark.timeout(1200)
def test_against_a_real_ckan(
    store: Store, inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    from ckanapi import RemoteCKAN

    from tests import real_ckan

    if version == "2.9" and "SPIT_CKAN_29" not in os.environ:
        pytest.skip("SPIT_CKAN_29 names the Python of an environment that has CKAN 2.9")
    python = Path(os.environ["SPIT_CKAN_29"]) if version == "2.9" else real_ckan.installed()
    with real_ckan.running(tmp_path, python) as (url, token):
        monkeypatch.setenv("UJI_TOKEN", token)
        there = RemoteCKAN(url, apikey=token)
        assert there.action.status_show()["ckan_version"].startswith(version)
        own = {"key_env": "UJI_TOKEN", "organization": "divhumas", "title": "Divisi Humas", "datastore": ["foto"]}
        base = "https://data.example/api/1/berkas/"
        partner = to("ckan", url, "*", base=base, access=own, formats=("csv", "json"))
        with lake(everything()) as connection:
            whole = publish(connection, store, Release())
        done = bring(partner, whole, store, inbox)
        assert not done.error and len(done.written) == len(whole.editions) + 2
        assert bring(partner, whole, store, inbox, thorough=True).written == ()
        for form in ("jsonld", "ttl"):
            for at, each in enumerate(real_ckan.harvested(tmp_path / "lake/published" / f"katalog.{form}")):
                there.action.package_create(name=f"panen-{form}-{at}", owner_org="divhumas", **each)
        less = put_out(store, CONTENT, 5)
        assert bring(partner, less, store, inbox).removed
        there.action.package_patch(id="spit-foto", title="Diubah orang")
        assert bring(partner, less, store, inbox, thorough=True).written == ("dataset/spit-foto",)
        foto = there.action.package_show(id="spit-foto")
        resource = next(r for r in foto["resources"] if r["format"] == "CSV")
        assert foto["title"] == FOTO.title
        assert there.action.datastore_search(resource_id=resource["id"])["total"] == 3
        other = [{**CONTENT["foto"][0], "judul": "Judul lain"}, row(FOTO, "d")]
        changed = bring(partner, put_out(store, {**CONTENT, "foto": other}, 6), store, inbox)
        assert not changed.error
        (told,) = [r.answer for r in inbox.deliveries(item="datastore/spit-foto")][-1:]
        assert told == "DIUBAH 2 baris, DIHAPUS 2 baris"
        shown = there.action.datastore_search(resource_id=resource["id"])["records"]
        assert {r["nomor"]: r["judul"] == "Judul lain" for r in shown} == {"a-terbuka": True, "d-terbuka": False}
        less = put_out(store, CONTENT, 7)
        gone = bring(replace(partner, datasets=("teks",), access={**own, "datastore": []}), less, store, inbox)
        assert not gone.error
        assert there.action.package_show(id="spit-foto")["state"] == "deleted"
        assert not bring(partner, less, store, inbox).error, "what was deleted comes back"
        assert there.action.package_show(id="spit-foto")["state"] == "active"


def test_everything_we_offer_is_within_the_limits_of_ckan(there_is: Portal, store: Store, inbox: Inbox) -> None:
    with lake(everything()) as connection:
        publication = publish(connection, store, Release())
    done = bring(replace(of(there_is), datasets=("*",)), publication, store, inbox)
    assert not done.error and len(there_is.packages) == len(publication.editions)
    assert SECRET not in json.dumps(there_is.packages)
    assert all(ckan.is_name(p["name"]) for p in there_is.packages.values())
