"""A released lake in memory: for every public table one row everybody may see and one for each reason to hold back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from schemas.dataset import LINEAGE, Dataset, Field, datasets, tables
from transforms import copies, pengaburan, publik, withdrawal
from transforms.publik import Edition, Facts, File

AT = datetime(2026, 11, 24, 3, tzinfo=UTC)
SECRET = "RAHASIA"
"""Stands in every text of every row and column that must not get out."""

HELD_BACK: dict[str, tuple[str, Any]] = {
    "dikecualikan": ("klasifikasi_informasi", "DIKECUALIKAN"),
    "dikecualikan_huruf_kecil": ("klasifikasi_informasi", "dikecualikan "),
    "tanpa_kelas": ("klasifikasi_informasi", None),
    "kelas_tidak_dikenal": ("klasifikasi_informasi", "RAHASIA_NEGARA"),
    "embargo": ("embargo_sampai", AT + timedelta(microseconds=1)),
    "anak": ("subjek_anak", True),
    "anak_tidak_diketahui": ("subjek_anak", None),
    "internal": ("lisensi", "INTERNAL"),
    "tanpa_lisensi": ("lisensi", None),
    "lisensi_tidak_dikenal": ("lisensi", "internal"),
    "kelas_internal": ("kelas_pemakaian", "INTERNAL"),
    "kelas_pemakaian_tidak_dikenal": ("kelas_pemakaian", "umum"),
    "belum_mulai": ("dipakai_mulai", date(2026, 11, 25)),
    "sudah_lewat": ("dipakai_sampai", date(2026, 11, 23)),
    "persetujuan_lewat": ("persetujuan_sampai", date(2026, 11, 23)),
    "persetujuan_ditarik": ("persetujuan", "DITARIK"),
    "persetujuan_tidak_ada": ("persetujuan", "TIDAK_ADA"),
    "persetujuan_tidak_dikenal": ("persetujuan", "lisan"),
    "dikenali_tanpa_persetujuan": ("orang_terlihat", "DIKENALI"),
    "orang_tidak_dikenal": ("orang_terlihat", "mungkin"),
    "anak_terlihat": ("anak_terlihat", True),
    "tertahan": ("_tertahan", "DATA_PRIBADI_NIK"),
    "tertahan_dua": ("_tertahan", "DATA_PRIBADI_NAMA,DATA_PRIBADI_NIK"),
}
"""Why a row stays in: the column and the value that says so."""

RIGHTS = ("kelas_pemakaian", "dipakai_mulai", "dipakai_sampai", "orang_terlihat", "anak_terlihat", "persetujuan")
RIGHTS += ("nomor_persetujuan_wali", "persetujuan_sampai")
"""What the gate asks of media; nothing said holds nothing back."""


@dataclass(frozen=True)
class Release:
    """As the lake keeps it."""

    number: int = 1
    at: datetime = AT
    tables: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(tables(), 4))


def public_tables() -> dict[str, Dataset]:
    return {table.name: table for table in publik.offered(tables().values())}


def published() -> list[str]:
    """The names of all a release with every table publishes, in order."""
    listings = (f"dip_{name}" for name in public_tables() if name in datasets())
    return [*public_tables(), *listings, "dik", "daftar_data", "jadwal_rilis", "rendisi"]


def row(dataset: Dataset, key: str, text: str = "terbuka", **values: Any) -> dict[str, Any]:
    """A valid row whose texts contain `text`, or `SECRET` where the column is not public; `key` makes it unique."""
    columns = (*dataset.fields, *(() if dataset.kind == "sistem" else LINEAGE()))
    made = {f.name: _value(f, key, text if f.public else SECRET) for f in columns}
    fixed = {"klasifikasi_informasi": "BERKALA", "subjek_anak": False, "lisensi": "CC-BY-4.0", "embargo_sampai": None}
    fixed |= dict.fromkeys((*RIGHTS, "_tertahan"))
    own = {**{name: value for name, value in fixed.items() if name in made}, **values}
    last = dataset.field(dataset.primary_key[-1])
    return made | own | ({} if last.type != "string" or last.name == "kode_wilayah" else {last.name: f"{key}-{text}"})


def _value(f: Field, key: str, text: str) -> Any:
    match f.name, f.type:
        case "kode_satker", _:
            return "JATENG.BANYUMAS"
        case "kode_wilayah", _:
            return "33.02"
        case "periode", _:
            return "2026-10"
        case "sha256", _:
            return f"{sum(f'{key}{text}'.encode()):064x}"
        case _, "integer":
            return len(key)
        case _, "number":
            return 2.5
        case _, "boolean":
            return True
        case _, "date":
            return date(2026, 11, 20)
        case _, "datetime":
            return datetime(2026, 11, 20, 0, 40, 0, 500, tzinfo=UTC)
        case _:
            return f'{f.name} "{text}", {key};\nbaris dua'


def rows_of(dataset: Dataset) -> list[dict[str, Any]]:
    """The public row `a`, and every row that must be held back."""
    names = set(dataset.arrow.names)
    held = [
        row(dataset, why, SECRET, **{column: value}) for why, (column, value) in HELD_BACK.items() if column in names
    ]
    return [*held, row(dataset, "a")]


def edition(name: str = "foto", **facts: Any) -> Edition:
    """An edition as a catalogue is given it."""
    known = Facts(3, ("CC-BY-4.0",), ("33",), date(2026, 11, 1), date(2026, 11, 20), AT, AT)
    files = tuple(
        File(f"{name}/1.4-0/{name}.{kind}", kind, 10, f"{at:064x}") for at, kind in enumerate(("csv", "parquet"))
    )
    schema = File(f"{name}/1.4-0/skema.json", "skema", 10, f"{9:064x}")
    return Edition(tables()[name], "1.4-0", replace(known, **facts), (*files, schema))


def everything() -> dict[str, list[dict[str, Any]]]:
    """The rows of every table there is."""
    rows = {name: rows_of(dataset) for name, dataset in tables().items()}
    return rows | {"rendisi": [copy(medium) for medium in rows["media"]]}


def copy(medium: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    """The web copy of a row of `media`, as table `rendisi` has it."""
    first, *later = [medium[name] or "" for name in ("kredit", *copies.CARRIED[1:])]
    rights = "\x1f".join((first, later[0])) + "".join(f"\x1f{text}" for text in later[1:]).rstrip("\x1f")
    own = {"sha256": medium["sha256"], "hak": hashlib.md5(rights.encode()).hexdigest(), "resep": 1, "peran": "web"}
    made = {"tipe_media": "image/jpeg", "sha256_rendisi": hashlib.sha256(medium["sha256"].encode()).hexdigest()}
    return {**row(tables()["rendisi"], "a"), **own, **made, "galat": None, **values}


@contextmanager
def lake(content: Mapping[str, list[dict[str, Any]]]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with these tables."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE penarikan AS {withdrawal.relation([])}")
        connection.execute(f"CREATE TABLE pengaburan AS {pengaburan.EMPTY}")
        for name, rows in {"pelepasan": [], **content}.items():
            connection.register("baru", pa.Table.from_pylist(rows, tables()[name].arrow))
            connection.execute(f'CREATE TABLE "{name}" AS FROM baru')
            connection.unregister("baru")
        yield connection
