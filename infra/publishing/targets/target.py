"""What every kind of partner's place can do: take a file, say what lies there, take a file away."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Held:
    """A file that lies at a partner's. `sha256` is None where that cannot be told without reading it."""

    size: int
    sha256: str | None = None


class Refusal(OSError):
    """The partner's place works, but refuses this one file; the others may still be brought."""


class Target(Protocol):
    """An open connection to a partner's place. What goes wrong with it is an OSError: weather for this partner alone.

    Files are put whole or not at all, and may be put again.
    """

    def holds(self, mine: Collection[str], *, thorough: bool) -> Mapping[str, Held] | None:
        """What lies there of ours (at least the paths in `mine`); None when the place cannot be asked.

        `thorough` reads what cannot be told otherwise, so that every `sha256` is known.
        """
        ...

    def put(self, path: str, content: Path, sha256: str) -> str:
        """Bring one file; what the place answered, in a few words."""
        ...

    def delete(self, path: str) -> str:
        """Take one file away; nothing happens when it is not there. What the place answered."""
        ...


class Place(Protocol):
    """A partner's place as configured."""

    def open(self, home: Path) -> AbstractContextManager[Target]:
        """Connect; `home` is the folder relative places are below."""
        ...


def hashed(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
