import datetime as dt

import duckdb
import pytest

from schemas.dataset import datasets
from transforms import lenient, shape


@pytest.fixture(scope="module")
def db():
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.execute("SET TimeZone = 'Asia/Jayapura'")  # must not matter
        yield connection


def evaluate(db, expression, texts):
    """One vector through the expression, clean and dirty texts beside each other."""
    db.execute(
        "CREATE OR REPLACE TEMP TABLE t AS SELECT unnest(range(?)) AS n, unnest(?::VARCHAR[]) AS c", [len(texts), texts]
    )
    return [value for (value,) in db.execute(f"SELECT {expression} FROM t ORDER BY n").fetchall()]


def check(db, expression, expected):
    assert dict(zip(expected, evaluate(db, expression, list(expected)), strict=True)) == expected


NUMBERS = {
    "1": 1.0, "-5": -5.0, "1.5": 1.5, " 7 ": 7.0, "1e5": 1e5, "2014.0": 2014.0, "12,5": 12.5, "0.125": 0.125,
    "0,125": 0.125, "1.234,56": 1234.56, "1,234.56": 1234.56, "1.234.567": 1234567.0, "1,234,567": 1234567.0,
    "1234.567": 1234.567, "12.3450": 12.345, "1 234 567,5": 1234567.5, "Rp 1.000": 1000.0, "Rp. 1.000,00": 1000.0,
    "rp1.000.000,-": 1e6, "\u22123,5": -3.5, "\u00a012": 12.0,
    "": None, "-": None, "abc": None, "nan": None, "inf": None, "-Infinity": None, "1_000": None, "0x10": None,
    "10 12": None, "1.2.3": None, "1,23.4": None, "5%": None, "12.34.567": None,
}  # fmt: skip


def test_numbers_are_read_whichever_way_they_are_written(db):
    check(db, lenient.number("c"), NUMBERS)


@pytest.mark.parametrize(
    ("decimal", "point", "comma"), [(None, None, None), (",", 1234.0, 1.234), (".", 1.234, 1234.0)]
)
def test_a_number_that_may_be_two_is_only_read_when_told_how(db, decimal, point, comma):
    check(
        db, lenient.number("c", decimal), {"1.234": point, "1,234": comma, "-1.234": point and -point, "0.234": 0.234}
    )


def test_whole_numbers_take_the_point_for_thousands(db):
    check(db, lenient.integer("c"), {
        "1": 1, "007": 7, "-7": -7, "+3": 3, " 5 ": 5, "1.234": 1234, "1.000": 1000, "1.234.567": 1234567,
        "1,234,567": 1234567, "1.234,00": 1234, "2014.0": 2014, "15,00": 15, "15.": 15, "Rp 1.000,-": 1000,
        "1 234": 1234,
        "9223372036854775807": 9223372036854775807,
        "": None, "12.5": None, "12,5": None, "1,234": None, "0x1F": None, "1e5": None, "1_0": None, "tiga": None,
        "9223372036854775808": None,
    })  # fmt: skip
    check(db, lenient.integer("c", "."), {"1.234": None, "1.000": 1, "1,234": 1234})
    check(db, lenient.integer("c", None), {"1.234": None, "1,234": None, "1234": 1234})


def test_days_are_read_day_first_and_by_indonesian_names(db):
    last = dt.date(2024, 12, 31)
    check(db, lenient.date("c"), {
        "2024-12-31": last, "2024/12/31": last, "31/12/2024": last, "31-12-2024": last, "31.12.2024": last,
        "31 Desember 2024": last, "Selasa, 31 Des 2024": last, "31-Dec-2024": last, "20241231": last, "45657": last,
        "45657.0": last, "2024-12-31T00:00:00": last, " 31 DESEMBER  2024 ": last,
        "5/1/2024": dt.date(2024, 1, 5), "2024-1-5": dt.date(2024, 1, 5), "5 Pebruari 2024": dt.date(2024, 2, 5),
        "Jum'at, 3 Agt 2024": dt.date(2024, 8, 3), "1 Mei 2024": dt.date(2024, 5, 1),
        "7 nopember 2024": dt.date(2024, 11, 7),
        "": None, "Des 2024": None, "12/31/2024": None, "2024-02-30": None, "2024-12-31T10:00:00": None, "epoch": None,
        "31/12/24": None, "99999": None, "31 Desembre 2024": None, "infinity": None,
    })  # fmt: skip


MONTHS = ["Januari", "Februari", "Maret", "April", "Mei", "Juni"]
MONTHS += ["Juli", "Agustus", "September", "Oktober", "November", "Desember"]


@pytest.mark.parametrize(
    ("index", "name"),
    list(enumerate(MONTHS, 1)),
)
def test_every_month_is_known_by_name_and_by_three_letters(db, index, name):
    check(
        db,
        lenient.date("c"),
        {f"2 {name} 2024": dt.date(2024, index, 2), f"2 {name[:3]} 2024": dt.date(2024, index, 2)},
    )
    check(db, lenient.periode("c"), {f"{name} 2024": f"2024-{index:02}"})


def test_instants_use_their_own_zone_and_else_the_one_given(db):
    at = dt.datetime(2024, 12, 31, 3, 30, tzinfo=dt.UTC)
    check(db, lenient.instant("c", "'+08:00'"), {
        "2024-12-31T10:30:00+07:00": at, "2024-12-31T03:30:00Z": at, "2024-12-31T10:30+0700": at,
        "2024-12-31T10:30+07": at,
        "2024-12-31 10:30:00.000+07:00": at, "31 Desember 2024 pukul 10.30 WIB": at, "31/12/2024 11:30 WITA": at,
        "31 Des 2024, 12:30 wit": at, "2024-12-31 03:30 UTC": at,
        "2024-12-31T11:30:00": at, "2024-12-31 11:30": at, "31/12/2024 11.30": at,
        "Selasa, 31 Desember 2024 jam 11:30": at,
        "45657.479166667": at,
        "": None, "2024-12-31": None, "31 Desember 2024": None, "2024-12-31T25:00:00Z": None, "10:30": None,
        "2024-12-31T10:30:00+07:00 WIB": None,
    })  # fmt: skip
    naive = ["2024-12-31T10:30:00", "31/12/2024 10:30", "45657.4375", "31 Desember 2024 pukul 10.30"]
    assert evaluate(db, lenient.instant("c"), naive) == [None] * 4
    assert evaluate(db, lenient.instant("c"), ["31/12/2024 10:30 WIB"]) == [at]


def test_the_offset_may_come_from_a_column(db):
    rows = "(VALUES ('2024-12-31 23:30', '+07:00'), ('2025-01-01 01:30', '+09:00')) t(c, z)"
    assert len(set(db.execute(f"SELECT {lenient.instant('c', 'z')} FROM {rows}").fetchall())) == 1


def test_yes_and_no(db):
    check(db, lenient.boolean("c"), {
        "true": True, "TRUE": True, "ya": True, " Ya ": True, "1": True, "benar": True, "Ada": True,
        "false": False, "Tidak": False, "0": False, "tidak  ada": False, "n": False,
        "t": None, "": None, "mungkin": None, "2": None,
    })  # fmt: skip


def test_reporting_periods_become_canonical(db):
    check(db, lenient.periode("c"), {
        "2025": "2025", "2025-03": "2025-03", "2025-S1": "2025-S1", "2025-T4": "2025-T4",
        "202503": "2025-03", "2025/3": "2025-03", "03-2025": "2025-03", "3/2025": "2025-03", "Maret 2025": "2025-03",
        "Bulan Maret tahun 2025": "2025-03", "Mar-2025": "2025-03", "2025 Maret": "2025-03", "2025-03-01": "2025-03",
        "2025-03-01T00:00:00": "2025-03", "2025.0": "2025", "Tahun 2025": "2025", "2025-s2": "2025-S2",
        "Semester I 2025": "2025-S1", "SMT 2 Tahun 2025": "2025-S2", "Triwulan IV 2025": "2025-T4",
        "TW IV/2025": "2025-T4",
        "triwulan ke-3 tahun 2025": "2025-T3", "Q4 2025": "2025-T4", "2025 Q1": "2025-T1", "2025T4": "2025-T4",
        "": None, "202513": None, "2025-13": None, "2025-00": None, "2025-03-02": None, "Semester III 2025": None,
        "Triwulan V 2025": None, "Maret": None, "25": None,
    })  # fmt: skip


def test_nothing_stays_nothing(db):
    for read in (lenient.number, lenient.integer, lenient.date, lenient.instant, lenient.boolean, lenient.periode):
        assert evaluate(db, read("c"), [None, None]) == [None, None]


@pytest.mark.parametrize("zone", ["Asia/Jakarta", "Asia/Jayapura"])
def test_a_fingerprint_is_the_same_whatever_the_zone_of_the_machine(zone):
    foto = datasets()["foto"]
    instant = "TIMESTAMPTZ '2026-11-20 07:40:00+07'"
    row = ", ".join(f'{instant if f.type == "datetime" else "NULL::VARCHAR"} AS "{f.name}"' for f in foto.office_fields)

    def fingerprint(zone):
        with duckdb.connect(config=shape.OFFLINE) as con:
            con.execute(f"SET TimeZone = '{zone}'")
            return con.execute(f"SELECT {shape.fingerprint(foto)} FROM (SELECT {row}, 'x' AS f_sha256)").fetchone()

    assert fingerprint(zone) == fingerprint("UTC")
