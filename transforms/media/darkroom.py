"""What the child of `rendition.render` does with one file: decode it and encode small public copies afresh.

Nothing of the original's metadata can come along: every copy starts from bare pixels or samples, and gets the credit
and rights it is given, nothing else.
"""

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageDraw

from transforms.media.blur import Region, blurred
from transforms.media.decode import PICTURES, STREAMS, attempt, media_type
from transforms.media.iptc import xmp_packet
from transforms.media.picture import check_size, eight_bits, open_picture, stored_orientation, upright

_WEB_PX, _THUMBNAIL_PX = 1600, 400
_POSTER_PX = 1280
_WAVE_SIZE, _WAVE_BAR_PX, _WAVE_COLOUR = (1200, 240), 4, "#1b3a6b"

Copy = dict[str, Any]


def develop(job: Mapping[str, Any]) -> dict[str, Any]:
    """{"berkas": path, "hak": {IPTC name: text}, "kabur": regions} → {"hasil": copies}, or `galat`.

    `isi` of a copy is base64.
    """
    path, hidden = Path(job["berkas"]), job["kabur"]
    kind = media_type(path)

    def copies() -> dict[str, Any]:
        if kind in PICTURES:
            return {"hasil": list(_of_picture(path, kind, job["hak"], hidden))}
        if kind in STREAMS:
            return {"hasil": list(_of_stream(path, kind, job["hak"], hidden))}
        return {"hasil": []}

    return attempt(path, copies)


def _of_picture(path: Path, kind: str, rights: Mapping[str, str], hidden: Sequence[Region]) -> Iterator[Copy]:
    with open_picture(path, kind) as image:
        check_size(image)
        scale = min(1.0, _WEB_PX / max(image.size))
        image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
        image.load()
        orientation = stored_orientation(image)
        small = _plain(_fit(eight_bits(image), _WEB_PX))
        if small.mode == "RGBA":  # JPEG has no transparency
            small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small).convert("RGB")
        web = blurred(upright(small, orientation), hidden)
    yield _still("web", web, "JPEG", rights)
    yield _still("kecil", _fit(web, _THUMBNAIL_PX), "WEBP", rights)


def _fit(image: Image.Image, longest: int) -> Image.Image:
    """A copy at most `longest` pixels wide and high; never enlarged."""
    scale = min(1.0, longest / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if image.mode in {"P", "1", "PA"}:  # colour numbers cannot be averaged
        image = image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def _plain(image: Image.Image) -> Image.Image:
    """RGB or RGBA in sRGB: the colour profile does not travel with the copy, so its colours are converted."""
    profile = image.info.get("icc_profile")
    has_alpha = image.mode in {"RGBA", "LA", "La", "RGBa"} or "transparency" in image.info
    if profile and image.mode in {"RGB", "CMYK", "L"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            converted = None  # a damaged profile: browsers ignore it too
        if converted:
            return converted
    return image.convert("RGBA" if has_alpha else "RGB")


def _still(role: str, image: Image.Image, fmt: str, rights: Mapping[str, str]) -> Copy:
    image = image.copy()
    image.info = {}  # Pillow's writers take comments, profiles and resolutions from here
    out = io.BytesIO()
    options: dict[str, Any] = {"xmp": xmp_packet(rights)} if rights and fmt != "PNG" else {}
    if fmt == "JPEG":
        options |= {"quality": 82, "optimize": True}
    elif fmt == "WEBP":
        options |= {"quality": 75}
    image.save(out, fmt, **options)
    return _copy(role, f"image/{fmt.lower()}", out.getvalue(), lebar_px=image.width, tinggi_px=image.height)


def _copy(role: str, kind: str, data: bytes, **facts: int) -> Copy:
    return {"peran": role, "tipe_media": kind, "isi": base64.b64encode(data).decode(), **facts}


def _of_stream(path: Path, kind: str, rights: Mapping[str, str], hidden: Sequence[Region]) -> Iterator[Copy]:
    """A video's poster and preview, or a sound's waveform and web copy."""
    from transforms.media import remix
    from transforms.media.stream import opened

    with opened(path, kind) as (container, video, sound):
        if video:
            poster, data, facts = remix.preview(container, video, sound, rights, hidden)
            yield _still("poster", _fit(poster, _POSTER_PX), "JPEG", rights)
            yield _copy("pratinjau", "video/mp4", data, **facts)
        elif sound:
            data, peaks, milliseconds = remix.web_sound(container, sound, rights)
            yield _still("gelombang", _waveform(peaks), "PNG", {})
            yield _copy("dengar", "audio/mpeg", data, durasi_ms=milliseconds)


def _waveform(peaks: Sequence[int]) -> Image.Image:
    """Bars around a middle line; `peaks` are loudest samples of equal stretches, 0 to 32,767, scaled to the loudest."""
    width, height = _WAVE_SIZE
    picture = Image.new("RGB", _WAVE_SIZE, "white")
    draw = ImageDraw.Draw(picture)
    bars = width // _WAVE_BAR_PX
    loudest = max(peaks, default=0) or 1
    for bar in range(bars):
        stretch = peaks[bar * len(peaks) // bars : max(bar * len(peaks) // bars + 1, (bar + 1) * len(peaks) // bars)]
        half = max(1, round(max(stretch, default=0) / loudest * (height / 2 - 4)))
        left = bar * _WAVE_BAR_PX
        draw.rectangle((left, height // 2 - half, left + _WAVE_BAR_PX - 2, height // 2 + half), _WAVE_COLOUR)
    return picture
