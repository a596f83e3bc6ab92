"""What one run of erasing takes away: found in tables and originals, written down before anything is touched.

An original is a whole file. One that held a withdrawn row among others goes as a whole; the other rows stay in the
tables (docs/decisions/0010).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import orjson

from infra import facts
from infra.lake import Lake
from infra.ledger import taking_back
from infra.ledger.inbox import Inbox
from infra.ledger.records import Submission
from infra.sql.views import rows_of
from infra.storage.store import NotFound, Store, content_key
from infra.withdrawing.records import Withdrawal, withdrawals
from schemas.dataset import datasets, tables
from transforms import withdrawal
from transforms.shape import OFFLINE, literal

ROOT = "erasures/"
MEDIA = ("image/", "video/", "audio/")
QUOTING = ("DUPLIKAT", "KUNCI_SUDAH_ADA", "KUNCI_GANDA", "SUDAH_DIGANTIKAN")
"""Findings whose value is the key of the row they are about, which is in no table under their submission."""


@dataclass(frozen=True)
class Plan:
    """One run, and the tombstone it leaves: which withdrawals it ends, and what goes. No content, only its names."""

    nomor: int
    pada: str
    penarikan: tuple[int, ...]
    """The withdrawals of which nothing more can come."""
    tabel: tuple[str, ...]
    kiriman: tuple[str, ...]
    """Submission versions of which nothing stays but number and counts."""
    pemuat: tuple[str, ...]
    """Submission versions whose originals and quoted values go."""
    isi: tuple[str, ...]
    """SHA-256 of the original bytes that go."""
    batch: Mapping[str, int]
    """Rows of datasets that went, by the batch that brought them."""


def quotes_key(keys: Collection[str]) -> str:
    """Condition on `temuan`: a finding that quotes one of these keys."""
    codes, values = (", ".join(map(literal, texts)) for texts in (QUOTING, keys))
    return f"kode IN ({codes}) AND nilai IN ({values})"


def with_versions(inbox: Inbox, receipts: Collection[str], by: datetime | None) -> tuple[str, ...]:
    """These submission versions and the others under the same numbers that had arrived by then: all may quote it."""
    roots = sorted({receipt.partition(".")[0] for receipt in receipts})
    versions = [s for root in roots for s in taking_back.versions_of(inbox.ledger, root)]
    return tuple(s.receipt for s in versions if by is None or s.arrived_at <= by)


@contextmanager
def connection(
    lake: Lake, versions: Mapping[str, int], taken_back: Sequence[Withdrawal], pemuat: Collection[str] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection showing for each table `t` all rows of a version as `t_mentah`, and `penarikan`."""
    rows = [row for w in taken_back for row in w.rows()]
    rows += [(0, None, None, None, None, receipt, None) for receipt in pemuat]
    with duckdb.connect(config=OFFLINE) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"CREATE TABLE penarikan AS {withdrawal.relation(rows)}")
        for table, version in versions.items():
            snapshot = lake.snapshot(table, version)
            lake.bring(snapshot.files)
            con.execute(f'CREATE VIEW "{table}_mentah" AS {rows_of(snapshot.schema, snapshot)}')
        yield con


def erased(store: Store) -> dict[int, datetime]:
    """The withdrawals whose bytes are gone, and since when."""
    return {
        number: datetime.fromisoformat(orjson.loads(store.get(done_key(plan.nomor)))["pada"])
        for plan in plans(store)
        if store.stat(done_key(plan.nomor))
        for number in plan.penarikan
    }


def plans(store: Store) -> list[Plan]:
    """Every run there was, oldest first, finished or not."""
    found = [stat.key for stat in store.list(ROOT) if not stat.key.endswith(".selesai.json")]
    return [_read(orjson.loads(store.get(key))) for key in found]


def _read(raw: dict[str, Any]) -> Plan:
    lists = ("penarikan", "tabel", "kiriman", "pemuat", "isi")
    return Plan(**{**raw, **{name: tuple(raw[name]) for name in lists}})


def _key(number: int) -> str:
    return f"{ROOT}{number:06d}.json"


def done_key(number: int) -> str:
    """Where it is written that a run came to its end."""
    return f"{ROOT}{number:06d}.selesai.json"


def unfinished(store: Store) -> Plan | None:
    """The run that was killed, if one was."""
    return next((plan for plan in plans(store) if store.stat(done_key(plan.nomor)) is None), None)


def quiet(inbox: Inbox) -> bool:
    """Whether the newest table versions hold what is released and nothing else."""
    return not inbox.unreleased() and not taking_back.half_curated(inbox.ledger)


def make(store: Store, inbox: Inbox) -> Plan | None:
    """Find what is due and write it down; None when there is nothing, or it has to wait for a release."""
    taken_back, gone_before = withdrawals(store), erased(store)
    if not taken_back or not quiet(inbox):
        return None
    lake = Lake(store)
    versions = {table: v for table in tables() if (v := lake.version(table)) is not None}
    pemuat = _bringing(lake, inbox, versions, taken_back)
    with connection(lake, versions, taken_back, pemuat) as con:
        due = [table for table in versions if rows_due(con, table)]
        batches = _batches(con, [table for table in due if table in datasets()])
        media, kept = _media(con, [t for t in versions if t in datasets() and datasets()[t].of_media])
    in_work = {s.receipt for w in taken_back for s in taking_back.in_work(inbox.ledger, w.at, w.kiriman)}
    ended = [w.nomor for w in taken_back if w.nomor not in gone_before and not _moving(inbox, w)]
    fresh = {w.sha256 for w in taken_back if w.sha256 and store.stat(content_key(w.sha256))}
    if not due and not ended and not fresh:
        return None
    new = [w for w in taken_back if w.nomor not in gone_before]
    whole = {receipt for w in new for receipt in w.kiriman} - in_work
    bringing = {*pemuat, *(r for w in new for r in w.pemuat)} - in_work - whole
    isi = _bytes_due(store, inbox, whole, bringing, media, kept)
    isi |= {sha for sha in fresh if sha} - _files_of(store, inbox, in_work)
    number = max((plan.nomor for plan in plans(store)), default=0) + 1
    plan = Plan(
        nomor=number,
        pada=datetime.now(UTC).isoformat(),
        penarikan=tuple(ended),
        tabel=tuple(due),
        kiriman=tuple(sorted(whole)),
        pemuat=tuple(sorted(bringing)),
        isi=tuple(sorted(isi)),
        batch=batches,
    )
    store.put(_key(number), orjson.dumps(asdict(plan), option=orjson.OPT_INDENT_2), if_absent=True)
    return plan


def _bringing(
    lake: Lake, inbox: Inbox, versions: Mapping[str, int], taken_back: Sequence[Withdrawal]
) -> tuple[str, ...]:
    """The submission versions that brought a row or medium withdrawn by itself, as the tables are now."""
    single = [w for w in taken_back if not w.kiriman]
    if not single:
        return ()
    with connection(lake, versions, single) as con:
        found = [
            f"SELECT _kiriman FROM {name}_mentah r WHERE {withdrawal.withdrawn(name, columns(con, name))}"
            for name in versions
            if name in datasets()
        ]
        receipts = {r for (r,) in con.execute(" UNION ".join(found)).fetchall()} if found else set[str]()
        if "temuan" in versions and (keys := [w.kunci for w in single if w.kunci]):
            sql = f"SELECT DISTINCT kiriman FROM temuan_mentah WHERE {quotes_key(keys)}"
            receipts |= {r for (r,) in con.execute(sql).fetchall()}
    return with_versions(inbox, receipts, max(w.at for w in single))


def columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """The columns a table has in the lake."""
    return [column[0] for column in con.execute(f'SELECT * FROM "{table}_mentah" LIMIT 0').description or ()]


def rows_due(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a table holds anything its view does not show."""
    due = withdrawal.gone(table, columns(con, table), f'"{table}_mentah"')
    if table == "temuan":
        due += f" OR ({withdrawal.quoting('r')} AND r.nilai IS NOT NULL)"
    return bool(con.execute(f'SELECT 1 FROM "{table}_mentah" r WHERE {due} LIMIT 1').fetchall())


def _batches(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> dict[str, int]:
    gone = [f"SELECT _batch FROM {t}_mentah r WHERE {_gone(con, t)}" for t in names]
    counted = f"SELECT _batch::VARCHAR, count(*) FROM ({' UNION ALL '.join(gone)}) GROUP BY 1 ORDER BY 1"
    return dict(con.execute(counted).fetchall()) if gone else {}


def _media(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> tuple[set[str], set[str]]:
    """The SHA-256 that rows which go are about, and those of them that rows which stay are about as well."""
    if not names:
        return set(), set()
    each = [f"SELECT sha256, {_gone(con, t)} AS pergi FROM {t}_mentah r WHERE sha256 IS NOT NULL" for t in names]
    grouped = f"SELECT sha256, bool_and(pergi) FROM ({' UNION ALL '.join(each)}) GROUP BY 1 HAVING bool_or(pergi)"
    found: list[tuple[str, bool]] = con.execute(grouped).fetchall()
    return {sha for sha, _ in found}, {sha for sha, all_gone in found if not all_gone}


def _gone(con: duckdb.DuckDBPyConnection, table: str) -> str:
    return withdrawal.gone(table, columns(con, table), f"{table}_mentah")


def _bytes_due(
    store: Store, inbox: Inbox, whole: Collection[str], bringing: Collection[str], media: set[str], kept: set[str]
) -> set[str]:
    """The originals that go: those of whole submissions nothing else refers to, and of the others all but media that
    no withdrawn row is about."""
    own: set[str] = set()
    theirs: set[str] = set()
    others: set[str] = set()
    away: set[str] = set()
    for s in taking_back.everything(inbox.ledger):
        files = _files(store, s)
        if s.receipt in whole:
            own |= files | {s.fingerprint}
        elif s.receipt in bringing:
            theirs |= files
        elif s.state != "DITARIK":
            others |= files | {s.fingerprint}
    for sha in theirs:
        if not _is_medium(store, sha) or (sha in media and sha not in kept | others):
            away.add(sha)
    return away | (own - others - kept - (theirs - away))


def _files_of(store: Store, inbox: Inbox, receipts: Collection[str]) -> set[str]:
    return set().union(*(_files(store, s) for r in receipts if (s := inbox.find(r))))


def _files(store: Store, submission: Submission) -> set[str]:
    try:
        record = orjson.loads(store.get(content_key(submission.fingerprint)))
    except (NotFound, ValueError):
        return set()  # refused at the door, or erased: nothing of it lies here
    return {file["sha256"] for file in record["berkas"]}


def _is_medium(store: Store, sha256: str) -> bool:
    with suppress(NotFound):
        found = orjson.loads(store.get(facts.key(sha256)))
        return str(found["tipe_media"]).startswith(MEDIA)
    return False


def _moving(inbox: Inbox, w: Withdrawal) -> bool:
    """Whether rows it withdraws may still be on their way into the tables."""
    ahead = taking_back.in_work(inbox.ledger, w.at, w.kiriman)
    if w.kiriman:
        return any(s.receipt in w.kiriman for s in ahead)
    return any(s.dataset is None or w.concerns(s.dataset) for s in ahead)
