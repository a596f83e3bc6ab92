"""The feeds: every item once and again when it changes, what goes as canceled, nothing that is not public; Atom."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from infra.serving import shelf as serving_shelf
from infra.serving.app import application
from infra.serving.callers import Callers
from infra.storage.folder import FolderStore
from schemas.dataset import tables
from tests.conforming import NINJS
from tests.released import HELD_BACK, SECRET, copy, row
from tests.test_ninjs import CLAIM, made, put_out
from transforms import ninjs

NS = {
    "a": "http://www.w3.org/2005/Atom",
    "m": "http://search.yahoo.com/mrss/",
    "t": "http://purl.org/atompub/tombstones/1.0",
}


class Feeds:
    """A store and the API over it."""

    def __init__(self, root: Path) -> None:
        self.store = FolderStore(root / "lake")
        keys = root / "kunci.toml"
        keys.write_text(f'[uji]\nsha256 = "{hashlib.sha256(b"k").hexdigest()}"\nper_menit = 1000000\n')
        self.client = TestClient(application(self.store, Callers(keys)), headers={"X-API-Key": "k"})
        self.number = 0

    def publish(self, **content: list[dict[str, Any]]) -> None:
        put_out(self.store, content, self.number)
        self.number += 1

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/1/{path}", headers=headers)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Feeds:
    """Feeds over one publication that stays as it is."""
    made_ = Feeds(tmp_path_factory.mktemp("umpan"))
    made_.publish(
        teks=[
            made("teks", "a", peristiwa="P"),
            made("teks", "b", **CLAIM),
            made("teks", "c", kode_satker="PAPUA", _kunci="c"),
        ],
        foto=[made("foto", "d", peristiwa="P")],
    )
    return made_


@pytest.fixture
def feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Feeds:
    monkeypatch.setattr(serving_shelf, "FRESH_S", 0.0)
    monkeypatch.setattr("infra.serving.feeds.FRESH_S", 0.0)
    return Feeds(tmp_path)


def of(*rows: dict[str, Any], dataset: str = "teks") -> list[str]:
    return [ninjs.uri(dataset, each["_kunci"]) for each in rows]


def test_before_the_first_publication_it_says_so(feeds: Feeds) -> None:
    for path in ("ninjs", f"ninjs/{'0' * 32}", "klarifikasi", "atom.xml"):
        assert feeds.get(path).status_code == 503
    assert feeds.get(f"rendisi/{'0' * 64}.jpg").status_code == 404


def test_whoever_goes_on_from_the_last_mark_misses_nothing(feeds: Feeds) -> None:
    texts = [made("teks", f"{n:02}") for n in range(7)]
    feeds.publish(teks=texts)
    seen: list[dict[str, Any]] = []
    mark = None

    def go_on() -> int:
        nonlocal mark
        before = len(seen)
        path: str | None = "ninjs?batas=3" + (f"&setelah={mark}" if mark else "")
        while path:
            page = feeds.get(path)
            assert page.status_code == 200 and len(page.json()["butir"]) <= 3
            seen.extend(page.json()["butir"])
            mark = page.json()["tanda"]
            following = page.json()["lanjut"]
            assert page.links.get("next", {}).get("url") == following
            path = following and following.partition("/api/1/")[2]
        return len(seen) - before

    assert (go_on(), go_on()) == (7, 0)
    feeds.publish(teks=[{**texts[0], "judul": "Judul yang lain"}, *texts[2:], made("teks", "baru")])
    assert (go_on(), go_on()) == (3, 0), "one changed, one went, one came"
    assert sorted((i["pubStatus"], i["version"]) for i in seen[7:]) == [
        ("canceled", "2"),
        ("usable", "2"),
        ("usable", "2"),
    ]
    assert all(NINJS.is_valid(item) for item in seen)
    feeds.publish(teks=texts)
    assert go_on() == 3, "all three again: changed back, come back, gone"


def test_nothing_that_is_held_back_can_be_had_through_any_feed(feeds: Feeds) -> None:
    said = {"judul": SECRET, "kredit": SECRET, "isi": SECRET, "keterangan": SECRET, "peristiwa": "P", **CLAIM_SECRET}
    content = {
        name: [
            made(name, why, **said) | {column: value}
            for why, (column, value) in HELD_BACK.items()
            if column in tables()[name].arrow.names
        ]
        for name in ("teks", "foto", "video", "audio")
    }
    names = [ninjs.uri(name, each["_kunci"]) for name, rows in content.items() for each in rows]
    assert len(names) > 70
    content["teks"].append(open_ := made("teks", "a", peristiwa="P"))
    feeds.publish(**content)
    assert [item["uri"] for item in feeds.get("ninjs?batas=1000").json()["butir"]] == of(open_)
    for path in ("ninjs", "klarifikasi", "atom.xml", "ninjs?status=canceled", "atom.xml?peristiwa=P"):
        body = feeds.get(path)
        assert body.status_code == 200 and SECRET not in body.text and not any(name in body.text for name in names)
    assert {feeds.get(f"ninjs/{name[-32:]}").status_code for name in names} == {404}


CLAIM_SECRET = {**dict.fromkeys(CLAIM, SECRET), "genre": "KLARIFIKASI"}


def test_what_is_taken_back_is_canceled_in_every_feed_and_its_pictures_are_gone(feeds: Feeds) -> None:
    photo = made("foto", "f", judul=SECRET, sha256="7" * 64)
    medium = row(tables()["media"], "m", sha256="7" * 64, _kunci="foto|f", kredit=photo["kredit"])
    medium |= {"dataset": "foto", "kode_satker": photo["kode_satker"], "nomor": photo["nomor"]}
    rendition = copy(medium)
    feeds.store.put(f"renditions/sha256/77/{'7' * 64}/{rendition['sha256_rendisi']}", b"gambar")
    text = made("teks", "k", **{**CLAIM, "klaim": SECRET + " yang beredar"})
    feeds.publish(foto=[photo], media=[medium], rendisi=[rendition], teks=[text])
    (item,) = [each for each in feeds.get("ninjs").json()["butir"] if each["type"] == "picture"]
    picture = feeds.client.get(item["renditions"][0]["href"])
    assert (picture.content, picture.headers["content-type"]) == (b"gambar", "image/jpeg")
    assert SECRET in feeds.get("klarifikasi").text and SECRET in feeds.get("atom.xml").text

    closed = {"klasifikasi_informasi": "DIKECUALIKAN"}
    feeds.publish(
        foto=[{**photo, **closed}], media=[{**medium, **closed}], rendisi=[rendition], teks=[{**text, **closed}]
    )
    assert feeds.client.get(item["renditions"][0]["href"]).status_code == 404
    one = feeds.get(f"ninjs/{item['uri'][-32:]}")
    assert (one.status_code, one.json()["pubStatus"]) == (410, "canceled")
    assert {each["pubStatus"] for each in feeds.get("ninjs").json()["butir"]} == {"canceled"}
    assert feeds.get("klarifikasi").json()["dataFeedElement"] == []
    gone = ElementTree.fromstring(feeds.get("atom.xml").content)
    assert {each.get("ref") for each in gone.findall("t:deleted-entry", NS)} == {*of(photo, dataset="foto"), *of(text)}
    assert gone.findall("a:entry", NS) == []
    for path in ("ninjs", "klarifikasi", "atom.xml", f"ninjs/{item['uri'][-32:]}"):
        assert SECRET not in feeds.get(path).text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 4),
        ("dataset=foto", 1),
        ("kode_satker=PAPUA", 1),
        ("kode_satker=PAPUA&kode_satker=JATENG.BANYUMAS", 4),
        ("peristiwa=P", 2),
        ("status=canceled", 0),
        ("diubah_pada.min=2020-01-01T00:00:00Z", 4),
        ("diubah_pada.min=2999-01-01T00:00:00Z", 0),
        ("peristiwa=' OR TRUE --", 0),
    ],
)
def test_both_feeds_filter_alike(filled: Feeds, query: str, count: int) -> None:
    assert len(filled.get(f"ninjs?{query}").json()["butir"]) == count
    assert len(ElementTree.fromstring(filled.get(f"atom.xml?{query}").content).findall("a:entry", NS)) == count


@pytest.mark.parametrize("path", ["ninjs", "klarifikasi", "atom.xml"])
@pytest.mark.parametrize(
    ("query", "status"),
    [("tidak_ada=1", 400), ("diubah_pada.min=kemarin", 400), ("batas=0", 422), ("batas=1001", 422), ("setelah=x", 400)],
)
def test_what_cannot_be_answered_is_refused(filled: Feeds, path: str, query: str, status: int) -> None:
    assert filled.get(f"{path}?{query}").status_code == status


def test_what_is_known_is_not_sent_again_until_something_changes(feeds: Feeds) -> None:
    text = made("teks", "k", **CLAIM)
    feeds.publish(teks=[text])
    paths = ("ninjs", "klarifikasi", "atom.xml", f"ninjs/{of(text)[0][-32:]}")
    tags = {path: feeds.get(path).headers["etag"] for path in paths}
    for path, mark in tags.items():
        again = feeds.get(path, **{"If-None-Match": mark})
        assert (again.status_code, again.content) == (304, b"")
    feeds.publish(teks=[{**text, "judul": "Judul yang dibetulkan"}])
    for path, mark in tags.items():
        assert feeds.get(path, **{"If-None-Match": mark}).status_code == 200


def test_a_clarification_links_to_its_item(feeds: Feeds) -> None:
    text = made("teks", "k", **CLAIM)
    feeds.publish(teks=[text, made("teks", "r")])
    found = feeds.get("klarifikasi")
    assert found.headers["content-type"] == "application/ld+json"
    (review,) = found.json()["dataFeedElement"]
    assert feeds.client.get(review["url"]).json()["uri"] == review["@id"] == of(text)[0]


def test_atom_has_what_a_reader_needs_and_bears_what_offices_write(feeds: Feeds) -> None:
    text = made("teks", "t", judul="Apel <b>&</b> \x0b pasar", isi="Isi lengkap.")
    feeds.publish(teks=[text], foto=[made("foto", "f", keterangan="Keterangan foto.")])
    answer = feeds.get("atom.xml?batas=10")
    assert answer.headers["content-type"] == "application/atom+xml"
    root = ElementTree.fromstring(answer.content)
    read: Callable[[str], Any] = lambda path: [each.text for each in root.findall(path, NS)]  # noqa: E731
    assert root.tag == f"{{{NS['a']}}}feed" and root.find("a:link[@rel='self']", NS) is not None
    assert all(len(read(f"a:{name}")) == 1 for name in ("id", "title", "updated"))
    assert sorted(read("a:entry/a:id")) == sorted([*of(text), *of(made("foto", "f"), dataset="foto")])
    assert "Apel <b>&</b> \ufffd pasar" in read("a:entry/a:title")
    assert read("a:entry/a:content") == ["Isi lengkap."] and read("a:entry/a:summary") == ["Keterangan foto."]
    assert len(read("a:entry/a:author/a:name")) == len(read("a:entry/a:updated")) == 2


def test_atom_carries_media(feeds: Feeds) -> None:
    from infra.serving import atom

    shown = [
        {"name": "web", "href": "https://x.example/w.jpg", "contentType": "image/jpeg", "sizeInBytes": 7},
        {"name": "kecil", "href": "https://x.example/k.webp", "contentType": "image/webp", "width": 4, "height": 3},
    ]
    item = {"uri": "urn:spit:konten:1", "pubStatus": "usable", "headlines": [{"value": "Foto"}], "by": "Humas"}
    item |= {"versionCreated": "2026-11-24T00:00:00+07:00", "firstCreated": "2026-11-24T00:00:00+07:00"}
    made_ = atom.feed([{**item, "renditions": shown}], changed="", own="https://x.example/atom.xml", item=str)
    entry = ElementTree.fromstring(made_).find("a:entry", NS)
    assert entry is not None
    (enclosure,), (thumbnail,) = entry.findall("a:link[@rel='enclosure']", NS), entry.findall("m:thumbnail", NS)
    assert (enclosure.get("type"), enclosure.get("length")) == ("image/jpeg", "7")
    assert thumbnail.attrib == {"url": "https://x.example/k.webp", "width": "4", "height": "3"}


def test_a_file_that_vanishes_between_two_looks_is_weather_and_not_a_fault(tmp_path: Path) -> None:
    feeds = Feeds(tmp_path)
    feeds.publish(teks=[made("teks", "a")])
    assert feeds.get("ninjs").status_code == 200
    feeds.publish(teks=[made("teks", "a", judul="Judul yang lain")])
    until = time.monotonic() + 10
    while (answer := feeds.get("ninjs")).status_code != 200 or answer.json()["versi"] == 1:
        assert answer.status_code in {200, 503} and time.monotonic() < until
        time.sleep(0.1)
