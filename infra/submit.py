"""What an office does: put a folder into a source's landing place, files first, manifest last."""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.settings import Settings
from infra.sources import ANSWERS, sources
from schemas.manifest import NAME


class Refused(Exception):
    """What was asked for cannot be done as asked; the message says what to do instead."""


def submit(folder: Path, source: str, settings: Settings, name: str | None = None) -> Path:
    """Copy a folder into the landing place of a folder source, under its own name unless another is given.

    It appears whole: copied beside under a hidden name first, then renamed. Refused when there is no such source or
    folder, no manifest in it, or a drop of that name is still waiting.
    """
    known = sources(settings.sources, settings.landing)
    if source not in known:
        raise Refused(f"there is no source {source!r}; registered in {settings.sources}: {', '.join(known)}")
    if not (folder / NAME).is_file():
        raise Refused(f"{folder} holds no {NAME}; an example is in docs/adding-a-dataset.md")
    name = name or folder.resolve().name
    place = known[source].folder / name
    if name == ANSWERS or name.startswith(".") or place.parent != known[source].folder:
        raise Refused(f"{name!r} cannot be the name of a submission; choose another with --name")
    if place.exists():
        raise Refused(f"{place} is still waiting to be taken in; choose another name, or wait a moment")
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(folder, draft, ignore=shutil.ignore_patterns(NAME), symlinks=True)
    shutil.copyfile(folder / NAME, draft / NAME)
    draft.rename(place)
    return place
