"""The two lists of UU 14/2008: what information there is (DIP), and what is excluded, without its content (DIK).

Both are made of what the public gate gives and nothing else, and published like any dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from schemas.dataset import Constraints, Dataset, Field
from transforms import publik
from transforms.shape import literal

HEADS = {
    "MABES": "Kadivhumas",
    "POLDA": "Kabidhumas",
    **dict.fromkeys(("POLRES", "POLRESTA", "POLRESTABES", "POLRES_METRO"), "Kabagops"),
    "POLSEK": "Kapolsek",
}
"""Who holds the information as head of the PPID, by kind of satker (Perkap 24/2011, after one secondary source)."""

THEME = "keterbukaan informasi"
SHAPES = {
    "teks": "Rekaman elektronik: naskah",
    "foto": "Rekaman elektronik: gambar",
    "video": "Rekaman elektronik: gambar bergerak dan suara",
    "audio": "Rekaman elektronik: suara",
    "tabel": "Rekaman elektronik: tabel data",
}
"""In what shape information is there, by kind of dataset: nothing is kept on paper here."""

API = "/api/1"
CATEGORIES = {"BERKALA": "berkala", "SERTA_MERTA": "serta-merta", "SETIAP_SAAT": "setiap saat"}


def column(name: str, title: str, definisi: str, type_: str = "string", *, required: bool = True) -> Field:
    """A column of a list we make ourselves."""
    return Field(name, type_, title, definisi=definisi, origin="sistem", constraints=Constraints(required=required))


LISTED = (
    column("nomor", "Nomor", "Nomor urut dalam daftar rilis ini.", "integer"),
    column("judul", "Judul atau jenis informasi", "Judul bahan, atau nama data dan periodenya."),
    column("ringkasan", "Ringkasan isi informasi", "Keterangan isi."),
    column("penguasa", "Pejabat yang menguasai informasi", "Atasan PPID satker menurut Perkap 24/2011."),
    column("penanggung_jawab", "Penanggung jawab pembuatan", "Satker yang membuat atau menerbitkan."),
    column("waktu_tempat", "Waktu dan tempat pembuatan", "Hari atau periode, dan kode wilayah atau satker."),
    column("bentuk", "Bentuk informasi yang tersedia", "Cetak atau rekaman, dan rekaman apa."),
    column("retensi", "Jangka waktu penyimpanan", "Berapa lama disimpan menurut standarnya."),
    column("media", "Jenis media", "Jenis media yang memuat informasi, dan alamatnya."),
    column("kategori", "Kategori", "Berkala, serta-merta atau setiap saat (Pasal 9, 10, 11)."),
)
"""The nine columns of a DIP, and the category."""


def listing(dataset: Dataset) -> Dataset:
    """The standard of the DIP of one dataset: a list each, so that only those are made anew whose dataset changed."""
    each = "satker dan periode" if dataset.kind == "tabel" else "bahan"
    return Dataset(
        name=f"dip_{dataset.name}",
        version=1,
        title=f"Daftar Informasi Publik: {dataset.title}",
        description=f"Informasi yang terbuka untuk umum, satu baris satu {each}: sembilan kolom daftar informasi "
        "publik dan kategorinya menurut UU 14/2008.",
        kind="sistem",
        primary_key=("nomor",),
        frequency=dataset.frequency,
        producer=dataset.producer,
        theme=THEME,
        keywords=("DIP", "KIP", "daftar informasi publik"),
        fields=LISTED,
    )


DIK = Dataset(
    name="dik",
    version=1,
    title="Daftar Informasi yang Dikecualikan",
    description="Informasi yang dikecualikan menurut UU 14/2008 Pasal 17, tanpa isinya: satu baris satu uji "
    "konsekuensi, dengan dasar dan batas waktunya.",
    kind="sistem",
    primary_key=("nomor",),
    theme=THEME,
    keywords=("DIK", "KIP", "informasi yang dikecualikan"),
    fields=(
        column("nomor", "Nomor", "Nomor urut dalam daftar rilis ini.", "integer"),
        column("jenis_informasi", "Jenis informasi", "Nama dataset, bukan judul bahan."),
        column("penanggung_jawab", "Penanggung jawab", "Satker yang membuat."),
        column("dasar", "Dasar pengecualian", "Huruf Pasal 17 UU 14/2008.", required=False),
        column("nomor_uji", "Nomor uji konsekuensi", "Lembar uji konsekuensi (Pasal 19).", required=False),
        column("sampai", "Dikecualikan sampai", "Hari terakhir pengecualian berlaku.", "date", required=False),
        replace(column("jumlah", "Jumlah", "Banyaknya bahan.", "integer"), ukuran="Jumlah", satuan="bahan"),
    ),
)
Satker = Mapping[str, Mapping[str, str]]


def listed(dataset: Dataset, at: datetime, satker: Satker, api: str = API) -> str:
    """SELECT of the DIP of a public dataset at `at`; `satker` gives each unit's `nama` and `tipe` by code, `api` is
    where the public API answers."""
    kept = f"{dataset.retention_years} tahun sesudah diterima" if dataset.retention_years else "Tetap disimpan"
    heads = " ".join(f"WHEN {literal(tipe)} THEN {literal(head)}" for tipe, head in HEADS.items())
    kinds = " ".join(f"WHEN {literal(code)} THEN {literal(word)}" for code, word in CATEGORIES.items())
    return (
        f"WITH satker(kode, nama, tipe) AS ({_units(satker)}), bahan AS ({_items(dataset, at)})"
        " SELECT row_number() OVER (ORDER BY kunci, kelas) AS nomor, judul, ringkasan,"
        f" coalesce(CASE tipe {heads} END || ' ', '') || coalesce(nama, kode_satker) AS penguasa,"
        " coalesce(nama, kode_satker) AS penanggung_jawab, waktu || ', ' || tempat AS waktu_tempat,"
        f" {literal(SHAPES[dataset.kind])} AS bentuk, {literal(kept)} AS retensi,"
        f" {literal(f'{dataset.kind}; {api}/')} || alamat AS media, CASE kelas {kinds} END AS kategori"
        " FROM bahan LEFT JOIN satker ON kode = kode_satker ORDER BY nomor"
    )


def excluded(closed: Mapping[str, Sequence[Mapping[str, Any]]], satker: Satker) -> pa.Table:
    """The DIK: by title of the dataset, the rows that `publik.excluded` gave of it."""
    rows = [
        {
            "jenis_informasi": title,
            "penanggung_jawab": satker[row["kode_satker"]]["nama"] if row["kode_satker"] in satker else "-",
            "dasar": row["dasar"] and f"Pasal 17 huruf {' angka '.join(row['dasar'])}",
            "nomor_uji": row["uji"],
            "sampai": row["sampai"],
            "jumlah": row["jumlah"],
        }
        for title, found in closed.items()
        for row in found
    ]
    rows.sort(key=lambda row: [str(value) for value in row.values()])
    return pa.Table.from_pylist([{"nomor": at, **row} for at, row in enumerate(rows, 1)], DIK.arrow)


def _items(dataset: Dataset, at: datetime) -> str:
    """The public information of one dataset: each item, or of a table each satker and period."""
    names = {f.name for f in publik.columns(dataset)}

    def first(*wanted: str, otherwise: str) -> str:
        return next((name for name in wanted if name in names), otherwise)

    satker = first("kode_satker", otherwise="'DIVHUMAS'")
    arrived = "left((_diterima_pada AT TIME ZONE 'UTC')::VARCHAR, 10)"
    said = {
        "kunci": "_kunci",
        "kode_satker": satker,
        "judul": first("judul", otherwise=literal(dataset.title)),
        "ringkasan": f"left({first('keterangan', 'isi', otherwise=literal(dataset.description))}, 300)",
        "waktu": f"{first('periode', 'tanggal_kejadian', otherwise=arrived)}::VARCHAR",
        "tempat": first("kode_wilayah", otherwise=satker),
        "kelas": first("klasifikasi_informasi", otherwise="'SETIAP_SAAT'"),
        "alamat": f"'ninjs/' || left(sha256({literal(dataset.name)} || chr(31) || _kunci), 32)",  # ninjs.identity
    }
    table = dataset.kind == "tabel"
    if table:
        about = f"concat_ws(', ', {literal(dataset.title)}, {said['waktu']})"
        of = " || '&' || ".join(f"'{name}=' || {name}" for name in ("kode_satker", "periode") if name in names)
        where = f"'dataset/{dataset.name}/baris?' || {of or repr('')}"
        said |= {"kunci": f"concat_ws('|', {satker}, {said['waktu']})", "judul": about, "alamat": where}
    selected = ", ".join(f"{sql} AS {name}" for name, sql in said.items())
    return f"SELECT {'DISTINCT ' if table else ''}{selected} FROM ({publik.rows(dataset, at)})"


def _units(satker: Satker) -> str:
    rows = ", ".join(
        f"({literal(code)}, {literal(unit['nama'])}, {literal(unit['tipe'])})" for code, unit in satker.items()
    )
    return f"VALUES {rows}"
