"""Media that look the same are found by their hashes: exactly those a comparison of all pairs finds."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from tests.office import Installation
from tests.samples import make
from tests.samples.rights_cases import shrunk
from transforms import similar
from transforms.media import encode

VIEW = Path(similar.__file__).parent / "views" / "kemiripan.sql"
AT = datetime(2026, 11, 24, tzinfo=UTC)


def test_the_view_is_as_its_recipe_makes_it() -> None:
    assert VIEW.read_text("utf-8") == similar.view(), (
        "run: python -m transforms.similar > transforms/views/kemiripan.sql"
    )


def hashes(count: int) -> list[int]:
    """Random ones, and beside each tenth some that differ in 1 to 8 bits."""
    chance = random.Random(5)
    made = [chance.getrandbits(64) for _ in range(count)]
    for one in made[::10]:
        for bits in range(1, 9):
            made.append(one ^ sum(1 << at for at in chance.sample(range(64), bits)))
    return made


def test_no_pair_is_missed_and_none_is_invented() -> None:
    made = hashes(400)
    with duckdb.connect() as con:
        con.register("baru", pa.table({"id": pa.array(range(len(made))), "h": pa.array(made, pa.uint64())}))
        con.execute("CREATE TABLE sidik AS FROM baru")
        found = set(con.execute(f"SELECT a, b, jarak FROM ({similar.near('sidik', 'sidik')})").fetchall())
        once = set(con.execute(f"SELECT a, b, jarak FROM ({similar.among('sidik')})").fetchall())
    apart = {(a, b): (x ^ y).bit_count() for a, x in enumerate(made) for b, y in enumerate(made)}
    assert found == {(a, b, bits) for (a, b), bits in apart.items() if bits <= similar.DISTANCE}
    assert once == {(a, b, bits) for a, b, bits in found if a > b}
    assert len(once) > 200


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def seen(con: duckdb.DuckDBPyConnection, *media: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What the view says of these media, oldest first: number, other number, how they are the same, bits."""
    rows = [
        {"dataset": "foto", "kode_satker": "JATENG", "sidik_piksel": f"p{at}", "durasi_ms": None, "sidik_mirip": None}
        | {"nomor": str(at), "sha256": f"s{at}", "_kunci": f"foto|JATENG|{at}", "_diterima_pada": AT + timedelta(at)}
        | medium
        for at, medium in enumerate(media)
    ]
    kinds = dict.fromkeys(rows[0], pa.string()) | {"durasi_ms": pa.int64(), "_diterima_pada": pa.timestamp("us", "UTC")}
    con.register("media", pa.Table.from_pylist(rows, pa.schema(list(kinds.items()))))
    found = con.execute(similar.view()).fetchall()
    return [(nomor, other, same, bits) for _, _, nomor, _, _, other, same, bits in found]


def test_each_stands_beside_the_oldest_it_is_the_same_as(con: duckdb.DuckDBPyConnection) -> None:
    hash_ = "00ff00ff00ff00ff"
    assert seen(
        con,
        {"sidik_mirip": hash_},
        {"sha256": "s0", "sidik_piksel": "p0", "sidik_mirip": hash_},
        {"sidik_piksel": "p0", "sidik_mirip": hash_},
        {"sidik_mirip": "00ff00ff00ff00f8"},
        {"sidik_mirip": "ff00ff00ff00ff00"},
        {"sha256": "s0", "sidik_piksel": "p0", "sidik_mirip": hash_},
    ) == [("1", "0", "BYTE", 0), ("2", "0", "PIKSEL", 0), ("5", "0", "BYTE", 0), ("3", "0", "MIRIP", 3)]


def test_a_video_is_like_another_of_its_length_and_a_picture_like_a_frame(con: duckdb.DuckDBPyConnection) -> None:
    frames = "00ff00ff00ff00ff 123456789abcdef0"
    assert seen(
        con,
        {"sidik_mirip": frames, "durasi_ms": 60_000},
        {"sidik_mirip": "123456789abcdef1", "durasi_ms": 61_000},
        {"sidik_mirip": "123456789abcdef0", "durasi_ms": 90_000},
        {"sidik_mirip": "123456789abcdef0"},
    ) == [("3", "0", "MIRIP", 0), ("1", "0", "MIRIP", 1)]


POSTER = "00ff00ff00ff00f"


def worked(con: duckdb.DuckDBPyConnection) -> int:
    """Rows that all parts of the last statement's plan gave on: what grows with the square of the rows shows here."""
    return json.loads(con.get_profiling_information(format="json")).get("cumulative_cardinality", 0)


def test_of_many_that_look_the_same_each_stands_beside_the_oldest_alone(con: duckdb.DuckDBPyConnection) -> None:
    """A poster every office sends on, in two sizes: one pair each, not all with all."""
    con.execute("PRAGMA enable_profiling='no_output'")
    count = 3_000
    pairs = seen(con, *({"sidik_mirip": f"{POSTER}{at % 2}"} for at in range(count)))
    assert len(pairs) == count - 1 and {other for _, other, _, _ in pairs} == {"0", "1"}
    assert worked(con) < 100 * count


def test_an_opening_of_many_videos_is_no_likeness(con: duckdb.DuckDBPyConnection) -> None:
    begun = [{"sidik_mirip": f"{POSTER}f", "durasi_ms": 60_000 + at} for at in range(similar.LENGTHS + 1)]
    assert {(other, same) for _, other, same, _ in seen(con, *begun[:-1])} == {("0", "MIRIP")}
    assert seen(con, *begun) == []


@pytest.mark.parametrize("alike", ["sha256", "sidik_piksel", "dhash"])
def test_a_batch_of_many_that_are_the_same_is_judged_in_one_pass_each(
    con: duckdb.DuckDBPyConnection, alike: str
) -> None:
    """What one office sends a thousand times: every row but the first has its finding, naming the first."""
    from infra.judging.seen import findings

    count = 3_000
    own = {"sha256": "x || _n", "sidik_piksel": "x || _n", "dhash": "[(hash(_n) >> 1)::BIGINT]"}
    same = {"sha256": "x", "sidik_piksel": "x", "dhash": "[71777214294589695]"}
    said = own | {alike: same[alike]}
    con.execute("PRAGMA enable_profiling='no_output'")
    con.execute(
        f"CREATE TABLE diputus AS SELECT range AS _n, 'BARU' AS putusan FROM range({count});"
        "CREATE TABLE dinilai AS SELECT _n, 'k' || lpad(_n::VARCHAR, 9, '0') AS _kiriman, 'manifest.json' AS _berkas,"
        " NULL::VARCHAR AS _lembar, _n AS _baris, _n::VARCHAR AS berkas FROM diputus;"
        f"CREATE TABLE fakta AS SELECT _kiriman, berkas, {', '.join(f'{sql} AS {name}' for name, sql in said.items())},"
        " NULL::BIGINT AS durasi_ms FROM (SELECT *, 'x' AS x FROM dinilai);"
        "CREATE TABLE temuan (kiriman VARCHAR, kode VARCHAR, berkas VARCHAR, lembar VARCHAR, baris BIGINT,"
        " kolom VARCHAR, nilai VARCHAR, batas VARCHAR)"
    )
    for statement in findings([]):
        con.execute(statement)
        assert worked(con) < 500 * count, statement[:60]
    kode = "MEDIA_SUDAH_ADA" if alike == "sha256" else "MEDIA_MIRIP"
    found = con.execute("SELECT kode, batas, count(*), count(DISTINCT baris) FROM temuan GROUP BY ALL").fetchall()
    assert found == [(kode, "k000000000", count - 1, count - 1)]


def test_black_frames_and_blank_pages_are_like_nothing(con: duckdb.DuckDBPyConnection) -> None:
    assert seen(con, *({"sidik_mirip": h} for h in ("0" * 16, "0" * 15 + "1", "f" * 16, "f" * 16))) == []


def test_the_office_is_told_and_readers_can_ask(tmp_path: Path) -> None:
    spit = Installation.at(tmp_path / "spit")
    whole = encode.photo(480, 320, text="contoh", quality=90)
    spit.drop("foto", make.items("foto", {}, files={"bahan.jpg": whole}))
    spit.take_in()
    spit.drop("lagi", make.items("foto", {"nomor": "UJI/2026/777"}, files={"bahan.jpg": shrunk(whole)}))
    spit.take_in()
    spit.publish()
    said = spit.rows("SELECT kode, nilai, batas FROM temuan WHERE kode LIKE 'MEDIA_%'")
    assert said == [{"kode": "MEDIA_MIRIP", "nilai": "bahan.jpg", "batas": "2026-000001.1"}]
    (pair,) = spit.rows("SELECT nomor, nomor_lain, sama, jarak <= 5 AS dekat FROM kemiripan")
    assert pair == {"nomor": "UJI/2026/777", "nomor_lain": "UJI/2026/001", "sama": "MIRIP", "dekat": True}
