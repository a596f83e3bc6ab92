"""What a standard cannot say of a dataset: how much usually comes, and when. Surge and silence only warn.

A burst before an election and a silent office are both possible and both worth a look; and one office's strange day
must not keep every other office's data from being released.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from expectations.basics import escaped, none
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

LATE_AFTER_DAYS = {
    "HARIAN": 3,
    "MINGGUAN": 10,
    "BULANAN": 40,
    "TRIWULANAN": 100,
    "SEMESTERAN": 190,
    "TAHUNAN": 380,
}
"""By frequency, after how many days without a single new row a dataset counts as stale: its period and some grace."""

AHEAD = timedelta(hours=1)
"""How far the clock that stamps arrivals may be ahead of the one that audits."""


def freshness(dataset: Dataset, at: datetime) -> Iterator[Expectation]:
    """Expect that a dataset with a frequency has had a new row lately, as seen at instant `at`."""
    if (days := LATE_AFTER_DAYS.get(dataset.frequency)) is None:
        return
    yield none(
        "DATA_BASI",
        f"SELECT left(CAST(max(_diterima_pada) AS VARCHAR), 10) AS terakhir, (SELECT count(*) FROM {{batch}}) AS baru"
        f" FROM {dataset.name} HAVING max(_diterima_pada) < {_instant(at - timedelta(days=days))}",
        kolom="_diterima_pada",
        id=f"ada baris baru dalam {days} hari terakhir (frekuensi {dataset.frequency})",
        en=f"a new row within the last {days} days (frequency {dataset.frequency})",
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
    day = "epoch_ms(_diterima_pada) // 86400000"
    return none(
        "VOLUME_MELONJAK",
        f"WITH baru AS (SELECT kode_satker, {day} AS hari, count(*) AS baris FROM {{batch}}"
        f" GROUP BY kode_satker, hari), lama AS (SELECT kode_satker, {day} AS hari, count(*) AS baris"
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


def _instant(at: datetime) -> str:
    return f"TIMESTAMPTZ '{escaped(at.astimezone(UTC).isoformat())}'"
