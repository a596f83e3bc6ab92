"""`satu check`: judge a folder as the pipeline would, taking nothing in and knowing nothing but the standards."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.judge import judge
from infra.parcel import File, Parcel
from infra.sources import drop_of
from infra.submit import Refused
from schemas import manifest
from schemas.dataset import datasets
from transforms.media.probe import probe
from transforms.receipt import receipt

DRY = "0000-000000.0"
"""The number a dry run's answer carries: nothing was received."""


def check(folder: Path) -> dict[str, Any]:
    """The receipt document the folder would get. Refused when it is no folder with a manifest."""
    drop = drop_of(folder)
    if not drop.has_manifest:
        raise Refused(f"{folder} holds no {manifest.NAME}; an example is in docs/adding-a-dataset.md")
    files = {
        name: File(name, path.stat().st_size, _sha256(path), lambda path=path: nullcontext(path))
        for name, path in drop.files.items()
    }
    with drop.files[manifest.NAME].open("rb") as stream:
        claim = manifest.read(stream.read(manifest.LIMIT_BYTES + 1), DRY).dataset
    facts: dict[str, Any] = {}
    if claim in datasets() and datasets()[claim].of_media:
        wanted = {f.sha256: drop.files[f.name] for f in files.values() if f.name != manifest.NAME}
        facts = dict(zip(wanted, probe(list(wanted.values())).to_pylist(), strict=True))
    verdict = judge([Parcel(DRY, "-", drop.name, 0, datetime.now(UTC), files, facts)], batch=0)
    rows = {name: verdict.tables[name].to_pylist() for name in ("kiriman", "neraca_baris", "temuan")}
    return receipt(rows["kiriman"][0], rows["neraca_baris"], rows["temuan"])


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
