"""The lake's reference tables: brought up to date before a batch is committed, and part of its versions from then on.

They are ours, not an office's: what they hold is checked against their standard here and by the tests, not by audits.
"""

from __future__ import annotations

from infra.columns import commented
from infra.lake import Lake
from schemas.dataset import tables
from transforms import acuan


def load(lake: Lake) -> dict[str, int]:
    """{table: version} of every reference table; one is written only when what it is made of has changed."""
    return {
        name: lake.replace(name, lambda t=standard: commented(acuan.rows(t)), acuan.mark(standard))
        for name, standard in tables().items()
        if standard.sources
    }
