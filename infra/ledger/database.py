"""The ledger's database: SQLite or PostgreSQL by URL, one writer at a time, migrated on opening."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.engine.interfaces import DBAPIConnection

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
PATIENCE_S = 30  # how long a writer waits for the one before it; longer is weather and raises OperationalError
WRITER = 0x53504954  # PostgreSQL's advisory lock for "the one writer"


class Instant(TypeDecorator[datetime]):
    """An aware `datetime`, stored in UTC; SQLite has no zones, so there UTC is a convention kept here alone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive value: it would be read as the machine's local time."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value}")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back UTC whatever zone the database session shows."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()  # the columns queries name; keys, checks and indexes are in the migrations

batch = Table(
    "batch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("made_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("trouble", String),
    Column("judged_at", Instant),
    Column("answered_at", Instant),
    Column("commit_no", Integer),
    Column("curated_at", Instant),
    Column("versions", JSON, nullable=False),
    Column("release", Integer),
    Column("released_at", Instant),
)
submission = Table(
    "submission",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("receipt", String, nullable=False),
    Column("source", String, nullable=False),
    Column("name", String, nullable=False),
    Column("satker", String),
    Column("dataset", String),
    Column("fingerprint", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("turn", String, nullable=False),
    Column("reason", String),
    Column("batch_id", ForeignKey(batch.c.id)),
    Column("tries", Integer, nullable=False),
    Column("rows_in", BigInteger),
    Column("rows_accepted", BigInteger),
    Column("rows_returned", BigInteger),
    Column("rows_skipped", BigInteger),
    Column("arrived_at", Instant, nullable=False),
)
lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("until", Instant, nullable=False),
    Column("token", Integer, nullable=False),
)
delivery = Table(
    "delivery",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("target", String, nullable=False),
    Column("release", Integer, nullable=False),
    Column("item", String, nullable=False),
    Column("version", String, nullable=False),
    Column("sha256", String),
    Column("size", BigInteger),
    Column("answer", String, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
)
mark = Table(
    "mark",
    metadata,
    Column("source", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("mark", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("trouble", String),
)


@dataclass(frozen=True)
class Ledger:
    """An open database. Safe for threads; a forked child opens its own."""

    engine: Engine

    @classmethod
    def open(cls, url: str) -> Ledger:
        """Connect to `sqlite:///file` or `postgresql://…`, creating the file and the tables where they are missing."""
        place = make_url(url)
        if place.drivername == "postgresql":  # SQLAlchemy 2.1 would take psycopg 3, which is not in the lock
            place = place.set(drivername="postgresql+psycopg2")
        if place.get_backend_name() == "sqlite":
            if not place.database or place.database == ":memory:":
                raise ValueError("the ledger is shared by processes, so SQLite needs a file: sqlite:///path")
            Path(place.database).parent.mkdir(parents=True, exist_ok=True)
            # isolation_level None: the driver begins nothing by itself, write() does
            engine = create_engine(place, connect_args={"timeout": PATIENCE_S, "isolation_level": None})
            event.listen(engine, "connect", _keep_references)
        else:
            patience = f"-c lock_timeout={PATIENCE_S}s -c idle_in_transaction_session_timeout={PATIENCE_S}s"
            engine = create_engine(place, connect_args={"options": patience}, executemany_mode="values_plus_batch")
        ledger = cls(engine)
        ledger._migrate()
        return ledger

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that never waits for a writer."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[tuple[Connection, datetime]]:
        """A transaction in which nobody else writes, and the instant it began.

        One writer at a time on both databases: what holds for SQLite then holds for PostgreSQL, with no row locks to
        order. A transaction takes about a millisecond, so this allows hundreds of them a second; we need a few.
        The clock is the database's, so that workers on several machines agree when a lease ends.
        """
        with self.engine.begin() as connection:
            if self._is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                now = datetime.now(UTC)
            else:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER})")
                now = connection.execute(text("SELECT clock_timestamp()")).scalar_one().astimezone(UTC)
            yield connection, now

    @property
    def _is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def _migrate(self) -> None:
        newest = max(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
        with self._opening():
            with self.read() as connection:
                if _revision(connection) == newest:
                    return
            if self._is_sqlite:
                with self.read() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            with self.write() as (connection, _):
                if _revision(connection) != newest:  # else another process was faster
                    from infra.ledger.migrations import upgrade

                    upgrade(connection)

    @contextmanager
    def _opening(self) -> Iterator[None]:
        """One process opens a SQLite file at a time: switching to WAL does not wait for others, it fails."""
        if not self._is_sqlite:
            yield
            return
        with Path(f"{self.engine.url.database}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _keep_references(connection: DBAPIConnection, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
