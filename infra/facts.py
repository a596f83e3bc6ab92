"""What examining media files found, kept once per content beside raw: judging never opens media.

What an older examination found is not believed: the file is examined anew when its facts are next asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson

from infra.storage.store import NotFound, Store, content_key
from transforms.media.probe import EXAMINATION, probe

Facts = dict[str, Any]
"""A row of `probe.FACTS`."""

VERSION = "pemeriksaan"


def key(sha256: str) -> str:
    """Where the facts of a media file are kept."""
    return f"facts/{sha256[:2]}/{sha256}.json"


def of(store: Store, hashes: Iterable[str], places: Mapping[str, Path] | None = None) -> dict[str, Facts]:
    """sha256 → what the present examination finds in that file; those not examined by it yet are examined now.

    `places`: where files are here already; the others are fetched from raw (NotFound when one is not there).
    """
    found = {sha256: _kept(store, sha256) for sha256 in hashes}
    new = [sha256 for sha256, fact in found.items() if fact is None]
    with ExitStack() as stack:
        here = places or {}
        paths = [here.get(sha256) or stack.enter_context(store.local(content_key(sha256))) for sha256 in new]
        for sha256, fact in zip(new, probe(paths).to_pylist(), strict=True):
            store.put(key(sha256), orjson.dumps({VERSION: EXAMINATION, **fact}))
            found[sha256] = fact
    return {sha256: fact for sha256, fact in found.items() if fact is not None}


def without_position(store: Store, hashes: Collection[str]) -> set[str]:
    """Those files in raw that hold no position, by the present examination; of which it cannot tell is none of them."""
    there = [sha256 for sha256 in sorted(hashes) if store.stat(content_key(sha256)) is not None]
    return {sha256 for sha256, fact in of(store, there).items() if fact["ada_gps"] is False}


def _kept(store: Store, sha256: str) -> Facts | None:
    try:
        kept = orjson.loads(store.get(key(sha256)))
    except NotFound:
        return None
    return kept if kept.pop(VERSION, None) == EXAMINATION else None
