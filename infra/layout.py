"""How a table lies in the store: what its files are like, and how much of its log is kept (docs/decisions/0015)."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, WriterProperties
from deltalake.transaction import RemoveAction

from infra import adopting
from infra.storage.store import Store
from transforms.shape import OFFLINE, literal, quoted

ROW_GROUP = 65_536
"""Rows of a Parquet row group: what a query skips or reads as a whole, and what a writer holds in memory."""

ORDER = ("kode_satker", "tanggal_kejadian", "periode", "_batch")
"""What rows are sorted by when files are gathered, as far as a table has it. Keys begin with the satker: whoever looks
for some reads little."""

LARGE = 128 << 20
"""Bytes of a gathered file at most, about; one of half as many is not gathered again."""

SORTED = "sorted-"
"""How the name of a gathered file begins."""

WRITER = WriterProperties(compression="ZSTD", max_row_group_size=ROW_GROUP)

CONFIGURATION = {
    "delta.enableChangeDataFeed": "true",
    "delta.checkpointInterval": "10",
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


def gather(delta: DeltaTable, store: Store, table: str) -> int:
    """Sort the rows of new and of small files into large ones, as a new version; how many files that replaced."""
    found = pa.table(delta.get_add_actions()).select(["path", "size_bytes"]).to_pylist()
    due = {f["path"]: f["size_bytes"] for f in found if not _settled(f["path"], f["size_bytes"])}
    if all(path.startswith(SORTED) for path in due) and len(due) < 2:
        return 0
    with tempfile.TemporaryDirectory(prefix="spit-") as folder:
        files = [store.nearby(f"tables/{table}/{path}") for path in due]
        store.bring(files)
        made = list(_sorted(files, pa.schema(delta.schema()), Path(folder)))
        now = int(time.time() * 1000)
        # The rows are the same, so whoever follows the changes of a table learns nothing of it.
        actions = [
            *adopting.added(store, table, made, SORTED, new=False),
            *(RemoveAction(path, data_change=False, deletion_timestamp=now, size=due[path]) for path in due),
        ]
        said = CommitProperties(custom_metadata={"gathered": str(len(due))})
        delta.create_write_transaction(actions, "append", delta.schema(), commit_properties=said)
    return len(due)


def _settled(path: str, size: int) -> bool:
    return path.startswith(SORTED) and size >= LARGE // 2


def _sorted(files: Sequence[str], schema: pa.Schema, folder: Path) -> Iterator[Path]:
    """The rows of Parquet files as files in `folder`, in order; what memory cannot hold waits there, too."""
    there = {name for file in files for name in pq.read_schema(file).names}
    columns = ", ".join(quoted(name) if name in there else f"NULL AS {quoted(name)}" for name in schema.names)
    order = ", ".join(quoted(name) for name in ORDER if name in there)
    listed = ", ".join(map(literal, files))
    config = {**OFFLINE, "memory_limit": "1GiB", "threads": 2, "temp_directory": str(folder / "wait")}
    with duckdb.connect(config=config) as con:
        rows = f"SELECT {columns} FROM read_parquet([{listed}], union_by_name = true)"
        batches = con.execute(f"{rows} ORDER BY {order}" if order else rows).to_arrow_reader(ROW_GROUP)
        while (batch := next(batches, None)) is not None:
            path = folder / f"{uuid.uuid4()}.parquet"
            with pq.ParquetWriter(path, schema, compression="zstd") as file:
                while batch is not None:
                    file.write_table(pa.Table.from_batches([batch]).cast(schema), row_group_size=ROW_GROUP)
                    batch = next(batches, None) if path.stat().st_size < LARGE else None
            yield path
