"""Daftar data and jadwal rilis: which satker hands in which dataset in a year, and by when (`daftar_data.csv`).

Perpres 39/2019 Art 27(3): the list names for each dataset its producer and its schedule; Art 30: Data Prioritas are
fixed each year. The list is ours. A dataset, year or satker that is on no line is outside it.
"""

from __future__ import annotations

import csv
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from schemas.dataset import datasets
from schemas.reference import covers

PATH = Path(__file__).with_suffix(".csv")
EVERYONE = "*"


@dataclass(frozen=True)
class Planned:
    """One line: what a satker, with all units below it (or `*`, every satker), hands in during `tahun`.

    `batas_hari`: days after the last day of a reporting period by which it is due, in the satker's own time zone;
    None where nothing is scheduled.
    """

    tahun: int
    dataset: str
    satker: str
    frekuensi: str
    batas_hari: int | None
    prioritas: bool
    kriteria: str = ""
    """Of CRITERIA, why it is Data Prioritas."""


CRITERIA = {
    "RENCANA_PEMBANGUNAN": "Prioritas RPJMN atau RKP",
    "TPB": "Mendukung tujuan pembangunan berkelanjutan",
    "MENDESAK": "Kebutuhan mendesak",
}
"""Perpres 39/2019 Art 28(2), a to c; the words are ours."""

LENGTHS = {"BULANAN": (1, "-{:02}"), "TRIWULANAN": (3, "-T{}"), "SEMESTERAN": (6, "-S{}"), "TAHUNAN": (12, "")}
"""By frequency, the months a reporting period has, and how it is written after its year."""


@cache
def plan() -> dict[str, list[Planned]]:
    """Every line, by dataset."""
    lines: dict[str, list[Planned]] = {}
    with PATH.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            line = Planned(
                int(row["tahun"]),
                row["dataset"],
                row["satker"],
                row["frekuensi"],
                int(row["batas_hari"]) if row["batas_hari"] else None,
                row["prioritas"] == "ya",
                row.get("kriteria") or "",
            )
            lines.setdefault(line.dataset, []).append(line)
    return lines


def planned(dataset: str, satker: str) -> dict[int, Planned]:
    """For each year in which a satker hands in a dataset, its line: the one that names the satker most closely."""
    mine = [line for line in plan().get(dataset, ()) if line.satker == EVERYONE or covers([line.satker], satker)]
    return {line.tahun: line for line in sorted(mine, key=lambda line: len(line.satker))}


def periods(line: Planned) -> dict[str, date]:
    """Each reporting period of a line, and the last day on which it may come in; none where nothing is scheduled."""
    if line.batas_hari is None or line.frekuensi not in LENGTHS:
        return {}
    months, written = LENGTHS[line.frekuensi]
    ends = [date(line.tahun, m, monthrange(line.tahun, m)[1]) for m in range(months, 13, months)]
    last = timedelta(days=line.batas_hari)
    return {f"{line.tahun}{written.format(nth)}": end + last for nth, end in enumerate(ends, 1)}


def due(line: Planned, today: date) -> str | None:
    """The newest period of a line that should be here by the end of the day before `today`; None while none is."""
    return max((period for period, last in periods(line).items() if last < today), default=None)


def years(dataset: str) -> str:
    """The years a dataset is on the list, for people."""
    return ", ".join(sorted({str(line.tahun) for line in plan().get(dataset, ())})) or "tidak ada"


def priority_lines(dataset: str) -> list[Planned]:
    """The lines that make something of a dataset Data Prioritas, or all of it if its standard does."""
    always = dataset in datasets() and datasets()[dataset].priority
    return [line for line in plan().get(dataset, ()) if always or line.prioritas]


def is_priority(dataset: str, satker: str, tahun: int) -> bool:
    """Whether what a satker hands in this year is Data Prioritas, by its standard or by the list (Art 28, 30)."""
    line = planned(dataset, satker).get(tahun)
    return datasets()[dataset].priority or (line is not None and line.prioritas)


def priorities() -> set[str]:
    """The datasets of which anything at all may be Data Prioritas."""
    listed = {name for name, lines in plan().items() if any(line.prioritas for line in lines)}
    return listed | {name for name, standard in datasets().items() if standard.priority}
