"""The lake's reference tables: brought up to date before a batch is committed, and part of its versions from then on.

They are ours, not an office's: what they hold is checked against their standard here and by the tests, not by audits.
"""

from __future__ import annotations

import hashlib

import pyarrow as pa

from expectations.rules import rules
from infra.columns import commented
from infra.lake import Lake
from schemas.dataset import Dataset, datasets, tables
from schemas.messages import messages
from transforms import acuan


def load(lake: Lake) -> dict[str, int]:
    """{table: version} of every reference table; one is written only when what it is made of has changed."""
    return {
        name: lake.replace(name, lambda t=standard: commented(lake.check(t.name, rows(t, lake))), mark(standard))
        for name, standard in tables().items()
        if not standard.by_batch
    }


def rows(standard: Dataset, lake: Lake) -> pa.Table:
    """All rows of a reference table: of its code lists, or the rules of all standards there are and were (`aturan`)."""
    if standard.sources:
        return acuan.rows(standard)
    now, before = _rules(standard), lake.rows(standard.name)
    known = {d.standard for d in datasets().values()}
    former = before.filter(pa.array([name not in known for name in before["standar"].to_pylist()], pa.bool_()))
    return pa.concat_tables([now, former.select(now.column_names).cast(now.schema)])


def mark(standard: Dataset) -> str:
    """Changes when the rows or their standard do."""
    if standard.sources:
        return acuan.mark(standard)
    made = _rules(standard)
    return hashlib.sha256(repr([made.to_pylist(), made.schema.metadata, *made.schema]).encode()).hexdigest()


def _rules(standard: Dataset) -> pa.Table:
    made = [
        {
            "standar": d.standard,
            "kode": r.kode,
            "kolom": r.kolom,
            "batas": r.batas or None,
            "tingkat": messages()[r.kode].tingkat,
        }
        for d in datasets().values()
        for r in rules(d)
    ]
    return pa.Table.from_pylist(made, standard.arrow)
