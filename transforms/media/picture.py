"""One picture, opened and decoded in full (runs in the sandbox, see decode.py)."""

import hashlib
import importlib
import io
import json
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageCms

from transforms.media import embedded, position
from transforms.media.decode import MAX_PIXELS, TooLargeError
from transforms.media.iptc import clean
from transforms.media.scan import segments

# Type → Pillow's plugin. Naming it keeps Pillow from trying its forty others, some of which call other programs.
_PLUGINS = {
    "image/jpeg": "Jpeg",
    "image/png": "Png",
    "image/webp": "WebP",
    "image/gif": "Gif",
    "image/tiff": "Tiff",
    "image/avif": "Avif",
    "image/heic": "Heif",
}
_BAND = 256  # rows hashed at a time: the bytes of a whole 200 MP picture would be copied otherwise
_DHASH = (9, 8)
_DRAFT = (256, 256)  # enough for the perceptual hash; libjpeg then skips most of the arithmetic but reads every byte
_TURNED = frozenset({5, 6, 7, 8})  # EXIF orientations that swap width and height
_UPRIGHT = {  # EXIF orientation → how to turn the stored pixels (CIPA DC-008, Orientation)
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Image.MAX_IMAGE_PIXELS = None  # `check_size` is our own, an error instead of a warning


def read(path: Path, kind: str) -> dict[str, Any]:
    """Facts of a picture after decoding every frame.

    Finds files that end early or whose compressed data cannot be decoded. Misses flipped bits that still decode: JPEG
    has no checksum (PNG has), and a JPEG that lacks only its last bytes may lose nothing visible.
    """
    if kind == "image/png":
        with open_picture(path, kind) as image:
            image.verify()  # chunk checksums, which decoding passes over
    with open_picture(path, kind) as image:
        check_size(image)
        width, height = image.size
        colour = _colour(image)
        carried_out = _carried_out(image, kind)
        if kind == "image/jpeg":
            image.draft("L", _DRAFT)
            image.load()
            pixels = jpeg_digest(path.read_bytes())
        else:
            pixels = _pixel_digest(image)
            image.seek(0)
        said = embedded.read(image)
        hashed = dhash(image, said.orientation)
    if said.orientation in _TURNED:
        width, height = height, width
    return {
        "lebar_px": width,
        "tinggi_px": height,
        "orientasi": carried_out or said.orientation,
        "warna": colour,
        "ada_gps": said.gps or position.of_picture(path, kind),
        "diambil_pada_exif": said.taken,
        "kredit_tertanam": said.first("kredit") or said.first("pembuat"),
        "keterangan_tertanam": said.first("keterangan"),
        "asal_digital": embedded.origin(said),
        "metadata_tertanam": json.dumps(said.core, ensure_ascii=False) if said.core else None,
        "metadata_bentrok": json.dumps(said.conflicts, ensure_ascii=False) if said.conflicts else None,
        "sidik_piksel": pixels,
        "dhash": [hashed],
        "galat_rinci": f"metadata tidak terbaca: {', '.join(said.unreadable)}" if said.unreadable else None,
    }


def open_picture(path: Path, kind: str) -> Image.Image:
    """Open by type; nothing is decoded yet. A HEIC comes upright: its reader carries out the turns it asks for."""
    if kind == "image/heic":
        import pi_heif

        pi_heif.options.DECODE_THREADS = 1
        pi_heif.register_heif_opener()
    else:
        importlib.import_module(f"PIL.{_PLUGINS[kind]}ImagePlugin")
    return Image.open(path, formats=[_PLUGINS[kind].upper()])


def _colour(image: Image.Image) -> str:
    """Pillow's mode, and the name of the colour profile where there is one: `RGB, Display P3`."""
    profile = image.info.get("icc_profile")
    if not profile:
        return image.mode
    try:
        name = clean(ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))))
    except (ImageCms.PyCMSError, OSError):
        name = "profil rusak"  # browsers ignore it too
    return f"{image.mode}, {name}"


def check_size(image: Image.Image) -> None:
    """Raise TooLargeError before anything of that size is allocated."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise TooLargeError(f"{width} x {height} piksel, paling banyak {MAX_PIXELS}")


def _carried_out(image: Image.Image, kind: str) -> int | None:
    """EXIF's 2 to 8 where the reader itself turns, TIFF's as it decodes: afterwards the picture says it no more."""
    said = image.info.get("original_orientation") if kind == "image/heic" else None
    if kind == "image/tiff":
        said = image.getexif().get(ExifTags.Base.Orientation)
    return said if said in range(2, 9) else None


def stored_orientation(image: Image.Image) -> int | None:
    """EXIF's 1 to 8, or None where the picture does not say."""
    return embedded.read(image).orientation


def eight_bits(image: Image.Image) -> Image.Image:
    """Grey of more than eight bits as grey of eight; Pillow itself would cut it off at 255, or at 1 make it black.

    16 bits keep their range. Larger and broken numbers have none of their own: what lies in 0 to 1, 255 or 65,535 is
    of that range, everything else is spread from its darkest to its lightest.
    """
    if image.mode not in {"I", "F"} and not image.mode.startswith("I;16"):
        return image
    wide = image if image.mode == "F" else image.convert("I")
    low, high = wide.getextrema()
    assert isinstance(low, float | int)
    assert isinstance(high, float | int)
    ranges = ([1] if wide.mode == "F" else []) + [255, 65_535]
    fitting = next((top for top in ranges if low >= 0 and high <= top), None)
    if image.mode.startswith("I;16"):
        fitting = 65_535
    begin, span = (0, fitting) if fitting else (low, (high - low) or 1)
    scale, offset = 255 / span, -255 * begin / span
    grey = wide.convert("F").point(lambda value: value * scale + offset).convert("L")
    grey.info.pop("transparency", None)  # one of the numbers that are gone
    return grey


def upright(image: Image.Image, orientation: int | None) -> Image.Image:
    """The picture as it is meant to be seen."""
    turn = _UPRIGHT.get(orientation or 1)
    return image if turn is None else image.transpose(turn)


def jpeg_digest(data: bytes) -> str:
    """SHA-256 of a JPEG without its APPn and COM segments, in hex: what stays the same when only metadata changes.

    Not of the decoded pixels: those differ in the last bit from one libjpeg to the next, and a lake outlives both.
    """
    digest = hashlib.sha256()
    for marker, start, end in segments(data):
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            digest.update(data[start:end])
    return digest.hexdigest()


def _pixel_digest(image: Image.Image) -> str:
    """SHA-256 over mode, size and pixels of every frame."""
    digest = hashlib.sha256()
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        check_size(image)
        image.load()
        digest.update(f"{image.mode} {image.size}".encode())
        for top in range(0, image.height, _BAND):
            digest.update(image.crop((0, top, image.width, min(top + _BAND, image.height))).tobytes())
    return digest.hexdigest()


def dhash(image: Image.Image, orientation: int | None = None) -> int:
    """64-bit difference hash of the picture as seen, as a signed integer: near-duplicates differ in a few bits.

    Each bit says whether brightness falls from one of 9 x 8 cells to its right neighbour.
    """
    small = eight_bits(image).convert("L").resize((72, 72), Image.Resampling.BOX)  # divides by 8 and 9, either way up
    cells = upright(small, orientation).resize(_DHASH, Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            bits = bits << 1 | (cells[row * 9 + column] > cells[row * 9 + column + 1])
    return bits - (1 << 64) if bits >> 63 else bits
