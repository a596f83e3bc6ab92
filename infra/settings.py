"""Where this installation keeps things and how patient it is: read from the environment when a step runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.storage.store import Store

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """One installation. Every field has a `SPIT_…` variable of the same name; the defaults are the embedded stack.

    Secrets are not here: boto3 and SQLAlchemy take theirs from the environment or from the URL the operator sets.
    """

    home: Path
    """The folder everything embedded lives in."""
    store: str
    """The lake: a folder or `s3://bucket/prefix`."""
    s3_endpoint: str | None
    ledger: str
    """SQLAlchemy URL of the inbox ledger."""
    landing: Path
    """Where the embedded folder sources are dropped: `<landing>/<source>/<name>/`."""
    sources: Path
    """TOML naming each source and the satker it may speak for."""
    partners: Path
    """Folder with one TOML per partner."""
    database: str
    """Which database the embedded stack starts for Airflow: `postgres` or `sqlite`."""
    settle_s: float
    """A drop that is still changing is left alone until it has been quiet this long."""
    grace_s: float
    """How long a complete manifest may wait for files it names before they are judged missing."""
    batch_limit: int
    """Submissions per batch."""
    public_base: str | None = None
    """Scheme and host callers reach the API at, behind another server; if not said, what they send."""
    api_keys: Path | None = None
    """TOML with the keys of the partners that may ask the API more often than anybody."""
    copies: Path | None = None
    """Where this machine keeps copies of the table files of a lake on S3; `<home>/copies` if not said."""

    @property
    def api(self) -> str:
        """The address of the public API; without its host where that is not known."""
        return f"{self.public_base or ''}/api/1"

    def open_store(self) -> Store:
        """The store this installation's lake is in."""
        from infra.storage.store import open_store

        return open_store(self.store, endpoint=self.s3_endpoint, copies=self.copies or self.home / "copies")

    def open_copies(self) -> Store:
        """What this machine keeps of a lake on S3, as a store; empty where there is none."""
        from infra.storage.store import open_store

        return open_store(str(self.copies or self.home / "copies"))

    @property
    def indexes(self) -> Path:
        """The folder where the API keeps its indexes of what is published."""
        return self.home / "indeks"

    @classmethod
    def from_env(cls) -> Settings:
        """Read `os.environ`; called inside a step, never on import."""
        env = os.environ
        home = Path(env.get("SPIT_HOME") or ROOT / ".spit").absolute()
        return cls(
            home=home,
            store=env.get("SPIT_STORE") or str(home / "lake"),
            s3_endpoint=env.get("SPIT_S3_ENDPOINT") or None,
            ledger=env.get("SPIT_LEDGER") or f"sqlite:///{home / 'ledger.db'}",
            landing=Path(env.get("SPIT_LANDING") or home / "landing").absolute(),
            sources=Path(env.get("SPIT_SOURCES") or ROOT / "infra" / "deploy" / "sources.toml"),
            partners=Path(env.get("SPIT_PARTNERS") or ROOT / "schemas" / "partners"),
            database=env.get("SPIT_DATABASE") or "postgres",
            settle_s=float(env.get("SPIT_SETTLE_S") or 2),
            grace_s=float(env.get("SPIT_GRACE_S") or 30),
            batch_limit=int(env.get("SPIT_BATCH_LIMIT") or 500),
            public_base=env.get("SPIT_PUBLIC_BASE", "").rstrip("/") or None,
            api_keys=Path(env["SPIT_API_KEYS"]) if env.get("SPIT_API_KEYS") else None,
            copies=Path(env["SPIT_COPIES"]).absolute() if env.get("SPIT_COPIES") else None,
        )
