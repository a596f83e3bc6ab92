"""Where the rows of earlier corrections come from: read again out of raw, and only when a correction meets one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from infra.judging.parcel import open_parcel
from infra.landing import parcel
from infra.ledger.inbox import Inbox
from infra.storage.store import NotFound, Store
from transforms.mending import Origins


def origins_of(store: Store, inbox: Inbox) -> Callable[[str], Origins]:
    """Receipt number → for each row of that submission the returned row it mends."""

    @cache
    def of(number: str) -> Origins:
        submission = inbox.find(number)
        try:
            sent = parcel(submission, store) if submission else None
            return open_parcel(sent).origins if sent and sent.returned else {}
        except NotFound:  # erased after a withdrawal, and its rows with it
            return {}

    return of
