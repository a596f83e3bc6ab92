"""Real media made to order, for samples and tests: the same arguments give the same bytes.

Nothing here is a mock: the pictures carry real EXIF, IPTC-IIM and XMP, the videos and sounds come from real encoders.
"""

import io
import random
import zlib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from transforms.media.iptc import iim_block, xmp_packet

if TYPE_CHECKING:
    import av.container
    from av.audio.frame import AudioFrame
    from PIL import Image

PictureFormat = Literal["JPEG", "PNG", "WEBP", "GIF", "TIFF", "AVIF"]
VideoFormat = Literal["mp4", "mov", "webm", "avi"]
AudioCodec = Literal["mp3", "opus", "wav", "flac", "aac"]

_VIDEO = {  # container → video codec, its options, audio codec, sample rate
    "mp4": ("libx264", {"crf": "30", "preset": "veryfast"}, "aac", 44_100),
    "mov": ("libx264", {"crf": "30", "preset": "veryfast"}, "aac", 44_100),
    "webm": ("libvpx", {"crf": "30", "deadline": "realtime", "cpu-used": "8"}, "libopus", 48_000),
    "avi": ("mpeg4", {"qscale": "8"}, "libmp3lame", 44_100),
}
_AUDIO = {  # codec → container, encoder, sample rate, bits a second
    "mp3": ("mp3", "libmp3lame", 44_100, 96_000),
    "opus": ("ogg", "libopus", 48_000, 48_000),
    "wav": ("wav", "pcm_s16le", 8_000, None),
    "flac": ("flac", "flac", 8_000, None),
    "aac": ("ipod", "aac", 44_100, 96_000),
}
_NOTES_HZ = (293.66, 329.63, 392.0, 440.0, 523.25, 440.0, 392.0, 329.63)  # a pentatonic turn, four notes a second
_NOTES_A_SECOND = 4


def photo(
    width: int = 1200,
    height: int = 800,
    *,
    text: str,
    exif: Mapping[str, str] | None = None,
    gps: tuple[float, float] | None = None,
    iptc: Mapping[str, str] | None = None,
    xmp: Mapping[str, str] | None = None,
    orientation: int = 1,
    fmt: PictureFormat = "JPEG",
    quality: int = 80,
) -> bytes:
    """A street scene with `text` as its caption.

    exif: names of `PIL.ExifTags.Base`; iptc and xmp: names of `transforms.media.iptc.PROPERTIES`; gps: (lat, lon) in
    degrees. `width` and `height` are as seen; with `orientation` 2 to 8 the stored pixels are turned accordingly.
    IPTC-IIM goes into JPEG only, XMP into all but GIF; a TIFF with EXIF is uncompressed, so make it small.
    """
    from PIL import Image

    if (iptc and fmt != "JPEG") or (xmp and fmt == "GIF"):
        raise ValueError(f"{fmt} has no place for this metadata")
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # orientation → Image.Transpose that stores what is seen
    picture = _scene(width, height, text)
    if orientation != 1:
        picture = picture.transpose(Image.Transpose(undo[orientation]))
    options: dict[str, Any] = {"quality": quality} if fmt in {"JPEG", "WEBP", "AVIF"} else {}
    if tags := _exif(exif or {}, gps, orientation):
        options["exif"] = tags
    if xmp:
        packet = xmp_packet(xmp)
        options |= _xmp_options(packet, fmt)
    if fmt == "TIFF" and "exif" not in options:  # Pillow hands compression to libtiff, which writes no EXIF directory
        options["compression"] = "tiff_lzw"
    out = io.BytesIO()
    picture.save(out, fmt, **options)
    return _with_iim(out.getvalue(), iim_block(iptc)) if iptc else out.getvalue()


def _scene(width: int, height: int, text: str) -> "Image.Image":
    """Sky, hills, houses, a road with a patrol car, people, and a caption bar; varied by the text."""
    from PIL import Image, ImageDraw, ImageFont, ImageOps

    chance = random.Random(zlib.crc32(text.encode()))  # noqa: S311 (variety, not secrecy)
    sky = Image.linear_gradient("L").resize((width, height))
    tint = f"hsl({chance.randrange(190, 230)}, 60%, 45%)"
    picture = ImageOps.colorize(sky, tint, f"hsl({chance.randrange(20, 60)}, 70%, 85%)")
    draw = ImageDraw.Draw(picture)
    ground = height * 0.62
    for _ in range(4):
        left, span, rise = chance.uniform(-0.2, 0.8) * width, chance.uniform(0.4, 0.8) * width, chance.uniform(0.1, 0.3)
        peak = (left + span / 2, ground - rise * height)
        draw.polygon([(left, ground), peak, (left + span, ground)], f"hsl(150, 30%, {chance.randrange(25, 45)}%)")
    for slot in range(7):
        left, wide, tall = slot * width / 7, width / chance.uniform(8, 12), chance.uniform(0.12, 0.35) * height
        draw.rectangle((left, ground - tall, left + wide, ground), f"hsl(25, {chance.randrange(10, 50)}%, 60%)")
        for row in range(int(tall // (height * 0.06))):
            top = ground - tall + (row + 0.3) * height * 0.06
            draw.rectangle((left + wide * 0.2, top, left + wide * 0.8, top + height * 0.02), "#ffe9a8")
    draw.rectangle((0, ground, width, height), "#5a5d60")
    for dash in range(8):
        draw.rectangle(((dash + 0.2) * width / 8, height * 0.79, (dash + 0.7) * width / 8, height * 0.8), "#f4f1de")
    car = chance.uniform(0.1, 0.6) * width
    draw.rounded_rectangle((car, height * 0.66, car + width * 0.22, height * 0.76), height * 0.02, "#1b3a6b")
    draw.rectangle((car, height * 0.7, car + width * 0.22, height * 0.72), "#f2c14e")
    for wheel in (0.04, 0.16):
        at = car + wheel * width
        draw.ellipse((at, height * 0.74, at + height * 0.05, height * 0.79), "#202124")
    for _ in range(6):
        x, y, unit = chance.uniform(0.05, 0.95) * width, chance.uniform(0.68, 0.78) * height, height * 0.02
        draw.ellipse((x - unit / 2, y - unit * 3, x + unit / 2, y - unit * 2), "#c68a5e")
        draw.rectangle((x - unit / 2, y - unit * 2, x + unit / 2, y), f"hsl({chance.randrange(360)}, 40%, 35%)")
    draw.rectangle((0, height * 0.9, width, height), "#101418")
    font = ImageFont.load_default(max(8, height * 0.045))
    draw.text((width * 0.02, height * 0.95), text, "white", font, anchor="lm")
    return picture


def _exif(tags: Mapping[str, str], gps: tuple[float, float] | None, orientation: int) -> bytes:
    from PIL import ExifTags, Image

    exif = Image.Exif()
    in_main = {"ImageDescription", "Make", "Model", "Software", "Artist", "Copyright", "DateTime", "HostComputer"}
    for name, value in tags.items():
        number = ExifTags.Base[name]
        place = exif if name in in_main else exif.get_ifd(ExifTags.IFD.Exif)
        place[number] = value if value.isascii() else value.encode()  # UTF-8, as cameras and editors do
    if orientation != 1:
        exif[ExifTags.Base.Orientation] = orientation
    if gps:
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        for value, (name, signs) in zip(gps, (("Latitude", "NS"), ("Longitude", "EW")), strict=True):
            place[ExifTags.GPS[f"GPS{name}Ref"]] = signs[value < 0]
            place[ExifTags.GPS[f"GPS{name}"]] = _degrees(abs(value))
    return exif.tobytes() if tags or gps or orientation != 1 else b""


def _degrees(value: float) -> tuple[Fraction, Fraction, Fraction]:
    seconds = Fraction(round(value * 360_000), 100)
    return Fraction(seconds // 3600), Fraction(seconds % 3600 // 60), seconds % 60


def _xmp_options(packet: bytes, fmt: PictureFormat) -> dict[str, Any]:
    from PIL.PngImagePlugin import PngInfo

    if fmt == "PNG":
        chunks = PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", packet.decode())
        return {"pnginfo": chunks}
    return {"tiffinfo": {700: packet}} if fmt == "TIFF" else {"xmp": packet}


def _with_iim(jpeg: bytes, block: bytes) -> bytes:
    """Put the IIM block into an APP13 segment right after the JPEG's start marker, as Photoshop does."""
    resource = b"8BIM\x04\x04\0\0" + len(block).to_bytes(4, "big") + block + b"\0" * (len(block) % 2)
    payload = b"Photoshop 3.0\0" + resource
    return jpeg[:2] + b"\xff\xed" + (len(payload) + 2).to_bytes(2, "big") + payload + jpeg[2:]


def video(
    seconds: float = 2,
    width: int = 640,
    height: int = 360,
    fps: int = 25,
    *,
    text: str,
    fmt: VideoFormat = "mp4",
    rotation: int = 0,
    tags: Mapping[str, str] | None = None,
) -> bytes:
    """The scene with a car-sized disc driving through it, and the melody. `tags`: container metadata, as FFmpeg names.

    `rotation`: degrees counter-clockwise a player has to turn the stored picture by, as phones write it.
    """
    import av
    from PIL import ImageDraw

    codec, options, audio_codec, rate = _VIDEO[fmt]
    scene = _scene(width, height, text)
    out = io.BytesIO()
    with av.open(out, "w", format=fmt) as container:
        _sign(container, tags or {})
        picture = container.add_stream(codec, rate=fps, options=options)
        sound = container.add_stream(audio_codec, rate=rate, layout="mono")
        assert isinstance(picture, av.VideoStream)
        assert isinstance(sound, av.AudioStream)
        picture.width, picture.height, picture.pix_fmt = width, height, "yuv420p"
        picture.codec_context.thread_count = 1  # more threads cut the picture into slices: other bytes
        if rotation:
            picture.set_display_rotation(rotation)
        for number in range(round(seconds * fps)):
            still = scene.copy()
            at, radius = width * number / (seconds * fps), height * 0.06
            ImageDraw.Draw(still).ellipse((at, height * 0.68, at + 2 * radius, height * 0.68 + 2 * radius), "#d1495b")
            container.mux(picture.encode(av.VideoFrame.from_image(still)))
        container.mux(picture.encode(None))
        for frame in _melody(seconds, rate):
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return out.getvalue()


def audio(seconds: float = 2, codec: AudioCodec = "mp3", *, tags: Mapping[str, str] | None = None) -> bytes:
    """A plucked melody, mono; Opus comes in Ogg, AAC in M4A. WAV and FLAC have 8 kHz to stay small."""
    import av

    fmt, encoder, rate, bits = _AUDIO[codec]
    out = io.BytesIO()
    with av.open(out, "w", format=fmt) as container:
        _sign(container, tags or {})
        stream = container.add_stream(encoder, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if bits:
            stream.bit_rate = bits
        for frame in _melody(seconds, rate):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def _sign(container: "av.container.OutputContainer", tags: Mapping[str, str]) -> None:
    from av.container import Flags

    container.flags |= Flags.bitexact.value  # no encoder names, no random serial numbers
    container.metadata.update(tags)


def _melody(seconds: float, rate: int) -> Iterator["AudioFrame"]:
    import av
    import numpy as np

    at = np.arange(round(seconds * rate)) / rate
    note = (at * _NOTES_A_SECOND).astype(int)
    pitch = np.array(_NOTES_HZ)[note % len(_NOTES_HZ)]
    pluck = np.exp(-6 * (at - note / _NOTES_A_SECOND))
    wave = pluck * (np.sin(2 * np.pi * pitch * at) + 0.3 * np.sin(4 * np.pi * pitch * at))
    samples = (wave * 0.5 * 32_767 / 1.3).astype(np.int16)
    for start in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, start : start + 1024], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        yield frame
