"""The public API: read-only, over what is published and nothing else. OpenAPI at /openapi.json.

It holds no door to the lake: its tables are the published files, which passed the one public gate, and the code lists.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from logging import getLogger
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

import duckdb
import orjson
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from fastapi import FastAPI, HTTPException, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from infra.serving.answers import JSON, given, kept, known, responses, rows, said, tag
from infra.serving.callers import Callers
from infra.serving.door import Door, refusal
from infra.serving.feeds import PAGES as FEEDS
from infra.serving.feeds import router as feeds
from infra.serving.index import Indexes
from infra.serving.pages import PAGES, Page, placed
from infra.serving.selection import MOST_ROWS, ROWS, Selection, WrongQuery, select
from infra.serving.shelf import Publication, Shelf, Table, code_lists
from infra.storage.store import NotFound, Store
from schemas.daftar_data import plan

BASE = "/api/1"
LOOK_S = 60.0
"""Who asks finds what is new within two seconds; if nobody asks, we look so often."""
LISTS = ("dataset", "referensi", "jadwal-rilis", "dip")
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
TABULAR = ("application/json", "text/csv", "application/vnd.apache.parquet")

Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Nama tabel / name of a table")]
Form = Annotated[Literal["json", "csv", "parquet"], Field(alias="format", description="Bentuk jawaban / form")]


class Paging(BaseModel):
    """What every request for rows may say beside its conditions; `select` reads all but the form."""

    form: Form = "json"
    pilih: Annotated[str | None, Field(description="Kolom, dipisah koma / columns, separated by commas")] = None
    batas: Annotated[int, Field(ge=1, le=MOST_ROWS, description="Baris per halaman / rows a page")] = ROWS
    setelah: Annotated[str | None, Field(description="Tanda halaman sebelumnya / mark of the page before")] = None


def application(
    store: Store, callers: Callers, public_base: str | None = None, indexes: FilePath | None = None
) -> FastAPI:
    """The API over what this store has published; callers reach it at `public_base`, or as they say they do.

    In the folder `indexes` it keeps those of large editions; without one it has none.
    """
    index = Indexes(indexes) if indexes else None

    @asynccontextmanager
    async def while_it_runs(_: FastAPI) -> AsyncIterator[None]:
        """Also when nobody asks, an index is made in time, and none is kept of what is published no more."""
        looking = asyncio.create_task(_now_and_then(published)) if index else None
        yield
        if index and looking:
            looking.cancel()
            await asyncio.wait([looking])
            index.close()

    app = FastAPI(
        title="SPIT: data kehumasan untuk umum",
        version="1",
        description=(
            "Hanya baca, hanya yang terbit. Read-only, only what is published. Kolom apa pun menyaring / any column"
            " filters: `kolom=nilai`, `kolom.min=`, `kolom.maks=`, `kolom.memuat=`, `kolom.kosong=ya|tidak`."
        ),
        docs_url=None,  # the page it makes asks another server for its scripts
        redoc_url=None,
        lifespan=while_it_runs,
    )
    app.add_middleware(Door, callers=callers, public_base=public_base)
    shelf, lists = Shelf(store), code_lists()
    # Each request reads on the thread that answers it: many at once are the rule, and one alone is as fast.
    engine = duckdb.connect(config={"threads": 1, "memory_limit": "1GB", "autoinstall_known_extensions": False})
    engine.execute("SET parquet_metadata_cache = true; SET TimeZone = 'UTC'; SET lock_configuration = true")

    def published() -> Publication:
        if (now := shelf.now()) is None:
            raise HTTPException(503, "belum ada yang terbit / nothing is published yet", {"Retry-After": "60"})
        if index:
            index.follow(now)
        return now

    def named(tables: Any, name: str) -> Table:
        if name not in tables:
            raise HTTPException(404, f"tidak ada tabel {name} / there is no such table")
        return tables[name]

    def page(table: Table, request: Request, form: str) -> Response:
        asked = select(table, request.query_params.multi_items())
        mark = tag(table.edition, table.name, request.url.query)
        if cached := known(request, mark):
            return cached
        if form == "json" and index and (lines := index.page(asked)) is not None:
            return _as_json(asked, lines, request, mark)
        found = rows(engine, asked.sql, asked.values)
        if form == "json":
            return _as_json(asked, found.to_pylist(), request, mark)
        return _as_file(asked, found, request, form, mark)

    @app.exception_handler(WrongQuery)
    async def wrong(_: Request, error: WrongQuery) -> Response:
        return refusal(400, str(error))

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
    def rows_of(nama: Name, request: Request, asked: Annotated[Paging, Query()]) -> Response:
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
    def one_list(nama: Name, request: Request, asked: Annotated[Paging, Query()]) -> Response:
        return page(named(lists, nama), request, asked.form)

    @get("/dip", "Daftar informasi publik / what information there is", *TABULAR, also=(400, 404))
    def listing(request: Request, asked: Annotated[Paging, Query()]) -> Response:
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


async def _now_and_then(look: Callable[[], object]) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    while True:
        try:
            await run_in_threadpool(look)
        except HTTPException:
            pass  # nothing is published yet
        except (OSError, BotoCoreError, ClientError) as weather:
            getLogger("uvicorn.error").warning("cannot look at what is published: %s", weather)
        await asyncio.sleep(LOOK_S)


def _as_json(asked: Selection, found: list[dict[str, Any]], request: Request, mark: str) -> Response:
    following, headers = _ending(asked, found[asked.limit - 1 :], request, mark)
    shown = dict.fromkeys(asked.columns)
    lines = found[: asked.limit]
    if len(shown) < len(asked.names):
        lines = [{name: line[name] for name in shown} for line in lines]
    body = {"tabel": asked.table.name, "terbitan": asked.table.edition, "baris": lines, "lanjut": following}
    return Response(orjson.dumps(body, default=str), media_type=JSON, headers=headers)


def _as_file(asked: Selection, found: pa.Table, request: Request, form: str, mark: str) -> Response:
    _, headers = _ending(asked, found.slice(asked.limit - 1).to_pylist(), request, mark)
    shown, sink = found.slice(0, asked.limit).select(list(dict.fromkeys(asked.columns))), io.BytesIO()
    if form == "csv":
        pacsv.write_csv(shown, sink)
    else:
        pq.write_table(shown, sink, compression="zstd")
    return Response(sink.getvalue(), media_type=MEDIA_TYPES[form], headers=headers)


def _ending(
    asked: Selection, end: list[dict[str, Any]], request: Request, mark: str
) -> tuple[str | None, dict[str, str]]:
    """Where the next page is, and the headers; `end`: the last row of this page and what was found behind it."""
    headers = kept(mark)
    if len(end) < 2:
        return None, headers
    following = str(request.url.include_query_params(setelah=asked.cursor(end[0])))
    return following, headers | {"Link": f'<{following}>; rel="next"'}


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
