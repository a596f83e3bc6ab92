"""Writes the sample folders beside it: `<dataset>/<case>/` with what goes in and exactly what must come out.

A case is a good submission with one thing changed, and the findings that change must bring: `KODE:kolom` for every
row or item concerned. Run `python -m tests.samples.make` after a change here; the folders are what the tests read.
"""

import copy
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.metadata import on_file
from transforms.media import encode

HERE = Path(__file__).parent
Files = dict[str, bytes]

ITEM: dict[str, Any] = {
    "nomor": "UJI/2026/001",
    "judul": "Apel kesiapan di lapangan",
    "tanggal_kejadian": "2026-11-20",
    "kode_wilayah": "33.02",
    "topik": "PELAYANAN",
    "kredit": "Humas contoh",
    "lisensi": "CC-BY-4.0",
    "klasifikasi_informasi": "BERKALA",
    "subjek_anak": "tidak",
}
MEDIUM = {
    **ITEM,
    "keterangan": "Petugas mengikuti apel kesiapan di lapangan contoh.",
    "berkas": "bahan",
    "direkam_pada": "2026-11-20T07:40:00+07:00",
    "sumber_digital": "digitalCapture",
    "teks_alternatif": "Barisan petugas di lapangan.",
}
GOOD = {
    "teks": {**ITEM, "genre": "RILIS", "isi": "Polres menggelar apel kesiapan di lapangan contoh pada pagi hari."},
    "foto": {**MEDIUM, "berkas": "bahan.jpg"},
    "video": {**MEDIUM, "berkas": "bahan.mp4"},
    "audio": {**MEDIUM, "berkas": "bahan.opus"},
}
ROWS = {
    "layanan_informasi": [
        [
            "kode_satker",
            "periode",
            "saluran",
            "jumlah_permohonan",
            "jumlah_dikabulkan",
            "jumlah_ditolak",
            "rata_waktu_hari",
        ],
        ["JATENG", "2026-10", "LANGSUNG", "12", "10", "1", "6.5"],
        ["JATENG", "2026-10", "SURAT", "10", "8", "1", "7.2"],
    ],
    "pantauan_media": [
        ["kode_satker", "periode", "jenis_media", "nada", "jumlah_berita", "jangkauan"],
        ["JATENG", "2026-10", "DARING", "POSITIF", "120", "45000"],
        ["JATENG", "2026-10", "CETAK", "NETRAL", "20", ""],
    ],
}


@dataclass(frozen=True)
class Case:
    """`accepted + returned + skipped` rows, and the findings: `KODE:kolom`, each with the row it stands at."""

    dataset: str
    name: str
    files: Files
    counts: tuple[int, int, int]
    findings: list[tuple[str, int | None]] = field(default_factory=list)


def picture(**more: Any) -> bytes:
    return encode.photo(160, 120, text="contoh", quality=50, **more)


def media(dataset: str) -> Files:
    made: dict[str, Callable[[], bytes]] = {
        "foto": lambda: picture(exif={"Make": "Contoh"}),
        "video": lambda: encode.video(0.5, 96, 64, 8, text="c"),
        "audio": lambda: encode.audio(0.5, "opus"),
    }
    return {GOOD[dataset]["berkas"]: made[dataset]()} if dataset in made else {}


def manifest(dataset: str, body: dict[str, Any], **envelope: Any) -> Files:
    sent = {"versi": 1, "satker": "JATENG", "dataset": dataset, **envelope, **body}
    return {"manifest.json": json.dumps(sent, ensure_ascii=False, indent=1).encode() + b"\n"}


def items(dataset: str, *changes: dict[str, Any], files: Files | None = None, **envelope: Any) -> Files:
    """One item per set of changes to the good one; a change to None leaves the column out."""
    listed = []
    for number, change in enumerate(changes, 1):
        item = {**GOOD[dataset], "nomor": f"UJI/2026/{number:03d}", **change}
        listed.append({key: value for key, value in item.items() if value is not None})
    return {**(media(dataset) if files is None else files), **manifest(dataset, {"isi": listed}, **envelope)}


def table(dataset: str, rows: list[list[str]], *, sep: str = ",", **envelope: Any) -> Files:
    text = "".join(sep.join(row) + "\n" for row in rows)
    return raw_table(dataset, {"tabel.csv": text.encode()}, **envelope)


def raw_table(dataset: str, files: Files, **envelope: Any) -> Files:
    default = {**package(dataset), "bawaan": {"klasifikasi_informasi": "BERKALA"}, **envelope}
    return {**files, **manifest(dataset, {"tabel": list(files)}, **default)}


def package(dataset: str) -> dict[str, Any]:
    """What a statistical table's envelope says beside its data: the standard, and metadata already on file."""
    return {"standar": f"{dataset}@1", "metadata": f"{dataset}/2026"}


AREA = "/metadata/ms_keg/data/blok_iv/sebagian_cakupan_wilayah_pengumpulan_data"


def bundle(**iv: Any) -> dict[str, Any]:
    """Metadata as an office hands them in for layanan_informasi; `iv` are changes to block IV of the MS-Keg."""
    made = copy.deepcopy(on_file()["layanan_informasi/2026"])
    made["ms_keg"]["data"]["blok_iv"] |= iv
    return made


def area(province: object, city: object) -> dict[str, Any]:
    """Block IV of an activity that covers one regency."""
    return {
        "cakupan_wilayah_pengumpulan_data": "SEBAGIAN_WILAYAH_INDONESIA",
        AREA.rpartition("/")[2]: [{"kode_provinsi": province, "kode_kabupaten_kota": city}],
    }


def with_metadata_files(made: dict[str, Any]) -> Files:
    """A table with one metadata file of each kind beside it."""
    files = {f"{kind}.json": json.dumps(made[kind], ensure_ascii=False).encode() for kind in made}
    return {**table("layanan_informasi", ROWS["layanan_informasi"], metadata=sorted(files)), **files}


def back(name: str, envelope: dict[str, Any], *findings: str) -> Case:
    """Good rows that come back because of what is, or is not, in the envelope (None leaves a key out)."""
    files = table("layanan_informasi", ROWS["layanan_informasi"])
    sent = {**json.loads(files["manifest.json"]), **envelope}
    files["manifest.json"] = json.dumps({k: v for k, v in sent.items() if v is not None}, ensure_ascii=False).encode()
    return Case("layanan_informasi", name, files, (0, 2, 0), [(f, None) for f in findings])


def changed(dataset: str, column: str, value: str, row: int = 2) -> list[list[str]]:
    rows = [list(r) for r in ROWS[dataset]]
    rows[row][rows[0].index(column)] = value
    return rows


def one(dataset: str, name: str, change: dict[str, Any], *findings: str) -> Case:
    """One item with a change; it comes back when there is a finding that is not a mere note."""
    notes = ("KODE_LAMA", "KOLOM_TIDAK_DIKENAL", "DATA_PRIBADI_", "SUBJEK_ANAK", "GPS_TERTANAM")
    back = any(not f.startswith(notes) for f in findings)
    return Case(dataset, name, items(dataset, change), (int(not back), int(back), 0), [(f, 1) for f in findings])


def cell(dataset: str, name: str, column: str, value: str, *findings: str) -> Case:
    """Two rows, the second with one cell changed."""
    back = int(bool(findings))
    files = table(dataset, changed(dataset, column, value))
    return Case(dataset, name, files, (2 - back, back, 0), [(f, 3) for f in findings])


def told(name: str, words: str, *rules: str) -> Case:
    """A text that says these words, and the rules that then hold it from the public; all numbers are invented."""
    text = f"Polres menyampaikan hal berikut kepada masyarakat luas. {words} Demikian keterangan petugas."
    return one("teks", f"pribadi-{name}", {"isi": text}, *(f"DATA_PRIBADI_{rule}:isi" for rule in rules))


def located() -> Files:
    """A photo whose original carries a position."""
    return {"bahan.jpg": picture(gps=(-7.42, 109.23), exif={"Make": "Contoh"})}


NIK = "3302012304950001"


def personal() -> list[Case]:
    """For each kind of personal data a text that has it and one that only looks so; then other places it may be in."""
    named = f"ktp_{NIK}.jpg"
    return [
        told("nik", f"Pelamar dengan NIK {NIK} dinyatakan lulus.", "NIK"),
        told("nik-tanggal-tidak-ada", "Nomor seri barang adalah 3302013202950001."),
        told("kk", "Nomor KK 3302010101150003 sudah diperbarui.", "KK", "NIK"),
        told("kk-antrean", "Pengurusan kartu keluarga memakai nomor antrean 12."),
        told("npwp", "Wajib pajak 09.254.294.3-407.000 melapor.", "NPWP"),
        told("npwp-sebagian", "Kode berkas 09.254.294.3 sudah lengkap."),
        told("telepon", "Hubungi 0812-3456-7890 untuk keterangan.", "TELEPON"),
        told("telepon-uang", "Kerugian ditaksir Rp 81.234.567.890 seluruhnya."),
        told("surel", "Kirim ke budi.contoh@gmail.com paling lambat besok.", "SUREL"),
        told("surel-kantor", "Kirim ke humas@jateng.polri.go.id paling lambat besok."),
        told("plat", "Mobil B 1234 XYZ diamankan petugas.", "PLAT"),
        told("plat-rt-rw", "Warga RT 003 RW 005 mengikuti kegiatan."),
        told("rekening", "Uang dikirim ke rekening 0012-0100-1234-567 milik pelaku.", "REKENING"),
        told("rekening-uang", "Petugas memblokir rekening berisi Rp 250.000.000 kemarin."),
        told("nama", "Menurut saksi Budi Contoh Santoso, kejadian itu berlangsung cepat.", "NAMA"),
        told("nama-saksi-bisu", "Pohon itu menjadi saksi bisu peristiwa di anak sungai Serayu."),
        one("teks", "pribadi-judul", {"judul": f"Pelamar {NIK} lulus"}, "DATA_PRIBADI_NIK:judul"),
        one("teks", "anak", {"subjek_anak": "ya"}, "SUBJEK_ANAK:subjek_anak"),
        one(
            "foto",
            "pribadi-keterangan",
            {"keterangan": "Korban Budi Contoh dievakuasi."},
            "DATA_PRIBADI_NAMA:keterangan",
        ),
        Case(
            "foto",
            "pribadi-nama-berkas",
            items("foto", {"berkas": named}, files={named: picture()}),
            (1, 0, 0),
            [("DATA_PRIBADI_NIK:berkas", 1)],
        ),
        Case(
            "foto",
            "pribadi-nama-berkas-lain",
            items("foto", {}, files=media("foto") | {f"{NIK}.txt": b"x"}),
            (1, 0, 0),
            [("BERKAS_TIDAK_DIPAKAI:", None), ("DATA_PRIBADI_NIK:nama berkas", None)],
        ),
        Case("foto", "gps", items("foto", {}, files=located()), (1, 0, 0), [("GPS_TERTANAM:berkas", 1)]),
        Case(
            "layanan_informasi",
            "pribadi-angka",
            table("layanan_informasi", changed("layanan_informasi", "jumlah_permohonan", NIK)),
            (1, 1, 0),
            [("DI_ATAS_BATAS:jumlah_permohonan", 3), ("DATA_PRIBADI_NIK:jumlah_permohonan", 3)],
        ),
    ]


def whole(dataset: str, name: str, files: Files, *findings: str, rows: int = 0) -> Case:
    """A submission that comes back as a whole."""
    return Case(dataset, name, files, (0, rows, 0), [(f, None) for f in findings])


def workbook(rows: list[list[Any]], *, merge: str = "") -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cases() -> list[Case]:
    t, f = "teks", "foto"
    secret = {"klasifikasi_informasi": "DIKECUALIKAN"}
    tested = {"dasar_pengecualian": "a1", "nomor_uji_konsekuensi": "UK/1/2026", "dikecualikan_sampai": "2031-01-01"}
    good = ROWS["layanan_informasi"]
    return [
        *[Case(d, "diterima", items(d, {}), (1, 0, 0)) for d in GOOD],
        *[Case(d, "diterima", table(d, ROWS[d]), (2, 0, 0)) for d in ROWS],
        # a text's columns, each just wrong and just right
        one(t, "judul-kosong", {"judul": " "}, "WAJIB_DIISI:judul"),
        one(t, "judul-terlalu-pendek", {"judul": "Apel"}, "TERLALU_PENDEK:judul"),
        one(t, "judul-cukup-panjang", {"judul": "Apel5"}),
        one(t, "judul-terlalu-panjang", {"judul": "a" * 201}, "TERLALU_PANJANG:judul"),
        one(t, "judul-paling-panjang", {"judul": "a" * 200}),
        one(t, "nomor-salah-bentuk", {"nomor": "UJI 2026"}, "POLA_SALAH:nomor"),
        one(t, "nomor-benar-bentuk", {"nomor": "UJI-2026.1/a"}),
        one(t, "genre-asing", {"genre": "BERITA"}, "KODE_DI_LUAR_DAFTAR:genre"),
        one(t, "genre-huruf-kecil", {"genre": "layanan"}),
        one(t, "klarifikasi-salah-topik", {"genre": "KLARIFIKASI"}, "NARASI_TANPA_KLARIFIKASI:genre"),
        one(t, "klarifikasi-benar-topik", {"genre": "KLARIFIKASI", "topik": "KLARIFIKASI"}),
        one(t, "tanggal-tidak-terbaca", {"tanggal_kejadian": "kemarin"}, "TIPE_SALAH:tanggal_kejadian"),
        one(t, "tanggal-ditulis-panjang", {"tanggal_kejadian": "20 November 2026"}),
        one(t, "tanggal-besok", {"tanggal_kejadian": "2026-11-25"}, "SESUDAH_DITERIMA:tanggal_kejadian"),
        one(t, "tanggal-hari-ini", {"tanggal_kejadian": "2026-11-24"}),
        one(t, "wilayah-tanpa-titik", {"kode_wilayah": "3302"}, "KODE_WILAYAH_TANPA_OTORITAS:kode_wilayah"),
        one(t, "wilayah-salah-bentuk", {"kode_wilayah": "33-02"}, "POLA_SALAH:kode_wilayah"),
        one(t, "wilayah-tidak-ada", {"kode_wilayah": "33.99"}, "KODE_TIDAK_DIKENAL:kode_wilayah"),
        one(t, "wilayah-lama", {"kode_wilayah": "91.01"}, "KODE_LAMA:kode_wilayah"),
        one(t, "wilayah-desa", {"kode_wilayah": "91.71.01.1001"}),
        one(t, "satker-tidak-ada", {"kode_satker": "JATENG.ATLANTIS"}, "KODE_TIDAK_DIKENAL:kode_satker"),
        one(t, "satker-lain", {"kode_satker": "JABAR"}, "SATKER_DI_LUAR_WEWENANG:kode_satker"),
        one(t, "satker-bawahan", {"kode_satker": "JATENG.BANYUMAS"}),
        one(t, "anak-tidak-terbaca", {"subjek_anak": "mungkin"}, "TIPE_SALAH:subjek_anak"),
        one(
            t,
            "dikecualikan-tanpa-uji",
            secret,
            "WAJIB_DIISI:dasar_pengecualian",
            "WAJIB_DIISI:nomor_uji_konsekuensi",
            "WAJIB_DIISI:dikecualikan_sampai",
        ),
        one(t, "dikecualikan-dengan-uji", secret | tested),
        one(t, "kolom-asing", {"wartawan": "ada"}, "KOLOM_TIDAK_DIKENAL:wartawan"),
        one(t, "nilai-bersarang", {"kredit": ["a", "b"]}, "NILAI_BERSARANG:kredit", "WAJIB_DIISI:kredit"),
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
        ),
        Case(t, "butir-ganda", items(t, {}, {"nomor": "UJI/2026/001"}), (1, 0, 1), [("DUPLIKAT:", 2)]),
        # media
        one(f, "tanpa-teks-alternatif", {"teks_alternatif": None}, "WAJIB_DIISI:teks_alternatif"),
        one(f, "waktu-tanpa-zona", {"direkam_pada": "2026-11-20 07.40"}),
        one(f, "direkam-besok", {"direkam_pada": "2026-11-24T10:00:01+07:00"}, "SESUDAH_DITERIMA:direkam_pada"),
        one(f, "direkam-saat-diterima", {"direkam_pada": "2026-11-24T10:00:00+07:00"}),
        Case(
            f,
            "berkas-tidak-ada",
            items(f, {"berkas": "lain.jpg"}, files={}),
            (0, 1, 0),
            [("BERKAS_TIDAK_ADA:berkas", 1)],
        ),
        Case(
            f,
            "berkas-di-luar",
            items(f, {"berkas": "../../etc/passwd"}, files={}),
            (0, 1, 0),
            [("JALUR_BERKAS:berkas", 1)],
        ),
        Case(f, "berkas-kosong", items(f, {}, files={"bahan.jpg": b""}), (0, 1, 0), [("BERKAS_KOSONG:berkas", 1)]),
        Case(
            f,
            "berkas-terpotong",
            items(f, {}, files={"bahan.jpg": picture()[:1500]}),
            (0, 1, 0),
            [("BERKAS_RUSAK:berkas", 1)],
        ),
        Case(
            f,
            "berkas-html",
            items(f, {}, files={"bahan.jpg": b"<!doctype html><p>404</p>" * 9}),
            (0, 1, 0),
            [("TIPE_TIDAK_DIDUKUNG:berkas", 1)],
        ),
        Case(
            f,
            "berkas-audio",
            items(f, {}, files={"bahan.jpg": encode.audio(0.5, "opus")}),
            (0, 1, 0),
            [("TIPE_TIDAK_COCOK:berkas", 1)],
        ),
        Case(
            f,
            "berkas-berubah",
            items(f, {}, berkas=[{"nama": "bahan.jpg", "ukuran_byte": 1}]),
            (0, 1, 0),
            [("BERKAS_BERUBAH:berkas", 1)],
        ),
        Case(
            f,
            "berkas-tidak-dipakai",
            items(f, {}, files=media(f) | {"tambahan.txt": b"x"}),
            (1, 0, 0),
            [("BERKAS_TIDAK_DIPAKAI:", None)],
        ),
        Case(f, "media-sama", items(f, {}, {"judul": "Foto yang sama"}), (2, 0, 0), [("MEDIA_SUDAH_ADA:berkas", 2)]),
        Case(
            "video",
            "html",
            items("video", {}, files={"bahan.mp4": b"<!doctype html><p>404</p>" * 9}),
            (0, 1, 0),
            [("TIPE_TIDAK_DIDUKUNG:berkas", 1)],
        ),
        Case(
            "audio",
            "terpotong",
            items("audio", {}, files={"bahan.opus": encode.audio(0.5, "opus")[:900]}),
            (0, 1, 0),
            [("BERKAS_RUSAK:berkas", 1)],
        ),
        # tables
        cell("layanan_informasi", "angka-tidak-terbaca", "jumlah_permohonan", "banyak", "TIPE_SALAH:jumlah_permohonan"),
        cell("layanan_informasi", "angka-negatif", "jumlah_ditolak", "-1", "DI_BAWAH_BATAS:jumlah_ditolak"),
        cell("layanan_informasi", "angka-terlalu-besar", "rata_waktu_hari", "61", "DI_ATAS_BATAS:rata_waktu_hari"),
        cell("layanan_informasi", "angka-paling-besar", "rata_waktu_hari", "60"),
        cell(
            "layanan_informasi", "tidak-seimbang", "jumlah_dikabulkan", "10", "JUMLAH_TIDAK_SEIMBANG:jumlah_dikabulkan"
        ),
        cell("layanan_informasi", "seimbang", "jumlah_dikabulkan", "9"),
        cell("layanan_informasi", "periode-tahun", "periode", "2026", "POLA_SALAH:periode"),
        cell("layanan_informasi", "periode-nama-bulan", "periode", "Oktober 2026"),
        cell("layanan_informasi", "periode-tidak-terbaca", "periode", "bulan lalu", "TIPE_SALAH:periode"),
        cell("pantauan_media", "nada-asing", "nada", "BAGUS", "KODE_DI_LUAR_DAFTAR:nada"),
        Case(
            "layanan_informasi",
            "baris-jumlah",
            table("layanan_informasi", [*good, ["JUMLAH", "", "", "22", "18", "2", ""]]),
            (2, 0, 1),
            [("BARIS_JUMLAH:", 4)],
        ),
        Case(
            "layanan_informasi",
            "titik-koma",
            table("layanan_informasi", [[c.replace(".", ",") for c in r] for r in good], sep=";"),
            (2, 0, 0),
        ),
        Case(
            "layanan_informasi",
            "kolom-hilang",
            table("layanan_informasi", [r[:2] + r[3:] for r in good]),
            (0, 2, 0),
            [("KOLOM_TIDAK_ADA:saluran", None)],
        ),
        Case(
            "layanan_informasi",
            "kolom-lebih",
            table("layanan_informasi", [[*r, "x"] for r in [*good]]),
            (2, 0, 0),
            [("KOLOM_TIDAK_DIKENAL:x", None)],
        ),
        Case(
            "layanan_informasi",
            "berkas-tidak-ada",
            manifest("layanan_informasi", {"tabel": ["tabel.csv"]}, **package("layanan_informasi")),
            (0, 0, 0),
            [("BERKAS_TIDAK_ADA:", None)],
        ),
        Case(
            "layanan_informasi",
            "berkas-kosong",
            raw_table("layanan_informasi", {"tabel.csv": b""}),
            (0, 0, 0),
            [("BERKAS_KOSONG:", None)],
        ),
        Case(
            "pantauan_media",
            "buku-kerja",
            raw_table("pantauan_media", {"tabel.xlsx": workbook([["Rekap"], [], *ROWS["pantauan_media"]])}),
            (2, 0, 0),
        ),
        # daftar data, jadwal, package
        Case(
            "layanan_informasi",
            "tahun-di-luar-daftar",
            table("layanan_informasi", changed("layanan_informasi", "periode", "2019-12")),
            (1, 1, 0),
            [("DI_LUAR_DAFTAR_DATA:periode", 3)],
        ),
        Case(
            "layanan_informasi",
            "tahun-pertama-daftar",
            table("layanan_informasi", changed("layanan_informasi", "periode", "2020-01")),
            (2, 0, 0),
        ),
        Case(
            "layanan_informasi",
            "terlambat",
            table("layanan_informasi", changed("layanan_informasi", "periode", "2026-09")),
            (2, 0, 0),
            [("TERLAMBAT:periode", None)],
        ),
        back("tanpa-standar", {"standar": None}, "KIRIMAN_TANPA_STANDAR:standar"),
        back("tanpa-metadata", {"metadata": None}, "KIRIMAN_TANPA_METADATA:metadata"),
        Case(
            "layanan_informasi",
            "metadata-belum-di-sini",
            table("layanan_informasi", good, metadata="layanan_informasi/2031"),
            (2, 0, 0),
            [("METADATA_BELUM_DICOCOKKAN:metadata", None)],
        ),
        Case(
            "layanan_informasi", "metadata-di-manifes", table("layanan_informasi", good, metadata=bundle()), (2, 0, 0)
        ),
        Case("layanan_informasi", "metadata-di-berkas", with_metadata_files(bundle()), (2, 0, 0)),
        back(
            "metadata-wilayah",
            {"metadata": bundle(**area(23, "6404"))},
            f"METADATA_WILAYAH_TIDAK_COCOK:{AREA}/0/kode_kabupaten_kota",
        ),
        Case(
            "layanan_informasi",
            "metadata-wilayah-benar",
            table("layanan_informasi", good, metadata=bundle(**area(64, "6404"))),
            (2, 0, 0),
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
        ),
        # envelopes
        whole(t, "manifes-bukan-json", {"manifest.json": b'{"versi": 1,'}, "MANIFES_TIDAK_TERBACA:"),
        whole(t, "manifes-daftar", {"manifest.json": b"[]"}, "MANIFES_TIDAK_SAH:/"),
        whole(
            t,
            "manifes-tanpa-dataset",
            {"manifest.json": b'{"versi": 1, "satker": "JATENG", "isi": [{}]}'},
            "MANIFES_WAJIB:dataset",
            rows=1,
        ),
        whole(
            t, "manifes-kunci-asing", items(t, {}, memperbaki="2026-000001"), "MANIFES_KUNCI_ASING:/memperbaki", rows=1
        ),
        whole(
            t,
            "manifes-dataset-asing",
            items(t, {}) | manifest("tekss", {"isi": [{}]}),
            "DATASET_TIDAK_DIKENAL:dataset",
            rows=1,
        ),
        whole(t, "manifes-standar-lama", items(t, {}, standar="teks@9"), "STANDAR_TIDAK_BERLAKU:standar", rows=1),
        whole(t, "manifes-satker-asing", items(t, {}, satker="ATLANTIS"), "SATKER_TIDAK_DIKENAL:satker", rows=1),
        whole(
            t,
            "manifes-terlalu-besar",
            {"manifest.json": b'{"x":"' + b" " * 8_400_000 + b'"}'},
            "MANIFES_TERLALU_BESAR:",
        ),
        Case(t, "butir-bukan-objek", manifest(t, {"isi": ["halo", GOOD[t]]}), (1, 1, 0), [("BUTIR_BUKAN_OBJEK:", 1)]),
        *personal(),
    ]


HEAVY = {("teks", "manifes-terlalu-besar")}
"""Cases made when the tests run instead of being kept: megabytes of blanks do not belong into a repository."""


def write(case: Case, folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, data in case.files.items():
        (folder / name).write_bytes(data)
    expected = {
        "baris": dict(zip(("diterima", "dikembalikan", "dilewati"), case.counts, strict=True)),
        "temuan": sorted([list(f) for f in case.findings], key=repr),
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def main() -> None:
    for name in {case.dataset for case in cases()}:
        shutil.rmtree(HERE / name, ignore_errors=True)
    for case in cases():
        if (case.dataset, case.name) not in HEAVY:
            write(case, HERE / case.dataset / case.name)


if __name__ == "__main__":
    main()
