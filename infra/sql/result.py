"""A result as an analyst wants it: an aligned table, CSV, JSON, Parquet, Arrow or a bar chart."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Sequence
from pathlib import Path

import pyarrow as pa

from infra.columns import defined
from infra.submit import Refused
from schemas.dataset import tables
from transforms.analytics import analyses
from transforms.chart import bars, measurable

WIDEST = 60
"""Characters of one cell in a table; the other formats hold all of it."""


FORMS = ("table", "csv", "json", "parquet", "arrow", "svg")
"""`json` is a list of objects, `arrow` an Arrow IPC file (Feather), `svg` a bar chart."""


def form_of(path: Path | None) -> str:
    """The form a file's name asks for; `table` when it asks for none we know."""
    ending = path.suffix.lower().lstrip(".") if path else ""
    return {"feather": "arrow"}.get(ending, ending if ending in FORMS else "table")


def explained(result: pa.Table, asked: Collection[str]) -> pa.Table:
    """The result with what its columns mean, for the forms that can carry it (Parquet, Arrow).

    A column means what the one of that name and type means in the tables and views that were `asked`; where these
    disagree, or it was computed under another name, nothing is said.
    """
    fields = [_meaning(f, asked) for f in result.schema]
    return result.cast(pa.schema(fields, metadata=result.schema.metadata))


def _meaning(column: pa.Field, asked: Collection[str]) -> pa.Field:
    found: list[dict[bytes, bytes]] = []
    for name in {asked_for.removesuffix("_riwayat") for asked_for in asked}:
        if name in tables() and column.name in tables()[name].arrow.names:
            there = defined(tables()[name].arrow).field(column.name)
            found += [there.metadata] if there.type == column.type and b"comment" in there.metadata else []
        if name in analyses() and (said := dict(analyses()[name].columns).get(column.name)):
            found.append({b"comment": said.encode(), b"sumber": name.encode()})
    same = len({meaning[b"comment"] for meaning in found}) == 1
    return column.with_metadata(found[0]) if same else column


def render(result: pa.Table, form: str) -> bytes:
    """A result in one of `FORMS`; Refused when it has nothing to draw."""
    match form:
        case "arrow":
            sink = pa.BufferOutputStream()
            with pa.ipc.new_file(sink, result.schema) as file:
                file.write_table(result)
            return sink.getvalue().to_pybytes()
        case "svg":
            if not measurable(result):
                raise Refused("a chart needs a name in the first column and a number in the last")
            return bars(result).encode()
        case "csv":
            from pyarrow import csv

            out = io.BytesIO()
            csv.write_csv(result, out)
            return out.getvalue()
        case "json":
            return json.dumps(result.to_pylist(), ensure_ascii=False, indent=1, default=str).encode() + b"\n"
        case "parquet":
            from pyarrow import parquet

            out = io.BytesIO()
            parquet.write_table(result, out, compression="zstd")
            return out.getvalue()
        case _:
            rows = [[_cell(value) for value in row.values()] for row in result.to_pylist()]
            count = f"({result.num_rows} baris)"
            return f"{aligned(result.column_names, rows)}\n{count}\n".encode()


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to their widest cell, headings first."""
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]]
    return "\n".join(lines)


def _cell(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
