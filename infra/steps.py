"""The steps of a submission's way, one function each. They know no Airflow and keep nothing in memory between calls.

Each takes `Settings`, drains the ledger of everything due, may be repeated or killed anywhere, and returns counts.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from infra import judged, landing
from infra.fetching import fetch, hand_back
from infra.ledger.inbox import Busy, Inbox
from infra.ledger.records import Submission, Verdict
from infra.settings import Settings
from infra.sources import Drop, FolderSource, sources, strangers
from infra.storage.store import NotFound, Store

DROPS_AT_ONCE = 100
"""Drops landed together: their media are examined by one set of decoder processes."""

JUDGED_DAYS = 7
"""Days that what a batch was judged to add is kept after it is in the tables and answered, for whoever asks why."""

FETCHES = 32
"""Remote sources fetched from at the same time; they mostly wait."""

Counts = dict[str, Any]


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Store, Inbox]]:
    """The store and the ledger of an installation, closed afterwards."""
    with Inbox.open(settings.ledger) as inbox:
        yield settings.open_store(), inbox


def land(settings: Settings) -> Counts:
    """Take every complete drop of every source into raw. A source that cannot be read is weather for itself alone."""
    known = sources(settings.sources, settings.landing)
    counts = {"landed": 0, "repeated": 0, "waiting": 0, "refused": 0}
    with opened(settings) as (store, inbox), ThreadPoolExecutor(4) as near, ThreadPoolExecutor(FETCHES) as far:
        jobs = {
            name: far.submit(_land_remote, source, settings, store, inbox, near)
            if source.remote
            else near.submit(_land_source, source, settings, store, inbox)
            for name, source in known.items()
        }
        for stranger in strangers(settings.landing, known):
            if stranger.idle_s >= settings.grace_s:  # else it may still be coming, and be another each time
                counts["refused"] += _refuse_stranger(stranger, inbox)
        troubles = {name: error for name, job in jobs.items() if (error := job.exception()) is not None}
        for name, job in jobs.items():
            for key, value in {} if name in troubles else job.result().items():
                counts[key] = counts.get(key, 0) + value
    if troubles:
        # All other sources have landed; the task fails so that the dead one is seen and tried again.
        weather = []
        for error in troubles.values():
            if not isinstance(error, Exception):
                raise error  # an interrupt: whoever stops us must see it, and the next look meets the rest again
            weather.append(error)
        raise ExceptionGroup(f"sources in trouble: {', '.join(troubles)}", weather)
    return counts


def _land_remote(
    source: FolderSource, settings: Settings, store: Store, inbox: Inbox, near: ThreadPoolExecutor
) -> Counts:
    fetched = fetch(source, store, inbox)
    landed = near.submit(_land_source, source, settings, store, inbox).result()
    return Counter(landed) + fetched


def _land_source(source: FolderSource, settings: Settings, store: Store, inbox: Inbox) -> Counts:
    counts = {"landed": 0, "repeated": 0, "waiting": 0, "refused": 0}
    try:
        with inbox.lease(f"land:{source.name}"):
            drops = iter(list(source.drops()))
            while some := list(islice(drops, DROPS_AT_ONCE)):
                counts["refused"] += sum(landing.decline_large(d, source, store, inbox) for d in some)
                patience = (settings.settle_s, settings.grace_s, source.patience_s)
                complete = [d for d in some if landing.ready(d, *patience)]
                taken = landing.land(complete, source, store, inbox)
                counts["waiting"] += len(some) - len(taken)
                counts["landed"] += sum(t.new for t in taken)
                counts["repeated"] += sum(not t.new for t in taken)
                counts["refused"] += sum(t.new and t.submission.state == "DITOLAK" for t in taken)
    except Busy:
        counts["waiting"] += 1  # another worker is landing this source right now
    return counts


def _refuse_stranger(drop: Drop, inbox: Inbox) -> bool:
    """Show the operator a drop of an unregistered source; it stays where it is until the source is registered."""
    listing = repr([(name, mark.size) for name, mark in drop.marks.items()])
    _, new = inbox.arrive(
        source=drop.source,
        name=drop.name,
        fingerprint=f"belum-diambil:{hashlib.sha256(listing.encode()).hexdigest()}",
        size=sum(mark.size for mark in drop.marks.values()),
        state="DITOLAK",
        reason=f"SUMBER_TIDAK_DIKENAL: {drop.source}",
    )
    return new


def judge(settings: Settings) -> Counts:
    """Judge everything landed, batch by batch, oldest first; one worker at a time, so that keys meet in order."""
    from infra import lineage
    from infra.judging.judge import judge as judge_parcels
    from infra.origins import origins_of
    from schemas.daftar_data import priorities

    counts = {"batches": 0, "submissions": 0, "accepted": 0, "returned": 0, "skipped": 0}
    with opened(settings) as (store, inbox), _alone(inbox, "judge") as mine:
        while mine and inbox.form_batch(settings.batch_limit, alone=priorities()):
            pass
        while mine and (claim := inbox.claim("judge")):
            with claim, ExitStack() as stack:
                began = datetime.now(UTC)
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="spit-")))
                verdict = judge_parcels(
                    [landing.parcel(s, store) for s in claim.submissions],
                    claim.batch.id,
                    known=_known(store, inbox, claim.batch.id, stack),
                    owner_of=lambda root: _owner(inbox, root),
                    origins_of=origins_of(store, inbox),
                    folder=folder,
                )
                judged.keep(store, claim.batch.id, verdict)
                lineage.judged(store, claim, began, verdict)
                claim.done([_verdict(outcome) for outcome in verdict.outcomes])
            counts["batches"] += 1
            counts["submissions"] += len(verdict.outcomes)
            for outcome in verdict.outcomes:
                counts["accepted"] += outcome.accepted
                counts["returned"] += outcome.returned
                counts["skipped"] += outcome.skipped
        lineage.send(store)
    return counts


def _known(store: Store, inbox: Inbox, batch: int, stack: ExitStack) -> Callable[[str], list[str]]:
    """The Parquet files of all rows judged so far: those of the lake, and those still waiting for it.

    `stack` keeps what has to be fetched for as long as it is read.
    """
    # The waiting ones first: one that is curated between the two looks is then seen twice, which does no harm.
    waiting = [b.id for b in inbox.uncurated() if b.id != batch]
    newest = inbox.newest_curated()
    versions = newest.versions if newest else {}

    def files(table: str) -> list[str]:
        from infra.lake import Lake

        lake = Lake(store).files(table, versions[table]) if table in versions else []
        return [*lake, *(str(path) for b in waiting for path in judged.files(store, b, table, stack))]

    return files


def _owner(inbox: Inbox, root: str) -> str | None:
    first = inbox.find(f"{root}.1")
    return first.source if first else None


def _verdict(outcome: Any) -> Verdict:
    return Verdict(
        outcome.kiriman, outcome.status, outcome.rows_in, outcome.accepted, outcome.returned, outcome.skipped
    )


def answer(settings: Settings) -> Counts:
    """Write the receipt of every judged submission, here and where its source reads answers.

    Those of remote sources are handed back at once where that goes; where not, the next fetch takes them along.
    """
    from infra.correcting import enclosed
    from transforms.receipt import Findings, receipt

    known = sources(settings.sources, settings.landing)
    counts = {"answered": 0}
    told: dict[str, FolderSource] = {}
    with opened(settings) as (store, inbox):
        while claim := inbox.claim("answer"):
            with claim:
                rows = {row["kiriman"]: row for row in judged.rows(store, claim.batch.id, "kiriman").to_pylist()}
                balance = judged.by_submission(judged.rows(store, claim.batch.id, "neraca_baris"))
                found = judged.by_submission(judged.rows(store, claim.batch.id, "temuan"))
                for s in claim.submissions:
                    files = balance[s.receipt].to_pylist() if s.receipt in balance else []
                    document = receipt(rows[s.receipt], files, [])
                    if s.receipt in found:
                        document["temuan"] = Findings(found[s.receipt], document["dataset"])
                    source = known.get(s.source)
                    book = enclosed(store, s, document) if source else None
                    landing.answer(document, source, s.name, store, book)
                    if source and source.remote:
                        told[s.source] = source
                claim.done()
            counts["answered"] += len(claim.submissions)
        with ThreadPoolExecutor(FETCHES) as far:
            list(far.map(lambda source: hand_back(source, inbox), told.values()))
    return counts


def curate(settings: Settings) -> Counts:
    """Commit judged batches to the tables, one at a time and in order; every row is cast before the first commit."""
    from infra import chronicle, lineage, references, superseding
    from infra.lake import Lake
    from schemas.dataset import tables

    counts = {"batches": 0, "rows": 0}
    with opened(settings) as (store, inbox):
        lake = Lake(store)
        while claim := inbox.claim("curate"):
            with claim, ExitStack() as stack:
                began = datetime.now(UTC)
                own = claim.batch
                waiting = [name for name in tables() if store.stat(judged.key(own.id, name))]
                rows = {name: lake.check(name, judged.rows(store, own.id, name)) for name in waiting}
                fast = {name: judged.files(store, own.id, name, stack, fast=True) for name in waiting}
                more = {name: lake.check_files(name, paths) for name, paths in fast.items() if paths}
                rows |= chronicle.rows(lake, inbox, own.id)
                rows[superseding.TABLE] = superseding.rows(lake, rows.get(superseding.TABLE))
                versions = {
                    name: lake.commit(
                        name, table, own.id, own.made_at, files=fast.get(name, ()), begin=name == superseding.TABLE
                    )
                    for name, table in rows.items()
                }
                there = {name: v for name, v in versions.items() if v is not None}
                lineage.curated(store, own, began, rows, more, versions)
                claim.done(versions={**references.load(lake), **there})
            counts["batches"] += 1
            counts["rows"] += sum(table.num_rows for name, table in rows.items() if tables()[name].kind != "sistem")
            counts["rows"] += sum(more.values())
        lineage.send(store)
    return counts


def render(settings: Settings) -> Counts:
    """Make the renditions accepted media lack, and commit what was made; nothing else waits for it."""
    from infra import rendering

    with opened(settings) as (store, inbox), ExitStack() as stack:
        try:
            lease = stack.enter_context(inbox.lease("render"))
        except Busy:
            return {"media": 0, "copies": 0, "failed": 0}
        known = _known(store, inbox, 0, stack)
        return rendering.make(store, inbox, lease, known, lambda: curate(settings))


def audit(settings: Settings) -> Counts:
    """Examine the proposed table versions with Great Expectations; what failed is in the record and on its page."""
    from infra import releasing

    with opened(settings) as (store, inbox), _alone(inbox, "publish") as mine:
        return releasing.audit(store, inbox) if mine else {"proposed": 0, "failed": 0, "warned": 0}


def release(settings: Settings) -> Counts:
    """Move the released pointer to the newest proposal that passed; 0 when there is none."""
    from infra import releasing

    with opened(settings) as (store, inbox), _alone(inbox, "publish") as mine:
        return releasing.release(store, inbox) if mine else {"release": 0, "batches": 0}


def let_go(settings: Settings, by: str, reason: str, despite_audit: bool) -> tuple[Counts, Counts]:
    """Release what waits for a person, who says why, and publish it: the counts of both."""
    from infra import releasing

    with opened(settings) as (store, inbox), _publishing(inbox):
        done = releasing.decide(store, inbox, releasing.Decision(by, reason, despite_audit))
    return done, deliver(settings)


def go_back(settings: Settings, number: int, by: str, reason: str) -> tuple[Any, Counts]:
    """Show an earlier release again, and publish it: the new release, and the counts of publishing."""
    from infra import releasing

    with opened(settings) as (store, inbox), _publishing(inbox):
        made = releasing.go_back(store, inbox, number, by, reason)
    return made, deliver(settings)


def published(settings: Settings) -> bool:
    """Whether the public shelf shows the current release, as its package says; there need be none."""
    from infra import releases

    store = settings.open_store()
    released = releases.released(store)
    if released is None:
        return True
    try:
        return orjson.loads(store.get("published/datapackage.json"))["version"] == str(released.number)
    except NotFound:
        return False


def deliver(settings: Settings, *, only: str | None = None, thorough: bool = False) -> Counts:
    """Publish the current release and bring every partner (or `only` one) to it.

    A partner that cannot be reached holds up nobody, nor does one whose file is `wrong`; `failed` counts the former,
    and the receipts of both say why. `thorough` looks at every file that is published.
    """
    from infra import lineage
    from infra.lake import Lake
    from infra.publishing import deliver as delivering
    from infra.publishing.changes import batches_since
    from infra.publishing.partners import roster
    from infra.publishing.publication import publish
    from infra.publishing.selection import prune
    from infra.sql.query import connect
    from infra.withdrawing import request

    with opened(settings) as (store, inbox), _alone(inbox, "publish") as mine:
        lake = Lake(store)
        current = lake.released()
        if not mine or current is None:
            return {"release": 0, "written": 0, "failed": 0}
        hidden = lake.withdrawals()
        with (
            tempfile.TemporaryDirectory(prefix="spit-") as scratch,
            connect(lake, current, scratch=Path(scratch)) as con,
        ):
            now, batches = datetime.now(UTC), batches_since(lake.releases)
            publication = publish(con, store, current, thorough=thorough, batches=batches, now=now, api=settings.api)
        known = roster(settings.partners)
        owing = request.owing(inbox, hidden, known.partners)
        done = delivering.deliver_all(
            [p for p in known.partners.values() if only in (None, p.name)],
            publication,
            store,
            settings.home,
            inbox,
            thorough=thorough,
            at_once={only} if only else (),
            owing=owing,
        )
        for name, why in known.wrong.items() if only is None else ():
            delivering.fail(name, current.number, why, inbox)
        prune(known.partners.values(), publication, store)
        request.note(inbox, hidden, current.number, [d.partner for d in done if d.error is None])
        lineage.delivered(store, current, publication, done, now)
        lineage.send(store)
        return {
            "release": current.number,
            "written": len(publication.written) + sum(len(d.written) for d in done),
            "failed": sum(d.error is not None for d in done),
            **({"wrong": list(known.wrong)} if known.wrong else {}),
        }


def reconcile(settings: Settings) -> Counts:
    """Compare what should be with what is: sources, ledger, lake, raw bytes, partners; mend what can be mended."""
    from infra.reconciling import reconcile as compare

    with opened(settings) as (store, inbox):
        return compare(store, inbox) | {"deliver": deliver(settings, thorough=True)}


def maintain(settings: Settings) -> Counts:
    """Erase what was withdrawn; compact the tables; remove files that neither a table nor a release needs any more."""
    from infra import lineage
    from infra.lake import Lake
    from infra.withdrawing import erasing, retention
    from infra.withdrawing.records import withdrawals
    from schemas.dataset import tables

    counts = {"compacted": 0, "vacuumed": 0, "swept": 0, "judged": 0, "erased": 0}
    with opened(settings) as (store, inbox):
        counts["expired"] = retention.expire(store, inbox, datetime.now(UTC))
        if withdrawals(store):  # nothing is erased while something waits for its release
            for step in (curate, audit, release):
                step(settings)
        with _alone(inbox, "curate") as mine:
            lake = Lake(store)
            if mine:
                known = sources(settings.sources, settings.landing)
                counts["erased"] = erasing.erase(store, inbox, known, lambda: deliver(settings))
            waiting = [newest.versions] if (newest := inbox.newest_curated()) else []
            settled = inbox.settled()
            # A reference table has one file a version, and no batches to read an older one by: all are kept.
            for table in [name for name, standard in tables().items() if mine and standard.by_batch]:
                counts["compacted"] += lake.compact(table, settled)
                counts["vacuumed"] += lake.vacuum(table, also=[v[table] for v in waiting if table in v])
            counts["swept"] = store.sweep(24 * 3600)
            counts["lineage"] = lineage.forget(store)
            finished = set(inbox.finished(older_than=timedelta(days=JUDGED_DAYS))) if mine else set()
            for stat in list(store.list("judged/")):
                if int(stat.key.split("/")[1]) in finished:
                    store.delete(stat.key)
                    counts["judged"] += 1
    return counts


def withdraw(settings: Settings, item: str, by: str, reason: str) -> tuple[Any, bool, Counts]:
    """Withdraw a submission, row or medium, and publish and deliver without it: record, whether new, counts."""
    from infra.withdrawing import request

    with opened(settings) as (store, inbox):
        made, new = request.withdraw(store, inbox, item, by, reason)
    return made, new, deliver(settings)


def blur(
    settings: Settings, item: str, regions: Sequence[str], by: str, reason: str, *, undo: bool = False
) -> tuple[Any, Counts]:
    """Blur parts of a medium, or take back what reviewers blurred, and publish that: the record, and counts."""
    from infra.blurring import request

    with opened(settings) as (store, inbox):
        if undo:
            made = request.undo(store, inbox, item, by, reason)
        else:
            made = request.blur(store, inbox, item, regions, by, reason)
    return made, deliver(settings)


def withdrawn(settings: Settings) -> list[Any]:
    """Where each withdrawal is done, and where it is still owed."""
    with opened(settings) as (store, inbox):
        return _targets(settings, store, inbox)


def _targets(settings: Settings, store: Store, inbox: Inbox) -> list[Any]:
    from infra.publishing.partners import roster
    from infra.withdrawing import request

    return request.targets(store, inbox, roster(settings.partners).names)


@contextmanager
def _alone(inbox: Inbox, name: str) -> Iterator[bool]:
    """Whether we are the only one at `name` for the length of the block."""
    try:
        with inbox.lease(name):
            yield True
    except Busy:
        yield False


@contextmanager
def _publishing(inbox: Inbox) -> Iterator[None]:
    """Be the only one that publishes, or say that somebody else is."""
    from infra.submit import Refused

    with _alone(inbox, "publish") as mine:
        if not mine:
            raise Refused("a release is being made right now; try again in a moment")
        yield


def status(settings: Settings) -> dict[str, Any]:
    """What came in, where it stands, whose turn it is; what is due and since when; what is in trouble."""
    from infra.ledger.marks import troubles
    from infra.publishing.partners import roster
    from infra.releasing import failed_audit, held

    with opened(settings) as (store, inbox):
        return {
            "counts": inbox.counts(),
            "waiting": inbox.waiting(),
            "submissions": inbox.recent(limit=200),
            "landing": _lying(settings),
            "sources": [vars(trouble) for trouble in troubles(inbox.ledger)],
            "partners": dict(roster(settings.partners).wrong),
            "batches": [vars(b) for b in inbox.troubled()],
            "audit": failed_audit(store, inbox),
            "held": back.back_to if (back := held(store)) else None,
            "owed": [target for target in _targets(settings, store, inbox) if target.done is None],
        }


def _lying(settings: Settings) -> list[dict[str, object]]:
    """What lies in the landing folders and waits. A source that cannot be read is left to `land`, which reports it."""
    found: list[dict[str, object]] = []
    for source in sources(settings.sources, settings.landing).values():
        with suppress(OSError):
            found += landing.lying(source)
    return found


def retry(settings: Settings, number: str) -> bool:
    """Let a submission that is stuck (MACET) be judged again; False when it is not stuck, or not there."""
    with opened(settings) as (_, inbox):
        return inbox.retry(number)


def recheck(settings: Settings, number: str, by: str, reason: str | None = None) -> str:
    """Approve Data Prioritas, or with a reason send it back; the state it then is in."""
    from infra import rechecks

    with opened(settings) as (store, inbox):
        return rechecks.decide(store, inbox, number, by, reason)


def find_receipt(settings: Settings, number: str) -> tuple[Submission, dict[str, Any] | None] | None:
    """A submission by its receipt number, with or without version (then the newest), and its answer if written."""
    with opened(settings) as (store, inbox):
        found = inbox.find(number) if "." in number else inbox.newest_of(number)
        if found is None:
            return None
        key = f"receipts/{found.receipt}.json"
        return found, orjson.loads(store.get(key)) if store.stat(key) else None
