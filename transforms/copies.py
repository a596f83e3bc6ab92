"""Copies of public media (renditions), as everybody may see them: SQL through the public gate, and their list.

Relation `rendisi` holds every copy that was ever made, of public media and of others; what is listed here belongs to
a row of `media` that is public, and to bytes about which no row says otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from schemas.dataset import Constraints, Dataset, Field, tables
from transforms import pengaburan, publik

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/png": "png",
    "video/mp4": "mp4",
    "audio/mpeg": "mp3",
}
"""Of the types a copy may have (`transforms/media/darkroom.py`)."""


CARRIED = ("kredit", "lisensi", "hak_cipta", "ketentuan_pakai", "kelas_pemakaian", "daerah_kabur")
"""Columns of `media` that decide what a copy says and shows."""


def _own(name: str, title: str, definisi: str) -> Field:
    return Field(name, "string", title, definisi=definisi, origin="media", constraints=Constraints(required=True))


def _of(table: str, *names: str) -> tuple[Field, ...]:
    return tuple(tables()[table].field(name) for name in names)


def standard() -> Dataset:
    """The standard of the list of copies."""
    media = tables()["media"]
    return Dataset(
        name="rendisi",
        version=1,
        title="Rendisi media untuk umum",
        description="Salinan media yang terbuka untuk umum, satu baris satu salinan: gambar web dan gambar kecil, "
        "poster dan cuplikan video, gelombang dan rekaman suara. Di dalamnya hanya ada kredit dan lisensi. Isi asli "
        "tidak terbuka.",
        kind="sistem",
        primary_key=("dataset", "kode_satker", "nomor", "peran"),
        frequency=media.frequency,
        producer=media.producer,
        theme="kehumasan",
        keywords=("foto", "video", "audio", "rendisi"),
        fields=(
            *_of("media", "dataset", "kode_satker", "nomor", "uri"),
            replace(tables()["rendisi"].field("peran"), constraints=Constraints(required=True)),
            _own("berkas", "Berkas", "Tempat salinan, dilihat dari folder katalog."),
            *_of("rendisi", "tipe_media", "lebar_px", "tinggi_px", "durasi_ms", "ukuran_byte"),
            _own("sha256_rendisi", "SHA-256 salinan", "Sidik jari isi salinan."),
            *_of("media", "kredit", "lisensi", "teks_alternatif"),
        ),
    )


def rights(row: str) -> str:
    """SQL: which rights the copies of `row` carry, and what is blurred in them (column `hak` of `rendisi`).

    Of the columns that came later, empty ones at the end add nothing: a copy from before them is still the same.
    """
    parts = [f"coalesce({row}.{name}, '')" for name in CARRIED]
    later = " || ".join(f"chr(31) || {part}" for part in parts[2:])
    return f"md5({parts[0]} || chr(31) || {parts[1]} || rtrim({later}, chr(31)))"


def usage_terms(code: str | None, own: str | None = None, use: str | None = None) -> str | None:
    """Licence, the office's own terms and the class of use in words, for people who see only the copy."""
    media = tables()["media"]
    licence = publik.LICENCES.get(code or "")
    said = f"{licence.title} ({licence.url})" if licence else dict(media.field("lisensi").categories).get(code or "")
    limited = dict(media.field("kelas_pemakaian").categories).get(use or "") if use != "UMUM" else None
    return ". ".join(part.rstrip(".") for part in (said, own, limited) if part) or None


def listed(at: datetime) -> str:
    """SELECT of the public copies at `at`, in the columns and order of `standard`; the newest recipe only.

    The same bytes may be the medium of several rows. If one of those is not public (a child, an embargo, a hold), so
    are the copies of all; and where one asks for a blur, only copies with that very blur are shown: fails closed.
    """
    names = [f.name for f in standard().fields]
    return f"SELECT {', '.join(names)} FROM ({_shown(at)}) ORDER BY {', '.join(standard().primary_key)}"


def blurred() -> str:
    """SELECT of one `mark` that changes whenever a reviewer's regions do; for us only."""
    return pengaburan.MARK


def files(at: datetime) -> str:
    """SELECT of the files those copies are: `berkas`, its hash and size, and the hash of an original it was made of."""
    return (
        "SELECT berkas, any_value(sha256_rendisi) AS sha256, any_value(ukuran_byte) AS ukuran_byte, min(asal) AS asal"
        f" FROM ({_shown(at)}) GROUP BY berkas ORDER BY berkas"
    )


def _shown(at: datetime) -> str:
    gate = publik.rows(tables()["media"], at)
    kinds = " ".join(f"WHEN '{kind}' THEN '.{ending}'" for kind, ending in EXTENSIONS.items())
    said = {
        "berkas": f"'rendisi/' || r.sha256_rendisi || CASE r.tipe_media {kinds} ELSE '' END",
        **{f.name: f"r.{f.name}" for f in tables()["rendisi"].fields},
    }
    wanted = ", ".join(f"{said.get(f.name, f'm.{f.name}')} AS {f.name}" for f in standard().fields)
    return (
        f"WITH terbuka AS ({gate}), tertutup AS (SELECT x.sha256 FROM media x ANTI JOIN terbuka t"
        " ON t._kunci = x._kunci), dibuat AS (SELECT * FROM rendisi WHERE galat IS NULL"
        " QUALIFY resep = max(resep) OVER (PARTITION BY sha256, hak))"
        f" SELECT DISTINCT {wanted}, m.sha256 AS asal FROM terbuka m JOIN media a ON a._kunci = m._kunci"
        f" JOIN dibuat r ON r.sha256 = m.sha256 AND r.hak = {rights('a')}"
        " WHERE NOT EXISTS (FROM tertutup t WHERE t.sha256 = m.sha256)"
        " AND NOT EXISTS (FROM media x WHERE x.sha256 = m.sha256 AND x.daerah_kabur IS NOT NULL"
        " AND x.daerah_kabur IS DISTINCT FROM a.daerah_kabur)"
    )
