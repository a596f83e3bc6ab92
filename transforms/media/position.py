"""Does a file hold a position of which its tags say nothing?

In a packet of XMP, a track of sensors, a box of the maker's own, or in what lies behind the end of a picture, as the
film of a motion photo does. No coordinate is read, and nothing is decoded but the EXIF of pictures behind a picture.
Answers are True, False, or None where that cannot be told: what is None is handed to nobody.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from transforms.media import embedded
from transforms.media.decode import DamagedError
from transforms.media.scan import boxes, holds, holds_at_its_ends, segments

_MARKS = (b"GPSLatitude", b"GPSCoordinates", b"ISO6709")  # XMP (exif:), Samsung and QuickTime by their names
_COVER = (b"Exif\0\0",)  # a cover picture with metadata of its own, which nobody here reads
_BOXED = frozenset({"video/mp4", "video/quicktime", "video/3gpp", "audio/mp4", "image/heic", "image/avif"})

_PNG_END = b"IEND\xaeB`\x82"
_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"udta"})
_PLACES = frozenset({b"loci", b"\xa9xyz"})  # 3GPP TS 26.244, 8.10; QuickTime user data
_USUAL = {  # in what → boxes that hold no position but one that `_MARKS` finds; a maker's own may hold anything
    b"": frozenset(b"ftyp styp moov moof mdat free skip wide meta pdin sidx mfra emsg".split()),
    b"moov": frozenset(b"mvhd trak udta meta mvex iods free".split()),
    b"udta": frozenset(b"meta free name titl auth perf gnre dscp cprt yrrc albm kywd rtng clsf hnti hinf tsel".split())
    | frozenset(b"chpl XMP_ WLOC LOOP SelO AllF".split()),
}
_UUIDS = {  # of XMP (part 3, 1.2.7) and of C2PA (2.2, A.5), whose texts are searched as any other
    bytes.fromhex("be7acfcb97a942e89c71999491e3afac"),
    bytes.fromhex("d8fec3d61b0e483c92975828877ec481"),
}
_TRACKS = frozenset({b"vide", b"soun", b"tmcd"})
_NAMED_VALUES = (b"mebx",)  # a phone's track of values, whose names are written in its head and so searched

Answer = bool | None


def of_picture(path: Path, kind: str) -> Answer:
    """Of a picture, beside its own EXIF and XMP."""
    if kind in _BOXED:
        return of_stream(path, kind)
    return _sum(_behind(path.read_bytes(), kind))


def of_stream(path: Path, kind: str, *, others: bool = False) -> Answer:
    """Of a video, a sound, or a picture in boxes, beside what its tags say.

    `others`: it has streams that are neither picture nor sound. In boxes each of them says what it is.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if kind in _BOXED:
            return _sum(_in_boxes(file, 0, size))
        if holds_at_its_ends(file, _MARKS, size):
            return True
        return None if others or holds_at_its_ends(file, _COVER, size) else False


def _sum(answers: Iterator[Answer]) -> Answer:
    found = set(answers)
    return True if True in found else None if None in found else False


def _behind(data: bytes, kind: str) -> Iterator[Answer]:
    """Of the whole file as text, then of each thing behind the picture's own end."""
    yield any(mark in data for mark in _MARKS)
    rest = data[_end(data, kind) :]
    while rest.strip(b"\0"):
        film = rest.find(b"ftyp") - 4
        if film >= 0 and not rest[:film].strip(b"\0"):
            yield from _in_boxes(io.BytesIO(rest), film, len(rest))
            return
        rest = rest.lstrip(b"\0")
        if not rest.startswith(b"\xff\xd8"):
            yield None
            return
        try:  # a further picture of a stereo or HDR photo
            with Image.open(io.BytesIO(rest), formats=["JPEG"]) as image:
                yield embedded.read(image).gps
            rest = rest[_end(rest, "image/jpeg") :]
        except (UnidentifiedImageError, DamagedError):
            yield None
            return


def _end(data: bytes, kind: str) -> int:
    """Where the picture itself ends; the file's end where that is not looked for (GIF, TIFF)."""
    if kind == "image/jpeg":
        *_, (_, _, end) = segments(data)
        return end + 2
    if kind == "image/png":
        return data.index(_PNG_END) + len(_PNG_END) if _PNG_END in data else len(data)
    if kind == "image/webp":
        return 8 + int.from_bytes(data[4:8], "little")
    return len(data)


def _in_boxes(file: BinaryIO, start: int, stop: int, above: bytes = b"") -> Iterator[Answer]:
    """Of each box of an ISO container, and of those within; ISO 14496-12."""
    for name, begin, after in boxes(file, start, stop):
        end = min(after, stop)
        if name in _CONTAINERS:
            yield from _in_boxes(file, begin, end, name)
        elif name != b"mdat":
            yield name in _PLACES or holds(file, _MARKS, begin, end)
        if above == b"udta" and holds(file, _COVER, begin, end):
            yield None
        if above == b"mdia" and name == b"hdlr" and _read(file, begin + 8, 4) not in _TRACKS:
            yield False if holds(file, _NAMED_VALUES, start, stop) else None
        if name == b"uuid":
            yield False if _read(file, begin, 16) in _UUIDS else None
        elif not (name in _USUAL.get(above, {name}) or (above == b"udta" and name[:1] == b"\xa9")):
            yield None


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
