"""The public API: read-only, over what is published and nothing else. OpenAPI at /openapi.json.

It holds no door to the lake: its tables are the published files, which passed the one public gate, and the code lists.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import ceil
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

import duckdb
import orjson
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.routing import APIRoute

from infra.serving.answers import JSON, given, kept, known, responses, rows, said, tag
from infra.serving.callers import Callers, UnknownKey
from infra.serving.feeds import PAGES as FEEDS
from infra.serving.feeds import router as feeds
from infra.serving.pages import PAGES, Page, placed
from infra.serving.selection import MOST_ROWS, ROWS, Selection, WrongQuery, select
from infra.serving.shelf import Publication, Shelf, Table, code_lists
from infra.storage.store import NotFound, Store
from schemas.daftar_data import plan

BASE = "/api/1"
LISTS = ("dataset", "referensi", "jadwal-rilis", "dip")
MEDIA_TYPES = {
    "json": JSON,
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
TABULAR = ("application/json", "text/csv", "application/vnd.apache.parquet")

Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Nama tabel / name of a table")]
Form = Annotated[Literal["json", "csv", "parquet"], Query(alias="format", description="Bentuk jawaban / form")]


@dataclass(frozen=True)
class Paging:
    """What every request for rows may say beside its conditions; `select` reads all but the form."""

    form: Form = "json"
    pilih: Annotated[str | None, Query(description="Kolom, dipisah koma / columns, separated by commas")] = None
    batas: Annotated[int, Query(ge=1, le=MOST_ROWS, description="Baris per halaman / rows a page")] = ROWS
    setelah: Annotated[str | None, Query(description="Tanda halaman sebelumnya / mark of the page before")] = None


def application(store: Store, callers: Callers, public_base: str | None = None) -> FastAPI:
    """The API over what this store has published; callers reach it at `public_base`, or as they say they do."""
    outside = urlsplit(public_base) if public_base else None
    app = FastAPI(
        title="SPIT: data kehumasan untuk umum",
        version="1",
        description=(
            "Hanya baca, hanya yang terbit. Read-only, only what is published. Kolom apa pun menyaring / any column"
            " filters: `kolom=nilai`, `kolom.min=`, `kolom.maks=`, `kolom.memuat=`, `kolom.kosong=ya|tidak`."
        ),
        docs_url=None,  # the page it makes asks another server for its scripts
        redoc_url=None,
    )
    shelf, lists = Shelf(store), code_lists()
    # Each request reads on the thread that answers it: many at once are the rule, and one alone is as fast.
    engine = duckdb.connect(config={"threads": 1, "memory_limit": "1GB", "autoinstall_known_extensions": False})
    engine.execute("SET parquet_metadata_cache = true; SET TimeZone = 'UTC'; SET lock_configuration = true")

    def published() -> Publication:
        if (now := shelf.now()) is None:
            raise HTTPException(503, "belum ada yang terbit / nothing is published yet", {"Retry-After": "60"})
        return now

    def named(tables: Any, name: str) -> Table:
        if name not in tables:
            raise HTTPException(404, f"tidak ada tabel {name} / there is no such table")
        return tables[name]

    def page(table: Table, request: Request, form: str) -> Response:
        asked = select(table, request.query_params.multi_items())
        mark = tag(table.edition, table.name, request.url.query)
        return known(request, mark) or _answer(asked, rows(engine, asked.sql, asked.values), request, form, mark)

    @app.middleware("http")
    async def door(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        """Who is it, and is it too often?"""
        address = request.client.host if request.client else "-"
        try:
            caller = callers.who(request.headers.get("x-api-key"), address)
        except UnknownKey:
            return _refusal(401, "kunci tidak dikenal / unknown key")
        left = callers.take(caller)
        if left.wait_s:
            said = f"paling banyak {caller.per_minute} permintaan per menit / at most {caller.per_minute} a minute"
            answer = _refusal(429, said, {"Retry-After": str(int(left.wait_s) + 1)})
        else:
            if outside:
                _as_seen_from(outside, request)
            answer = await go_on(request)
        answer.headers["RateLimit-Limit"] = str(caller.per_minute)
        answer.headers["RateLimit-Remaining"] = str(left.requests)
        answer.headers["RateLimit-Reset"] = str(ceil(left.whole_s))
        return answer

    @app.exception_handler(WrongQuery)
    async def wrong(_: Request, error: WrongQuery) -> Response:
        return _refusal(400, str(error))

    def get(path: str, summary: str, *kinds: str, also: tuple[int, ...] = ()) -> Any:
        """A route whose answer is one of these media types."""
        told = responses(*(kinds or (JSON,)), also=also)
        return app.get(BASE + path, summary=summary, responses=told, response_class=Response, response_model=None)

    @get("", "Apa yang ada / what there is")
    def front(request: Request) -> Response:
        now = published()
        links = {each: f"{BASE}/{each}" for each in (*LISTS, *FEEDS, *PAGES)}
        return said(request, {"rilis": now.release, "terbit": now.created, "tautan": links})

    @get("/dataset", "Semua tabel / all tables")
    def all_tables(request: Request) -> Response:
        return said(request, [_brief(table, "dataset") for table in published().tables.values()])

    @get("/dataset/{nama}", "Satu tabel dan kolomnya / one table and its columns", also=(404,))
    def one_table(nama: Name, request: Request) -> Response:
        return said(request, _whole(named(published().tables, nama)))

    @get("/dataset/{nama}/baris", "Baris / rows", *TABULAR, also=(400, 404))
    def rows_of(nama: Name, request: Request, asked: Annotated[Paging, Depends()]) -> Response:
        return page(named(published().tables, nama), request, asked.form)

    @get("/berkas/{path:path}", "Berkas yang terbit / a published file", *TABULAR, also=(206, 404, 416))
    def file(path: str, request: Request) -> Response:
        now = published()
        if path not in now.files:
            raise HTTPException(404, "berkas tidak terbit / not a published file")
        return _file(shelf, path, now.files[path], request)

    @get("/referensi", "Kode referensi / code lists")
    def all_lists(request: Request) -> Response:
        return said(request, [_brief(table, "referensi") for table in lists.values()])

    @get("/referensi/{nama}", "Satu daftar kode / one code list", *TABULAR, also=(400, 404))
    def one_list(nama: Name, request: Request, asked: Annotated[Paging, Depends()]) -> Response:
        return page(named(lists, nama), request, asked.form)

    @get("/dip", "Daftar informasi publik / what information there is", *TABULAR, also=(400, 404))
    def listing(request: Request, asked: Annotated[Paging, Depends()]) -> Response:
        if (dip := published().dip) is None:
            raise HTTPException(404, "belum terbit / not published yet")
        return page(dip, request, asked.form)

    @get("/jadwal-rilis", "Daftar data dan jadwal rilis / what is due from whom, and when")
    def schedule(request: Request) -> Response:
        return said(request, [vars(line) for lines in plan().values() for line in lines])

    app.include_router(feeds(store, shelf, engine), prefix=BASE)

    @get("/{halaman}", "Katalog / catalogue", *dict.fromkeys(PAGES.values()), also=(404,))
    def catalogue(halaman: Page, request: Request) -> Response:
        published()
        try:
            return given(request, placed(store, halaman, f"{request.base_url}api/1/berkas/"), PAGES[halaman])
        except NotFound:
            raise HTTPException(404, "belum terbit / not published yet") from None

    described = app.openapi()  # written down before HEAD joins, which is GET without its body
    described["components"]["securitySchemes"] = {"kunci": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}
    described["security"] = [{}, {"kunci": []}]
    for route in app.routes:
        if isinstance(route, APIRoute):
            route.methods.add("HEAD")
    return app


def _as_seen_from(outside: SplitResult, request: Request) -> None:
    """Let all addresses in the answer begin as callers have to write them."""
    others = [(name, value) for name, value in request.scope["headers"] if name != b"host"]
    request.scope.update(scheme=outside.scheme, headers=[*others, (b"host", outside.netloc.encode())])


def _answer(asked: Selection, found: pa.Table, request: Request, form: str, mark: str) -> Response:
    more, found = found.num_rows > asked.limit, found.slice(0, asked.limit)
    headers = kept(mark)
    following = None
    if more:
        last = asked.cursor(found.slice(asked.limit - 1).to_pylist()[0])
        following = str(request.url.include_query_params(setelah=last))
        headers["Link"] = f'<{following}>; rel="next"'
    shown = found.select(list(dict.fromkeys(asked.columns)))
    if form == "json":
        table = asked.table
        body = {"tabel": table.name, "terbitan": table.edition, "baris": shown.to_pylist(), "lanjut": following}
        return Response(orjson.dumps(body, default=str), media_type=MEDIA_TYPES[form], headers=headers)
    sink = io.BytesIO()
    if form == "csv":
        pacsv.write_csv(shown, sink)
    else:
        pq.write_table(shown, sink, compression="zstd")
    return Response(sink.getvalue(), media_type=MEDIA_TYPES[form], headers=headers)


def _file(shelf: Shelf, path: str, media_type: str, request: Request) -> Response:
    mark = tag(path)  # an edition's path never stands for other bytes
    name = path.rsplit("/", 1)[-1]
    return known(request, mark) or FileResponse(
        shelf.path(path), media_type=media_type, filename=name, headers=kept(mark)
    )


def _brief(table: Table, kind: str) -> dict[str, Any]:
    where = f"{BASE}/{kind}/{table.name}"
    return {"nama": table.name, "judul": table.title, "terbitan": table.edition, "tautan": where}


def _whole(table: Table) -> dict[str, Any]:
    return {
        **_brief(table, "dataset"),
        "keterangan": table.description,
        "lisensi": list(table.licences),
        "skema": table.schema,
        "baris": f"{BASE}/dataset/{table.name}/baris",
        "berkas": {form: f"{BASE}/berkas/{path}" for form, path in table.files.items()},
    }


def _refusal(status: int, said: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"detail": said}, status, headers)
