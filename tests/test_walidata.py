"""What the walidata lives by: the list of data and its schedule, the second approval, contribution and quality."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra import steps
from infra.cli import main
from infra.judging.judge import judge
from infra.submit import Refused
from schemas import daftar_data
from schemas.dataset import datasets, tables
from schemas.reference import satker
from tests.office import Installation, counts
from tests.samples import make
from tests.test_samples import parcel
from transforms import acuan, analytics
from transforms.shape import OFFLINE


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "spit")


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A list of data of one's own: nothing on it yet."""
    path = tmp_path / "daftar_data.csv"
    path.write_text("tahun,dataset,satker,frekuensi,batas_hari,prioritas\n")
    monkeypatch.setattr(daftar_data, "PATH", path)
    daftar_data.plan.cache_clear()
    yield path
    daftar_data.plan.cache_clear()


def add(path: Path, *lines: str) -> None:
    path.write_text(path.read_text() + "".join(f"{line}\n" for line in lines))
    daftar_data.plan.cache_clear()


# P0 and P6


def test_the_list_names_what_there_is_as_often_as_its_standard_says() -> None:
    for name, lines in daftar_data.plan().items():
        for line in lines:
            assert line.frekuensi == datasets()[name].frequency
            assert line.satker == daftar_data.EVERYONE or line.satker in satker()
        assert len({(line.tahun, line.satker) for line in lines}) == len(lines)
    assert set(daftar_data.plan()) == set(datasets())


def test_the_line_that_names_a_satker_most_closely_holds(listed: Path) -> None:
    year = 2026
    add(
        listed,
        f"{year},teks,*,HARIAN,,tidak",
        f"{year},teks,JATENG,HARIAN,5,ya",
        f"{year + 1},teks,JABAR,HARIAN,,tidak",
    )

    assert daftar_data.planned("teks", "JATENG.BANYUMAS")[year].batas_hari == 5
    assert daftar_data.planned("teks", "JABAR")[year].batas_hari is None
    assert daftar_data.is_priority("teks", "JATENG", year)
    assert not daftar_data.is_priority("teks", "JABAR", year)
    assert daftar_data.priorities() == {"teks"}
    assert daftar_data.planned("foto", "JATENG") == {}


def test_what_no_line_names_comes_back(spit: Installation, listed: Path) -> None:
    year = datetime.now(UTC).year
    add(listed, f"{year},teks,JABAR,HARIAN,,tidak", f"{year},teks,JATENG.BANYUMAS,HARIAN,,tidak")
    spit.drop("teks", make.items("teks", {}))
    spit.drop("bawahan", make.items("teks", {"kode_satker": "JATENG.BANYUMAS"}, satker="JATENG.BANYUMAS"))
    spit.drop("tabel", make.table("layanan_informasi", make.ROWS["layanan_informasi"]))
    spit.take_in()

    assert (spit.one("teks").state, spit.rules(spit.one("teks").receipt)) == ("DIKEMBALIKAN", ["DI_LUAR_DAFTAR_DATA"])
    assert spit.one("bawahan").state == "DISETUJUI_WALIDATA"
    assert spit.rules(spit.one("tabel").receipt) == ["DI_LUAR_DAFTAR_DATA"] * 2


@pytest.mark.parametrize(
    ("office", "arrived", "late"),
    [
        ("JATENG", datetime(2026, 11, 30, 16, 59, tzinfo=UTC), False),  # 23.59 WIB on the due day
        ("JATENG", datetime(2026, 11, 30, 17, 0, tzinfo=UTC), True),
        ("PAPUA", datetime(2026, 11, 30, 14, 59, tzinfo=UTC), False),  # 23.59 WIT
        ("PAPUA", datetime(2026, 11, 30, 15, 0, tzinfo=UTC), True),
    ],
)
def test_late_is_late_by_the_clock_of_the_satker(tmp_path: Path, office: str, arrived: datetime, late: bool) -> None:
    rows = [[cell.replace("JATENG", office) for cell in row] for row in make.ROWS["layanan_informasi"]]
    make.write(make.Case("x", "x", make.table("layanan_informasi", rows, satker=office), (2, 0, 0)), tmp_path / "x")
    verdict = judge([parcel(tmp_path / "x", arrived_at=arrived)], 1)

    assert verdict.outcomes[0].accepted == 2, "late is said, never a reason to return"
    found = [(f["kode"], f["batas"], f["tingkat"]) for f in verdict.tables["temuan"].to_pylist()]
    assert found == ([("TERLAMBAT", "2026-11-30", "PERINGATAN")] if late else [])


@pytest.mark.parametrize(
    ("office", "arrived", "kode"),
    [
        ("JATENG", datetime(2026, 11, 30, 16, 59, tzinfo=UTC), "PERIODE_BELUM_MULAI"),  # 23.59 WIB on 30 November
        ("JATENG", datetime(2026, 11, 30, 17, 0, tzinfo=UTC), "PERIODE_BELUM_SELESAI"),
        ("PAPUA", datetime(2026, 11, 30, 15, 0, tzinfo=UTC), "PERIODE_BELUM_SELESAI"),  # 0.00 WIT on 1 December
        ("PAPUA", datetime(2026, 12, 31, 14, 59, tzinfo=UTC), "PERIODE_BELUM_SELESAI"),
        ("PAPUA", datetime(2026, 12, 31, 15, 0, tzinfo=UTC), None),
    ],
)
def test_a_period_begins_and_ends_by_the_clock_of_the_satker(
    tmp_path: Path, office: str, arrived: datetime, kode: str | None
) -> None:
    heads, row, _ = make.ROWS["layanan_informasi"]
    files = make.table("layanan_informasi", [heads, [office, "2026-12", *row[2:]]], satker=office)
    make.write(make.Case("x", "x", files, (1, 0, 0)), tmp_path / "x")
    verdict = judge([parcel(tmp_path / "x", arrived_at=arrived)], 1)

    assert [f["kode"] for f in verdict.tables["temuan"].to_pylist()] == ([kode] if kode else [])
    assert verdict.outcomes[0].returned == (kode == "PERIODE_BELUM_MULAI")


@pytest.mark.parametrize(
    ("period", "first"),
    [("2026-02", "2026-02-01"), ("2026-T1", "2026-01-01"), ("2026-T4", "2026-10-01"), ("2026-S2", "2026-07-01"),
     ("2026", "2026-01-01")],
)  # fmt: skip
def test_a_period_begins_on_its_first_day(period: str, first: str) -> None:
    import duckdb

    from expectations import rules

    (rule,) = [r for r in rules.rules(datasets()["layanan_informasi"]) if r.kode == "PERIODE_BELUM_MULAI"]
    with duckdb.connect(config=OFFLINE) as con:
        days = f"SELECT '{period}' AS periode, unnest([DATE '{first}', DATE '{first}' - 1]) AS hari_terima"
        assert con.execute(f"SELECT {rule.sql} FROM ({days})").fetchall() == [(False,), (True,)]


@pytest.mark.parametrize(
    ("period", "due"),
    [
        ("2024-02", "2024-03-30"),
        ("2026-12", "2027-01-30"),
        ("2026-T3", "2026-10-30"),
        ("2026-S1", "2026-07-30"),
        ("2026", "2027-01-30"),
    ],
)
def test_a_period_is_due_so_many_days_after_its_last(period: str, due: str) -> None:
    import duckdb

    from expectations import rules

    with duckdb.connect(config=OFFLINE) as con:
        con.execute(
            "CREATE TABLE temuan (k VARCHAR, kode VARCHAR, b VARCHAR, l VARCHAR, n BIGINT, kolom VARCHAR,"
            " nilai VARCHAR, batas VARCHAR)"
        )
        con.execute(
            f"CREATE TABLE isi_berkas AS SELECT 'k' AS _kiriman, 'f' AS _berkas, '{period}' AS periode,"
            " true AS diterima"
        )
        con.execute(
            "CREATE TABLE pengirim AS SELECT 'k' AS _kiriman, false AS ulang, DATE '2030-01-01' AS hari_terima,"
            f" MAP {{'{period[:4]}': 30}} AS daftar"
        )
        late, _ = rules.of_files(datasets()["layanan_informasi"])
        con.execute(late)
        assert con.execute("SELECT nilai, left(batas, 10) FROM temuan").fetchall() == [(period, due)]


# P9


@pytest.fixture
def priority(listed: Path) -> None:
    year = datetime.now(UTC).year
    add(
        listed,
        f"{year},teks,*,HARIAN,,tidak",
        f"{year},layanan_informasi,*,BULANAN,,ya",
        *([] if year == 2026 else ["2026,layanan_informasi,*,BULANAN,,ya"]),
    )


def statistics(dikabulkan: str = "8") -> make.Files:
    return make.table("layanan_informasi", make.changed("layanan_informasi", "jumlah_dikabulkan", dikabulkan))


@pytest.mark.usefixtures("priority")
def test_data_prioritas_waits_for_its_second_approval_and_nothing_else_does(spit: Installation) -> None:
    spit.drop("a-teks", make.items("teks", {}))
    spit.drop("b-tabel", statistics())
    spit.drop("c-teks", make.items("teks", {"nomor": "UJI/2"}))
    spit.take_in()

    s = spit.one("b-tabel")
    assert (s.state, s.turn, counts(s)) == ("MENUNGGU_PEMBINA", "pembina", (2, 2, 0, 0))
    assert spit.receipt(s.receipt)["status"] == "MENUNGGU_PEMBINA"
    assert "curate" not in steps.status(spit.settings)["waiting"], "waiting for a person is not work due"
    spit.publish()
    assert {spit.one(n).state for n in ("a-teks", "c-teks")} == {"TERBIT"}
    assert spit.rows("SELECT (SELECT count(*) FROM teks) AS teks, count(*) AS tabel FROM layanan_informasi") == [
        {"teks": 2, "tabel": 0}
    ]

    assert steps.recheck(spit.settings, s.receipt, "BPS, Ibu Contoh") == "DIPERIKSA"
    assert "BPS, Ibu Contoh" in (spit.one("b-tabel").reason or "")
    spit.take_in()
    spit.publish()
    assert spit.one("b-tabel").state == "TERBIT"
    assert spit.rows("SELECT count(*) AS n FROM layanan_informasi") == [{"n": 2}]
    with pytest.raises(Refused):
        steps.recheck(spit.settings, s.receipt, "siapa saja")


@pytest.mark.usefixtures("priority")
def test_what_the_pembina_returns_goes_back_as_a_whole_and_its_correction_waits_anew(spit: Installation) -> None:
    spit.drop("tabel", statistics())
    spit.take_in()
    number = spit.one("tabel").receipt
    steps.recheck(spit.settings, number, "BPS", "angka Oktober tidak sama dengan laporan triwulan")
    spit.take_in()

    s = spit.one("tabel")
    assert (s.state, s.turn, counts(s)) == ("DIKEMBALIKAN", "kantor", (2, 0, 2, 0))
    (finding,) = spit.receipt(number)["temuan"]
    assert (finding["kode"], finding["nilai"]) == ("DIKEMBALIKAN_PEMBINA", "BPS")
    assert "laporan triwulan" in finding["id"]

    spit.drop("tabel", statistics("7"))
    spit.take_in()
    second = spit.one("tabel", 2)
    assert (second.state, counts(second)) == ("MENUNGGU_PEMBINA", (2, 2, 0, 0))
    steps.recheck(spit.settings, second.receipt, "BPS")
    spit.take_in()
    spit.publish()
    assert spit.rows("SELECT DISTINCT _kiriman FROM layanan_informasi") == [{"_kiriman": second.receipt}]


@pytest.mark.usefixtures("priority")
def test_a_decision_is_kept_and_not_turned_round(spit: Installation) -> None:
    from infra import rechecks
    from infra.storage.store import open_store

    spit.drop("tabel", statistics())
    spit.take_in()
    number, store = spit.one("tabel").receipt, open_store(spit.settings.store)
    store.put(rechecks.key(number), b'{"oleh": "BPS", "alasan": null}')  # and then the process was killed
    with pytest.raises(Refused, match="decided by BPS"):
        steps.recheck(spit.settings, number, "lain", "tidak setuju")
    assert steps.recheck(spit.settings, number, "BPS") == "DIPERIKSA"
    found = rechecks.find(store, number)
    assert found is not None
    assert found.by == "BPS"


@pytest.mark.usefixtures("priority")
def test_returned_rows_alone_do_not_wait(spit: Installation) -> None:
    spit.drop("tabel", make.table("layanan_informasi", make.ROWS["layanan_informasi"], standar=""))
    spit.take_in()
    assert spit.one("tabel").state == "DIKEMBALIKAN"


def test_the_command_refuses_what_waits_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIT_HOME", str(tmp_path))
    done = CliRunner().invoke(main, ["approve", "2026-000001.1", "--by", "BPS"])
    assert done.exit_code == 2
    assert "does not wait" in done.output


# Contribution and quality


def row(
    kiriman: str, satker: str | None, at: str, taken: int, back: int, status: str = "DIPERIKSA"
) -> tuple[object, ...]:
    number = int(kiriman.rpartition(".")[2])
    return kiriman, number, satker, "DIKEMBALIKAN" if back and not taken else status, taken, back, at


def test_contribution_and_quality_of_known_numbers() -> None:
    import duckdb

    with duckdb.connect(config=OFFLINE) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(
            "CREATE TABLE kiriman (kiriman VARCHAR, versi BIGINT, kode_satker VARCHAR, status VARCHAR,"
            " baris_diterima BIGINT, baris_dikembalikan BIGINT, _diterima_pada TIMESTAMPTZ);"
            "CREATE TABLE temuan (kiriman VARCHAR, kode VARCHAR, tingkat VARCHAR)"
        )
        rows = [
            row("2026-000001.1", "JATENG", "2026-10-05 01:00:00+00", 3, 0),
            row("2026-000002.1", "JATENG", "2026-10-31 16:59:00+00", 4, 2),
            row("2026-000002.2", "JATENG", "2026-11-02 01:00:00+00", 1, 1),
            row("2026-000003.1", "JATENG", "2026-10-31 17:00:00+00", 0, 5),  # November by the clock of Semarang
            row("2026-000003.2", "JATENG", "2026-11-01 01:00:00+00", 5, 0),
            row("2026-000004.1", "JATENG", "2026-10-09 01:00:00+00", 0, 0, "DILEWATI"),
            row("2026-000005.1", "PAPUA", "2026-10-31 15:00:00+00", 2, 0),  # November by the clock of Jayapura
            row("2026-000006.1", None, "2026-10-20 01:00:00+00", 0, 0, "DIKEMBALIKAN"),
        ]
        listed = ", ".join("(" + ", ".join("NULL" if v is None else repr(v) for v in each) + ")" for each in rows)
        con.execute(f"INSERT INTO kiriman VALUES {listed}")
        con.execute(
            "INSERT INTO temuan VALUES ('2026-000002.1', 'WAJIB_DIISI', 'GALAT'),"
            " ('2026-000002.1', 'WAJIB_DIISI', 'GALAT'),"
            " ('2026-000002.2', 'WAJIB_DIISI', 'GALAT'), ('2026-000001.1', 'TERLAMBAT', 'PERINGATAN'),"
            " ('2026-000003.1', 'TIPE_SALAH', 'GALAT')"
        )
        con.register("satker", acuan.rows(tables()["satker"]))
        for name in ("kontribusi_satker", "mutu_satker"):
            con.execute(f"CREATE VIEW {name} AS {analytics.analyses()[name].sql}")

        # kode_satker, bulan, kiriman, baris_diterima, baris_terbuka, langsung_benar, porsi, terlambat, koreksi_terbuka
        assert con.execute("FROM kontribusi_satker").fetchall() == [
            ("JATENG", "2026-11", 1, 5, 0, 0, 0.0, 0, 0),
            ("PAPUA", "2026-11", 1, 2, 0, 1, 1.0, 0, 0),
            ("-", "2026-10", 1, 0, 0, 0, 0.0, 0, 1),
            ("JATENG", "2026-10", 3, 8, 1, 2, 0.6667, 1, 1),
        ]
        # kode_satker, bulan, kode, tingkat, temuan, kiriman, porsi_kiriman
        assert con.execute("FROM mutu_satker").fetchall() == [
            ("JATENG", "2026-11", "TIPE_SALAH", "GALAT", 1, 1, 1.0),
            ("JATENG", "2026-10", "WAJIB_DIISI", "GALAT", 3, 1, 0.3333),
            ("JATENG", "2026-10", "TERLAMBAT", "PERINGATAN", 1, 1, 0.3333),
        ]


def test_an_analyst_reads_them_of_the_release(spit: Installation) -> None:
    spit.drop("teks", make.items("teks", {}, {"nomor": "UJI/2", "judul": ""}))
    spit.take_in()
    spit.publish()

    (found,) = spit.rows("SELECT k.*, s.nama FROM kontribusi_satker k JOIN satker s ON s.kode = k.kode_satker")
    assert (found["nama"], found["kiriman"], found["baris_diterima"], found["baris_terbuka"]) == (
        "Polda Jawa Tengah",
        1,
        1,
        1,
    )
    assert spit.rows("SELECT kode, temuan FROM mutu_satker") == [{"kode": "WAJIB_DIISI", "temuan": 1}]
