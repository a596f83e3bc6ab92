"""Views for the walidata over the tables of a release: one definition in SQL each (`transforms/views`)."""

from __future__ import annotations

from pathlib import Path

from schemas import reference
from transforms.shape import literal

HERE = Path(__file__).parent / "views"
SATKER = ("kode", "nama", "tipe", "induk", "zona_waktu")


def views() -> dict[str, str]:
    """Name → SELECT. They read the release's own tables and the view `satker`."""
    return {path.stem: path.read_text("utf-8") for path in sorted(HERE.glob("*.sql"))}


def satker() -> tuple[str, str]:
    """The view `satker`, names and time zones of every office: its SELECT and the one file that reads."""
    file = str(reference.path("satker"))
    there = ", ".join(f"{name}: 'VARCHAR'" for name in next(iter(reference.satker().values())))
    columns = ", ".join(f"nullif({name}, '') AS {name}" for name in SATKER)
    # Told what is in it, DuckDB need not look into the file each time a view over it is made.
    form = f"auto_detect = false, header = true, delim = ',', quote = '\"', columns = {{{there}}}"
    return f"SELECT {columns} FROM read_csv({literal(file)}, {form})", file
