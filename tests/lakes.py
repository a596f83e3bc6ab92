"""Lakes for tests: where one is, rows for its tables, and several processes at work on it at once."""

import multiprocessing
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from infra.lake import Lake
from infra.storage.store import Store, open_store
from schemas.dataset import tables
from tests.servers import Bucket

RECEIVED = datetime(2026, 11, 24, 3, tzinfo=UTC)
CONTEXT = multiprocessing.get_context("forkserver")  # the Delta library does not survive a fork after its first use
CONTEXT.set_forkserver_preload(["tests.lakes", "infra.storage.bucket", "infra.sql.query"])


@dataclass(frozen=True)
class Place:
    """Where a lake is: what another process needs to open the same one."""

    url: str
    endpoint: str | None = None

    def store(self) -> Store:
        return open_store(self.url, endpoint=self.endpoint)

    def lake(self) -> Lake:
        return Lake(self.store())


def some_place(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A new one, of the kind `folder` or `bucket`."""
    if kind == "folder":
        return Place(str(tmp_path / "danau é 50%"))
    server: Bucket = request.getfixturevalue("bucket")
    return Place(f"s3://{server.name}/{uuid.uuid4().hex}/lake", server.endpoint)


def rows(table: str, batch: int, *keys: str, **values: Any) -> pa.Table:
    """One valid row per key; `values` are the same in all of them."""
    return pa.Table.from_pylist([_row(table, batch, key) | values for key in keys], schema=tables()[table].arrow)


def _row(table: str, batch: int, key: str) -> dict[str, Any]:
    standard, row = tables()[table], {}
    for f in standard.arrow:
        match str(f.type):
            case "string":
                row[f.name] = key
            case "int64":
                row[f.name] = 1
            case "bool":
                row[f.name] = False
            case "date32[day]":
                row[f.name] = date(2026, 11, 20)
            case "double":
                row[f.name] = 0.5
            case _:
                row[f.name] = RECEIVED
    return row | {"_batch": batch, "kode_satker": "JATENG.BANYUMAS"}


def at_once(work: Callable[[Place, int], Any], place: Place, count: int = 2) -> list[Any]:
    """What `count` processes return that begin `work` at the same moment."""
    barrier = CONTEXT.Barrier(count)
    with ProcessPoolExecutor(count, CONTEXT, initializer=_meet, initargs=(barrier, dict(os.environ))) as pool:
        return list(pool.map(_work, [(work, place, number) for number in range(count)]))


def _meet(barrier: Any, environment: dict[str, str]) -> None:
    globals()["barrier"] = barrier
    os.environ.update(environment)


def _work(job: tuple[Callable[[Place, int], Any], Place, int]) -> Any:
    work, place, number = job
    globals()["barrier"].wait(60)
    return work(place, number)


@contextmanager
def working(work: Callable[..., None], *arguments: Any) -> Iterator[BaseProcess]:
    """A process at `work`, which is ended by force if it still runs at the end."""
    process = CONTEXT.Process(target=_in, args=(dict(os.environ), work, *arguments))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _in(environment: dict[str, str], work: Callable[..., None], *arguments: Any) -> None:
    os.environ.update(environment)  # the process this one is forked from may be older than the keys to the bucket
    work(*arguments)
