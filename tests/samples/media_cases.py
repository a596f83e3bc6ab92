"""Media: what is in their files, and how a manifest refers to them."""

import hashlib

from tests.samples.make import Case, encode, items, located, media, one, picture


def cases() -> list[Case]:
    f, photo = "foto", media("foto")["bahan.jpg"]
    sound = {"nama": "bahan.jpg", "ukuran_byte": len(photo), "sha256": hashlib.sha256(photo).hexdigest()}
    page = b"<!doctype html><p>404</p>" * 9
    audio = encode.audio(0.5, "opus")
    return [
        one(f, "tanpa-teks-alternatif", {"teks_alternatif": None}, "WAJIB_DIISI:teks_alternatif"),
        one(f, "waktu-tanpa-zona", {"direkam_pada": "2026-11-20 07.40"}),
        one(f, "direkam-besok", {"direkam_pada": "2026-11-24T10:00:01+07:00"}, "SESUDAH_DITERIMA:direkam_pada"),
        one(f, "direkam-saat-diterima", {"direkam_pada": "2026-11-24T10:00:00+07:00"}, near=("SESUDAH_DITERIMA",)),
        Case(
            f,
            "berkas-tidak-ada",
            items(f, {"berkas": "lain.jpg"}, files={}),
            (0, 1, 0),
            [("BERKAS_TIDAK_ADA:berkas", 1)],
        ),
        Case(
            f,
            "berkas-di-subfolder",
            items(f, {"berkas": "hari ini/bahan..1.jpg"}, files={"hari ini/bahan..1.jpg": photo}),
            (1, 0, 0),
            near=("BERKAS_TIDAK_ADA", "JALUR_BERKAS"),
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
            items(f, {}, files={"bahan.jpg": photo[:1500]}),
            (0, 1, 0),
            [("BERKAS_RUSAK:berkas", 1)],
        ),
        Case(
            f,
            "berkas-berekor",
            items(f, {}, files={"bahan.jpg": photo + b"catatan kamera"}),
            (1, 0, 0),
            near=("BERKAS_RUSAK",),
        ),
        Case(f, "berkas-html", items(f, {}, files={"bahan.jpg": page}), (0, 1, 0), [("TIPE_TIDAK_DIDUKUNG:berkas", 1)]),
        Case(
            f,
            "berkas-audio",
            items(f, {}, files={"bahan.jpg": audio}),
            (0, 1, 0),
            [("TIPE_TIDAK_COCOK:berkas", 1)],
        ),
        Case(
            f,
            "berkas-png",
            items(f, {}, files={"bahan.jpg": encode.photo(40, 30, fmt="PNG", text="c")}),
            (1, 0, 0),
            [("NAMA_TIDAK_COCOK:berkas", 1)],
            near=("TIPE_TIDAK_DIDUKUNG", "TIPE_TIDAK_COCOK"),
        ),
        Case(
            f,
            "nama-huruf-besar",
            items(f, {"berkas": "DSC_0001.JPEG"}, files={"DSC_0001.JPEG": photo}),
            (1, 0, 0),
            near=("NAMA_TIDAK_COCOK",),
        ),
        Case(
            f,
            "nama-tanpa-akhiran",
            items(f, {"berkas": "bahan"}, files={"bahan": photo}),
            (1, 0, 0),
            near=("NAMA_TIDAK_COCOK",),
        ),
        Case(
            "video",
            "nama-mov",
            items("video", {}, files={"bahan.mp4": encode.video(0.5, 96, 64, 8, text="c", fmt="mov")}),
            (1, 0, 0),
            [("NAMA_TIDAK_COCOK:berkas", 1)],
        ),
        Case(
            "audio",
            "kredit-lain",
            items("audio", {}, files={"bahan.opus": encode.audio(0.5, "opus", tags={"artist": "Humas lain"})}),
            (1, 0, 0),
            [("KREDIT_BEDA_DENGAN_BERKAS:kredit", 1)],
        ),
        Case(
            f,
            "berkas-berubah",
            items(f, {}, berkas=[{"nama": "bahan.jpg", "ukuran_byte": 1}]),
            (0, 1, 0),
            [("BERKAS_BERUBAH:berkas", 1)],
        ),
        Case(f, "berkas-tidak-berubah", items(f, {}, berkas=[sound]), (1, 0, 0), near=("BERKAS_BERUBAH",)),
        Case(
            f,
            "berkas-tidak-dipakai",
            items(f, {}, files=media(f) | {"tambahan.txt": b"x"}),
            (1, 0, 0),
            [("BERKAS_TIDAK_DIPAKAI:", None)],
        ),
        Case(
            f,
            "media-sama",
            items(f, {}, {"judul": "Foto yang sama"}),
            (2, 0, 0),
            [("MEDIA_SUDAH_ADA:berkas", 2)],
            near=("BERKAS_TIDAK_DIPAKAI",),
        ),
        Case(
            f,
            "media-mirip",
            items(f, {}, {"berkas": "lain.jpg"}, files={"bahan.jpg": photo, "lain.jpg": photo + b"\0"}),
            (2, 0, 0),
            [("MEDIA_MIRIP:berkas", 2)],
            near=("MEDIA_SUDAH_ADA",),
        ),
        Case(f, "gps", items(f, {}, files=located()), (1, 0, 0), [("GPS_TERTANAM:berkas", 1)]),
        Case(
            f,
            "exif-tanpa-gps",
            items(f, {}, files={"bahan.jpg": picture(exif={"Make": "Contoh GPS"})}),
            (1, 0, 0),
            near=("GPS_TERTANAM",),
        ),
        Case(
            "video",
            "html",
            items("video", {}, files={"bahan.mp4": page}),
            (0, 1, 0),
            [("TIPE_TIDAK_DIDUKUNG:berkas", 1)],
        ),
        Case(
            "audio",
            "terpotong",
            items("audio", {}, files={"bahan.opus": audio[:900]}),
            (0, 1, 0),
            [("BERKAS_RUSAK:berkas", 1)],
        ),
    ]
