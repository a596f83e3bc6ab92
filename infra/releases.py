"""Releases: immutable records {table: version} under `releases/`, and the pointer to the one readers see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from infra.storage.store import Conflict, Store

POINTER = "released.json"
BACK_TO = "kembali_ke"
"""In `audit`, the number of the earlier release whose versions are shown again."""


class Gone(LookupError):
    """A version or release of which the files or the log have been removed: it cannot be shown any more."""


@dataclass(frozen=True)
class Release:
    """The version and rows of every table, the batches that are new in it, what its audit said, what it follows."""

    number: int
    at: datetime
    tables: Mapping[str, int]
    rows: Mapping[str, int]
    batches: Sequence[int]
    audit: Mapping[str, Any]
    previous: int | None

    @property
    def back_to(self) -> int | None:
        """The earlier release it shows again, if somebody went back to one."""
        return self.audit.get(BACK_TO)

    def shows_same_as(self, other: Release) -> bool:
        """Whether both put the same tables in the place of the same release."""
        return (self.tables, self.batches, self.previous) == (other.tables, other.batches, other.previous)


def released(store: Store) -> Release | None:
    """The release readers see; None before the first."""
    return _pointer(store)[0]


def releases(store: Store, newest: Release | None = None, known: dict[int, Release] | None = None) -> Iterator[Release]:
    """Every release that was ever shown, newest first; from `newest` on, if given.

    `known`: records read before, which never change; those read now are added.
    """
    known = {} if known is None else known
    release = newest or released(store)
    while release:
        yield release
        before = release.previous
        release = (known.get(before) or known.setdefault(before, _read(store, before))) if before else None


def numbered(store: Store, number: int) -> Release:
    """A release by its number; LookupError when none of this number was ever shown."""
    for release in releases(store):
        if release.number == number:
            return release
    newest = released(store)
    raise LookupError(f"there is no release {number}; the newest is {newest.number if newest else 0}")


def as_of(store: Store, at: datetime) -> Release:
    """The release readers saw at an instant; LookupError before the first."""
    for release in releases(store):
        if release.at <= at:
            return release
    raise LookupError(f"nothing was released yet at {at.isoformat()}")


def batches(of: Release, history: Iterator[Release]) -> set[int]:
    """The batches a release shows, out of the `history` of all releases."""
    known = {release.number: release for release in history}
    found: set[int] = set()
    at: Release | None = of
    while at:
        found |= set(at.batches)
        number = at.back_to or at.previous
        at = known[number] if number else None
    return found


def show(store: Store, proposed: Release) -> Release:
    """Make `proposed` what readers see, as the successor of its `previous`; its number is set here.

    First the record, then the pointer by compare-and-swap. A record whose pointer never came (we were killed between
    the two) is taken up by whoever proposes the same again, and passed over by everyone else. Conflict when another
    release was made meanwhile.
    """
    before, token = _pointer(store)
    if (before.number if before else None) != proposed.previous:
        raise Conflict(f"release {before.number if before else 0} was made meanwhile")
    made = _record(store, replace(proposed, number=proposed.previous or 0))
    try:
        store.put(POINTER, orjson.dumps({"number": made.number}), if_match=token, if_absent=token is None)
    except Conflict:
        now = released(store)
        if now is None or now.number != made.number:  # otherwise someone proposed the same and was faster
            raise
    return made


def _pointer(store: Store) -> tuple[Release | None, str | None]:
    # The token first: if the pointer moves between the two looks, the swap fails rather than skips a release.
    stat = store.stat(POINTER)
    return (_read(store, orjson.loads(store.get(POINTER))["number"]), stat.etag) if stat else (None, None)


def _record(store: Store, release: Release) -> Release:
    """Write the record under the next free number, unless an unfinished attempt has left the same."""
    while True:
        release = replace(release, number=release.number + 1)
        try:
            content = orjson.dumps(asdict(release), option=orjson.OPT_INDENT_2)
            store.put(_key(release.number), content, if_absent=True)
        except Conflict:
            there = _read(store, release.number)
            if not there.shows_same_as(release):
                continue
            return there
        return release


def _read(store: Store, number: int) -> Release:
    record = orjson.loads(store.get(_key(number)))
    return Release(**{**record, "at": datetime.fromisoformat(record["at"])})


def _key(number: int) -> str:
    return f"releases/{number}.json"
