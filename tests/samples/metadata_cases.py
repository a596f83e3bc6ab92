"""Statistical metadata beside a table: on file, in the manifest, in files of their own."""

import copy
import json
from typing import Any

from schemas.metadata import on_file
from tests.samples.make import AREA, ROWS, Case, Files, area, back, table

L = "layanan_informasi"
KEG, VAR, IND = "ms_keg/data", "ms_var/3/data", "ms_ind/0/data"


def bundle(**changes: Any) -> dict[str, Any]:
    """Metadata as an office hands them in for layanan_informasi; `changes`: path → value in its place."""
    made = copy.deepcopy(on_file()["layanan_informasi/2026"])
    for path, value in changes.items():
        *steps, last = path.split("/")
        node: Any = made
        for step in steps:
            node = node[int(step) if step.isdigit() else step]
        node[last] = value
    return made


def covering(province: object, city: object) -> dict[str, Any]:
    return {f"{KEG}/blok_iv/{name}": value for name, value in area(province, city).items()}


def in_files(made: dict[str, Any], first: bytes = b"") -> Files:
    """A table with one metadata file of each kind beside it, each beginning with these bytes."""
    files = {f"{kind}.json": first + json.dumps(made[kind], ensure_ascii=False).encode() for kind in made}
    return {**table(L, ROWS[L], metadata=sorted(files)), **files}


NOT_SOUND = {
    f"{KEG}/judul_kegiatan": "-",
    f"{KEG}/jenis_statistik": "UMUM",
    f"{KEG}/tahun": "tahun ini",
    f"{KEG}/catatan_lain": "x",
    f"{KEG}/blok_iv/kegiatan_ini_dilakukan": 1,
    f"{KEG}/blok_viii/rencana_jadwal_rilis_produk_digital": ["2026-02-09"],
}
AT_ODDS = {
    **covering("64", "64.04"),
    f"{KEG}/blok_iv/kegiatan_ini_dilakukan": 1,
    f"{KEG}/blok_viii/rencana_jadwal_rilis_produk_digital": ["2026-02-09"],
    "ms_var/4/data/alias": "banyaknya",
    f"{VAR}/nama": "Nama lain",
    f"{VAR}/satuan": "orang",
    f"{VAR}/apakah_variabel_bisa_diakses_umum": False,
    f"{IND}/definisi": "Kejadian per 10.000 penduduk.",
    f"{IND}/rumus": "kejadian / penduduk x 100.000",
}
JUST_RIGHT = {
    **covering("64", "6404"),
    f"{KEG}/judul_kegiatan": "J",
    f"{KEG}/jenis_statistik": "2",
    f"{KEG}/tahun": "2026",
    f"{KEG}/blok_iv/kegiatan_ini_dilakukan": 1,
    f"{KEG}/blok_iv/frekuensi_penyelenggara": None,
    f"{KEG}/blok_viii/rencana_jadwal_rilis_produk_digital": ["2026-02-10"],
    "ms_var/0/data/alias": None,
    "ms_var/0/data/apakah_variabel_bisa_diakses_umum": False,
    f"{VAR}/nama": "JUMLAH  permohonan",
    f"{VAR}/alias": "Jml permohonan",
    f"{VAR}/satuan": "Permohonan",
    f"{IND}/definisi": "Kejadian per 100.000 penduduk.",
    f"{IND}/rumus": "kejadian / penduduk x 100 000",
}


def cases() -> list[Case]:
    near = [
        "WAJIB", "SEHARUSNYA_KOSONG", "KODE_ASING", "TIDAK_SAH", "KUNCI_ASING", "WILAYAH_BUKAN_BPS",
        "WILAYAH_TIDAK_COCOK", "JADWAL_TERBALIK", "VARIABEL_TIDAK_COCOK", "KOLOM_TIDAK_COCOK", "KOLOM_TANPA_VARIABEL",
        "SATUAN_BERBEDA", "AKSES_BERBEDA", "RUMUS_BERBEDA", "TIDAK_LENGKAP",
    ]  # fmt: skip
    return [
        Case(
            L,
            "metadata-belum-di-sini",
            table(L, ROWS[L], metadata="layanan_informasi/2031"),
            (2, 0, 0),
            [("METADATA_BELUM_DICOCOKKAN:metadata", None)],
        ),
        Case(L, "metadata-di-berkas", in_files(bundle(), b"\xef\xbb\xbf"), (2, 0, 0), near=("METADATA_TIDAK_TERBACA",)),
        Case(
            L,
            "metadata-tepat",
            table(L, ROWS[L], metadata=bundle(**JUST_RIGHT)),
            (2, 0, 0),
            near=tuple(f"METADATA_{rule}" for rule in near),
        ),
        back(
            "metadata-tidak-sah",
            {"metadata": bundle(**NOT_SOUND)},
            "METADATA_WAJIB:/metadata/ms_keg/data/judul_kegiatan",
            "METADATA_KODE_ASING:/metadata/ms_keg/data/jenis_statistik",
            "METADATA_TIDAK_SAH:/metadata/ms_keg/data/tahun",
            "METADATA_KUNCI_ASING:/metadata/ms_keg/data/catatan_lain",
        ),
        back(
            "metadata-tidak-cocok",
            {"metadata": bundle(**AT_ODDS)},
            f"METADATA_WILAYAH_BUKAN_BPS:{AREA}/0/kode_kabupaten_kota",
            "METADATA_SEHARUSNYA_KOSONG:/metadata/ms_keg/data/blok_iv/frekuensi_penyelenggara",
            "METADATA_JADWAL_TERBALIK:/metadata/ms_keg/data/blok_viii/rencana_jadwal_rilis_produk_digital/0",
            "METADATA_KOLOM_TIDAK_COCOK:/metadata/ms_var/4/data/alias",
            "METADATA_KOLOM_TANPA_VARIABEL:/ms_var",
            "METADATA_VARIABEL_TIDAK_COCOK:/metadata/ms_keg/data/blok_iii/variabel_yang_dikumpulkan/3/nama",
            "METADATA_VARIABEL_TIDAK_COCOK:/metadata/ms_var/3/data/nama",
            "METADATA_VARIABEL_TIDAK_COCOK:/metadata/ms_ind/0/data/variabel_pembangun/0/nama",
            "METADATA_SATUAN_BERBEDA:/metadata/ms_var/3/data/satuan",
            "METADATA_AKSES_BERBEDA:/metadata/ms_var/3/data/apakah_variabel_bisa_diakses_umum",
            "METADATA_RUMUS_BERBEDA:/metadata/ms_ind/0/data/rumus",
        ),
        back(
            "metadata-wilayah",
            {"metadata": bundle(**covering(23, "6404"))},
            f"METADATA_WILAYAH_TIDAK_COCOK:{AREA}/0/kode_kabupaten_kota",
        ),
        back("metadata-tanpa-variabel", {"metadata": {**bundle(), "ms_var": []}}, "METADATA_TIDAK_LENGKAP:/ms_var"),
        back(
            "metadata-berkas-hilang",
            {"metadata": ["ms_keg.json"]},
            "BERKAS_TIDAK_ADA:",
            "METADATA_TIDAK_LENGKAP:/ms_keg",
            "METADATA_TIDAK_LENGKAP:/ms_var",
            "METADATA_TIDAK_LENGKAP:/ms_ind",
        ),
        Case(
            L,
            "metadata-berkas-rusak",
            {**table(L, ROWS[L], metadata=["ms_keg.json"]), "ms_keg.json": b'{"data": {'},
            (0, 2, 0),
            [
                ("METADATA_TIDAK_TERBACA:", None),
                *[(f"METADATA_TIDAK_LENGKAP:/{kind}", None) for kind in ("ms_keg", "ms_var", "ms_ind")],
            ],
        ),
    ]
