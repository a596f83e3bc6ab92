"""Who asks, and how often: partners by their key, everybody else by their address; each with so many requests a minute.

Keys lie in a TOML the operator names (`SPIT_API_KEYS`), as SHA-256, never as they are:

    [mitra-media]
    sha256 = "…"
    per_menit = 6000
"""

from __future__ import annotations

import hashlib
import time
import tomllib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

ANYBODY_PER_MINUTE = 300
MOST_CALLERS = 50_000
"""So many are remembered; of more, those that were quiet longest are forgotten."""


class UnknownKey(LookupError):
    """No partner has this key."""


@dataclass(frozen=True)
class Caller:
    """A partner, or an address."""

    name: str
    per_minute: int


@dataclass(frozen=True)
class Left:
    """What a caller has left after a request; `wait_s` is 0, or the seconds until the next one is answered."""

    requests: int
    wait_s: float
    whole_s: float
    """Seconds until the allowance is whole again."""


class Callers:
    """Knows the keys and counts the requests."""

    def __init__(self, keys: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # name → requests left, and when that was
        listed = tomllib.loads(keys.read_text("utf-8")) if keys else {}
        self._keys = {str(e["sha256"]).lower(): Caller(name, int(e["per_menit"])) for name, e in listed.items()}

    def who(self, key: str | None, address: str) -> Caller:
        """The caller with this key or, without any, at this address."""
        if not key:
            return Caller(f"@{address}", ANYBODY_PER_MINUTE)
        try:
            return self._keys[hashlib.sha256(key.encode()).hexdigest()]
        except KeyError:
            raise UnknownKey from None

    def take(self, caller: Caller) -> Left:
        """Take one request off what the caller has left, if there is one."""
        rate = caller.per_minute / 60
        with self._lock:
            now = self._clock()
            left, at = self._left.pop(caller.name, (float(caller.per_minute), now))
            left = min(caller.per_minute, left + (now - at) * rate)
            allowed = left >= 1
            left -= allowed
            self._left[caller.name] = (left, now)
            if len(self._left) > MOST_CALLERS:
                self._left.popitem(last=False)
        return Left(int(left), 0.0 if allowed else (1 - left) / rate, (caller.per_minute - left) / rate)
