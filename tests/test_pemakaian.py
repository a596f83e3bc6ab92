"""Periods of use and consent at the public gate: to the day, to the minute, and gone at the next run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from infra import steps
from infra.storage.store import open_store
from schemas.dataset import tables
from tests.office import Installation
from tests.released import lake, row
from tests.samples import make
from transforms import publik

FOTO = tables()["foto"]
DAY = date(2026, 11, 24)
BEGINS = datetime(2026, 11, 23, 17, tzinfo=UTC)  # 00.00 WIB
ENDS = datetime(2026, 11, 24, 15, tzinfo=UTC)  # 24.00 WIT
TICK = timedelta(microseconds=1)


def shown(at: datetime, *rows: dict[str, Any]) -> list[str]:
    with lake({"foto": list(rows)}) as connection:
        return [r["nomor"] for r in connection.execute(publik.rows(FOTO, at)).to_arrow_table().to_pylist()]


def test_a_day_of_use_begins_in_the_west_and_ends_in_the_east() -> None:
    only = row(FOTO, "a", dipakai_mulai=DAY, dipakai_sampai=DAY)
    seen = {at: bool(shown(at, only)) for at in (BEGINS - TICK, BEGINS, ENDS - TICK, ENDS)}
    assert list(seen.values()) == [False, True, True, False]


@pytest.mark.parametrize("column", ["dipakai_sampai", "persetujuan_sampai"])
def test_the_gate_knows_when_the_clock_next_matters(column: str) -> None:
    rows = [row(FOTO, "a", **{column: DAY}), row(FOTO, "b", dipakai_mulai=DAY)]
    with lake({"foto": rows}) as connection:
        for at, turns in ((BEGINS - TICK, (None, BEGINS)), (BEGINS, (BEGINS, ENDS)), (ENDS, (ENDS, None))):
            (found,) = connection.execute(publik.turning_points(FOTO, at)).to_arrow_table().to_pylist()
            assert (found["since"], found["until"]) == turns


def test_the_turns_are_the_only_instants_at_which_anything_changes() -> None:
    rows = [
        row(FOTO, str(n), dipakai_mulai=DAY + timedelta(n), dipakai_sampai=DAY + timedelta(2 * n)) for n in range(5)
    ]
    hours = [BEGINS - timedelta(days=1) + timedelta(hours=h) for h in range(24 * 11)]
    with lake({"foto": rows}) as connection:

        def public(at: datetime) -> list[Any]:
            return connection.execute(publik.rows(FOTO, at)).fetchall()

        for at in hours:
            (since, until) = connection.execute(publik.turning_points(FOTO, at)).fetchall()[0]
            assert public(at) == (public(since) if since else []), at
            assert public(at) == (public(until - TICK) if until else public(hours[-1])), at


CONSENT = {"orang_terlihat": "DIKENALI", "persetujuan": "ADA"}


@pytest.mark.parametrize(
    ("said", "open_"),
    [
        ({"orang_terlihat": "BERTUGAS"}, True),
        ({"orang_terlihat": "TIDAK_ADA"}, True),
        ({"orang_terlihat": "DIKENALI"}, False),
        (CONSENT, True),
        ({**CONSENT, "persetujuan": "TIDAK_PERLU"}, True),
        ({**CONSENT, "persetujuan_sampai": DAY}, True),
        ({**CONSENT, "persetujuan_sampai": DAY - timedelta(1)}, False),
        ({**CONSENT, "anak_terlihat": True}, False),
        ({**CONSENT, "anak_terlihat": True, "nomor_persetujuan_wali": "W/1"}, True),
        ({"anak_terlihat": True, "persetujuan": "TIDAK_PERLU", "nomor_persetujuan_wali": "W/1"}, False),
        ({"kelas_pemakaian": "REDAKSI"}, True),
        ({"kelas_pemakaian": "INTERNAL"}, False),
    ],
)
def test_who_can_be_recognised_has_agreed(said: dict[str, Any], open_: bool) -> None:
    assert bool(shown(datetime(2026, 11, 24, 3, tzinfo=UTC), row(FOTO, "a", **said))) == open_


def test_what_has_expired_is_gone_from_every_public_place_at_the_next_run(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    spit = Installation.at(tmp_path / "spit")
    today = datetime.now(UTC).date()
    until = (today + timedelta(days=2)).isoformat()
    spit.drop("foto", make.items("foto", {"dipakai_sampai": until, "judul": "Foto yang segera lewat"}))
    spit.take_in()
    steps.render(spit.settings)
    spit.publish()
    store = open_store(spit.settings.store)

    def places() -> tuple[int, int]:
        public = {stat.key: store.get(stat.key) for stat in store.list("published/")}
        words = sum(b"segera lewat" in data for data in public.values())
        return words, sum(key.endswith((".jpg", ".webp")) for key in public)

    assert places()[0] > 0
    assert places()[1] == 2

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(days=3)

    monkeypatch.setattr("infra.steps.datetime", Later)
    release = spit.rows("SELECT count(*) AS n FROM foto")
    steps.deliver(spit.settings)
    assert places() == (0, 0)
    assert spit.rows("SELECT count(*) AS n FROM foto") == release, "inside, it is still there"
