"""Media whose file and row disagree, that look like others, and what offices say of rights and people."""

import io

from PIL import Image

from tests.media_files import signed
from tests.samples.make import Case, Files, encode, items, one, picture
from transforms.media import iptc

F = "foto"
SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
CONSENT = {"orang_terlihat": "DIKENALI", "persetujuan": "ADA", "nomor_persetujuan": "BMS/P/2026/7"}
CHILD = {**CONSENT, "anak_terlihat": "ya", "nomor_persetujuan_wali": "BMS/W/2026/2"}
OUTSIDE = "DAERAH_KABUR_DI_LUAR:daerah_kabur"


def said(name: str, data: bytes, change: dict[str, object], *findings: str, near: tuple[str, ...] = ()) -> Case:
    """An item about this file, whose finding never returns it."""
    files: Files = {"bahan.jpg": data}
    return Case(F, name, items(F, change, files=files), (1, 0, 0), [(f, 1) for f in findings], near)


def shrunk(data: bytes) -> bytes:
    """The picture at three quarters of its size, encoded again."""
    out = io.BytesIO()
    Image.open(io.BytesIO(data)).resize((360, 240)).save(out, "JPEG", quality=70)
    return out.getvalue()


def as_old_programs_write(jpeg: bytes, values: dict[str, str]) -> bytes:
    """The picture with an IIM block in Windows-1252 that does not say so."""
    block = b""
    for name, value in values.items():
        number, text = iptc.PROPERTIES[name].iim, value.encode("cp1252")
        assert number is not None
        block += bytes((0x1C, 2, number)) + len(text).to_bytes(2, "big") + text
    return encode._with_iim(jpeg, block)


def cases() -> list[Case]:
    shot = picture(exif={"Make": "Contoh", "DateTimeOriginal": "2026:11:16 07:40:00"})
    at_night = picture(exif={"Make": "Contoh", "DateTimeOriginal": "2026:11:21 00:10:00"})
    credited = picture(exif={"Make": "Contoh"}, iptc={"kredit": "Humas lain"})
    at = {"exif": {"Make": "Contoh"}}
    made = picture(xmp={"sumber_digital": f"{SOURCES}trainedAlgorithmicMedia"})
    edited = picture(exif={"Make": "Contoh", "Software": "Adobe Photoshop 27"})
    torn = picture(exif={"Make": "Contoh", "Artist": "Humas A"}, xmp={"pembuat": "Humas B"})
    words = {"keterangan": "Pos pengamanan – “arus lancar”, ujar petugas", "kredit": "Humas contoh"}
    local = picture(exif={"ImageDescription": words["keterangan"]}, iptc=words, xmp=words)
    old = as_old_programs_write(picture(xmp=words), words)
    whole = encode.photo(480, 320, text="contoh", quality=90)
    kept = signed(picture(), "image/jpeg", {"action": "c2pa.created", "digitalSourceType": f"{SOURCES}digitalCapture"})
    changed = bytearray(kept)
    changed[changed.rindex(b"\xff\xda") + 400] ^= 1
    small = {"bahan.jpg": whole, "kecil.jpg": shrunk(whole)}
    other = {"bahan.jpg": whole, "lain.jpg": encode.photo(480, 320, text="gambar lain", quality=90)}
    retold = {"bahan.jpg": whole, "ulang.jpg": encode.photo(480, 320, text="contoh", quality=90, exif={"Make": "X"})}
    return [
        said("waktu-lain", shot, {}, "WAKTU_BEDA_DENGAN_BERKAS:direkam_pada"),
        said("waktu-jam-kamera", at_night, {}, near=("WAKTU_BEDA_DENGAN_BERKAS",)),
        said("kredit-lain", credited, {}, "KREDIT_BEDA_DENGAN_BERKAS:kredit"),
        said("kredit-termuat", credited, {"kredit": "humas lain, Polda"}, near=("KREDIT_BEDA_DENGAN_BERKAS",)),
        said("kota-lain", picture(**at, xmp={"kota": "Kudus"}), {}, "TEMPAT_BEDA_DENGAN_BERKAS:kode_wilayah"),
        said("kota-kecil", picture(**at, xmp={"kota": "Purwokerto"}), {}, near=("TEMPAT_BEDA_DENGAN_BERKAS",)),
        said("ai-tidak-dinyatakan", made, {}, "AI_TIDAK_DINYATAKAN:sumber_digital"),
        said("ai-dinyatakan", made, {"sumber_digital": "trainedAlgorithmicMedia"}, near=("AI_TIDAK_DINYATAKAN",)),
        said("suntingan", edited, {}, "SUNTINGAN_TIDAK_DINYATAKAN:sumber_digital"),
        said("suntingan-ringan", edited, {"sumber_digital": "minorHumanEdits"}, near=("SUNTINGAN_TIDAK_DINYATAKAN",)),
        said("c2pa-berubah", bytes(changed), {}, "C2PA_TIDAK_SAH:berkas"),
        said("c2pa-utuh", kept, {}, near=("C2PA_TIDAK_SAH",)),
        said("metadata-bentrok", torn, {}, "METADATA_BERKAS_BENTROK:berkas"),
        said("metadata-indonesia", local, {}, near=("METADATA_BERKAS_BENTROK", "KREDIT_BEDA_DENGAN_BERKAS")),
        said("metadata-1252", old, {}, near=("METADATA_BERKAS_BENTROK", "KREDIT_BEDA_DENGAN_BERKAS")),
        said("metadata-cocok", picture(xmp={"pembuat": "Humas B"}), {}, near=("METADATA_BERKAS_BENTROK",)),
        Case(
            F,
            "media-diperkecil",
            items(F, {}, {"berkas": "kecil.jpg"}, files=small),
            (2, 0, 0),
            [("MEDIA_MIRIP:berkas", 2)],
            near=("MEDIA_SUDAH_ADA",),
        ),
        Case(
            F,
            "media-metadata-lain",
            items(F, {}, {"berkas": "ulang.jpg"}, files=retold),
            (2, 0, 0),
            [("MEDIA_MIRIP:berkas", 2)],
        ),
        Case(F, "media-lain", items(F, {}, {"berkas": "lain.jpg"}, files=other), (2, 0, 0), near=("MEDIA_MIRIP",)),
        one(
            F,
            "masa-terbalik",
            {"dipakai_mulai": "2026-12-02", "dipakai_sampai": "2026-12-01"},
            "MASA_PAKAI_TERBALIK:dipakai_sampai",
        ),
        one(
            F,
            "masa-sehari",
            {"dipakai_mulai": "2026-12-01", "dipakai_sampai": "2026-12-01"},
            near=("MASA_PAKAI_TERBALIK",),
        ),
        one(F, "dikenali-tanpa-jawaban", {"orang_terlihat": "dikenali"}, "WAJIB_DIISI:persetujuan"),
        one(F, "persetujuan-ditarik", {**CONSENT, "persetujuan": "DITARIK"}, "PERSETUJUAN_KURANG:persetujuan"),
        one(F, "anak-tanpa-wali", {**CHILD, "nomor_persetujuan_wali": None}, "PERSETUJUAN_KURANG:persetujuan"),
        one(F, "anak-dengan-wali", CHILD, near=("PERSETUJUAN_KURANG",)),
        one(F, "persetujuan-tanpa-nomor", {**CONSENT, "nomor_persetujuan": None}, "WAJIB_DIISI:nomor_persetujuan"),
        one(F, "kabur-bukan-persegi", {"daerah_kabur": "10, 20, 15"}, "POLA_SALAH:daerah_kabur"),
        one(F, "kabur-dua-persegi", {"daerah_kabur": "10, 20, 15, 25; 60,20,15,25.5"}, near=("POLA_SALAH",)),
        one(F, "kabur-di-luar", {"daerah_kabur": "10, 20, 15, 25; 100, 20, 15, 25"}, OUTSIDE),
        one(F, "kabur-tanpa-tinggi", {"daerah_kabur": "10, 20, 15, 0.0"}, OUTSIDE),
        one(F, "kabur-sebagian-di-luar", {"daerah_kabur": "99.5, 90, 20, 20"}, near=("DAERAH_KABUR_DI_LUAR",)),
    ]
