"""Writes the sample folders beside it: `<dataset>/<case>/` with what goes in and exactly what must come out.

A case is a good submission with one thing changed, and the findings that change must bring: `KODE:kolom` for every
row or item concerned; or it is one that comes as `near` to a rule as can be without breaking it. The cases stand in
the modules beside this one. Run `python -m tests.samples.make` after a change; the folders are what the tests read.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from schemas.messages import messages
from transforms.media import encode
from transforms.template import packed

HERE = Path(__file__).parent
Files = dict[str, bytes]

ITEM: dict[str, Any] = {
    "nomor": "UJI/2026/001",
    "judul": "Apel kesiapan di lapangan",
    "tanggal_kejadian": "2026-11-20",
    "kode_wilayah": "33.02",
    "topik": "PELAYANAN",
    "kredit": "Humas contoh",
    "lisensi": "CC-BY-4.0",
    "klasifikasi_informasi": "BERKALA",
    "subjek_anak": "tidak",
}
MEDIUM = {
    **ITEM,
    "keterangan": "Petugas mengikuti apel kesiapan di lapangan contoh.",
    "berkas": "bahan",
    "direkam_pada": "2026-11-20T07:40:00+07:00",
    "sumber_digital": "digitalCapture",
    "teks_alternatif": "Barisan petugas di lapangan.",
}
GOOD = {
    "teks": {**ITEM, "genre": "RILIS", "isi": "Polres menggelar apel kesiapan di lapangan contoh pada pagi hari."},
    "foto": {**MEDIUM, "berkas": "bahan.jpg"},
    "video": {**MEDIUM, "berkas": "bahan.mp4"},
    "audio": {**MEDIUM, "berkas": "bahan.opus"},
}
ROWS = {
    "layanan_informasi": [
        [
            "kode_satker",
            "periode",
            "saluran",
            "jumlah_permohonan",
            "jumlah_dikabulkan",
            "jumlah_ditolak",
            "rata_waktu_hari",
        ],
        ["JATENG", "2026-10", "LANGSUNG", "12", "10", "1", "6.5"],
        ["JATENG", "2026-10", "SURAT", "10", "8", "1", "7.2"],
    ],
    "pantauan_media": [
        ["kode_satker", "periode", "jenis_media", "nada", "jumlah_berita", "jangkauan"],
        ["JATENG", "2026-10", "DARING", "POSITIF", "120", "45000"],
        ["JATENG", "2026-10", "CETAK", "NETRAL", "20", ""],
    ],
}


@dataclass(frozen=True)
class Case:
    """`accepted + returned + skipped` rows, and the findings: `KODE:kolom`, each with the row it stands at.

    `near`: the rules this one just does not break.
    """

    dataset: str
    name: str
    files: Files
    counts: tuple[int, int, int]
    findings: list[tuple[str, int | None]] = field(default_factory=list)
    near: tuple[str, ...] = ()


def picture(**more: Any) -> bytes:
    return encode.photo(160, 120, text="contoh", quality=50, **more)


def media(dataset: str) -> Files:
    made: dict[str, Callable[[], bytes]] = {
        "foto": lambda: picture(exif={"Make": "Contoh"}),
        "video": lambda: encode.video(0.5, 96, 64, 8, text="c"),
        "audio": lambda: encode.audio(0.5, "opus"),
    }
    return {GOOD[dataset]["berkas"]: made[dataset]()} if dataset in made else {}


def manifest(dataset: str, body: dict[str, Any], **envelope: Any) -> Files:
    sent = {"versi": 1, "satker": "JATENG", "dataset": dataset, **envelope, **body}
    return {"manifest.json": json.dumps(sent, ensure_ascii=False, indent=1).encode() + b"\n"}


def items(dataset: str, *changes: dict[str, Any], files: Files | None = None, **envelope: Any) -> Files:
    """One item per set of changes to the good one; a change to None leaves the column out."""
    listed = []
    for number, change in enumerate(changes, 1):
        item = {**GOOD[dataset], "nomor": f"UJI/2026/{number:03d}", **change}
        listed.append({key: value for key, value in item.items() if value is not None})
    return {**(media(dataset) if files is None else files), **manifest(dataset, {"isi": listed}, **envelope)}


def table(dataset: str, rows: list[list[str]], *, sep: str = ",", **envelope: Any) -> Files:
    text = "".join(sep.join(row) + "\n" for row in rows)
    return raw_table(dataset, {"tabel.csv": text.encode()}, **envelope)


def raw_table(dataset: str, files: Files, **envelope: Any) -> Files:
    default = {**package(dataset), "bawaan": {"klasifikasi_informasi": "BERKALA"}, **envelope}
    return {**files, **manifest(dataset, {"tabel": list(files)}, **default)}


def package(dataset: str) -> dict[str, Any]:
    """What a statistical table's envelope says beside its data: the standard, and metadata already on file."""
    return {"standar": f"{dataset}@1", "metadata": f"{dataset}/2026"}


AREA = "/metadata/ms_keg/data/blok_iv/sebagian_cakupan_wilayah_pengumpulan_data"


def area(province: object, city: object) -> dict[str, Any]:
    """Block IV of an activity that covers one regency."""
    return {
        "cakupan_wilayah_pengumpulan_data": "SEBAGIAN_WILAYAH_INDONESIA",
        AREA.rpartition("/")[2]: [{"kode_provinsi": province, "kode_kabupaten_kota": city}],
    }


def back(name: str, envelope: dict[str, Any], *findings: str) -> Case:
    """Good rows that come back because of what is, or is not, in the envelope (None leaves a key out)."""
    files = table("layanan_informasi", ROWS["layanan_informasi"])
    sent = {**json.loads(files["manifest.json"]), **envelope}
    files["manifest.json"] = json.dumps({k: v for k, v in sent.items() if v is not None}, ensure_ascii=False).encode()
    return Case("layanan_informasi", name, files, (0, 2, 0), [(f, None) for f in findings])


def changed(dataset: str, column: str, value: str, row: int = 2) -> list[list[str]]:
    rows = [list(r) for r in ROWS[dataset]]
    rows[row][rows[0].index(column)] = value
    return rows


def one(dataset: str, name: str, change: dict[str, Any], *findings: str, near: tuple[str, ...] = ()) -> Case:
    """One item with a change; it comes back when there is a finding that is not a mere note."""
    back = any(messages()[f.partition(":")[0]].tingkat == "GALAT" for f in findings)
    return Case(dataset, name, items(dataset, change), (int(not back), int(back), 0), [(f, 1) for f in findings], near)


def whole(dataset: str, name: str, files: Files, *findings: str, rows: int = 0) -> Case:
    """A submission that comes back as a whole."""
    return Case(dataset, name, files, (0, rows, 0), [(f, None) for f in findings])


def workbook(**sheets: Sequence[Sequence[Any]]) -> bytes:
    """An XLSX that is the same whenever it is made."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return packed(book)


def located() -> Files:
    """A photo whose original carries a position."""
    return {"bahan.jpg": picture(gps=(-7.42, 109.23), exif={"Make": "Contoh"})}


def cases() -> list[Case]:
    """Every case, from the modules beside this one, which are built of what stands above."""
    from tests.samples import (
        envelope_cases,
        item_cases,
        media_cases,
        metadata_cases,
        personal_cases,
        reading_cases,
        rights_cases,
        table_cases,
        workbook_cases,
    )

    parts = (
        item_cases,
        media_cases,
        rights_cases,
        table_cases,
        envelope_cases,
        metadata_cases,
        personal_cases,
        reading_cases,
        workbook_cases,
    )
    return [case for part in parts for case in part.cases()]


HEAVY = {("teks", "manifes-terlalu-besar"), ("teks", "manifes-paling-besar")}
"""Cases made when the tests run instead of being kept: megabytes of blanks do not belong into a repository."""


def write(case: Case, folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, data in case.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    expected: dict[str, Any] = {
        "baris": dict(zip(("diterima", "dikembalikan", "dilewati"), case.counts, strict=True)),
        "temuan": sorted([list(f) for f in case.findings], key=repr),
    }
    if case.near:
        expected["hampir"] = list(case.near)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


def main() -> None:
    for name in {case.dataset for case in cases()}:
        shutil.rmtree(HERE / name, ignore_errors=True)
    for case in cases():
        if (case.dataset, case.name) not in HEAVY:
            write(case, HERE / case.dataset / case.name)


if __name__ == "__main__":
    main()
