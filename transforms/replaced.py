"""Which rows later ones of their key have replaced: SQL over rows and what table `perbaikan` tells of their table."""

from __future__ import annotations

from collections.abc import Sequence

from transforms.withdrawal import order

TABLE, KEY = "perbaikan", "_kunci"
_TOLD = {"_kiriman": "kiriman", "_baris": "baris"}
"""What lineage is called in table `perbaikan`."""


def newest(rows: str, columns: Sequence[str], told: str) -> str:
    """SELECT of the rows that stand. `rows` and `told`, relations: all rows asked about, and the rows that replace."""
    last, row = _last(columns, told), order(columns, "r")
    # Not a window: a filter on the view then reaches the rows, and only keys and order are compared.
    met = f"SELECT r.* FROM {rows} AS r LEFT JOIN {last} ON n.kunci = r.{KEY}"
    return f"{met} WHERE n.kunci IS NULL OR {row} >= n.batas"


def older(rows: str, columns: Sequence[str], told: str) -> str:
    """SELECT of the others."""
    last, row = _last(columns, told), order(columns, "r")
    return f"SELECT r.* FROM {rows} AS r JOIN {last} ON n.kunci = r.{KEY} AND {row} < n.batas"


def among(rows: str, columns: Sequence[str]) -> str:
    """SELECT of those that stand where nobody wrote down what replaced what: each is compared with all of its key."""
    newer = f"{order(columns, 'n')} > {order(columns, 'r')}"
    return f"SELECT * FROM {rows} AS r WHERE NOT EXISTS (FROM {rows} AS n WHERE n.{KEY} = r.{KEY} AND {newer})"


def _last(columns: Sequence[str], told: str) -> str:
    """The newest row of each key that replaced another."""
    return f"(SELECT kunci, max({order(columns, 't', _TOLD)}) AS batas FROM {told} AS t GROUP BY kunci) AS n"
