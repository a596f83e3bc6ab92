"""Originals → small public copies that carry credit and rights and nothing else."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from transforms.media.blur import regions
from transforms.media.probe import CODES, patience
from transforms.sandbox import Failure, Limits, run

RECIPE = 2  # raise it when a copy of the same original would come out differently: copies are then made again

RENDITIONS = pa.schema(
    [
        ("berkas", pa.int32()),  # position in the files given
        ("peran", pa.string()),  # web, kecil (picture); poster, pratinjau (video); gelombang, dengar (sound)
        ("tipe_media", pa.string()),
        ("lebar_px", pa.int32()),
        ("tinggi_px", pa.int32()),
        ("durasi_ms", pa.int64()),
        ("ukuran_byte", pa.int64()),
        ("sha256", pa.string()),
        ("resep", pa.int16()),
        ("isi", pa.large_binary()),
        ("galat", pa.string()),
        ("galat_rinci", pa.string()),
    ]
)

_ANSWER_BYTES = 128 << 20  # five hours of sound as MP3 (`remix.web_sound`), in base64


@dataclass(frozen=True)
class Rights:
    """What every copy says about itself, in the words of IPTC (Credit Line, Copyright Notice, Rights Usage Terms)."""

    kredit: str | None = None
    hak_cipta: str | None = None
    ketentuan_pakai: str | None = None


def render(
    files: Sequence[Path],
    rights: Sequence[Rights],
    hidden: Sequence[str | None] = (),
    *,
    seconds: float = 300,
    megabytes: int = 1536,
    workers: int = 2,
) -> pa.Table:
    """The copies of each file, in order: RENDITIONS with their bytes in `isi`, so hand in few files at a time.

    A picture gives web (JPEG, 1600 px) and kecil (WebP, 400 px), a video poster (JPEG) and pratinjau (MP4, 8 s), a
    sound gelombang (PNG) and dengar (MP3); other types give no row. What cannot be rendered gives one row with `galat`,
    as in `media.FACTS`. What is `hidden` (column `daerah_kabur`) is blurred in every picture. The same file, rights and
    regions give the same bytes for the same RECIPE.
    """
    jobs = [
        {"berkas": str(path), "hak": {name: text for name, text in asdict(own).items() if text}, "kabur": regions(text)}
        for path, own, text in zip(files, rights, hidden or [None] * len(files), strict=True)
    ]
    limits = Limits(seconds, megabytes, _ANSWER_BYTES)
    waits = [patience(path.stat().st_size, seconds) for path in files]
    answers = run("transforms.media.darkroom:develop", jobs, limits, workers=workers, seconds=waits)
    rows = [row for number, answer in enumerate(answers) for row in _rows(number, answer)]
    return pa.Table.from_pylist(rows, schema=RENDITIONS)


def _rows(number: int, answer: Mapping[str, Any] | Failure) -> Iterator[dict[str, Any]]:
    if isinstance(answer, Failure):
        yield {"berkas": number, "resep": RECIPE, "galat": CODES[answer.why], "galat_rinci": answer.detail}
        return
    if "galat" in answer:
        yield {"berkas": number, "resep": RECIPE, **answer}
    for copy in answer.get("hasil", ()):
        data = base64.b64decode(copy["isi"])
        sha256 = hashlib.sha256(data).hexdigest()
        yield {**copy, "berkas": number, "resep": RECIPE, "isi": data, "ukuran_byte": len(data), "sha256": sha256}
