"""Where submissions come from: folders, and remote places whose submissions are fetched into a folder first."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from infra.sources.ckan import Ckan
from infra.sources.folder import Drop, FolderSource, Mark, drop_of, strangers
from infra.sources.http import Http
from infra.sources.remote import ANSWERS, PATIENCE_S, Remote
from infra.sources.s3 import S3
from infra.sources.sftp import Sftp

__all__ = ["ANSWERS", "Drop", "FolderSource", "Mark", "drop_of", "sources", "strangers"]

KINDS: dict[str, type[Remote]] = {"s3": S3, "sftp": Sftp, "http": Http, "ckan": Ckan}
"""How a remote source is spoken to; `kind = "folder"` is the one that needs no fetching."""


def sources(config: Path, landing: Path) -> dict[str, FolderSource]:
    """The registered sources, by name. KeyError, ValueError or TOMLDecodeError when the configuration is wrong."""
    listed = tomllib.loads(config.read_text("utf-8"))
    return {name: _source(name, entry, landing) for name, entry in listed.items()}


def _source(name: str, entry: dict[str, Any], landing: Path) -> FolderSource:
    remote = _remote(name, entry)
    # What was fetched has been waited for where it lay.
    patience_s = 0 if remote else float(entry.get("patience_s", PATIENCE_S))
    return FolderSource(name, tuple(entry["satker"]), Path(entry.get("folder") or landing / name), remote, patience_s)


def _remote(name: str, entry: dict[str, Any]) -> Remote | None:
    kind = entry.get("kind", "folder")
    if kind == "folder":
        return None
    if kind not in KINDS:
        raise ValueError(f"source {name}: there is no kind {kind!r}; known: folder, {', '.join(KINDS)}")
    options = {key: value for key, value in entry.items() if key not in {"kind", "title", "folder"}}
    try:
        return KINDS[kind](**{**options, "satker": tuple(entry["satker"])})
    except (TypeError, ValueError) as error:  # an unknown key, one that is missing, or a value that cannot be
        raise ValueError(f"source {name}: {error}") from error
