"""Delivering a change of 1,000 rows to five partners out of a small and a large table, in one run.

`delta_growth_ratio` is how much longer it takes out of the large one. What is timed there is handing on: the edition and
the log of changes are published before, once for all partners, and that does grow with the table, since an edition is
written whole; `publish_delta_growth_ratio` says how much (of an ordinary batch: after a withdrawal all keys of the table
are compared, which takes longer). Partners: two folders (one of them narrowed to a unit), an S3 bucket, an SFTP server
and a webhook (which keeps in memory what it gets), all real servers on this machine.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from infra.ledger.inbox import Inbox
from infra.publishing import changes
from infra.publishing.changes import Basis
from infra.publishing.deliver import deliver_all
from infra.publishing.editions import Shelf
from infra.publishing.partners import Partner
from infra.publishing.publication import Publication
from infra.storage.store import Store, open_store
from schemas.dataset import datasets
from tests.bench.bench_api import columns_of
from tests.far_servers import PASSWORD, USER, serving
from tests.receivers import receiving
from tests.servers import seaweedfs
from transforms import publik
from transforms.publik import Edition, Facts

ROWS = {
    "tiny": (10_000, 20_000),
    "small": (20_000, 200_000),
    "default": (100_000, 1_000_000),
    "large": (100_000, 10_000_000),
}
CHANGED, ROUNDS = 1_000, 3
AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
STANDARD = datasets()["foto"]
KEY = "'BENCH|' || lpad(i::VARCHAR, 9, '0')"


def edition(store: Store, number: int, rows: int) -> Edition:
    """Edition `number`: so many rows, of which each edition has 600 replaced, 300 added and 100 withdrawn."""
    last, step = rows + 300 * number, rows // CHANGED
    columns = {**columns_of(rows), "_kunci": KEY}
    columns["kode_satker"] = f"['JATENG', 'JABAR', 'SULSEL', 'PAPUA'][1 + least(i * 4 // {rows}, 3)]"
    new = f"i % {step} BETWEEN 1 AND {number - 1} AND i BETWEEN 1000 AND {999 + 600 * step}"
    columns["judul"] += f" || CASE WHEN {new} THEN ' (ralat)' ELSE '' END"
    listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    source = f"SELECT {listed} FROM range({100 * number}, {last}) r(i)"
    schema = pa.schema([f.arrow for f in publik.columns(STANDARD)])
    with duckdb.connect() as con:
        reader = con.execute(source).to_arrow_reader(65_536)
        batches = (b.select(schema.names).cast(schema) for b in reader)
        facts = Facts(rows, ("CC-BY-4.0",), ("33",), None, None, AT, AT)
        made = pa.RecordBatchReader.from_batches(schema, batches)
        return Shelf(store).edition(STANDARD, f"1.{number}-0", lambda: made, lambda _: facts)


def changed(number: int, rows: int) -> pa.Table:
    """The keys that are new, other or gone in edition `number`."""
    step, before = rows // CHANGED, number - 1
    new = f"i BETWEEN {rows + 300 * before} AND {rows + 300 * number - 1} OR i BETWEEN {100 * before} AND {100 * number - 1}"
    other = f"i % {step} = {before} AND i BETWEEN 1000 AND {999 + 600 * step}"
    with duckdb.connect() as con:
        return con.execute(
            f"SELECT {KEY} AS _kunci FROM range({rows + 300 * number}) r(i) WHERE {new} OR {other}"
        ).to_arrow_table()


def publication(store: Store, number: int, rows: int) -> Publication:
    """It and its log; as after any batch, it is known whose rows may have changed."""
    made = edition(store, number, rows)
    basis = Basis(number, "0", "")
    log = changes.follow(store, made, basis, brought=lambda _: changed(number, rows), batches=lambda _: [number])
    return Publication(number, AT, (made,), (), (), None, {"foto": log})


def five(stack: ExitStack, folder: Path) -> Callable[[str], list[Partner]]:
    """Servers for five partners, and the partners who have a place of this name there."""
    sftp = stack.enter_context(serving("sftp", folder / "sftp"))
    bucket = stack.enter_context(seaweedfs(folder / "s3"))
    hook = stack.enter_context(receiving("rahasia"))
    os.environ |= {"UJI_SANDI": PASSWORD, "UJI_TANDA": "rahasia", **bucket.environment}
    key = " ".join((sftp.folder / "host_key.pub").read_text().split()[:2])

    def partners(place: str) -> list[Partner]:
        near = Partner("dekat", "Dekat", "folder", str(folder / place / "dekat"), ("foto",), ("csv",), send="changes")
        address = f"sftp://{USER}@127.0.0.1:{sftp.port}/{place}"
        let_in = {"host_key": key, "password_env": "UJI_SANDI"}
        signed = {"secret_env": "UJI_TANDA", "timeout_s": 300}
        return [
            near,
            replace(near, name="satker", target=str(folder / place / "satker"), satker=("SULSEL",)),
            replace(near, name="ember", how="s3", target=f"s3://{bucket.name}/{place}", endpoint=bucket.endpoint),
            replace(near, name="sftp", how="sftp", target=address, access=let_in),
            replace(near, name="kait", how="webhook", target=hook.url, access=signed),
        ]

    return partners


def seconds(rows: int, everyone: list[Partner], folder: Path) -> tuple[float, float, float]:
    """Until all five have the whole; the best of several times until they have one change more, and to publish it."""
    store = open_store(str(folder / "lake"))
    delivered: list[float] = []
    published: list[float] = []
    with Inbox.open(f"sqlite:///{folder}/ledger.db") as inbox:
        for number in range(1, ROUNDS + 2):
            began = time.monotonic()
            made = publication(store, number, rows)
            ready = time.monotonic()
            done = deliver_all(everyone, made, store, folder, inbox)
            published.append(ready - began)
            delivered.append(time.monotonic() - ready)
            assert not [d.error for d in done if d.error]
            for stat in list(store.list(f"published/foto/1.{number - 1}-0/")):
                store.delete(stat.key)  # as publishing does with the edition before
            if number > 1:
                entry = made.logs["foto"].entries[-1]
                assert entry.added + entry.replaced + entry.withdrawn == CHANGED, entry
                assert all(any(f"/perubahan/{entry.number:06}" in path for path in d.written) for d in done)
    return delivered[0], min(delivered[1:]), min(published[1:])


def run(size: str) -> Iterator[tuple[str, float | None, str, str]]:
    few, many = ROWS[size]
    with tempfile.TemporaryDirectory(prefix="spit-bench-") as home, ExitStack() as stack:
        folder = Path(home)
        partners = five(stack, folder)
        small = seconds(few, partners("sedikit"), folder / "sedikit")
        large = seconds(many, partners("banyak"), folder / "banyak")
    yield "delta_rows", float(many), "rows", ""
    yield "delta_small_s", round(small[1], 3), "s", ""
    yield "delta_large_s", round(large[1], 3), "s", ""
    yield "delta_growth_ratio", round(large[1] / small[1], 2), f"x, {many // few} times the rows", "<= 2"
    yield "delta_to_whole_ratio", round(large[1] / large[0], 3), "x", ""
    yield "publish_delta_large_s", round(large[2], 2), "s", ""
    yield "publish_delta_growth_ratio", round(large[2] / small[2], 2), f"x, {many // few} times the rows", ""
