"""What an office does: put a folder, zip or workbook into a source's landing place, files first, manifest last."""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.settings import Settings
from infra.sources import ANSWERS, drop_of, sources
from schemas.manifest import NAME


class Refused(Exception):
    """What was asked for cannot be done as asked; the message says what to do instead."""


def submit(place: Path, source: str, settings: Settings, name: str | None = None) -> Path:
    """Copy a folder or single file into the landing place of a source, under its own name unless another is given.

    It appears whole: copied beside under a hidden name first, then renamed. Refused when there is no such source, no
    envelope in what is sent, or a drop of that name is still waiting.
    """
    known = sources(settings.sources, settings.landing)
    if source not in known:
        raise Refused(f"there is no source {source!r}; registered in {settings.sources}: {', '.join(known)}")
    drop = drop_of(place)
    if not drop.has_manifest:
        raise Refused(f"{place} holds no {NAME} nor another envelope; the forms are in docs/loop.md")
    name, suffix = name or drop.name, place.suffix.lower() if drop.alone else ""
    there = known[source].folder / (name.removesuffix(suffix) + suffix)
    if name == ANSWERS or name.startswith(".") or there.parent != known[source].folder:
        raise Refused(f"{name!r} cannot be the name of a submission; choose another with --name")
    if there.exists():
        raise Refused(f"{there} is still waiting to be taken in; choose another name, or wait a moment")
    there.parent.mkdir(parents=True, exist_ok=True)
    draft = there.with_name(f".{there.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    if drop.alone or drop.form is None:
        shutil.copyfile(place, draft)
    else:
        head = drop.form.head
        shutil.copytree(place, draft, ignore=shutil.ignore_patterns(head), symlinks=True)
        shutil.copyfile(place / head, draft / head)
    draft.rename(there)
    return there
