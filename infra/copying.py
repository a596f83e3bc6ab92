"""The bytes of drops into raw: each file read once, several at a time; a large one that is there is not copied again.

A landing that was killed starts over. So that it does not begin a drop of many videos from the first one, what became
of a large file is noted beside raw until its drop has landed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.sources import Drop
from infra.storage.origin import Origin
from infra.storage.store import Store, content_key

AT_ONCE = 4
NOTED = 64 << 20
"""Bytes from which on copying again costs more than a note (ours)."""

Facts = dict[str, object]


def copied(drops: Sequence[Drop], store: Store, *, fetched: bool = False) -> list[list[Facts] | None]:
    """For each drop what its files are, all of them in raw; None for one that moved under our hands.

    `fetched`: only we write to the files, so what is noted on them of their origin is ours.
    """
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="copy") as pool:
        jobs = [pool.submit(_copied, d, name, path, store, fetched) for d in drops for name, path in d.files.items()]
    facts = iter([job.result() for job in jobs])
    found = [[next(facts) for _ in drop.files] for drop in drops]
    return [
        [fact for fact in each if fact is not None] if None not in each and drop.unchanged() else None
        for drop, each in zip(drops, found, strict=True)
    ]


def settled(drop: Drop, store: Store) -> None:
    """Forget what was noted of a drop that has landed."""
    for stat in list(store.list(_folder(drop))):
        store.delete(stat.key)


def _copied(drop: Drop, name: str, path: Path, store: Store, fetched: bool) -> Facts | None:
    try:
        info = path.stat()
        note = f"{_folder(drop)}{_hash(name, info.st_size, info.st_mtime_ns, info.st_ino)}"
        if info.st_size >= NOTED and (known := _noted(note, info, store)):
            return {"nama": name, "ukuran_byte": info.st_size, "sha256": known}
        stat = store.put_content(path, Origin.noted(path) if fetched else None)
    except FileNotFoundError:
        return None
    if info.st_size >= NOTED and stat.sha256:
        store.put(note, stat.sha256.encode())
    return {"nama": name, "ukuran_byte": stat.size, "sha256": stat.sha256}


def _noted(note: str, info: os.stat_result, store: Store) -> str | None:
    """The hash under which these very bytes are in raw already."""
    if store.stat(note) is None:
        return None
    sha256 = store.get(note).decode()
    there = store.stat(content_key(sha256))
    return sha256 if there and there.size == info.st_size else None


def _folder(drop: Drop) -> str:
    return f"arriving/{_hash(drop.source, drop.name)}/"


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
