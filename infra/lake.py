"""The lake's tables (Delta): one commit per table and batch, versions of tables, and the releases made of them.

Delta makes one table's commit whole; nothing makes several whole together. So readers never look at the newest
versions: they read a release, a record {table: version} that is made once all tables of its batches are committed.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import CommitFailedError, TableNotFoundError

from infra import adopting, releases
from infra.blurring.records import blurs, standing
from infra.columns import commented, redefine
from infra.gathering import Told, gather
from infra.layout import CONFIGURATION, ROW_GROUP, WRITER, trim
from infra.releases import BACK_TO, Gone, Release
from infra.storage.store import Conflict, NotFound, Store
from infra.withdrawing.records import Withdrawal, withdrawals
from schemas.dataset import ContractError, tables
from transforms import replaced
from transforms.strict import cast

TRIES = 30  # of one commit against other writers of the table; every try lost means that another one got through


@dataclass(frozen=True)
class Snapshot:
    """A version of a table: its Parquet files (absolute paths; `Lake.bring` before reading), its columns and rows."""

    files: tuple[str, ...]
    schema: pa.Schema
    rows: int
    version: int


@dataclass(frozen=True)
class Logged:
    """What the log says of a file: the bounds of text columns as far as it has them whole, and columns it must have."""

    bounds: Mapping[str, tuple[str, str]]
    columns: frozenset[str]


class Lake:
    """The tables and releases in a store. Several processes may work at once, but none that was forked from a user."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._records: dict[int, Release] = {}

    def check(self, table: str, rows: pa.Table) -> pa.Table:
        """The rows as the table's standard wants them; ContractError when they are not. Do it before any commit."""
        return cast(tables()[table], rows)

    def check_files(self, table: str, paths: Sequence[Path]) -> int:
        """`check` of rows in Parquet files; how many there are."""
        return adopting.check(tables()[table], paths)

    def commit(
        self,
        table: str,
        rows: pa.Table,
        batch: int,
        formed: datetime | None = None,
        *,
        files: Sequence[Path] = (),
        begin: bool = False,
    ) -> int | None:
        """Append what a batch adds to a table; the version after. No rows: no commit (None while there is no table).

        `files`: more rows, in Parquet files that `check_files` has seen; the table takes them as they are. `begin`:
        commit even no rows where nothing was committed yet.
        Exactly once per table and batch: the commit carries the batch as a Delta transaction, so one that is there
        is not repeated, and of two workers at the same batch the slower finds the other's. `formed` is when the batch
        was formed: a ledger restored from an older copy gives its numbers out again, for other rows.
        """
        rows = commented(self.check(table, rows))
        if not rows.num_rows and not files and not (begin and self.version(table) in (None, 0)):
            return self.version(table)
        name = f"batch-{batch}" + (f"-{formed.astimezone(UTC):%Y%m%dT%H%M%S.%f}" if formed else "")
        mark = Transaction(name, 1, last_updated=int(time.time() * 1000))
        properties = CommitProperties(custom_metadata={"batch": str(batch)}, app_transactions=[mark])

        def append(delta: DeltaTable) -> None:
            there, names = pa.schema(delta.schema()), set(rows.column_names)
            if changed := [f.name for f in there if f.name in names and f.type != rows.schema.field(f.name).type]:
                raise ContractError(f"{table}: in the lake {changed} have another type; that needs a new standard")
            redefine(delta, there, rows.schema)
            if files:
                self._adopt(delta, table, rows, files, properties)
                return
            write_deltalake(
                delta, rows, mode="append", schema_mode="merge", writer_properties=WRITER, commit_properties=properties
            )

        def holds(delta: DeltaTable) -> bool:
            return delta.transaction_version(name) is not None

        return self._write(table, lambda: rows.schema, holds, append)

    def _adopt(
        self, delta: DeltaTable, table: str, rows: pa.Table, files: Sequence[Path], properties: CommitProperties
    ) -> None:
        """Rows and files in one commit."""
        there = pa.schema(delta.schema())
        if new := [f for f in DeltaSchema.from_arrow(rows.schema).fields if f.name not in there.names]:
            delta.alter.add_columns(new)
        with tempfile.TemporaryDirectory(prefix="spit-") as folder:
            beside = Path(folder) / "rows.parquet"
            pq.write_table(rows, beside, compression="zstd", row_group_size=ROW_GROUP)
            paths = [*files, beside] if rows.num_rows else files
            actions = adopting.added(self._store, table, paths)
        delta.create_write_transaction(actions, "append", delta.schema(), commit_properties=properties)
        delta.update_incremental()

    def replace(self, table: str, rows: Callable[[], pa.Table], mark: str) -> int:
        """Make `rows` all there is in a reference table, unless the newest have the same `mark`; the version after.

        They are asked for only when they are needed.
        """
        properties = CommitProperties(custom_metadata={"mark": mark})

        def holds(delta: DeltaTable) -> bool:
            return next((entry["mark"] for entry in delta.history() if "mark" in entry), None) == mark

        def overwrite(delta: DeltaTable) -> None:
            made = rows()
            said = _description(made.schema)
            if said and said != delta.metadata().description:
                delta.alter.set_table_description(said)
            write_deltalake(
                delta,
                made,
                mode="overwrite",
                schema_mode="overwrite",
                writer_properties=WRITER,
                commit_properties=properties,
            )

        return self._write(table, lambda: rows().schema, holds, overwrite)

    def rewrite(self, table: str, rows: pa.RecordBatchReader, erasure: int) -> int:
        """Make `rows` all there is in a table, in its own columns; the version after.

        For whoever erases, and keeps every other writer of the table away meanwhile.
        """
        delta = self._open(table)
        if delta is None:
            raise LookupError(f"there is no table {table}")
        schema = pa.schema(delta.schema())
        cast = (pa.Table.from_batches([batch]).select(schema.names).cast(schema).to_batches() for batch in rows)
        reader = pa.RecordBatchReader.from_batches(schema, (batch for some in cast for batch in some))
        properties = CommitProperties(custom_metadata={"erasure": str(erasure)})
        write_deltalake(delta, reader, mode="overwrite", writer_properties=WRITER, commit_properties=properties)
        return delta.version()

    def forget(self, table: str, version: int) -> int:
        """Leave nothing of a table from before `version`: no file, no change feed, no log of how it came to be.

        Which batches are in it stays known, so their commits are still not repeated. How many files went.
        """
        newest, kept = self._open(table), self._open(table, version)
        if newest is None or kept is None:
            return 0
        kept.create_checkpoint()
        gone = newest.vacuum(
            0, dry_run=False, enforce_retention_duration=False, full=True, keep_versions=sorted({version})
        )
        log = [stat.key for stat in self._store.list(f"tables/{table}/_delta_log/")]
        numbers = {key: key.rpartition("/")[2].partition(".")[0] for key in log}
        older = [key for key, number in numbers.items() if number.isdigit() and int(number) < version]
        older += [stat.key for stat in self._store.list(f"tables/{table}/_change_data/")]
        for key in older:
            self._store.delete(key)
        self._store.discard(f"tables/{table}")
        return len(gone) + len(older)

    def version(self, table: str) -> int | None:
        """The newest version, which may be half a batch; None while there is no such table."""
        delta = self._open(table)
        return delta and delta.version()

    def highest(self, table: str, column: str, version: int | None = None) -> int:
        """The highest whole number a column holds, out of the log alone; 0 while it holds none."""
        delta = self._open(table, version)
        found = pa.table(delta.get_add_actions(flatten=True)) if delta else pa.table({})
        name = f"max.{column}"
        return (
            max((n for n in found[name].to_pylist() if n is not None), default=0) if name in found.schema.names else 0
        )

    def logged(self, table: str, of: Snapshot, columns: Sequence[str]) -> dict[str, Logged]:
        """What the log says of each file of a snapshot, with the bounds of these text columns."""
        delta = self._open(table, of.version)
        actions = pa.table(delta.get_add_actions(flatten=True)).to_pylist() if delta else []
        found: dict[str, Logged] = {}
        for said in actions:
            bounds = {c: (said[f"min.{c}"], said[f"max.{c}"]) for c in columns if said.get(f"min.{c}") is not None}
            # A text of that length may be the beginning of the bound alone.
            whole = {c: pair for c, pair in bounds.items() if max(map(len, pair)) < adopting.LONGEST}
            counted = {c for c in of.schema.names if said.get(f"null_count.{c}") is not None}
            found[self._path(table, said["path"])] = Logged(whole, frozenset(counted))
        return found

    def rows(self, table: str) -> pa.Table:
        """All rows of a small table, as its newest version has them; none while there is no such table."""
        delta = self._open(table)
        return delta.to_pyarrow_table() if delta else tables()[table].arrow.empty_table()

    def snapshot(self, table: str, version: int) -> Snapshot:
        """What a version consists of. LookupError without such a table, DeltaError without such a version.

        Gone when the log of so old a version has been removed; its files may be gone all the same (`lacks`).
        """
        delta = self._open(table, version)
        if delta is None and self._open(table) is not None:
            raise Gone(f"version {version} of table {table} is gone")
        if delta is None:
            raise LookupError(f"there is no table {table}")
        names = [uri.rpartition(f"/tables/{table}/")[2] for uri in delta.file_uris()]
        files = tuple(self._path(table, name) for name in names)
        return Snapshot(files, pa.schema(delta.schema()), delta.count(), version)

    def bring(self, files: Iterable[str]) -> None:
        """Have these files of snapshots on this machine, where DuckDB reads them; Gone when one has been removed."""
        try:
            self._store.bring(files)
        except NotFound as error:
            raise Gone(f"{error} has been removed") from error

    def lacks(self, snapshot: Snapshot) -> bool:
        """Whether a file of an old version has been removed since."""
        return self._store.lacks(snapshot.files)

    def files(self, table: str, version: int) -> list[str]:
        """The Parquet files of a version, brought here: absolute paths."""
        found = self.snapshot(table, version).files
        self.bring(found)
        return list(found)

    def compact(self, table: str, up_to: int = 0) -> int:
        """Gather new and small files into large sorted ones, as a new version; how many files that replaced.

        `up_to`: a batch up to which every one is in the tables. The rows these replaced come into files of their own.
        """
        delta = self._open(table)
        return gather(delta, self._store, table, self._told(table, up_to)) if delta else 0

    def _told(self, table: str, up_to: int) -> Told:
        told = self._open(replaced.TABLE) if up_to else None
        if told is None:
            return Told(tables()[replaced.TABLE].arrow.empty_table(), 0)
        about = told.to_pyarrow_table(filters=[("dataset", "=", table), ("_batch", "<=", up_to)])
        return Told(about, up_to)

    def vacuum(self, table: str, *, keep: int = 100, also: Collection[int] = (), hours: int = 168) -> int:
        """Delete files older than `hours` that belong to no version worth keeping; how many there were.

        Kept are the newest version, those of the last `keep` releases, and `also`: what still waits for its audit. What
        the log says of older ones goes too, once no release of theirs is younger than `hours`; releases that old are
        read by their batches.
        Files that belong to no version at all, left by writers that died or lost a race, go by age alone, since a
        writer at work has such files too before it commits.
        """
        delta = self._open(table)
        if delta is None:
            return 0
        versions = {*also, *(r.tables[table] for r in islice(self.releases(), keep) if table in r.tables)}
        oldest = self._oldest(table)
        kept = sorted(version for version in versions if version >= oldest)
        deleted = delta.vacuum(hours, dry_run=False, enforce_retention_duration=False, full=True, keep_versions=kept)
        since = datetime.now(UTC) - timedelta(hours=hours)
        young = takewhile(lambda release: release.at > since, self.releases())
        trim(self._store, table, min([*kept, *(r.tables[table] for r in young if table in r.tables), delta.version()]))
        return len(deleted)

    def release(
        self,
        versions: Mapping[str, int],
        batches: Sequence[int],
        *,
        audit: Mapping[str, Any],
        at: datetime | None = None,
    ) -> Release:
        """Show these versions to readers from now on; `batches` are those new in them. The same again does nothing.

        Conflict when another release is made meanwhile, or when a table would go back to an older version: what was
        proposed is overtaken.
        """
        before = self.released()
        same = before and before.tables == dict(versions) and before.batches == list(batches)
        if before and same and before.back_to is None:
            return before
        if before and any(versions.get(table, -1) < version for table, version in before.tables.items()):
            raise Conflict(f"release {before.number} is newer than what is proposed")
        proposed = Release(
            number=0,
            at=at or datetime.now(UTC),
            tables=dict(versions),
            rows={table: self.snapshot(table, version).rows for table, version in versions.items()},
            batches=list(batches),
            audit=dict(audit),
            previous=before.number if before else None,
        )
        return releases.show(self._store, proposed)

    def go_back(self, number: int, *, by: str, reason: str) -> Release:
        """Show the versions of an earlier release again, as a new one; the same again does nothing.

        LookupError when there was no such release, Gone when its versions cannot be read any more.
        """
        before, to = self.released(), releases.numbered(self._store, number)
        if before is None or number in {before.number, before.back_to}:
            return before or to
        for table, version in to.tables.items():
            if self.lacks(self.snapshot(table, version)):
                raise Gone(f"files of version {version} of table {table} are gone")
        said = {BACK_TO: number, "oleh": by, "alasan": reason}
        return releases.show(
            self._store, replace(to, at=datetime.now(UTC), batches=[], audit=said, previous=before.number)
        )

    def batches(self, release: Release) -> set[int]:
        """The batches a release shows."""
        return releases.batches(release, self.releases())

    def released(self) -> Release | None:
        """The release readers see; None before the first."""
        return releases.released(self._store)

    def releases(self, newest: Release | None = None) -> Iterator[Release]:
        """Every release that was ever shown, newest first; from `newest` on, if given."""
        return releases.releases(self._store, newest, self._records)

    def withdrawals(self) -> list[Withdrawal]:
        """What no release may show any more."""
        return withdrawals(self._store)

    def blurred(self) -> dict[str, str]:
        """sha256 → the regions of that medium a reviewer has blurred, in every release."""
        return standing(blurs(self._store))

    def _path(self, table: str, name: str) -> str:
        # The library escapes blanks and the like even in plain paths.
        return self._store.nearby(f"tables/{table}/{unquote(name)}")

    def _oldest(self, table: str) -> int:
        """The oldest version whose log is still there."""
        names = [stat.key.rpartition("/")[2] for stat in self._store.list(f"tables/{table}/_delta_log/")]
        begins = [name for name in names if ".checkpoint" in name or name == f"{0:020}.json"]
        return min((int(name.partition(".")[0]) for name in begins), default=0)

    def _open(self, table: str, version: int | None = None) -> DeltaTable | None:
        uri, options = self._store.delta(f"tables/{table}")
        try:
            return DeltaTable(uri, version=version, storage_options=options)
        except TableNotFoundError:
            return None

    def _create(self, table: str, schema: pa.Schema) -> DeltaTable:
        uri, options = self._store.delta(f"tables/{table}")
        return DeltaTable.create(
            uri,
            schema,
            mode="ignore",
            name=table,
            description=_description(schema),
            configuration=CONFIGURATION,
            storage_options=options,
        )

    def _write(
        self,
        table: str,
        schema: Callable[[], pa.Schema],
        done: Callable[[DeltaTable], bool],
        write: Callable[[DeltaTable], None],
    ) -> int:
        tries = 0
        while True:
            try:
                # Always look, then write to the very version looked at: so Delta sees what others have done since.
                delta = self._open(table) or self._create(table, schema())
                if not done(delta):
                    write(delta)
                return delta.version()
            except CommitFailedError:
                tries += 1
                if tries == TRIES:
                    raise
                time.sleep(random.uniform(0, 0.02 * tries))  # noqa: S311


def _description(schema: pa.Schema) -> str | None:
    return (schema.metadata or {}).get(b"description", b"").decode() or None
