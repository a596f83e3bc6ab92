"""Sources on the web against real servers: every page once, from nowhere else, and no reply believed that is none."""

import json
from typing import Any

import pytest

from infra.sources.crawl import STATE
from infra.sources.http import PAGES
from infra.sources.table import format_of
from infra.sources.web import Web
from infra.storage.store import content_key, open_store
from tests.far_servers import Served
from tests.office import Installation, counts
from tests.remote_offices import (
    ApiOffice,
    PortalOffice,
    be_due,
    item,
    land_until_killed,
    look,
    register,
    taken,
    troubles,
)
from tests.samples import make

pytest_plugins = ["tests.remote_fixtures"]

# A JSON API

SHAPES = {
    "bare": {"paging": {"page": "halaman", "first": 1}},
    "data": {"paging": {"offset": "mulai"}},
    "code": {"paging": {"page": "halaman"}},
    "fields": {"paging": {"offset": "mulai"}},
    "links": {"paging": {"next": "links.next"}},
    "kursor": {"paging": {"cursor": "kursor", "at": "meta.next"}},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_page_of_every_shape_is_read_once(spit: Installation, api: ApiOffice, shape: str) -> None:
    api.write([item(f"teks-{n}", f"Judul nomor {n}") for n in range(5)])
    url = f"http://127.0.0.1:{api.wire.port}/api/{shape}?batas=2"
    register(spit, api.config(url=url, group=None, name="Rilis Harian", **SHAPES[shape]))
    assert look(spit) == {"fetched": 1, "landed": 1}
    store = open_store(spit.settings.store)
    record = json.loads(store.get(content_key(spit.one("rilis-harian", source="jauh").fingerprint)))
    (table,) = [file["sha256"] for file in record["berkas"] if file["nama"] == "data.ndjson"]
    rows = [json.loads(line) for line in store.get(content_key(table)).splitlines()]
    assert [row["nomor"] for row in rows] == [f"UJI/teks-{n}" for n in range(5)]


def test_the_same_rows_in_another_order_are_nothing_new(spit: Installation, api: ApiOffice) -> None:
    rows = [item(f"teks-{n}", f"Judul nomor {n}") for n in range(4)]
    api.write(rows)
    register(spit, api.config(group=None))
    assert look(spit) == {"fetched": 1, "landed": 1}
    api.write(rows[::-1])
    assert look(spit) == {}


def test_only_rows_that_changed_are_asked_for(spit: Installation, api: ApiOffice, web: Served) -> None:
    rows = [{**item(f"teks-{n}", f"Judul {n}"), "diubah_pada": f"2026-11-0{n}T00:00:00Z"} for n in (1, 2, 3)]
    api.write(rows)
    since = {"param": "sejak", "field": "diubah_pada"}
    register(spit, api.config(group="nomor", since=since, paging={"page": "halaman"}))
    assert look(spit) == {"fetched": 3, "landed": 3}
    web.asked()
    rows[0] |= {"judul": "Judul yang diganti", "diubah_pada": "2026-11-05T00:00:00Z"}
    api.write(rows)
    assert look(spit) == {"fetched": 1, "landed": 1}
    assert all("sejak=2026-11-03" in line for line in web.asked())


def test_a_killed_walk_goes_on_with_the_page_it_had_come_to(spit: Installation, api: ApiOffice, web: Served) -> None:
    api.write([item(f"teks-{n}", f"Judul nomor {n}") for n in range(20)])
    register(spit, api.config(group=None))
    web.asked()
    api.wire.hold(5_000)
    state = spit.settings.landing / "jauh" / PAGES / STATE
    assert land_until_killed(spit, lambda: state.exists() and json.loads(state.read_text())["number"] >= 3)
    first = web.asked()
    api.wire.let_go()
    assert look(spit) == {"fetched": 1, "landed": 1}
    second = web.asked()
    assert len(first) + len(second) <= 12, "11 pages, and the one that was cut off"
    spit.take_in()
    assert counts(spit.one("teks", source="jauh")) == (20, 20, 0, 0)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (["status", 500], "answered 500"),
        (["status", 404], "answered 404"),
        (["truncate", 5_000], "RemoteProtocolError"),
        (["reply", {"code": 500, "status": "error", "message": "basis data mati"}], "basis data mati"),
        (["reply", {"success": False, "error": {"__type": "Validation Error"}}], "Validation Error"),
        (["reply", {"pesan": "tanpa baris"}], "records"),
        (["reply", {"data": "bukan daftar"}], "no list of rows"),
        (["reply", {"data": [1, 2]}], "not objects"),
        (["reply", {"data": [{"nomor": "x"}]}], "same page again"),
        (["redirect", "/api/data"], "circle"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_reply_that_is_none_is_weather(
    spit: Installation, api: ApiOffice, web: Served, rule: list[Any], says: str
) -> None:
    api.put("teks-satu", "Judul pertama")
    web.mood(rules=[["/api/data", *rule]])
    register(spit, api.config())
    assert look(spit) == {"unreachable": 1}
    (trouble,) = troubles(spit)
    assert says in trouble.trouble
    web.mood()
    be_due(spit)
    assert look(spit) == {"fetched": 1, "landed": 1}


def test_nobody_leads_us_to_another_server(spit: Installation, api: ApiOffice, web: Served, elsewhere: Served) -> None:
    there = f"http://127.0.0.1:{elsewhere.port}/api/data"
    api.put("teks-satu", "Judul pertama")
    for rule in (["redirect", there], ["reply", {"data": [item("x", "Judul")], "links": {"next": there}}]):
        web.mood(rules=[["/api/data", *rule]])
        register(spit, api.config(paging={"next": "links.next"}))
        be_due(spit)
        assert look(spit) == {"unreachable": 1}
        (trouble,) = troubles(spit)
        assert "not followed" in trouble.trouble


def test_files_are_fetched_from_the_api_s_own_server_alone(
    spit: Installation, api: ApiOffice, web: Served, elsewhere: Served
) -> None:
    (web.folder / "berkas").mkdir(exist_ok=True)
    (web.folder / "berkas" / "apel.jpg").write_bytes(make.picture())
    links = [
        "/berkas/apel.jpg",
        f"http://127.0.0.1:{elsewhere.port}/rahasia.jpg",
        "http://169.254.169.254/latest/meta-data",
        "/berkas/tiada.jpg",
        "/berkas/dialihkan.jpg",
        "file:///etc/passwd",
    ]
    web.mood(rules=[["/berkas/dialihkan.jpg", "redirect", f"http://127.0.0.1:{elsewhere.port}/rahasia.jpg"]])
    good = {**make.GOOD["foto"], "berkas": None}
    api.write([{**good, "nomor": f"UJI/{n}", "foto_url": link} for n, link in enumerate(links)])
    register(spit, api.config(dataset="foto", group=None, media={"berkas": "foto_url"}))
    spit.take_in()
    s = spit.one("foto", source="jauh")
    assert counts(s) == (6, 1, 5, 0), spit.receipt(s.receipt)
    assert {"BERKAS_TIDAK_ADA", "JALUR_BERKAS"} >= set(spit.rules(s.receipt)) - {"KOLOM_TIDAK_DIKENAL"}


@pytest.mark.parametrize(
    ("base", "link", "own"),
    [
        ("https://api.id/v1", "/v1?p=2", "https://api.id/v1?p=2"),
        ("https://api.id/v1", "http://api.id/v1?p=2", "https://api.id/v1?p=2"),
        ("https://api.id/v1", "https://api.id:443/v1", "https://api.id/v1"),
        ("https://api.id/v1", "https://api.id:8443/v1", None),
        ("https://api.id/v1", "http://api.id:8080/v1", None),
        ("https://api.id/v1", "https://api.id.jahat.example/v1", None),
        ("https://api.id/v1", "https://api.id@jahat.example/v1", None),
        ("https://api.id/v1", "//jahat.example/v1", None),
        ("https://api.id/v1", "ftp://api.id/v1", None),
        ("https://api.id/v1", "http://api.id:x/", None),
        ("http://api.id:8080/", "http://api.id/", None),
    ],
)
def test_what_is_this_server_and_what_is_not(base: str, link: str, own: str | None) -> None:
    assert Web(None, base, 0).own(link) == own


# A CKAN portal


def test_a_portal_is_asked_only_for_what_changed_and_is_ours(
    spit: Installation, portal: PortalOffice, web: Served
) -> None:
    for n in range(4):
        portal.put(f"teks-{n}", f"Judul nomor {n}")
    portal.put("pajak-daerah", "Bukan milik kami")
    register(spit, portal.config())
    assert look(spit) == {"fetched": 4, "landed": 4}
    web.asked()
    portal.put("teks-2", "Judul yang diganti")
    assert look(spit) == {"fetched": 1, "landed": 1}
    asked = web.asked()
    assert "metadata_modified" in asked[0] and sum("package_show" in line for line in asked) == 1


FEED = {
    "@context": {
        "dcat": "http://www.w3.org/ns/dcat#",
        "dct": "http://purl.org/dc/terms/",
        "hydra": "http://www.w3.org/ns/hydra/core#",
    },
}


def feed(portal: PortalOffice, names: list[str]) -> dict[str, Any]:
    graph = [
        {
            "@id": f"{portal.base}/dataset/{name}",
            "@type": "dcat:Dataset",
            "dct:title": name,
            "dct:modified": "2026-11-02T00:00:00",
            "dcat:distribution": {
                "@id": f"{portal.base}/dataset/{name}/resource/1",
                "@type": "dcat:Distribution",
                "dcat:downloadURL": {"@id": f"{portal.base}/{name}.csv"},
                "dct:format": "CSV",
            },
        }
        for name in names
    ]
    return {**FEED, "@graph": graph}


@pytest.mark.parametrize("kind", ["catalog.jsonld", "catalog.ttl"])
def test_where_the_api_is_closed_the_feed_tells(
    spit: Installation, portal: PortalOffice, web: Served, kind: str
) -> None:
    portal.put("teks-satu", "Judul pertama")
    portal.put("teks-dua", "Judul kedua")
    first, second = feed(portal, ["teks-satu"]), feed(portal, ["teks-dua", "pajak"])
    suffix = kind.rpartition(".")[2]
    first["@graph"].append({"@id": f"{portal.base}/{kind}", "hydra:next": {"@id": f"{portal.base}/catalog.2.{suffix}"}})
    for name, page in ((kind, first), (f"catalog.2.{suffix}", second)):
        content = json.dumps(page)
        if suffix == "ttl":
            from rdflib import Graph

            content = Graph().parse(data=content, format="json-ld").serialize(format="turtle")
        (web.folder / name).write_text(content)
    web.mood(rules=[["/portal/api/", "status", 403]])
    register(spit, portal.config(feed=kind, bawaan={"klasifikasi_informasi": "BERKALA"}))
    assert look(spit) == {"fetched": 2, "landed": 2}
    assert look(spit) == {}
    assert taken(spit) == [("teks-dua", 1), ("teks-satu", 1)]
    spit.take_in()
    assert counts(spit.one("teks-satu", source="jauh")) == (1, 1, 0, 0)


def test_a_feed_whose_context_is_a_link_is_not_read(
    spit: Installation, portal: PortalOffice, web: Served, elsewhere: Served
) -> None:
    poisoned = {**feed(portal, ["teks-satu"]), "@context": f"http://127.0.0.1:{elsewhere.port}/konteks.jsonld"}
    (web.folder / "catalog.jsonld").write_text(json.dumps(poisoned))
    web.mood(rules=[["/portal/api/", "status", 404]])
    register(spit, portal.config())
    assert look(spit) == {"unreachable": 1}
    assert "context" in troubles(spit)[0].trouble


def test_a_portal_that_answers_nonsense_is_weather(spit: Installation, portal: PortalOffice, web: Served) -> None:
    register(spit, portal.config())
    for result in ([], {"count": 1}, {"count": "x", "results": []}, {"count": 1, "results": [{"title": "x"}]}):
        web.mood(rules=[["/portal/api/", "reply", {"success": True, "result": result}]])
        be_due(spit)
        assert look(spit) == {"unreachable": 1}, result


def test_a_portal_whose_files_are_kept_elsewhere_is_told_so(
    spit: Installation, portal: PortalOffice, web: Served, elsewhere: Served
) -> None:
    portal.put("teks-satu", "Judul pertama")
    web.mood(rules=[["/portal/teks-satu.csv", "redirect", f"http://127.0.0.1:{elsewhere.port}/teks-satu.csv"]])
    register(spit, portal.config())
    assert look(spit) == {"refused": 1}
    assert spit.rules(spit.one("teks-satu", source="jauh").receipt) == ["TAUTAN_KE_LUAR"]


def test_success_false_is_weather_and_no_reason_to_read_the_feed(
    spit: Installation, portal: PortalOffice, web: Served
) -> None:
    portal.put("teks-satu", "Judul pertama")
    error = {"success": False, "error": {"__type": "Search Error", "message": "Solr mati"}}
    web.mood(rules=[["/portal/api/", "reply", error]])
    register(spit, portal.config())
    assert look(spit) == {"unreachable": 1}
    assert "Solr mati" in troubles(spit)[0].trouble


def test_one_dataset_that_cannot_be_had_holds_up_no_other(
    spit: Installation, portal: PortalOffice, web: Served
) -> None:
    portal.put("teks-satu", "Judul pertama")
    portal.put("teks-dua", "Judul kedua")
    web.mood(rules=[["/portal/teks-satu.csv", "status", 503]])
    register(spit, portal.config())
    assert look(spit) == {"fetched": 1, "landed": 1, "unreachable": 1}
    (trouble,) = troubles(spit)
    assert (trouble.name, "503" in trouble.trouble) == ("teks-satu", True)
    web.mood()
    be_due(spit)
    assert look(spit) == {"fetched": 1, "landed": 1}


@pytest.mark.parametrize(
    ("resources", "rule"),
    [
        ([{"url": "{base}/laporan.pdf", "format": "PDF"}], "TABEL_TERBUKA_TIDAK_ADA"),
        ([], "TABEL_TERBUKA_TIDAK_ADA"),
        ([{"url": "http://169.254.169.254/meta.csv", "format": "CSV"}], "TAUTAN_KE_LUAR"),
    ],
)
def test_what_a_portal_cannot_give_is_refused_once(
    spit: Installation, portal: PortalOffice, resources: list[dict[str, str]], rule: str
) -> None:
    portal.publish("teks-satu", [{**each, "url": each["url"].format(base=portal.base)} for each in resources])
    register(spit, portal.config())
    assert look(spit) == {"refused": 1}
    assert look(spit) == {}
    s = spit.one("teks-satu", source="jauh")
    assert (s.state, spit.rules(s.receipt)) == ("DITOLAK", [rule])
    portal.put("teks-satu", "Judul pertama")
    assert look(spit) == {"fetched": 1, "landed": 1}


@pytest.mark.parametrize(
    ("declared", "address", "format"),
    [
        ("CSV", "https://x.id/a", "csv"),
        (".xlsx", "https://x.id/a", "xlsx"),
        ("xlxs", "https://x.id/a", "xlsx"),
        ("csv/xlsx", "https://x.id/a.xlsx", "xlsx"),
        ("text/csv", "https://x.id/unduh", "csv"),
        ("http://publications.europa.eu/resource/authority/file-type/CSV", "https://x.id/a", "csv"),
        ("https://www.iana.org/assignments/media-types/application/json", "https://x.id/a", "json"),
        ("", "https://x.id/a.CSV?versi=2", "csv"),
        ("PDF", "https://x.id/a.pdf", ""),
        ("google spreadsheet", "https://x.id/a", ""),
    ],
)
def test_formats_as_portals_write_them(declared: str, address: str, format: str) -> None:
    assert format_of(declared, address) == format
