"""Statistical tables: their cells, their rows together, and the list of data they stand on."""

from tests.samples.make import ROWS, Case, changed, manifest, package, raw_table, table

L = "layanan_informasi"


def cell(dataset: str, name: str, column: str, value: str, *findings: str, near: tuple[str, ...] = ()) -> Case:
    """Two rows, the second with one cell changed."""
    back = int(bool(findings))
    files = table(dataset, changed(dataset, column, value))
    return Case(dataset, name, files, (2 - back, back, 0), [(f, 3) for f in findings], near)


def cases() -> list[Case]:
    good = ROWS[L]
    package_faults = ("KIRIMAN_TANPA_STANDAR", "KIRIMAN_TANPA_METADATA", "METADATA_BELUM_DICOCOKKAN", "TERLAMBAT")
    package_faults += ("PERIODE_BELUM_SELESAI",)
    without = [r[:2] + r[3:] for r in good]
    return [
        Case(L, "diterima", table(L, good), (2, 0, 0), near=package_faults),
        Case("pantauan_media", "diterima", table("pantauan_media", ROWS["pantauan_media"]), (2, 0, 0)),
        cell(L, "angka-tidak-terbaca", "jumlah_permohonan", "banyak", "TIPE_SALAH:jumlah_permohonan"),
        cell(L, "angka-negatif", "jumlah_ditolak", "-1", "DI_BAWAH_BATAS:jumlah_ditolak"),
        cell(L, "angka-nol", "jumlah_ditolak", "0", near=("DI_BAWAH_BATAS",)),
        cell(L, "angka-terlalu-besar", "rata_waktu_hari", "61", "DI_ATAS_BATAS:rata_waktu_hari"),
        cell(L, "angka-paling-besar", "rata_waktu_hari", "60", near=("DI_ATAS_BATAS",)),
        cell(L, "tidak-seimbang", "jumlah_dikabulkan", "10", "JUMLAH_TIDAK_SEIMBANG:jumlah_dikabulkan"),
        cell(L, "seimbang", "jumlah_dikabulkan", "9", near=("JUMLAH_TIDAK_SEIMBANG",)),
        cell(L, "periode-tahun", "periode", "2026", "FREKUENSI_SALAH:periode"),
        cell(L, "periode-semester", "periode", "2026-S1", "FREKUENSI_SALAH:periode"),
        cell(L, "periode-nama-bulan", "periode", "Oktober 2026", near=("FREKUENSI_SALAH", "TIPE_SALAH")),
        cell(L, "periode-belum-mulai", "periode", "2026-12", "PERIODE_BELUM_MULAI:periode"),
        Case(
            L,
            "periode-berjalan",
            table(L, changed(L, "periode", "2026-11")),
            (2, 0, 0),
            [("PERIODE_BELUM_SELESAI:periode", None)],
            near=("PERIODE_BELUM_MULAI",),
        ),
        cell(L, "periode-tidak-terbaca", "periode", "bulan lalu", "TIPE_SALAH:periode"),
        Case(
            "pantauan_media",
            "dikecualikan-tanpa-dasar",
            table("pantauan_media", ROWS["pantauan_media"], bawaan={"klasifikasi_informasi": "DIKECUALIKAN"}),
            (0, 2, 0),
            [("KODE_DI_LUAR_DAFTAR:klasifikasi_informasi", row) for row in (2, 3)],
        ),
        cell("pantauan_media", "nada-asing", "nada", "BAGUS", "KODE_DI_LUAR_DAFTAR:nada"),
        Case(L, "kolom-hilang", table(L, without), (0, 2, 0), [("KOLOM_TIDAK_ADA:saluran", None)]),
        Case(
            L,
            "kolom-di-bawaan",
            table(L, without[:2], bawaan={"klasifikasi_informasi": "BERKALA", "saluran": "LAMAN"}),
            (1, 0, 0),
            near=("KOLOM_TIDAK_ADA",),
        ),
        Case(
            L,
            "kolom-lebih",
            table(L, [[*r, "x"] for r in [*good]]),
            (2, 0, 0),
            [("KOLOM_TIDAK_DIKENAL:x", None)],
        ),
        Case(
            L,
            "berkas-tidak-ada",
            manifest(L, {"tabel": ["tabel.csv"]}, **package(L)),
            (0, 0, 0),
            [("BERKAS_TIDAK_ADA:", None)],
        ),
        Case(L, "berkas-kosong", raw_table(L, {"tabel.csv": b""}), (0, 0, 0), [("BERKAS_KOSONG:", None)]),
        Case(
            L,
            "berkas-hanya-judul",
            table(L, good[:1]),
            (0, 0, 0),
            [("TABEL_TANPA_BARIS:", None)],
            near=("BERKAS_KOSONG",),
        ),
        Case(L, "berkas-satu-baris", table(L, good[:2]), (1, 0, 0), near=("TABEL_TANPA_BARIS",)),
        Case(
            L,
            "tahun-di-luar-daftar",
            table(L, changed(L, "periode", "2019-12")),
            (1, 1, 0),
            [("DI_LUAR_DAFTAR_DATA:periode", 3)],
        ),
        Case(
            L,
            "tahun-pertama-daftar",
            table(L, changed(L, "periode", "2020-01")),
            (2, 0, 0),
            near=("DI_LUAR_DAFTAR_DATA",),
        ),
        Case(L, "terlambat", table(L, changed(L, "periode", "2026-09")), (2, 0, 0), [("TERLAMBAT:periode", None)]),
        Case(
            L,
            "terlambat-dan-salah",
            table(L, [good[0], good[1], [*good[2][:1], "2026-09", "FAKS", *good[2][3:]]]),
            (1, 1, 0),
            [("KODE_DI_LUAR_DAFTAR:saluran", 3)],
            near=("TERLAMBAT",),
        ),
    ]
