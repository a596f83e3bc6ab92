"""The public API as a process over a real publication: what it gives, what it refuses, that it knows nothing else."""

import asyncio
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow.parquet as pq
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from rdflib import Graph, URIRef
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infra import steps
from infra.serving.app import application
from infra.serving.callers import ANYBODY_PER_MINUTE, Callers, Left
from infra.serving.pages import PAGES
from infra.serving.shelf import Shelf
from infra.storage.store import open_store
from tests.office import Installation
from tests.samples import make
from tests.servers import Bucket, die_with_parent, free_ports

ROOT = Path(__file__).parent.parent
KEY = "kunci-mitra-uji"
SECRET = "Rahasia penyidikan perkara uji"
TITLES = [f"Rilis ke-{number:02d} tentang pasar" for number in range(25)]


@dataclass(frozen=True)
class Served:
    spit: Installation
    url: str
    client: httpx.Client = field(default_factory=httpx.Client)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(self.url + path, headers={"X-API-Key": KEY, **headers})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("api")
    spit = Installation.at(home / "home")
    (port,) = free_ports(1)
    keys = home / "kunci.toml"
    keys.write_text(f'[mitra-uji]\nsha256 = "{hashlib.sha256(KEY.encode()).hexdigest()}"\nper_menit = 1000000\n')
    env = {**os.environ, "SPIT_HOME": str(spit.settings.home), "SPIT_API_KEYS": str(keys)}
    command = [sys.executable, "-m", "infra.serving.server", "127.0.0.1", str(port)]
    with subprocess.Popen(command, env=env, cwd=ROOT, preexec_fn=die_with_parent) as process:  # noqa: PLW1509
        try:
            api = Served(spit, f"http://127.0.0.1:{port}")
            until = time.monotonic() + 60
            while True:
                try:
                    assert api.get("/api/1").status_code == 503  # nothing is published yet, and it says so
                    break
                except httpx.TransportError:
                    assert time.monotonic() < until and process.poll() is None
                    time.sleep(0.1)
            spit.drop("rilis", make.items("teks", *({"nomor": f"UJI/{t[9:11]}", "judul": t} for t in TITLES)))
            secret = {"nomor": "UJI/RAHASIA", "judul": SECRET, "klasifikasi_informasi": "DIKECUALIKAN"}
            secret |= {"dasar_pengecualian": "a1", "nomor_uji_konsekuensi": "UK/1/2026"}
            secret |= {"dikecualikan_sampai": "2031-01-01"}
            spit.drop("rahasia", make.items("teks", secret))
            spit.drop("foto", make.items("foto", {"nomor": "UJI/F1"}))
            spit.take_in()
            steps.render(spit.settings)
            steps.curate(spit.settings)
            spit.publish()
            assert spit.one("rahasia").rows_accepted == 1
            time.sleep(2.1)  # for so long it goes by what it saw last
            yield api
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def test_pages_hold_every_public_row_once_in_the_order_of_the_key(served: Served) -> None:
    found, path = [], "/api/1/dataset/teks/baris?batas=4&pilih=judul,nomor"
    while path:
        page = served.get(path)
        assert page.status_code == 200
        assert len(page.json()["baris"]) <= 4
        found += page.json()["baris"]
        path = (page.json()["lanjut"] or "").removeprefix(served.url)
        assert page.links.get("next", {}).get("url", "").removeprefix(served.url) == path
    assert [row["judul"] for row in found] == TITLES
    assert set(found[0]) == {"judul", "nomor"}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("judul.memuat=KE-1", 10),
        ("nomor=UJI/01&nomor=UJI/07", 2),
        ("nomor.min=UJI/20", 5),
        ("nomor.min=UJI/20&nomor.maks=UJI/21", 2),
        ("embargo_sampai.kosong=ya", 25),
        ("embargo_sampai.kosong=tidak", 0),
        ("_diterima_pada.min=2020-01-01T00:00:00Z", 25),
        ("tanggal_kejadian=2026-11-20", 25),
        ("judul=' OR 1=1 --", 0),
    ],
)
def test_any_column_filters(served: Served, query: str, count: int) -> None:
    assert len(served.get(f"/api/1/dataset/teks/baris?{query}").json()["baris"]) == count


@pytest.mark.parametrize(
    "query",
    [
        "bukan_kolom=1",
        "judul.mirip=a",
        "_tertahan=x",
        "tanggal_kejadian=kemarin",
        "setelah=bukan",
        "setelah=WzFd",
        "pilih=sandi",
        "pilih=judul,(SELECT 1)",
        "&".join(f"judul.min={n}" if n else "nomor=1" for n in range(2)) + "".join(f"&a{n}=1" for n in range(60)),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(served: Served, query: str) -> None:
    answer = served.get(f"/api/1/dataset/teks/baris?{query}")
    assert answer.status_code == 400
    assert "/" in answer.json()["detail"]


def test_the_same_page_as_csv_and_parquet(served: Served) -> None:
    query = "/api/1/dataset/teks/baris?batas=7&pilih=nomor,judul&format="
    rows = served.get(f"{query}json").json()["baris"]
    assert pq.read_table(io.BytesIO(served.get(f"{query}parquet").content)).to_pylist() == rows
    (Path(served.spit.settings.home) / "halaman.csv").write_bytes(served.get(f"{query}csv").content)
    read = duckdb.sql(f"FROM read_csv('{served.spit.settings.home}/halaman.csv', all_varchar = true)").fetchall()
    assert read == [tuple(row.values()) for row in rows]


def test_whole_files_are_those_the_package_names_with_the_bytes_it_promises(served: Served) -> None:
    package = served.get("/api/1/datapackage.json").json()
    assert {"teks", "foto", "media"} <= {each["name"] for each in package["resources"]}
    for each in package["resources"]:
        answer = served.get(each["path"].removeprefix(served.url))
        assert f"sha256:{hashlib.sha256(answer.content).hexdigest()}" == each["hash"]
        part = served.get(each["path"].removeprefix(served.url), Range="bytes=0-3")
        assert (part.status_code, part.content) == (206, answer.content[:4])


def addresses(served: Served, page: str) -> set[str]:
    """Every address in a page that is not a name (`urn:`), as a reader finds it who knows where the page came from."""
    url = f"{served.url}/api/1/{page}"
    content = served.get(f"/api/1/{page}").content
    if page.startswith("katalog"):
        kind = "turtle" if page.endswith("ttl") else "json-ld"
        graph = Graph().parse(data=content, format=kind, publicID=url)
        found = {str(node) for triple in graph for node in triple if isinstance(node, URIRef)}
    else:
        told = json.loads(content)
        links = [each["path"] for each in told.get("resources", ())]
        links += [file["downloadURL"] for each in told.get("dataset", ()) for file in each["distribution"]]
        found = set(links)
    return {each for each in found if not each.startswith("urn:")}


@pytest.mark.parametrize("page", PAGES)
def test_every_address_in_a_catalogue_leads_to_what_it_names(served: Served, page: str) -> None:
    found = addresses(served, page)
    assert all(each.startswith("http") for each in found), "a harvester cannot ask for less than a whole address"
    ours = {each for each in found if each.startswith(served.url)}
    tables = len(served.get("/api/1/dataset").json())
    assert len(ours) >= 3 * tables
    assert {
        each: status for each in ours if (status := served.get(each.removeprefix(served.url)).status_code) != 200
    } == {}


@pytest.mark.parametrize("base", ["https://data.example", None])
def test_addresses_begin_as_whoever_asks_has_to_write_them(served: Served, base: str | None) -> None:
    there, begin = "http://10.0.0.7:8110", base or "http://10.0.0.7:8110"
    app = application(open_store(str(served.spit.settings.home / "lake")), Callers(None), base)

    async def ask(path: str) -> dict[str, Any]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=there) as client:
            return (await client.get(path)).json()

    page = asyncio.run(ask("/api/1/data.json"))
    links = [file["downloadURL"] for each in page["dataset"] for file in each["distribution"]]
    assert {link.partition("/api/1/berkas/")[0] for link in links} == {begin}
    assert asyncio.run(ask("/api/1/dataset/teks/baris?batas=1"))["lanjut"].startswith(f"{begin}/api/1/")


def test_the_list_of_public_information_leads_to_what_it_lists(served: Served) -> None:
    listed = served.get("/api/1/dip?batas=1000").json()["baris"]
    assert len(listed) == len(TITLES) + 1
    assert {row["dataset"] for row in listed} == {"teks", "foto"}
    for row in (listed[0], listed[-1]):
        item = served.get(row["media"].partition("; ")[2]).json()
        assert row["judul"] in json.dumps(item, ensure_ascii=False)
    assert [row["nomor"] for row in served.get("/api/1/dip?dataset=foto&pilih=nomor").json()["baris"]] == [1]


WAYS = {
    "/api/1/dataset/{nama}": "teks",
    "/api/1/dataset/{nama}/baris": "teks",
    "/api/1/referensi/{nama}": "satker",
    "/api/1/berkas/{path}": "",
    "/api/1/ninjs/{id}": "",
    "/api/1/rendisi/{nama}": "",
    "/api/1/{halaman}": "katalog.ttl",
}
"""Path in the OpenAPI document → what to ask for; those left empty are looked up."""


def test_nothing_that_is_known_is_sent_again(served: Served) -> None:
    """Every path of the OpenAPI document gives a mark and how long it may be kept, and answers 304 to that mark."""
    file = served.get("/api/1/data.json").json()["dataset"][0]["distribution"][0]["downloadURL"]
    (item, *_) = served.get("/api/1/ninjs?dataset=teks").json()["butir"]
    (copy,) = served.get("/api/1/dataset/rendisi/baris?batas=1").json()["baris"]
    found = {"path": file.partition("/berkas/")[2], "id": item["uri"].rpartition(":")[2]}
    found["nama"] = copy["berkas"].removeprefix("rendisi/")
    for path in served.get("/openapi.json").json()["paths"]:
        asked = re.sub(r"\{(\w+)\}", lambda name: WAYS[path] or found[name[1]], path)  # noqa: B023
        first = served.get(asked)
        assert first.status_code == 200, asked
        assert first.headers["cache-control"] == "public, max-age=60", asked
        again = served.get(asked, **{"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), asked
        head = httpx.head(served.url + asked)
        assert (head.headers["etag"], head.content) == (first.headers["etag"], b""), asked


def test_a_part_of_a_rendition_can_be_asked_for(served: Served) -> None:
    (copy,) = served.get("/api/1/dataset/rendisi/baris?batas=1").json()["baris"]
    whole, part = (served.get(f"/api/1/{copy['berkas']}", **more) for more in ({}, {"Range": "bytes=2-9"}))
    assert hashlib.sha256(whole.content).hexdigest() == copy["sha256_rendisi"]
    assert (part.status_code, part.content) == (206, whole.content[2:10])


def test_code_lists_come_with_their_authority(served: Served) -> None:
    lists = {each["nama"]: each for each in served.get("/api/1/referensi").json()}
    assert {"satker", "wilayah"} <= lists.keys()
    assert served.get("/api/1/referensi/wilayah?kode=33").json()["baris"][0]["nama"] == "Jawa Tengah"
    pages, path = 0, "/api/1/referensi/satker?batas=100"
    while path:
        page = served.get(path).json()
        pages, path = pages + len(page["baris"]), (page["lanjut"] or "").removeprefix(served.url)
    assert pages > 500
    assert any(line["dataset"] == "teks" for line in served.get("/api/1/jadwal-rilis").json())


@pytest.mark.parametrize(
    "path",
    [
        "/api/1/berkas/../released.json",
        "/api/1/berkas/%2e%2e/%2e%2e/ledger.db",
        "/api/1/berkas//etc/passwd",
        "/api/1/berkas/teks/../../receipts/2026-000001.1.json",
        "/api/1/released.json",
        "/api/1/dataset/temuan",
        "/api/1/dataset/kiriman/baris",
        "/api/1/referensi/daftar",
        "/api/1/referensi/..%2f..%2fsettings",
        "/docs",
        "/",
    ],
)
def test_nothing_else_is_reachable(served: Served, path: str) -> None:
    assert served.get(path).status_code in {404, 422}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert httpx.request(method, served.url + "/api/1/dataset", headers={"X-API-Key": KEY}).status_code == 405


def test_what_is_excluded_is_nowhere(served: Served) -> None:
    package = served.get("/api/1/datapackage.json")
    everything = [package.content, *(served.get(f"/api/1/{p}").content for p in ("katalog.jsonld", "data.json"))]
    everything += [served.get(each["path"].removeprefix(served.url)).content for each in package.json()["resources"]]
    feeds = ("dataset/teks/baris", "ninjs", "klarifikasi", "atom.xml")
    everything += [served.get(f"/api/1/{feed}?batas=1000").content for feed in feeds]
    assert TITLES[0].encode() in everything[-1]
    assert not any(SECRET.encode() in content for content in everything)


def test_an_unknown_key_is_refused_and_too_many_requests_wait(served: Served) -> None:
    assert served.get("/api/1", **{"X-API-Key": "salah"}).status_code == 401
    with httpx.Client(base_url=served.url) as anybody:
        answers = [anybody.get("/api/1") for _ in range(ANYBODY_PER_MINUTE + 40)]
    assert [answer.status_code for answer in answers[:200]] == [200] * 200
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert [int(answers[at].headers["ratelimit-limit"]) for at in (0, -1)] == [ANYBODY_PER_MINUTE] * 2
    left = [int(answers[at].headers["ratelimit-remaining"]) for at in (0, 100, 200)]
    assert ANYBODY_PER_MINUTE > left[0] > left[1] > left[2]
    assert int(answers[-1].headers["ratelimit-remaining"]) == 0 < int(answers[-1].headers["ratelimit-reset"]) <= 60
    assert served.get("/api/1").status_code == 200  # a partner has an allowance of its own


def test_a_file_is_brought_from_a_bucket_once_however_often_it_is_asked_for(bucket: Bucket) -> None:
    store = open_store(f"s3://{bucket.name}/{uuid.uuid4().hex}", endpoint=bucket.endpoint)
    store.put("published/datapackage.json", b'{"version": "1", "created": "2026-11-24", "resources": []}')
    store.put("published/a.csv", b"a")
    shelf = Shelf(store)
    assert shelf.now() is not None
    first = shelf.path("a.csv")
    assert (shelf.path("a.csv"), first.read_bytes()) == (first, b"a")


def test_an_allowance_comes_back_with_time() -> None:
    now = [0.0]
    callers = Callers(None, clock=lambda: now[0])
    caller = callers.who(None, "192.0.2.1")
    taken = [callers.take(caller) for _ in range(ANYBODY_PER_MINUTE)]
    assert [left.wait_s for left in taken] == [0.0] * ANYBODY_PER_MINUTE
    assert [left.requests for left in taken] == list(range(ANYBODY_PER_MINUTE))[::-1]
    assert callers.take(caller) == Left(0, 60 / ANYBODY_PER_MINUTE, 60.0)
    now[0] += 60 / ANYBODY_PER_MINUTE
    assert callers.take(caller).wait_s == 0.0
    assert callers.take(callers.who(None, "192.0.2.2")) == Left(ANYBODY_PER_MINUTE - 1, 0.0, 60 / ANYBODY_PER_MINUTE)


def test_whatever_its_description_allows_it_answers(served: Served) -> None:
    """Schema-driven: requests made up from the OpenAPI document and beside it are answered as it says, never by 5xx."""
    headers = {"X-API-Key": KEY}
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json", headers=headers)
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    asked = 0
    for result in schema.get_all_operations():

        @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=result.ok().as_strategy())
        def ask(case: schemathesis.Case) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(headers=headers, checks=checks)

        ask()
    assert asked > 60
