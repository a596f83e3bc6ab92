"""Receipts of partners, asked for what they stand at: the newest answer of each target to each item."""

from __future__ import annotations

from sqlalchemy import func, select

from infra.ledger.database import Ledger, delivery
from infra.ledger.records import Delivery, read_deliveries

ABOUT_WITHDRAWALS = "penarikan/"
"""Begins the item of a receipt that is about a withdrawal and no file."""


def standing(ledger: Ledger, target: str) -> dict[str, Delivery]:
    """The newest good receipt of every item a target was given or deprived of (then without `sha256`)."""
    own = (delivery.c.target == target) & delivery.c.ok & ~delivery.c.item.startswith(ABOUT_WITHDRAWALS)
    newest = select(func.max(delivery.c.id)).where(own).group_by(delivery.c.item)
    with ledger.read() as connection:
        return {found.item: found for found in read_deliveries(connection, delivery.c.id.in_(newest))}


def withdrawn_at(ledger: Ledger, target: str) -> set[str]:
    """The withdrawals (`penarikan/<number>`) a target is known to have carried out."""
    own = (delivery.c.target == target) & delivery.c.ok & delivery.c.item.startswith(ABOUT_WITHDRAWALS)
    with ledger.read() as connection:
        return {found.item for found in read_deliveries(connection, own)}
