"""Items in the manifest: the columns of a text, and the keys of its rows."""

from tests.samples.make import GOOD, ITEM, Case, items, manifest, one

SECRET = {"klasifikasi_informasi": "DIKECUALIKAN"}
TESTED = {"dasar_pengecualian": "a1", "nomor_uji_konsekuensi": "UK/1/2026", "dikecualikan_sampai": "2031-01-01"}

CLAIM = {
    "klaim": "Jalan utama ditutup selama sepekan",
    "klaim_beredar_di": "grup percakapan; https://contoh.example/unggahan/1",
    "penilaian_klaim": "SALAH",
    "bukti_klaim": "https://contoh.example/jadwal-rekayasa",
}
OF_FIRST = "teks/JATENG|UJI/2026/001"


def cases() -> list[Case]:
    t = "teks"
    found = [Case(d, "diterima", items(d, {}), (1, 0, 0)) for d in GOOD if d != t]
    return [
        *found,
        Case(t, "diterima", items(t, {}), (1, 0, 0), near=("MANIFES_WAJIB", "MANIFES_TIDAK_SAH", "SUBJEK_ANAK")),
        one(t, "judul-kosong", {"judul": " "}, "WAJIB_DIISI:judul"),
        one(t, "kredit-satu-huruf", {"kredit": "H"}, near=("WAJIB_DIISI",)),
        one(t, "judul-terlalu-pendek", {"judul": "Apel"}, "TERLALU_PENDEK:judul"),
        one(t, "judul-cukup-panjang", {"judul": "Apel5"}, near=("TERLALU_PENDEK",)),
        one(t, "judul-terlalu-panjang", {"judul": "a" * 201}, "TERLALU_PANJANG:judul"),
        one(t, "judul-paling-panjang", {"judul": "a" * 200}, near=("TERLALU_PANJANG",)),
        one(t, "nomor-salah-bentuk", {"nomor": "UJI 2026"}, "POLA_SALAH:nomor"),
        one(t, "nomor-benar-bentuk", {"nomor": "UJI-2026.1/a"}, near=("POLA_SALAH",)),
        one(t, "genre-asing", {"genre": "BERITA"}, "KODE_DI_LUAR_DAFTAR:genre"),
        one(t, "genre-huruf-kecil", {"genre": "layanan"}, near=("KODE_DI_LUAR_DAFTAR",)),
        one(t, "klarifikasi-salah-topik", {"genre": "KLARIFIKASI", **CLAIM}, "NARASI_TANPA_KLARIFIKASI:genre"),
        one(
            t,
            "klarifikasi-benar-topik",
            {"genre": "KLARIFIKASI", "topik": "KLARIFIKASI", **CLAIM},
            near=("NARASI_TANPA_KLARIFIKASI", "KLARIFIKASI_BELUM_LENGKAP"),
        ),
        one(
            t,
            "klarifikasi-tanpa-klaim",
            {"genre": "KLARIFIKASI", "topik": "KLARIFIKASI", **CLAIM, "klaim": None, "bukti_klaim": " "},
            "KLARIFIKASI_BELUM_LENGKAP:klaim",
            "KLARIFIKASI_BELUM_LENGKAP:bukti_klaim",
        ),
        one(t, "turunan-salah-bentuk", {"turunan_dari": "foto Banyumas"}, "POLA_SALAH:turunan_dari"),
        one(
            t,
            "turunan-beberapa",
            {"turunan_dari": "foto/ACEH.ACEH_SELATAN|A_1/2; layanan_informasi/JATENG|2026-10"},
            near=("POLA_SALAH",),
        ),
        Case(
            t,
            "turunan-kredit-hilang",
            items(t, {}, {"turunan_dari": OF_FIRST, "kredit": "Divisi Humas"}),
            (2, 0, 0),
            [("KREDIT_ASAL_HILANG:kredit", 2)],
        ),
        Case(
            t,
            "turunan-kredit-tetap",
            items(t, {}, {"turunan_dari": OF_FIRST, "kredit": "Divisi Humas / HUMAS  contoh"}),
            (2, 0, 0),
            near=("KREDIT_ASAL_HILANG",),
        ),
        one(t, "tanggal-tidak-terbaca", {"tanggal_kejadian": "kemarin"}, "TIPE_SALAH:tanggal_kejadian"),
        one(t, "tanggal-ditulis-panjang", {"tanggal_kejadian": "20 November 2026"}, near=("TIPE_SALAH",)),
        one(t, "tanggal-besok", {"tanggal_kejadian": "2026-11-25"}, "SESUDAH_DITERIMA:tanggal_kejadian"),
        one(t, "tanggal-hari-ini", {"tanggal_kejadian": "2026-11-24"}, near=("SESUDAH_DITERIMA",)),
        one(t, "wilayah-tanpa-titik", {"kode_wilayah": "3302"}, "KODE_WILAYAH_TANPA_OTORITAS:kode_wilayah"),
        one(t, "wilayah-provinsi", {"kode_wilayah": "33"}, near=("KODE_WILAYAH_TANPA_OTORITAS",)),
        one(t, "wilayah-salah-bentuk", {"kode_wilayah": "33-02"}, "POLA_SALAH:kode_wilayah"),
        one(t, "wilayah-tidak-ada", {"kode_wilayah": "33.99"}, "KODE_TIDAK_DIKENAL:kode_wilayah"),
        one(t, "wilayah-lama", {"kode_wilayah": "91.01"}, "KODE_LAMA:kode_wilayah"),
        one(t, "wilayah-desa", {"kode_wilayah": "91.71.01.1001"}, near=("KODE_TIDAK_DIKENAL", "KODE_LAMA")),
        Case(
            t,
            "wilayah-bps",
            items(t, {"kode_wilayah": "3374"}, {"kode_wilayah": "6404"}),
            (0, 2, 0),
            [
                ("TABEL_BERKODE_BPS:kode_wilayah", None),
                *[("KODE_WILAYAH_TANPA_OTORITAS:kode_wilayah", row) for row in (1, 2)],
            ],
        ),
        Case(
            t,
            "wilayah-bps-sebagian",
            items(t, {"kode_wilayah": "3374"}, {"kode_wilayah": "33.74"}),
            (1, 1, 0),
            [("KODE_WILAYAH_TANPA_OTORITAS:kode_wilayah", 1)],
            near=("TABEL_BERKODE_BPS",),
        ),
        one(t, "satker-tidak-ada", {"kode_satker": "JATENG.ATLANTIS"}, "KODE_TIDAK_DIKENAL:kode_satker"),
        one(t, "satker-lain", {"kode_satker": "JABAR"}, "SATKER_DI_LUAR_WEWENANG:kode_satker"),
        one(t, "satker-bawahan", {"kode_satker": "JATENG.BANYUMAS"}, near=("SATKER_DI_LUAR_WEWENANG",)),
        one(t, "anak-tidak-terbaca", {"subjek_anak": "mungkin"}, "TIPE_SALAH:subjek_anak"),
        one(
            t,
            "dikecualikan-tanpa-uji",
            SECRET,
            "WAJIB_DIISI:dasar_pengecualian",
            "WAJIB_DIISI:nomor_uji_konsekuensi",
            "WAJIB_DIISI:dikecualikan_sampai",
        ),
        one(t, "dikecualikan-dengan-uji", SECRET | TESTED, near=("WAJIB_DIISI",)),
        one(t, "kolom-asing", {"wartawan": "ada"}, "KOLOM_TIDAK_DIKENAL:wartawan"),
        one(t, "kolom-nama-lain", {"isi": None, "Narasi": GOOD[t]["isi"]}, near=("KOLOM_TIDAK_DIKENAL",)),
        one(t, "kolom-dua-nama", {"Judul": "Judul yang lain"}, "KOLOM_GANDA:judul"),
        one(t, "kolom-dua-nama-sama", {"Judul": ITEM["judul"]}, near=("KOLOM_GANDA",)),
        one(t, "nilai-bersarang", {"kredit": ["a", "b"]}, "NILAI_BERSARANG:kredit", "WAJIB_DIISI:kredit"),
        one(t, "nilai-bukan-teks", {"kredit": 5, "subjek_anak": False}, near=("NILAI_BERSARANG",)),
        one(
            t,
            "semua-salah",
            {"judul": "x", "genre": "y", "topik": "z"},
            "TERLALU_PENDEK:judul",
            "KODE_DI_LUAR_DAFTAR:genre",
            "KODE_DI_LUAR_DAFTAR:topik",
        ),
        Case(t, "sebagian-salah", items(t, {}, {"judul": ""}, {}), (2, 1, 0), [("WAJIB_DIISI:judul", 2)]),
        Case(
            t,
            "kunci-ganda",
            items(t, {}, {"nomor": "UJI/2026/001", "judul": "Judul yang lain"}),
            (0, 2, 0),
            [("KUNCI_GANDA:", 1), ("KUNCI_GANDA:", 2)],
            near=("DUPLIKAT",),
        ),
        Case(
            t,
            "butir-ganda",
            items(t, {}, {"nomor": "UJI/2026/001"}),
            (1, 0, 1),
            [("DUPLIKAT:", 2)],
            near=("KUNCI_GANDA",),
        ),
        Case(t, "butir-bukan-objek", manifest(t, {"isi": ["halo", GOOD[t]]}), (1, 1, 0), [("BUTIR_BUKAN_OBJEK:", 1)]),
        Case(
            t,
            "butir-kosong",
            manifest(t, {"isi": [{}, GOOD[t]]}, bawaan={k: v for k, v in GOOD[t].items() if k not in ("nomor", "isi")}),
            (1, 1, 0),
            [("WAJIB_DIISI:nomor", 1), ("WAJIB_DIISI:isi", 1)],
            near=("BUTIR_BUKAN_OBJEK",),
        ),
    ]
