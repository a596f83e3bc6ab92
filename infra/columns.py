"""The definitions of a table's columns, carried where readers of Delta tables look for them."""

from __future__ import annotations

import pyarrow as pa
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
    """Each column's definition also as its `comment`, where Spark, Trino and others look for it."""
    fields = [
        f.with_metadata({**f.metadata, b"comment": f.metadata[b"definisi"]}) if b"definisi" in (f.metadata or {}) else f
        for f in rows.schema
    ]
    return rows.cast(pa.schema(fields, metadata=rows.schema.metadata))
