"""Which rows were replaced by later ones of their key (table `perbaikan`): so that no reader looks for it in history.

Judging knows and says it. A lake from before the table is looked through once, when the next batch is committed.
When files are gathered the replaced rows come into files of their own (`infra/layout.py`), and of what was told since a
reader looks only in the files it can concern.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb
import pyarrow as pa

from infra import layout
from infra.lake import Lake, Snapshot
from schemas.dataset import datasets, tables
from transforms.replaced import TABLE
from transforms.shape import OFFLINE, literal


class Told(NamedTuple):
    """A submission that replaced rows of a table or had some replaced: by which batch at last, and their keys' bounds.

    `kiriman` is None for replaced rows of which it is not known who brought them.
    """

    kiriman: str | None
    batch: int
    lowest: str
    highest: str


@dataclass(frozen=True)
class Parts:
    """The files of a table: those of which every row stands, and those in which one may have been replaced.

    What batches up to `since` replaced is in neither. Files of replaced rows alone are left out. `columns`: of each
    file those it is known to have.
    """

    standing: Sequence[str]
    mixed: Sequence[str]
    since: int
    columns: Mapping[str, Collection[str]]


def told(files: Sequence[str]) -> dict[str, list[Told]]:
    """What the files of table `perbaikan` tell of each table."""
    found: dict[str, list[Told]] = {}
    if not files:
        return found
    listed = ", ".join(map(literal, files))
    with duckdb.connect(config=OFFLINE) as con:
        rows = con.execute(
            "SELECT dataset, k, max(_batch), min(kunci), max(kunci)"
            f" FROM read_parquet([{listed}], union_by_name = true), unnest([kiriman, lawan]) AS u(k) GROUP BY ALL"
        ).fetchall()
    for table, *values in rows:
        found.setdefault(table, []).append(Told(*values))
    return found


def parts(lake: Lake, table: str, snapshot: Snapshot, about: Sequence[Told], *, by_batch: bool = False) -> Parts:
    """The files of a version of a table, by what is told of it.

    `by_batch`: rows of some batches are shown, out of files of a later version, which say nothing of these.
    """
    if by_batch:
        return Parts((), snapshot.files, 0, {})
    files = [file for file in snapshot.files if not layout.is_replaced(file)]
    if not about and len(files) == len(snapshot.files):
        return Parts(files, (), 0, {})
    logged = lake.logged(table, snapshot, ("_kiriman", "_kunci"))
    mixed = {file for file in files if any(_concerns(each, file, logged[file].bounds) for each in about)}
    since = min((layout.settled(file) for file in mixed), default=0)
    standing = [file for file in files if file not in mixed]
    columns = {file: logged[file].columns for file in files}
    return Parts(standing, [file for file in files if file in mixed], since, columns)


def _concerns(told: Told, file: str, bounds: Mapping[str, tuple[str, str]]) -> bool:
    """Whether such a row may lie in a file, by the bounds of its columns; one without bounds may hold anything."""
    if told.batch <= layout.settled(file):
        return False
    if told.kiriman is not None and "_kiriman" in bounds:
        lowest, highest = bounds["_kiriman"]
        if not lowest <= told.kiriman <= highest:
            return False
    if "_kunci" in bounds:
        lowest, highest = bounds["_kunci"]
        return told.lowest <= highest and told.highest >= lowest
    return True


def rows(lake: Lake, judged: pa.Table | None) -> pa.Table:
    """What a batch adds to the table: what judging says, and the first time also what was replaced before."""
    made = judged if judged is not None else tables()[TABLE].arrow.empty_table()
    if lake.version(TABLE):
        return made
    return pa.concat_tables([made, *(_before(lake, name) for name in (*datasets(), "media"))])


def _before(lake: Lake, table: str) -> pa.Table:
    """Every row of a table whose key has several: more than needed, but the newest of them is among these."""
    wanted = tables()[TABLE].arrow
    version = lake.version(table)
    if version is None:
        return wanted.empty_table()
    snapshot = lake.snapshot(table, version)
    if not snapshot.rows:
        return wanted.empty_table()
    lake.bring(snapshot.files)
    listed = ", ".join(map(literal, snapshot.files))
    line = "_baris" if "_baris" in snapshot.schema.names else "NULL::BIGINT"
    with duckdb.connect(config=OFFLINE) as con:
        found = con.execute(
            f"SELECT {literal(table)} AS dataset, _kunci AS kunci, _kiriman AS kiriman, {line} AS baris,"
            " NULL::VARCHAR AS lawan, _batch, _diterima_pada"
            f" FROM read_parquet([{listed}], union_by_name = true) QUALIFY count(*) OVER (PARTITION BY _kunci) > 1"
        )
        return found.to_arrow_table().cast(wanted)
