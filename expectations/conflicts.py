"""Where a medium's file and its row disagree: SQL that adds to `temuan` what the file says beside what was sent.

Nothing here returns a row: a file may be wrong about itself (a camera's clock, an agency's template), and only the
office knows. Reads `dinilai`, `fakta`, and of the code lists `rujukan_wilayah`.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.dataset import Dataset

_DAYS = 1
"""A camera's clock tells no zone: so many days' difference is none (ours)."""

_TAKEN = "try_cast(replace(left(f.diambil_pada_exif, 10), ':', '-') AS DATE)"
_RECORDED = "CAST(make_timestamp(epoch_us(d.direkam_pada)) AS DATE)"
_CREDIT = (
    "coalesce(f.metadata_tertanam->>'$.kredit[0]', f.metadata_tertanam->>'$.credit', f.metadata_tertanam->>'$.artist')"
)
_NAME = "lower(regexp_extract(d.berkas, '[.]([A-Za-z0-9]+)$', 1))"
_ENDINGS = {
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/gif": ("gif",),
    "image/tiff": ("tif", "tiff"),
    "image/avif": ("avif",),
    "image/heic": ("heic", "heif"),
    "video/mp4": ("mp4", "m4v"),
    "video/quicktime": ("mov", "qt"),
    "video/webm": ("webm",),
    "video/x-matroska": ("mkv",),
    "video/x-msvideo": ("avi",),
    "video/3gpp": ("3gp", "3gpp"),
    "audio/mpeg": ("mp3",),
    "audio/mp4": ("m4a",),
    "audio/wav": ("wav", "wave"),
    "audio/flac": ("flac",),
    "audio/ogg": ("ogg", "oga", "opus"),
}
"""Type by content → what the names of such files end in."""

_CITY = "f.metadata_tertanam->>'$.kota[0]'"


def conflicts(dataset: Dataset) -> Iterator[str]:
    """INSERTs for a dataset of media, one for each thing a file may say otherwise about a column it has."""
    own, theirs = _folded("d.kredit"), _folded(_CREDIT)
    apart = f"NOT contains({own}, {theirs}) AND NOT contains({theirs}, {own})"
    made = "f.asal_digital = 'AI' AND d.sumber_digital NOT IN ('trainedAlgorithmicMedia', 'algorithmicMedia')"
    edited = "f.asal_digital = 'SUNTINGAN' AND d.sumber_digital = 'digitalCapture'"
    differing = "array_to_string(json_keys(f.metadata_bentrok), ', ')"
    days = f"abs({_TAKEN} - {_RECORDED}) > {_DAYS}"
    found = (
        ("WAKTU_BEDA_DENGAN_BERKAS", "direkam_pada", days, f"{_RECORDED}::VARCHAR", f"{_TAKEN}::VARCHAR"),
        ("KREDIT_BEDA_DENGAN_BERKAS", "kredit", apart, "d.kredit", _CREDIT),
        ("TEMPAT_BEDA_DENGAN_BERKAS", "kode_wilayah", _elsewhere(), "d.kode_wilayah", _CITY),
        ("AI_TIDAK_DINYATAKAN", "sumber_digital", made, "d.sumber_digital", "f.asal_digital"),
        ("SUNTINGAN_TIDAK_DINYATAKAN", "sumber_digital", edited, "d.sumber_digital", "f.asal_digital"),
        ("C2PA_TIDAK_SAH", "berkas", "f.c2pa <> 'SAH'", "d.berkas", "f.c2pa_penanda"),
        ("NAMA_TIDAK_COCOK", "berkas", _misnamed(), "d.berkas", "f.tipe_media"),
        ("METADATA_BERKAS_BENTROK", "berkas", "f.metadata_bentrok IS NOT NULL", "d.berkas", differing),
    )
    for kode, kolom, condition, nilai, batas in found:
        if kolom in dataset.arrow.names:
            yield (
                f"INSERT INTO temuan SELECT d._kiriman, '{kode}', d._berkas, d._lembar, d._baris, '{kolom}', {nilai},"
                f" {batas} FROM dinilai d JOIN fakta f ON f._kiriman = d._kiriman AND f.berkas = d.berkas"
                f" WHERE f.galat IS NULL AND {condition}"
            )


def _misnamed() -> str:
    """SQL: the name ends as those of another type of the same kind do; one that says nothing is none of that."""
    rows = [f"('{kind}', '{ending}')" for kind, endings in _ENDINGS.items() for ending in endings]
    kind, theirs = "split_part(t.tipe, '/', 1)", "split_part(f.tipe_media, '/', 1)"
    return (
        f"EXISTS (FROM (VALUES {', '.join(rows)}) t(tipe, akhir) WHERE akhir = {_NAME} AND {kind} = {theirs}"
        " AND t.tipe <> f.tipe_media)"
    )


def _elsewhere() -> str:
    """SQL: the city a file names, where that is a regency and the row lies in none of that name.

    A place that is no regency (Purwokerto, in Banyumas) says nothing for or against.
    """
    bare = _folded(r"regexp_replace(nama, '^(Kabupaten|Kota)( Administrasi)? ', '')")
    listed = f"SELECT kode, {bare} AS nama FROM rujukan_wilayah WHERE length(kode) = 5"
    named = f"nama = regexp_replace({_folded(_CITY)}, '^(kabupaten|kota) ', '')"
    return (
        f"EXISTS (FROM ({listed}) WHERE {named})"
        f" AND NOT EXISTS (FROM ({listed}) WHERE {named} AND starts_with(kode, left(d.kode_wilayah, 5)))"
    )


def _folded(text: str) -> str:
    return f"lower(trim({text}))"
