"""What judging decided, between `judge` and `curate`: files of the store, some of them too large to be held."""

from __future__ import annotations

import io
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from infra.storage.store import Store

if TYPE_CHECKING:
    from infra.judging.judge import Verdict


def key(batch: int, table: str, lane: int | None = None) -> str:
    """Where what a batch adds to a table waits: its rows, or those of one of its fast lanes."""
    return f"judged/{batch:08d}/{table}{'' if lane is None else f'.{lane}'}.parquet"


def keep(store: Store, batch: int, verdict: Verdict) -> None:
    """Keep a verdict for the steps after, in place of whatever was kept of an earlier try."""
    for stat in list(store.list(f"judged/{batch:08d}/")):
        store.delete(stat.key)
    for table, paths in verdict.lanes.items():
        for lane, path in enumerate(paths):
            store.put(key(batch, table, lane), path)
    for table, rows in verdict.tables.items():
        put(store, batch, table, rows)


def put(store: Store, batch: int, table: str, rows: pa.Table) -> None:
    """Keep what a batch adds to a table."""
    out = io.BytesIO()
    pq.write_table(rows, out, compression="zstd")
    store.put(key(batch, table), out.getvalue())


def rows(store: Store, batch: int, table: str) -> pa.Table:
    """What a batch adds to a table, but for its fast lanes."""
    return pq.read_table(io.BytesIO(store.get(key(batch, table))))


def files(store: Store, batch: int, table: str, stack: ExitStack, *, fast: bool = False) -> list[Path]:
    """The files of all that a batch adds to a table, or of its fast lanes alone, for as long as `stack` is open."""
    keys = [stat.key for stat in store.list(f"judged/{batch:08d}/{table}.")]
    return [stack.enter_context(store.local(k)) for k in keys if not fast or k != key(batch, table)]


def by_submission(table: pa.Table) -> dict[str, pa.Table]:
    """The rows about each submission, in their order."""
    told = table["kiriman"].combine_chunks().dictionary_encode()
    names, which = told.dictionary.to_pylist(), np.asarray(told.indices)
    order = np.argsort(which, kind="stable")
    rows = table.take(order) if len(names) > 1 else table
    begins = np.searchsorted(which[order], np.arange(len(names) + 1)).tolist()
    return {name: rows.slice(begin, end - begin) for name, (begin, end) in zip(names, pairwise(begins), strict=True)}
