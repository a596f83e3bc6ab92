"""Judging: opened parcels in, a verdict out. One DuckDB pass per dataset gives every row all its findings.

The pipeline and `satu check` call the same `judge`; a dry run simply knows nothing of what the lake already holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from expectations import personal
from infra.judging.completeness import is_priority
from infra.judging.derivation import findings as of_originals
from infra.judging.lane import Lanes
from infra.judging.onepass import Pass
from infra.judging.parcel import Opened, Parcel, open_parcel
from infra.judging.registry import Known, Registry
from schemas.dataset import datasets, tables
from schemas.finding import Finding
from schemas.personal import masked
from transforms.mending import Origins
from transforms.shape import OFFLINE, literal


@dataclass(frozen=True)
class Outcome:
    """What became of one submission; `rows_in = accepted + returned + skipped`, always."""

    kiriman: str
    satker: str | None
    dataset: str | None
    rows_in: int
    accepted: int
    returned: int
    skipped: int
    faults: int
    waits: bool
    """Whether its rows are Data Prioritas that nobody has rechecked (Perpres 39/2019 Art 35)."""

    @property
    def status(self) -> str:
        """Its state after judging: see docs/architecture.md."""
        if self.accepted:
            return "MENUNGGU_PEMBINA" if self.waits else "DIPERIKSA"
        return "DIKEMBALIKAN" if self.returned or self.faults else "DILEWATI"


@dataclass(frozen=True)
class Verdict:
    """What a batch adds to each table, and what became of each submission, in order."""

    tables: dict[str, pa.Table]
    outcomes: list[Outcome]
    lanes: dict[str, list[Path]]
    """More rows of a table, accepted the fast way: Parquet files in the folder that `judge` was given."""


def judge(
    parcels: Iterable[Parcel],
    batch: int,
    *,
    known: Known = lambda _: (),
    owner_of: Callable[[str], str | None] | None = None,
    origins_of: Callable[[str], Origins] = lambda _: {},
    folder: Path | None = None,
) -> Verdict:
    """Judge parcels together. `known` finds rows judged before; `owner_of` the source of a receipt number.

    `origins_of`: for each row of an earlier correction, by receipt, the returned row it mends. `folder`: an empty one,
    where rows of large files may go, and what does not fit into memory; without it everything is held there.
    """
    registry = Registry(known, connected=owner_of is not None)
    lanes = Lanes(folder, batch) if folder else None
    opened = [open_parcel(parcel, owner_of, registry, lanes) for parcel in parcels]
    balance = {
        (o.parcel.kiriman, name): [rows, 0, returned, skipped]
        for o in opened
        for name, (rows, skipped, returned) in o.balances.items()
    }
    out: dict[str, list[pa.Table]] = {}
    for name in sorted({o.dataset for o in opened if o.manifest and o.rows and o.dataset}):
        those = [o for o in opened if o.manifest and o.dataset == name]
        Pass(datasets()[name], those, batch, known, origins_of, folder).run(out, balance)
    temuan = [f.row(batch) for o in opened for f in (*o.findings, *_telling_names(o))]
    neraca = [
        {"kiriman": k, "berkas": b, "masuk": n, "diterima": a, "dikembalikan": r, "dilewati": s, "_batch": batch}
        for (k, b), (n, a, r, s) in balance.items()
    ]
    temuan += [f.row(batch) for f in of_originals(out, known, connected=registry.connected)]
    out.setdefault("temuan", []).append(_table("temuan", temuan))
    out["neraca_baris"] = [_table("neraca_baris", neraca)]
    verdict = {name: pa.concat_tables(parts) for name, parts in out.items()}
    outcomes = _outcomes(opened, balance, verdict["temuan"])
    if any(o.metadata for o in opened):
        registered = [row for o in opened if not o.sent_back for row in _metadata(o, batch)]
        verdict["metadata"] = _table("metadata", registered)
    verdict["kiriman"] = _table("kiriman", [_kiriman(o, r, batch) for o, r in zip(opened, outcomes, strict=True)])
    fast: dict[str, list[Path]] = {}
    for o in opened:
        for lane in o.lanes.values():
            fast.setdefault(lane.dataset.name, []).append(lane.path)
    return Verdict(verdict, outcomes, fast)


def _telling_names(opened: Opened) -> Iterator[Finding]:
    """Personal data in the names of files. Of a medium that a row names, the row says it."""
    said = {
        str(v) for table in opened.rows.values() if "berkas" in table.column_names for v in table["berkas"].to_pylist()
    }
    for name in sorted(set(opened.parcel.files) - said):
        if masked(name) != name:
            with duckdb.connect(config=OFFLINE) as con:
                found = con.execute(personal.hits(f"(SELECT {literal(name)} AS teks)", "1 AS satu")).fetchall()
            for _, kode, nilai in found:
                yield Finding(opened.parcel.kiriman, kode, name, kolom="nama berkas", nilai=nilai)


def _table(name: str, rows: Sequence[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), tables()[name].arrow)


def _outcomes(
    opened: Sequence[Opened], balance: Mapping[tuple[str, str], Sequence[int]], temuan: pa.Table
) -> list[Outcome]:
    counts = {o.parcel.kiriman: [0, 0, 0, 0] for o in opened}
    for (kiriman, _), row in balance.items():
        counts[kiriman] = [sum(pair) for pair in zip(counts[kiriman], row, strict=True)]
    wrong = temuan.filter(pc.field("tingkat") == "GALAT")["kiriman"]
    faults = {each["values"]: each["counts"] for each in wrong.value_counts().to_pylist()}
    return [
        Outcome(
            o.parcel.kiriman,
            o.satker,
            o.dataset,
            *counts[o.parcel.kiriman],
            faults=faults.get(o.parcel.kiriman, 0),
            waits=o.parcel.recheck is None and is_priority(o),
        )
        for o in opened
    ]


def _metadata(o: Opened, batch: int) -> Iterator[dict[str, object]]:
    """The rows of table `metadata`: what a submission registers for later ones to refer to."""
    years = {doc.data["tahun"]: doc.body.get("base_id") for doc in o.metadata if doc.kind == "ms_keg"}
    for doc in o.metadata:
        for year, number in years.items():
            yield {
                "kode_satker": o.satker,
                "dataset": o.dataset,
                "tahun": year,
                "jenis": doc.kind,
                "nama": doc.data["judul_kegiatan" if doc.kind == "ms_keg" else "nama"],
                "id_ms_keg": None if number is None else str(number),
                "isi": json.dumps(doc.body, ensure_ascii=False, sort_keys=True),
                "_kiriman": o.parcel.kiriman,
                "_batch": batch,
                "_diterima_pada": o.parcel.arrived_at,
            }


def _kiriman(o: Opened, outcome: Outcome, batch: int) -> dict[str, object]:
    return {
        "kiriman": outcome.kiriman,
        "sumber": o.parcel.source,
        "nama": o.parcel.name,
        "versi": o.parcel.version,
        "kode_satker": outcome.satker,
        "dataset": outcome.dataset,
        "status": outcome.status,
        "baris_masuk": outcome.rows_in,
        "baris_diterima": outcome.accepted,
        "baris_dikembalikan": outcome.returned,
        "baris_dilewati": outcome.skipped,
        "kolom": ", ".join(sorted(set.intersection(*o.columns.values()))) if o.columns else None,
        "ukuran_byte": o.parcel.size,
        "_batch": batch,
        "_diterima_pada": o.parcel.arrived_at,
    }
