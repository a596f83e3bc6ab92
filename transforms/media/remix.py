"""Short public copies of videos and sounds, encoded afresh (runs in the sandbox, see darkroom.py).

Timestamps are counted anew and no side data is passed on, so captions, positions and clocks stay behind.
"""

import io
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.video.reformatter import VideoReformatter
from PIL import Image

from transforms.media.blur import Region, blurred
from transforms.media.decode import DamagedError
from transforms.media.picture import upright
from transforms.media.playback import frames, orientation

_POSTER_AT_S = 1  # many videos begin in black
_PREVIEW_PX, _PREVIEW_S, _PREVIEW_FPS = 640, 8, 30
_X264 = {"crf": "28", "preset": "veryfast", "profile": "main", "a53cc": "0"}
_SOUND_HZ, _SOUND_BITS = 44_100, 96_000
_LONG_S, _LONG_BITS = 90 * 60, 40_000
_PEAK = 441  # samples: one peak for each hundredth of a second
_TAGS = {"kredit": "artist", "hak_cipta": "copyright", "ketentuan_pakai": "comment"}  # IPTC name → FFmpeg's


def preview(
    container: InputContainer,
    video: "av.VideoStream",
    sound: "av.AudioStream | None",
    rights: Mapping[str, str],
    hidden: Sequence[Region] = (),
) -> tuple[Image.Image, bytes, dict[str, int]]:
    """The frame at one second, upright; the first seconds as H.264 and AAC; and the preview's size and length.

    The regions to be `hidden` are the same all the way through.
    """
    out = io.BytesIO()
    poster: av.VideoFrame | None = None
    with av.open(out, "w", format="mp4") as copy:
        _sign(copy, rights)
        picture = _PictureTrack(copy, video, hidden)
        heard = _SoundTrack(copy, "aac", sound) if sound else None
        start = float((video.start_time or 0) * (video.time_base or 0))
        for frame in frames(container, video, sound):
            at = (frame.time or 0.0) - start
            if at > _PREVIEW_S:
                break
            if isinstance(frame, av.VideoFrame):
                if poster is None or at <= _POSTER_AT_S:
                    poster = frame
                picture.add(frame, at)
            elif heard:
                heard.add(frame)
        if poster is None:
            raise DamagedError("tidak ada gambar dalam detik-detik pertama")
        picture.finish()
        if heard:
            heard.finish()
    facts = {"lebar_px": picture.size[0], "tinggi_px": picture.size[1], "durasi_ms": picture.milliseconds}
    return blurred(upright(poster.to_image(), orientation(poster)), hidden), out.getvalue(), facts


def web_sound(
    container: InputContainer, sound: "av.AudioStream", rights: Mapping[str, str]
) -> tuple[bytes, list[int], int]:
    """The whole sound as MP3, its peaks (0 to 32,767 for each hundredth of a second), and its length in ms.

    Above an hour and a half it is speech: fewer bits, one channel, so that five hours still fit into an answer.
    """
    import numpy as np

    out = io.BytesIO()
    peaks: list[int] = []
    listener = av.AudioResampler("s16", "mono", _SOUND_HZ, frame_size=_PEAK)
    with av.open(out, "w", format="mp3") as copy:
        _sign(copy, rights)
        track = _SoundTrack(copy, "libmp3lame", sound, long=(container.duration or 0) > _LONG_S * av.time_base)
        for frame in frames(container, sound):
            track.add(frame)
            for piece in listener.resample(frame):
                peaks.append(int(np.abs(piece.to_ndarray().astype(np.int32)).max(initial=0)))
        track.finish()
    return out.getvalue(), [min(peak, 32_767) for peak in peaks], track.milliseconds


class _PictureTrack:
    """H.264 of at most 640 pixels and 30 frames a second, with the turn of the original carried out."""

    def __init__(self, copy: OutputContainer, original: "av.VideoStream", hidden: Sequence[Region]) -> None:
        self._copy, self._hidden, self._scaler = copy, hidden, VideoReformatter()
        self._rate = min(Fraction(original.average_rate or _PREVIEW_FPS), Fraction(_PREVIEW_FPS))
        stream = copy.add_stream("libx264", rate=self._rate, options=_X264)
        assert isinstance(stream, av.VideoStream)
        self._stream = stream
        stream.codec_context.thread_count = 1
        stream.pix_fmt = "yuv420p"
        self.size = (0, 0)
        self._last = -1

    def add(self, frame: "av.VideoFrame", at: float) -> None:
        number = round(at * self._rate)
        if number <= self._last:
            return
        turn = orientation(frame)
        if self._last < 0:
            scale = min(1.0, _PREVIEW_PX / max(frame.width, frame.height))
            seen = (frame.height, frame.width) if turn in {6, 8} else (frame.width, frame.height)
            width, height = (max(2, round(side * scale / 2) * 2) for side in seen)  # H.264 4:2:0 wants even sides
            self.size = (width, height)
            self._stream.width, self._stream.height = self.size
        self._last = number
        if turn == 1 and not self._hidden:
            bare = self._scaler.reformat(frame, *self.size, format="yuv420p", threads=1)
            bare = av.VideoFrame.from_ndarray(bare.to_ndarray(), format="yuv420p")
        else:
            bare = av.VideoFrame.from_image(blurred(upright(frame.to_image(), turn).resize(self.size), self._hidden))
        bare.pts, bare.time_base = number, 1 / self._rate
        self._copy.mux(self._stream.encode(bare))

    def finish(self) -> None:
        self._copy.mux(self._stream.encode(None))

    @property
    def milliseconds(self) -> int:
        return round((self._last + 1) * 1000 / self._rate)


class _SoundTrack:
    """At most two channels, 44.1 kHz, 96 kbit/s; a `long` one in one channel, 40 kbit/s."""

    def __init__(self, copy: OutputContainer, encoder: str, original: "av.AudioStream", *, long: bool = False) -> None:
        layout = "mono" if long or original.codec_context.channels == 1 else "stereo"
        stream = copy.add_stream(encoder, rate=_SOUND_HZ, layout=layout)
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = _LONG_BITS if long else _SOUND_BITS
        self._copy, self._stream = copy, stream
        self._resampler = av.AudioResampler(stream.codec_context.format, layout, _SOUND_HZ)
        self._samples = 0

    def add(self, frame: "av.AudioFrame | None") -> None:
        for piece in self._resampler.resample(frame):
            piece.pts, piece.time_base = self._samples, Fraction(1, _SOUND_HZ)
            self._samples += piece.samples
            self._copy.mux(self._stream.encode(piece))

    def finish(self) -> None:
        self.add(None)
        self._copy.mux(self._stream.encode(None))

    @property
    def milliseconds(self) -> int:
        return round(self._samples * 1000 / _SOUND_HZ)


def _sign(copy: OutputContainer, rights: Mapping[str, str]) -> None:
    from av.container import Flags

    copy.flags |= Flags.bitexact.value  # neither clock nor encoder version: the same input gives the same bytes
    tags: dict[str, Any] = {_TAGS[name]: text for name, text in rights.items() if name in _TAGS}
    copy.metadata.update(tags)
