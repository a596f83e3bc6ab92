"""The zones of the lake as assets, and what watches the landing zone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from time import monotonic
from typing import Any

from airflow.sdk import Asset, AssetWatcher
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

LOOK_S = 10
"""A look is due this often even when the file system reports nothing: inotify is only the fast path."""

State = tuple[str, str, int, int]
"""A complete drop as it lies there: source, name, files, newest change. A late file makes a new state."""


class LandingTrigger(BaseEventTrigger):
    """Says "look now" when a complete drop shows up in a landing folder.

    An event is a hint, so there is no cursor that could fall out of step: what lies there *is* what is due. A drop that
    still lies there after its hint (a file is missing, an event was lost) is hinted at again, after LOOK_S at first
    and then ever more seldom.
    """

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """No arguments: the folders come from the settings where this runs, not where a Dag is parsed."""
        return f"{__name__}.{type(self).__name__}", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield `{"drops": how many are worth a look}`; a burst makes one event."""
        import watchfiles

        from infra.settings import Settings
        from infra.sources import sources

        settings = Settings.from_env()
        folders = {source.folder for source in sources(settings.sources, settings.landing).values()}
        for folder in folders | {settings.landing}:
            folder.mkdir(parents=True, exist_ok=True)
        # A look when all has been quiet for 200 ms, after a second of unbroken change, and every LOOK_S.
        changes = watchfiles.awatch(
            settings.landing,
            *folders,
            watch_filter=None,
            step=200,
            debounce=1_000,
            rust_timeout=LOOK_S * 1_000,
            yield_on_timeout=True,
        )
        hints = Hints()
        if drops := hints.due(await asyncio.to_thread(complete, settings), monotonic()):
            yield TriggerEvent({"drops": drops})
        async for _ in changes:
            if drops := hints.due(await asyncio.to_thread(complete, settings), monotonic()):
                yield TriggerEvent({"drops": drops})


class Hints:
    """Which drops have been hinted at, and when each is worth another hint."""

    def __init__(self) -> None:
        self._next: dict[State, tuple[float, float]] = {}

    def due(self, present: set[State], now: float) -> int:
        """How many of the drops present deserve a hint at `now`, seconds of a monotonic clock."""
        self._next = {state: self._next.get(state, (now, LOOK_S)) for state in present}
        due = [state for state, (when, _) in self._next.items() if when <= now]
        for state in due:
            wait = self._next[state][1]
            self._next[state] = (now + wait, min(2 * wait, 900))
        return len(due)


def complete(settings: Any) -> set[State]:
    """Every drop whose manifest is there. A source that cannot be read is left to `land`, which reports it."""
    from infra.sources import sources, strangers

    known = sources(settings.sources, settings.landing)
    found: set[State] = set()
    for listing in [*(source.drops() for source in known.values()), strangers(settings.landing, known)]:
        with suppress(OSError):
            for drop in listing:
                if drop.has_manifest:
                    newest = max((mark.changed_ns for mark in drop.marks.values()), default=0)
                    found.add((drop.source, drop.name, len(drop.marks), newest))
    return found


LANDING = Asset("lake://landing", watchers=[AssetWatcher(name="landing", trigger=LandingTrigger())])
CURATED = Asset("lake://curated")
RELEASED = Asset("lake://released")
