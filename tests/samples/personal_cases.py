"""Personal data: each kind in a text that has it and in one that only looks so; then other places it may be in."""

from tests.samples.make import Case, changed, items, media, one, picture, table


def told(name: str, words: str, *rules: str) -> Case:
    """A text that says these words, and the rules that then hold it from the public; all numbers are invented.

    Without rules it is near the one its name begins with.
    """
    text = f"Polres menyampaikan hal berikut kepada masyarakat luas. {words} Demikian keterangan petugas."
    found = [f"DATA_PRIBADI_{rule}:isi" for rule in rules]
    near = () if rules else (f"DATA_PRIBADI_{name.partition('-')[0].upper()}",)
    return one("teks", f"pribadi-{name}", {"isi": text}, *found, near=near)


NIK = "3302012304950001"


def cases() -> list[Case]:
    named = f"ktp_{NIK}.jpg"
    return [
        told("nik", f"Pelamar dengan NIK {NIK} dinyatakan lulus.", "NIK"),
        told("nik-tanggal-tidak-ada", "Nomor seri barang adalah 3302013202950001."),
        told("kk", "Nomor KK 3302010101150003 sudah diperbarui.", "KK"),
        told("kk-dan-nik", f"Nomor KK 3302010101150003 atas NIK {NIK} sudah diperbarui.", "KK", "NIK"),
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
        Case(
            "layanan_informasi",
            "pribadi-angka",
            table("layanan_informasi", changed("layanan_informasi", "jumlah_permohonan", NIK)),
            (1, 1, 0),
            [("DI_ATAS_BATAS:jumlah_permohonan", 3), ("DATA_PRIBADI_NIK:jumlah_permohonan", 3)],
        ),
    ]
