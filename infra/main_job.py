"""`satu run` and `satu up`: the embedded stack around the pipeline, as a person starts it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra import steps
from infra.demo import Sample, editions, samples
from infra.embedded.stack import Stack
from infra.ledger.inbox import Inbox
from infra.ledger.records import Submission
from infra.settings import Settings
from infra.submit import submit

SETTLED = {"TERBIT", "DIKEMBALIKAN", "DILEWATI", "DITOLAK", "DITARIK"}
POLL_S = 0.25

Say = Callable[[str], None]


@dataclass
class Feed:
    """One sample on its way: when it was dropped, and the ledger's row once there is one."""

    sample: Sample
    dropped_at: datetime | None = None
    found: Submission | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing more happens to it by itself, and its office has been answered."""
        return bool(
            self.found and self.found.state in SETTLED and (self.found.answered_at or self.found.batch_id is None)
        )

    @property
    def seconds(self) -> float | None:
        """From drop to release; None for what was not released."""
        if self.found and self.found.released_at and self.dropped_at and self.found.state == "TERBIT":
            return (self.found.released_at - self.dropped_at).total_seconds()
        return None


def main_job(settings: Settings, timeout: float, say: Say) -> dict[str, Any]:
    """Feed one edition of the samples through a running stack; what became of it, `missing` being what did not arrive.

    StackFailed when there is no stack to run it on.
    """
    began = time.monotonic()
    # One sample names a file that never comes: an office's copy may take half a minute, ours is known to be finished.
    settings = replace(settings, grace_s=min(settings.grace_s, 3))
    with ThreadPoolExecutor(1) as maker, tempfile.TemporaryDirectory(prefix="spit-") as scratch:
        # Samples are encoded while Airflow starts; they are dropped once it runs, so that times mean what they say.
        made = maker.submit(_make, settings, Path(scratch))
        with Stack(settings, say=say) as stack:
            started = time.monotonic() - began
            feeds = _feed(made, settings, say, lambda: stack.trigger("ingest"))
            missing = _wait(feeds, settings, began, timeout, say)
            report = _report(feeds, settings, started, time.monotonic() - began)
            report["stack"] = {
                "memory_mib": {name: round(size / 2**20) for name, size in stack.memory().items()},
                "cpu_s": {name: round(used, 1) for name, used in stack.cpu_seconds().items()},
            }
    report["seconds"]["total"] = round(time.monotonic() - began, 1)
    return {**report, "missing": missing}


def keep_up(settings: Settings, say: Say) -> None:
    """Run the stack until it is told to stop, which raises KeyboardInterrupt or SystemExit."""
    with Stack(settings, say=say, serve=True) as stack:
        say(f"drop submissions into {settings.landing}/<source>/<name>/ (manifest.json last), or: satu submit")
        say("Ctrl-C stops everything")
        while True:
            time.sleep(60)
            if dead := [name for name, alive in stack.alive().items() if not alive]:
                say(f"being restarted: {', '.join(dead)}")


def _make(settings: Settings, scratch: Path) -> list[tuple[Sample, Path]]:
    with Inbox.open(settings.ledger) as inbox:
        edition = editions(s.name for s in inbox.recent(limit=1000)) + 1
    made = []
    for at, sample in enumerate(samples(edition, datetime.now(UTC))):
        folder = scratch / str(at) / sample.name
        folder.mkdir(parents=True)
        for name, data in sample.build().items():
            (folder / name).write_bytes(data)
        made.append((sample, folder))
    return made


def _feed(
    made: Future[list[tuple[Sample, Path]]], settings: Settings, say: Say, wake: Callable[[], object]
) -> list[Feed]:
    """Drop everything that may go at once, then, once that has landed, what corrects or repeats it."""
    feeds: list[Feed] = []
    for after in (False, True):
        for sample, folder in made.result():
            if sample.after is after:
                feed = Feed(sample)
                submit(folder, sample.source, settings)
                feed.dropped_at = datetime.now(UTC)
                feeds.append(feed)
        say(f"dropped {sum(f.sample.after is after for f in feeds)} submissions into {settings.landing}")
        if not after:
            wake()  # the watcher of a stack that has just started is still warming up
            with Inbox.open(settings.ledger) as inbox:
                until = time.monotonic() + 60
                while time.monotonic() < until and not all(inbox.newest(f.sample.source, f.sample.name) for f in feeds):
                    time.sleep(POLL_S)
    return feeds


def _wait(feeds: list[Feed], settings: Settings, began: float, timeout: float, say: Say) -> list[str]:
    """Poll the ledger until every feed is settled and published; what did not arrive, as plain sentences."""
    shown = ""
    with Inbox.open(settings.ledger) as inbox:
        while True:
            _look(feeds, inbox)
            waiting = [f for f in feeds if not f.settled]
            states: dict[str, int] = {}
            for feed in feeds:
                state = feed.found.state if feed.found else "DI_LANDING"
                states[state] = states.get(state, 0) + 1
            line = "  ".join(f"{state} {n}" for state, n in sorted(states.items()))
            if line != shown:
                say(f"{time.monotonic() - began:6.1f} s  {line}")
                shown = line
            if not waiting and steps.published(settings):  # delivering comes last, and stopping would cut it off
                return []
            stuck = [f for f in waiting if f.found and f.found.state == "MACET"]
            if stuck or time.monotonic() - began > timeout:
                return [_why(f) for f in waiting] or ["the newest release was not published in time"]
            time.sleep(POLL_S)


def _look(feeds: list[Feed], inbox: Inbox) -> None:
    """Find each feed's own version: of two under one name, the earlier belongs to the earlier drop."""
    for feed in feeds:
        found = inbox.newest(feed.sample.source, feed.sample.name)
        twin = [f for f in feeds if (f.sample.source, f.sample.name) == (feed.sample.source, feed.sample.name)]
        if found and len(twin) > 1:
            root = found.receipt.rpartition(".")[0]
            found = inbox.find(f"{root}.{twin.index(feed) + 1}")
        feed.found = found


def _why(feed: Feed) -> str:
    what = f"{feed.sample.source}/{feed.sample.name}"
    if feed.found is None:
        return f"did not arrive: {what} was never taken in"
    return f"did not arrive: {what} ({feed.found.receipt}) is {feed.found.state}. {feed.found.reason or ''}".rstrip()


def _report(feeds: list[Feed], settings: Settings, started: float, so_far: float) -> dict[str, Any]:
    from infra.lake import Lake
    from infra.sql.query import rows

    store = settings.open_store()
    lake = Lake(store)
    released = lake.released()
    times = sorted(f.seconds for f in feeds if f.seconds is not None)
    return {
        "submissions": [
            {"says": f.sample.says, "seconds": f.seconds, **(asdict(f.found) if f.found else {"name": f.sample.name})}
            for f in feeds
        ],
        "release": released.number if released else None,
        "rows": rows(lake, released) if released else {},
        "where": {
            "catalogue": f"{store.url}/published/katalog.jsonld",
            "media": f"{store.url}/published/media.csv",
            "receipts": f"{store.url}/receipts",
            "answers": f"{settings.landing}/<source>/answers",
        },
        "seconds": {
            "stack_started": round(started, 1),
            "drop_to_release_first": round(times[0], 1) if times else None,
            "drop_to_release_last": round(times[-1], 1) if times else None,
            "until_released": round(so_far, 1),
        },
    }


def text(report: dict[str, Any]) -> str:
    """The report as a person reads it."""
    lines = [
        "",
        "KIRIMAN         MASUK = DITERIMA + DIKEMBALIKAN + DILEWATI   STATUS        GILIRAN   SUMBER/NAMA: ISI",
    ]
    for s in report["submissions"]:
        if "receipt" not in s:
            lines.append(f"(belum ada)  {s['name']}: {s['says']}")
            continue
        counts = [s["rows_in"], s["rows_accepted"], s["rows_returned"], s["rows_skipped"]]
        numbers = [str(n) if n is not None else "-" for n in counts]
        lines.append(
            f"{s['receipt']:<15} {numbers[0]:>5} = {numbers[1]:>8} + {numbers[2]:>12} + {numbers[3]:>8}"
            f"   {s['state']:<13} {s['turn']:<9} {s['source']}/{s['name']}: {s['says']}"
        )
    lines += ["", f"Rilis {report['release']}, baris per tabel (dibaca lewat DuckDB):"]
    lines += [f"  {table:<20} {count:>8}" for table, count in sorted(report["rows"].items())]
    lines += ["", *(f"{name:<10} {place}" for name, place in report["where"].items())]
    seconds = report["seconds"]
    lines += [
        "",
        f"drop to release: first {seconds['drop_to_release_first']} s, last {seconds['drop_to_release_last']} s"
        f"   (stack up after {seconds['stack_started']} s, all in all {seconds['total']} s)",
        'next: satu sql "SELECT kode_satker, count(*) AS foto FROM foto GROUP BY 1"   ·   satu status --all',
    ]
    return "\n".join(lines)
