"""What the child of `media.probe` does with one file: find its type by content, hand it to the reader for that type.

Runs in a sandbox, so a decoder may hang, crash or eat memory here. Imports stay inside functions: a child that only
sees photos never loads FFmpeg.
"""

import errno
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transforms.media.iptc import clean
from transforms.sandbox import WEATHER

MAX_PIXELS = 200_000_000  # the largest phone sensors of today; a forged header claims billions

PICTURES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/avif", "image/heic"})
STREAMS = frozenset(
    {
        *("video/mp4", "video/quicktime", "video/webm", "video/x-matroska", "video/x-msvideo", "video/3gpp"),
        *("audio/mpeg", "audio/mp4", "audio/wav", "audio/flac", "audio/ogg"),
    }
)
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_SPELLINGS = {  # libmagic's → IANA's
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-m4a": "audio/mp4",
    "audio/x-flac": "audio/flac",
    "video/x-m4v": "video/mp4",
    "image/heif": "image/heic",
}
DOCX_PART = re.compile(rb"word/document\d*\.xml")
_ZIP_HEAD = 1 << 16


class DamagedError(Exception):
    """The bytes are not what their type promises."""


# What Pillow and zipfile raise over damaged bytes, beside OSError. Anything else ends the child.
_DAMAGE = (
    *(DamagedError, ValueError, SyntaxError, EOFError, KeyError, IndexError, OverflowError, RuntimeError),
    *(struct.error, zlib.error, zipfile.BadZipFile),
)


class TooLargeError(Exception):
    """Honest decoding would need more than we give."""


class UnsupportedError(Exception):
    """A known type around something we cannot decode."""


def facts(job: dict[str, str]) -> dict[str, Any]:
    """{"berkas": path} → the columns of `media.FACTS` that are known. Only files that cannot be read at all raise."""
    path = Path(job["berkas"])
    size = path.stat().st_size
    if size == 0:
        return {"ukuran_byte": 0, "galat": "BERKAS_KOSONG"}
    kind = media_type(path)
    return {"ukuran_byte": size, "tipe_media": kind} | attempt(path, lambda: _read(path, kind))


def attempt(path: Path, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `read` finds out, or `galat` and `galat_rinci`. MemoryError, bugs and weather pass through."""
    try:
        return read()
    except TooLargeError as error:
        return {"galat": "BERKAS_TERLALU_BESAR", "galat_rinci": str(error)}
    except UnsupportedError as error:
        return {"galat": "TIPE_TIDAK_DIDUKUNG", "galat_rinci": str(error)}
    except OSError as error:
        if error.errno in WEATHER:
            raise
        if error.errno == errno.ENOMEM:
            return {"galat": "BERKAS_TERLALU_BESAR", "galat_rinci": str(error)}
        return _damage(path, error)
    except _DAMAGE as error:
        return _damage(path, error)


def _damage(path: Path, error: Exception) -> dict[str, Any]:
    kind = "" if isinstance(error, DamagedError) else f"{type(error).__name__}: "
    detail = clean(f"{kind}{error}".replace(str(path), path.name))
    return {"galat": "BERKAS_RUSAK", "galat_rinci": detail[:500]}


def media_type(path: Path) -> str:
    """The MIME type by content. The name is never looked at: an HTML page called foto.jpg is text/html."""
    import pylibmagic  # noqa: F401  # isort: skip (brings the library and its database; magic looks for them on import)
    import magic

    kind = magic.from_file(str(path), mime=True)
    if kind in {"application/zip", "application/octet-stream"} and _is_docx(path):  # depends on the order of its parts
        return DOCX
    return _SPELLINGS.get(kind, kind)


def _is_docx(path: Path) -> bool:
    """By the first local headers, which a truncated archive still has."""
    with path.open("rb") as file:
        head = file.read(_ZIP_HEAD)
    return head.startswith(b"PK\x03\x04") and DOCX_PART.search(head) is not None


def _read(path: Path, kind: str) -> dict[str, Any]:
    from transforms.media import provenance

    if kind in PICTURES:
        from transforms.media import picture

        return picture.read(path, kind) | provenance.read(path, kind)
    if kind in STREAMS:
        from transforms.media import stream

        return stream.read(path, kind) | provenance.read(path, kind)
    if kind in {PDF, DOCX}:
        from transforms.media import documents

        return documents.pdf(path) if kind == PDF else documents.docx(path)
    raise UnsupportedError(kind)
