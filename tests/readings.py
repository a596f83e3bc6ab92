"""Reading bytes in tests, and what one wants to know of a reading."""

from pathlib import Path

from transforms.tabular.readers import Reading, read

COLUMNS = {
    "judul": ("judul", "Judul Berita"),
    "kode_satker": ("kode_satker", "Kode Satker", "Satker"),
    "jumlah": ("jumlah", "Jumlah Kejadian"),
}
HEADER = ("judul", "kode_satker", "jumlah")


def take(folder: Path, data: bytes | str, columns=COLUMNS, name: str = "data") -> Reading:
    """Read bytes as a file, and demand that no row is lost."""
    path = folder / "berkas"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    found = read(path, name, columns)
    assert found.rows_in == found.rows.num_rows + found.skipped.num_rows
    return found


def rows(found: Reading) -> list[tuple[str | None, ...]]:
    """The columns of the standard, row by row."""
    return [tuple(row.get(name) for name in COLUMNS) for row in found.rows.to_pylist()]


def places(found: Reading) -> list[int]:
    return found.rows["_baris"].to_pylist()


def kinds(found: Reading) -> list[str]:
    return [fault.kode for fault in found.faults]


def faults(found: Reading, kode: str) -> list[tuple[int | None, str | None, str | None]]:
    return [(f.baris, f.kolom, f.nilai) for f in found.faults if f.kode == kode]


def skipped(found: Reading) -> list[tuple[int, str]]:
    return [(row["_baris"], row["alasan"]) for row in found.skipped.to_pylist()]
