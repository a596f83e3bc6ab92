"""Which release is meant by a number, or by the moment it was shown."""

from __future__ import annotations

from datetime import datetime, time

from infra.ledger.inbox import WIB
from infra.releases import Release, as_of, numbered
from infra.storage.store import Store
from infra.submit import Refused


def earlier(store: Store, number: int | None = None, moment: str | None = None) -> Release | None:
    """The release of that number, or the one shown at that moment; None when neither is given, Refused without one.

    A moment without an offset is WIB, as receipt numbers are; a day alone means its end.
    """
    if number is not None and moment is not None:
        raise Refused("say either which release or as of when, not both")
    try:
        if number is not None:
            return numbered(store, number)
        return as_of(store, instant(moment)) if moment else None
    except LookupError as error:
        raise Refused(str(error)) from error


def instant(moment: str) -> datetime:
    """`2026-10-01` (its end), `2026-10-01T12:00`, with an offset or in WIB; Refused for anything else."""
    try:
        at = datetime.fromisoformat(moment)
    except ValueError as error:
        raise Refused(f"{moment!r} is no moment; write 2026-10-01, or 2026-10-01T12:00") from error
    if len(moment) <= len("2026-10-01"):
        at = datetime.combine(at.date(), time.max)
    return at if at.tzinfo else at.replace(tzinfo=WIB)
