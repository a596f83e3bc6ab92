"""What a release shows, and an analyst's SELECT over it: what works, what is refused, what is contained."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from infra.lake import Lake
from infra.releases import Release
from infra.sql import query, views
from infra.sql.landlock import confine
from infra.sql.query import MACHINE, Limits, QueryError, connect, rows, select
from infra.sql.statement import Refused, accept, functions
from schemas.dataset import tables
from tests.attacks import ATTACKS, HEAVY, UNPARSED
from tests.lakes import CONTEXT, RECEIVED, Place, working
from tests.lakes import rows as some_rows
from transforms import sandbox


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two releases: `a`, `b` and `c`, then a correction of `b` and a new `d`."""
    lake = Place(str(tmp_path_factory.mktemp("danau") / "it's é")).lake()
    first = {
        "foto": lake.commit("foto", some_rows("foto", 1, "a", "b", "c", judul="lama"), 1),
        "media": lake.commit("media", some_rows("media", 1, "a", "b", "c"), 1),
        "kiriman": lake.commit("kiriman", some_rows("kiriman", 1, "2026-000001.1"), 1),
    }
    lake.release({name: v for name, v in first.items() if v is not None}, [1], audit={})
    second = {
        "foto": lake.commit("foto", some_rows("foto", 2, "b", "d", judul="baru"), 2),
        "media": lake.commit("media", some_rows("media", 2, "b", "d"), 2),
    }
    lake.release({**lake.released().tables, **second}, [2], audit={})  # pyright: ignore
    lake.commit("foto", some_rows("foto", 3, "e", judul="belum terbit"), 3)
    return lake


def titles(con: duckdb.DuckDBPyConnection, relation: str = "foto") -> list[tuple[str, str]]:
    return con.execute(f"SELECT _kunci, judul FROM {relation} ORDER BY _kunci, judul").fetchall()


def first(lake: Lake) -> Release:
    *_, oldest = lake.releases()
    return oldest


# --- what a release shows ------------------------------------------------------------------------------------------


def test_a_correction_replaces_its_predecessor_and_both_stay_in_history(lake: Lake) -> None:
    with connect(lake) as con:
        assert titles(con) == [("a", "lama"), ("b", "baru"), ("c", "lama"), ("d", "baru")]
        history = [("a", "lama"), ("b", "baru"), ("b", "lama"), ("c", "lama"), ("d", "baru")]
        assert titles(con, "foto_riwayat") == history


def test_an_older_release_shows_what_it_showed(lake: Lake) -> None:
    with connect(lake, first(lake)) as con:
        assert titles(con) == titles(con, "foto_riwayat") == [("a", "lama"), ("b", "lama"), ("c", "lama")]
    old = select(lake, "SELECT count(*) AS n FROM foto", release=first(lake))
    assert old.to_pylist() == [{"n": 3}]


def test_rows_are_counted_as_readers_see_them(lake: Lake) -> None:
    released = lake.released()
    assert released is not None
    assert rows(lake, released) == {"foto": 4, "media": 4, "kiriman": 1}
    assert released.rows == {"foto": 5, "media": 5, "kiriman": 1}


def test_of_several_rows_in_one_batch_the_latest_is_current(tmp_path: Path) -> None:
    lake = Place(str(tmp_path)).lake()
    base = {"_diterima_pada": RECEIVED, "_kiriman": "2026-000001.1", "_baris": 1}
    order = [
        base,
        base | {"_baris": 2},
        base | {"_kiriman": "2026-000001.2"},
        base | {"_diterima_pada": RECEIVED + timedelta(seconds=1), "_kiriman": "2026-000000.1"},
    ]
    found = [some_rows("foto", 1, "a", judul=f"ke-{i}", **values) for i, values in enumerate(order)]
    for count in range(1, len(found) + 1):
        table = pa.concat_tables(reversed(found[:count]))
        version = lake.commit("foto", table, count)
        assert version is not None
        shown = views.views(lake, Release(1, RECEIVED, {"foto": version}, {}, [], {}, None))
        with views.opened(shown, megabytes=256, threads=1) as con:
            assert titles(con) == [("a", f"ke-{count - 1}")]


def test_before_the_first_release_all_tables_are_empty(tmp_path: Path) -> None:
    lake = Place(str(tmp_path)).lake()
    lake.commit("foto", some_rows("foto", 1, "a"), 1)
    with connect(lake) as con:
        for name, standard in tables().items():
            found = con.execute(f"SELECT * FROM {name}").to_arrow_table()
            assert found.num_rows == 0
            assert found.schema.names == standard.arrow.names
            assert found.schema.types == standard.arrow.types


def test_a_column_that_came_later_is_empty_in_older_rows(tmp_path: Path) -> None:
    lake = Place(str(tmp_path)).lake()
    lake.replace("acuan", lambda: pa.table({"kode": ["1"]}), "lama")
    version = lake.replace("acuan", lambda: pa.table({"kode": ["1"], "nama": ["satu"]}), "baru")
    uri, _ = lake._store.delta("tables/acuan")
    from deltalake import write_deltalake

    write_deltalake(uri, pa.table({"kode": ["2"], "nama": ["dua"], "luas": [1.5]}), mode="append", schema_mode="merge")
    release = Release(1, RECEIVED, {"acuan": version + 1}, {}, [], {}, None)
    with connect(lake, release) as con:
        found = con.execute("SELECT kode, luas FROM acuan ORDER BY kode").fetchall()
    assert found == [("1", None), ("2", 1.5)]


def test_dropped_into_dataframes_and_dates_it_stays_in_utc(lake: Lake) -> None:
    found = select(lake, "SELECT direkam_pada, date_trunc('day', direkam_pada)::DATE AS hari FROM foto LIMIT 1")
    assert found.schema.field("direkam_pada").type == pa.timestamp("us", "UTC")
    assert found.to_pylist() == [{"direkam_pada": RECEIVED, "hari": RECEIVED.date()}]


# --- our own connection is locked as well --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('{folder}/rahasia.csv')",
        "SELECT * FROM glob('{folder}/*')",
        "COPY (SELECT 1) TO '{folder}/keluar.csv'",
        "ATTACH '{folder}/lain.duckdb'",
        "EXPORT DATABASE '{folder}/ekspor'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET memory_limit = '100GB'",
        "RESET lock_configuration",
    ],
)
def test_our_own_connection_reaches_nothing_but_the_release(lake: Lake, tmp_path: Path, statement: str) -> None:
    (tmp_path / "rahasia.csv").write_text("rahasia\n1\n")
    with connect(lake) as con, pytest.raises(duckdb.Error):
        con.execute(statement.format(folder=tmp_path)).fetchall()
    assert [path.name for path in tmp_path.iterdir()] == ["rahasia.csv"]


def test_our_own_connection_writes_below_its_scratch_folder_only(lake: Lake, tmp_path: Path) -> None:
    scratch = tmp_path / "kerja"
    scratch.mkdir()
    with connect(lake, scratch=scratch) as con:
        con.execute(f"COPY (SELECT judul FROM foto) TO '{scratch}/foto.csv'")
        with pytest.raises(duckdb.Error):
            con.execute(f"COPY (SELECT judul FROM foto) TO '{tmp_path}/foto.csv'")
    assert sorted((scratch / "foto.csv").read_text().split()) == ["baru", "baru", "judul", "lama", "lama"]
    assert not (tmp_path / "foto.csv").exists()


# --- what the kernel forbids, should everything else fail ----------------------------------------------------------


def try_everything(folder: Path, results: Any) -> None:
    file, other, server = folder / "boleh.parquet", folder / "lain.csv", socket.create_server(("127.0.0.1", 0))
    tries = {
        "read the file": file.read_bytes,
        "read another": other.read_bytes,
        "list the folder": lambda: list(folder.iterdir()),
        "truncate the file": lambda: os.truncate(file, 0),
        "write to the file": lambda: file.open("r+b").close(),
        "make a file": (folder / "baru").touch,
        "remove the file": file.unlink,
        "connect": lambda: socket.create_connection(server.getsockname()).close(),
        "start a program": lambda: subprocess.run(["/bin/true"], check=True),
    }
    landlocked = confine([str(file), *filter(None, sys.path), *MACHINE])
    allowed = []
    for name, action in tries.items():
        with contextlib.suppress(PermissionError):
            action()
            allowed.append(name)
    con = duckdb.connect()  # without any lock of its own
    with contextlib.suppress(duckdb.IOException):
        con.execute(f"COPY (SELECT 1) TO '{file}' (USE_TMP_FILE false)")
        allowed.append("overwrite through the engine")
    results.put((landlocked, allowed, con.execute(f"SELECT count(*) FROM '{file}'").fetchall()))


def test_a_confined_process_reads_what_it_may_and_does_nothing_else(tmp_path: Path) -> None:
    duckdb.execute(f"COPY (SELECT unnest(range(7))) TO '{tmp_path}/boleh.parquet'")
    (tmp_path / "lain.csv").write_text("rahasia")
    results = CONTEXT.SimpleQueue()
    with working(try_everything, tmp_path, results) as process:
        process.join(60)
        landlocked, allowed, count = results.get()
    if not landlocked:
        pytest.skip("this kernel has no Landlock")
    assert (allowed, count) == (["read the file"], [(7,)])


# --- an analyst's SELECT -------------------------------------------------------------------------------------------

WELCOME = [
    "SELECT kode_satker, count(*) AS n FROM foto GROUP BY 1 ORDER BY n DESC LIMIT 10;",
    "FROM foto SELECT judul WHERE judul ILIKE '%APEL%' -- titik; koma",
    "/* ; */ SELECT 1",
    "WITH baru AS (SELECT * FROM foto WHERE _batch = 2), jumlah AS (FROM baru SELECT count(*) n) FROM jumlah",
    "WITH foto AS (SELECT * FROM foto) SELECT * FROM foto",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n",
    "SELECT f.judul, m.sha256 FROM foto f JOIN media m USING (_kunci) LEFT JOIN kiriman k ON k.kiriman = f._kiriman",
    "SELECT * FROM foto WHERE _kunci IN (SELECT _kunci FROM media) AND NOT EXISTS (SELECT 1 FROM video)",
    "SELECT judul, row_number() OVER (PARTITION BY kode_satker ORDER BY direkam_pada) FROM foto QUALIFY 1 = 1",
    "SELECT date_trunc('month', tanggal_kejadian) b, count(DISTINCT _kunci) FILTER (subjek_anak) FROM foto GROUP BY 1",
    "SELECT CASE WHEN ukuran_byte > 1 THEN 'besar' ELSE 'kecil' END, coalesce(lebar_px, 0) % 2, -lebar_px FROM foto",
    "SELECT extract(year FROM direkam_pada AT TIME ZONE 'Asia/Jakarta'), strftime(tanggal_kejadian, '%Y') FROM foto",
    "SELECT try_cast(judul AS INTEGER), judul::VARCHAR || '!', TRY(1 / 0) FROM foto",
    "SELECT list(judul ORDER BY judul)[1], [x || '!' for x in list(judul) if x <> ''], {'a': 1}.a FROM foto",
    "SELECT MAP {'k': 1}['k'], [1, 2, 3][1:2], 'a' IN ('a', 'b'), judul IS DISTINCT FROM 'b' FROM foto",
    "SELECT unnest(range(3)), * EXCLUDE (judul) REPLACE (lower(nomor) AS nomor) FROM foto",
    "SELECT COLUMNS('^_k') FROM foto UNION ALL BY NAME SELECT _kunci FROM media",
    "SELECT judul FROM foto INTERSECT SELECT judul FROM foto EXCEPT SELECT judul FROM video ORDER BY 1 LIMIT 9",
    "SELECT * FROM (PIVOT (SELECT judul, _batch FROM foto) ON _batch IN (1, 2) USING count(*))",
    "UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b INTO NAME kolom VALUE nilai",
    "SELECT kode_satker, topik, count(*), grouping(topik) FROM foto GROUP BY ROLLUP (kode_satker, topik)",
    "SELECT quantile_cont(ukuran_byte, 0.5), median(lebar_px), corr(lebar_px, tinggi_px), mode(topik) FROM foto",
    "SELECT regexp_extract(judul, '(.)', 1), split_part(judul, ' ', 1), string_agg(judul, ', ') FROM foto GROUP BY ALL",
    "SELECT t.i, generate_series FROM range(3) t(i), generate_series(1, 2), (VALUES (1), (2)) v(x)",
    "SELECT value FROM json_each('[1, 2]')",
    "SELECT '{\"a\": [1]}'::JSON -> 'a' ->> 0, json_extract_string('{\"a\": 1}', '$.a')",
    "SELECT * FROM foto USING SAMPLE 50%",
    "SELECT f.*, b.n FROM foto f, LATERAL (SELECT count(*) n FROM media m WHERE m._kunci = f._kunci) b",
    "SELECT * FROM foto a ASOF JOIN foto b ON a.kode_satker = b.kode_satker AND a.direkam_pada >= b.direkam_pada",
    "DESCRIBE foto",
    "SUMMARIZE foto",
    "SELECT count(*) FROM foto_riwayat WHERE judul NOT LIKE 'x%' AND judul SIMILAR TO '.*' AND _batch BETWEEN 0 AND 9",
    'SELECT "judul" AS "dari; mana" FROM "foto" WHERE judul = \'it\'\'s; DROP TABLE foto\' OR TRUE',
    "SELECT current_date - INTERVAL 7 DAY, now() > direkam_pada, age(direkam_pada) FROM foto",
]


@pytest.fixture(scope="module")
def locked(lake: Lake) -> duckdb.DuckDBPyConnection:
    """What the child of `select` works with, in this process."""
    return views.opened(views.views(lake, lake.released()), megabytes=512, threads=2)


@pytest.fixture(scope="module")
def names(lake: Lake) -> list[str]:
    return [view.name for view in views.views(lake, lake.released())]


@pytest.mark.parametrize("statement", WELCOME)
def test_what_analysts_write_is_accepted(locked: duckdb.DuckDBPyConnection, names: list[str], statement: str) -> None:
    assert locked.execute(accept(locked, statement, names)).to_arrow_table().num_columns >= 1


@pytest.mark.parametrize("statement", ATTACKS)
def test_what_is_more_than_a_select_is_refused(
    locked: duckdb.DuckDBPyConnection, names: list[str], statement: str
) -> None:
    with pytest.raises(duckdb.Error if statement in UNPARSED else Refused):
        accept(locked, statement, names)


def test_there_are_enough_attacks() -> None:
    assert len(ATTACKS) == len(set(ATTACKS))
    assert set(ATTACKS) > UNPARSED
    assert len(ATTACKS) - len(UNPARSED) + len(HEAVY) >= 200


ONE_CHILD = 12
"""Statements asked of one child: Landlock takes no more than sixteen layers, and each question adds one."""


@pytest.mark.parametrize("start", range(0, 60, ONE_CHILD))
def test_the_child_that_answers_refuses_them_as_well(lake: Lake, start: int) -> None:
    """A quarter of them, with all that stands around them in earnest; each is refused, and it answers the next one."""
    shown = views.views(lake, lake.released())
    some = [*ATTACKS[::4][start : start + ONE_CHILD], "SELECT count(*) FROM foto"]
    before = {stat.key: stat.etag for stat in lake._store.list()}
    jobs = [query.job(statement, shown, shown, Limits()) for statement in some]
    *refused, good = sandbox.run("infra.sql.query:answer", jobs, query.bounds(Limits()), workers=1)
    assert [each for each in refused if not isinstance(each, dict) or "refused" not in each] == []
    assert isinstance(good, dict)
    assert "arrow" in good
    assert {stat.key: stat.etag for stat in lake._store.list()} == before


def test_every_function_on_the_list_exists_and_none_reads_or_sets(locked: duckdb.DuckDBPyConnection) -> None:
    known = {name.lower() for (name,) in locked.execute("SELECT function_name FROM duckdb_functions()").fetchall()}
    syntax = {"coalesce", "if", "ifnull", "overlay"}  # become operators or macros of the parser
    assert functions() - known - syntax == set()
    tabular = "SELECT function_name FROM duckdb_functions() WHERE function_type NOT IN ('scalar', 'aggregate', 'macro')"
    tabular = {name.lower() for (name,) in locked.execute(tabular).fetchall()}
    assert functions() & tabular - {"cari"} == {
        *("generate_series", "json_each", "range", "repeat", "unnest", "histogram")
    }  # `cari` is a view of ours


def test_a_result_comes_back_typed(lake: Lake) -> None:
    found = select(lake, "SELECT _kunci, ukuran_byte, subjek_anak, tanggal_kejadian FROM foto ORDER BY 1")
    assert found.num_rows == 4
    types = [pa.string(), pa.int64(), pa.bool_(), pa.date32()]
    assert found.schema.types == types
    assert select(lake, "SELECT * FROM video").num_rows == 0


def test_what_is_not_released_cannot_be_seen(lake: Lake) -> None:
    assert select(lake, "SELECT count(*) AS n FROM foto WHERE judul = 'belum terbit'").to_pylist() == [{"n": 0}]


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("SELECT * FROM foro", "Tables: .*foto.*"),
        ("SELECT jdul FROM foto", 'Candidate bindings: .*"judul"'),
        ("SELEC 1", "syntax error"),
        ("DELETE FROM foto", "Write one SELECT"),
        ("SELECT 1; SELECT 2", "Write one SELECT"),
        ("", "Write one SELECT"),
        ("SELECT getenv('HOME')", r"getenv\(\) is not available"),
        ("SELECT * FROM main.foto", "without a schema"),
        ("SELECT * FROM foto AT (VERSION => 1)", "another release"),
    ],
)
def test_a_refusal_says_what_to_do(
    locked: duckdb.DuckDBPyConnection, names: list[str], statement: str, says: str
) -> None:
    with pytest.raises((Refused, duckdb.Error), match=says):
        locked.execute(accept(locked, statement, names))


def test_a_refusal_reaches_whoever_asked(lake: Lake) -> None:
    known = "Tables: .*audio"
    for statement, says in (("SELECT * FROM read_text('x')", known), ("SELECT jdul FROM foto", "Candidate")):
        with pytest.raises(QueryError, match=says):
            select(lake, statement)


@pytest.mark.parametrize("statement", HEAVY)
def test_what_asks_for_too_much_is_stopped(lake: Lake, statement: str) -> None:
    began = time.monotonic()
    with pytest.raises(QueryError):
        select(lake, statement, limits=Limits(seconds=3, megabytes=200, rows=10_000, answer_megabytes=8))
    assert time.monotonic() - began < 15


def test_limits_say_which_of_them_it_was(lake: Lake) -> None:
    with pytest.raises(QueryError, match="more than 3 rows"):
        select(lake, "SELECT * FROM foto", limits=Limits(rows=3))
    with pytest.raises(QueryError, match="larger than 1 MiB"):
        select(lake, "SELECT repeat('x', 2000000)", limits=Limits(answer_megabytes=1))
    with pytest.raises(QueryError, match="Stopped after 3 seconds"):
        select(
            lake,
            "SELECT sum(sin(a.range) * cos(b.range)) FROM range(1000000) a, range(1000000) b",
            limits=Limits(seconds=3),
        )
    with pytest.raises(QueryError, match="more than 64 MiB of memory"):
        select(lake, "SELECT list(i) FROM range(100000000) t(i)", limits=Limits(megabytes=64))


def test_a_query_leaves_nothing_behind(lake: Lake) -> None:
    before = {stat.key: stat.etag for stat in lake._store.list()}
    select(lake, "SELECT * FROM foto")
    with pytest.raises(QueryError):
        select(lake, f"COPY foto TO '{lake.files('foto', 1)[0]}'")
    assert {stat.key: stat.etag for stat in lake._store.list()} == before
