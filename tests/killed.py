"""A worker that kills itself (SIGKILL) before or after its n-th outward act: a write to the store, ledger or lake."""

import itertools
import os
import signal
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import infra.judging.judge  # noqa: F401 - imported here so that every worker forked from a server has it already
import infra.lake as lake
from infra import steps
from infra.ledger.database import Ledger
from infra.ledger.inbox import Inbox
from infra.settings import Settings
from infra.sources import FolderSource
from infra.storage.folder import FolderStore

acts = itertools.count(1)


def work(settings: Settings, names: list[str], at: int) -> None:
    """Run steps one after another; die at act `at`. Writes the number of acts into `<home>/acts` when it lives."""
    count = _counter(at)
    FolderStore._place = _around(FolderStore._place, count)
    FolderStore.delete = _around(FolderStore.delete, count)
    FolderSource.take_away = _around(FolderSource.take_away, count)
    FolderSource.answer = _around(FolderSource.answer, count)
    lake.write_deltalake = _around(lake.write_deltalake, count)
    written = Ledger.write

    @contextmanager
    def write(self: Ledger) -> Any:
        count()
        with written(self) as opened:
            yield opened
        count()

    Ledger.write = write
    with Inbox.open(settings.ledger) as inbox:
        inbox.break_leases()  # as a stack does that starts and knows every worker to be dead
    for name in names:
        getattr(steps, name)(settings)
    (settings.home / "acts").write_text(str(next(acts) - 1))


def _counter(at: int) -> Callable[[], None]:
    def count() -> None:
        if next(acts) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


def _around(function: Callable[..., Any], count: Callable[[], None]) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        count()
        result = function(*args, **kwargs)
        count()
        return result

    return wrapped
