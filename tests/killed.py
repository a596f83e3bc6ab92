"""A worker that kills itself (SIGKILL) before its n-th outward act: a write to store, ledger, lake or landing place.

What it leaves is the same wherever it dies between two acts, so all of them together are every way to die.
"""

import itertools
import os
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

from deltalake.table import DeltaTable, TableAlterer

import infra.judging.judge  # noqa: F401 - imported here so that every worker forked from a server has it already
import infra.lake as lake
from infra import steps
from infra.ledger.database import Ledger
from infra.ledger.inbox import Inbox
from infra.settings import Settings
from infra.sources import FolderSource
from infra.storage.bucket import BucketStore
from infra.storage.folder import FolderStore
from transforms.tabular import bulk

ACTS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (FolderStore, ("_place", "delete")),
    (BucketStore, ("_place", "delete")),
    (FolderSource, ("take_away", "answer")),
    (lake, ("write_deltalake",)),
    (DeltaTable, ("create", "create_write_transaction", "create_checkpoint", "vacuum")),
    (TableAlterer, ("add_columns", "set_column_metadata", "set_table_description")),
)
acts = itertools.count(1)


def work(settings: Settings, names: list[str], at: int, environment: Mapping[str, str] | None = None) -> None:
    """Run steps one after another; die at act `at`. Writes the acts there were into `<home>/acts` when it lives.

    Even small files of an office take the fast lane, so that tables adopt files.
    """
    os.environ.update(environment or {})
    bulk.LARGE = 0
    count, said = _counter(at), list[str]()
    for owner, functions in ACTS:
        for name in functions:
            setattr(owner, name, _before(getattr(owner, name), count, said))
    written = Ledger.write

    @contextmanager
    def write(self: Ledger) -> Any:
        # Not of the thread that renews a lease: how often it does depends on the clock.
        if not threading.current_thread().name.startswith("lease "):
            said.append("write")
            count()
        with written(self) as opened:
            yield opened

    Ledger.write = write
    with Inbox.open(settings.ledger) as inbox:
        inbox.break_leases()  # as a stack does that starts and knows every worker to be dead
    for name in names:
        getattr(steps, name)(settings)
    (settings.home / "acts").write_text(" ".join(said))


def _counter(at: int) -> Callable[[], None]:
    def count() -> None:
        if next(acts) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


def _before(function: Callable[..., Any], count: Callable[[], None], said: list[str]) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        said.append(function.__name__)
        count()
        return function(*args, **kwargs)

    return wrapped
