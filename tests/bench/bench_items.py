"""Content items: laying out 100 new ones beside few and beside many that are there, and how fast a whole shelf is made.

`items_growth_ratio` is how much longer the 100 take beside the many, in one run. Each pass asks for the mark of every
day in one scan of the public rows, so it grows with them, less than they do; what is written is the same. `items_per_s` is a shelf made from nothing.
"""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from infra.publishing.editions import Shelf
from infra.publishing.items import lay_out
from infra.storage.folder import FolderStore
from schemas.dataset import tables
from transforms import copies, pengaburan, withdrawal

ITEMS = {"tiny": (500, 1_000), "small": (2_000, 10_000), "default": (10_000, 100_000), "large": (100_000, 1_000_000)}
A_DAY, NEW, ROUNDS = 1_000, 100, 3
AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TYPES = {"string": "VARCHAR", "int64": "BIGINT", "bool": "BOOLEAN", "date32[day]": "DATE", "double": "DOUBLE"}
VALUES = {
    "kode_satker": "['JATENG', 'JABAR', 'SULSEL', 'PAPUA'][1 + i % 4]",
    "nomor": "'B/' || i",
    "_kunci": "'B|' || i",
    "judul": "'Judul bahan ke-' || i",
    "keterangan": "'Petugas melayani warga di tempat ke-' || i",
    "isi": "repeat('Kegiatan berlangsung tertib dan lancar. ', 30) || i",
    "genre": "'RILIS'",
    "topik": "'KAMTIBMAS'",
    "peristiwa": "'P-' || i // 6",
    "kode_wilayah": "'33.02'",
    "tanggal_kejadian": "DATE '2026-01-01'",
    "kredit": "'Humas ' || i % 4",
    "lisensi": "'CC-BY-4.0'",
    "klasifikasi_informasi": "'BERKALA'",
    "subjek_anak": "FALSE",
    "sumber_digital": "'digitalCapture'",
    "direkam_pada": "TIMESTAMPTZ '2026-01-01T00:00:00Z'",
    "sha256": "sha256(i::VARCHAR)",
    "tipe_media": "'image/jpeg'",
    "dataset": "'foto'",
    "_diterima_pada": f"TIMESTAMPTZ '2026-01-01T00:00:00Z' + to_days((i // {A_DAY})::INTEGER)",
}


def fill(con: duckdb.DuckDBPyConnection, first: int, last: int) -> None:
    """Items first to last: every sixth a text, the others photos with one rendition each."""
    for name in ("teks", "foto", "media"):
        where = f"i % 6 {'=' if name == 'teks' else '<>'} 0"
        columns = ", ".join(
            f"CAST({VALUES.get(f.name, 'NULL')} AS {TYPES.get(str(f.type), 'TIMESTAMPTZ')}) AS {f.name}"
            for f in tables()[name].arrow
        )
        con.execute(f"INSERT INTO {name} SELECT {columns} FROM range({first}, {last}) r(i) WHERE {where}")
    con.execute(
        f"INSERT INTO rendisi BY NAME SELECT sha256, {copies.rights('media')} AS hak, 1 AS resep, 'web' AS peran,"
        " 'image/jpeg' AS tipe_media, 1600 AS lebar_px, 900 AS tinggi_px, 9 AS ukuran_byte, sha256 AS sha256_rendisi FROM media WHERE sha256 NOT IN (SELECT sha256 FROM rendisi)"
    )


def run(size: str) -> Iterator[tuple[str, float | None, str, str]]:
    took: list[float] = []
    for count in ITEMS[size]:
        with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
            con.execute(f"CREATE TABLE penarikan AS {withdrawal.relation([])}")
            con.execute(f"CREATE TABLE pengaburan AS {pengaburan.EMPTY}")
            for name in ("teks", "foto", "media", "rendisi", "pelepasan"):
                con.register("kosong", tables()[name].arrow.empty_table())
                con.execute(f"CREATE TABLE {name} AS FROM kosong")
            fill(con, 0, count)
            shelf, at = Shelf(FolderStore(Path(folder))), dict.fromkeys(("teks", "foto", "media"), AT)
            start = time.perf_counter()
            lay_out(con, shelf, at, ["0"])
            whole = time.perf_counter() - start
            rounds: list[float] = []
            for number in range(ROUNDS):
                at_ = count + A_DAY - count % A_DAY + number * A_DAY
                fill(con, at_, at_ + NEW)
                shelf.written.clear()
                start = time.perf_counter()
                laid = lay_out(con, shelf, at, [str(number + 1)])
                rounds.append(time.perf_counter() - start)
                assert (laid.changed, len(shelf.written)) == (NEW, 3), (laid.changed, shelf.written)
            took.append(min(rounds))
            yield f"items_per_s_{count}", round(count / whole), "items/s", "what it takes"
            yield f"items_new_s_{count}", round(took[-1], 2), "s for 100 new", "what it takes"
    yield (
        "items_growth_ratio",
        round(took[1] / took[0], 2),
        f"beside {ITEMS[size][1] // ITEMS[size][0]} times as many",
        "what one scan takes",
    )
