"""OpenLineage events of real steps: valid by the specification, true in their counts, silent about content; posted."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jsonschema_rs
import pytest

from infra import lineage, steps
from infra.storage.store import open_store
from tests.office import Installation
from tests.samples import make

SPEC = Path(__file__).parent / "standards" / "openlineage-2-0-2"
SCHEMAS = {schema["$id"]: schema for schema in (json.loads(path.read_text()) for path in SPEC.glob("*.json"))}


def validator(pointer: str) -> Any:
    return jsonschema_rs.Draft202012Validator({"$ref": pointer}, retriever=SCHEMAS.__getitem__, validate_formats=True)


def facets(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in (event["run"], event["job"], *event["inputs"], *event["outputs"]):
        for name in ("facets", "inputFacets", "outputFacets"):
            yield from part.get(name, {}).values()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Every event of a submission with two good texts and one bad, taken in and published."""
    spit = Installation.at(tmp_path_factory.mktemp("spit"))
    spit.drop("kiriman-rahasia", make.items("teks", {"judul": "Judul rahasia"}, {"nomor": "UJI/2"}, {"judul": ""}))
    spit.take_in()
    spit.release()
    steps.deliver(spit.settings)
    store = open_store(spit.settings.store)
    lines = [line for stat in store.list(lineage.ROOT) for line in store.get(stat.key).splitlines()]
    return [json.loads(line) for line in lines]


def of(told: list[dict[str, Any]], job: str) -> dict[str, Any]:
    (event,) = [e for e in told if e["job"]["name"] == job and e["eventType"] == "COMPLETE"]
    return event


def rows(datasets: list[dict[str, Any]], side: str) -> dict[str, int]:
    return {d["name"]: d[f"{side}Facets"][f"{side}Statistics"]["rowCount"] for d in datasets if f"{side}Facets" in d}


def test_every_event_and_facet_is_valid(told: list[dict[str, Any]]) -> None:
    assert len(told) == 8
    for event in told:
        validator(event["schemaURL"]).validate(event)
        for facet in facets(event):
            if facet["_schemaURL"] != "urn:spit:openlineage:batch":
                validator(facet["_schemaURL"]).validate(facet)
    broken = {**told[0], "eventTime": "kemarin"}
    with pytest.raises(jsonschema_rs.ValidationError):
        validator(broken["schemaURL"]).validate(broken)


def test_each_run_starts_and_completes(told: list[dict[str, Any]]) -> None:
    kinds = {job: [e["eventType"] for e in told if e["job"]["name"] == job] for job in {e["job"]["name"] for e in told}}
    assert kinds == {job: ["START", "COMPLETE"] for job in ("judge", "curate", "release", "deliver")}
    assert len({e["run"]["runId"] for e in told}) == 4
    for job in kinds:
        began, ended = (e["eventTime"] for e in told if e["job"]["name"] == job)
        assert began <= ended


def test_what_one_step_writes_the_next_reads(told: list[dict[str, Any]]) -> None:
    written = {job: {d["name"] for d in of(told, job)["outputs"]} for job in ("judge", "curate", "release", "deliver")}
    read = {job: {d["name"] for d in of(told, job)["inputs"]} for job in ("judge", "curate", "release", "deliver")}
    assert read["judge"] == {"raw/jateng"}
    assert read["curate"] <= written["judge"]
    assert written["curate"] <= read["release"]
    assert read["deliver"] <= written["release"]
    assert {"published/teks", "mitra/sdi"} <= written["deliver"]


def test_the_counts_are_those_of_the_rows(told: list[dict[str, Any]]) -> None:
    judge, curate = of(told, "judge"), of(told, "curate")
    assert rows(judge["inputs"], "input") == {"raw/jateng": 3}
    assert rows(judge["outputs"], "output")["judged/teks"] == 2
    assert (
        rows(curate["outputs"], "output")["tables/teks"]
        == rows(of(told, "release")["inputs"], "input")["tables/teks"]
        == 2
    )
    (teks,) = [d for d in curate["outputs"] if d["name"] == "tables/teks"]
    assert teks["facets"]["version"]["datasetVersion"].isdigit()
    fields = {f["name"]: f for f in teks["facets"]["schema"]["fields"]}
    assert fields["judul"]["type"] == "string"
    assert "Judul bahan" in fields["judul"]["description"]


def test_nothing_of_the_content_is_in_them(told: list[dict[str, Any]]) -> None:
    said = json.dumps(told)
    assert [word for word in ("rahasia", "UJI", "JATENG", "apel", "2026-000001", "/tmp") if word in said] == []


@contextmanager
def collector(code: int = 201) -> Iterator[tuple[str, list[tuple[str, str | None, dict[str, Any]]]]]:
    """An OpenLineage server that answers `code`: its address, and what it was sent."""
    heard: list[tuple[str, str | None, dict[str, Any]]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, self.headers.get("Authorization"), json.loads(body)))
            self.send_response(code)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        server.server_close()


def test_events_wait_out_the_weather_and_are_posted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spit = Installation.at(tmp_path / "spit")
    store = open_store(spit.settings.store)

    def waiting() -> list[str]:
        return [stat.key.rpartition("/")[2].partition("-")[0] for stat in store.list(lineage.UNSENT)]

    with collector() as (gone, _):
        pass
    monkeypatch.setenv("OPENLINEAGE_URL", gone)  # nobody listens there any more
    spit.drop("satu", make.items("teks", {}))
    spit.take_in()
    assert waiting() == ["curate", "judge"]
    with collector(503) as (busy, heard):
        monkeypatch.setenv("OPENLINEAGE_URL", busy)
        assert lineage.send(store) == 0
        assert len(heard) == 1
    with collector() as (url, heard):
        monkeypatch.setenv("OPENLINEAGE_URL", url)
        monkeypatch.setenv("OPENLINEAGE_API_KEY", "kunci")
        steps.judge(spit.settings)
        assert waiting() == []
        assert [(path, key) for path, key, _ in heard] == [("/api/v1/lineage", "Bearer kunci")] * 4
        assert {event["job"]["name"] for _, _, event in heard} == {"judge", "curate"}
        steps.judge(spit.settings)
        assert len(heard) == 4


def test_what_the_server_refuses_is_kept_and_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spit = Installation.at(tmp_path / "spit")
    store = open_store(spit.settings.store)
    with collector(422) as (url, _):
        monkeypatch.setenv("OPENLINEAGE_URL", url)
        spit.drop("satu", make.items("teks", {}))
        spit.take_in()
    assert list(store.list(lineage.UNSENT)) == []
    assert [store.get(stat.key)[:3] for stat in store.list(lineage.REFUSED)] == [b"422", b"422"]


def test_what_is_old_goes(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    for day in ("2020-01-01", "2999-01-01"):
        store.put(f"{lineage.ROOT}{day}/judge-1.ndjson", b"")
        store.put(f"{lineage.UNSENT}{day}/judge-1.ndjson", b"")
    assert lineage.forget(store) == 2
    assert all("2999" in stat.key for stat in store.list(lineage.ROOT))
