"""What is on file about statistical tables: metadata an office may refer to, and the columns it sent last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import duckdb
import pyarrow.parquet as pq

from schemas.metadata import Doc, on_file
from schemas.reference import covers
from transforms.shape import OFFLINE, literal

Known = Callable[[str], Sequence[str]]
"""Table name → the Parquet files that hold its rows judged so far."""


@dataclass
class Registry:
    """The metadata shipped with the standards, and what `known` has of submissions before; read when first asked.

    Not `connected`, as in a dry run, it knows only what is shipped, and cannot say that something is not on file.
    """

    known: Known
    connected: bool = True
    _added: set[tuple[str, str, str]] = field(default_factory=set[tuple[str, str, str]])

    def references(self, satker: str, dataset: str) -> list[str]:
        """What a satker may write for `metadata` of a dataset: its own, those of the satker above it, the shipped."""
        shipped = {name for name in on_file() if name.partition("/")[0] == dataset}
        return sorted(
            shipped | {ref for owner, of, ref in self._there | self._added if of == dataset and covers([owner], satker)}
        )

    def add(self, satker: str, dataset: str, docs: Sequence[Doc]) -> None:
        """Metadata of a submission of this batch: later ones of the same batch may refer to it."""
        for doc in docs:
            if doc.kind == "ms_keg":
                year, number = doc.data["tahun"], doc.body.get("base_id")
                self._added |= {(satker, dataset, f"{name}/{year}") for name in (dataset, number) if name is not None}

    def last_columns(self, satker: str, dataset: str, root: str) -> tuple[set[str], str] | None:
        """The columns of the newest submission of a dataset but `root`, with its number; None when there is none."""
        for number, columns in self._columns.get((satker, dataset), ()):
            if number != root:
                return set(columns.split(", ")), number
        return None

    @cached_property
    def _there(self) -> set[tuple[str, str, str]]:
        rows = self._rows(
            "metadata",
            "SELECT DISTINCT kode_satker, dataset, unnest([dataset, id_ms_keg]) AS nama, tahun FROM there"
            " WHERE jenis = 'ms_keg'",
        )
        return {(satker, dataset, f"{name}/{year}") for satker, dataset, name, year in rows if name}

    @cached_property
    def _columns(self) -> dict[tuple[str, str], list[tuple[str, str]]]:
        found: dict[tuple[str, str], list[tuple[str, str]]] = {}
        rows = self._rows(
            "kiriman",
            "SELECT kode_satker, dataset, split_part(kiriman, '.', 1) AS nomor, arg_max(kolom, _diterima_pada),"
            " max(_diterima_pada) AS pada FROM there WHERE kolom IS NOT NULL AND baris_diterima > 0 GROUP BY 1, 2, 3"
            " QUALIFY row_number() OVER (PARTITION BY kode_satker, dataset ORDER BY pada DESC) <= 2 ORDER BY pada DESC",
            wanted="kolom",
        )
        for satker, dataset, number, columns, _ in rows:
            found.setdefault((satker, dataset), []).append((number, columns))
        return found

    def _rows(self, table: str, sql: str, *, wanted: str = "kode_satker") -> list[tuple[str, ...]]:
        """A query over what is known of a table; files from before its standard had the column say nothing."""
        files = [file for file in self.known(table) if wanted in pq.read_schema(file).names]
        if not files:
            return []
        with duckdb.connect(config=OFFLINE) as con:
            listed = ", ".join(map(literal, files))
            con.execute(f"CREATE VIEW there AS FROM read_parquet([{listed}], union_by_name = true)")
            return con.execute(sql).fetchall()
