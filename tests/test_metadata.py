"""Statistical metadata: read as clients write them, checked by the forms' rules, registered once, referred to."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from expectations.metadata import examine, multipliers
from schemas import metadata
from schemas.dataset import Field, datasets
from schemas.messages import messages
from schemas.metadata import documents, on_file, read, schema
from tests.office import Installation
from tests.samples import make
from transforms.msvar import collected, variables

LAYANAN = datasets()["layanan_informasi"]
STATISTICS = [d for d in datasets().values() if d.statistical]
KEG, VAR, IND = "ms_keg/data", "ms_var/3/data", "ms_ind/0/data"
PANEL = "SURVEI"


def good() -> dict[str, Any]:
    return copy.deepcopy(on_file()["layanan_informasi/2026"])


def put(made: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The bundle with one place changed; a value of `...` takes the key away."""
    *steps, last = path.split("/")
    node: Any = made
    for step in steps:
        node = node[int(step) if step.isdigit() else step]
    if value is ...:
        del node[last]
    else:
        node[int(last) if last.isdigit() else last] = value
    return made


def faults(made: dict[str, Any]) -> list[str]:
    return sorted(f"{f.kode}:{f.kolom}" for f in examine(list(documents(made, "manifest.json")), LAYANAN))


@pytest.mark.parametrize("kind", metadata.KINDS)
def test_a_schema_is_json_schema(kind: str) -> None:
    jsonschema_rs.meta.validate(schema(kind))


@pytest.mark.parametrize("dataset", STATISTICS, ids=lambda d: d.name)
def test_what_is_shipped_is_sound_and_says_what_the_standard_says(dataset: Any) -> None:
    shipped = on_file()[f"{dataset.name}/2026"]

    assert examine(list(documents(shipped, "-")), dataset) == []
    assert [each["data"] for each in shipped["ms_var"]] == variables(dataset)
    assert shipped["ms_keg"]["data"]["blok_iii"]["variabel_yang_dikumpulkan"] == collected(dataset)


@pytest.mark.parametrize("dataset", datasets().values(), ids=lambda d: d.name)
def test_every_column_has_the_parts_of_a_standar_data(dataset: Any) -> None:
    """Konsep and definisi always; klasifikasi where values are codes; ukuran and satuan where they are figures."""

    def lacks(f: Field) -> list[str]:
        wanted = ["konsep", "definisi"]
        wanted += ["klasifikasi"] if f.codes or f.reference else []
        wanted += ["ukuran", "satuan"] if f.measured else []
        return [part for part in wanted if not getattr(f, part)]

    assert {f.name: lacks(f) for f in dataset.fields if f.origin != "sistem" and lacks(f)} == {}


@pytest.mark.parametrize(
    ("path", "written", "read_as"),
    [
        (f"{KEG}/tahun", "2026", 2026),
        (f"{KEG}/tahun", 2026.0, 2026),
        (f"{KEG}/jenis_statistik", "2", "STATISTIK_SEKTORAL"),
        (f"{KEG}/jenis_statistik", "Statistik sektoral", "STATISTIK_SEKTORAL"),
        (
            f"{KEG}/cara_pengumpulan_data",
            "CARA_LAIN_SESUAI_PERKEMBANGAN_TEKNOLOGI_DAN_INFORMASI",
            "CARA_LAIN_SESUAI_DENGAN_PERKEMBANGAN_TI",
        ),
        (f"{KEG}/sektor_kegiatan", 14, "NERACA_NASIONAL"),
        (f"{KEG}/blok_iv/kegiatan_ini_dilakukan", "SEKALI", "HANYA_SEKALI"),
        (f"{KEG}/blok_i/alamat_instansi_penyelenggara/faksimile", "-", None),
        (f"{KEG}/blok_vi/apakah_melakukan_uji_coba", None, False),
        (f"{KEG}/blok_viii/rencana_jadwal_rilis_produk_tercetak", [""], []),
        (f"{KEG}/blok_viii/rencana_jadwal_rilis_produk_tercetak", None, []),
        (f"{KEG}/blok_iii/rencana_jadwal_kegiatan/analisis", [{"awal": "0000-00-00", "akhir": "0000-00-00"}], []),
        (f"{KEG}/blok_iii/variabel_yang_dikumpulkan", [{"nama": None, "konsep": None}], []),
        (f"{KEG}/blok_vi/jumlah_petugas_supervisor", None, 0),
        (f"{VAR}/value_domain", [{"kode": "-", "nilai": "-"}], []),
        (f"{VAR}/value_domain", [{"kode": None, "nilai": None}], []),
        (f"{VAR}/tipe_data", "STRING", "CHARACTER"),
        (f"{VAR}/konsep", "satu konsep", ["satu konsep"]),
        (f"{VAR}/id_sds", 4711, "4711"),
    ],
)
def test_what_clients_write_is_read_tolerantly(path: str, written: object, read_as: object) -> None:
    kind, *steps = path.split("/")
    made = put(good(), path, written)
    if kind == "ms_keg":
        found = read(kind, made[kind])
    else:
        found, steps = read(kind, made[kind][int(steps[0])]), steps[1:]
    for step in steps:
        found = found[step]
    assert found == read_as


def test_misspelt_wire_names_are_read_and_never_kept() -> None:
    made = good()
    data = made["ms_keg"]["data"]
    for block, wrong, right in [
        ("blok_i", "instansi_penyelanggara", "instansi_penyelenggara"),
        ("blok_iv", "frekuensi_penyelanggara", "frekuensi_penyelenggara"),
        ("blok_vii", "unit_analsis", "unit_analisis"),
    ]:
        data[block][wrong] = data[block].pop(right)
    indicator = made["ms_ind"][0]["data"]
    indicator["variabel_disaggregasi"] = indicator.pop("variabel_disagregasi")

    assert faults(made) == []
    kept = json.dumps([doc.body for doc in documents(made, "-")])
    assert not any(wrong in kept for wrong in ("penyelanggara", "unit_analsis", "disaggregasi"))


def test_bare_data_without_an_envelope_is_read_too() -> None:
    made = good()
    made["ms_keg"] = made["ms_keg"]["data"]
    made["ms_ind"] = made["ms_ind"][0]["data"]
    assert faults(made) == []


@pytest.mark.parametrize("total", range(32))
def test_every_sum_of_bit_flags_is_taken_apart(total: int) -> None:
    names = ["wawancara", "mengisi_kuesioner_sendiri", "pengamatan", "pengumpulan_data_sekunder", "lainnya"]
    assert metadata.decode(total, names) == {name: bool(total >> at & 1) for at, name in enumerate(names)}


def test_a_sum_of_flags_stands_for_its_boxes_and_a_sum_too_large_is_a_fault() -> None:
    path = f"{KEG}/blok_iv/unit_pengumpulan_data"
    made = put(good(), path, "8")
    made["ms_keg"]["data"]["blok_iv"]["unit_pengumpulan_data_lainnya"] = "Satuan kerja"
    assert faults(made) == []
    assert "METADATA_TIDAK_SAH:/ms_keg/data/blok_iv/unit_pengumpulan_data/bit" in faults(put(good(), path, 99))


V = "ms_keg/data/blok_v"
SAMPLED = {
    "jenis_rancangan_sampel": 1,
    "metode_pemilihan_sampel_tahap_terakhir": 1,
    "metode_yang_digunakan": 1,
    "unit_sampel": "Satker",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # the schema
        ({f"{KEG}/judul_kegiatan": "-"}, ["METADATA_WAJIB:/ms_keg/data/judul_kegiatan"]),
        ({f"{KEG}/judul_kegiatan": ...}, ["METADATA_WAJIB:/ms_keg/data/judul_kegiatan"]),
        ({f"{KEG}/jenis_statistik": "UMUM"}, ["METADATA_KODE_ASING:/ms_keg/data/jenis_statistik"]),
        ({f"{KEG}/jenis_statistik": None}, ["METADATA_WAJIB:/ms_keg/data/jenis_statistik"]),
        ({f"{KEG}/tahun": "tahun ini"}, ["METADATA_TIDAK_SAH:/ms_keg/data/tahun"]),
        ({f"{KEG}/catatan_lain": "x"}, ["METADATA_KUNCI_ASING:/ms_keg/data/catatan_lain"]),
        (
            {f"{KEG}/blok_iv/kegiatan_ini_dilakukan": "BARU"},
            ["METADATA_KODE_ASING:/ms_keg/data/blok_iv/kegiatan_ini_dilakukan"],
        ),
        (
            {f"{KEG}/blok_iv/tipe_pengumpulan_data": 2},
            ["METADATA_KODE_ASING:/ms_keg/data/blok_iv/tipe_pengumpulan_data"],
        ),
        ({f"{VAR}/konsep": []}, ["METADATA_WAJIB:/ms_var/3/data/konsep"]),
        # 4.1 and 4.2
        (
            {f"{KEG}/blok_iv/frekuensi_penyelenggara": None},
            ["METADATA_WAJIB:/ms_keg/data/blok_iv/frekuensi_penyelenggara"],
        ),
        (
            {f"{KEG}/blok_iv/kegiatan_ini_dilakukan": 1},
            ["METADATA_SEHARUSNYA_KOSONG:/ms_keg/data/blok_iv/frekuensi_penyelenggara"],
        ),
        ({f"{KEG}/blok_iv/kegiatan_ini_dilakukan": 1, f"{KEG}/blok_iv/frekuensi_penyelenggara": None}, []),
        # 4.4 and 4.5: the fault really seen, 23 beside 6404
        (
            {f"{KEG}/blok_iv/cakupan_wilayah_pengumpulan_data": 2},
            [f"METADATA_WAJIB:{make.AREA.removeprefix('/metadata')}"],
        ),
        *[
            (
                {f"{KEG}/blok_iv/{name}": value for name, value in make.area(province, city).items()},
                [f"{fault}:{make.AREA.removeprefix('/metadata')}/0/{at}"] if fault else [],
            )
            for province, city, fault, at in [
                (23, "6404", "METADATA_WILAYAH_TIDAK_COCOK", "kode_kabupaten_kota"),
                ("64", "64.04", "METADATA_WILAYAH_BUKAN_BPS", "kode_kabupaten_kota"),
                ("64", "6404", "", ""),
                (64, None, "", ""),
            ]
        ],
        (
            {"ms_keg/produsen_data": {"province_code": "23", "city_code": "6404"}},
            ["METADATA_WILAYAH_TIDAK_COCOK:/ms_keg/produsen_data/city_code"],
        ),
        (
            {"ms_keg/submitter": {"organization": {"province": {"code": "64"}, "city": {"code": "2371"}}}},
            ["METADATA_WILAYAH_TIDAK_COCOK:/ms_keg/submitter/organization/city/code"],
        ),
        # 4.6 to 4.8
        (
            {f"{KEG}/blok_iv/metode_pengumpulan_data": 0},
            ["METADATA_WAJIB:/ms_keg/data/blok_iv/metode_pengumpulan_data"],
        ),
        (
            {f"{KEG}/blok_iv/sarana_pengumpulan_data/sarana_pengumpulan_lainnya": None},
            ["METADATA_WAJIB:/ms_keg/data/blok_iv/sarana_pengumpulan_data/sarana_pengumpulan_lainnya"],
        ),
        (
            {f"{KEG}/blok_iv/metode_pengumpulan_data/metode_pengumpulan_lainnya": "telepon"},
            ["METADATA_SEHARUSNYA_KOSONG:/ms_keg/data/blok_iv/metode_pengumpulan_data/metode_pengumpulan_lainnya"],
        ),
        # block V
        ({f"{V}/unit_sampel": "Satker"}, ["METADATA_SEHARUSNYA_KOSONG:/ms_keg/data/blok_v/unit_sampel"]),
        (
            {f"{KEG}/cara_pengumpulan_data": "SURVEI"},
            [
                "METADATA_WAJIB:/ms_keg/data/blok_v/jenis_rancangan_sampel",
                "METADATA_WAJIB:/ms_keg/data/blok_v/metode_pemilihan_sampel_tahap_terakhir",
                "METADATA_WAJIB:/ms_keg/data/blok_v/unit_sampel",
            ],
        ),
        ({f"{KEG}/cara_pengumpulan_data": 2, **{f"{V}/{k}": v for k, v in SAMPLED.items()}}, []),
        (
            {
                f"{KEG}/cara_pengumpulan_data": 2,
                **{f"{V}/{k}": v for k, v in SAMPLED.items()},
                f"{V}/metode_yang_digunakan": 6,
            },
            ["METADATA_KODE_ASING:/ms_keg/data/blok_v/metode_yang_digunakan"],
        ),
        # 6.4 to 6.7
        (
            {f"{KEG}/blok_vi/apakah_melakukan_pelatihan_petugas": True},
            ["METADATA_SEHARUSNYA_KOSONG:/ms_keg/data/blok_vi/apakah_melakukan_pelatihan_petugas"],
        ),
        (
            {f"{KEG}/blok_iv/sarana_pengumpulan_data/papi": True},
            ["METADATA_WAJIB:/ms_keg/data/blok_vi/petugas_pengumpulan_data"],
        ),
        ({f"{KEG}/blok_iv/sarana_pengumpulan_data/papi": True, f"{KEG}/blok_vi/petugas_pengumpulan_data": 1}, []),
        # block VIII and schedules
        (
            {f"{KEG}/blok_viii/rencana_jadwal_rilis_produk_tercetak": ["2026-03-01"]},
            ["METADATA_SEHARUSNYA_KOSONG:/ms_keg/data/blok_viii/rencana_jadwal_rilis_produk_tercetak"],
        ),
        (
            {f"{KEG}/blok_viii/rencana_jadwal_rilis_produk_digital": []},
            ["METADATA_WAJIB:/ms_keg/data/blok_viii/rencana_jadwal_rilis_produk_digital"],
        ),
        (
            {f"{KEG}/blok_viii/rencana_jadwal_rilis_produk_digital": ["2026-02-09"]},
            ["METADATA_JADWAL_TERBALIK:/ms_keg/data/blok_viii/rencana_jadwal_rilis_produk_digital/0"],
        ),
        ({f"{KEG}/blok_viii/rencana_jadwal_rilis_produk_digital": ["2026-02-10"]}, []),
        (
            {f"{KEG}/blok_iii/rencana_jadwal_kegiatan/desain": [{"awal": "2026-01-02", "akhir": "2026-01-01"}]},
            ["METADATA_JADWAL_TERBALIK:/ms_keg/data/blok_iii/rencana_jadwal_kegiatan/desain/0"],
        ),
        # documents together
        (
            {f"{VAR}/nama": "Nama lain"},
            [
                "METADATA_VARIABEL_TIDAK_COCOK:/ms_ind/0/data/variabel_pembangun/0/nama",
                "METADATA_VARIABEL_TIDAK_COCOK:/ms_keg/data/blok_iii/variabel_yang_dikumpulkan/3/nama",
                "METADATA_VARIABEL_TIDAK_COCOK:/ms_var/3/data/nama",
            ],
        ),
        ({f"{VAR}/nama": "JUMLAH  permohonan"}, []),
        (
            {f"{VAR}/alias": "banyaknya"},
            ["METADATA_KOLOM_TANPA_VARIABEL:/ms_var", "METADATA_KOLOM_TIDAK_COCOK:/ms_var/3/data/alias"],
        ),
        ({f"{VAR}/alias": "Jml permohonan"}, []),
        ({f"{VAR}/alias": "-"}, ["METADATA_KOLOM_TANPA_VARIABEL:/ms_var"]),
        ({f"{VAR}/satuan": "orang"}, ["METADATA_SATUAN_BERBEDA:/ms_var/3/data/satuan"]),
        ({f"{VAR}/satuan": "Permohonan"}, []),
        (
            {f"{VAR}/apakah_variabel_bisa_diakses_umum": False},
            ["METADATA_AKSES_BERBEDA:/ms_var/3/data/apakah_variabel_bisa_diakses_umum"],
        ),
        ({f"{IND}/variabel_pembangun": []}, ["METADATA_WAJIB:/ms_ind/0/data/variabel_pembangun"]),
        (
            {f"{IND}/indikator_pembangun": [{"nama": "x", "sumber_publikasi": []}]},
            ["METADATA_SEHARUSNYA_KOSONG:/ms_ind/0/data/indikator_pembangun"],
        ),
        (
            {
                f"{IND}/apakah_indikator_komposit": True,
                f"{IND}/variabel_pembangun": [],
                f"{IND}/indikator_pembangun": [{"nama": "x"}],
            },
            [],
        ),
        ({f"{IND}/ukuran": "Rasio", f"{IND}/satuan": "-"}, ["METADATA_WAJIB:/ms_ind/0/data/satuan"]),
        (
            {f"{IND}/definisi": "Kejadian per 10.000 penduduk.", f"{IND}/rumus": "kejadian / penduduk x 100.000"},
            ["METADATA_RUMUS_BERBEDA:/ms_ind/0/data/rumus"],
        ),
        ({f"{IND}/definisi": "Kejadian per 100.000 penduduk.", f"{IND}/rumus": "kejadian / penduduk x 100 000"}, []),
        ({"ms_ind": []}, ["METADATA_TIDAK_LENGKAP:/ms_ind"]),
    ],
)
def test_a_rule_is_tripped_by_what_breaks_it_and_by_nothing_else(changes: dict[str, Any], expected: list[str]) -> None:
    made = good()
    for path, value in changes.items():
        put(made, path, copy.deepcopy(value))
    assert faults(made) == expected


def test_every_document_may_be_anything_at_all() -> None:
    for odd in (None, 7, "teks", [], [[]], [None], {}, {"data": 7}, {"data": {"blok_iv": []}}, [{"data": None}]):
        for kind in metadata.KINDS:
            assert all(f.split(":")[0] in messages() for f in faults({**good(), kind: odd}))


def test_a_person_responsible_is_not_repeated_in_a_finding() -> None:
    made = put(good(), f"{KEG}/blok_ii/penanggung_jawab_teknis", {"nama": ["Sri Contoh", "x"]})
    (found,) = examine(list(documents(made, "-")), LAYANAN)
    assert (found.kode, found.nilai) == ("METADATA_TIDAK_SAH", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x 100.000", {100_000}),
        ("per 10 000 jiwa, lalu 1.000", {10_000, 1_000}),
        ("per 100,000", {100_000}),
        ("100 %", {100}),
        ("10 hari", set()),
        ("21.000 dan 1.500", set()),
        ("tahun 2026", set()),
    ],
)
def test_multipliers_are_found_in_words(text: str, expected: set[int]) -> None:
    assert multipliers(text) == expected


# On the way through the pipeline


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "spit")


def month(period: str, **envelope: Any) -> make.Files:
    rows = [[period if cell == "2026-10" else cell for cell in row] for row in make.ROWS["layanan_informasi"]]
    return make.table("layanan_informasi", rows, **envelope)


def own(year: int = 2025, number: int | None = None) -> dict[str, Any]:
    made = put(good(), f"{KEG}/tahun", year)
    made["ms_keg"]["base_id"] = number
    return made


def test_metadata_handed_in_once_may_be_referred_to_from_then_on(spit: Installation) -> None:
    spit.drop("pertama", month("2025-01", metadata=own(number=88)))
    spit.take_in()
    spit.drop("kedua", month("2025-02", metadata="layanan_informasi/2025"))
    spit.drop("ketiga", month("2025-03", metadata="88/2025"))
    spit.drop("lain", month("2025-04", metadata="layanan_informasi/2024"))
    spit.take_in()

    states = {name: spit.one(name).state for name in ("pertama", "kedua", "ketiga", "lain")}
    assert states == dict.fromkeys(("pertama", "kedua", "ketiga"), "DISETUJUI_WALIDATA") | {"lain": "DIKEMBALIKAN"}
    assert spit.rules(spit.one("lain").receipt) == ["METADATA_TIDAK_TERDAFTAR"]
    spit.publish()
    (row,) = spit.rows("SELECT count(*) AS n, min(tahun) AS tahun FROM metadata WHERE jenis = 'ms_var'")
    assert row == {"n": len(LAYANAN.office_fields), "tahun": 2025}


def test_what_is_registered_in_a_batch_holds_for_the_rest_of_it_and_only_for_its_own_satker(spit: Installation) -> None:
    spit.drop("a-pertama", month("2025-01", metadata=own()))
    spit.drop("b-kedua", month("2025-02", metadata="layanan_informasi/2025"))
    rows = [[cell.replace("JATENG", "JABAR") for cell in row] for row in make.ROWS["layanan_informasi"]]
    other = make.table("layanan_informasi", rows, satker="JABAR", metadata="layanan_informasi/2025")
    spit.drop("c-lain", other, source="jabar")
    spit.take_in()

    assert spit.rules(spit.one("a-pertama").receipt) == []
    assert "METADATA_TIDAK_TERDAFTAR" not in spit.rules(spit.one("b-kedua").receipt)
    assert spit.rules(spit.one("c-lain", source="jabar").receipt) == ["METADATA_TIDAK_TERDAFTAR"]


def test_bad_metadata_send_the_table_back_with_what_is_wrong_in_its_rows_too(spit: Installation) -> None:
    rows = make.changed("layanan_informasi", "jumlah_ditolak", "banyak")
    spit.drop("tabel", make.table("layanan_informasi", rows, metadata=put(own(), f"{KEG}/judul_kegiatan", "")))
    spit.take_in()

    s = spit.one("tabel")
    assert (s.state, s.rows_in, s.rows_returned) == ("DIKEMBALIKAN", 2, 2)
    assert spit.rules(s.receipt) == ["METADATA_WAJIB", "TIPE_SALAH"]


def test_a_lost_column_is_returned_unless_declared_and_a_new_one_is_noted(spit: Installation) -> None:
    def narrow(rows: list[list[str]]) -> list[list[str]]:
        return [row[:-1] for row in rows]

    full, months = make.ROWS["layanan_informasi"], iter(["2026-05", "2026-06", "2026-07", "2026-08"])

    def table(shape: Any, **envelope: Any) -> make.Files:
        period = next(months)
        rows = [[period if cell == "2026-10" else cell for cell in row] for row in shape(full)]
        return make.table("layanan_informasi", rows, **envelope)

    found: dict[str, list[str]] = {}
    for name, files in {
        "lengkap": table(list),
        "hilang": table(narrow),
        "dinyatakan": table(narrow, kepala_berubah="Waktu layanan tidak lagi dicatat."),
        "kembali": table(list),
    }.items():
        spit.drop(name, files)
        spit.take_in()
        found[name] = [rule for rule in spit.rules(spit.one(name).receipt) if rule != "TERLAMBAT"]

    assert found == {"lengkap": [], "hilang": ["KEPALA_BERUBAH"], "dinyatakan": [], "kembali": ["KEPALA_BERTAMBAH"]}
    assert spit.one("hilang").state == "DIKEMBALIKAN"
