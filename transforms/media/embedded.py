"""What a picture says about itself: EXIF, IPTC-IIM and XMP merged into the IPTC core, with their conflicts."""

import hashlib
import struct
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from xml.etree import ElementTree

from transforms.media.iptc import PROPERTIES, Values, clean, decoded, read_iim, read_xmp

if TYPE_CHECKING:
    from PIL import Image

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_MAKE, _ORIENTATION, _SOFTWARE, _DATE_TIME_ORIGINAL, _OFFSET_ORIGINAL = 0x010F, 0x0112, 0x0131, 0x9003, 0x9011
_GPS_LATITUDE, _GPS_LONGITUDE = 2, 4
_PHOTOSHOP_IIM, _PHOTOSHOP_IIM_DIGEST, _TIFF_IIM = 0x0404, 0x0425, 0x83BB
_SHORTEST_IIM_LIMIT = 32  # bytes: IIM cuts a by-line, city or credit here, so a longer text elsewhere is no conflict
_EDITORS = ("photoshop", "lightroom", "gimp", "snapseed", "picsart", "canva", "pixelmator", "affinity", "capture one")

# What Pillow and ElementTree raise over a block that is damaged; the picture around it may be perfect.
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, SyntaxError, struct.error, ElementTree.ParseError)

_Block = TypeVar("_Block", bound=dict[Any, Any])


@dataclass(frozen=True)
class Embedded:
    """core: property → values of the winning block; conflicts: property → block → what it says.

    `taken` is DateTimeOriginal as found; `orientation` is EXIF's 1 to 8; `unreadable` names damaged blocks.
    """

    core: Values
    conflicts: Mapping[str, Mapping[str, str]]
    orientation: int | None
    gps: bool
    taken: str | None
    make: str | None
    software: str | None
    unreadable: tuple[str, ...]

    def first(self, name: str) -> str | None:
        """The property as one text, several values joined with "; "."""
        return "; ".join(self.core[name]) if name in self.core else None


def read(image: "Image.Image") -> Embedded:
    """Never raises over what it finds. XMP wins over IIM, unless its digest says IIM was edited later; EXIF is last."""
    unreadable: list[str] = []

    def attempt(name: str, parse: Callable[[], _Block], empty: _Block) -> _Block:
        try:
            return parse()
        except _UNREADABLE:
            unreadable.append(name)
            return empty

    packet = _xmp_packet(image)
    iim, digest = _iim_block(image)
    tags = attempt("exif", lambda: _exif_tags(image), {})
    blocks = {
        "xmp": attempt("xmp", lambda: read_xmp(packet), {}),
        "iim": attempt("iim", lambda: read_iim(iim), {}),
        "exif": _exif_values(tags),
    }
    if digest and digest != hashlib.md5(iim, usedforsecurity=False).digest():
        blocks = {name: blocks[name] for name in ("iim", "xmp", "exif")}
    core, conflicts = _merge(blocks)
    orientation = tags.get(_ORIENTATION)
    return Embedded(
        core=core,
        conflicts=conflicts,
        orientation=orientation if orientation in range(1, 9) else None,
        gps=bool(tags.get("gps")) or b"GPSLatitude" in packet,
        taken=_text(tags.get(_DATE_TIME_ORIGINAL)),
        make=_text(tags.get(_MAKE)),
        software=_text(tags.get(_SOFTWARE)),
        unreadable=tuple(unreadable),
    )


def origin(embedded: Embedded) -> str:
    """KAMERA, SUNTINGAN, AI or TIDAK_DIKETAHUI, as the picture itself claims: nothing here is signed.

    The IPTC digital source type decides where there is one (https://cv.iptc.org/newscodes/digitalsourcetype/).
    """
    kind = (embedded.first("sumber_digital") or "").rpartition("/")[2].casefold()
    if kind:
        if "algorithmic" in kind:
            return "AI"
        return "KAMERA" if kind in {"digitalcapture", "computationalcapture"} else "SUNTINGAN"
    if any(name in (embedded.software or "").casefold() for name in _EDITORS):
        return "SUNTINGAN"
    return "KAMERA" if embedded.make else "TIDAK_DIKETAHUI"


def _merge(blocks: Mapping[str, Values]) -> tuple[Values, dict[str, dict[str, str]]]:
    core: Values = {}
    conflicts: dict[str, dict[str, str]] = {}
    for name in PROPERTIES:
        said = {block: values[name] for block, values in blocks.items() if name in values}
        if not said:
            continue
        core[name] = next(iter(said.values()))
        texts = {block: "; ".join(values) for block, values in said.items()}
        if not all(_agree(name, "; ".join(core[name]), text) for text in texts.values()):
            conflicts[name] = texts
    return core, conflicts


def _agree(name: str, one: str, other: str) -> bool:
    short, long = sorted((_fold(one), _fold(other)), key=len)
    if name == "diambil_pada":  # a day agrees with an instant on that day, a local time with the same time and a zone
        return long.startswith(short)
    return short == long or (len(short.encode()) >= _SHORTEST_IIM_LIMIT - 1 and long.startswith(short))


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _iim_block(image: "Image.Image") -> tuple[bytes, bytes | None]:
    """The IIM block of a JPEG's APP13 segment or a TIFF's tag, and the digest Photoshop made of it."""
    resources = image.info.get("photoshop")
    if isinstance(resources, dict):
        return resources.get(_PHOTOSHOP_IIM, b""), resources.get(_PHOTOSHOP_IIM_DIGEST)
    raw = getattr(image, "tag_v2", {}).get(_TIFF_IIM, b"")
    return (raw if isinstance(raw, bytes) else b""), None


def _xmp_packet(image: "Image.Image") -> bytes:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    return packet.encode(errors="replace") if isinstance(packet, str) else packet


def _exif_tags(image: "Image.Image") -> dict[int | str, Any]:
    """Tags of the main and the EXIF directory by number, and "gps": is there a position?"""
    main = image.getexif()
    position = main.get_ifd(_GPS_IFD)
    gps = _GPS_LATITUDE in position and _GPS_LONGITUDE in position
    return {**main, **main.get_ifd(_EXIF_IFD), "gps": gps}


def _exif_values(tags: Mapping[int | str, Any]) -> Values:
    places = {name: place.exif for name, place in PROPERTIES.items() if place.exif}
    values = {name: [text] for name, tag in places.items() if (text := _text(tags.get(tag)))}
    if "diambil_pada" in values:  # "2026:11:20 09:15:00" and "+07:00" → ISO 8601
        day, _, time = values["diambil_pada"][0].partition(" ")
        zone = _text(tags.get(_OFFSET_ORIGINAL)) or ""
        values["diambil_pada"] = [day.replace(":", "-") + (f"T{time}{zone}" if time else "")]
    return values


def _text(value: Any) -> str | None:
    """A tag as text. EXIF promises ASCII; what is written is UTF-8 or Windows-1252, which Pillow gives as Latin-1."""
    if value is None:
        return None
    if isinstance(value, str) and all(ord(char) < 0x100 for char in value):
        value = value.encode("latin-1")
    return clean(decoded(value) if isinstance(value, bytes) else str(value)) or None
