import hashlib
import io
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from transforms.media.encode import audio, photo, video
from transforms.media.probe import probe
from transforms.media.rendition import RENDITIONS, Rights, render

RIGHTS = Rights("Humas Polres Kudus", "© 2026 Polri", "Bebas dipakai dengan menyebut kredit")
SERIAL, OWNER = "SN-0077-1234", "Budi Santoso"
PRIVATE = {
    "Make": "Canon",
    "Model": "EOS R6",
    "BodySerialNumber": SERIAL,
    "LensSerialNumber": SERIAL,
    "CameraOwnerName": OWNER,
    "Artist": OWNER,
    "DateTimeOriginal": "2026:11:20 09:15:00",
}
WHERE = {"location": "-06.8048+110.8405/", "com.apple.quicktime.location.ISO6709": "-06.8048+110.8405/"}
TRACES = re.compile(  # none shorter than five bytes: compressed data holds every short word sooner or later
    rb"SN-0077|Budi S|Santoso|Canon|EOS R6|2026.11.20|09:15:|Exif\0|GPSLa|6\.804|06\.80|110\.84|8BIM\x04|Photoshop 3"
    rb"|ICC_PROFILE|MakerNote|[Ll]ocation|creation_time"
)


def copies(directory: Path, *files: bytes, rights: Rights = RIGHTS, hidden: str | None = None) -> list[dict[str, Any]]:
    paths = [directory / f"asli-{number}" for number in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    table = render(paths, [rights] * len(files), [hidden] * len(files))
    assert table.schema == RENDITIONS
    return table.to_pylist()


def open_bytes(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def jpeg_segments(data: bytes) -> list[int]:
    """Markers of the segments before the scan, read by the standard, not by Pillow."""
    markers, at = [], 2
    while data[at + 1] != 0xDA:
        markers.append(data[at + 1])
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return markers


def riff_chunks(data: bytes) -> list[bytes]:
    chunks, at = [], 12
    while at < len(data):
        chunks.append(data[at : at + 4])
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little") + int.from_bytes(data[at + 4 : at + 8], "little") % 2
    return chunks


PICTURES = {fmt: {"fmt": fmt} for fmt in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")}


@pytest.mark.parametrize("fmt", PICTURES)
def test_nothing_private_is_left_in_a_picture(tmp_path, fmt):
    extra: dict[str, Any] = {"iptc": {"pembuat": OWNER}} if fmt == "JPEG" else {}
    original = photo(
        640, 480, text="x", exif=PRIVATE, gps=(-6.8048, 110.8405), xmp={"pembuat": OWNER}, fmt=fmt, **extra
    )
    if fmt == "JPEG":
        original = original[:2] + b"\xff\xfe\x00\x0e" + OWNER.encode() + original[2:]  # a comment segment
    assert TRACES.search(original)
    web, small = copies(tmp_path, original)
    assert (web["peran"], web["tipe_media"], small["peran"], small["tipe_media"]) == (
        *("web", "image/jpeg"),
        *("kecil", "image/webp"),
    )
    for copy in (web, small):
        assert not TRACES.search(copy["isi"]), TRACES.search(copy["isi"])
        assert b"Humas Polres Kudus" in copy["isi"]
        assert "© 2026 Polri".encode() in copy["isi"]
        assert copy["sha256"] == hashlib.sha256(copy["isi"]).hexdigest()
        assert copy["ukuran_byte"] == len(copy["isi"])
    segments = jpeg_segments(web["isi"])
    assert [marker for marker in segments if 0xE0 <= marker <= 0xEF or marker == 0xFE] == [0xE0, 0xE1]
    assert set(riff_chunks(small["isi"])) == {b"VP8X", b"VP8 ", b"XMP "}


def test_no_rights_no_metadata(tmp_path):
    web, small = copies(tmp_path, photo(640, 480, text="x", exif=PRIVATE), rights=Rights())
    assert 0xE1 not in jpeg_segments(web["isi"])
    assert riff_chunks(small["isi"]) == [b"VP8 "]


def test_copies_are_upright_and_never_enlarged(tmp_path):
    seen = photo(1700, 850, text="Putar")
    turned = [photo(1700, 850, text="Putar", orientation=number) for number in range(2, 9)]
    upright, _, *others = copies(tmp_path, seen, *turned, photo(300, 200, text="kecil"))
    webs = [row for row in others if row["peran"] == "web"]
    *webs, tiny = webs
    reference = open_bytes(upright["isi"]).resize((100, 50)).convert("L")
    assert (upright["lebar_px"], upright["tinggi_px"]) == (1600, 800)
    assert (tiny["lebar_px"], tiny["tinggi_px"]) == (300, 200)
    assert len(webs) == 7
    for web in webs:
        assert open_bytes(web["isi"]).size == (1600, 800)
        again = open_bytes(web["isi"]).resize((100, 50)).convert("L")
        difference = sum(abs(a - b) for a, b in zip(again.tobytes(), reference.tobytes(), strict=True)) / 5000
        assert difference < 3


def test_transparency_becomes_white_and_profiles_become_colours(tmp_path):
    from PIL import ImageCms

    clear = io.BytesIO()
    Image.new("RGBA", (100, 100), (255, 0, 0, 0)).save(clear, "PNG")
    swapped = io.BytesIO()  # Lab's a and b mean nothing to a reader that takes them for red and green
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    Image.new("RGB", (100, 100), (200, 100, 50)).save(swapped, "PNG", icc_profile=profile)
    web, _, other, _ = copies(tmp_path, clear.getvalue(), swapped.getvalue())
    assert min(open_bytes(web["isi"]).convert("RGB").getpixel((50, 50))) > 250  # type: ignore[type-var]
    assert b"ICC_PROFILE" not in other["isi"]


@pytest.mark.parametrize("fmt", ["mp4", "mov", "webm", "avi"])
def test_a_video_gives_a_poster_and_a_preview_without_traces(tmp_path, fmt):
    original = video(1, 800, 450, text="Patroli", fmt=fmt, tags=WHERE | {"artist": OWNER, "comment": SERIAL})
    poster, preview = copies(tmp_path, original)
    assert (poster["peran"], preview["peran"]) == ("poster", "pratinjau")
    assert open_bytes(poster["isi"]).size == (800, 450)
    for copy in (poster, preview):
        assert not TRACES.search(copy["isi"]), TRACES.search(copy["isi"])
        assert b"Humas Polres Kudus" in copy["isi"]
    path = tmp_path / "pratinjau"
    path.write_bytes(preview["isi"])
    (row,) = probe([path]).to_pylist()
    assert (row["galat"], row["lebar_px"], row["tinggi_px"], row["kodek"]) == (None, 640, 360, "h264")
    assert (row["kanal"], row["kredit_tertanam"]) == (1, "Humas Polres Kudus")
    assert abs(row["durasi_ms"] - 1000) < 100
    assert preview["durasi_ms"] in {1000, 1040}


def test_a_preview_is_short_upright_and_calm(tmp_path):
    poster, preview = copies(tmp_path, video(9, 160, 90, 40, text="Panjang", rotation=-90))
    assert open_bytes(poster["isi"]).size == (90, 160)
    path = tmp_path / "pratinjau"
    path.write_bytes(preview["isi"])
    (row,) = probe([path]).to_pylist()
    assert (row["lebar_px"], row["tinggi_px"], row["orientasi"]) == (90, 160, 1)
    assert row["laju_frame"] == pytest.approx(30, abs=0.5)
    assert row["durasi_ms"] == pytest.approx(8000, abs=200)


@pytest.mark.parametrize("codec", ["mp3", "opus", "wav", "flac", "aac"])
def test_a_sound_gives_a_waveform_and_a_web_copy(tmp_path, codec):
    wave, heard = copies(tmp_path, audio(2, codec, tags={"artist": OWNER, "comment": SERIAL}))
    assert (wave["peran"], heard["peran"]) == ("gelombang", "dengar")
    assert not TRACES.search(heard["isi"])
    assert b"Humas Polres Kudus" in heard["isi"]
    path = tmp_path / "dengar"
    path.write_bytes(heard["isi"])
    (row,) = probe([path]).to_pylist()
    assert (row["galat"], row["tipe_media"], row["kanal"]) == (None, "audio/mpeg", 1)
    assert row["durasi_ms"] == pytest.approx(2000, abs=60)
    # Eight plucked notes: the wave is high where a note begins and low where it ends.
    picture = open_bytes(wave["isi"]).convert("L")
    columns = [sum(picture.getpixel((x, y)) < 128 for y in range(240)) for x in (10, 140, 160, 290)]  # type: ignore[operator]
    assert columns[0] > 2 * columns[1]
    assert columns[2] > 2 * columns[3]


def test_the_same_original_gives_the_same_bytes(tmp_path):
    originals = [photo(640, 480, text="x"), video(1, 160, 90, text="x"), audio(1, "opus")]
    first, again = copies(tmp_path, *originals), copies(tmp_path, *originals)
    assert [row["sha256"] for row in first] == [row["sha256"] for row in again]


def test_what_cannot_be_rendered_says_so_and_texts_give_nothing(tmp_path):
    whole = photo(640, 480, text="x")
    rows = copies(tmp_path, whole[: len(whole) // 2], b"%PDF-1.7\n%%EOF\n", whole)
    assert [(row["berkas"], row["peran"], row["galat"]) for row in rows] == [
        (0, None, "BERKAS_RUSAK"),
        (2, "web", None),
        (2, "kecil", None),
    ]


def detail(data: bytes, box: tuple[float, float, float, float]) -> float:
    """How much neighbouring pixels differ, on average, in a part given in shares of width and height."""
    image = open_bytes(data).convert("L")
    part = image.crop(tuple(round(share * side) for share, side in zip(box, (*image.size, *image.size), strict=True)))  # type: ignore[arg-type]
    pixels, (width, height) = part.tobytes(), part.size
    rows = [pixels[at * width : (at + 1) * width] for at in range(height)]
    return sum(abs(a - b) for row in rows for a, b in pairwise(row)) / (width * height)


@pytest.mark.parametrize("orientation", [1, 6])
def test_what_is_to_be_hidden_is_in_no_copy_of_a_picture(tmp_path, orientation):
    original = photo(640, 480, text="Wajah di sini", orientation=orientation)
    plain = copies(tmp_path, original)
    hidden = copies(tmp_path, original, hidden="0, 60, 50, 40")
    for before, after in zip(plain, hidden, strict=True):
        assert detail(after["isi"], (0.02, 0.65, 0.48, 0.98)) < 0.2 * detail(before["isi"], (0.02, 0.65, 0.48, 0.98))
        same = (0.55, 0.1, 0.95, 0.9)
        assert detail(after["isi"], same) == pytest.approx(detail(before["isi"], same), rel=0.05)


def test_what_is_to_be_hidden_is_in_no_frame_of_a_video(tmp_path):
    import av

    original = video(1, 320, 180, text="Wajah di sini", rotation=-90)
    (_, before), (poster, after) = copies(tmp_path, original), copies(tmp_path, original, hidden="0,0,100,100")
    assert detail(poster["isi"], (0, 0, 1, 1)) < 4

    def frames(data: bytes) -> list[bytes]:
        with av.open(io.BytesIO(data)) as container:
            made = [frame.to_image() for frame in container.decode(video=0)]
        pictures = []
        for image in made:
            out = io.BytesIO()
            image.save(out, "PNG")
            pictures.append(out.getvalue())
        return pictures

    for clear, blurred in zip(frames(before["isi"]), frames(after["isi"]), strict=True):
        assert detail(blurred, (0, 0, 1, 1)) < 0.5 * detail(clear, (0, 0, 1, 1))


def test_regions_that_cannot_be_read_hide_everything(tmp_path):
    with pytest.raises(ValueError, match="not regions"):
        copies(tmp_path, photo(64, 48, text="x"), hidden="10, 20, 15")
    whole = copies(tmp_path, photo(64, 48, text="x"), hidden="90, 90, 50, 50; 200, 0, 1, 1; 0, 0, 0, 0")
    assert [row["galat"] for row in whole] == [None, None]


def grey(fmt: str, kind: str, low: float, high: float) -> bytes:
    """Sixteen bars from `low` to `high`, as a scanner or a scientific camera stores them."""
    import numpy as np

    bars = np.repeat(np.linspace(low, high, 16), 8).astype(kind)
    out = io.BytesIO()
    Image.fromarray(np.repeat(bars[np.newaxis], 64, 0)).save(out, fmt)
    return out.getvalue()


DEEP = {
    "PNG 16": grey("PNG", "uint16", 0, 65_535),
    "TIFF 16": grey("TIFF", "uint16", 0, 65_535),
    "TIFF 32": grey("TIFF", "int32", 0, 65_535),
    "TIFF 32 luas": grey("TIFF", "int32", -1_000_000, 3_000_000),
    "TIFF float": grey("TIFF", "float32", 0, 1),
    "TIFF float 255": grey("TIFF", "float32", 0, 255),
    "TIFF float luas": grey("TIFF", "float32", -7.5, 1234.5),
    "PNG 8": grey("PNG", "uint8", 0, 255),
}


def test_grey_of_more_than_eight_bits_keeps_its_shades(tmp_path):
    webs = copies(tmp_path, *DEEP.values(), rights=Rights())[::2]
    seen = {name: open_bytes(web["isi"]).convert("L") for name, web in zip(DEEP, webs, strict=True)}
    for name, image in seen.items():
        shades = image.tobytes()[32 * 128 + 4 : 33 * 128 : 8]
        assert all(abs(shade - 17 * bar) < 6 for bar, shade in enumerate(shades)), (name, shades)
    dark = open_bytes(copies(tmp_path, grey("TIFF", "uint16", 0, 6_553), rights=Rights())[0]["isi"]).convert("L")
    assert max(dark.tobytes()) < 40, "what was taken in the dark stays dark"
    hashes = {row["dhash"][0] for row in probe([tmp_path / f"asli-{n}" for n in range(1, len(DEEP))]).to_pylist()}
    assert len(hashes) == 1, "and looks the same to the perceptual hash"


def test_a_recording_of_hours_gets_a_copy_that_still_fits(tmp_path, monkeypatch):
    import av

    from transforms.media import remix
    from transforms.media.stream import opened

    def heard() -> bytes:
        with opened(tmp_path / "lama.wav", "audio/wav") as (container, _, sound):
            assert sound
            return remix.web_sound(container, sound, {})[0]

    (tmp_path / "lama.wav").write_bytes(audio(4, "wav"))
    usual = heard()
    monkeypatch.setattr(remix, "_LONG_S", 3)
    long = heard()
    with av.open(io.BytesIO(long)) as copy:
        assert copy.streams.audio[0].codec_context.channels == 1
        assert abs(copy.duration / av.time_base - 4) < 0.2
    assert len(long) < len(usual) / 2
