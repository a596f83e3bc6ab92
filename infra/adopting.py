"""Parquet files as they are, made part of a Delta table: nothing is read or written again but their footers.

The files are checked as strictly as rows are (`transforms/strict.py`), out of what their footers say of every row
group, and the commit carries the bounds of their columns, so that readers of the table skip files as they do others.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from deltalake.transaction import AddAction, RemoveAction

from infra.storage.store import Store
from schemas.dataset import Dataset
from transforms.strict import verify

LONGEST = 32
"""Characters of a text that bounds a column; longer ones bound nothing."""


def added(
    store: Store, table: str, paths: Iterable[Path], prefix: str = "part-", *, new: bool = True
) -> list[AddAction | RemoveAction]:
    """Put the files beside the table's others; the actions by which a commit makes them part of it.

    `prefix`: how their names begin. `new`: whether their rows are; else the table has had them, in other files.
    A file of a commit that never came is in nobody's way, and goes with the others `Lake.vacuum` finds.
    """
    actions: list[AddAction | RemoveAction] = []
    for path in paths:
        name = f"{prefix}{uuid.uuid4()}.zstd.parquet"
        stat = store.put(f"tables/{table}/{name}", path)
        bounds = json.dumps(_bounds(pq.read_metadata(path)))
        actions.append(AddAction(name, stat.size, {}, int(time.time() * 1000), new, bounds))
    return actions


def check(dataset: Dataset, paths: Iterable[Path]) -> int:
    """How many rows the files have. ContractError when they are not what the standard wants."""
    rows = 0
    for path in paths:
        footer = pq.read_metadata(path)
        verify(dataset, pq.read_schema(path), _nulls(footer))
        rows += footer.num_rows
    return rows


def _nulls(footer: pq.FileMetaData) -> Callable[[str], int | None]:
    places = {footer.schema.column(at).path: at for at in range(footer.num_columns)}

    def count(column: str) -> int | None:
        found = 0
        for group in range(footer.num_row_groups):
            said = footer.row_group(group).column(places[column]).statistics
            if said is None or not said.has_null_count:
                return None
            found += said.null_count
        return found

    return count


def _bounds(footer: pq.FileMetaData) -> dict[str, Any]:
    """Delta's statistics of a file: the number of rows, and the lowest, the highest and the missing values."""
    lowest: dict[str, Any] = {}
    highest: dict[str, Any] = {}
    nulls = _nulls(footer)
    missing: dict[str, int] = {}
    for at in range(footer.num_columns):
        name = footer.schema.column(at).path
        if (count := nulls(name)) is not None:
            missing[name] = count
        said = [footer.row_group(group).column(at).statistics for group in range(footer.num_row_groups)]
        # A group of nothing but NULL has no bounds and needs none.
        bound = [s for s in said if s is not None and s.num_values and s.has_min_max]
        if not bound or len(bound) < sum(s is None or s.num_values > 0 for s in said):
            continue
        low, high = min(s.min for s in bound), max(s.max for s in bound)
        if all(isinstance(v, str) and len(v) <= LONGEST for v in (low, high)) or isinstance(low, int | float | date):
            lowest[name], highest[name] = _said(low), _said(high)
    return {"numRecords": footer.num_rows, "minValues": lowest, "maxValues": highest, "nullCount": missing}


def _said(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
