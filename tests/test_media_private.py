"""Nothing private is in any rendition: looked for by readers that share no code with what makes them.

Raw bytes are searched for everything that was planted (also as UTF-16 and in what a PNG or ZIP stream holds), the
structure of each copy is walked by its own standard, and ExifRead and tinytag say what they find.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import exifread
import pytest
from tinytag import TinyTag

from infra.demo import samples
from tests.media_files import heic, signed
from tests.samples import make
from transforms.media.encode import audio, photo, video
from transforms.media.rendition import Rights, render

RIGHTS = Rights("Humas Polres Kudus", "2026 Polri", "Bebas dipakai dengan menyebut kredit")
OWN = {"Humas Polres Kudus", "2026 Polri", "Bebas dipakai dengan menyebut kredit"}
PLANTED = ["SN-0077-1234", "Budi Santoso", "Kamera-Rahasia", "Telepon-Budi", "Jalan Mawar 17", "rahasia@contoh.id"]
SERIAL, OWNER, MAKE, HOST, STREET, MAIL = PLANTED
EXIF = {
    "Make": MAKE,
    "Model": MAKE,
    "BodySerialNumber": SERIAL,
    "LensSerialNumber": SERIAL,
    "CameraOwnerName": OWNER,
    "Artist": OWNER,
    "HostComputer": HOST,
    "DateTimeOriginal": "2026:11:20 09:15:33",
}
CAMERA = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
XMP = {"pembuat": OWNER, "sublokasi": STREET, "orang": OWNER, "petunjuk": MAIL}
TAGS = {
    "artist": OWNER,
    "comment": f"{SERIAL} {MAIL}",
    "title": STREET,
    "location": "-06.8048+110.8405/",
    "com.apple.quicktime.location.ISO6709": "-06.8048+110.8405/",
    "com.apple.quicktime.make": MAKE,
    "creation_time": "2026-11-20T09:15:33Z",
}
# 6° 48' 17.28" and 110° 50' 25.80" as EXIF writes them, in both byte orders: the seconds are enough to find a house.
SECONDS = [
    rational
    for at in ((1728, 100), (432, 25), (2580, 100), (129, 5))
    for rational in (struct.pack("<II", *at), struct.pack(">II", *at))
]
TRACES = [form for text in PLANTED for form in (text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be"))]
TRACES += [
    b"06.80",
    b"110.84",
    b"2026:11:20",
    b"2026-11-20",
    b"GPSLat",
    b"jumdc2pa",
    b"ISO6709",
    b"MakerNote",
    *SECONDS,
]

BOXES = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"edts", b"dinf"}
PLAIN_BOXES = {
    b"ftyp",
    b"free",
    b"mdat",
    b"mvhd",
    b"tkhd",
    b"mdhd",
    b"hdlr",
    b"vmhd",
    b"smhd",
    b"stsd",
    b"stts",
    b"stss",
}
PLAIN_BOXES |= {b"stsc", b"stsz", b"stco", b"ctts", b"elst", b"dref", b"meta", b"sgpd", b"sbgp"}


@cache
def originals() -> dict[str, bytes]:
    where = (-6.8048, 110.8405)
    pictures = {
        fmt: photo(
            480,
            320,
            text="x",
            fmt=fmt,
            exif=EXIF,
            gps=where,
            xmp=XMP,
            **({"iptc": {"pembuat": OWNER}} if fmt == "JPEG" else {}),
        )
        for fmt in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")
    }
    jpeg = pictures["JPEG"]
    pictures["HEIC"] = heic(photo(480, 320, text="x", exif=EXIF, gps=where, orientation=6), xmp=XMP)
    pictures["komentar"] = jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(OWNER) + 2) + OWNER.encode() + jpeg[2:]
    pictures["ekor"] = jpeg + f"\n{OWNER} {SERIAL}\n".encode() * 20
    pictures["c2pa"] = signed(
        jpeg, "image/jpeg", {"action": "c2pa.created", "digitalSourceType": CAMERA, "softwareAgent": OWNER}
    )
    videos = {fmt: video(1, 320, 180, text="x", fmt=fmt, tags=TAGS) for fmt in ("mp4", "mov", "webm", "avi")}
    sounds = {codec: audio(1, codec, tags=TAGS) for codec in ("mp3", "opus", "wav", "flac", "aac")}
    return pictures | videos | sounds


def demo() -> dict[str, bytes]:
    """Every file that comes with the demo's submissions and with the samples of offices, but tables and envelopes."""
    found = {
        f"{sample.name}/{name}": data
        for sample in samples(1, datetime(2026, 11, 20, tzinfo=UTC))
        for name, data in sample.build().items()
    }
    found |= {f"{kind}/{name}": data for kind in ("foto", "video", "audio") for name, data in make.media(kind).items()}
    found |= {f"located/{name}": data for name, data in make.located().items()}
    tables = (".json", ".csv", ".xlsx", ".txt")
    return {name: data for name, data in found.items() if not name.endswith(tables)}


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, dict[str, Any]]]:
    """(original, copy), everything in one go."""
    folder = tmp_path_factory.mktemp("asli")
    files = originals() | demo()
    paths = [folder / str(number) for number in range(len(files))]
    for path, data in zip(paths, files.values(), strict=True):
        path.write_bytes(data)
    made = render(paths, [RIGHTS] * len(paths)).to_pylist()
    names = list(files)
    return [(names[copy["berkas"]], copy) for copy in made if copy["galat"] is None]


def test_the_originals_do_hold_what_is_looked_for():
    for name, data in originals().items():
        assert any(trace in data for trace in TRACES), name
    assert exifread.process_file(io.BytesIO(originals()["JPEG"]))["GPS GPSLatitude"]


def test_every_kind_of_copy_is_there(copies):
    assert {copy["peran"] for _, copy in copies} == {"web", "kecil", "poster", "pratinjau", "gelombang", "dengar"}
    assert {name for name, _ in copies} >= set(originals())
    assert sum("/" in name for name, _ in copies) >= 20


def test_no_planted_word_is_in_any_copy(copies):
    found = [
        (name, copy["peran"], trace)
        for name, copy in copies
        for data in (copy["isi"], *inflated(copy["isi"]))
        for trace in TRACES
        if trace in data
    ]
    assert found == []


def test_other_readers_find_the_rights_and_nothing_else(copies, tmp_path):
    for name, copy in copies:
        if copy["tipe_media"].startswith("image/"):
            found = exifread.process_file(io.BytesIO(copy["isi"]), details=True)
            assert {key for key in found if not key.startswith("Image ApplicationNotes")} == set(), name
            packets = re.findall(rb"<x:xmpmeta.*?</x:xmpmeta>", copy["isi"], re.DOTALL)
            assert len(packets) == (copy["peran"] != "gelombang"), name
            assert {text.decode() for packet in packets for text in re.findall(rb">([^<]+)<", packet)} <= OWN, name
            continue
        (tmp_path / "salinan").write_bytes(copy["isi"])
        tag = TinyTag.get(tmp_path / "salinan")
        said = tag.as_dict()
        ours = {said.pop("filename"), said.pop("mime_type", None)}
        values = [each for value in said.values() for each in (value if isinstance(value, list) else [value])]
        assert {value for value in values if isinstance(value, str)} - ours <= OWN, name


def test_every_copy_is_made_of_the_parts_we_know(copies):
    """A part nobody knows could carry anything: each copy's structure is walked by its own standard."""
    for name, copy in copies:
        kind, data = copy["tipe_media"], copy["isi"]
        if kind == "image/jpeg":
            extra = {marker for marker, _ in segments(data)} & {*range(0xE0, 0xF0), 0xFE}
            assert extra <= {0xE0, 0xE1}, name
            assert data.endswith(b"\xff\xd9"), name
        elif kind == "image/webp":
            assert {part for part, _ in riff(data)} <= {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"XMP "}, name
        elif kind == "image/png":
            assert {part for part, _ in png(data)} <= {b"IHDR", b"PLTE", b"IDAT", b"IEND"}, name
        elif kind == "video/mp4":
            assert set(boxes(data)) <= BOXES | PLAIN_BOXES, (name, set(boxes(data)) - BOXES - PLAIN_BOXES)
        else:
            assert kind == "audio/mpeg"
            assert set(id3(data)) <= {b"TPE1", b"TCOP", b"COMM", b"TXXX", b"TSSE"}, name


def inflated(data: bytes) -> Iterator[bytes]:
    """Every zlib stream in a PNG's chunks, and every brand of text they may hide."""
    if data.startswith(b"\x89PNG"):
        for kind, body in png(data):
            if kind in {b"zTXt", b"iTXt", b"iCCP"}:
                yield zlib.decompress(body[body.index(b"\0") + 2 :])


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    while data[at + 1] != 0xDA:
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        yield data[at + 1], data[at + 4 : at + 2 + size]
        at += 2 + size


def riff(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at < len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def png(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        at += 12 + size


def boxes(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        assert size >= 8, kind
        yield kind
        if kind in BOXES:
            yield from boxes(data[at + 8 : at + size])
        at += size


def id3(data: bytes) -> Iterator[bytes]:
    assert data[:3] == b"ID3"
    size = sum(byte << 7 * (3 - n) for n, byte in enumerate(data[6:10]))
    at = 10
    while at < 10 + size and data[at]:
        yield data[at : at + 4]
        at += 10 + sum(byte << 7 * (3 - n) for n, byte in enumerate(data[at + 4 : at + 8]))
