"""Every standard as one Markdown page, made of the TOMLs alone: `python -m schemas.page > docs/datasets.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from schemas import reference
from schemas.dataset import LINEAGE, Dataset, Field, datasets, tables

INTRODUCTION = """\
# Datasets

Made from `schemas/` by `python -m schemas.page > docs/datasets.md`; a test keeps the two equal, so mend a TOML, not
this page. The standards are ours: SPIT's own are not public. Words and definitions are in Indonesian, as in the data.

Halaman ini dibuat dari `schemas/`. *Wajib*: baris tanpa isi itu kembali ke kantor. *Judul yang dikenali*: judul kolom
yang kami terima di CSV, XLSX atau manifes, selain nama kolomnya; huruf besar, spasi dan tanda baca tidak dibedakan.
Isi yang sama untuk semua baris cukup ditulis sekali di `bawaan` dalam manifes; `kode_satker` yang kosong diisi satker
manifes. Baris dengan kunci utama yang sama adalah bahan yang sama: perbaikannya dikirim dengan nama kiriman yang sama,
atau dengan `memperbaiki` (nomor tanda terimanya) dalam manifes. Tabel statistik juga menyebut `standar` dan `metadata`:
[metadata.md](metadata.md). Tampilan di atas tabel-tabel ini: [analytics.md](analytics.md).
"""

_TYPES = {
    "string": "teks",
    "integer": "bilangan bulat",
    "number": "bilangan",
    "boolean": "ya/tidak",
    "date": "tanggal",
    "datetime": "tanggal dan jam dengan zona",
}
_COLUMNS = ("Kolom", "Judul yang dikenali", "Isi", "Wajib", "Batas", "Definisi")
_FACTS = ("Kolom", "Judul", "Isi", "Terbit", "Definisi")


def page() -> str:
    """The whole page; the same text for the same standards."""
    own = [table for name, table in tables().items() if name not in datasets()]
    return "\n".join(
        [
            INTRODUCTION,
            *_summary(datasets().values()),
            *(line for d in datasets().values() for line in _dataset(d)),
            *_section("Kolom asal-usul di setiap dataset", "Diisi sistem; pengguna SQL melihat semuanya."),
            *_grid(_FACTS, map(_fact, LINEAGE())),
            *_section("Tabel kami sendiri", "Terbentuk dari penilaian; tidak diisi kantor."),
            *(line for d in own if d.by_batch for line in _own_table(d)),
            *_section("Tabel acuan", "Dibuat dari daftar kode dan standar; ditulis lagi hanya bila berubah."),
            *(line for d in own if not d.by_batch for line in _own_table(d)),
            *_section("Pilihan", "Nilai yang diterima dan artinya."),
            *_grid(("Kolom", "Nilai", "Arti"), _choices()),
            *_section("Daftar kode", "Setiap kode disertai otoritas dan vintage; dibaca sebagai teks."),
            *_code_lists(),
        ]
    )


def _summary(standards: Iterable[Dataset]) -> Iterator[str]:
    head = ("Dataset", "Judul", "Bentuk", "Frekuensi", "Kunci utama", "Produsen")
    yield from _grid(
        head,
        (
            (f"[`{d.name}`](#{d.name})", d.title, d.kind, d.frequency, _code(d.primary_key), d.producer)
            for d in standards
        ),
    )


def _dataset(d: Dataset) -> Iterator[str]:
    yield from _section(d.name, f"**{d.title}** (`{d.standard}`). {d.description}")
    if d.retention_years:
        years = (
            f"Disimpan {d.retention_years} tahun sesudah diterima, lalu ditarik dan dihapus (masa ini kami tetapkan)."
        )
        yield from (years, "")
    if d.priority:
        yield from ("Data Prioritas: menunggu pemeriksaan Pembina sebelum terbit.", "")
    yield from _grid(_COLUMNS, map(_office_column, d.office_fields))
    if read := [f for f in d.fields if f.origin == "media"]:
        yield from ("Dibaca dari berkasnya sendiri:", "")
        yield from _grid(_FACTS, map(_fact, read))


def _own_table(d: Dataset) -> Iterator[str]:
    shown = "terbit" if d.public else "tidak terbit"
    about = f"**{d.title}** ({shown}; kunci utama {_code(d.primary_key)}). {d.description}"
    made_of = f" Dari {_code(f'{name}.csv' for name in d.sources)}." if d.sources else ""
    yield from (f"### {d.name}", "", about + made_of, "")
    yield from _grid(_FACTS, (_fact(f, shown=d.public) for f in d.fields))


def _office_column(f: Field) -> Sequence[str]:
    required = "ya" if f.constraints.required else f"bila `{f.required_when}`" if f.required_when else ""
    example = f" Contoh: `{f.example}`." if f.example else ""
    about = f.definisi + example + ("" if f.public else " Tidak terbit.")
    return (f"`{f.name}`", ", ".join((f.title, *f.aliases)), _kind(f), required, _limits(f), about)


def _fact(f: Field, *, shown: bool = True) -> Sequence[str]:
    return (f"`{f.name}`", f.title, _kind(f), "ya" if shown and f.public else "tidak", f.definisi)


def _kind(f: Field) -> str:
    kind = "periode" if f.format == "periode" else _TYPES[f.type]
    return f"{kind}, {f.satuan}" if f.type in ("integer", "number") and f.satuan else kind


def _limits(f: Field) -> str:
    c = f.constraints
    parts = [
        f"kode dari `{f.reference}`" if f.reference else "",
        _code(f.codes) if f.codes else "",
        f"paling kecil {c.minimum:g}" if c.minimum is not None else "",
        f"paling besar {c.maximum:.0f}" if c.maximum is not None else "",
        f"paling sedikit {c.minLength} huruf" if c.minLength is not None else "",
        f"paling banyak {c.maxLength} huruf" if c.maxLength is not None else "",
        f"bentuk `{c.pattern}`" if c.pattern else "",
        "tidak sesudah kiriman diterima" if f.not_after else "",
    ]
    return "; ".join(part for part in parts if part)


def _choices() -> Iterator[Sequence[str]]:
    """Each closed list once, however many standards use the column."""
    seen: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for f in (f for d in datasets().values() for f in d.office_fields if f.categories):
        if (f.name, f.categories) not in seen:
            seen.add((f.name, f.categories))
            yield from ((f"`{f.name}`", f"`{value}`", label) for value, label in f.categories)


def _code_lists() -> Iterator[str]:
    head = ("Daftar", "Isi", "Otoritas", "Vintage", "Dasar", "Asal", "Lisensi")
    names = ("judul", "otoritas", "vintage", "dasar", "asal", "lisensi")
    lists = reference.read("daftar")
    yield from _grid(head, ((f"`{entry['nama']}.csv`", *(entry[name] for name in names)) for entry in lists))


def _section(title: str, text: str) -> tuple[str, ...]:
    return (f"## {title}", "", text, "")


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table; a bar inside a cell would end it."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _code(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


if __name__ == "__main__":
    sys.stdout.write(page())
