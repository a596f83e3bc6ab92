"""A file of a web server, on from where it was cut off: only where the server says of which state its bytes are.

A listing does not tell: a portal may exchange a file and not say so. What tells is a strong validator of the reply (RFC
9110, 8.8 and 13.1.5), noted beside the draft before the first byte is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from infra.sources.transfer import Allowance, FarFile
from infra.sources.web import Web

QUIET_S = 60
"""Seconds from which on nothing can have changed twice within the second a `Last-Modified` names (RFC 9110, 8.8.2.2,
leaves how many to us)."""


@dataclass(frozen=True)
class State:
    """One state of a file: its size, where it was found in the end, and its ETag or Last-Modified as it is written."""

    size: int
    address: str
    validator: str

    @classmethod
    def told(cls, reply: Any) -> State | None:
        """The state a reply of the whole file is of; None when that cannot be gone on with."""
        size, validator = reply.headers.get("content-length", ""), _strong(reply.headers)
        good = validator and size.isdecimal() and _plain(reply.headers)
        return cls(int(size), str(reply.url), validator) if good else None

    @classmethod
    def noted(cls, note: Path) -> State | None:
        """What was written down; None when there is nothing, or only half of it."""
        match note.read_text().split(" ", 2) if note.exists() else ():
            case [size, address, validator] if size.isdecimal():
                return cls(int(size), address, validator)
            case _:
                return None

    def note(self, note: Path) -> None:
        """Write it down."""
        note.write_text(f"{self.size} {self.address} {self.validator}")

    def goes_on(self, reply: Any, offset: int) -> bool:
        """Whether a reply is the rest of it. Asked twice: not every server that knows `Range` heeds `If-Range`."""
        validator = reply.headers.get("etag" if self.validator.startswith('"') else "last-modified")
        span = f"bytes {offset}-{self.size - 1}/{self.size}"
        same = (str(reply.url), validator) == (self.address, self.validator)
        return (
            reply.status_code == 206 and same and reply.headers.get("content-range") == span and _plain(reply.headers)
        )


def download(web: Web, file: FarFile, part: Path, allowance: Allowance) -> None:
    """Bring a file into `part`: the rest of what is there if it is of the same state, or else the whole."""
    note = part.with_name(f".{part.stem}.keadaan")
    state = State.noted(note)
    had = part.stat().st_size if part.exists() else 0
    if not (state and 0 < had <= state.size and _went_on(web, file, part, allowance, state, had)):
        with web.reply(file.place) as reply:
            part.unlink(missing_ok=True)  # first: bytes must never stand beside the note of another state
            if state := State.told(reply):
                state.note(note)
            else:
                note.unlink(missing_ok=True)
            allowance.save(web.body(reply), part)
    note.unlink(missing_ok=True)


def _went_on(web: Web, file: FarFile, part: Path, allowance: Allowance, state: State, had: int) -> bool:
    if had == state.size:
        allowance.save((), part, after=had)
        return True
    asked = {"range": f"bytes={had}-", "if-range": state.validator, "accept-encoding": "identity"}
    with web.reply(file.place, asked, expected=(200, 206, 416)) as reply:
        if not state.goes_on(reply, had):
            return False
        size = allowance.save(web.body(reply), part, after=had)
    if size != state.size:
        raise OSError(f"{file.name} ended after {size} of {state.size} bytes")
    return True


def _plain(headers: Mapping[str, str]) -> bool:
    """Whether the bytes come as they are kept."""
    return headers.get("content-encoding", "identity") == "identity"


def _strong(headers: Mapping[str, str]) -> str:
    """A validator that stands for these very bytes; empty when there is none."""
    tag, changed = headers.get("etag", ""), headers.get("last-modified", "")
    if not f"{tag}{changed}".isascii():  # could not be sent back
        return ""
    if tag.startswith('"'):
        return tag
    try:
        quiet = parsedate_to_datetime(headers.get("date", "")) - parsedate_to_datetime(changed)
    except (ValueError, TypeError, OverflowError):  # none, no dates, or one of them without a zone
        return ""
    return changed if quiet.total_seconds() >= QUIET_S else ""
