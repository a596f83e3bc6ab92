"""The audit before a release: it passes what judging accepts, and finds what was planted behind judging's back."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from expectations import gx
from expectations.audit import Audit, Check, audit, audited, code_lists, views
from expectations.basics import none
from expectations.page import data_docs
from infra.judging.judge import judge
from schemas import daftar_data
from schemas.daftar_data import Planned, due
from schemas.dataset import ContractError, Field, datasets
from tests.test_samples import FOLDERS, parcel

AT = datetime(2026, 11, 24, 3, tzinfo=UTC)
ARRIVED = datetime(2026, 11, 23, 1, tzinfo=UTC)
SHA256 = "0123456789abcdef" * 4
WRITTEN = "tulisan kantor yang tidak boleh menetap di catatan rilis; panjangnya lebih dari lima puluh huruf"

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def value(f: Field, at: int) -> Any:
    known = {
        "kode_satker": "JATENG.BANYUMAS",
        "nomor": f"BMS/{at}",
        "klasifikasi_informasi": "BERKALA",
        "tanggal_kejadian": date(2026, 11, 20),
        "direkam_pada": datetime(2026, 11, 20, tzinfo=UTC),
        "sha256": SHA256,
        "jumlah_permohonan": 9,
        "subjek_anak": False,
        "ukuran_byte": 1000,
        "orang_terlihat": "TIDAK_ADA",
        "nomor_persetujuan_wali": None,
    }
    if f.name in known or f.required_when:
        return known.get(f.name)
    return f.codes[at % len(f.codes)] if f.codes else {"string": f.example or WRITTEN, "integer": 3}.get(f.type)


def submission(rows: Rows, dataset: str, number: int, batch: int, *, items: int = 3, first: int = 0) -> None:
    """Add one judged submission of a dataset to the tables: its rows, media references, balance and a finding."""
    d, kiriman = datasets()[dataset], f"2026-{number:06d}.1"
    system = {"_batch": batch, "_diterima_pada": ARRIVED}
    own = []
    for at in range(first, first + items):
        row = {f.name: value(f, at) for f in d.fields}
        if dataset == "pantauan_media":  # three tones, then the next kind of media
            row["jenis_media"] = d.field("jenis_media").codes[at // 3]
        key = "|".join(str(row[name]) for name in d.primary_key)
        own.append({**row, **system, "_kunci": key, "_sidik": "x", "_kiriman": kiriman, "_standar": d.standard})
    rows[dataset] += own
    if d.of_media:
        for row in own:
            here = {
                "dataset": dataset,
                "uri": f"urn:spit:media:sha256:{SHA256}",
                "_kunci": f"{dataset}|{row['_kunci']}",
            }
            rows["media"].append({**row, **here})
    counts = {"masuk": items + 2, "diterima": items, "dikembalikan": 1, "dilewati": 1}
    rows["neraca_baris"].append({"kiriman": kiriman, "berkas": "isi.csv", **counts, **system})
    rows["temuan"].append(
        {"kiriman": kiriman, "kode": "BARIS_KOSONG", "tingkat": "CATATAN", "berkas": "isi.csv", **system}
    )
    about = {"sumber": "bms", "nama": kiriman, "versi": 1, "kode_satker": "JATENG.BANYUMAS", "dataset": dataset}
    counted = {f"baris_{name}": count for name, count in counts.items()}
    rows["kiriman"].append({"kiriman": kiriman, "status": "DIPERIKSA", **about, **counted, **system, "ukuran_byte": 9})


def history() -> Rows:
    """Batch 1, released; batch 2, new: per dataset a submission with two new rows and one correction."""
    rows: Rows = {name: [] for name in audited()}
    for number, dataset in enumerate(datasets(), 1):
        submission(rows, dataset, number, 1)
        submission(rows, dataset, 100 + number, 2, first=2, items=2 if dataset == "layanan_informasi" else 3)
    return rows


def database(folder: Path, rows: Rows, *, new: tuple[int, ...] = (2,)) -> Path:
    """A DuckDB file as the caller of `audit` makes it, over one Parquet file per table."""
    path = folder / "audit.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(code_lists())
        for name, table in audited().items():
            file = folder / f"{name}.parquet"
            pq.write_table(pa.Table.from_pylist(rows[name], table.arrow), file)
            con.execute(views(table, [str(file)] if rows[name] else [], new))
    return path


def said(found: Audit, table: str, kode: str, kolom: str) -> Check:
    (check,) = (c for c in found.results if (c.table, c.kode, c.kolom) == (table, kode, kolom))
    return check


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return audit(database(tmp_path_factory.mktemp("sound"), history()), list(audited()), at=AT)


def test_a_sound_release_passes_every_check(sound: Audit):
    assert sound.failed == ()
    assert sound.passed
    assert sound.rows["foto"] == 3
    assert sound.rows["media"] == 9
    assert sound.rows["kiriman"] == len(datasets())


def new(rows: Rows, table: str, at: int = 0) -> Row:
    return [row for row in rows[table] if row["_batch"] == 2][at]


def repeat_in_one_submission(rows: Rows) -> None:
    rows["foto"].append(dict(new(rows, "foto")))


def commit_a_submission_again(rows: Rows) -> None:
    rows["temuan"].append({**new(rows, "temuan"), "lembar": "1", "baris": 1, "kolom": "judul"})
    rows["temuan"].append(dict(rows["temuan"][-1]))
    rows["teks"].append({**rows["teks"][0], "_batch": 2})


def split_a_key(rows: Rows) -> None:
    new(rows, "pantauan_media")["_kunci"] = "lain"


def lose_the_item(rows: Rows) -> None:
    new(rows, "media", 1)["nomor"] = "BMS/hilang"


def change_a_reference(rows: Rows) -> None:
    row = next(row for row in rows["media"] if row["_batch"] == 2 and row["dataset"] == "video")
    row["sha256"] = "ABC"


def unbalance(rows: Rows) -> None:
    new(rows, "neraca_baris")["dilewati"] = 0


def miscount(rows: Rows) -> None:
    new(rows, "kiriman", 3)["baris_diterima"] = 7


def setting(table: str, kolom: str, to: Any, at: int = 0, **others: Any) -> Callable[[Rows], None]:
    return lambda rows: new(rows, table, at).update({kolom: to, **others})


FAULTS: list[tuple[Callable[[Rows], None], list[tuple[str, str, str]], Row]] = [
    (
        repeat_in_one_submission,
        [("foto", "KUNCI_GANDA", "kode_satker, nomor"), ("kiriman", "BARIS_TIDAK_SAMPAI", "baris_diterima")],
        {"kode_satker": "JATENG.BANYUMAS", "nomor": "BMS/2", "_kiriman": "2026-000102.1", "banyak": 2},
    ),
    (
        commit_a_submission_again,
        [("teks", "KUNCI_GANDA", "kode_satker, nomor")],
        {"kode_satker": "JATENG.BANYUMAS", "nomor": "BMS/0", "_kiriman": "2026-000005.1", "banyak": 2},
    ),
    (
        split_a_key,
        [("pantauan_media", "KUNCI_SALAH", "_kunci")],
        {"kode_satker": "JATENG.BANYUMAS", "_kunci": "lain", "_kiriman": "2026-000104.1"},
    ),
    (
        lose_the_item,
        [("media", "MEDIA_TANPA_BAHAN", "nomor"), ("audio", "BAHAN_TANPA_MEDIA", "sha256")],
        {"dataset": "audio", "kode_satker": "JATENG.BANYUMAS", "nomor": "BMS/hilang"},
    ),
    (
        change_a_reference,
        [("media", "SIDIK_TIDAK_SAH", "sha256"), ("video", "BAHAN_TANPA_MEDIA", "sha256")],
        {"dataset": "video", "_kiriman": "2026-000106.1"},
    ),
    (
        unbalance,
        [("neraca_baris", "NERACA_TIDAK_IMBANG", "masuk"), ("kiriman", "KIRIMAN_TIDAK_COCOK_NERACA", "baris_masuk")],
        {"kode_satker": "JATENG.BANYUMAS", "kiriman": "2026-000101.1", "masuk": 5, "dilewati": 0},
    ),
    (miscount, [("kiriman", "BARIS_TIDAK_SAMPAI", "baris_diterima")], {"kiriman": "2026-000104.1", "sampai": 3}),
    (setting("audio", "judul", None), [("audio", "WAJIB_DIISI", "judul")], {"nomor": "BMS/2"}),
    (setting("video", "topik", "RAMALAN"), [("video", "KODE_DI_LUAR_DAFTAR", "topik")], {"nomor": "BMS/2"}),
    (
        setting("video", "kode_wilayah", "99.99", 1),
        [("video", "KODE_TIDAK_DIKENAL", "kode_wilayah")],
        {"nomor": "BMS/3"},
    ),
    (
        setting("audio", "kode_satker", "ENTAH", 2),
        [("audio", "KODE_TIDAK_DIKENAL", "kode_satker")],
        {"kode_satker": "ENTAH"},
    ),
    (setting("foto", "teks_alternatif", "pendek"), [("foto", "TERLALU_PENDEK", "teks_alternatif")], {"nomor": "BMS/2"}),
    (setting("foto", "judul", "a" * 201, 1), [("foto", "TERLALU_PANJANG", "judul")], {"nomor": "BMS/3"}),
    (setting("foto", "peristiwa", "tidak boleh: spasi", 1), [("foto", "POLA_SALAH", "peristiwa")], {"nomor": "BMS/3"}),
    (
        setting("teks", "klasifikasi_informasi", "DIKECUALIKAN"),
        [
            ("teks", "WAJIB_DIISI", kolom)
            for kolom in ("dasar_pengecualian", "nomor_uji_konsekuensi", "dikecualikan_sampai")
        ],
        {"nomor": "BMS/2"},
    ),
    (
        setting("teks", "tanggal_kejadian", date(2026, 11, 24), 1),
        [("teks", "SESUDAH_DITERIMA", "tanggal_kejadian")],
        {},
    ),
    (setting("video", "direkam_pada", AT, 2), [("video", "SESUDAH_DITERIMA", "direkam_pada")], {"nomor": "BMS/4"}),
    (setting("teks", "_standar", None, 2), [("teks", "WAJIB_DIISI", "_standar")], {"nomor": "BMS/4"}),
    (
        setting("layanan_informasi", "jumlah_ditolak", 7, jumlah_dikabulkan=3),
        [("layanan_informasi", "JUMLAH_TIDAK_SEIMBANG", "jumlah_permohonan")],
        {"kode_satker": "JATENG.BANYUMAS", "periode": "2026-10", "saluran": "SUREL"},
    ),
    (
        setting("layanan_informasi", "rata_waktu_hari", 60.5, 1),
        [("layanan_informasi", "DI_ATAS_BATAS", "rata_waktu_hari")],
        {"saluran": "LAMAN"},
    ),
    (setting("pantauan_media", "jumlah_berita", -1), [("pantauan_media", "DI_BAWAH_BATAS", "jumlah_berita")], {}),
    (setting("pantauan_media", "periode", "2026-13", 1), [("pantauan_media", "POLA_SALAH", "periode")], {}),
    (
        setting("temuan", "tingkat", "GAWAT", 1),
        [("temuan", "KODE_DI_LUAR_DAFTAR", "tingkat")],
        {"kiriman": "2026-000102.1"},
    ),
    (
        setting("temuan", "kiriman", "2026-999999.1", 2),
        [("temuan", "TANPA_KIRIMAN", "kiriman")],
        {"kiriman": "2026-999999.1"},
    ),
    (
        setting("kiriman", "kode_satker", "ATLANTIS", 4),
        [("kiriman", "KODE_TIDAK_DIKENAL", "kode_satker")],
        {"kiriman": "2026-000105.1", "kode_satker": "ATLANTIS"},
    ),
    (
        setting("kiriman", "status", "TERBIT", 5),
        [("kiriman", "KODE_DI_LUAR_DAFTAR", "status")],
        {"kiriman": "2026-000106.1"},
    ),
]


def test_whatever_judging_makes_of_the_samples_passes(tmp_path: Path):
    """All sample folders, good and bad, judged as one batch."""
    parcels = [parcel(folder, f"2026-{number:06d}.1") for number, folder in enumerate(FOLDERS, 1)]
    judged = judge(parcels, 2).tables
    rows = {name: judged[name].to_pylist() if name in judged else [] for name in audited()}
    found = audit(database(tmp_path, rows), list(audited()), at=AT)
    assert found.failed == ()
    assert found.rows["kiriman"] == len(FOLDERS)
    assert all(found.rows[name] for name in datasets())


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """One lake with every fault of `FAULTS` in its new rows, audited once."""
    rows = history()
    for plant, _, _ in FAULTS:
        plant(rows)
    return audit(database(tmp_path_factory.mktemp("spoilt"), rows), list(audited()), at=AT)


@pytest.mark.parametrize(("plant", "expected", "sample"), FAULTS)
def test_a_planted_fault_is_named_with_table_column_rule_and_row(
    spoilt: Audit, plant: Callable[[Rows], None], expected: list[tuple[str, str, str]], sample: Row
):
    for place in expected:
        check = said(spoilt, *place)
        assert not check.passed
        assert check.tingkat == "GALAT"
        assert check.unexpected_count == len(check.sample) or len(check.sample) == 5
    named = said(spoilt, *expected[0])
    assert any(sample.items() <= row.items() for row in named.sample), named
    assert named.observed.startswith(f"{named.unexpected_count} dari ")


def test_nothing_is_named_that_was_not_planted(spoilt: Audit):
    planted = {place for _, expected, _ in FAULTS for place in expected}
    follows = {  # what the same faults break elsewhere
        ("kiriman", "BARIS_TIDAK_SAMPAI", "baris_diterima"),
        ("kiriman", "KIRIMAN_TIDAK_COCOK_NERACA", "baris_masuk"),
        ("temuan", "KUNCI_GANDA", "kiriman, berkas, lembar, baris, kolom, kode"),
        ("audio", "KUNCI_SALAH", "_kunci"),
        ("media", "KUNCI_SALAH", "_kunci"),
    }
    assert {(c.table, c.kode, c.kolom) for c in spoilt.failed} == planted | follows
    assert not spoilt.passed


def test_a_finding_said_twice_only_warns(spoilt: Audit):
    check = said(spoilt, "temuan", "KUNCI_GANDA", "kiriman, berkas, lembar, baris, kolom, kode")
    assert (check.tingkat, check.unexpected_count) == ("PERINGATAN", 1)


def test_the_record_is_plain_data_and_repeats_nothing_an_office_wrote(spoilt: Audit):
    record = json.loads(json.dumps(spoilt.record()))
    assert record["lulus"] is False
    assert len(record["gagal"]) + sum(map(len, record["memenuhi"].values())) == len(spoilt.results)
    assert "WAJIB_DIISI nomor" in record["memenuhi"]["foto"]
    assert not {WRITTEN, "RAMALAN", "spasi", "99.99"} & set(json.dumps(record).split('"'))


class Page(HTMLParser):
    """What a browser would ask other hosts for, and the text a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.fetched: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag != "meta":
            self.open.append(tag)
        self.fetched += [name for name, _ in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_stands_alone_and_names_every_fault_in_two_languages(spoilt: Audit, tmp_path: Path):
    (row,) = [c for c in spoilt.failed if (c.table, c.kolom) == ("audio", "judul")]
    marked = Check(**{**vars(row), "sample": ({"nomor": "<script>alert(1)</script>"},)})
    path = data_docs(Audit(spoilt.at, spoilt.rows, (*spoilt.results, marked)), tmp_path)
    page = Page()
    page.feed(path.read_text("utf-8"))
    seen = " ".join(" ".join(page.text).split())
    assert page.open == []
    assert page.fetched == []
    assert not page.tags & {"script", "link", "img", "iframe"}
    assert "Tidak lulus (failed)" in seen
    assert "<script>alert(1)</script>" in seen
    for check in spoilt.failed:
        assert f"{check.table}.{check.kolom}" in seen
        assert check.detail in seen
        assert check.english in seen
    assert [file.name for file in tmp_path.iterdir()] == ["index.html"]


def test_a_wrong_schema_is_named_and_what_cannot_be_checked_fails_with_its_reason(tmp_path: Path):
    path = database(tmp_path, history())
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE OR REPLACE VIEW temuan_baru AS SELECT * EXCLUDE (kode) REPLACE ('7' AS baris) FROM temuan")
    found = audit(path, ["temuan", "neraca_baris"], at=AT)
    assert said(found, "temuan", "SKEMA_TIDAK_COCOK", "").sample == (
        {"kolom": "baris", "seharusnya": "BIGINT", "ternyata": "VARCHAR"},
        {"kolom": "kode", "seharusnya": "VARCHAR", "ternyata": None},
    )
    unchecked = said(found, "temuan", "WAJIB_DIISI", "kode")
    assert not unchecked.passed
    assert '"kode"' in unchecked.observed
    assert all(c.passed for c in found.results if c.table == "neraca_baris")


def test_a_surge_and_a_silence_warn_and_do_not_hold_back_the_release(tmp_path: Path):
    rows: Rows = {name: [] for name in audited()}
    for day in range(1, 9):
        submission(rows, "pantauan_media", day, 1)
        for row in rows["pantauan_media"][-3:]:
            row["_diterima_pada"] = datetime(2026, 10, day, tzinfo=UTC)
    submission(rows, "pantauan_media", 9, 2, items=15)
    for copy in range(4):
        rows["pantauan_media"] += [
            {**row, "periode": (month := f"2026-0{copy + 1}"), "_kunci": row["_kunci"].replace("2026-10", month)}
            for row in rows["pantauan_media"][24:39]
        ]
    path = database(tmp_path, rows)
    surge = ("pantauan_media", "VOLUME_MELONJAK", "")
    found = audit(path, ["pantauan_media"], at=AT)
    assert found.failed == (said(found, *surge),)
    assert found.failed[0].sample == ({"kode_satker": "JATENG.BANYUMAS", "sehari": 75, "terbanyak": 3},)
    later = audit(path, ["pantauan_media"], at=datetime(2027, 1, 24, tzinfo=UTC))
    late = said(later, "pantauan_media", "SATKER_TERLAMBAT", "periode")
    about = {"terakhir": "2026-10", "jatuh_tempo": "2026-11", "baru": 75}
    assert late.sample == ({"kode_satker": "JATENG.BANYUMAS", **about},)
    assert found.passed
    assert later.passed
    early = audit(path, ["pantauan_media"], at=datetime(2026, 11, 22, tzinfo=UTC))
    assert not said(early, "pantauan_media", "DITERIMA_DI_MASA_DEPAN", "_diterima_pada").passed
    assert not early.passed


def test_who_is_late_by_the_release_calendar_or_silent_against_its_own_habit_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    rows: Rows = {name: [] for name in audited()}
    for day in range(1, 13):
        submission(rows, "foto", day, 1)
        for row in rows["foto"][-3:]:
            row["_diterima_pada"] = datetime(2026, 10, 2 * day, tzinfo=UTC)
    submission(rows, "layanan_informasi", 50, 1)
    for row in rows["layanan_informasi"]:
        row["periode"] = "2026-08"
    plans = daftar_data.plan()
    named = Planned(2026, "layanan_informasi", "BALI", "BULANAN", 60, prioritas=False)
    monkeypatch.setitem(plans, "layanan_informasi", [*plans["layanan_informasi"], named])
    path = database(tmp_path, rows, new=())

    def names(at: datetime, table: str, kode: str, kolom: str = "") -> list[tuple[Any, ...]]:
        found = audit(path, [table], at=at)
        assert found.passed, "a warning holds nothing back"
        return [tuple(row.values())[:3] for row in said(found, table, kode, kolom).sample]

    late = ("layanan_informasi", "SATKER_TERLAMBAT", "periode")
    assert names(datetime(2026, 9, 30, 16, tzinfo=UTC), *late) == [("BALI", None, "2026-07")]
    assert names(datetime(2026, 10, 30, 16, tzinfo=UTC), *late) == [("BALI", None, "2026-07")]  # August's last day
    assert names(datetime(2026, 10, 30, 18, tzinfo=UTC), *late) == [
        ("BALI", None, "2026-08"),
        ("JATENG.BANYUMAS", "2026-08", "2026-09"),
    ]
    assert names(datetime(2026, 10, 31, tzinfo=UTC), "foto", "SATKER_DIAM") == []  # seven days are nothing
    assert names(datetime(2026, 11, 1, tzinfo=UTC), "foto", "SATKER_DIAM") == [("JATENG.BANYUMAS", 8, 2)]


@pytest.mark.parametrize(
    ("frequency", "today", "period"),
    [
        ("BULANAN", date(2026, 3, 2), None),
        ("BULANAN", date(2026, 3, 3), "2026-01"),
        ("BULANAN", date(2027, 6, 1), "2026-12"),
        ("TRIWULANAN", date(2026, 8, 1), "2026-T2"),
        ("SEMESTERAN", date(2026, 8, 1), "2026-S1"),
        ("TAHUNAN", date(2026, 12, 31), None),
        ("TAHUNAN", date(2027, 1, 31), "2026"),
        ("HARIAN", date(2027, 1, 31), None),
    ],
)
def test_a_period_is_due_so_many_days_after_its_end(frequency: str, today: date, period: str | None):
    assert due(Planned(2026, "teks", "*", frequency, 30, prioritas=False), today) == period


def test_a_table_without_new_rows_is_only_looked_at_as_a_whole(tmp_path: Path):
    path = database(tmp_path, history(), new=())
    found = audit(path, ["foto", "kiriman"], at=AT)
    assert found.rows == {"foto": 0, "kiriman": 0}
    assert {c.kode for c in found.results} == {"SKEMA_TIDAK_COCOK", "DATA_BASI", "SATKER_DIAM"}
    assert found.passed


def test_the_audit_holds_no_more_in_memory_than_it_is_told(tmp_path: Path):
    place = tmp_path / "x.duckdb"
    with duckdb.connect(str(place)) as con:
        con.execute("CREATE TABLE foto_baru AS SELECT 1 AS n")
    with gx.relations(place) as relation:
        wanted = none("X", "SELECT 1 FROM {batch} WHERE current_setting('memory_limit') <> '1.0 GiB'", id="", en="")
        assert relation("foto_baru").validate(wanted).success


def test_the_database_is_let_go_of(tmp_path: Path):
    path = database(tmp_path, history())
    audit(path, ["neraca_baris"], at=AT)
    with duckdb.connect(str(path)) as con:
        con.execute("DROP VIEW neraca_baris_baru")


def test_every_suite_belongs_to_a_table():
    here = Path(gx.__file__).parent / "suites"
    assert {path.stem for path in here.glob("*.py")} - {"__init__"} <= set(audited())


def test_the_patch_is_there_and_still_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An upgrade that moves the private name breaks the first half; one that no longer needs it, the second."""
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    gx.load()
    rows = history()
    unbalance(rows)
    path = database(tmp_path, rows)
    assert "duckdb" in engine._PERSISTED_CONNECTION_DIALECTS
    assert said(audit(path, ["neraca_baris"], at=AT), "neraca_baris", "NERACA_TIDAK_IMBANG", "masuk").sample
    others = tuple(name for name in engine._PERSISTED_CONNECTION_DIALECTS if name != "duckdb")
    monkeypatch.setattr(engine, "_PERSISTED_CONNECTION_DIALECTS", others)
    with pytest.raises(ContractError, match="neraca_baris_baru"):
        audit(path, ["neraca_baris"], at=AT)


def test_great_expectations_is_loaded_without_what_no_audit_uses():
    code = (
        "import sys; import expectations.audit, expectations.page;"
        "assert not {'great_expectations', 'pandas', 'duckdb'} & set(sys.modules);"
        "from expectations import gx; gx.load();"
        "assert all(type(sys.modules[m]).__name__ == '_LazyModule' for m in gx.LATE), 'loaded early';"
        "import scipy.stats; assert scipy.stats.norm.cdf(0) == 0.5;"
        "assert not [f for f in sys.meta_path if type(f).__module__ == 'expectations.gx']"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(gx.__file__).parent.parent)
