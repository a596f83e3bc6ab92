"""Views for the walidata over the tables of a release: one definition in SQL each (`transforms/views`)."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent / "views"


def views() -> dict[str, str]:
    """Name → SELECT. They read the release's own tables."""
    return {path.stem: path.read_text("utf-8") for path in sorted(HERE.glob("*.sql"))}
