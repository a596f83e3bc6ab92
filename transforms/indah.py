"""Statistical metadata on file → the INDAH v2 wire form, and the flat fields of the national portal.

Only here are words misspelt, because the other side spells them so: `instansi_penyelanggara`,
`frekuensi_penyelanggara`, `unit_analsis`, `variabel_disaggregasi`. What is sent is what is shipped with the standards
(`schemas/metadata/terdaftar`); of the officials responsible nothing is said, they are persons.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.dataset import Dataset
from schemas.metadata import KINDS, documents, on_file

Document = dict[str, Any]

WIRE = {
    "instansi_penyelenggara": "instansi_penyelanggara",
    "frekuensi_penyelenggara": "frekuensi_penyelanggara",
    "unit_analisis": "unit_analsis",
    "variabel_disagregasi": "variabel_disaggregasi",
}
NONE = {"alias", "ukuran", "satuan", "klasifikasi_rujukan_value_domain", "kalimat_pertanyaan", "rumus"}
"""Of MS-Var and MS-Ind, what is written `-` when there is none."""

PORTAL = {
    "judul_kegiatan": "judul_kegiatan",
    "tahun": "tahun_kegiatan",
    **{name: name for name in ("jenis_statistik", "cara_pengumpulan_data", "sektor_kegiatan", "identitas_rekomendasi")},
    "blok_i.instansi_penyelenggara": "i_instansi_penyelanggara",
    **{
        f"blok_i.alamat_instansi_penyelenggara.{name}": f"i_{name}"
        for name in ("alamat", "telepon", "email", "faksimile")
    },
    **{f"blok_ii.unit_penanggung_jawab.{name}": f"ii_unit_{name}" for name in ("eselon1", "eselon2")},
    "blok_iii.latar_belakang_kegiatan": "iii_latar_belakang_kegiatan",
    "blok_iii.tujuan_kegiatan": "iii_tujuan_kegiatan",
    "blok_iv.kegiatan_ini_dilakukan": "iv_kegiatan_ini_dilakukan",
    "blok_iv.frekuensi_penyelenggara": "iv_frekuensi_penyelanggara",
    **{
        f"blok_iv.{name}": f"iv_{name}"
        for name in (
            *("tipe_pengumpulan_data", "cakupan_wilayah_pengumpulan_data", "metode_pengumpulan_data"),
            *("sarana_pengumpulan_data", "unit_pengumpulan_data"),
        )
    },
    **{
        f"blok_v.{name}": f"v_{name}"
        for name in (
            *("jenis_rancangan_sampel", "metode_pemilihan_sampel_tahap_terakhir", "metode_yang_digunakan"),
            *("kerangka_sampel_tahap_terakhir", "fraksi_sampel_keseluruhan"),
            *("nilai_perkiraan_sampling_error_variabel_utama", "unit_sampel", "unit_observasi"),
        )
    },
    **{
        f"blok_vi.{name}": f"vi_{name}"
        for name in (
            *("apakah_melakukan_uji_coba", "metode_pemeriksaan_kualitas_pengumpulan_data"),
            *("apakah_melakukan_penyesuaian_nonrespon", "petugas_pengumpulan_data"),
            *("persyaratan_pendidikan_terendah_petugas_pengumpulan_data", "jumlah_petugas_supervisor"),
            *("jumlah_petugas_enumerator", "apakah_melakukan_pelatihan_petugas"),
        )
    },
    **{
        f"blok_vii.{name}": f"vii_{name}"
        for name in ("tahapan_pengolahan_data", "metode_analisis", "unit_analisis", "tingkat_penyajian_hasil_analisis")
    },
    **{
        f"blok_viii.ketersediaan_produk_{name}": f"viii_ketersediaan_produk_{name}"
        for name in ("tercetak", "digital", "mikrodata")
    },
}
"""Path in an MS-Keg → field of the portal. `ii_pj_*`, the official responsible, is left out."""

INDICATOR = ("interpretasi", "metode_perhitungan", "rumus", "level_estimasi")


def years(dataset: Dataset) -> dict[str, dict[str, list[Document]]]:
    """The documents on file for a dataset, by year of the activity, as read: `ms_keg`, `ms_var`, `ms_ind`."""
    found: dict[str, dict[str, list[Document]]] = {}
    for name, bundle in on_file().items():
        of, _, year = name.rpartition("/")
        if of == dataset.name:
            docs = list(documents(bundle, name))
            found[year] = {kind: [doc.body for doc in docs if doc.kind == kind] for kind in KINDS}
    return found


def wire(dataset: Dataset, documents: Mapping[str, list[Document]]) -> dict[str, list[Document]]:
    """The documents as INDAH takes them, each in its envelope."""
    return {kind: [_envelope(dataset, kind, body) for body in bodies] for kind, bodies in documents.items()}


def portal(documents: Mapping[str, list[Document]]) -> dict[str, str]:
    """The flat fields of the national portal; what is not known is left out."""
    (activity,) = documents["ms_keg"]
    found = {field: _flat(_at(activity["data"], path)) for path, field in PORTAL.items()}
    indicators = [body["data"] for body in documents["ms_ind"]]
    found |= {name: "; ".join(str(each[name]) for each in indicators if each[name]) for name in INDICATOR}
    found["variabel_disaggregasi"] = ", ".join(v["nama"] for each in indicators for v in each["variabel_disagregasi"])
    found["id_mskeg"] = str(activity.get("base_id") or "")
    found["submission_period"] = str(activity["submission_period"] or "")
    found["total_msvar"], found["total_msind"] = str(len(documents["ms_var"])), str(len(indicators))
    return {name: value for name, value in found.items() if value}


def _envelope(dataset: Dataset, kind: str, body: Document) -> Document:
    activity = kind == "ms_keg"
    data = dict(body["data"])
    if activity:
        held = data["blok_ii"]
        person = dict.fromkeys(held["penanggung_jawab_teknis"])
        data["blok_ii"] = {**held, "penanggung_jawab_teknis": person}
    else:
        data |= {name: "-" for name in NONE & data.keys() if data[name] is None}
        if not data.get("value_domain", True):
            data["value_domain"] = [{"kode": "-", "nilai": "-"}]
    return {
        "base_id" if activity else "ms_keg_id": body.get("base_id" if activity else "ms_keg_id"),
        "submission_period": body["submission_period"],
        "data": _misspelt(data),
        "reviews": None if activity else [],
        "changes": None if activity else [],
        "status": body.get("status") or "DRAFT",
        "rejection_note": None,
        "submitter": None,
        "produsen_data": {"id": None, "name": dataset.producer, "province_code": None, "city_code": None},
        "walidata_pusat": None if activity else {"id": None, "name": None},
        "version": "v2",
    }


def _misspelt(value: Any) -> Any:
    if isinstance(value, dict):
        return {WIRE.get(key, key): _misspelt(each) for key, each in value.items()}
    return [_misspelt(each) for each in value] if isinstance(value, list) else value


def _at(data: Document, path: str) -> Any:
    for name in path.split("."):
        data = data[name]
    return data


def _flat(value: Any) -> str:
    """Ticked boxes as their names, a text beside them in its place."""
    if isinstance(value, dict):
        ticked = [key for key, each in value.items() if each is True and key != "lainnya"]
        return ", ".join([*ticked, *(each for each in value.values() if isinstance(each, str))])
    if isinstance(value, bool):
        return "Ya" if value else "Tidak"
    return "" if value is None else str(value)
