"""A table of a Parquet file as JSON: one array with one object a line, for whoever reads neither CSV nor Parquet."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from transforms.shape import OFFLINE, literal


def write(parquet: Path, target: Path) -> None:
    """In the order of the file; instants are ISO 8601 in UTC, as in the CSV, and what is empty is null."""
    shown = ", ".join(map(_shown, pq.read_schema(parquet)))
    with duckdb.connect(config=OFFLINE) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(
            f"COPY (SELECT {shown} FROM read_parquet({literal(str(parquet))})) TO {literal(str(target))}"
            " (FORMAT json, ARRAY true)"
        )


def _shown(field: pa.Field) -> str:
    name = f'"{field.name}"'
    if pa.types.is_timestamp(field.type):
        return f"replace(strftime({name}, '%Y-%m-%dT%H:%M:%S.%fZ'), '.000000Z', 'Z') AS {name}"
    return name
