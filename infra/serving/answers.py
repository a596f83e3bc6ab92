"""What answers have in common: marks by which they are known again, and rows out of DuckDB."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import duckdb
import pyarrow as pa
from fastapi import Request
from fastapi.responses import Response

from infra.serving.selection import WrongQuery


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


def rows(engine: duckdb.DuckDBPyConnection, sql: str, values: Sequence[str]) -> pa.Table:
    """The rows of a SELECT; WrongQuery when one of its values is not of the type it should be."""
    cursor = engine.cursor()
    try:
        return cursor.execute(sql, values).to_arrow_table()
    except duckdb.ConversionException as error:
        raise WrongQuery(f"nilai tidak terbaca / a value cannot be read: {str(error).splitlines()[0]}") from error
    finally:
        cursor.close()
