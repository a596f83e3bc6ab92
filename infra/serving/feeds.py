"""Feeds for newsrooms: the content items as ninjs, what changed since, clarifications as ClaimReview, and Atom.

They read `published/ninjs/` and the renditions beside it, which passed the one public gate. Pages go by version: who
has come to the end asks again with the last `tanda` and gets what came, changed or was canceled since, each once more.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from threading import RLock
from typing import Annotated, Any

import duckdb
import orjson
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from infra.publishing.editions import ROOT
from infra.serving.answers import JSON, kept, known, responses, rows, tag
from infra.serving.atom import feed as atom
from infra.serving.selection import ROWS, Selection, select
from infra.serving.shelf import FRESH_S, Shelf, Table
from infra.storage.store import NotFound, Store
from transforms import ninjs
from transforms.shape import literal

PAGES = ("ninjs", "klarifikasi", "atom.xml")
MOST_ITEMS = 1_000
JSON_LD, ATOM = "application/ld+json", "application/atom+xml"
COLUMNS = {
    "versi": "BIGINT",
    **dict.fromkeys(("uri", "status", "dataset", "kode_satker", "peristiwa"), "VARCHAR"),
    **dict.fromkeys(("pertama_pada", "diubah_pada"), "TIMESTAMPTZ"),
    **dict.fromkeys(("butir", "klarifikasi"), "VARCHAR"),
}
"""Of the tables of `infra/publishing/items.py`; any of them filters, as everywhere in the API."""

Identity = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="Akhir urn:spit:konten:… / end of its name")]
Copy = Annotated[str, Path(pattern=r"^[0-9a-f]{64}\.[a-z0-9]{2,4}$", description="Nama berkas rendisi / its file")]


@dataclass(frozen=True)
class Filters:
    """What is read by `select`, written down for OpenAPI."""

    dataset: Annotated[str | None, Query(description="teks, foto, video, audio")] = None
    kode_satker: Annotated[str | None, Query(description="Satker")] = None
    peristiwa: Annotated[str | None, Query(description="Peristiwa / event")] = None
    status: Annotated[str | None, Query(description="usable, canceled")] = None
    sejak: Annotated[str | None, Query(alias="diubah_pada.min", description="Berubah sejak / changed since")] = None
    batas: Annotated[int, Query(ge=1, le=MOST_ITEMS, description="Butir per halaman / items a page")] = ROWS


@dataclass(frozen=True)
class Paged(Filters):
    """The same, by pages."""

    setelah: Annotated[str | None, Query(description="`tanda` halaman sebelumnya / mark of the page before")] = None


@dataclass(frozen=True)
class _Known:
    table: Table | None
    version: int
    changed: str
    raw: bytes


class Items:
    """The items that are published, as one table; looked at again every FRESH_S."""

    def __init__(self, store: Store, shelf: Shelf, engine: duckdb.DuckDBPyConnection) -> None:
        self._store, self._shelf, self._engine = store, shelf, engine
        self._lock, self._looked = RLock(), float("-inf")
        self._of: object = None
        self._known = _Known(None, 0, "", b"")

    def now(self) -> _Known:
        """What there is at this moment. 503 before the first publication."""
        with self._lock:
            publication = self._shelf.now()
            if publication is None:
                raise HTTPException(503, "belum ada yang terbit / nothing is published yet", {"Retry-After": "60"})
            if time.monotonic() - self._looked > FRESH_S or self._of is not publication:
                try:
                    raw = self._store.get(f"{ROOT}/ninjs/indeks.json")
                except NotFound:
                    raw = b"{}"
                if raw != self._known.raw or self._of is not publication:
                    try:
                        self._known, self._of = self._read(raw), publication
                    except NotFound:
                        raise _publishing() from None
                self._looked = time.monotonic()
            return self._known

    def ask(self, asked: Selection, sql: str) -> list[dict[str, Any]]:
        """The rows; a file that was taken back since we looked is looked for no more."""
        try:
            return rows(self._engine, sql, asked.values).to_pylist()
        except duckdb.IOException:
            with self._lock:
                self._looked = float("-inf")
            raise _publishing() from None

    def _read(self, raw: bytes) -> _Known:
        index = orjson.loads(raw)
        entries = [*index.get("hari", ()), *([index["batal"]] if "batal" in index else [])]
        paths = [f["berkas"] for entry in entries for f in entry["berkas"] if f["berkas"].endswith(".parquet")]
        there = ", ".join(literal(str(self._shelf.path(path))) for path in paths)
        table = Table(
            name="ninjs",
            title="ninjs",
            description="",
            edition=str(index.get("dibuat_dari")),
            columns=COLUMNS,
            key=("versi", "uri"),
            source=f"read_parquet([{there}])",
            schema={},
        )
        return _Known(table if paths else None, index.get("versi", 0), index.get("diubah_pada") or "", raw)


def _publishing() -> HTTPException:
    """What we looked at was taken back meanwhile: ask again."""
    return HTTPException(503, "sedang terbit / being published", {"Retry-After": "1"})


def router(store: Store, shelf: Shelf, engine: duckdb.DuckDBPyConnection) -> APIRouter:
    """The feeds over what this store has published."""
    feed, items = APIRouter(), Items(store, shelf, engine)

    def get(path: str, summary: str, kind: str, *also: int) -> Any:
        """A route whose answer is of this media type."""
        told = responses(kind, also=also)
        return feed.get(path, summary=summary, responses=told, response_class=Response, response_model=None)

    def found(request: Request, *more: tuple[str, str]) -> tuple[_Known, Selection | None]:
        now = items.now()
        asked = [*request.query_params.multi_items(), *more]
        return now, select(now.table, [pair for pair in asked if pair[0] != "pilih"]) if now.table else None

    def page(asked: Selection | None, column: str, request: Request) -> tuple[list[Any], str | None, bool]:
        """The values of a page, the mark of its end, and whether there are more."""
        before = request.query_params.get("setelah")
        if asked is None:
            return [], before, False
        asked.columns = [column]
        lines = items.ask(asked, asked.sql)
        shown = lines[: asked.limit]
        last = asked.cursor(shown[-1]) if shown else before
        return [orjson.loads(line[column]) for line in shown], last, len(lines) > asked.limit

    @get("/ninjs", "Butir konten, ninjs 3.1 / content items", JSON, 400)
    def collection(request: Request, _: Annotated[Paged, Depends()]) -> Response:
        now, asked = found(request)
        if cached := known(request, mark := _mark(now, request)):
            return cached
        content, last, more = page(asked, "butir", request)
        body = {
            "versi": now.version,
            "butir": [ninjs.linked(item, _link(request)) for item in content],
            "tanda": last,
            "lanjut": _following(request, last) if more else None,
        }
        return _answer(body, request, last, more, mark, JSON)

    @get("/ninjs/{id}", "Satu butir / one item", JSON, 404, 410)
    def one(id: Identity, request: Request) -> Response:
        now = items.now()
        if now.table is None:
            raise HTTPException(404, "tidak ada / there is none")
        asked = select(now.table, [("uri", f"urn:spit:konten:{id}")])
        lines = items.ask(asked, asked.sql)
        if not lines:
            raise HTTPException(404, "tidak ada / there is none")
        line = lines[-1]
        mark = tag(line["uri"], str(line["versi"]), str(request.base_url))
        if cached := known(request, mark):
            return cached
        body = orjson.dumps(ninjs.linked(orjson.loads(line["butir"]), _link(request)))
        gone = 410 if line["status"] == "canceled" else 200
        return Response(body, gone, kept(mark), JSON)

    @get("/klarifikasi", "Klarifikasi, schema.org ClaimReview / clarifications", JSON_LD, 400)
    def clarifications(request: Request, _: Annotated[Paged, Depends()]) -> Response:
        now, asked = found(request, ("klarifikasi.kosong", "tidak"))
        if cached := known(request, mark := _mark(now, request)):
            return cached
        content, last, more = page(asked, "klarifikasi", request)
        reviews = [{**each, "url": _of(request, each["@id"])} for each in content]
        body = {"@context": "https://schema.org", "@type": "DataFeed", "dataFeedElement": reviews}
        return _answer(body, request, last, more, mark, JSON_LD)

    @get("/atom.xml", "Yang terbaru, Atom / the newest", ATOM, 400)
    def newest(request: Request, _: Annotated[Filters, Depends()]) -> Response:
        now, asked = found(request)
        if cached := known(request, mark := _mark(now, request)):
            return cached
        lines: list[dict[str, Any]] = []
        if asked is not None:
            order = f" ORDER BY versi DESC, uri LIMIT {min(asked.limit, MOST_ITEMS)}"
            lines = items.ask(asked, f"SELECT butir FROM {asked.table.source}{asked.where}{order}")
        content = [ninjs.linked(orjson.loads(line["butir"]), _link(request)) for line in lines]
        body = atom(content, changed=now.changed, own=str(request.url), item=lambda uri: _of(request, uri))
        return Response(body, headers=kept(mark), media_type=ATOM)

    @get("/rendisi/{nama}", "Rendisi / a rendition", "image/*", 206, 404, 416)
    def rendition(nama: Copy, request: Request) -> Response:
        publication = shelf.now()
        listed = publication and publication.tables.get("rendisi")
        if listed is None:
            raise HTTPException(404, "tidak ada / there is none")
        asked = f"SELECT any_value(tipe_media) AS jenis FROM {listed.source} WHERE berkas = ?"
        ((kind,),) = rows(engine, asked, [f"rendisi/{nama}"]).to_pydict().values()
        mark = tag(nama)
        if kind is None:
            raise HTTPException(404, "tidak ada / there is none")
        if cached := known(request, mark):
            return cached
        held = ExitStack()
        try:
            path = held.enter_context(store.local(f"{ROOT}/rendisi/{nama}"))
        except NotFound:
            raise HTTPException(404, "belum ada / not there yet") from None
        return FileResponse(path, headers=kept(mark), media_type=kind, background=BackgroundTask(held.close))

    return feed


def _mark(now: _Known, request: Request) -> str:
    return tag(str(now.table and now.table.edition), str(request.url))


def _link(request: Request) -> Any:
    return lambda path: f"{request.base_url}api/1/{path}"


def _of(request: Request, uri: str) -> str:
    return f"{request.base_url}api/1/ninjs/{uri.rpartition(':')[2]}"


def _following(request: Request, last: str | None) -> str:
    return str(request.url.include_query_params(setelah=last))


def _answer(body: Any, request: Request, last: str | None, more: bool, mark: str, kind: str) -> Response:
    headers = kept(mark) | ({"Link": f'<{_following(request, last)}>; rel="next"'} if more else {})
    return Response(orjson.dumps(body), headers=headers, media_type=kind)
