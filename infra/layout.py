"""How a table lies in the store: what its files are like, and how much of its log is kept (docs/decisions/0015)."""

from __future__ import annotations

import re

from deltalake import WriterProperties

from infra.storage.store import Store

ROW_GROUP = 65_536
"""Rows of a Parquet row group: what a query skips or reads as a whole, and what a writer holds in memory."""

ORDER = ("kode_satker", "tanggal_kejadian", "periode", "_batch")
"""What rows are sorted by when files are gathered, as far as a table has it. Keys begin with the satker: whoever looks
for some reads little."""

LARGE = 128 << 20
"""Bytes of a gathered file at most, about; one of half as many is not gathered again."""

SORTED = "sorted-"
"""How the name of a gathered file begins; then `n` and a number: what batches up to it replaced is not in the file."""

REPLACED = "replaced-"
"""How the name of a file begins that has nothing but rows which later ones have replaced."""

WRITER = WriterProperties(compression="ZSTD", max_row_group_size=ROW_GROUP)

CONFIGURATION = {
    "delta.enableChangeDataFeed": "true",
    "delta.checkpointInterval": "10",
    # Bounds of every column: what the rows are and who sent them comes after the first 32, which is the usual number.
    "delta.dataSkippingNumIndexedCols": "-1",
    # Of a reference table every version stays readable; of the others `trim` removes sooner what no release needs.
    "delta.logRetentionDuration": "interval 400 days",
    # Which batches are in a table is in each checkpoint. One is asked for only while its judged rows are there to be
    # committed again, which is days.
    "delta.setTransactionRetentionDuration": "interval 90 days",
}


def trim(store: Store, table: str, version: int) -> int:
    """Remove what the log says of versions before `version`: opening a table lists its whole log. How many files went.

    What is left begins with a checkpoint, out of which that version is read.
    """
    names = {stat.key: stat.key.rpartition("/")[2] for stat in store.list(f"tables/{table}/_delta_log/")}
    numbers = {key: int(name.partition(".")[0]) for key, name in names.items() if name[:20].isdigit()}
    begins = [number for key, number in numbers.items() if ".checkpoint" in names[key] and number <= version]
    gone = [key for key, number in numbers.items() if begins and number < max(begins)]
    for key in gone:
        store.delete(key)
    return len(gone)


def is_replaced(path: str) -> bool:
    """Whether a file has nothing but replaced rows."""
    return _name(path).startswith(REPLACED)


def settled(path: str) -> int:
    """The batch up to which every row that was replaced has been taken out of a file; 0 of one never gathered."""
    found = re.match(rf"{SORTED}n(\d+)-", _name(path))
    return int(found[1]) if found else 0


def is_large(path: str, size: int) -> bool:
    """Whether a file was gathered and is as large as gathering makes them."""
    return _name(path).startswith((SORTED, REPLACED)) and size >= LARGE // 2


def _name(path: str) -> str:
    return path.rpartition("/")[2]
