"""Which rows were replaced by later ones of their key (table `perbaikan`): so that no reader looks for it in history.

Judging knows and says it. A lake from before the table is looked through once, when the next batch is committed.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from infra.lake import Lake
from schemas.dataset import datasets, tables
from transforms.shape import OFFLINE, literal

TABLE = "perbaikan"


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
