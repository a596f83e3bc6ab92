"""An office and an installation for tests: somewhere to drop submissions, and the steps that take them in."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import steps
from infra.ledger.inbox import Inbox
from infra.ledger.records import Submission
from infra.releasing import audit_key
from infra.settings import Settings
from tests.samples import make

SOURCES = """
[jateng]
kind = "folder"
satker = ["JATENG"]
[jabar]
kind = "folder"
satker = ["JABAR"]
"""


@dataclass(frozen=True)
class Installation:
    """A lake and a ledger of its own under one folder, with the sources jateng and jabar."""

    settings: Settings

    @classmethod
    def at(cls, home: Path, **changes: Any) -> "Installation":
        """A new one; `changes` are settings that differ from the embedded default."""
        home.mkdir(parents=True, exist_ok=True)
        (home / "sources.toml").write_text(SOURCES)
        values: dict[str, Any] = {
            "home": home,
            "store": str(home / "lake"),
            "s3_endpoint": None,
            "ledger": f"sqlite:///{home / 'ledger.db'}",
            "landing": home / "landing",
            "sources": home / "sources.toml",
            "partners": Settings.from_env().partners,
            "database": "sqlite",
            "settle_s": 0.0,
            "grace_s": 0.0,
            "batch_limit": 500,
        }
        return cls(Settings(**{**values, **changes}))

    def drop(self, name: str, files: make.Files, source: str = "jateng") -> Path:
        """Hand in a folder: files first, manifest last."""
        folder = self.settings.landing / source / name
        folder.mkdir(parents=True)
        for file in sorted(files, key=lambda f: f == "manifest.json"):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(files[file])
        return folder

    def take_in(self) -> dict[str, Any]:
        """land → judge → answer → curate; the counts of each."""
        return {step.__name__: step(self.settings) for step in (steps.land, steps.judge, steps.answer, steps.curate)}

    def publish(self) -> dict[str, Any]:
        """audit → release → deliver; the counts of each."""
        return {step.__name__: step(self.settings) for step in (steps.audit, steps.release, steps.deliver)}

    def release(self) -> dict[str, Any]:
        """release alone, as if the audit had passed; for tests that ask what is released, not whether it should be."""
        with steps.opened(self.settings) as (store, inbox):
            newest = inbox.newest_curated()
            assert newest is not None
            assert newest.commit_no is not None
            store.put(audit_key(newest.commit_no), b'{"lulus": true, "gagal": []}')
        return steps.release(self.settings)

    def submissions(self) -> dict[tuple[str, str, int], Submission]:
        """Every submission version by source, name and version."""
        with Inbox.open(self.settings.ledger) as inbox:
            return {(s.source, s.name, s.version): s for s in inbox.recent(limit=10_000)}

    def one(self, name: str, version: int = 1, source: str = "jateng") -> Submission:
        """One submission version."""
        return self.submissions()[source, name, version]

    def receipt(self, number: str) -> dict[str, Any]:
        """The answer to a submission."""
        return json.loads((Path(self.settings.store) / "receipts" / f"{number}.json").read_text())

    def rules(self, number: str) -> list[str]:
        """The rules a submission broke, by code."""
        return sorted(f["kode"] for f in self.receipt(number)["temuan"])

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What an analyst sees of the current release."""
        from infra.lake import Lake
        from infra.sql.query import select

        return select(Lake(self.settings.open_store()), sql).to_pylist()


def counts(s: Submission) -> tuple[int | None, ...]:
    """rows in, accepted, returned, skipped."""
    return s.rows_in, s.rows_accepted, s.rows_returned, s.rows_skipped
