"""A whole installation whose lake is in a bucket of a real S3 server, and another engine that reads it there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from importlib.resources import files

import duckdb
import pytest

from infra import steps
from infra.lake import Lake
from infra.sql.query import connect
from infra.storage.store import open_store
from infra.withdrawing.searching import search
from schemas.dataset import tables
from tests.office import Installation, counts
from tests.samples import make
from tests.servers import Bucket

SECRET = "Zaitun Kencanawati"


@pytest.fixture(scope="module")
def spit(bucket: Bucket, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Three submissions handed in, judged, audited, released and published; the store is a bucket."""
    made = Installation.at(
        tmp_path_factory.mktemp("ember") / "spit",
        store=f"s3://{bucket.name}/{uuid.uuid4().hex}/lake",
        s3_endpoint=bucket.endpoint,
    )
    made.drop("teks", make.items("teks", {"judul": f"Apel bersama {SECRET}"}, {"judul": "Apel biasa di lapangan"}))
    made.drop("foto", make.items("foto", {}))
    made.drop("tabel", make.table("layanan_informasi", make.ROWS["layanan_informasi"]))
    made.take_in()
    assert made.publish()["audit"]
    return made


@pytest.fixture(scope="module")
def engine(bucket: Bucket) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB's own Delta reader (delta-kernel, not the library we write with), let at the bucket and nothing else."""
    with duckdb.connect(config={"allow_unsigned_extensions": False}) as con:
        for name in ("httpfs", "delta"):
            (wheel,) = files(f"duckdb_extension_{name}").joinpath("extensions").iterdir()
            con.load_extension(str(wheel / f"{name}.duckdb_extension"))
        where = bucket.endpoint.removeprefix("http://")
        con.execute(
            f"CREATE SECRET (TYPE s3, KEY_ID '{bucket.access_key}', SECRET '{bucket.secret_key}', REGION 'us-east-1',"
            f" ENDPOINT '{where}', URL_STYLE 'path', USE_SSL false)"
        )
        yield con


def test_another_engine_counts_and_sums_the_same(spit: Installation, engine: duckdb.DuckDBPyConnection) -> None:
    lake = Lake(spit.settings.open_store())
    released = lake.released()
    assert released is not None
    compared = set()
    with connect(lake) as ours:
        for name, version in released.tables.items():
            assert lake.version(name) == version, "the newest version is what delta_scan reads"
            delta = f"delta_scan('{spit.settings.store}/tables/{name}')"
            sums = [
                f'round(sum("{column}"), 6)' if kind in {"BIGINT", "DOUBLE"} else f'count(DISTINCT "{column}")'
                for column, kind, *_ in engine.execute(f"DESCRIBE FROM {delta}").fetchall()
            ]
            asked = f"SELECT count(*), {', '.join(sums)} FROM"
            history = f"{name}_riwayat" if "_kunci" in tables()[name].arrow.names else name
            theirs = engine.execute(f"{asked} {delta}").fetchall()
            assert theirs == ours.execute(f'{asked} "{history}"').fetchall(), name
            compared |= {name} if theirs[0][0] else set()
    assert {"teks", "foto", "media", "layanan_informasi", "neraca_baris", "kiriman"} <= compared


def test_what_comes_later_is_judged_against_what_is_there(spit: Installation) -> None:
    spit.drop("ulang", make.table("layanan_informasi", make.ROWS["layanan_informasi"]))
    spit.drop("baru", make.items("teks", {"judul": "Bakti sosial di pasar", "nomor": "UJI/2026/099"}))
    spit.take_in()
    rows = len(make.ROWS["layanan_informasi"]) - 1
    assert counts(spit.one("ulang")) == (rows, 0, 0, rows)
    assert counts(spit.one("baru")) == (1, 1, 0, 0)
    assert steps.audit(spit.settings)
    spit.release()
    assert spit.rows("SELECT count(*) AS n FROM teks") == [{"n": 3}]


def test_what_is_withdrawn_is_in_no_object_of_the_bucket_and_in_no_copy_here(spit: Installation) -> None:
    bucket, copies = spit.settings.open_store(), open_store(str(spit.settings.home / "copies"))
    assert search(bucket, SECRET) and search(copies, SECRET)
    (row,) = spit.rows(f"SELECT _kiriman FROM teks WHERE contains(judul, '{SECRET}')")
    steps.withdraw(spit.settings, row["_kiriman"], "PPID contoh", "persetujuan ditarik, surat 12")
    assert not spit.rows(f"SELECT judul FROM teks WHERE contains(judul, '{SECRET}')")
    steps.maintain(spit.settings)
    assert not search(bucket, SECRET) and not search(copies, SECRET)
    assert spit.rows("SELECT count(*) AS n FROM teks") == [{"n": 1}]
