"""A standard → the MS-Var of its columns: the five parts of Standar Data under BPS's names, one document per column."""

from __future__ import annotations

from typing import Any

from schemas.dataset import Dataset, Field

_TYPES = {"integer": "INTEGER", "number": "FLOAT", "date": "DATE", "boolean": "BOOLEAN"}


def variables(dataset: Dataset) -> list[dict[str, Any]]:
    """The `data` of an MS-Var for every column an office fills in; `alias` is the column's name."""
    return [_variable(f, dataset) for f in dataset.office_fields]


def collected(dataset: Dataset) -> list[dict[str, Any]]:
    """The same columns as MS-Keg lists them, `variabel_yang_dikumpulkan`."""
    return [
        {"nama": f.title, "konsep": f.konsep, "definisi": f.definisi, "referensi_waktu": "Periode pelaporan"}
        for f in dataset.office_fields
    ]


def _variable(f: Field, dataset: Dataset) -> dict[str, Any]:
    rules = ["HARUS TERISI"] if f.constraints.required else []
    rules += [f"PALING KECIL {f.constraints.minimum:g}"] if f.constraints.minimum is not None else []
    rules += [f"PALING BESAR {f.constraints.maximum:g}"] if f.constraints.maximum is not None else []
    labels = f.categories or tuple((code, code) for code in f.codes)
    return {
        "nama": f.title,
        "alias": f.name,
        "definisi": f.definisi,
        "konsep": [f.konsep],
        "referensi_pemilihan": [f"Standar {dataset.standard}"],
        "referensi_waktu": "Periode pelaporan",
        "ukuran": f.ukuran or None,
        "satuan": f.satuan or None,
        "tipe_data": _TYPES.get(f.type, "CHARACTER"),
        "klasifikasi_rujukan_value_domain": f.klasifikasi or None,
        "value_domain": [{"kode": code, "nilai": label} for code, label in labels],
        "aturan_validasi": rules,
        "kalimat_pertanyaan": None,
        "apakah_variabel_bisa_diakses_umum": f.public,
        "id_sds": None,
    }
