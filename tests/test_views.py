"""The views an analyst asks: every example on the pages runs, every column is named, and known numbers come out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from infra.lake import Lake
from infra.sql.query import QueryError, connect, select
from infra.sql.statement import accept
from infra.storage.store import open_store
from schemas.dataset import datasets
from tests.office import Installation
from tests.samples import make
from transforms import analytics

DOCS = Path(__file__).parent.parent / "docs"
EXAMPLES = [
    (page, sql)
    for page in ("views.md", "analytics.md")
    for sql in re.findall(r'^satu sql (?:-\S+ \S+ )*"(.+)"$', (DOCS / page).read_text("utf-8"), re.MULTILINE)
]


@pytest.fixture(scope="module")
def spit(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A release: texts (one of an old region, one corrected), a photo, statistics of a Polda and a Polres."""
    spit = Installation.at(tmp_path_factory.mktemp("spit"))
    aman = {
        "nomor": "UJI/1",
        "judul": "Pengamanan pasar malam",
        "isi": "Petugas mengamankan pasar dan pengunjungnya. " * 3,
    }
    lintas = {"nomor": "UJI/2", "judul": "Lalu lintas lancar", "isi": "Arus lalu lintas di jalan raya lancar. " * 3}
    spit.drop("teks", make.items("teks", aman, lintas, {"nomor": "UJI/3", "kode_wilayah": "91.04", "judul": ""}))
    spit.drop("foto", make.items("foto", {"kode_wilayah": "33.02.01"}))
    spit.drop("polda", make.table("layanan_informasi", make.ROWS["layanan_informasi"]))
    polres = [[cell.replace("JATENG", "JATENG.BANYUMAS") for cell in row] for row in make.ROWS["layanan_informasi"]]
    spit.drop("polres", make.table("layanan_informasi", polres, satker="JATENG.BANYUMAS"))
    spit.take_in()
    spit.drop("teks", make.items("teks", aman, lintas, {"nomor": "UJI/3", "kode_wilayah": "91.04"}))
    spit.take_in()
    spit.release()
    return spit


@pytest.fixture(scope="module")
def con(spit: Installation) -> Iterator[duckdb.DuckDBPyConnection]:
    """What `satu sql` opens, in this process: the same views under the same lock."""
    with connect(Lake(open_store(spit.settings.store))) as con:
        yield con


def ask(con: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """An analyst's statement, if it is let through."""
    shown = [name for (name,) in con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()]
    return con.execute(accept(con, sql, shown)).to_arrow_table()


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    return ask(con, sql).to_pylist()


def test_the_page_of_views_is_up_to_date() -> None:
    said = (DOCS / "views.md").read_text("utf-8")
    assert said == analytics.page(), "run: python -m transforms.analytics > docs/views.md"


@pytest.mark.parametrize(("page", "sql"), EXAMPLES, ids=lambda part: part[:60])
def test_an_example_runs(con: duckdb.DuckDBPyConnection, page: str, sql: str) -> None:
    ask(con, sql)


@pytest.mark.parametrize("name", analytics.analyses())
def test_every_column_is_named_in_its_order(con: duckdb.DuckDBPyConnection, name: str) -> None:
    analysis = analytics.analyses()[name]
    source = f"{name}('x')" if analysis.parameters else name
    shown = ask(con, f"SELECT * FROM {source} LIMIT 0").column_names
    assert [column for column, _ in analysis.columns] == shown
    assert analysis.examples


def test_every_kind_of_item_is_material() -> None:
    kinds = {name for name, d in datasets().items() if d.of_media or d.kind == "teks"}
    for view in ("bahan", "waktu_terbit"):
        assert set(re.findall(r"FROM (\w+?)(?:_riwayat)?\b", analytics.analyses()[view].sql)) >= kinds


def test_a_polda_is_not_a_province(con: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT kode_polda AS p, penduduk_min AS a, penduduk_maks - penduduk_min AS b, terbagi FROM penduduk_polda"
    now = {r["p"]: (r["a"], r["b"], r["terbagi"]) for r in rows(con, f"{sql} WHERE berlaku_sampai IS NULL")}
    assert now["METRO"] == (22_429_894, 3_459_706, "36.03")
    assert now["BANTEN"] == (6_000_712, 3_459_706, "36.03")
    assert len(now) == 36
    assert sum(a for a, _, _ in now.values()) + 3_459_706 == 284_973_643
    before = rows(con, f"{sql} WHERE berlaku_sampai = DATE '2024-11-12'")
    assert len(before) == 34


def test_figures_add_up_per_jurisdiction_and_people(con: duckdb.DuckDBPyConnection) -> None:
    (found,) = rows(con, "SELECT * FROM statistik_polda WHERE ukuran = 'jumlah_permohonan'")
    one = sum(int(row[3]) for row in make.ROWS["layanan_informasi"][1:])
    (people,) = rows(con, "SELECT jumlah FROM penduduk WHERE kode_wilayah = '33'")
    assert (found["kode_polda"], found["satker"], found["nilai"]) == ("JATENG", 2, 2 * one)
    rate = round(100_000 * 2 * one / people["jumlah"], 4)
    assert found["per_100_ribu_min"] == found["per_100_ribu_maks"] == rate > 0


def test_material_by_place_and_topic(con: duckdb.DuckDBPyConnection) -> None:
    found = rows(con, "SELECT provinsi, kabupaten_kota, dataset, bahan FROM bahan_wilayah ORDER BY provinsi, dataset")
    assert [tuple(row.values()) for row in found] == [
        ("Jawa Tengah", "Kabupaten Banyumas", "foto", 1),
        ("Jawa Tengah", "Kabupaten Banyumas", "teks", 2),
        ("Papua Tengah", "Kabupaten Nabire", "teks", 1),
    ]


def test_time_and_corrections(con: duckdb.DuckDBPyConnection) -> None:
    (texts,) = rows(con, "SELECT bahan, hari_sampai_terbit, menit_di_sini FROM waktu_terbit WHERE dataset = 'teks'")
    assert texts["bahan"] == 3
    assert texts["hari_sampai_terbit"] >= 4  # the event was on 20 November 2026, and this is later
    assert 0 < texts["menit_di_sini"] < 10
    found = rows(con, "SELECT kiriman, diperbaiki, hari_sampai_benar FROM ketepatan_satker WHERE dataset = 'teks'")
    assert found == [{"kiriman": 1, "diperbaiki": 1, "hari_sampai_benar": 0.0}]


def test_a_row_says_where_it_comes_from(spit: Installation, con: duckdb.DuckDBPyConnection) -> None:
    (row,) = rows(con, "SELECT * FROM asal_baris WHERE dataset = 'teks' AND _kunci LIKE '%UJI/3'")
    second = spit.one("teks", 2).receipt
    assert (row["_kiriman"], row["sumber"], row["nama_kiriman"], row["versi"]) == (second, "jateng", "teks", 2)
    assert (row["standar"], row["rilis"], row["baris"]) == (datasets()["teks"].standard, 1, 3)
    assert [(f["kode"], f["nilai"], f["batas"]) for f in row["temuan"]] == [("KODE_LAMA", "91.04", "94.01")]
    rules = rows(con, f"SELECT kode FROM aturan WHERE standar = '{row['standar']}' AND kolom = 'judul'")
    assert {"WAJIB_DIISI", "TERLALU_PENDEK"} <= {rule["kode"] for rule in rules}
    whole = "SELECT count(*) AS semua, count(sumber) AS asal, count(rilis) AS rilis, count(DISTINCT dataset) AS d"
    assert rows(con, f"{whole} FROM asal_baris") == [{"semua": 8, "asal": 8, "rilis": 8, "d": 3}]


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("pengaman", ["UJI/1"]),
        ("KEAMANAN di pasar", ["UJI/1"]),
        ("diamankan", ["UJI/1"]),
        ("melintas", ["UJI/2"]),
        ("lancar pasar", ["UJI/1", "UJI/2"]),
        ("taman", []),
        ("", []),
        ("yang dan di", []),
        (".* [", []),
    ],
)
def test_words_are_found_in_all_their_forms(con: duckdb.DuckDBPyConnection, question: str, numbers: list[str]) -> None:
    found = rows(con, f"SELECT nomor, nilai FROM cari('{question}') WHERE dataset = 'teks'")
    assert sorted(row["nomor"] for row in found) == numbers
    assert all(row["nilai"] > 0 for row in found)


def test_the_better_match_comes_first(con: duckdb.DuckDBPyConnection) -> None:
    found = rows(con, "SELECT nomor, cocok FROM cari('lalu lintas pengamanan lancar') WHERE dataset = 'teks'")
    assert [(row["nomor"], row["cocok"]) for row in found] == [("UJI/2", 3), ("UJI/1", 1)]
    assert rows(con, "SELECT * FROM cari('lintas', sejak := DATE '2027-01-01')") == []


FAMILIES = """
tulis menulis penulis ditulis tulisan menuliskan / aman pengamanan keamanan mengamankan diamankan pengaman
tangkap menangkap penangkapan ditangkap tertangkap / kirim mengirim pengiriman dikirim kiriman dikirimkan
polisi kepolisian polisinya / celaka kecelakaan / periksa memeriksa pemeriksaan / bantu membantu bantuan dibantu
atur mengatur peraturan diatur pengaturan / layan pelayanan melayani layanan / sapu menyapu disapu
perbaiki memperbaiki perbaikan diperbaiki / berangkat keberangkatan diberangkatkan / bina membina pembinaan dibina
laku melakukan dilakukan pelaku memberlakukan / tembak menembak tembakan penembakan ditembak
gelar menggelar digelar / sidik penyidik penyidikan menyidik / curi pencuri pencurian mencuri dicuri
jaga penjagaan menjaga berjaga / nilai menilai penilaian dinilai / muat memuat dimuat pemuatan
"""


@pytest.mark.parametrize("family", [f.split() for f in re.split(r"[/\n]", FAMILIES) if f.strip()], ids=lambda f: f[0])
def test_any_form_finds_every_other(family: list[str]) -> None:
    with duckdb.connect() as con:
        con.execute(analytics.macros())
        words = ", ".join(f"'{word}'" for word in family)
        for asked in family:
            matched = f"SELECT w FROM unnest([{words}]) t(w) WHERE NOT regexp_matches(w, pola_ke('{asked}', 1))"
            assert con.execute(matched).fetchall() == [], asked


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT cari('x')",
        "SELECT * FROM cari((SELECT content FROM read_text('/etc/passwd')))",
        "WITH read_text AS (SELECT 1) SELECT * FROM read_text('/etc/passwd')",
        "SELECT pola_kata('x')",
    ],
)
def test_a_macro_opens_no_door(spit: Installation, sql: str) -> None:
    with pytest.raises(QueryError):
        select(Lake(open_store(spit.settings.store)), sql)
