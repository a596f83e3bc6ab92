"""`satu check`: judge a submission as the pipeline would, taking nothing in, knowing nothing but the standards."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.judging.judge import judge
from infra.judging.parcel import File, Parcel
from infra.judging.unpacking import unpacked
from infra.sources import Drop, drop_of
from infra.submit import Refused
from schemas import manifest
from schemas.dataset import datasets
from transforms import forms
from transforms.media.probe import probe
from transforms.mending import named_files
from transforms.receipt import receipt

DRY = "0000-000000.0"
"""The number a dry run's answer carries: nothing was received."""


def check(place: Path) -> dict[str, Any]:
    """The receipt document the folder, zip or workbook would get. Refused when it is none of them."""
    drop = drop_of(place)
    if not drop.has_manifest:
        raise Refused(f"{place} holds no {manifest.NAME} nor another envelope; the forms are in docs/loop.md")
    with unpacked(drop) as opened:
        verdict = judge([_parcel(opened)], batch=0)
    rows = {name: verdict.tables[name].to_pylist() for name in ("kiriman", "neraca_baris", "temuan")}
    return receipt(rows["kiriman"][0], rows["neraca_baris"], rows["temuan"])


def _parcel(drop: Drop) -> Parcel:
    files = {
        name: File(name, path.stat().st_size, _sha256(path), lambda path=path: nullcontext(path))
        for name, path in drop.files.items()
    }
    sent = Parcel(DRY, "-", drop.name, 0, datetime.now(UTC), files, archive=drop.archive, refused=drop.refused)
    form = sent.form
    reading = forms.read(form, drop.files[form.head], DRY) if form else None
    if form is None or reading is None or reading.dataset not in datasets():
        return sent
    dataset = datasets()[reading.dataset]
    if not dataset.of_media:
        return sent
    wanted = {f.sha256: drop.files[f.name] for f in files.values() if f.name not in (form.head, drop.archive)}
    facts = dict(zip(wanted, probe(list(wanted.values())).to_pylist(), strict=True))
    if reading.mends and form.rows in drop.files:
        # What is not sent again is in raw, which a dry run does not see: it is taken to be there.
        for name in named_files(drop.files[form.rows], form.rows, dataset) - files.keys():
            files[name] = File(name, 0, "", lambda: nullcontext(Path()), earlier=True)
    return replace(sent, files=files, facts=facts)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
