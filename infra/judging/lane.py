"""The fast lane: rows of a large regular file of which nothing need be said go to Parquet in one stream.

Every rule is asked of them as of all others, by the same SQL; only nothing is kept of them in memory. What the survey
of the file, a rule, or the search for personal data has anything to say about is judged the careful way, and so is
whatever shares its key with another row, here or in the lake (docs/decisions/0012).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa

from expectations import personal, rules
from infra.columns import footer
from infra.judging.engine import connect
from infra.judging.registry import Known
from infra.judging.senders import senders
from schemas import reference
from schemas.dataset import Dataset
from transforms import shape
from transforms.shape import OFFLINE, literal, quoted
from transforms.tabular import readers
from transforms.tabular.bulk import Regular, regular
from transforms.tabular.reading import Reading, Refused
from transforms.tabular.sieve import TOTAL
from transforms.tabular.survey import Irregular

if TYPE_CHECKING:
    from infra.judging.parcel import File, Opened

ROW_GROUP = 65_536
"""Rows written together: what the stream holds in memory."""

MEETING_ROOM = 384
"""MiB for looking which keys are met twice."""


@dataclass
class Lane:
    """What went the fast way of one file. `path`: its accepted rows as Parquet, in the order of the file."""

    file: File
    lines: Regular
    dataset: Dataset
    path: Path
    rows: int

    def give_back(self, numbers: np.ndarray) -> Reading:
        """Take rows out of the lane again; what the careful reader makes of them. Refused when it cannot."""
        target = self.path.with_suffix(".rest.parquet")
        with duckdb.connect(config=OFFLINE) as con:
            con.register("kembali", pa.table({"n": numbers}))
            kept = f"SELECT l.* FROM {_parquet([self])} l ANTI JOIN kembali k ON k.n = l._baris"
            _copy(con, kept, target, self.dataset)
        target.replace(self.path)
        self.rows -= len(numbers)
        return self.read(numbers)

    def numbers(self) -> np.ndarray:
        """Which rows are in it."""
        with duckdb.connect(config=OFFLINE) as con:
            return con.execute(f"SELECT _baris FROM {_parquet([self])}").to_arrow_table()["_baris"].to_numpy()

    def read(self, numbers: np.ndarray) -> Reading:
        """These lines as the careful reader reads them."""
        with self.file.open() as path:
            self.lines.path = path
            reading = readers.read_lines(self.lines, numbers, self.dataset.headers())
        pa.default_memory_pool().release_unused()  # it took several times what it made
        return reading


@dataclass(frozen=True)
class Lanes:
    """Where the lanes of a batch are laid: files below `folder`, which lives as long as the verdict is used."""

    folder: Path
    batch: int

    def take(self, opened: Opened, name: str, path: Path) -> Reading | None:
        """Judge what can be judged fast, as a lane of `opened`; what the careful reader makes of the rest.

        None when the file is not one for the fast lane.
        """
        standard = opened.standard
        file = opened.parcel.files[name]
        lines = regular(path, standard.headers(), _free(standard))
        if lines is None:
            return None
        target = Path(tempfile.mkdtemp(dir=self.folder)) / "rows.parquet"
        plain = target.with_name("plain")
        with ExitStack() as stack:
            # Rows are numbered in order, which one thread does; a second one would only wait at full speed.
            con = stack.enter_context(duckdb.connect(config={**OFFLINE, "threads": 1}))
            stack.callback(plain.unlink, missing_ok=True)
            con.register("pengirim", senders([opened], self.batch))
            try:
                _copy(con, _judged(con, opened, name, lines, lines.relation(lines.plain(plain))), target, standard)
            except (duckdb.InvalidInputException, duckdb.ConversionException):
                return None  # the engine's reader met what the survey did not: the careful one says what it is
        lane = Lane(file, lines, standard, target, 0)
        aside = np.ones(lines.rows, bool)
        aside[lane.numbers() - lines.first] = False
        rest = np.flatnonzero(aside) + lines.first
        lane.rows = lines.rows - len(rest)
        try:
            reading = lane.read(rest)
        except (Refused, Irregular):
            return None
        opened.lanes[name] = lane
        return reading


@dataclass(frozen=True)
class Only:
    """In place of `Lanes`: reads of a large regular file the rows with these numbers, and judges nothing."""

    numbers: Mapping[str, Sequence[int]]

    def take(self, opened: Opened, name: str, path: Path) -> Reading | None:
        """The rows asked for; None when the file has to be read as a whole."""
        headers = opened.standard.headers()
        lines = regular(path, headers, _free(opened.standard))
        if lines is None:
            return None
        try:
            return readers.read_lines(lines, np.array(self.numbers.get(name, ()), int), headers)
        except (Refused, Irregular):
            return None


def meeting(lanes: Sequence[Lane], dinilai: duckdb.DuckDBPyConnection, known: Known) -> list[np.ndarray]:
    """Of each lane the rows whose key is met elsewhere: in a lane, in relation `dinilai`, or among those known.

    Their keys are compared by hash: two that only look the same cost time and nothing else.
    """
    elsewhere = ["FROM lain"]
    if files := list(known(lanes[0].dataset.name)):
        listed = ", ".join(map(literal, files))
        elsewhere.append(f"SELECT hash(_kunci) FROM read_parquet([{listed}], union_by_name = true)")
    keys = f"(SELECT hash(_kunci) AS h FROM {_parquet(lanes)})"
    with connect(lanes[0].path.parent, MEETING_ROOM) as con:
        con.register("lain", dinilai.execute("SELECT hash(_kunci) AS h FROM dinilai").to_arrow_table())
        con.execute(
            f"CREATE TABLE bertemu AS SELECT h FROM {keys} GROUP BY h HAVING count(*) > 1"
            f" UNION SELECT h FROM {keys} SEMI JOIN ({' UNION ALL '.join(elsewhere)}) t(h) USING (h)"
        )
        return [
            con.execute(
                f"SELECT _baris FROM (SELECT _baris, hash(_kunci) AS h FROM {_parquet([lane])})"
                " SEMI JOIN bertemu USING (h) ORDER BY _baris"
            )
            .to_arrow_table()["_baris"]
            .to_numpy()
            for lane in lanes
        ]


def described(lanes: Sequence[Lane], columns: Sequence[str]) -> str:
    """SQL: the different values the lanes have in these columns, per file; all of their rows are accepted."""
    return (
        f"SELECT DISTINCT _kiriman, _berkas, {', '.join(map(quoted, columns))}, true AS diterima FROM {_parquet(lanes)}"
    )


def _judged(con: duckdb.DuckDBPyConnection, opened: Opened, name: str, lines: Regular, source: str) -> str:
    """SQL: the rows as they are stored of which there is nothing to say."""
    d, sent = opened.standard, opened.manifest
    assert sent is not None
    con.execute("SET disabled_optimizers = 'join_order,build_side_probe_side,in_clause'")
    for codes in shape.code_lists(d):
        con.execute(f"CREATE TABLE rujukan_{codes} AS FROM read_csv('{reference.path(codes)}', all_varchar = true)")
    numbered = (
        f"SELECT row_number() OVER () + {lines.first - 1} AS _baris, {literal(name)} AS _berkas,"
        f" NULL::VARCHAR AS _lembar, * FROM {source}"
    )
    text = shape.plain_columns(d, lines.columns, {"kode_satker", *sent.defaults}, blanks=lines.blanks)
    silent = [f"NOT {rules.flagged(d)}", "NOT _curiga", *_unread(d, lines)]
    if "subjek_anak" in d.arrow.names:
        silent.append("subjek_anak IS NOT TRUE")
    return (
        f"WITH masuk AS ({numbered}), teks AS ({text}), baris AS ({shape.typed_columns(d)}),"
        f" lengkap AS ({rules.written(d)}), dinilai AS (SELECT *, {shape.key(d)} AS _kunci,"
        f" {shape.fingerprint(d)} AS _sidik, {personal.row_suspicious(d)} AS _curiga, NULL::VARCHAR AS _tertahan,"
        f" {', '.join(rules.masks(d))} FROM lengkap)"
        f" SELECT {shape.final_columns(d)} FROM dinilai WHERE {' AND '.join(silent)}"
    )


def _unread(d: Dataset, lines: Regular) -> list[str]:
    """SQL: what the careful reader alone would see in a cell: a number it closes, a line that is a total."""
    if lines.first == 1:  # JSON: a number is never Indonesian thousands, but text may be
        whole = (quoted("x_" + f.name) for f in d.office_fields if f.type == "integer")
        return [f"NOT coalesce(contains({text}, '.'), false)" for text in whole]
    upto: list[str] = []
    for name in lines.columns:
        upto.append(name)
        if d.field(name).constraints.required:
            break
    free = _free(d)
    return [f"NOT coalesce(regexp_full_match({quoted('x_' + n)}, {literal(TOTAL)}), false)" for n in upto if n in free]


def _free(d: Dataset) -> set[str]:
    return {f.name for f in d.office_fields if f.free_text}


def _copy(con: duckdb.DuckDBPyConnection, sql: str, target: Path, standard: Dataset) -> None:
    con.execute(
        f"COPY ({sql}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1,"
        f" ROW_GROUP_SIZE {ROW_GROUP}, KV_METADATA {footer(standard.arrow)})"
    )


def _parquet(lanes: Sequence[Lane]) -> str:
    return f"read_parquet([{', '.join(literal(str(lane.path)) for lane in lanes)}])"
