"""The definitions of a table's columns, carried where readers of Delta tables and of Parquet files look for them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from deltalake import DeltaTable


def redefine(delta: DeltaTable, there: pa.Schema, wanted: pa.Schema) -> None:
    """Give the table's columns the definitions a newer standard words differently; Delta appends only to equal ones.

    A commit of its own each, so it is done when it is due, and a writer killed in between has it behind it.
    """
    for field in wanted:
        mine = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        if field.name in there.names:
            theirs = there.field(field.name).metadata or {}
            if any(theirs.get(key.encode()) != value.encode() for key, value in mine.items()):
                delta.alter.set_column_metadata(field.name, mine)


def commented(rows: pa.Table) -> pa.Table:
    """The rows, in a schema as `defined` makes it."""
    return rows.cast(defined(rows.schema))


def defined(schema: pa.Schema) -> pa.Schema:
    """Each column's definition also as its `comment`, where Spark, Trino and others look for it, with its `sumber`:
    the standard that words it so."""
    source = (schema.metadata or {}).get(b"standar", b"")
    fields = [
        f.with_metadata({**f.metadata, b"comment": f.metadata[b"definisi"], **({b"sumber": source} if source else {})})
        if b"definisi" in (f.metadata or {})
        else f
        for f in schema
    ]
    return pa.schema(fields, metadata=schema.metadata)


def footer(schema: pa.Schema) -> str:
    """SQL: what DuckDB has to write into a Parquet file's footer (KV_METADATA) to carry the same, in this order."""
    return f"{{'ARROW:schema': '{base64.b64encode(defined(schema).serialize().to_pybytes()).decode()}'}}"
