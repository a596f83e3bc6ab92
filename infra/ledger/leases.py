"""Leases: one owner at a time for a named piece of work, for a while, and nobody after that without being told.

An owner that was killed, frozen or cut off cannot say so; its lease runs out and another takes the work. Should the
first wake up, its last word is refused (`LeaseLost`), because the lease carries a new owner and a higher token.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import OperationalError

from infra.ledger.database import Ledger, lease

BEATS = 4  # renewals within the span of a lease


class Busy(Exception):
    """Another owner holds this lease now."""


class LeaseLost(Exception):
    """The lease ran out and another owner took it: what this one did must not be recorded."""


@dataclass(frozen=True)
class Lease:
    """A held lease. `token` grows with every owner of the name: a store can use it to refuse an older owner."""

    ledger: Ledger
    name: str
    owner: str
    token: int
    seconds: float

    def renew(self) -> None:
        """Hold it for another `seconds` from now; LeaseLost when it went to another."""
        with self.ledger.write() as (connection, now):
            self.hold_until(connection, now + timedelta(seconds=self.seconds))

    def release(self) -> None:
        """Let the next one have it; LeaseLost when it went to another already."""
        with self.ledger.write() as (connection, now):
            self.let_go(connection, now)

    def hold_until(self, connection: Connection, until: datetime) -> None:
        """Prove inside a transaction that this is still the owner, and hold on until then."""
        self._set(connection, until, self.owner)

    def let_go(self, connection: Connection, until: datetime) -> None:
        """Prove inside a transaction that this is still the owner, and leave it free from `until` on."""
        self._set(connection, until, "")

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew it from a thread while the block runs."""
        over = Event()
        heart = Thread(target=self._beat, args=(over,), name=f"lease {self.name}", daemon=True)
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join()

    def _set(self, connection: Connection, until: datetime, owner: str) -> None:
        mine = (lease.c.name == self.name) & (lease.c.owner == self.owner)
        if connection.execute(update(lease).where(mine).values(until=until, owner=owner)).rowcount != 1:
            raise LeaseLost(self.name)

    def _beat(self, over: Event) -> None:
        while not over.wait(self.seconds / BEATS):
            # No database for a moment is weather: the next beat tries again. A lost lease is told to the worker by its
            # own next word to the ledger, so the heart only stops.
            with suppress(OperationalError):
                try:
                    self.renew()
                except LeaseLost:
                    return


def acquire(ledger: Ledger, connection: Connection, now: datetime, name: str, seconds: float) -> Lease | None:
    """Take the lease inside a transaction; None while another owner holds it."""
    held = connection.execute(select(lease.c.until, lease.c.token).where(lease.c.name == name)).first()
    if held and held.until > now:
        return None
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex}"
    token = held.token + 1 if held else 1
    change = update(lease).where(lease.c.name == name) if held else insert(lease).values(name=name)
    connection.execute(change.values(owner=owner, token=token, until=now + timedelta(seconds=seconds)))
    return Lease(ledger, name, owner, token, seconds)


@contextmanager
def holding(ledger: Ledger, name: str, seconds: float) -> Iterator[Lease]:
    """Hold the lease while the block runs, renewed; Busy at once when another has it."""
    with ledger.write() as (connection, now):
        taken = acquire(ledger, connection, now, name, seconds)
    if taken is None:
        raise Busy(name)
    try:
        with taken.kept():
            yield taken
    finally:
        with suppress(LeaseLost):  # then there is nothing left to release
            taken.release()
