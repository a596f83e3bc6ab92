"""Looking into a file without a decoder: boxes of an ISO container, segments of a JPEG, and whether bytes are in it."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from transforms.media.decode import DamagedError

_PIECE = 1 << 20


def boxes(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """ISO 14496-12: the boxes that lie side by side from `at`, each as name, start of its content, and end.

    The end of the last one may lie beyond `end`. What is no box comes as one without a name, up to `end`.
    """
    while at < end:
        file.seek(at)
        head = file.read(16)
        length, name, start = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if length == 1:
            length, start = int.from_bytes(head[8:16], "big"), at + 16
        elif length == 0:
            length = end - at
        if at + 8 > end or length < start - at or not name.lstrip(b"\xa9").decode("latin-1").isprintable():
            yield b"", at, end
            return
        yield name, start, at + length
        at += length


def holds(file: BinaryIO, marks: Sequence[bytes], start: int, stop: int) -> bool:
    """Whether any of `marks` lies wholly between two places of the file; memory holds about a MiB of it."""
    overlap = max(map(len, marks)) - 1
    file.seek(start)
    tail, left = b"", stop - start
    while left > 0 and (piece := file.read(min(_PIECE, left))):
        seen = tail + piece
        if any(mark in seen for mark in marks):
            return True
        tail, left = seen[-overlap:], left - len(piece)
    return False


def holds_at_its_ends(file: BinaryIO, marks: Sequence[bytes], size: int) -> bool:
    """Whether any of `marks` is in a file: in one of more than 64 MiB, which is a video, in 4 MiB at each end."""
    whole, ends = 64 << 20, 4 << 20
    if size <= whole:
        return holds(file, marks, 0, size)
    return holds(file, marks, 0, ends) or holds(file, marks, size - ends, size)


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The segments of a JPEG: marker, first byte, and end. The last is the scan (0xDA) up to the end marker, exclusive.

    DamagedError where one is not in its place. What lies behind the end marker (MPF, HDR maps, films) is not ours.
    """
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise DamagedError("segmen JPEG tidak pada tempatnya")
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0xDA:
            stop = data.find(b"\xff\xd9", at)
            yield marker, at, stop if stop > at else len(data)
            return
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, at, end
        at = end
    raise DamagedError("JPEG tanpa gambar")
