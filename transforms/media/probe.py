"""Bytes → what they are: type by content, size, length, embedded metadata, hashes, and whether they decode at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from transforms.sandbox import Failure, Limits, run

EXAMINATION = 4  # raise it when something else is found in the same file: what was found before is then not believed

FACTS = pa.schema(
    [
        ("tipe_media", pa.string()),  # MIME, by content
        ("ukuran_byte", pa.int64()),
        ("lebar_px", pa.int32()),  # as seen, after orientation
        ("tinggi_px", pa.int32()),
        ("orientasi", pa.int8()),  # EXIF 1 to 8; of a video the one that says the same as its display matrix
        ("durasi_ms", pa.int64()),
        ("kodek", pa.string()),  # of the picture if there is one, else of the sound
        ("laju_bit", pa.int64()),  # of the whole file, bits a second
        ("laju_frame", pa.float64()),  # frames a second
        ("kanal", pa.int16()),
        ("frekuensi_hz", pa.int32()),
        ("kenyaringan_lufs", pa.float64()),  # integrated loudness (EBU R128); NULL for silence
        ("warna", pa.string()),  # of a picture its mode and colour profile, of a video its pixel format and space
        ("ada_gps", pa.bool_()),
        ("diambil_pada_exif", pa.string()),  # as found
        ("kredit_tertanam", pa.string()),
        ("keterangan_tertanam", pa.string()),
        ("asal_digital", pa.string()),  # KAMERA, SUNTINGAN, AI, TIDAK_DIKETAHUI; a claim, unless `c2pa` is SAH
        ("c2pa", pa.string()),  # SAH, TIDAK_SAH, TIDAK_TERBACA: a signed manifest, and whether it fits
        ("c2pa_penanda", pa.string()),  # who signed it, by their own account
        ("metadata_tertanam", pa.string()),  # JSON: IPTC core (names of iptc.PROPERTIES) or the container's tags
        ("metadata_bentrok", pa.string()),  # JSON: property → xmp, iim, exif where they disagree
        ("sidik_piksel", pa.string()),  # SHA-256 of the picture or the streams without any metadata
        ("dhash", pa.list_(pa.int64())),  # perceptual: one for a picture, several for a video's key frames
        ("halaman", pa.int32()),  # of a PDF
        ("teks", pa.string()),  # of a PDF or DOCX, its first 80,000 characters
        ("galat", pa.string()),
        ("galat_rinci", pa.string()),  # short and technical; without `galat`, a note
    ]
)

CODES = {  # why a child gave no answer → `galat`
    "waktu": "BERKAS_MACET",
    "memori": "BERKAS_TERLALU_BESAR",
    "keluaran": "BERKAS_TERLALU_BESAR",
    "mati": "BERKAS_RUSAK",
}


_SECONDS_A_MIB, _LONGEST_S = 2.0, 900.0  # hours of sound at 16 kbit/s take a minute or two, and more on a busy machine


def patience(size: int, seconds: float) -> float:
    """How long a file of so many bytes may take, in seconds: what a small one may, and more the larger it is."""
    return max(seconds, min(seconds + size / (1 << 20) * _SECONDS_A_MIB, _LONGEST_S))


def probe(
    files: Sequence[Path],
    *,
    seconds: float = 60,
    megabytes: int = 1536,
    workers: int = 2,
    _target: str = "transforms.media.decode:facts",
) -> pa.Table:
    """One row of FACTS per file, in order.

    `galat` is NULL for a file that decodes, else BERKAS_KOSONG, BERKAS_RUSAK, BERKAS_TERLALU_BESAR, BERKAS_MACET or
    TIPE_TIDAK_DIDUKUNG. Decoding happens in at most `workers` child processes with `megabytes` and `seconds` per file,
    more seconds for a large one (`patience`). Raises OSError if a file cannot be read and SandboxError if the decoders
    are not installed. `_target` lets tests put a function that hangs or crashes in the decoder's place.
    """
    sizes = [path.stat().st_size for path in files]
    jobs, waits = [{"berkas": str(path)} for path in files], [patience(size, seconds) for size in sizes]
    answers = run(_target, jobs, Limits(seconds, megabytes), workers=workers, seconds=waits)
    rows = [_row(answer, size) for answer, size in zip(answers, sizes, strict=True)]
    return pa.Table.from_pylist(rows, schema=FACTS)


def _row(answer: Mapping[str, Any] | Failure, size: int) -> Mapping[str, Any]:
    if isinstance(answer, Failure):
        return {"ukuran_byte": size, "galat": CODES[answer.why], "galat_rinci": answer.detail}
    return answer
