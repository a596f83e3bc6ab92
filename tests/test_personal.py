"""Personal data: what is found and what is not, what is masked, what is held, and how a false alarm is cleared."""

import io
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from expectations import personal
from infra import clearance, correcting, judged, steps
from infra.cli import main
from infra.submit import Refused
from schemas import dataset as standards
from schemas.dataset import ContractError, datasets
from schemas.personal import excerpt, masked
from tests.office import Installation, counts
from tests.samples import make
from transforms import disclosure
from transforms.shape import literal

NIK = "3302012304950001"
HITS = {
    "DATA_PRIBADI_NIK": [
        NIK,
        "NIK 3302016304950001 milik warga",  # a woman: day + 40
        "(3302.01.230495.0001)",
        "3302-0123-0495-0001",
        "33 02 01 23 04 95 0001",
        f"ktp_{NIK}.jpg",
        f"NIK{NIK}",
        f"5 {NIK} ada",  # a list's number before it
        f"9902012304950001,{NIK}",  # beside one that is none
        "5401012902960001",  # Timor Timur; 29 February of a leap year
        "9471012304950001",
        "33\u00a002012304950001",  # pasted from a word processor
    ],
    "DATA_PRIBADI_KK": [
        "No. KK 3302010101150003",
        "kartu keluarga nomor 3302.01.010115.0003",
        "kk_3302010101150003.pdf",
    ],
    "DATA_PRIBADI_NPWP": ["NPWP 09.254.294.3-407.000", "09.254.294.3-407.000", "npwp: 092542943407000"],
    "DATA_PRIBADI_TELEPON": [
        "hubungi 081234567890",
        "+62 812-3456-7890",
        "62812-3456-7890",
        "(0812) 3456 7890",
        "WA081234567890",
        "0812.3456.7890",
        "telp:0857 1234 567",
        "Ani,081234567890",
        "(0281) 641234",
        "rumah korban (021) 7654-321",
        "telepon 0281-641234",
        "Telp. (024)7601234 atas nama warga",
    ],
    "DATA_PRIBADI_SUREL": [
        "tulis ke budi.santoso@gmail.com ya",
        "ani@polri.go.id",
        "a_b+c@mail.co.id",
        "budi [at] gmail.com",
        "budi.santoso(at)yahoo.co.id",
        "budi at gmail [dot] com",
    ],
    "DATA_PRIBADI_PLAT": [
        "mobil B 1234 XYZ melaju",
        "R 123 AB",
        "AB1234CD",
        "B_1234_XYZ.jpg",
        "R-4567-KL",
        "nopol r 12 ab",
        "plat nomor: B 1 A",
    ],
    "DATA_PRIBADI_REKENING": [
        "rekening BCA 1234567890",
        "norek: 0012-0100-1234-567",
        "No. Rek 1380012345678 a.n.",
        "rekening Rp 5.000.000 ke 1234567890",
    ],
    "DATA_PRIBADI_NAMA": [
        "korban Budi Santoso melapor",
        "saksi bernama Siti Aminah",
        "tersangka BUDI SANTOSO",
        "Korban: Budi Santoso",
        "Korban Budi Santoso (34) tewas",
        "pelapor Sdr. Ahmad Yani",
        "anak Rina Putri Dewi",
        "inisial Budi Santoso",
        "tersangka Joko bin Slamet",
        "terlapor, Andi Wijaya,",
        "anak korban Rina dirawat",
        "pelapor bernama Yulius,",
        "terhadap korban Ferdinan hingga luka",
        "Korban, Budi, dirawat di rumah sakit",
        "Korban, Yohana (17), selamat",
        "KORBAN BUDI SANTOSO",
        "POLISI TANGKAP PELAKU AGUS DI SOLO",
        "saksi budi santoso",
        "menurut saksi siti aminah yang melihat",
        "anak Rina",
        "Korban: Budi",
        "tersangka sdr. joko",
        "foto_korban_Budi_Santoso.jpg",
        "foto-korban-Budi-Santoso.jpg",
        "FOTO_KORBAN_BUDI.JPG",
        "video_saksi_siti.mp4",
        "Korban Yohana Waropen (17) tewas",
        "korban Kompol Budi Santoso",
    ],
}
MISSES = [
    "4111111111111111",  # a bank card
    "kartu 5264 2212 3456 7890",
    "3302013202950001",  # no 32nd day
    "3302012313950001",  # no 13th month
    "3302013002950001",  # no 30 February
    "5401012902950001",  # 1995 was no leap year
    "3302012304950000",  # no serial 0000
    "9902012304950001",  # no province 99
    f"{NIK}2",
    f"1{NIK}",
    "IMEI 356938035643809",
    "ISBN 978-602-03-3295-6",
    "resi 0012345678",
    "nomor 8112345678901234567",
    "20-11-2026",
    "2026-11-20 07:40:00",
    "pukul 08.30 WIB",
    "Rp 81.234.567.890",
    "Rp62.812.345.678",
    "sebesar 62.812.345.678 rupiah",
    "rasio 0,0812345678",
    "021-5551234",
    "call center 110",
    "Pasal 362 KUHP",
    "Pasal 81 ayat (2) UU 35 Tahun 2014",
    "LP/B/123/XI/2026",
    "LP/B/123/XI/2026/SPKT/POLRES BANYUMAS",
    "SPDP/12/I/RES.1.8/2026",
    "B/2026/XI",
    "B-2026-XI",
    "BMS-2026-PASAR-WAGE",
    "UJI/2026/001",
    "RT 02 RW 05",
    "RT 003 RW 005",
    "KM 120 TOL",
    "berkas P-21",
    "P 21 DAN",
    "HUT KE 77 DI POLDA",
    "1447 H 2026 M",
    "Terminal 3 Bandara",
    "rekening berisi Rp 250.000.000",
    "12 rekening dengan total 1.234.567.890 rupiah",
    "rekening dibuka 20-11-2026",
    "humas@jateng.polri.go.id",
    "ppid.polres@polri.go.id",
    "anak sungai Serayu",
    "saksi bisu peristiwa",
    "Pohon Tua Jadi Saksi Bisu Kejadian",
    "Anak Sungai Serayu Meluap",
    "Polisi Periksa Saksi Kasus Pencurian",
    "Korban Banjir Bandang di Garut",
    "korban Gempa Cianjur Jawa Barat",
    "saksi Polres Banyumas Kota",
    "tersangka TNI Angkatan Laut",
    "anak Sekolah Dasar Negeri",
    "inisial AS (24)",
    "korban berinisial B.S. warga",
    "korban luka dan korban jiwa akibat banjir",
    "Korban Luka Berat Dirujuk ke Rumah Sakit",
    "KORBAN LUKA BERTAMBAH MENJADI 12 ORANG",
    "POLISI BEKUK PELAKU CURANMOR DI BANYUMAS",
    "KORBAN KEBAKARAN PASAR WAGE TERIMA BANTUAN",
    "saksi mata melihat asap di lantai dua",
    "anak buah pelaku masih dikejar",
    "anak muda dan pelaku usaha setempat",
    "anak-anak Indonesia bermain bersama polisi",
    "para pelaku UMKM dan pelaku Usaha kecil",
    "santunan bagi korban Semeru dan korban Cianjur",
    "relawan membantu korban Lombok, Palu dan Donggala",
    "kata korban, Rabu (12/11)",
    "Korban, Pelaku, dan Saksi Dihadirkan",
    "Korban, Keluarga, dan Warga Berdoa",
    "Saksi, Polisi (Reskrim) hadir",
    "pelaku Pencurian dengan Pemberatan",
    "tersangka Narkoba jaringan antarprovinsi",
    "korban Kecelakaan lalu lintas",
    "korban agustus lalu",
    "korban_banjir_2026.jpg",
    "foto_korban_banjir.jpg",
    "Foto_Korban_Gempa_Cianjur.jpg",
    "foto-saksi-mata-1.png",
    "IMG_korban_IMG_0012.jpg",
    "kantor Polres (0281) 641234",
    "SPKT Polda: telepon 024-7601234",
    "pukul 08.00 (021 menit)",
    "melihat lokasi [at] tempat kejadian",
    "rapat at Mapolres",
]


AROUND = ["{}", "Polres Banyumas menyampaikan: {} kepada petugas.", "{}\n{}"]


@cache
def looked_at() -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Of every text above, and of what masking leaves of it: the rules it breaks with what each shows, and the masked
    text as SQL has it. All in one pass, because making these patterns ready takes longer than using them."""
    listed = [text for texts in (*HITS.values(), MISSES) for text in texts]
    texts = [around.format(text, text) for text in listed for around in AROUND]
    texts += [masked(text) for text in texts]
    found: dict[str, dict[str, str]] = {text: {} for text in texts}
    with duckdb.connect() as con:
        con.register("s", pa.table({"asal": texts, "teks": texts}))
        for text, kode, nilai in con.execute(personal.hits("s", "asal")).fetchall():
            found[text][kode] = nilai
        return found, dict(con.execute(f"SELECT asal, {personal.masked('teks')} FROM s").fetchall())


@pytest.mark.parametrize(("kode", "text"), [(kode, text) for kode, texts in HITS.items() for text in texts])
@pytest.mark.parametrize("around", AROUND)
def test_personal_data_are_found_and_never_repeated(kode: str, text: str, around: str) -> None:
    found, masked_in_sql = looked_at()
    text = around.format(text, text)

    assert kode in found[text]
    assert personal.LABELS[kode] in found[text][kode]
    assert found[masked(text)] == {}
    assert masked_in_sql[text] == masked(text)
    assert not re.search(r"[0-9]{6}", " ".join(found[text].values()))


@pytest.mark.parametrize("text", MISSES)
@pytest.mark.parametrize("around", AROUND[:2])
def test_what_only_looks_alike_is_left_alone(text: str, around: str) -> None:
    assert looked_at()[0][around.format(text)] == {}


def test_the_cheap_look_misses_nothing_the_dear_one_finds() -> None:
    with duckdb.connect() as con:
        con.register("s", pa.table({"teks": [text for texts in HITS.values() for text in texts]}))
        for cheap in (personal.suspicious("teks"), f"regexp_matches(teks, {literal(personal.telling())})"):
            assert con.execute(f"SELECT teks FROM s WHERE NOT {cheap}").fetchall() == []


def test_the_cheap_look_takes_no_sha256_for_a_telephone_number() -> None:
    numbers = ["x 0812 3456 7890", "WA081234567890", "tlp0812-3456-789", "Rp 5 juta081234567890", "1+6281234567890"]
    with duckdb.connect() as con:
        con.register("s", pa.table({"teks": [*numbers, "a0812345678901bc", "9f62812345678aa"]}))
        found = con.execute(f"SELECT teks FROM s WHERE regexp_matches(teks, {literal(personal.telling())})").fetchall()
    assert [text for (text,) in found] == numbers


@pytest.mark.parametrize("at", range(380, 402))
def test_a_number_at_the_cut_leaves_no_piece(at: int) -> None:
    for number in (NIK, "33 02 01 23 04 95 0001", "0812-3456-7890"):
        shown = excerpt((f"{NIK} " * 20 + "x" * 400)[:at] + " " + number + " " + "kata " * 100, 200)
        assert not re.search(r"[0-9]", shown) and len(shown) <= 200


def test_a_long_text_without_blanks_is_masked_in_no_time() -> None:
    assert len(excerpt("a" * 5_000_000, 200)) <= 200


# The gate, end to end

PLANTED = {
    "DATA_PRIBADI_NIK": NIK,
    "DATA_PRIBADI_TELEPON": "081234567890",
    "DATA_PRIBADI_SUREL": "budi.santoso@gmail.com",
    "DATA_PRIBADI_NAMA": "korban Budi Santoso",
}
SECRETS = (NIK, "081234567890", "budi.santoso", "Budi Santoso")


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "spit")


def planted(dataset: str) -> Iterator[dict[str, Any]]:
    """An item for every column an office may write anything into, with a datum in it that the column accepts."""
    rest = {"klasifikasi_informasi": "DIKECUALIKAN", "dasar_pengecualian": "a1", "dikecualikan_sampai": "2031-01-01"}
    for name in personal.scanned(datasets()[dataset]):
        f = datasets()[dataset].field(name)
        for kode, datum in PLANTED.items():
            if name == "berkas" or f.type == "integer":
                continue
            text = (
                datum if f.constraints.pattern else f"Ditulis oleh kantor contoh: {datum} dan seterusnya sampai habis."
            )
            if not f.constraints.pattern or (kode == "DATA_PRIBADI_NIK" and name != "bahasa"):
                yield {name: text} | (rest if name == "nomor_uji_konsekuensi" else {})
    yield from ({"nomor": NIK[:-1] + str(n), "judul": f"Nomor bahan ke {n}"} for n in range(2, 4))


def betrayed(*roots: Path) -> list[Path]:
    """Files that hold a secret, Parquet opened."""

    def text(path: Path) -> str:
        if path.suffix == ".parquet":
            return json.dumps(pq.read_table(path).to_pylist(), default=str)
        return path.read_text("utf-8", errors="replace")

    paths = [path for root in roots for path in root.rglob("*") if path.is_file()]
    assert paths
    return [path for path in paths if any(secret in f"{path} {text(path)}" for secret in SECRETS)]


def test_personal_data_in_any_column_reach_no_public_file_and_no_partner(spit: Installation) -> None:
    for dataset in make.GOOD:
        changes = [{"nomor": f"UJI/{at}", **change} for at, change in enumerate(planted(dataset))]
        files = make.media(dataset)
        if files:
            ((name, data),) = files.items()
            files[f"ktp_{NIK}{Path(name).suffix}"] = data
            changes.append({"nomor": "BERKAS/1", "berkas": f"ktp_{NIK}{Path(name).suffix}"})
        spit.drop(dataset, make.items(dataset, {"nomor": "BERSIH/1"}, *changes, files=files))
    for dataset, rows in make.ROWS.items():
        integers = [f.name for f in datasets()[dataset].office_fields if f.type == "integer"]
        table = [
            rows[0],
            *(["" if c in integers else cell for c, cell in zip(rows[0], r, strict=True)] for r in rows[1:]),
        ]
        for at, column in enumerate(integers):
            row = [
                NIK if c == column else "0" if c in integers else cell for c, cell in zip(rows[0], rows[1], strict=True)
            ]
            table.append(
                [f"2026-{at + 1:02d}" if c == "periode" else cell for c, cell in zip(rows[0], row, strict=True)]
            )
        spit.drop(dataset, make.table(dataset, [rows[0], *table[3:]]))
    spit.take_in()
    assert spit.publish()["audit"]["failed"] == 0

    held = spit.rows(" UNION ALL ".join(f"SELECT '{d}' AS d, count(_tertahan) AS n FROM {d}" for d in make.GOOD))
    clean = spit.rows(" UNION ALL ".join(f"SELECT nomor FROM {d} WHERE _tertahan IS NULL" for d in make.GOOD))
    assert all(row["n"] > 15 for row in held), held
    assert {row["nomor"] for row in clean} == {"BERSIH/1"}
    home, store = spit.settings.home, Path(spit.settings.store)
    assert betrayed(store / "published", home / "mitra", store / "receipts", store / "audits", store / "gates") == []
    assert betrayed(spit.settings.landing / "jateng" / "answers") == []
    published = [path for path in (store / "published").rglob("*.csv") if "BERSIH/1" in path.read_text()]
    assert len(published) > len(make.GOOD)


def test_names_of_files_are_told_masked(spit: Installation) -> None:
    files = make.raw_table(
        "pantauan_media",
        {f"data {NIK}.csv": "".join(",".join(r) + "\n" for r in make.ROWS["pantauan_media"]).encode()},
    )
    spit.drop("tabel", files | {"hp 081234567890.txt": b"x", "foto_korban_budi.txt": b"x"})
    spit.take_in()

    s = spit.one("tabel")
    found = [(f["kode"], f["berkas"]) for f in spit.receipt(s.receipt)["temuan"] if f["tingkat"] == "PERINGATAN"]
    assert ("DATA_PRIBADI_NIK", "data [NIK].csv") in found
    assert ("DATA_PRIBADI_TELEPON", "hp [TELEPON].txt") in found
    assert ("DATA_PRIBADI_NAMA", "foto_korban_[NAMA].txt") in found
    assert betrayed(Path(spit.settings.store) / "receipts", spit.settings.landing / "jateng" / "answers") == []


def test_a_masked_name_of_a_file_does_not_break_the_way_back(spit: Installation) -> None:
    rows = make.changed("pantauan_media", "nada", "BAGUS")
    name = f"data {NIK}.csv"
    spit.drop("tabel", make.raw_table("pantauan_media", {name: "".join(",".join(r) + "\n" for r in rows).encode()}))
    spit.take_in()
    s = spit.one("tabel")
    assert counts(s) == (2, 1, 1, 0)

    with opened(spit) as (store, _):
        data = correcting.workbook(store, s, spit.receipt(s.receipt))
    book = load_workbook(io.BytesIO(data))
    sheet = book["Isi"]
    (heading,) = [cell for cell in sheet[1] if cell.value == "nada"]  # the office's own
    bad = sheet[f"{heading.coordinate[:-1]}2"]
    assert bad.comment is not None
    bad.value = "NETRAL"
    out = io.BytesIO()
    book.save(out)
    spit.drop("perbaikan", {"perbaikan.xlsx": out.getvalue()})
    spit.take_in()
    assert counts(spit.one("tabel", 2))[1:] == (1, 0, 0)


def test_a_value_that_comes_back_is_not_repeated_either(spit: Installation) -> None:
    long = f"Korban dengan NIK {NIK} " * 20
    spit.drop("rilis", make.items("teks", {"judul": long, "topik": NIK, "nomor": f"{NIK} x", NIK: "ada", "x": [NIK]}))
    spit.take_in()

    s = spit.one("rilis")
    assert counts(s) == (1, 0, 1, 0)
    assert {"TERLALU_PANJANG", "KODE_DI_LUAR_DAFTAR", "POLA_SALAH", "KOLOM_TIDAK_DIKENAL"} <= set(spit.rules(s.receipt))
    assert betrayed(Path(spit.settings.store) / "receipts", spit.settings.landing / "jateng" / "answers") == []


# Clearing


def public(spit: Installation, name: str = "teks") -> str:
    paths = [*(Path(spit.settings.store) / "published").rglob(f"{name}.csv")]
    return "".join(path.read_text() for path in paths)


def opened(spit: Installation) -> Any:
    return steps.opened(spit.settings)


def clear(spit: Installation, key: str, rule: str, dataset: str = "teks", *, undo: bool = False) -> None:
    said = "PPID Polda Jateng", "nomor layanan aduan, bukan pribadi"
    with opened(spit) as (store, inbox):
        clearance.clear(store, inbox, dataset, key, rule, *said, undo=undo)


HOTLINE = {"isi": "Warga dapat menghubungi nomor layanan aduan 081234567890 setiap hari, siang dan malam."}
KEY = "JATENG|UJI/2026/001"


def test_a_cleared_row_is_public_from_the_next_release_on(spit: Installation) -> None:
    spit.drop("rilis", make.items("teks", HOTLINE))
    spit.take_in()
    spit.publish()
    assert "UJI/2026/001" not in public(spit)

    clear(spit, KEY, "DATA_PRIBADI_TELEPON")
    assert spit.take_in()["curate"] == {"batches": 1, "rows": 0}
    done = spit.publish()
    assert (done["audit"]["failed"], done["release"]["release"], done["deliver"]["failed"]) == (0, 2, 0)
    assert done["deliver"]["written"] > 0
    assert "081234567890" in public(spit)
    (row,) = spit.rows("SELECT dataset, kunci, kode, oleh, alasan, _diterima_pada IS NOT NULL AS pada FROM pelepasan")
    assert row == {
        "dataset": "teks",
        "kunci": KEY,
        "kode": "DATA_PRIBADI_TELEPON",
        "oleh": "PPID Polda Jateng",
        "alasan": "nomor layanan aduan, bukan pribadi",
        "pada": True,
    }
    assert steps.reconcile(spit.settings)["odd"] == []
    assert spit.publish()["deliver"]["written"] == 0


def test_a_clearance_can_be_taken_back(spit: Installation) -> None:
    spit.drop("rilis", make.items("teks", HOTLINE))
    spit.take_in()
    with pytest.raises(Refused, match="nothing to take back"):
        clear(spit, KEY, "DATA_PRIBADI_TELEPON", undo=True)
    clear(spit, KEY, "DATA_PRIBADI_TELEPON")
    spit.take_in()
    spit.publish()
    assert "081234567890" in public(spit)

    clear(spit, KEY, "DATA_PRIBADI_TELEPON", undo=True)
    spit.take_in()
    spit.publish()
    assert "081234567890" not in public(spit)
    assert spit.rows("SELECT count(*) AS n, count(*) FILTER (dicabut) AS dicabut FROM pelepasan") == [
        {"n": 2, "dicabut": 1}
    ]
    clear(spit, KEY, "DATA_PRIBADI_TELEPON")
    spit.take_in()
    spit.publish()
    assert "081234567890" in public(spit)


def test_a_release_of_before_the_clearance_still_holds_the_row(spit: Installation) -> None:
    from infra.lake import Lake
    from infra.sql.query import connect
    from infra.storage.store import open_store
    from transforms import publik

    spit.drop("rilis", make.items("teks", HOTLINE))
    spit.take_in()
    spit.publish()
    clear(spit, KEY, "DATA_PRIBADI_TELEPON")
    spit.take_in()
    spit.publish()

    lake = Lake(open_store(spit.settings.store))
    shown = []
    for release in lake.releases():
        with connect(lake, release) as con:
            shown.append(con.execute(publik.rows(datasets()["teks"], release.at)).to_arrow_table().num_rows)
    assert shown == [1, 0]


def test_every_rule_that_holds_must_be_cleared(spit: Installation) -> None:
    spit.drop("rilis", make.items("teks", {"isi": HOTLINE["isi"] + " Surel: aduan.warga@gmail.com"}))
    spit.take_in()
    for rule, there in (("DATA_PRIBADI_TELEPON", False), ("DATA_PRIBADI_SUREL", True)):
        clear(spit, KEY, rule)
        spit.take_in()
        spit.publish()
        assert ("UJI/2026/001" in public(spit)) is there


def test_a_media_reference_is_held_and_cleared_with_its_item(spit: Installation) -> None:
    spit.drop("foto", make.items("foto", {"teks_alternatif": "Mobil B 1234 XYZ milik dinas di halaman."}))
    spit.take_in()
    spit.publish()
    assert not any("B 1234 XYZ" in public(spit, name) for name in ("foto", "media"))

    clear(spit, KEY, "DATA_PRIBADI_PLAT", "foto")
    spit.take_in()
    spit.publish()
    assert all("B 1234 XYZ" in public(spit, name) for name in ("foto", "media"))


def test_a_correction_that_changes_the_row_is_held_anew(spit: Installation) -> None:
    spit.drop("rilis", make.items("teks", HOTLINE))
    spit.take_in()
    clear(spit, KEY, "DATA_PRIBADI_TELEPON")
    spit.drop("rilis", make.items("teks", {**HOTLINE, "judul": "Judul yang diperbaiki"}))
    spit.take_in()
    spit.publish()
    assert "UJI/2026/001" not in public(spit)

    clear(spit, KEY, "DATA_PRIBADI_TELEPON")
    spit.take_in()
    spit.publish()
    assert "Judul yang diperbaiki" in public(spit)

    spit.drop("rilis", make.items("teks", {"judul": "Tanpa nomor telepon"}))
    spit.take_in()
    spit.publish()
    assert "Tanpa nomor telepon" in public(spit), "mended: nothing to clear"


def test_a_child_in_a_criminal_case_is_never_cleared(spit: Installation) -> None:
    spit.drop("rilis", make.items("teks", {**HOTLINE, "subjek_anak": "ya"}))
    spit.take_in()
    for rule in ("SUBJEK_ANAK", "DATA_PRIBADI_TELEPON"):
        with pytest.raises(Refused, match="child"):
            clear(spit, KEY, rule)

    with opened(spit) as (store, inbox):  # and should somebody write it down behind our back
        hold = clearance.holds(store, inbox)[0]
        row = {"dataset": "teks", "kunci": KEY, "sidik": hold.fingerprint, "oleh": "x", "alasan": "x"}
        for rule in ("SUBJEK_ANAK", "DATA_PRIBADI_TELEPON"):

            def keep(batch: int, at: Any, rule: str = rule) -> None:
                made = {**row, "kode": rule, "_batch": batch, "_diterima_pada": at}
                judged.put(
                    store, batch, "pelepasan", pa.Table.from_pylist([made], standards.tables()["pelepasan"].arrow)
                )

            inbox.decide(keep)
    spit.take_in()
    spit.publish()
    assert "UJI/2026/001" not in public(spit)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((KEY, "DATA_PRIBADI_NIK", "PPID", "nomor layanan aduan"), "does not hold"),
        (("JATENG|LAIN", "DATA_PRIBADI_TELEPON", "PPID", "nomor layanan aduan"), "does not hold"),
        ((KEY, "DATA_PRIBADI_TELEPON", " ", "nomor layanan aduan"), "who does it"),
        ((KEY, "DATA_PRIBADI_TELEPON", "PPID", "ok"), "why"),
    ],
)
def test_clearing_wants_a_held_row_a_name_and_a_reason(spit: Installation, words: tuple[str, ...], why: str) -> None:
    spit.drop("rilis", make.items("teks", HOTLINE))
    spit.take_in()
    with opened(spit) as (store, inbox), pytest.raises(Refused, match=why):
        clearance.clear(store, inbox, "teks", *words)


def test_the_command_lists_clears_and_says_who_did(spit: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIT_HOME", str(spit.settings.home))
    run = CliRunner().invoke
    assert "nothing is held" in run(main, ["clear", "--list"]).output
    spit.drop("rilis", make.items("teks", HOTLINE, {"subjek_anak": "ya"}))
    spit.take_in()
    listed = run(main, ["clear", "--list"]).output
    assert "DATA_PRIBADI_TELEPON" in listed and "tertahan untuk seterusnya" in listed and "081234567890" not in listed

    words = ["clear", "teks", KEY, "DATA_PRIBADI_TELEPON", "--by", "PPID", "--reason", "nomor layanan aduan"]
    assert run(main, words).exit_code == 0
    spit.take_in()
    assert "dilepas PPID: nomor layanan aduan" in run(main, ["clear", "--list"]).output
    assert run(main, words).exit_code == 2
    assert run(main, ["clear", "teks"]).exit_code == 2


def test_rows_of_before_this_gate_stay_readable_and_released(spit: Installation) -> None:
    from infra.lake import Lake
    from infra.ledger.inbox import Inbox
    from infra.storage.store import open_store

    spit.drop("rilis", make.items("teks", {}))
    for step in (steps.land, steps.judge):
        step(spit.settings)
    store = open_store(spit.settings.store)
    (path,) = (Path(spit.settings.store) / "judged").rglob("teks.parquet")
    old = pq.read_table(path).drop_columns(["_tertahan"])
    lake, standard = Lake(store), datasets()["teks"]
    uri, _ = store.delta("tables/teks")
    from deltalake import write_deltalake

    write_deltalake(uri, old, configuration={"delta.enableChangeDataFeed": "true"})
    assert lake.version("teks") == 0
    path.unlink()
    steps.curate(spit.settings)
    with Inbox.open(spit.settings.ledger) as inbox, inbox.ledger.engine.begin() as connection:
        from sqlalchemy import text

        connection.execute(text("UPDATE batch SET versions = json_set(versions, '$.teks', 0)"))
    assert spit.publish()["audit"]["failed"] == 0
    assert "UJI/2026/001" in public(spit)

    spit.drop("baru", make.items("teks", {**HOTLINE, "nomor": "UJI/2026/002"}))
    spit.take_in()
    assert spit.publish()["audit"]["failed"] == 0
    assert spit.rows("SELECT nomor, _tertahan FROM teks ORDER BY 1") == [
        {"nomor": "UJI/2026/001", "_tertahan": None},
        {"nomor": "UJI/2026/002", "_tertahan": "DATA_PRIBADI_TELEPON"},
    ]
    assert standard.arrow.names[-1] == "_tertahan"


# Small counts

LAYANAN = replace(datasets()["layanan_informasi"], small_count=3)
FIGURES = ("jumlah_permohonan", "jumlah_dikabulkan")


def protect(rows: list[dict[str, Any]]) -> dict[str, tuple[int | None, ...]]:
    """Two columns of figures as the public sees them, by satker."""
    columns = [f.name for f in LAYANAN.fields]
    made = [dict.fromkeys(columns) | {"periode": "2026-10", "saluran": "SURAT"} | row for row in rows]
    schema = pa.schema([f.arrow for f in LAYANAN.fields])
    with duckdb.connect() as con:
        con.register("t", pa.Table.from_pylist(made, schema))
        found = con.execute(
            f"SELECT kode_satker, {', '.join(FIGURES)} FROM ({disclosure.protect(LAYANAN, 'FROM t')}) ORDER BY 1"
        ).fetchall()
    return {satker: figures for satker, *rest in found for figures in [tuple(rest)]}


def rows_of(children: tuple[tuple[int, int], ...]) -> list[dict[str, Any]]:
    total = tuple(sum(column) for column in zip(*children, strict=True))
    return [
        {"kode_satker": f"JATENG.K{at}" if at else "JATENG", **dict(zip(FIGURES, figures, strict=True))}
        for at, figures in enumerate((total, *children))
    ]


PAIRS = [(a, b) for a in range(5) for b in range(a + 1)]
TABLES = [children for size in (1, 2, 3) for children in itertools.product(PAIRS, repeat=size)]
"""Every group of up to three satker with 0 to 4 requests each, of which 0 to all are granted."""


def test_no_small_count_can_be_told_from_what_is_published() -> None:
    """Brute force: of all tables that would be published just so, no two agree on a small count withheld in one.

    Whoever tries knows the rule, the threshold and that granted never exceed requested; only the numbers are unknown.
    """
    columns = [f.name for f in LAYANAN.fields]
    rows = [
        dict.fromkeys(columns) | {"periode": "2026-10", "saluran": str(at)} | row
        for at, children in enumerate(TABLES)
        for row in rows_of(children)
    ]
    with duckdb.connect() as con:
        con.register("t", pa.Table.from_pylist(rows, pa.schema([f.arrow for f in LAYANAN.fields])))
        found = con.execute(
            f"SELECT saluran, list((kode_satker, {', '.join(FIGURES)}) ORDER BY kode_satker)"
            f" FROM ({disclosure.protect(LAYANAN, 'FROM t')}) GROUP BY 1"
        ).fetchall()
    alike: dict[Any, list[tuple[tuple[int, int], ...]]] = {}
    for at, shown in found:
        alike.setdefault(tuple(shown), []).append(TABLES[int(at)])
    small = 0
    for shown, tables in alike.items():
        for at, column in itertools.product(range(len(shown) - 1), range(2)):
            values = {children[at][column] for children in tables}
            if values & {1, 2}:
                small += 1
                assert shown[at + 1][column + 1] is None
                assert len(values) > 1, (shown, at, column, tables)
    assert small > 500


@pytest.mark.parametrize(
    ("children", "withheld"),
    [
        (((9, 8), (7, 6), (5, 4)), set()),
        (((0, 0), (7, 6), (5, 4)), set()),
        (((2, 0), (7, 6), (5, 4)), {"JATENG.K1", "JATENG.K3"}),  # and the smallest larger one
        (((2, 0), (5, 6), (5, 4), (9, 9)), {"JATENG.K1", "JATENG.K2", "JATENG.K3"}),  # and its equals
        (((2, 0), (0, 0)), {"JATENG", "JATENG.K1"}),  # no larger one: the total
        (((9, 2), (7, 6), (5, 4)), {"JATENG.K1", "JATENG.K3"}),
    ],
)
def test_what_is_withheld(children: tuple[tuple[int, int], ...], withheld: set[str]) -> None:
    shown = protect(rows_of(children))
    assert {satker for satker, figures in shown.items() if None in figures} == withheld
    assert all(set(figures) == {None} for satker, figures in shown.items() if satker in withheld)


def test_a_polda_speaks_for_itself_and_another_group_is_not_touched() -> None:
    rows = [
        {"kode_satker": "JATENG", "jumlah_permohonan": 1, "jumlah_dikabulkan": 1},
        {"kode_satker": "JABAR.K1", "jumlah_permohonan": 9, "jumlah_dikabulkan": 5},
        {"kode_satker": "JATENG.K1", "periode": "2026-09", "jumlah_permohonan": 1, "jumlah_dikabulkan": 1},
        {"kode_satker": "JATENG.K2", "jumlah_permohonan": 9, "jumlah_dikabulkan": 5},
    ]
    assert protect(rows) == {"JABAR.K1": (9, 5), "JATENG": (1, 1), "JATENG.K1": (None, None), "JATENG.K2": (9, 5)}


def test_small_counts_stay_in_the_tables_and_reach_no_public_file(spit: Installation) -> None:
    head = make.ROWS["layanan_informasi"][0]
    rows = [
        ["JATENG.BANYUMAS", "2026-10", "SURAT", "4", "3", "1", "3.25"],
        ["JATENG.CILACAP", "2026-10", "SURAT", "77", "70", "6", "4.5"],
        ["JATENG.KUDUS", "2026-10", "SURAT", "88", "80", "7", "5.5"],
        ["JATENG", "2026-10", "SURAT", "169", "153", "14", "4.75"],
    ]
    spit.drop("tabel", make.table("layanan_informasi", [head, *rows]))
    spit.take_in()
    spit.publish()

    assert spit.rows("SELECT sum(jumlah_permohonan)::BIGINT AS n FROM layanan_informasi") == [{"n": 338}]
    lines = [line.split(",") for line in public(spit, "layanan_informasi").splitlines()[1:]]
    assert {line[0].strip('"'): [cell.strip('"') for cell in line[3:7]] for line in lines} == {
        "JATENG": ["169", "153", "14", "4.75"],
        "JATENG.BANYUMAS": ["", "", "", ""],
        "JATENG.CILACAP": ["", "", "", ""],
        "JATENG.KUDUS": ["88", "80", "7", "5.5"],
    }
    (schema,) = (Path(spit.settings.store) / "published" / "layanan_informasi").rglob("skema.json")
    described = {f["name"]: f for f in json.loads(schema.read_text())["fields"]}
    assert "required" not in described["jumlah_permohonan"].get("constraints", {})
    assert "disamarkan" in described["jumlah_permohonan"]["description"]


@pytest.mark.parametrize("change", [{"small_count": 2}, {"primary_key": ("periode", "saluran")}])
def test_a_standard_that_cannot_be_protected_is_our_own_bug(change: dict[str, Any]) -> None:
    with pytest.raises(ContractError, match="small_count"):
        disclosure.protect(replace(LAYANAN, **change), "FROM t")
