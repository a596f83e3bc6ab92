"""Positions where no tag tells of them: what an editor would be handed with the original."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from tests.test_media import ALUN_ALUN_KUDUS, EXIF, facts
from transforms.media.encode import audio, photo, video
from transforms.media.probe import probe
from transforms.media.scan import boxes

XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
XMP = b'<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="6,48.288S"/>'


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def filmed(values: bytes) -> bytes:
    """A video with a track of a sensor's values, as GoPro writes them."""
    source = av.open(io.BytesIO(video(0.5, 160, 90, text="x")), "r")
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as copy:
        picture = copy.add_stream_from_template(source.streams.video[0])
        sensor = copy.add_data_stream("bin_data")
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = picture
                copy.mux(packet)
        value = av.Packet(values)
        value.stream, value.pts, value.dts, value.duration, value.time_base = sensor, 0, 0, 500, Fraction(1, 1000)
        copy.mux(value)
    return out.getvalue()


def with_cover(cover: bytes) -> bytes:
    """An MP3 with a picture in its ID3 tag."""
    frame = b"\0image/jpeg\0\x03\0" + cover
    frame = b"APIC" + struct.pack(">IH", len(frame), 0) + frame
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame + audio(0.5, "mp3")


def places() -> Iterator[tuple[str, bytes, bool | None]]:
    """What, its bytes, and whether it holds a position (None: who knows)."""
    bare, located = photo(160, 120, text="x", exif=EXIF), photo(160, 120, text="x", exif=EXIF, gps=ALUN_ALUN_KUDUS)
    film = video(0.5, 160, 90, text="x")
    tagged = video(0.5, 160, 90, text="x", tags={"location": "-06.8048+110.8405/"})
    for fmt in ("mp4", "mov"):
        own = video(0.5, 160, 90, text="x", fmt=fmt)
        yield f"{fmt} polos", own, False
        yield f"{fmt} XMP", own + box(b"uuid", XMP_BOX + XMP), True
        yield f"{fmt} XMP tanpa letak", own + box(b"uuid", XMP_BOX + b"<rdf:RDF/>"), False
        yield f"{fmt} kotak pembuat", own + box(b"uuid", bytes(16) + b"rahasia"), None
        yield f"{fmt} kotak asing", own + box(b"gps ", bytes(16)), None
        yield f"{fmt} ekor", own + bytes(range(40)), None
    sensor = filmed(b"DEVC\0\x01\0\x04GPS5")
    yield "GoPro", sensor, None
    yield "kamera 360", sensor.replace(b"gpmd", b"camm"), None
    yield "drone", sensor.replace(b"gpmd", b"tx3g").replace(bytes(4) + b"meta", bytes(4) + b"sbtl"), None
    yield "telepon", sensor.replace(b"gpmd", b"mebx"), False
    yield "foto gerak polos", bare + film, False
    yield "foto gerak", bare + tagged, True
    yield "foto gerak XMP", bare + film + box(b"uuid", XMP_BOX + XMP), True
    yield "foto gerak sensor", bare + sensor, None
    yield "dua foto", bare + bare, False
    yield "dua foto, satu berletak", bare + bytes(40) + located, True
    yield "foto berekor", bare + b"SEFH ekor Samsung", None
    yield "foto bernol", bare + bytes(512), False
    yield "PNG berekor", photo(160, 120, text="x", fmt="PNG") + located, True
    yield "PNG berteks", photo(160, 120, text="x", fmt="PNG") + b"sisa", None
    yield "WEBP berekor", photo(160, 120, text="x", fmt="WEBP") + b"sisa", None
    yield "XMP lanjutan", with_segment(bare, b"http://ns.adobe.com/xmp/extension/\0" + XMP), True
    yield "MP3 bersampul", with_cover(cover(bare)), False
    yield "MP3 bersampul foto", with_cover(located), None
    yield "HEIC gerak", heic_with_film(film), None
    yield "Matroska", video(0.5, 160, 90, text="x", fmt="webm"), False


def cover(picture: bytes) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).copy().convert("L").save(out, "JPEG")
    return out.getvalue()


def with_segment(jpeg: bytes, content: bytes) -> bytes:
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


def heic_with_film(film: bytes) -> bytes:
    from tests.media_files import heic

    return heic(photo(160, 120, text="x")) + box(b"mpvd", film)


def test_a_position_no_tag_tells_of_is_seen_and_what_cannot_be_told_is_not_denied(tmp_path: Path) -> None:
    made = list(places())
    rows = facts(tmp_path, {name: data for name, data, _ in made})
    assert {name: row["galat"] for name, row in rows.items() if row["galat"]} == {}
    assert {name: row["ada_gps"] for name, row in rows.items()} == {name: said for name, _, said in made}


def test_a_video_larger_than_the_decoders_memory_is_examined(tmp_path: Path) -> None:
    """2 GiB, of which the file system stores next to nothing."""
    data, size = video(0.5, 160, 90, text="x", tags={"comment": "x"}), 2 << 30
    parts = {name: (start, end) for name, start, end in boxes(io.BytesIO(data), 0, len(data))}
    start, end = parts[b"mdat"]
    with (tmp_path / "besar.mp4").open("wb") as file:
        file.write(data[: start - 8] + struct.pack(">I", size) + data[start - 4 : end])
        file.seek(start - 8 + size)
        file.write(data[parts[b"moov"][0] - 8 :])
    (row,) = probe([tmp_path / "besar.mp4"]).to_pylist()
    assert (row["galat"], row["galat_rinci"], row["tipe_media"]) == (None, None, "video/mp4")
    assert row["ukuran_byte"] > size and row["durasi_ms"] == 500


def test_too_little_memory_is_not_damage(tmp_path: Path) -> None:
    from transforms.media.decode import attempt

    def read() -> dict[str, object]:
        raise OSError(12, "Cannot allocate memory")

    assert attempt(tmp_path / "x", read)["galat"] == "BERKAS_TERLALU_BESAR"
    with pytest.raises(OSError, match="disk"):
        attempt(tmp_path / "x", _failing)


def _failing() -> dict[str, object]:
    raise OSError(5, "disk")
