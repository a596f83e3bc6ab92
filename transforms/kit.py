"""What an editor's kit holds: the public items of an event, as files with names one can read, and what is said of them.

Made of rows of `stories.items` and nothing else, so what the public gate holds back is in no kit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transforms import copies, ninjs
from transforms.klarifikasi import claim_review

NARRATIONS = ("RESMI", "MEDIA_SOSIAL", "SINGKAT")
ORIGINAL = "asli"
TEXT = "teks"
EXTENSIONS = {
    **copies.EXTENSIONS,
    "image/gif": "gif",
    "image/tiff": "tif",
    "image/avif": "avif",
    "image/heic": "heic",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
    "video/3gpp": "3gp",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "audio/mp4": "m4a",
    "audio/webm": "weba",
    "audio/x-matroska": "mka",
    "audio/3gpp": "3ga",
}
"""Of every type an original may have (`transforms/media/decode.py`)."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Piece:
    """One file of a medium: a rendition (`source` is its place beside the catalogue), or the original (its hash)."""

    role: str
    path: str
    """In the kit."""
    source: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Part:
    """One item in a kit: `text` is the path of its text, `pieces` are its files by role."""

    row: Row
    text: str | None = None
    pieces: Mapping[str, Piece] = field(default_factory=dict[str, Piece])

    @property
    def kind(self) -> str:
        """teks, foto, video or audio."""
        return ninjs.kind(self.row["dataset"])


def parts(rows: Iterable[Row], originals: Collection[str] = ()) -> list[Part]:
    """The parts of a kit in the order to read them; of the media whose hash is in `originals`, the original too.

    A medium that shows no rendition shows no original either: the same bytes may be held back under another row.
    """
    order = {name: at for at, name in enumerate(ninjs.TYPES)}
    ranked = sorted(rows, key=lambda row: (order[ninjs.kind(row["dataset"])], _narration(row), row["_kunci"]))
    return [_part(row, originals) for row in ranked]


def text(row: Row) -> str:
    """A text as a file: headline, body, and whom to credit."""
    lines = [row["judul"], "", row["isi"] or "", "", *_credits(row)]
    return "\n".join(lines) + "\n"


def captions(made: Sequence[Part]) -> str:
    """What belongs under each picture, video and recording, by file."""
    found: list[str] = []
    for part in made:
        for piece in part.pieces.values():
            alt = part.row["teks_alternatif"]
            found += [piece.path, part.row["judul"], part.row["keterangan"] or ""]
            found += [f"Teks alternatif: {alt}"] if alt else []
            found += [*_credits(part.row), ""]
    return "\n".join(found)


def manifest(
    event: str | None, release: int, made: Sequence[Part], files: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What the kit is: its items with their rights, and every file with its hash."""
    return {
        "peristiwa": event,
        "rilis": release,
        "butir": [_said(part) for part in made],
        "berkas": sorted(files, key=lambda file: file["berkas"]),
    }


def _said(part: Part) -> dict[str, Any]:
    row = part.row
    return {
        "uri": ninjs.uri(row["dataset"], row["_kunci"]),
        "dataset": row["dataset"],
        "kode_satker": row["kode_satker"],
        "nomor": row["nomor"],
        "judul": row["judul"],
        "ragam": row["ragam"],
        "kredit": row["kredit"],
        "turunan_dari": [
            {"uri": ninjs.uri(each["dataset"], each["kunci"]), "kredit": each["kredit"]} for each in row["asal"] or ()
        ],
        "lisensi": row["lisensi"],
        "ketentuan_pakai": ninjs.terms(row),
        "klarifikasi": claim_review(row),
        "berkas": [*filter(None, [part.text]), *(piece.path for piece in part.pieces.values())],
    }


def _part(row: Row, originals: Collection[str]) -> Part:
    mark = ninjs.identity(row["dataset"], row["_kunci"])[:8]
    name = f"{_plain(row['kode_satker'])}-{_plain(row['nomor'] or row['_kunci'])}-{mark}"
    if ninjs.kind(row["dataset"]) == "teks":
        return Part(row, text=f"{TEXT}/{name}.txt")
    found: dict[str, Piece] = {}
    for each in row["rendisi"] or ():
        path = f"{row['dataset']}/{name}-{each['peran']}.{each['berkas'].rpartition('.')[2]}"
        found[each["peran"]] = Piece(
            each["peran"], path, each["berkas"], each["tipe_media"], each["ukuran_byte"], each["sha256_rendisi"]
        )
    if found and row["sha256"] in originals:
        path = f"{row['dataset']}/{name}-{ORIGINAL}.{EXTENSIONS.get(row['tipe_media'], 'bin')}"
        found[ORIGINAL] = Piece(ORIGINAL, path, row["sha256"], row["tipe_media"], row["ukuran_byte"], row["sha256"])
    return Part(row, pieces=found)


def _narration(row: Row) -> int:
    return NARRATIONS.index(row["ragam"]) if row["ragam"] in NARRATIONS else 0


def _credits(row: Row) -> list[str]:
    own = [f"Kredit: {row['kredit']}"]
    own += [f"Diceritakan ulang dari: {each['judul']} ({each['kredit']})" for each in row["asal"] or ()]
    terms = ninjs.terms(row)
    return [*own, f"Ketentuan pakai: {terms}"]


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.")[:60] or "x"
