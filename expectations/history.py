"""What a standard cannot say of a dataset: how much usually comes, and when. Surge, silence and lateness only warn.

A burst before an election and a silent office are both possible and both worth a look; and one office's strange day
must not keep every other office's data from being released.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from expectations.basics import escaped, none, text
from schemas.daftar_data import EVERYONE, Planned, due, plan
from schemas.dataset import Dataset

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

WINDOW_DAYS = 90
"""How far back a satker's own history is looked at."""
HISTORY_DAYS = 8
"""Days with deliveries before a satker has a history to compare with."""
SURGE = 5
"""Times its own busiest day that a satker may send in one day."""
FEW = 50
"""Rows a day that are never called a surge."""
SILENCE = 3
"""Times its own longest pause that a satker may be silent."""
SHORT_DAYS = 7
"""Days of silence that are never remarked on."""

LATE_AFTER_DAYS = {
    "HARIAN": 3,
    "MINGGUAN": 10,
    "BULANAN": 40,
    "TRIWULANAN": 100,
    "SEMESTERAN": 190,
    "TAHUNAN": 380,
}
"""By frequency, after how many days without a single new row a dataset counts as stale: its period and some grace.
Only where the daftar data schedules nothing."""

_DAY = "epoch_ms(_diterima_pada) // 86400000"
AHEAD = timedelta(hours=1)
"""How far the clock that stamps arrivals may be ahead of the one that audits."""


def freshness(dataset: Dataset, at: datetime) -> Iterator[Expectation]:
    """Expect of a dataset with a schedule that every satker has handed in the period due at instant `at`, of one with a
    frequency alone that there has been a new row lately; and that no satker is silent much longer than it ever was."""
    if dataset.kind != "sistem":
        yield _silence(dataset, at)
    lines = [line for line in plan().get(dataset.name, ()) if due(line, _day(at))]
    if dataset.period and lines:
        yield _calendar(dataset, lines, _day(at))
    elif (days := LATE_AFTER_DAYS.get(dataset.frequency)) is not None:
        yield none(
            "DATA_BASI",
            f"SELECT left(CAST(max(_diterima_pada) AS VARCHAR), 10) AS terakhir, (SELECT count(*) FROM {{batch}}) AS"
            f" baru FROM {dataset.name} HAVING max(_diterima_pada) < {_instant(at - timedelta(days=days))}",
            kolom="_diterima_pada",
            id=f"ada baris baru dalam {days} hari terakhir (frekuensi {dataset.frequency})",
            en=f"a new row within the last {days} days (frequency {dataset.frequency})",
            warn=True,
        )


def _calendar(dataset: Dataset, lines: Sequence[Planned], today: date) -> Expectation:
    """Late is who has ever handed in, or is named on the list, and has nothing of the period due or a later one."""
    dues: dict[str, str] = {}
    for line in lines:
        dues[line.satker] = max(dues.get(line.satker, ""), due(line, today) or "")
    closest = sorted(dues.items(), key=lambda pair: -len(pair[0]))
    whens = " ".join(f"WHEN {_within(satker)} THEN {text(period)}" for satker, period in closest)
    named = "".join(f" UNION ALL SELECT {text(satker)}, NULL" for satker in dues if satker != EVERYONE)
    return none(
        "SATKER_TERLAMBAT",
        f"WITH ada AS (SELECT kode_satker, {dataset.period} AS periode FROM {dataset.name}{named}),"
        " terakhir AS (SELECT kode_satker, max(periode) AS terakhir FROM ada GROUP BY kode_satker),"
        f" jadwal AS (SELECT *, CASE {whens} END AS jatuh_tempo FROM terakhir)"
        " SELECT kode_satker, terakhir, jatuh_tempo, (SELECT count(*) FROM {batch}) AS baru FROM jadwal"
        " WHERE coalesce(terakhir, '') < jatuh_tempo"
        " ORDER BY terakhir NULLS FIRST, kode_satker",
        kolom=dataset.period or "",
        id="setiap satker sudah menyerahkan periode yang jatuh tempo menurut jadwal rilis",
        en="every satker has handed in the period due by the release calendar",
        warn=True,
    )


def _within(satker: str) -> str:
    if satker == EVERYONE:
        return "true"
    return f"kode_satker = {text(satker)} OR starts_with(kode_satker, {text(satker + '.')})"


def _silence(dataset: Dataset, at: datetime) -> Expectation:
    today = int(at.timestamp()) // 86_400
    return none(
        "SATKER_DIAM",
        f"WITH hari AS (SELECT DISTINCT kode_satker, {_DAY} AS hari FROM {dataset.name}"
        f" WHERE _diterima_pada > {_instant(at - timedelta(days=WINDOW_DAYS))}), jeda AS (SELECT *,"
        " hari - lag(hari) OVER (PARTITION BY kode_satker ORDER BY hari) AS jeda FROM hari)"
        f" SELECT kode_satker, {today} - max(hari) AS hari_diam, max(jeda) AS jeda_terpanjang,"
        f" (SELECT count(*) FROM {{batch}}) AS baru FROM jeda GROUP BY kode_satker HAVING count(*) >= {HISTORY_DAYS}"
        f" AND {today} - max(hari) > greatest({SHORT_DAYS}, {SILENCE} * max(jeda))"
        " ORDER BY hari_diam DESC, kode_satker",
        id=f"tidak ada satker yang diam lebih dari {SILENCE} kali jeda terpanjangnya sendiri",
        en=f"no satker is silent for more than {SILENCE} times its own longest pause",
        warn=True,
    )


def arrivals(dataset: Dataset, at: datetime) -> Iterator[Expectation]:
    """Expect that no satker sends far more than it ever does, and that nothing arrived after the audit."""
    yield _volume(dataset, at)
    yield none(
        "DITERIMA_DI_MASA_DEPAN",
        f"SELECT kode_satker, _kiriman FROM {{batch}} WHERE _diterima_pada > {_instant(at + AHEAD)}",
        kolom="_diterima_pada",
        id="tidak lebih kemudian daripada saat audit",
        en="not later than the audit",
    )


def _volume(dataset: Dataset, at: datetime) -> Expectation:
    return none(
        "VOLUME_MELONJAK",
        f"WITH baru AS (SELECT kode_satker, {_DAY} AS hari, count(*) AS baris FROM {{batch}}"
        f" GROUP BY kode_satker, hari), lama AS (SELECT kode_satker, {_DAY} AS hari, count(*) AS baris"
        f" FROM {dataset.name} WHERE _diterima_pada > {_instant(at - timedelta(days=WINDOW_DAYS))}"
        " AND kode_satker IN (SELECT kode_satker FROM baru) AND _batch NOT IN (SELECT DISTINCT _batch FROM {batch})"
        " GROUP BY kode_satker, hari), biasa AS (SELECT kode_satker, max(baris) AS terbanyak FROM lama"
        f" GROUP BY kode_satker HAVING count(*) >= {HISTORY_DAYS})"
        " SELECT kode_satker, max(baris) AS sehari, terbanyak FROM baru JOIN biasa USING (kode_satker)"
        f" WHERE baris > greatest({FEW}, {SURGE} * terbanyak) GROUP BY kode_satker, terbanyak",
        id=f"sehari tidak lebih dari {SURGE} kali hari teramai satker itu sendiri",
        en=f"no more in a day than {SURGE} times the satker's own busiest day",
        warn=True,
    )


def _day(at: datetime) -> date:
    """The day it is in WIB, the westernmost zone: what is late there is late everywhere."""
    return (at.astimezone(UTC) + timedelta(hours=7)).date()


def _instant(at: datetime) -> str:
    return f"TIMESTAMPTZ '{escaped(at.astimezone(UTC).isoformat())}'"
