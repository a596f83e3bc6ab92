"""A video or sound played through once: which packets decode, what the key frames look like, a hash of the streams.

What the check can miss: damage between the decoded key frames of a long or large video, whose last seconds alone are
decoded in full; flipped bits a decoder conceals; a hole in a WebM, whose reader jumps to the next cluster (as over a
pause); a cut at a frame boundary in an MP3 without a Xing header or a WebM from a browser, which do not say how long
they are.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError

from transforms.media.decode import MAX_PIXELS, DamagedError, TooLargeError
from transforms.media.loudness import Loudness
from transforms.media.picture import dhash

_WHOLE_S = 30  # up to here every frame of a video is decoded; beyond it key frames and the tail
_WHOLE_PIXELS = 30 * 30 * 1920 * 1080  # and up to here: 30 s of 1080p at 30 frames a second, 4 s of 4K60
_KEY_FRAMES = 120  # at most so many, spread evenly
_TAIL_S = 5
_HASHED = 8  # key frames that get a perceptual hash
_BAD_SHARE = 50  # one undecodable packet in 50 is what players live with: cut recordings, trailing tags
_EXIF_TURNS = {90: 8, -90: 6, 180: 3, -180: 3, 270: 6, -270: 8}  # degrees counter-clockwise → EXIF orientation


def orientation(frame: "av.VideoFrame") -> int:
    """The EXIF orientation that says the same as the frame's display matrix."""
    return _EXIF_TURNS.get(frame.rotation, 1)


def frames(container: InputContainer, *streams: "av.VideoStream | av.AudioStream | None") -> Iterator[Any]:
    """Decoded frames of these streams; a packet that cannot be decoded is passed over, as players do."""
    for packet in container.demux([stream for stream in streams if stream]):
        try:
            decoded = packet.decode()
        except MemoryError:
            raise
        except FFmpegError:
            continue
        yield from decoded


def _pixels(video: "av.VideoStream") -> Fraction:
    """Of each second, by the header."""
    return Fraction(video.average_rate or 0) * video.codec_context.width * video.codec_context.height


class Playback:
    """One pass over all packets: hashes them, decodes those that are due, counts what cannot be decoded."""

    def __init__(
        self, video: "av.VideoStream | None", sound: "av.AudioStream | None", declared: Fraction | None
    ) -> None:
        self.packets = 0
        self.end = Fraction(0)  # seconds from the first packet's start to the last one's end
        self.hashes: list[int] = []
        self.loudness = Loudness()
        self._streams = [stream for stream in (video, sound) if stream]
        self._video, self._length = video, declared or Fraction(0)
        self._long = video is not None and (self._length > _WHOLE_S or self._length * _pixels(video) > _WHOLE_PIXELS)
        self._digests = {stream.index: hashlib.sha256() for stream in self._streams}
        self._size: tuple[int, int, int] | None = None
        self._next_key = self._next_hash = Fraction(-1)
        # By stream: packets given to the decoder, packets it could not use, frames that came out.
        self._tried, self._bad, self._decoded = Counter[int](), Counter[int](), Counter[int]()

    def run(self, container: InputContainer) -> None:
        """Play it; raise DamagedError if a stream gives no frame or too many of its packets cannot be decoded."""
        start: Fraction | None = None
        for packet in container.demux(self._streams):
            if packet.size:
                self.packets += 1
                self._digests[packet.stream_index].update(packet)
                at = packet.pts if packet.pts is not None else packet.dts
                if at is not None and packet.time_base:
                    begin = at * packet.time_base
                    start = begin if start is None else min(start, begin)
                    self.end = max(self.end, begin + (packet.duration or 0) * packet.time_base - start)
            if self._long and packet.stream.type == "video":
                self._try_key_frame(packet)
            else:
                self._try(packet)
        if self._long and self._video:
            container.seek(int(max(self._length - _TAIL_S, 0) * av.time_base) + (container.start_time or 0))
            for packet in container.demux(self._video):
                self._try(packet)
        self._judge()

    def _judge(self) -> None:
        if not self._tried:
            raise DamagedError("tidak berisi paket gambar atau suara")
        for index, tried in self._tried.items():
            bad = self._bad[index]
            if not self._decoded[index] or bad * _BAD_SHARE > tried:
                raise DamagedError(f"{bad} dari {tried} paket jalur {index} tidak terbaca")

    def _try_key_frame(self, packet: "av.Packet") -> None:
        at = packet.dts * packet.time_base if packet.dts is not None and packet.time_base else None
        if at is None or not packet.is_keyframe or at < self._next_key:
            return
        self._next_key = at + self._length / _KEY_FRAMES
        self._try(packet)
        context = (
            packet.stream.codec_context
        )  # holds the frame back until the next one: flush it out, then start afresh
        for frame in context.decode(None):
            self._take(packet.stream_index, frame)
        context.flush_buffers()

    def _try(self, packet: "av.Packet") -> None:
        index = packet.stream_index
        self._tried[index] += bool(packet.size)
        try:
            decoded = packet.decode()
        except MemoryError:
            raise
        except FFmpegError:
            decoded = []
            self._bad[index] += 1
        else:
            self._bad[index] += packet.is_corrupt
        for frame in decoded:
            self._take(index, frame)

    def _take(self, index: int, frame: Any) -> None:
        self._decoded[index] += 1
        if not isinstance(frame, av.VideoFrame):
            self.loudness.hear(frame)
            return
        self._bad[index] += frame.is_corrupt
        if frame.width * frame.height > MAX_PIXELS:  # which the container need not have said
            raise TooLargeError(f"{frame.width} x {frame.height} piksel, paling banyak {MAX_PIXELS}")
        self._size = self._size or (frame.width, frame.height, orientation(frame))
        at = Fraction(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base else Fraction(0)
        if frame.key_frame and at >= self._next_hash and len(self.hashes) < _HASHED:
            self._next_hash = at + self._length / _HASHED
            self.hashes.append(dhash(frame.to_image(width=256, height=256), orientation(frame)))

    def digest(self) -> str:
        """SHA-256 over the SHA-256 of each stream's packets: the same in another container or with other tags."""
        return hashlib.sha256(b"".join(digest.digest() for digest in self._digests.values())).hexdigest()

    def picture_facts(self) -> dict[str, Any]:
        """Width, height (as seen) and orientation of the first frame; nothing for a sound."""
        if not self._size:
            return {}
        width, height, turn = self._size
        if turn in {6, 8}:
            width, height = height, width
        return {"lebar_px": width, "tinggi_px": height, "orientasi": turn}
