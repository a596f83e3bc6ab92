"""Items that retell others (`turunan_dari`): is what they name here, and is its credit kept?

Asked once a batch is judged, of its own rows and of those judged before. A row is never returned for it: its original
may still come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from infra.judging.registry import Known
from schemas.dataset import datasets
from schemas.finding import Finding
from transforms.shape import OFFLINE, literal
from transforms.stories import originals

COLUMN = "turunan_dari"
PLACE = ("_kiriman", "_berkas", "_lembar", "_baris")


@dataclass(frozen=True)
class Original:
    """A row that is here, or several of a table; None where it carries no credit."""

    kredit: str | None


def findings(judged: Mapping[str, Sequence[pa.Table]], known: Known, *, connected: bool) -> list[Finding]:
    """What is to be said of the rows judged in a batch. Not `connected`, nothing is said to be missing."""
    rows = [row for name, parts in judged.items() if name in datasets() for part in parts for row in _deriving(part)]
    named = {each for row in rows for each in originals(row[COLUMN])}
    found = {
        (dataset, key): original
        for dataset in sorted({dataset for dataset, _ in named} & datasets().keys())
        for key, original in _lookup(dataset, [k for d, k in named if d == dataset], judged, known).items()
    }
    return [said for row in rows for said in _of(row, found, connected=connected)]


def _of(row: Mapping[str, Any], found: Mapping[tuple[str, str], Original], *, connected: bool) -> list[Finding]:
    said: list[Finding] = []
    for dataset, key in originals(row[COLUMN]):
        place = (row["_berkas"], row["_lembar"], row["_baris"])
        original = found.get((dataset, key))
        if original is None:
            if connected or dataset not in datasets():
                said.append(Finding(row["_kiriman"], "TURUNAN_TIDAK_ADA", *place, COLUMN, f"{dataset}/{key}"))
        elif original.kredit and _plain(original.kredit) not in _plain(row["kredit"] or ""):
            # The original is named and not quoted: a finding outlives what is erased.
            said.append(
                Finding(row["_kiriman"], "KREDIT_ASAL_HILANG", *place, "kredit", row["kredit"], f"{dataset}/{key}")
            )
    return said


def _deriving(part: pa.Table) -> list[dict[str, Any]]:
    if COLUMN not in part.column_names or part[COLUMN].null_count == part.num_rows:
        return []
    return part.filter(pc.field(COLUMN).is_valid()).select([*PLACE, "kredit", COLUMN]).to_pylist()


def _lookup(
    dataset: str, keys: Sequence[str], judged: Mapping[str, Sequence[pa.Table]], known: Known
) -> dict[str, Original]:
    """The newest credit under each key that is here; the key of a table may be cut after any of its parts."""
    names = ["_kunci", "_diterima_pada", *(["kredit"] if "kredit" in datasets()[dataset].arrow.names else [])]
    wanted = ", ".join(names)
    with duckdb.connect(config=OFFLINE) as con:
        sources: list[str] = []
        if files := list(known(dataset)):
            listed = ", ".join(map(literal, files))
            sources.append(f"SELECT {wanted} FROM read_parquet([{listed}], union_by_name = true)")
        for at, part in enumerate(judged.get(dataset, ())):
            con.register(f"baru_{at}", part.select(names))
            sources.append(f"SELECT {wanted} FROM baru_{at}")
        if not sources:
            return {}
        asked = ", ".join(f"({literal(key)})" for key in sorted(keys))
        credit = "arg_max(kredit, _diterima_pada)" if "kredit" in names else "NULL"
        cut = " OR starts_with(_kunci, k.kunci || '|')" if datasets()[dataset].kind == "tabel" else ""
        rows = con.execute(
            f"SELECT k.kunci, {credit} FROM ({' UNION ALL '.join(sources)}) JOIN (VALUES {asked}) k(kunci)"
            f" ON _kunci = k.kunci{cut} GROUP BY k.kunci"
        ).fetchall()
    return {key: Original(kredit) for key, kredit in rows}


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
