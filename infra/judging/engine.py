"""DuckDB as judging uses it: what a batch needs beyond a fixed room lies in files until it is asked for."""

from __future__ import annotations

from pathlib import Path

import duckdb

from transforms.shape import OFFLINE


def connect(folder: Path | None, megabytes: int) -> duckdb.DuckDBPyConnection:
    """An empty database, of which no more than so much is held in memory while there is a `folder` for the rest."""
    room = {"memory_limit": f"{megabytes}MiB", "temp_directory": str(folder / "engine")} if folder else {}
    return duckdb.connect(config={**OFFLINE, **room})
