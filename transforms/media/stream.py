"""Facts of one video or sound file (runs in the sandbox, see decode.py)."""

import contextlib
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import FFmpegError

from transforms.media import ending, position
from transforms.media.decode import MAX_PIXELS, DamagedError, TooLargeError, UnsupportedError
from transforms.media.iptc import clean
from transforms.media.playback import Playback

# Type → FFmpeg's demuxer. Naming it keeps FFmpeg from guessing playlists, which open other files and addresses.
_DEMUXERS = {
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
SOUND_ONLY = {
    "video/mp4": "audio/mp4",
    "video/quicktime": "audio/mp4",
    "video/webm": "audio/webm",
    "video/x-matroska": "audio/x-matroska",
    "video/3gpp": "audio/3gpp",
}
"""Containers of a film that holds only sound → what it is then."""
_ATTACHED_PICTURE = 0x0400  # a cover, not a video
_SPACES = {1: "bt709", 5: "bt470bg", 6: "smpte170m", 9: "bt2020"}  # ISO/IEC 23091-2, matrix coefficients
_UNKNOWN = "TIDAK_DIKETAHUI"
_SLACK_S = Fraction(1, 10)
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
    """Facts of a video or sound; raises DamagedError, TooLargeError or UnsupportedError."""
    size = path.stat().st_size
    with path.open("rb") as file:
        ending.check(file, kind, size)
        promised = ending.xing_frames(file) if kind == "audio/mpeg" else None
    with opened(path, kind) as (container, video, sound):
        declared = Fraction(container.duration, av.time_base) if container.duration else None
        if kind == "audio/mpeg" and not promised:
            declared = None  # FFmpeg guesses it from the first frame's bit rate
        seen = Playback(video, sound, declared)
        seen.run(container)
        if promised and seen.packets < promised - 1:
            raise DamagedError(f"{seen.packets} dari {promised} bingkai MP3")
        if kind == "audio/flac" and declared and seen.end < declared - _SLACK_S:
            raise DamagedError(f"{float(seen.end):.1f} dari {float(declared):.1f} detik")
        main = video or sound
        assert main
        length = declared or seen.end
        told = _facts(container, video, sound)
        others = any(stream.type not in {"video", "audio"} for stream in container.streams)
        return told | {
            "ada_gps": told["ada_gps"] or position.of_stream(path, kind, others=others),
            "tipe_media": kind if video else SOUND_ONLY.get(kind, kind),
            "durasi_ms": count(length * 1000),
            "laju_bit": count(size * 8 / length) if length else None,
            "kodek": main.codec_context.codec.canonical_name,
            "sidik_piksel": seen.digest(),
            "dhash": seen.hashes or None,
            "kenyaringan_lufs": seen.loudness.lufs(),
            **seen.picture_facts(),
        }


@contextlib.contextmanager
def opened(path: Path, kind: str) -> Iterator[tuple[InputContainer, "av.VideoStream | None", "av.AudioStream | None"]]:
    """The container, its first video that is no cover picture, and its first sound, each decoding on one thread.

    What FFmpeg raises inside the block is damage: it reads through our file object, so a failing disk raises OSError.
    """
    try:
        with (
            path.open("rb") as file,
            av.open(file, "r", format=_DEMUXERS[kind], metadata_errors="replace") as container,
        ):
            yield container, *_main_streams(container)
    except MemoryError:
        raise
    except FFmpegError as error:
        raise DamagedError(f"{type(error).__name__}: {error.strerror}") from error


def _main_streams(container: InputContainer) -> _Streams:
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


def _facts(container: InputContainer, video: "av.VideoStream | None", sound: "av.AudioStream | None") -> dict[str, Any]:
    tags: dict[str, str] = {}
    for holder in (sound, video, container):  # Ogg keeps its comments in the stream
        for key, value in (holder.metadata if holder else {}).items():
            if key.casefold() not in _MACHINERY and (text := clean(value)):
                tags[clean(key).casefold()] = text

    public = {name: text for name, text in tags.items() if _PLACE not in name}

    def tag(*names: str) -> str | None:
        return next((tags[name] for name in names if tags.get(name)), None)

    return {
        "laju_frame": float(video.average_rate) if video and video.average_rate else None,
        "kanal": count(sound.codec_context.channels) if sound else None,
        "frekuensi_hz": count(sound.codec_context.sample_rate) if sound else None,
        "warna": _colour(video) if video else None,
        "ada_gps": any(_PLACE in key for key in tags),
        "diambil_pada_exif": tag("com.apple.quicktime.creationdate", "creation_time", "date"),
        "kredit_tertanam": tag("credit", "artist", "author", "copyright"),
        "keterangan_tertanam": tag("description", "comment", "title"),
        "asal_digital": "KAMERA" if tag("com.apple.quicktime.make", "com.android.manufacturer", "make") else _UNKNOWN,
        "metadata_tertanam": json.dumps(public, ensure_ascii=False) if public else None,
    }


def _colour(video: "av.VideoStream") -> str | None:
    """Pixel format, and the colour space where the stream names one: `yuv420p, bt709`."""
    context = video.codec_context
    return ", ".join(filter(None, (context.pix_fmt, _SPACES.get(context.colorspace)))) or None


def count(value: float | Fraction | None) -> int | None:
    """A whole number that fits every column, or None: headers claim anything."""
    return round(value) if value is not None and 0 <= value < _MAX_INT else None
