"""When a drop that lies in a landing folder is worth a hint to look at it."""

from __future__ import annotations

from contextlib import suppress

from infra.settings import Settings
from infra.sources import sources, strangers

LOOK_S = 10
"""A look is due this often even when the file system reports nothing: inotify is only the fast path."""

State = tuple[str, str, int, int]
"""A complete drop as it lies there: source, name, files, newest change. A late file makes a new state."""


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


def complete(settings: Settings) -> set[State]:
    """Every drop whose manifest is there. A source that cannot be read is left to `land`, which reports it."""
    known = sources(settings.sources, settings.landing)
    found: set[State] = set()
    for listing in [*(source.drops() for source in known.values()), strangers(settings.landing, known)]:
        with suppress(OSError):
            for drop in listing:
                if drop.has_manifest:
                    newest = max((mark.changed_ns for mark in drop.marks.values()), default=0)
                    found.add((drop.source, drop.name, len(drop.marks), newest))
    return found
