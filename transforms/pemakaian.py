"""How long, by whom and with whose consent a medium may be used in public: the part of the public gate about that.

Rows from before a standard had these columns say nothing and are not held back by them. Of what they do say, the gate
fails closed: an unknown code keeps the row in. Days are the satker's own; where they meet the clock, a period begins
with the last zone of the country (WIB) and ends with the first (WIT), so it is never longer than any satker meant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

_WIB, _WIT = timedelta(hours=7), timedelta(hours=9)
_AGREED = "persetujuan IN ('ADA', 'TIDAK_PERLU')"
_ENDS = ("dipakai_sampai", "persetujuan_sampai")
LAST_DAY = "berakhir_tanggal"
"""The last day a row is public: of its period of use or of a consent, whichever ends first."""


def conditions(columns: Collection[str], at: datetime) -> Iterator[str]:
    """SQL conditions that hold for a row that may be public at `at`, for those of our columns a table has."""
    if "kelas_pemakaian" in columns:
        yield "(kelas_pemakaian IS NULL OR kelas_pemakaian IN ('UMUM', 'REDAKSI'))"
    if "dipakai_mulai" in columns:
        yield f"(dipakai_mulai IS NULL OR dipakai_mulai <= {_day(at, _WIB)})"
    for name in _ENDS:
        if name in columns:
            yield f"({name} IS NULL OR {name} >= {_day(at, _WIT)})"
    if "persetujuan" in columns:
        yield f"(persetujuan IS NULL OR {_AGREED})"
    if {"orang_terlihat", "persetujuan"} <= {*columns}:
        # UU 27/2022 Art 20: who can be recognised has agreed, or need not.
        known = "orang_terlihat IN ('TIDAK_ADA', 'BERTUGAS')"
        yield f"(orang_terlihat IS NULL OR {known} OR (orang_terlihat = 'DIKENALI' AND coalesce({_AGREED}, FALSE)))"
    if {"anak_terlihat", "persetujuan", "nomor_persetujuan_wali"} <= {*columns}:
        # UU 27/2022 Art 25: for a child, a parent or guardian.
        agreed = "coalesce(persetujuan = 'ADA', FALSE) AND nomor_persetujuan_wali IS NOT NULL"
        yield f"(anak_terlihat IS NOT TRUE OR ({agreed}))"


def turns(columns: Collection[str]) -> list[str]:
    """SQL for the instants at which the clock changes what `conditions` say of a row."""
    begins = [f"to_timestamp(epoch(dipakai_mulai) - {_WIB.seconds})"] if "dipakai_mulai" in columns else []
    return begins + [f"to_timestamp(epoch({name} + 1) - {_WIT.seconds})" for name in _ENDS if name in columns]


def last_day(columns: Collection[str]) -> str:
    """SQL: `LAST_DAY` of a table with these columns. Which of the two it is, is not said."""
    own = [name for name in _ENDS if name in columns]
    return f"least({', '.join(own)}) AS {LAST_DAY}" if own else f"NULL::DATE AS {LAST_DAY}"


def _day(at: datetime, zone: timedelta) -> str:
    return f"DATE '{(at.astimezone(UTC) + zone).date().isoformat()}'"
