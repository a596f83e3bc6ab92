"""Every kind of file an office may send, made by real encoders: mislabelled, oversized, located, turned, described."""

import io
import struct
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image, ImageCms

from tests.media_files import docx, heic, pdf, signed
from tests.test_media import ALUN_ALUN_KUDUS, EXIF, GOOD, facts
from transforms.media.encode import _with_iim, audio, photo, video
from transforms.media.picture import dhash
from transforms.media.rendition import Rights, render

CREDIT = "Sihumas Polres Kudus"
CAPTION = "Kapolres meninjau pos pengamanan mudik – “arus lancar”, ujar petugas"
WHERE = "-06.8048+110.8405/"
TAGS = {"artist": CREDIT, "comment": CAPTION}
PICTURES = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC")
SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def picture(fmt: Any, **more: Any) -> bytes:
    if fmt != "HEIC":
        return photo(160, 120, text="Kudus", fmt=fmt, **more)
    xmp = more.pop("xmp", None)
    return heic(photo(160, 120, text="Kudus", **more), xmp=xmp)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The facts of every sample below, found in one go."""
    files: dict[str, bytes] = {}
    for fmt in PICTURES:
        files[f"{fmt} gps"] = picture(fmt, exif=EXIF, gps=ALUN_ALUN_KUDUS)
        files[f"{fmt} putar"] = picture(fmt, orientation=6)
        files[f"{fmt} indonesia"] = picture(fmt, xmp={"kredit": CREDIT, "keterangan": CAPTION, "kota": "Kudus"})
    for fmt in ("mp4", "mov", "webm", "avi"):
        files[f"{fmt} indonesia"] = video(0.5, 160, 90, text="Kudus", fmt=fmt, tags=TAGS)
        if fmt != "avi":  # RIFF INFO has no place for a position
            files[f"{fmt} gps"] = video(0.5, 160, 90, text="Kudus", fmt=fmt, tags={"location": WHERE})
    for fmt in ("mp4", "mov"):  # the others carry no turn
        files[f"{fmt} putar"] = video(0.5, 160, 90, text="Kudus", fmt=fmt, rotation=-90)
    for codec in ("mp3", "opus", "wav", "flac", "aac"):
        files[f"{codec} indonesia"] = audio(0.5, codec, tags=TAGS)
    for codec in ("opus", "flac", "mp3", "aac"):
        files[f"{codec} gps"] = audio(0.5, codec, tags={"location": WHERE})
    files |= {f"{name} besar": data for name, data in oversized().items()}
    files |= {f"{name} mengaku": data for name, (data, _) in boasting().items()}
    files |= {f"{name} salah nama.{other}": data for name, other, data in mislabelled()}
    return facts(tmp_path_factory.mktemp("ragam"), files)


@cache
def mislabelled() -> list[tuple[str, str, bytes]]:
    """Each kind under the next one's name."""
    names = list(GOOD)
    return [(name, names[at - 1], GOOD[name][0]()) for at, name in enumerate(names)]


def oversized() -> dict[str, bytes]:
    """Real pictures whose headers were changed to claim more than 200 million pixels."""
    jpeg, webp, tiff = (photo(320, 240, text="x", fmt=fmt) for fmt in ("JPEG", "WEBP", "TIFF"))
    sof = jpeg.index(b"\xff\xc0") + 5
    frame = webp.index(b"\x9d\x01\x2a") + 3
    claimed = {
        "JPEG": jpeg[:sof] + struct.pack(">HH", 60_000, 60_000) + jpeg[sof + 4 :],
        "WEBP": webp[:frame] + struct.pack("<HH", 16_383, 16_383) + webp[frame + 4 :],
        "TIFF": tiff.replace(struct.pack("<HHII", 256, 4, 1, 320), struct.pack("<HHII", 256, 4, 1, 60_000))
        .replace(struct.pack("<HHIHH", 256, 3, 1, 320, 0), struct.pack("<HHIHH", 256, 3, 1, 60_000, 0))
        .replace(struct.pack("<HHIHH", 257, 3, 1, 240, 0), struct.pack("<HHIHH", 257, 3, 1, 60_000, 0)),
    }
    for name, data in (("AVIF", photo(320, 240, text="x", fmt="AVIF")), ("HEIC", picture("HEIC"))):
        at = data.index(b"ispe") + 8
        claimed[name] = data[:at] + struct.pack(">II", 60_000, 60_000) + data[at + 8 :]
    return claimed


@cache
def boasting() -> dict[str, tuple[bytes, str | None]]:
    """Real films, sounds and documents that claim to be far larger than they are, each with what is found in it."""
    films = {fmt: video(0.5, 160, 90, text="x", fmt=fmt) for fmt in ("mp4", "webm", "avi")}
    moving = {fmt: encoded(fmt, "mjpeg", None, pixels="yuvj420p") for fmt in ("mov", "avi")}
    huge = struct.pack(">HH", *HUGE)
    frames = {fmt: data.replace(struct.pack(">HH", 144, 176), huge) for fmt, data in moving.items()}
    wav, flac, mp3, m4a, opus = tone(0.5, 1, 0.1), *(audio(0.5, codec) for codec in ("flac", "mp3", "aac", "opus"))
    much, broken = "BERKAS_TERLALU_BESAR", "BERKAS_RUSAK"
    return {
        "mov, kepala dan bingkai": (put(frames["mov"], b"jpeg", 28, huge), much),
        "avi, kepala dan bingkai": (put(frames["avi"], b"strf", 12, struct.pack("<ii", *HUGE)), much),
        "webm, bingkai": (put(films["webm"], b"\x9d\x01\x2a", 3, struct.pack("<HH", *HUGE)), much),
        "mov, bingkai": (frames["mov"], broken),
        "mp4, kepala": (put(films["mp4"], b"avc1", 28, huge, after=b"stsd"), None),
        "avi, kepala": (put(films["avi"], b"strf", 12, struct.pack("<ii", *HUGE)), None),
        "wav": (put(put(wav, b"data", 4, b"\xf0\xff\xff\xff"), b"RIFF", 4, b"\xf8\xff\xff\xff"), broken),
        "flac": (put(flac, b"fLaC", 22, b"\xff" * 4), broken),
        "mp3": (put(mp3, b"Info", 8, struct.pack(">I", 1 << 30)), broken),
        "m4a": (put(m4a, b"stsz", 12, struct.pack(">I", 1 << 30)), broken),
        "opus": (put(opus, b"OggS", 6, struct.pack("<q", 1 << 40), last=True), broken),
        "pdf, halaman": (pdf("Rilis").replace(b"/Count 1", b"/Count 2147483647"), None),
        "pdf, isi": (swollen(pdf("Rilis")), much),
    }


HUGE = (15_000, 15_000)
"""225 million pixels: FFmpeg would still decode them."""


def put(data: bytes, mark: bytes, offset: int, value: bytes, *, after: bytes = b"", last: bool = False) -> bytes:
    """The file with `value` so many bytes behind where `mark` begins."""
    at = (data.rindex(mark) if last else data.index(mark, data.index(after))) + offset
    return data[:at] + value + data[at + len(value) :]


def swollen(document: bytes) -> bytes:
    """The PDF with a page that unpacks to 100 MiB."""
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, NameObject

    writer = PdfWriter(clone_from=io.BytesIO(document))
    content = DecodedStreamObject()
    content.set_data(b"BT /F1 12 Tf (Rilis) Tj ET" + b" " * (100 << 20))
    writer.pages[0][NameObject("/Contents")] = writer._add_object(content.flate_encode())
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_file_that_claims_too_much_is_refused_or_read_as_it_is(rows):
    found = {name: rows[f"{name} mengaku"] for name in boasting()}
    assert {name: row["galat"] for name, row in found.items()} == {name: said for name, (_, said) in boasting().items()}
    assert {found[f"{fmt}, kepala"]["lebar_px"] for fmt in ("mp4", "avi")} == {160}, "as the frames are"
    assert (found["pdf, halaman"]["halaman"], found["pdf, halaman"]["teks"]) == (1, "Rilis")


def test_a_wrong_name_changes_nothing(rows):
    for name, other, data in mislabelled():
        row = rows[f"{name} salah nama.{other}"]
        kind, exact = GOOD[name][1:]
        assert (row["tipe_media"], row["galat"], row["ukuran_byte"]) == (kind, None, len(data)), name
        assert {column: row[column] for column in exact} == exact, name


def test_a_header_that_claims_too_much_is_refused(rows):
    """PNG: see test_media. The readers of WebP and AVIF compare header and picture themselves."""
    said = {name: row["galat"] for name, row in rows.items() if name.endswith(" besar")}
    much = {f"{fmt} besar": "BERKAS_TERLALU_BESAR" for fmt in ("JPEG", "TIFF", "HEIC")}
    assert said == much | dict.fromkeys(("WEBP besar", "AVIF besar"), "BERKAS_RUSAK")


def test_positions_are_seen_in_every_container_that_can_carry_one(rows):
    seen = {name: row["ada_gps"] for name, row in rows.items() if name.endswith(" gps")}
    assert len(seen) == 13
    assert all(seen.values()), seen
    assert all("6.80" not in str(row) for row in rows.values())
    others = [row["ada_gps"] for name, row in rows.items() if name.endswith("indonesia")]
    assert not any(others)


def test_turned_pictures_are_measured_as_seen(rows):
    turned = {name: (row["lebar_px"], row["tinggi_px"]) for name, row in rows.items() if name.endswith(" putar")}
    stills = {f"{fmt} putar": (160, 120) for fmt in PICTURES}
    assert turned == stills | {f"{fmt} putar": (90, 160) for fmt in ("mp4", "mov")}
    assert {row["orientasi"] for name, row in rows.items() if name.endswith(" putar")} == {6}


def test_indonesian_metadata_are_read_letter_by_letter(rows):
    said = {n: (r["kredit_tertanam"], r["keterangan_tertanam"]) for n, r in rows.items() if n.endswith("indonesia")}
    assert len(said) == len(PICTURES) + 9
    assert said == dict.fromkeys(said, (CREDIT, CAPTION))
    assert all('"kota": ["Kudus"]' in rows[f"{fmt} indonesia"]["metadata_tertanam"] for fmt in PICTURES)


def test_loudness_is_that_of_r128(tmp_path):
    """EBU Tech 3341, case 1: a stereo sine of 1,000 Hz at -23 dBFS is -23 LUFS; in one channel alone 3 LU less."""
    silent, short = tone(2, 2, 0.0), tone(0.2, 2, 0.07)
    files = {
        "dua": tone(20, 2, 10 ** (-23 / 20)),
        "satu": tone(20, 1, 10 ** (-23 / 20)),
        "diam": silent,
        "pendek": short,
    }
    heard = {name: row["kenyaringan_lufs"] for name, row in facts(tmp_path, files).items()}
    assert heard == {"dua": pytest.approx(-23.0, abs=0.1), "satu": pytest.approx(-26.0, abs=0.1)} | dict.fromkeys(
        ("diam", "pendek")
    )


def tone(seconds: float, channels: int, peak: float) -> bytes:
    """A WAV of a sine of 1,000 Hz, 16 bit, 48 kHz, written by the standard library."""
    import math
    import wave

    period = [round(32_767 * peak * math.sin(2 * math.pi * at / 48)) for at in range(48)]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((channels, 2, 48_000, 0, "NONE", ""))
        one = b"".join(struct.pack("<h", value) * channels for value in period)
        file.writeframes(one * round(seconds * 1000))
    return out.getvalue()


def test_colours_are_named(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = {}
    for name, mode, options in (("rgb", "RGB", {"icc_profile": profile}), ("abu", "L", {}), ("cetak", "CMYK", {})):
        out = io.BytesIO()
        Image.new(mode, (64, 48)).save(out, "JPEG", **options)
        made[name] = out.getvalue()
    files = made | {"rusak": made["rgb"].replace(b"acsp", b"xxxx"), "v": video(0.5, 160, 90, text="x")}
    assert {name: row["warna"] for name, row in facts(tmp_path, files).items()} == {
        "rgb": "RGB, sRGB built-in",
        "abu": "L",
        "cetak": "CMYK",
        "rusak": "RGB, profil rusak",
        "v": "yuv420p",
    }


@pytest.mark.parametrize(("kind", "fmt"), [("image/jpeg", "JPEG"), ("image/png", "PNG"), ("video/mp4", "mp4")])
def test_a_signed_origin_is_believed_only_while_it_fits(tmp_path, kind, fmt):
    bare = video(0.5, 160, 90, text="x") if fmt == "mp4" else picture(fmt, exif={"Make": "Canon"})
    camera = {"action": "c2pa.created", "digitalSourceType": f"{SOURCES}digitalCapture"}
    made = {"action": "c2pa.created", "digitalSourceType": f"{SOURCES}trainedAlgorithmicMedia"}
    files = {
        "polos": bare,
        "kamera": signed(bare, kind, camera),
        "sunting": signed(bare, kind, camera, {"action": "c2pa.cropped"}),
        "ai": signed(bare, kind, made),
    }
    changed = bytearray(files["ai"])
    if fmt == "JPEG":
        changed[changed.rindex(b"\xff\xda") + 700] ^= 1
    if fmt == "mp4":
        changed[changed.index(b"tkhd") + 9] ^= 1  # when the track was made
    if fmt != "PNG":  # whose own checksums tell
        files["diubah"] = bytes(changed)
    rows = facts(tmp_path, files)
    found = {name: (row["c2pa"], row["asal_digital"]) for name, row in rows.items()}
    claimed = "TIDAK_DIKETAHUI" if fmt == "mp4" else "KAMERA"
    wanted = {
        "polos": (None, claimed),
        "kamera": ("SAH", "KAMERA"),
        "sunting": ("SAH", "SUNTINGAN"),
        "ai": ("SAH", "AI"),
    }
    assert found == wanted | ({"diubah": ("TIDAK_SAH", claimed)} if fmt != "PNG" else {})
    assert rows["ai"]["c2pa_penanda"] == "Humas contoh, Kamera uji"


def test_a_film_that_names_its_camera_says_it_is_of_a_camera(tmp_path):
    files = {
        "telepon": video(0.5, 160, 90, text="x", fmt="mov", tags={"make": "Apple"}),
        "polos": video(0.5, 160, 90, text="x", fmt="mov"),
        "suara": audio(0.5, "mp3"),
    }
    said = {name: row["asal_digital"] for name, row in facts(tmp_path, files).items()}
    assert said == {"telepon": "KAMERA", "polos": "TIDAK_DIKETAHUI", "suara": "TIDAK_DIKETAHUI"}


LETTERS: dict[str, dict[str, Any]] = {
    "EXIF": {"exif": {"ImageDescription": CAPTION, "Artist": CREDIT, "Copyright": "© Polri"}},
    "EXIF dan XMP": {
        "exif": {"ImageDescription": CAPTION, "Artist": "Sihumas Polrés"},
        "xmp": {"keterangan": CAPTION, "pembuat": "Sihumas Polrés"},
    },
    "IIM": {"iptc": {"keterangan": CAPTION, "kredit": CREDIT}},
    "EXIF dan IIM": {"exif": {"ImageDescription": CAPTION, "Artist": CREDIT}, "iptc": {"keterangan": CAPTION}},
}


def test_letters_outside_ascii_are_read_as_they_were_written_and_are_no_conflict(tmp_path):
    made = {name: photo(160, 120, text="Kudus", **blocks) for name, blocks in LETTERS.items()}
    old = CAPTION.encode("cp1252")
    made["IIM 1252"] = with_iim(photo(160, 120, text="Kudus"), {120: old, 110: CREDIT.encode("cp1252")})
    made["IIM 1252 dan XMP"] = with_iim(photo(160, 120, text="Kudus", xmp={"keterangan": CAPTION}), {120: old})
    exif = photo(160, 120, text="Kudus", exif={"ImageDescription": "x" * len(old)})
    made["EXIF 1252"] = exif.replace(b"x" * len(old), old)
    rows = facts(tmp_path, made)
    assert {row["keterangan_tertanam"] for row in rows.values()} == {CAPTION}
    assert {name: row["metadata_bentrok"] for name, row in rows.items() if row["metadata_bentrok"]} == {}
    assert rows["EXIF"]["kredit_tertanam"] == CREDIT
    assert "© Polri" in rows["EXIF"]["metadata_tertanam"] and "Polrés" in rows["EXIF dan XMP"]["kredit_tertanam"]


def with_iim(jpeg: bytes, values: dict[int, bytes]) -> bytes:
    """The picture with an IIM block that does not say in which letters it is written, as old programs leave them."""
    block = b"".join(
        bytes((0x1C, 2, number)) + len(value).to_bytes(2, "big") + value for number, value in values.items()
    )
    return _with_iim(jpeg, block)


def test_documents_give_their_text_and_no_more_than_is_kept(tmp_path):
    long = "kata " * 30_000
    swollen = io.BytesIO()
    with zipfile.ZipFile(swollen, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"<a>" + b" " * (64 << 20) + b"</a>")
    files = {
        "panjang.docx": docx(long),
        "bom.docx": swollen.getvalue(),
        "entitas.docx": docx("x", before='<!DOCTYPE x [<!ENTITY a "b">]>'),
        "terkunci.pdf": pdf("Rilis", password="rahasia"),
        "pindaian.pdf": pdf(""),
        "banyak.pdf": pdf(*[f"Halaman {n}" for n in range(30)]),
    }
    rows = facts(tmp_path, files, megabytes=512)
    assert {name: row["galat"] for name, row in rows.items() if row["galat"]} == {
        "entitas.docx": "BERKAS_RUSAK",
        "terkunci.pdf": "TIPE_TIDAK_DIDUKUNG",
    }
    assert rows["panjang.docx"]["teks"] == long[:80_000].strip()
    assert (rows["bom.docx"]["teks"], rows["pindaian.pdf"]["teks"]) == (None, None)
    assert rows["banyak.pdf"]["halaman"] == 30
    assert rows["banyak.pdf"]["teks"].endswith("Halaman 28\nHalaman 29")


def test_a_document_keeps_its_words_apart_at_tabs_and_tab_stops_are_none(tmp_path):
    stops = '<w:pPr><w:tabs><w:tab w:val="left" w:pos="720"/><w:tab w:val="right" w:pos="2880"/></w:tabs></w:pPr>'
    second = f"</w:t></w:r></w:p><w:p>{stops}<w:r><w:t>kiri</w:t><w:tab/><w:tab/><w:t>kanan"
    (row,) = facts(tmp_path, {"rilis.docx": docx(f"nomor</w:t></w:r><w:r><w:tab/><w:t>judul{second}")}).values()
    assert row["teks"] == "nomor\tjudul\nkiri\t\tkanan"


def test_documents_are_read_as_word_on_the_web_and_strict_ones_write_them(tmp_path):
    once = "<mc:Choice><w:txbxContent><w:p><w:r><w:t>Kotak</w:t></w:r></w:p></w:txbxContent></mc:Choice>"
    again = once.replace("Choice", "Fallback")
    markup = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    box = f'<mc:AlternateContent xmlns:mc="{markup}">{once}{again}</mc:AlternateContent>'
    files = {
        "kotak.docx": docx(f"Sebelum</w:t>{box}<w:t> sesudah"),
        "baris.docx": docx('Baris</w:t><w:br w:type="page"/><w:t>kedua'),
        "web.docx": docx("Dari web", part="word/document22.xml"),
        "ketat.docx": docx("Ketat", namespace="http://purl.oclc.org/ooxml/wordprocessingml/main"),
    }
    rows = facts(tmp_path, files)
    assert {row["galat"] for row in rows.values()} == {None}
    assert {name: row["teks"] for name, row in rows.items()} == {
        "kotak.docx": "SebelumKotak\nsesudah",
        "baris.docx": "Baris\nkedua",
        "web.docx": "Dari web",
        "ketat.docx": "Ketat",
    }


def test_a_turned_original_of_every_kind_becomes_an_upright_copy(tmp_path: Path):
    made = {fmt: picture(fmt, orientation=6) for fmt in PICTURES}
    made |= {fmt: video(0.5, 160, 90, text="Kudus", fmt=fmt, rotation=-90) for fmt in ("mp4", "mov")}
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    rows = render([tmp_path / name for name in made], [Rights(CREDIT)] * len(made)).to_pylist()
    sizes = {(list(made)[row["berkas"]], row["peran"]): (row["lebar_px"], row["tinggi_px"]) for row in rows}
    stills = {(fmt, role): (160, 120) for fmt in PICTURES for role in ("web", "kecil")}
    assert sizes == stills | {(fmt, role): (90, 160) for fmt in ("mp4", "mov") for role in ("poster", "pratinjau")}
    webs = [dhash(Image.open(io.BytesIO(row["isi"]))) for row in rows if row["peran"] == "web"]
    seen = dhash(Image.open(io.BytesIO(picture("JPEG"))))
    assert all(((web ^ seen) & (1 << 64) - 1).bit_count() < 10 for web in webs), (
        "another picture has some 30 bits other"
    )


def encoded(
    container: str, picture_codec: str, sound_codec: str | None, rate: int = 48_000, *, pixels: str = "yuv420p"
) -> bytes:
    """Half a second of a grey ramp, and of silence, as phones, drones and browsers encode them."""
    import numpy as np

    out = io.BytesIO()
    with av.open(out, "w", format=container) as copy:
        film = copy.add_stream(picture_codec, rate=25)
        sound = copy.add_stream(sound_codec, rate=rate, layout="mono") if sound_codec else None
        assert isinstance(film, av.VideoStream)
        film.width, film.height, film.pix_fmt = 176, 144, pixels  # H.263 knows five sizes
        for number in range(12):
            ramp = np.add.outer(np.arange(144), np.arange(176) + number).astype(np.uint8)
            copy.mux(film.encode(av.VideoFrame.from_ndarray(ramp, format="gray").reformat(format=pixels)))
        copy.mux(film.encode(None))
        if isinstance(sound, av.AudioStream):
            for at in range(0, rate // 2, 1024):
                frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
                frame.sample_rate, frame.pts = rate, at
                copy.mux(sound.encode(frame))
            copy.mux(sound.encode(None))
    return out.getvalue()


def test_what_phones_and_browsers_encode_is_decoded_and_copied(tmp_path):
    files = {
        "hevc.mp4": (encoded("mp4", "libx265", "aac"), "video/mp4", "hevc"),
        "hevc.mov": (encoded("mov", "libx265", None), "video/quicktime", "hevc"),
        "vp9.webm": (encoded("webm", "libvpx-vp9", "libopus"), "video/webm", "vp9"),
        "av1.mp4": (encoded("mp4", "libsvtav1", "aac"), "video/mp4", "av1"),
        "h264.mkv": (encoded("matroska", "libx264", "libopus"), "video/x-matroska", "h264"),
        "h263.3gp": (encoded("3gp", "h263", "libopencore_amrnb", 8_000), "video/3gpp", "h263"),
    }
    rows = facts(tmp_path, {name: data for name, (data, _, _) in files.items()})
    found = {name: (row["galat"], row["tipe_media"], row["kodek"], row["lebar_px"]) for name, row in rows.items()}
    assert found == {name: (None, kind, codec, 176) for name, (_, kind, codec) in files.items()}
    copies = render([tmp_path / name for name in files], [Rights(CREDIT)] * len(files)).to_pylist()
    assert [(row["galat"], row["peran"]) for row in copies] == [(None, "poster"), (None, "pratinjau")] * len(files)
    cut = facts(tmp_path, {f"potong {name}": data[: len(data) * 6 // 10] for name, (data, _, _) in files.items()})
    assert {row["galat"] for row in cut.values()} == {"BERKAS_RUSAK"}


def test_texts_of_offices_are_read_letter_by_letter(tmp_path):
    said = "Kapolrés: “arus lancar” – pukul 07.40"
    rows = facts(tmp_path, {"rilis.docx": docx(said, "Baris kedua"), "rilis.pdf": pdf(f"{said}\nBaris kedua")})
    assert {row["teks"] for row in rows.values()} == {f"{said}\nBaris kedua"}


def test_a_phones_picture_becomes_an_upright_copy(tmp_path: Path):
    (tmp_path / "telepon").write_bytes(picture("HEIC", exif=EXIF, gps=ALUN_ALUN_KUDUS, orientation=6))
    web, small = render([tmp_path / "telepon"], [Rights(CREDIT)]).to_pylist()
    assert (web["galat"], web["lebar_px"], web["tinggi_px"]) == (None, 160, 120)
    assert (small["tipe_media"], b"Canon" in web["isi"]) == ("image/webp", False)
