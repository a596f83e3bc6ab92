"""What the ledger remembers of remote sources: what was fetched from each, and when it may be asked again.

One row per submission that lies there, and one (`name` is empty) for the source itself, whose mark is its cursor. A
row whose submission is gone from a full listing goes too, so the table stays as small as what lies at the offices.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, insert, select, update

from infra.ledger.database import Ledger, mark
from infra.ledger.records import one_line

SOURCE = ""
FIRST_S = 5.0
LONGEST_S = 900.0
"""What fails is tried again after 5 s, 10 s, 20 s …, and then every 15 minutes."""


@dataclass(frozen=True)
class Trouble:
    """A source (`name` empty) or one submission of it that could not be fetched, and since how many tries.

    No tries: it waits for its envelope.
    """

    source: str
    name: str
    tries: int
    due_at: datetime
    trouble: str


@dataclass(frozen=True)
class Marks:
    """The memory of one source. Only who holds the source's `fetch:` lease writes."""

    ledger: Ledger
    source: str

    def cursor(self) -> str | None:
        """Where the next listing begins ("" at the beginning); None while the source is to be left alone."""
        with self.ledger.write() as (connection, now):  # for the database's clock
            row = connection.execute(select(mark).where(self._at(SOURCE))).first()
            if row is None:
                return ""
            return row.mark if row.due_at <= now else None

    def known(self) -> dict[str, tuple[str, bool]]:
        """Every submission by name: the mark it was last fetched (or refused) with, and whether it may be tried now."""
        with self.ledger.write() as (connection, now):
            rows = connection.execute(select(mark).where(mark.c.source == self.source, mark.c.name != SOURCE))
            return {row.name: (row.mark, row.due_at <= now) for row in rows}

    def troubled(self) -> bool:
        """Whether the source itself could not be reached when it was last asked."""
        with self.ledger.read() as connection:
            return connection.execute(select(mark.c.trouble).where(self._at(SOURCE))).scalar() is not None

    def settle(self, name: str, value: str) -> None:
        """This state of a submission is done with."""
        self._set(name, value=value)

    def rest(self, seconds: float, cursor: str | None = None) -> None:
        """Nothing was wrong with the source; leave it alone for a while. Without a cursor the old one stays."""
        self._set(SOURCE, seconds=seconds, value=cursor)

    def wait(self, name: str, since: datetime) -> None:
        """It lies there unchanged since then, and has no envelope yet."""
        self._set(name, trouble=f"no envelope yet, unchanged since {since:%Y-%m-%d %H:%M} UTC")

    def fail(self, name: str, why: object) -> None:
        """Weather: try ever more seldom."""
        with self.ledger.read() as connection:
            tries = connection.execute(select(mark.c.tries).where(self._at(name))).scalar() or 0
        wait = min(FIRST_S * 2 ** min(tries, 20), LONGEST_S)
        self._set(name, seconds=wait, tries=tries + 1, trouble=one_line(f"{type(why).__name__}: {why}"))

    def forget_all_but(self, names: Collection[str]) -> None:
        """Drop what no longer lies there."""
        gone = [name for name in self.known() if name not in names]
        with self.ledger.write() as (connection, _):
            for name in gone:
                connection.execute(delete(mark).where(self._at(name)))

    def _set(
        self, name: str, *, seconds: float = 0, value: str | None = None, tries: int = 0, trouble: str | None = None
    ) -> None:
        with self.ledger.write() as (connection, now):
            values = {"tries": tries, "due_at": now + timedelta(seconds=seconds), "trouble": trouble}
            values |= {} if value is None else {"mark": value}
            if not connection.execute(update(mark).where(self._at(name)).values(values)).rowcount:
                connection.execute(insert(mark).values({"source": self.source, "name": name, "mark": "", **values}))

    def _at(self, name: str) -> ColumnElement[bool]:
        return and_(mark.c.source == self.source, mark.c.name == name)


def troubles(ledger: Ledger) -> list[Trouble]:
    """What cannot be fetched at the moment, by source: for the operator."""
    with ledger.read() as connection:
        rows = connection.execute(select(mark).where(mark.c.trouble.is_not(None)).order_by(mark.c.source, mark.c.name))
        return [Trouble(row.source, row.name, row.tries, row.due_at, row.trouble) for row in rows]
