"""The renditions of public media on the shelf: their list, an edition like any other, and their files beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from infra.publishing.editions import ROW_GROUP, Shelf, mark
from infra.publishing.loose import NAMES, Loose
from infra.rendering import copy_key
from transforms import copies
from transforms.publik import Edition

COPIES = copies.standard()
COPY = re.compile(r"rendisi/[0-9a-f]{64}\.\w+")
"""A copy's path below `published/`; whatever else lies in its folder belongs to editions of the list."""


@dataclass(frozen=True)
class Shown:
    """What is shown of the renditions at a release; `settle` takes back what no longer is, once all pages say so."""

    edition: Edition
    files: pa.Table
    """`berkas`, `sha256`, `ukuran_byte`, `asal`."""
    loose: Loose
    known: pa.Table
    same: bool
    """They lie there already."""
    lacking: frozenset[str]
    """Those whose bytes are gone."""

    def settle(self) -> list[str]:
        """Take back the copies of media that are not public any more; the keys that went."""
        if self.same:
            return []
        if not self.lacking:
            return self.loose.settle(self.edition.id, self.files, self.known)
        rows = [row for row in self.files.select(["berkas"]).to_pylist() if row["berkas"] not in self.lacking]
        return self.loose.settle("", pa.Table.from_pylist(rows, NAMES), self.known)


def show(
    connection: duckdb.DuckDBPyConnection,
    shelf: Shelf,
    media: Edition,
    version: int,
    at: datetime,
    *,
    thorough: bool = False,
) -> Shown:
    """List and lay out the copies of what `media`, the edition of public media, holds; `version` is that of `rendisi`.

    From `at` until the next embargo ends, the clock changes nothing.

    A copy whose bytes are gone (erased, and not made again yet) is listed and not there; the next release tries again.
    """
    standard = COPIES
    blurred = connection.execute(copies.blurred()).fetchall()
    made_from = mark(standard, [copies.listed(at), copies.files(at), media.id, version, *blurred])
    loose = Loose(shelf, standard.name, lambda path: COPY.fullmatch(path) is not None)

    def rows() -> pa.RecordBatchReader:
        return connection.execute(copies.listed(at)).to_arrow_reader(ROW_GROUP)

    edition = shelf.edition(
        standard, f"{standard.version}.{made_from}", rows, lambda count: replace(media.facts, rows=count)
    )
    known, same = loose.there(edition.id, thorough=thorough)
    files = connection.execute(copies.files(at)).to_arrow_table()

    def content(row: dict[str, Any]) -> bytes:
        return shelf.store.get(copy_key(row["asal"], row["sha256"]))

    return Shown(edition, files, loose, known, same, frozenset() if same else loose.add(files, known, content))
