"""One video or sound file, demuxed in full and decoded as far as its length allows (runs in the sandbox).

What the check can miss: damage between the decoded frames of a long video; flipped bits a decoder conceals; a hole in
a WebM, whose reader jumps to the next cluster (a pause looks the same); a cut at a frame boundary in an MP3 without a
Xing header or a WebM from a browser, which do not say how long they are.
"""

import hashlib
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError

from transforms import ending
from transforms.decode import MAX_PIXELS, DamagedError, TooLargeError, UnsupportedError
from transforms.iptc import clean
from transforms.picture import dhash

# Type → FFmpeg's demuxer. Naming it keeps FFmpeg from guessing playlists, which open other files and addresses.
DEMUXERS = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/3gpp": "mov",
    "audio/mp4": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
}
_SOUND_ONLY = {"video/mp4": "audio/mp4", "video/quicktime": "audio/mp4", "video/webm": "audio/webm"}
_ATTACHED_PICTURE = 0x0400  # a cover, not a video
_WHOLE_S = 30  # up to here every frame of a video is decoded; beyond it key frames and the tail
_KEY_FRAMES = 120  # at most so many, spread evenly
_TAIL_S = 5
_HASHED = 8  # key frames that get a perceptual hash
_BAD_SHARE = 50  # one undecodable packet in 50 is what players live with: cut recordings, trailing tags
_SLACK_S = Fraction(1, 10)
_EXIF_TURNS = {90: 8, -90: 6, 180: 3, -180: 3, 270: 6, -270: 8}  # degrees counter-clockwise → EXIF orientation
_MAX_INT = 1 << 53

_MACHINERY = frozenset(
    {
        *("major_brand", "minor_version", "compatible_brands", "handler_name"),
        *("vendor_id", "language", "encoder", "duration"),
    }
)
_PLACE = "location"  # com.apple.quicktime.location.ISO6709 and the like

_Streams = tuple["av.VideoStream | None", "av.AudioStream | None"]


def read(path: Path, kind: str) -> dict[str, Any]:
    """Facts of a video or sound; raises DamagedError, TooLargeError, UnsupportedError or what FFmpeg raises."""
    with path.open("rb") as file:
        size = path.stat().st_size
        ending.check(file, kind, size)
        frames = ending.xing_frames(file) if kind == "audio/mpeg" else None
        file.seek(0)
        with av.open(file, "r", format=DEMUXERS[kind], metadata_errors="replace") as container:
            video, sound = main_streams(container)
            declared = Fraction(container.duration, av.time_base) if container.duration else None
            if kind == "audio/mpeg" and not frames:
                declared = None  # FFmpeg guesses it from the first frame's bit rate
            seen = _Playback(video, sound, declared)
            seen.run(container)
            if frames and seen.packets < frames - 1:
                raise DamagedError(f"{seen.packets} dari {frames} bingkai MP3")
            if kind == "audio/flac" and declared and seen.end < declared - _SLACK_S:
                raise DamagedError(f"{float(seen.end):.1f} dari {float(declared):.1f} detik")
            main = video or sound
            assert main
            length = declared or seen.end
            return _facts(container, video, sound) | {
                "tipe_media": kind if video else _SOUND_ONLY.get(kind, kind),
                "durasi_ms": count(length * 1000),
                "laju_bit": count(size * 8 / length) if length else None,
                "kodek": main.codec_context.codec.canonical_name,
                "sidik_piksel": seen.digest(),
                "dhash": seen.hashes or None,
                **seen.picture_facts(),
            }


def main_streams(container: InputContainer) -> _Streams:
    """The first video that is no cover picture and the first sound, set to decode on one thread."""
    videos = [stream for stream in container.streams.video if not stream.disposition & _ATTACHED_PICTURE]
    video, sound = next(iter(videos), None), next(iter(container.streams.audio), None)
    if not (video or sound):
        raise DamagedError("tidak berisi gambar bergerak atau suara")
    for stream in (video, sound):
        if stream and stream.codec_context is None:
            raise UnsupportedError(f"kodek tidak dikenal pada jalur {stream.index}")
        if stream:
            stream.codec_context.thread_count = 1
    if video and video.codec_context.width * video.codec_context.height > MAX_PIXELS:
        raise TooLargeError(f"{video.codec_context.width} x {video.codec_context.height} piksel")
    return video, sound


def orientation(frame: "av.VideoFrame") -> int:
    """The EXIF orientation that says the same as the frame's display matrix."""
    return _EXIF_TURNS.get(frame.rotation, 1)


class _Playback:
    """One pass over all packets: hashes them, decodes those that are due, counts what cannot be decoded."""

    def __init__(
        self, video: "av.VideoStream | None", sound: "av.AudioStream | None", declared: Fraction | None
    ) -> None:
        self.end = Fraction(0)  # seconds from the first packet's start to the last one's end
        self.hashes: list[int] = []
        self._streams = [stream for stream in (video, sound) if stream]
        self._long = bool(video and declared and declared > _WHOLE_S)
        self._spacing = (declared or Fraction(0)) / _KEY_FRAMES
        self._hash_spacing = (declared or Fraction(0)) / _HASHED
        self._tail = (declared or Fraction(0)) - _TAIL_S
        self._digests = {stream.index: hashlib.sha256() for stream in self._streams}
        self.packets = 0
        self._silent: dict[int, bool] = {}  # stream with packets → no frame has come out of it yet
        self._bad = 0
        self._size: tuple[int, int, int] | None = None
        self._next_key = self._next_hash = Fraction(-1)
        self._in_tail = False

    def run(self, container: InputContainer) -> None:
        start: Fraction | None = None
        for packet in container.demux(self._streams):
            if packet.size:
                self.packets += 1
                self._silent.setdefault(packet.stream_index, True)
                self._digests[packet.stream_index].update(packet)
                at = packet.pts if packet.pts is not None else packet.dts
                if at is not None and packet.time_base:
                    begin = at * packet.time_base
                    start = begin if start is None else min(start, begin)
                    self.end = max(self.end, begin + (packet.duration or 0) * packet.time_base - start)
            self._bad += packet.is_corrupt
            try:
                for frame in self._frames(packet):
                    self._take(packet.stream_index, frame)
            except FFmpegError as error:
                if isinstance(error, MemoryError):
                    raise
                self._bad += 1
        if any(self._silent.values()) or not self.packets or self._bad * _BAD_SHARE > self.packets:
            raise DamagedError(f"{self._bad} dari {self.packets} paket tidak terbaca")

    def _frames(self, packet: "av.Packet") -> Iterator[Any]:
        if not self._long or packet.stream.type != "video" or self._in_tail:
            yield from packet.decode()
            return
        at = packet.dts * packet.time_base if packet.dts is not None and packet.time_base else None
        if at is None or not packet.is_keyframe or at < min(self._next_key, self._tail):
            return
        self._next_key = at + self._spacing
        self._in_tail = at >= self._tail
        yield from packet.decode()
        if not self._in_tail:  # the decoder holds the frame back until the next one: flush it out, then start afresh
            context = packet.stream.codec_context
            yield from context.decode(None)
            context.flush_buffers()

    def _take(self, index: int, frame: Any) -> None:
        self._silent[index] = False
        if not isinstance(frame, av.VideoFrame):
            return
        self._bad += frame.is_corrupt
        self._size = self._size or (frame.width, frame.height, orientation(frame))
        at = Fraction(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base else Fraction(0)
        if frame.key_frame and at >= self._next_hash and len(self.hashes) < _HASHED:
            self._next_hash = at + self._hash_spacing
            self.hashes.append(dhash(frame.to_image(width=256, height=256), orientation(frame)))

    def digest(self) -> str:
        """SHA-256 over the SHA-256 of each stream's packets: the same in another container or with other tags."""
        return hashlib.sha256(b"".join(digest.digest() for digest in self._digests.values())).hexdigest()

    def picture_facts(self) -> dict[str, Any]:
        if not self._size:
            return {}
        width, height, turn = self._size
        if turn in {6, 8}:
            width, height = height, width
        return {"lebar_px": width, "tinggi_px": height, "orientasi": turn}


def _facts(container: InputContainer, video: "av.VideoStream | None", sound: "av.AudioStream | None") -> dict[str, Any]:
    tags: dict[str, str] = {}
    for holder in (sound, video, container):  # Ogg keeps its comments in the stream
        for key, value in (holder.metadata if holder else {}).items():
            if key.casefold() not in _MACHINERY and (text := clean(value)):
                tags[clean(key).casefold()] = text

    def tag(*names: str) -> str | None:
        return next((tags[name] for name in names if tags.get(name)), None)

    return {
        "laju_frame": float(video.average_rate) if video and video.average_rate else None,
        "kanal": count(sound.codec_context.channels) if sound else None,
        "frekuensi_hz": count(sound.codec_context.sample_rate) if sound else None,
        "ada_gps": any(_PLACE in key for key in tags),
        "diambil_pada_exif": tag("com.apple.quicktime.creationdate", "creation_time", "date"),
        "kredit_tertanam": tag("credit", "artist", "author", "copyright"),
        "keterangan_tertanam": tag("description", "comment", "title"),
        "metadata_tertanam": json.dumps(tags, ensure_ascii=False) if tags else None,
    }


def count(value: float | Fraction | None) -> int | None:
    """A whole number that fits every column, or None: headers claim anything."""
    return round(value) if value is not None and 0 <= value < _MAX_INT else None
