"""Daftar data and jadwal rilis as tables to publish (Perpres 39/2019 Art 27(3), 36(4)); they are about our own work."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from schemas import daftar_data
from schemas.dataset import Dataset, datasets
from transforms.dip import column

THEME = "perencanaan data"
_WHOSE = (
    column("dataset", "Dataset", "Nama standar data."),
    column("judul", "Judul", "Judul dataset."),
    column("satker", "Satker", "Satker yang menyerahkan, dengan semua satuan di bawahnya; * berarti semua."),
)
LIST = Dataset(
    name="daftar_data",
    version=1,
    title="Daftar data",
    description="Data yang dikumpulkan tiap tahun: produsennya, seberapa sering, kapan paling lambat diserahkan, dan "
    "mana yang Data Prioritas (Perpres 39/2019 Pasal 27 dan 28). Daftar ini kami susun.",
    kind="sistem",
    primary_key=("tahun", "dataset", "satker"),
    frequency="TAHUNAN",
    theme=THEME,
    keywords=("daftar data", "Data Prioritas", "Satu Data"),
    fields=(
        column("tahun", "Tahun", "Tahun pengumpulan.", "integer"),
        *_WHOSE,
        column("produsen", "Produsen data", "Unit yang menghasilkan data.", required=False),
        column("frekuensi", "Frekuensi", "Seberapa sering diserahkan dan dimutakhirkan."),
        column(
            "batas_hari",
            "Batas hari",
            "Hari sesudah akhir periode, paling lambat diserahkan; kosong bila tidak dijadwalkan.",
            "integer",
            required=False,
        ),
        column("prioritas", "Data Prioritas", "Apakah Data Prioritas tahun itu.", "boolean"),
        column("kriteria", "Kriteria prioritas", "Mengapa Data Prioritas (Pasal 28 ayat 2).", required=False),
    ),
)
SCHEDULE = Dataset(
    name="jadwal_rilis",
    version=1,
    title="Jadwal rilis",
    description="Setiap periode data berkala dan hari terakhir penyerahannya; yang diterima terbit dengan rilis "
    "berikutnya. Data yang tidak berkala terbit sewaktu-waktu dan tidak ada di sini. Jadwal ini kami susun.",
    kind="sistem",
    primary_key=("dataset", "satker", "periode"),
    frequency="TAHUNAN",
    theme=THEME,
    keywords=("jadwal rilis", "jadwal pemutakhiran", "Satu Data"),
    fields=(
        *_WHOSE,
        column("periode", "Periode", "Periode yang diterangkan."),
        column("paling_lambat", "Paling lambat", "Hari terakhir penyerahan, menurut jam satker.", "date"),
    ),
)
LISTS = (LIST, SCHEDULE)


def rows(standard: Dataset) -> pa.Table:
    """All rows of one of LISTS, in the order of its key."""
    lines = [line for of in daftar_data.plan().values() for line in of if line.dataset in datasets()]
    made = [row for line in lines for row in (_listed(line) if standard is LIST else _scheduled(line))]
    return pa.Table.from_pylist(sorted(made, key=lambda row: [row[n] for n in standard.primary_key]), standard.arrow)


def _whose(line: daftar_data.Planned) -> dict[str, Any]:
    return {"dataset": line.dataset, "judul": datasets()[line.dataset].title, "satker": line.satker}


def _listed(line: daftar_data.Planned) -> list[dict[str, Any]]:
    own = {"tahun": line.tahun, "produsen": datasets()[line.dataset].producer or None, "frekuensi": line.frekuensi}
    priority = {"prioritas": line in daftar_data.priority_lines(line.dataset), "kriteria": line.kriteria or None}
    return [{**_whose(line), **own, "batas_hari": line.batas_hari, **priority}]


def _scheduled(line: daftar_data.Planned) -> list[dict[str, Any]]:
    return [{**_whose(line), "periode": p, "paling_lambat": day} for p, day in daftar_data.periods(line).items()]
