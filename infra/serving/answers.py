"""What answers have in common: marks by which they are known again, what may go wrong, and rows out of DuckDB."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from threading import BoundedSemaphore
from typing import Any

import duckdb
import orjson
import pyarrow as pa
from fastapi import Request
from fastapi.responses import Response

from infra.serving.selection import WrongQuery

JSON = "application/json"
_DETAIL = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
_WRONG = {
    400: "Pertanyaan yang tidak dapat dijawab, dan sebabnya / a question that cannot be answered, and why",
    401: "Kunci tidak dikenal / unknown key",
    404: "Tidak ada / there is none",
    429: "Terlalu sering; tunggu sebanyak Retry-After / too often; wait for Retry-After",
    503: "Belum ada yang terbit, atau sedang terbit / nothing is published yet, or it is being published",
}
_SAME = {
    206: "Sebagian berkas, menurut Range / part of the file, as Range says",
    410: "Sudah ditarik; butirnya hanya mengatakan itu / canceled, and the item says no more than that",
}
_BARE = {
    304: "Belum berubah sejak ETag itu / not changed since that ETag",
    416: "Range di luar berkas / Range outside the file",
}
ALWAYS = (304, 401, 429, 503)
"""What may be the answer to anything."""

_AT_ONCE = BoundedSemaphore(os.cpu_count() or 1)
"""Questions answered side by side; more than there are cores only make each other late."""


def responses(*kinds: str, also: Sequence[int] = ()) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: the media types of what is given, and with `also` everything else that may be the answer."""
    said: dict[int | str, dict[str, Any]] = {200: {"content": {kind: {} for kind in kinds}}}
    for status in (*ALWAYS, *also):
        if status in _SAME:
            said[status] = {"description": _SAME[status], "content": {kind: {} for kind in kinds}}
        elif status in _BARE:
            said[status] = {"description": _BARE[status]}
        else:
            said[status] = {"description": _WRONG[status], "content": {JSON: {"schema": _DETAIL}}}
    return said


def tag(*parts: str) -> str:
    """The ETag of what is made of these and nothing else."""
    return f'"{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()[:24]}"'


def kept(mark: str) -> dict[str, str]:
    """The headers of an answer that may be kept for a minute."""
    return {"ETag": mark, "Cache-Control": "public, max-age=60"}


def known(request: Request, mark: str) -> Response | None:
    """304, if whoever asks has this already."""
    if mark in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=kept(mark))
    return None


def given(request: Request, body: bytes, kind: str = JSON) -> Response:
    """A page with the mark of its bytes, or 304."""
    mark = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    return known(request, mark) or Response(body, headers=kept(mark), media_type=kind)


def said(request: Request, value: object) -> Response:
    """The same of anything JSON can say."""
    return given(request, orjson.dumps(value))


def rows(engine: duckdb.DuckDBPyConnection, sql: str, values: Sequence[str]) -> pa.Table:
    """The rows of a SELECT; WrongQuery when one of its values is not of the type it should be."""
    with _AT_ONCE, engine.cursor() as cursor:
        try:
            return cursor.execute(sql, values).to_arrow_table()
        except duckdb.ConversionException as error:
            raise WrongQuery(f"nilai tidak terbaca / a value cannot be read: {str(error).splitlines()[0]}") from error
