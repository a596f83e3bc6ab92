"""Which rows later ones of their key have replaced: SQL over rows and what table `perbaikan` tells of their table."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.withdrawal import NEWEST

TABLE, KEY = "perbaikan", "_kunci"
_TOLD = {"_kiriman": "kiriman", "_baris": "baris"}
"""What lineage is called in table `perbaikan`."""


def newest(rows: str, columns: Sequence[str], told: str) -> str:
    """SELECT of the rows that stand. `rows` and `told`, relations: all rows asked about, and the rows that replace."""
    # Not a window: a filter on the view then reaches both sides, and only keys and order are compared. Of nearly all
    # rows the key alone says that they stand; the order is read of the few others. (A join, said as one, is planned as
    # one: NOT EXISTS first gathers the different keys of all rows.)
    same = f"{told} AS n ON n.kunci = r.{KEY}"
    most = f"SELECT r.* FROM {rows} AS r ANTI JOIN {same}"
    met = f"(SELECT r.* FROM {rows} AS r SEMI JOIN {same})"
    return f"{most} UNION ALL SELECT * FROM {met} AS r WHERE NOT {_by(columns, told)}"


def older(rows: str, columns: Sequence[str], told: str) -> str:
    """SELECT of the others."""
    met = f"(SELECT r.* FROM {rows} AS r SEMI JOIN {told} AS n ON n.kunci = r.{KEY})"
    return f"SELECT * FROM {met} AS r WHERE {_by(columns, told)}"


def among(rows: str, columns: Sequence[str]) -> str:
    """SELECT of those that stand where nobody wrote down what replaced what: each is compared with all of its key."""
    order = [name for name in NEWEST if name in columns]
    return (
        f"SELECT * FROM {rows} AS r WHERE NOT EXISTS (FROM {rows} AS n WHERE n.{KEY} = r.{KEY}"
        f" AND ({_tuple('n', order)}) > ({_tuple('r', order)}))"
    )


def _by(columns: Sequence[str], told: str) -> str:
    order = [name for name in NEWEST if name in columns]
    newer = _tuple("n", [_TOLD.get(name, name) for name in order])
    return f"EXISTS (FROM {told} AS n WHERE n.kunci = r.{KEY} AND ({newer}) > ({_tuple('r', order)}))"


def _tuple(relation: str, names: Sequence[str]) -> str:
    return ", ".join(f'{relation}."{name}"' for name in names)
