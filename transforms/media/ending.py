"""Does a media file end where its own structure says it ends? Found from a few bytes, without a decoder."""

import re
from typing import BinaryIO

from transforms.media.decode import DamagedError
from transforms.media.iptc import clean
from transforms.media.scan import boxes

_RIFF_UNKNOWN = {0, 0xFFFFFFFF}  # written by recorders that stream
_OGG_PAGE_MAX = 65_307
_SEGMENT = b"\x18\x53\x80\x67"
_MP3_HEAD = 4096  # bytes after the ID3 tag within which the first frame, and with it the Xing header, begins


def check(file: BinaryIO, kind: str, size: int) -> None:
    """Raise DamagedError if the outermost structure of a container reaches beyond the file's `size` bytes."""
    family = kind.partition("/")[2]
    if family in {"mp4", "quicktime", "3gpp"}:
        _check_boxes(file, size)
    elif family in {"wav", "x-msvideo"}:
        _check_riff(file, size)
    elif family in {"webm", "x-matroska"}:
        _check_segment(file, size)
    elif family == "ogg":
        _check_last_page(file, size)


def _check_boxes(file: BinaryIO, size: int) -> None:
    for name, _, end in boxes(file, 0, size):
        if end > size:
            raise DamagedError(f"kotak {clean(name.decode('latin-1'))} melewati akhir berkas")


def _check_riff(file: BinaryIO, size: int) -> None:
    file.seek(0)
    head = file.read(8)
    length = int.from_bytes(head[4:8], "little")
    if head[:4] == b"RIFF" and length not in _RIFF_UNKNOWN and 8 + length > size + 1:  # the pad byte gets forgotten
        raise DamagedError(f"RIFF {8 + length} bita, berkas {size}")


def _check_segment(file: BinaryIO, size: int) -> None:
    """Matroska: an EBML header, then one Segment, whose length may be unknown (all ones)."""
    file.seek(4)
    header = _variable_length(file)
    file.seek(file.tell() + (header or 0))
    if file.read(4) != _SEGMENT:
        return
    length = _variable_length(file)
    if length is not None and file.tell() + length > size:
        raise DamagedError(f"segmen {length} bita melewati akhir berkas")


def _variable_length(file: BinaryIO) -> int | None:
    first = file.read(1)
    width = 9 - first[0].bit_length() if first and first[0] else 9
    if width > 8:
        raise DamagedError("panjang EBML tidak sah")
    value = int.from_bytes(first + file.read(width - 1), "big") & ((1 << 7 * width) - 1)
    return None if value == (1 << 7 * width) - 1 else value


def _check_last_page(file: BinaryIO, size: int) -> None:
    """RFC 3533: a page lists the lengths of its segments. The end-of-stream flag is no use: recorders forget it."""
    file.seek(max(0, size - _OGG_PAGE_MAX))
    tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27 or len(page) < 27 + page[26] or len(page) < 27 + page[26] + sum(page[27 : 27 + page[26]]):
        raise DamagedError("halaman Ogg terakhir terpotong")


def xing_frames(file: BinaryIO) -> int | None:
    """How many frames an MP3's Xing/Info header promises; None without one (then nothing says how long it is)."""
    file.seek(0)
    head = file.read(10)
    if head[:3] == b"ID3":
        length = 0
        for byte in head[6:10]:
            length = length << 7 | (byte & 0x7F)
        file.seek(10 + length)
    else:
        file.seek(0)
    found = re.search(rb"\xff[\xe0-\xff][\s\S]{2,40}?(?:Xing|Info)([\s\S]{4})([\s\S]{4})", file.read(_MP3_HEAD))
    if not found or not int.from_bytes(found[1], "big") & 1:
        return None
    return int.from_bytes(found[2], "big")
