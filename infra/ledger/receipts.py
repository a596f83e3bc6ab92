"""Receipts of partners, asked for what they stand at: the newest answer of each target to each item."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from infra.ledger.database import Ledger, delivery
from infra.ledger.records import Delivery, read_deliveries

ABOUT_WITHDRAWALS = "penarikan/"
"""Begins the item of a receipt that is about a withdrawal and no file."""


def standing(ledger: Ledger, target: str, *, also: str = "") -> dict[str, Delivery]:
    """The newest good receipt of every item a target has; items in whose name is `also` even if taken away since.

    Of what was taken away there is more every day, so it is left in the database.
    """
    newest = select(func.max(delivery.c.id)).where(_files(target)).group_by(delivery.c.item)
    there = delivery.c.sha256.is_not(None)
    wanted = delivery.c.id.in_(newest) & (there | delivery.c.item.contains(also) if also else there)
    with ledger.read() as connection:
        return {found.item: found for found in read_deliveries(connection, wanted)}


def holding(ledger: Ledger, *, but: Collection[str]) -> set[str]:
    """The targets, `but` for these, that were given something and have not been deprived of it since."""
    newest = (
        select(func.max(delivery.c.id))
        .where(delivery.c.ok, ~delivery.c.item.startswith(ABOUT_WITHDRAWALS), delivery.c.target.not_in(but))
        .group_by(delivery.c.target, delivery.c.item)
    )
    held = select(delivery.c.target).where(delivery.c.id.in_(newest), delivery.c.sha256.is_not(None)).distinct()
    with ledger.read() as connection:
        return set(connection.execute(held).scalars())


def last_at(ledger: Ledger, target: str) -> datetime | None:
    """When a target was last given or deprived of something."""
    with ledger.read() as connection:
        return connection.execute(select(func.max(delivery.c.at)).where(_files(target))).scalar()


def _files(target: str) -> ColumnElement[bool]:
    return (delivery.c.target == target) & delivery.c.ok & ~delivery.c.item.startswith(ABOUT_WITHDRAWALS)


def carried_out(ledger: Ledger) -> dict[tuple[str, str], datetime]:
    """When each target carried out each withdrawal: (target, `penarikan/<number>`) → when."""
    wanted = delivery.c.ok & delivery.c.item.startswith(ABOUT_WITHDRAWALS)
    with ledger.read() as connection:
        return {(found.target, found.item): found.at for found in read_deliveries(connection, wanted)}
