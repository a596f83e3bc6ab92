"""`satu check`: judge a submission as the pipeline would, taking nothing in, knowing nothing but the standards."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.judging.bare import told
from infra.judging.judge import judge
from infra.judging.parcel import File, Parcel
from infra.judging.unpacking import unpacked
from infra.sources import Drop, drop_of
from infra.submit import Refused
from schemas.dataset import datasets
from transforms.media.probe import probe
from transforms.mending import named_files
from transforms.receipt import receipt

DRY = "0000-000000.0"
"""The number a dry run's answer carries: nothing was received."""


def check(place: Path, satker: str | None = None, dataset: str | None = None) -> dict[str, Any]:
    """The receipt document a folder or file would get.

    `satker` and `dataset` say of a bare table what its envelope would; without them it is told of its rows and columns
    where that can be. Refused when there is an envelope that says so.
    """
    with unpacked(drop_of(place)) as opened:
        if opened.enveloped and (satker or dataset):
            raise Refused(f"{place} says itself whose and what it is; leave out --satker and --dataset")
        verdict = judge([_parcel(told(opened, satker, dataset, rows_say=True))], batch=0)
    rows = {name: verdict.tables[name].to_pylist() for name in ("kiriman", "neraca_baris", "temuan")}
    return receipt(rows["kiriman"][0], rows["neraca_baris"], rows["temuan"])


def _parcel(drop: Drop) -> Parcel:
    files = {
        name: File(name, path.stat().st_size, _sha256(path), lambda path=path: nullcontext(path))
        for name, path in drop.files.items()
    }
    now = datetime.now(UTC)
    sent = Parcel(DRY, "-", drop.name, 0, now, files, archive=drop.archive, refused=drop.refused, told=drop.told)
    form, reading = sent.form, drop.envelope
    if form is None or reading.dataset not in datasets():
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
