"""Content items: valid ninjs 3.1, only of what is public, made anew only where something changed, then canceled."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from infra.publishing.editions import Shelf
from infra.publishing.items import lay_out
from infra.publishing.publication import publish
from infra.storage.folder import FolderStore
from infra.storage.store import Store
from schemas.dataset import datasets, tables
from tests.conforming import NINJS
from tests.released import AT, HELD_BACK, SECRET, Release, copy, lake, row, rows_of
from tests.test_shown import Tired
from transforms import klarifikasi, ninjs, stories

DAY = datetime(2026, 11, 20, 2, tzinfo=UTC)
Row = dict[str, Any]
Content = dict[str, list[Row]]


def made(dataset: str, key: str, **values: Any) -> Row:
    """A public row as offices write them, in Banyumas."""
    standard = tables()[dataset]
    clean = {"peristiwa": None, "turunan_dari": None, "judul": f"Judul {key}", "kredit": "Sihumas Banyumas"}
    clean |= {"genre": "RILIS", "ragam": None, "topik": "KAMTIBMAS", "bahasa": None, "sumber_digital": "digitalCapture"}
    clean |= {"_diterima_pada": DAY, "_kunci": f"JATENG.BANYUMAS|{key}-terbuka"}
    clean |= dict.fromkeys(klarifikasi.NEEDS)
    known = {name: value for name, value in {**clean, **values}.items() if name in standard.arrow.names}
    return row(standard, key, **known)


def put_out(store: Store, content: Content, number: int = 1, **options: Any) -> Any:
    tables_ = {"media": [], "rendisi": [], **content}
    versions = {**dict.fromkeys(tables_, number), "pelepasan": number}
    with lake(tables_) as connection:
        return publish(connection, store, Release(number, AT + timedelta(hours=number), versions), **options)


def shelf(store: Store, kind: str = "ndjson") -> dict[str, bytes]:
    found = {stat.key: store.get(stat.key) for stat in store.list("published/ninjs/")}
    return {key: content for key, content in found.items() if key.endswith(kind)}


def lying(store: Store, *, named_only: bool = False) -> dict[str, dict[str, Any]]:
    """Every item on the shelf (or in the index) by its name; each once."""
    found = shelf(store)
    if named_only:
        index = store.get("published/ninjs/indeks.json").decode()
        found = {key: content for key, content in found.items() if key.removeprefix("published/") in index}
    lines = [json.loads(line) for content in found.values() for line in content.splitlines()]
    assert len({line["uri"] for line in lines}) == len(lines)
    for line in lines:
        assert [str(error) for error in NINJS.iter_errors(line)] == []
    return {line["uri"]: line for line in lines}


def of(store: Store, made_row: Row, dataset: str = "teks") -> dict[str, Any]:
    return lying(store)[ninjs.uri(dataset, made_row["_kunci"])]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return FolderStore(tmp_path / "lake")


@pytest.mark.parametrize(
    "change",
    [{"x-spit": 1}, {"versionCreated": "kemarin"}, {"pubStatus": "TERBIT"}, {"uri": "dua kata"}, {"urgency": 0}],
)
def test_the_check_can_fail(store: Store, change: Row) -> None:
    put_out(store, {"teks": [text := made("teks", "a")]})
    good = of(store, text)
    assert NINJS.is_valid(good) and not NINJS.is_valid({**good, **change})


def test_whatever_stands_in_a_row_the_item_is_valid_and_nothing_held_back_is_in_it(store: Store) -> None:
    put_out(store, {name: rows_of(tables()[name]) for name in (*stories.told(), "media")}, 0)
    assert {item["type"] for item in lying(store).values()} == set(ninjs.TYPES.values())
    for key, content in shelf(store, "").items():
        assert SECRET.encode() not in content, key
    columns = {f.name for f in tables()["foto"].fields if not f.public}
    assert columns and not columns & set(stories.columns())


def test_what_is_held_back_is_told_by_none_of_its_companions(store: Store) -> None:
    reasons = {why: change for why, change in HELD_BACK.items() if change[0] in tables()["foto"].arrow.names}
    photos = {
        why: made("foto", why, judul=SECRET, kredit=SECRET, peristiwa=why, **{column: value})
        for why, (column, value) in reasons.items()
    }
    texts = [made("teks", why, peristiwa=why, turunan_dari=f"foto/{p['_kunci']}") for why, p in photos.items()]
    put_out(store, {"teks": texts, "foto": list(photos.values())}, 0)
    assert len(photos) > 20 and set(lying(store)) == {ninjs.uri("teks", text["_kunci"]) for text in texts}
    for item in lying(store).values():
        assert "associations" not in item and "infoSources" not in item
    assert not any(SECRET.encode() in content for content in shelf(store, "").values())


def test_a_story_names_its_parts_what_it_retells_and_the_figures_it_cites_and_keeps_the_credit(store: Store) -> None:
    photo = made("foto", "f", peristiwa="PASAR/1", kredit="Sihumas Polresta Banyumas", sha256="7" * 64)
    medium = row(tables()["media"], "m", sha256="7" * 64, _kunci=f"foto|{photo['_kunci']}")
    medium |= {"dataset": "foto", "kode_satker": photo["kode_satker"], "nomor": photo["nomor"]}
    short = made("teks", "s", peristiwa="PASAR/1", ragam="SINGKAT", isi="Singkat saja.")
    long = made(
        "teks",
        "l",
        peristiwa="PASAR/1",
        kredit="Divisi Humas",
        turunan_dari=f"foto/{photo['_kunci']}; layanan_informasi/JATENG|2026-10; rahasia/x",
    )
    rendition = copy(medium, lebar_px=1600, tinggi_px=900, durasi_ms=None)
    store.put(f"renditions/sha256/77/{'7' * 64}/{rendition['sha256_rendisi']}", b"isi")
    put_out(store, {"teks": [short, long], "foto": [photo], "media": [medium], "rendisi": [rendition]})

    told = of(store, long)
    assert [(a["rel"], a["uri"]) for a in told["associations"]] == [
        ("turunan_dari", ninjs.uri("foto", photo["_kunci"])),
        ("peristiwa", ninjs.uri("teks", short["_kunci"])),
        ("data_dikutip", "urn:spit:dataset:layanan_informasi"),
    ]
    assert told["infoSources"] == [
        {"name": "Sihumas Polresta Banyumas", "role": "turunan_dari", "uri": ninjs.uri("foto", photo["_kunci"])}
    ]
    assert told["events"] == [{"name": "PASAR/1", "uri": "urn:spit:peristiwa:PASAR/1"}]
    assert of(store, short)["bodies"][0]["role"] == "singkat"
    picture = of(store, photo, "foto")
    assert {a["type"] for a in picture["associations"]} == {"text"}
    (shown,) = picture["renditions"]
    assert (shown["name"], shown["width"], shown["href"][:23]) == ("web", 1600, "urn:spit:berkas:rendisi")
    assert store.stat(f"published/{shown['href'].removeprefix(ninjs.FILE)}"), "what it names is there"
    assert picture["digitalSourceType"]["uri"].endswith("/digitalCapture")
    assert ninjs.linked(picture, lambda path: f"https://x.example/{path}")["renditions"][0]["href"].startswith(
        "https://x.example/rendisi/"
    )


@pytest.mark.parametrize(
    ("use", "consent", "said"),
    [
        (date(2036, 3, 2), date(2036, 1, 31), "2036-02-01T00:00:00+09:00"),
        (date(2036, 1, 31), date(2036, 3, 2), "2036-02-01T00:00:00+09:00"),
        (None, date(2036, 1, 31), "2036-02-01T00:00:00+09:00"),
        (None, None, None),
    ],
)
def test_an_item_expires_with_its_period_of_use_or_with_the_consent_whichever_ends_first(
    store: Store, use: date | None, consent: date | None, said: str | None
) -> None:
    photo = made("foto", "a", dipakai_sampai=use, persetujuan_sampai=consent)
    put_out(store, {"foto": [photo]})
    assert of(store, photo, "foto").get("expires") == said


def test_an_event_of_very_many_items_names_only_some(store: Store) -> None:
    texts = [made("teks", f"{n:03}", peristiwa="RAMAI") for n in range(stories.MOST + 30)]
    put_out(store, {"teks": texts})
    assert max(len(item["associations"]) for item in lying(store).values()) == stories.MOST


def test_only_the_day_that_changed_is_made_anew_and_only_what_changed_gets_a_version(store: Store) -> None:
    days = [made("teks", f"d{n}", _diterima_pada=DAY + timedelta(days=n)) for n in range(3)]
    same = made("teks", "same", _diterima_pada=DAY)
    put_out(store, {"teks": [*days, same]})
    before = set(shelf(store, ""))
    assert put_out(store, {"teks": [*days, same]}).written == ()
    mended = {**days[0], "judul": "Judul yang dibetulkan", "_diterima_pada": DAY + timedelta(days=9)}
    again = put_out(store, {"teks": [mended, *days[1:], same]}, 2)
    written = {key for key in again.written if "/ninjs/2" in key}
    assert {key.split("/")[2] for key in written} == {"2026-11-20", "2026-11-29"}
    assert {key.split("/")[2] for key in before - set(shelf(store, ""))} == {"2026-11-20"}
    assert [of(store, each)["version"] for each in (mended, same, days[1])] == ["2", "1", "1"]
    assert of(store, mended)["firstCreated"] == "2026-11-20T09:00:00+07:00"
    assert not any(b"Judul d0" in content for content in shelf(store, "").values())


def test_an_item_changes_with_what_it_is_told_with(store: Store) -> None:
    photo = made("foto", "f", sha256="7" * 64, _diterima_pada=DAY + timedelta(days=1))
    medium = row(tables()["media"], "m", sha256="7" * 64, _kunci="foto|f", kredit=photo["kredit"])
    medium |= {"dataset": "foto", "kode_satker": photo["kode_satker"], "nomor": photo["nomor"]}
    mate = made("teks", "m", peristiwa="P", _diterima_pada=DAY + timedelta(days=2))
    text = made("teks", "t", peristiwa="P", turunan_dari=f"foto/{photo['_kunci']}")
    content: Content = {"teks": [text, mate], "foto": [photo], "media": [medium], "rendisi": []}

    def versions() -> list[str]:
        return [of(store, text)["version"], of(store, mate)["version"], of(store, photo, "foto")["version"]]

    put_out(store, content)
    content["teks"] = [text, {**mate, "judul": "Judul lain"}]
    put_out(store, content, 2)
    assert versions() == ["2", "2", "1"], "the title of another of its event"
    assert of(store, text)["associations"][1]["name"] == "Judul lain"
    content["foto"] = [{**photo, "kredit": "Sihumas lain"}]
    put_out(store, content, 3)
    assert versions() == ["3", "2", "3"], "the credit of what it retells"
    content["rendisi"] = [copy(medium)]
    put_out(store, content, 4)
    assert versions() == ["3", "2", "4"], "a rendition that was made"


def test_what_goes_is_canceled_without_content_and_may_come_back(store: Store) -> None:
    text, other = made("teks", "t", judul=SECRET, peristiwa="P"), made("teks", "o", peristiwa="P")
    put_out(store, {"teks": [text, other]})
    assert SECRET in str(of(store, other)["associations"])
    put_out(store, {"teks": [{**text, "klasifikasi_informasi": "DIKECUALIKAN"}, other]}, 2)
    gone = of(store, text)
    assert set(gone) == {"uri", "standard", "type", "version", "firstCreated", "versionCreated", "pubStatus"}
    assert (gone["pubStatus"], gone["version"]) == ("canceled", "2")
    assert not any(SECRET.encode() in content for content in shelf(store, "").values())
    put_out(store, {"teks": [other]}, 3)
    assert of(store, text) == gone, "it stays canceled, under the same version"
    put_out(store, {"teks": [text, other]}, 4)
    assert (of(store, text)["pubStatus"], of(store, text)["version"]) == ("usable", "3")
    assert not [key for key in shelf(store, "") if "/batal/" in key]


def test_a_withdrawal_between_two_releases_has_a_version_of_its_own(store: Store) -> None:
    text = made("teks", "t", _kiriman="2026-000001.1")
    release = Release(1, AT + timedelta(hours=1), {"teks": 1, "pelepasan": 1})
    with lake({"teks": [text]}) as connection:
        publish(connection, store, release)
        connection.execute("INSERT INTO penarikan (dataset, kiriman, pada) VALUES ('teks', '2026-000001.1', now())")
        publish(connection, store, release)
    assert (of(store, text)["pubStatus"], of(store, text)["version"]) == ("canceled", "2")


CLAIM = {
    "genre": "KLARIFIKASI",
    "klaim": "Jalan utama ditutup sepekan",
    "klaim_beredar_di": "grup percakapan; https://contoh.example/1",
    "penilaian_klaim": "SALAH",
    "bukti_klaim": "https://contoh.example/jadwal",
}


def test_a_clarification_is_a_claim_review_when_it_is_whole(store: Store) -> None:
    whole = made("teks", "k", **CLAIM)
    parts = [made("teks", f"k{name}", **{**CLAIM, name: None}) for name in klarifikasi.NEEDS]
    put_out(store, {"teks": [whole, *parts, made("teks", "r", **{**CLAIM, "genre": "RILIS"})]})
    (content,) = shelf(store, "jsonld").values()
    (review,) = json.loads(content)
    assert review["@id"] == ninjs.uri("teks", whole["_kunci"])
    assert (review["@context"], review["@type"], review["claimReviewed"]) == (
        "https://schema.org",
        "ClaimReview",
        CLAIM["klaim"],
    )
    assert review["reviewRating"]["ratingValue"] == 1 and review["reviewRating"]["alternateName"] == "Salah"
    assert review["itemReviewed"]["appearance"] == [
        {"@type": "CreativeWork", "name": "grup percakapan"},
        {"@type": "CreativeWork", "url": "https://contoh.example/1"},
    ]
    assert review["citation"] == [{"@type": "CreativeWork", "url": "https://contoh.example/jadwal"}]
    put_out(store, {"teks": [{**whole, "subjek_anak": None}]}, 2)
    assert shelf(store, "jsonld") == {}


def test_what_is_canceled_of_a_standard_that_is_gone_has_no_type() -> None:
    gone = ninjs.canceled("urn:spit:konten:1", "foto_lama", version=2, first=DAY, changed=DAY, satker="LAMA")
    assert NINJS.is_valid(gone) and "type" not in gone


def test_another_dataset_of_texts_or_media_is_told_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adding a dataset needs no Python."""
    both = {**datasets(), "foto_udara": replace(tables()["foto"], name="foto_udara")}
    for module in (stories, ninjs):
        monkeypatch.setattr(module, "datasets", lambda: both)
    with lake({"teks": [made("teks", "t", peristiwa="P")]}) as connection:
        connection.register("baru", pa.Table.from_pylist([made("foto", "u", peristiwa="P")], tables()["foto"].arrow))
        connection.execute("CREATE TABLE foto_udara AS FROM baru")
        rows = connection.execute(stories.items({"teks": AT, "foto_udara": AT})).to_arrow_table().to_pylist()
    items = {row_["dataset"]: ninjs.item(row_) for row_ in rows}
    assert items["foto_udara"]["type"] == "picture" and all(map(NINJS.is_valid, items.values()))
    assert items["teks"]["associations"][0]["uri"] == items["foto_udara"]["uri"]


def test_a_verdict_that_is_none_yet_has_no_number() -> None:
    for verdict in dict(tables()["teks"].field("penilaian_klaim").categories):
        numbered = verdict in klarifikasi.RATINGS
        assert numbered is (verdict != "BELUM_TERBUKTI")


def test_what_is_missing_on_the_shelf_is_made_anew_by_a_thorough_publication(store: Store) -> None:
    content = {"teks": [made("teks", "t")]}
    put_out(store, content)
    for key in [key for key in shelf(store, "") if "/ninjs/2" in key]:
        store.delete(key)
    store.put("published/ninjs/2020-01-01/x.ndjson", b"tertinggal")
    put_out(store, content)
    put_out(store, content, thorough=True)
    assert len(lying(store)) == 1


def test_a_list_of_what_was_canceled_that_is_lost_is_named_no_more(store: Store) -> None:
    put_out(store, {"teks": [made("teks", "t"), made("teks", "u")]})
    put_out(store, {"teks": [made("teks", "u")]}, 2)
    for key in [key for key in shelf(store, "") if "/batal/" in key]:
        store.delete(key)
    put_out(store, {"teks": [made("teks", "u")]}, 2, thorough=True)
    index = json.loads(store.get("published/ninjs/indeks.json"))
    assert "batal" not in index and len(lying(store, named_only=True)) == 1


def test_laying_out_may_stop_anywhere(tmp_path: Path) -> None:
    a, b, c = (made("teks", key, _diterima_pada=DAY + timedelta(days=n)) for n, key in enumerate("abc"))
    with lake({"teks": [a, b]}) as before, lake({"teks": [b, c]}) as after:
        for left in range(20):
            tired = Tired(tmp_path / str(left), 1000)
            lay_out(before, Shelf(tired), {"teks": AT}, ["1"])
            tired.left, whole = left, True
            try:
                lay_out(after, Shelf(tired), {"teks": AT}, ["2"])
            except OSError:
                whole = False
                assert named(tired) == {each["uri"] for each in lying(tired, named_only=True).values()}
                tired.left = 1000
                lay_out(after, Shelf(tired), {"teks": AT}, ["2"])
            found = lying(tired, named_only=True)
            states = {uri: (item["pubStatus"], item["version"]) for uri, item in found.items()}
            expected = {"a": ("canceled", "2"), "b": ("usable", "1"), "c": ("usable", "2")}
            assert states == {
                ninjs.uri("teks", row_["_kunci"]): expected[key] for key, row_ in zip("abc", (a, b, c), strict=True)
            }
            if whole:
                assert left == 5, "two files of a day, two of what went, the index"
                return
    raise AssertionError("no run was long enough to end by itself")


def named(store: Store) -> set[str]:
    """The items the index names, all of whose files are there."""
    index = json.loads(store.get("published/ninjs/indeks.json"))
    entries = [*index["hari"], *([index["batal"]] if "batal" in index else [])]
    lines = [
        store.get(f"published/{f['berkas']}").splitlines()
        for entry in entries
        for f in entry["berkas"]
        if f["berkas"].endswith("ndjson")
    ]
    return {json.loads(line)["uri"] for some in lines for line in some}
