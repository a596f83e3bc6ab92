"""Fetching: what lies at a remote source, once, into the source's own landing folder; its answers back again.

From there it is landed like any drop. One go at a source lists it, fetches what is new or changed until its time is
over, and sends the answers that wait. Killed anywhere, it leaves a hidden draft that the next go completes: a mark is
written down only when its submission lies in the landing folder, whole and on disk.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from infra import landing
from infra.ledger.inbox import Busy, Inbox
from infra.ledger.marks import LONGEST_S, SOURCE, Marks
from infra.sources import ANSWERS, FolderSource
from infra.sources.remote import ALONE, WITHDRAWN, Answering, Far, Item, Remote, check_names, sound
from infra.sources.transfer import OutOfTime, Unacceptable, digest, hurry
from infra.storage.store import Store

MARK = ".mark"
"""In a draft: which state of the submission it is a draft of."""

SENDING = ".dikirim"
"""Ends the hidden name of an answer on its way: a newer one may be written beside it meanwhile."""

AT_ONCE_S = 10
"""How long handing answers back right after they were written may take; what is left goes with the next fetch."""


def fetch(source: FolderSource, store: Store, inbox: Inbox) -> Counter[str]:
    """One go at a remote source: how many submissions were `fetched`, `refused`, `unreachable` and `unfinished`.

    Weather is remembered in the ledger (`infra.ledger.marks.troubles`) and not raised: a source that does not answer
    is asked ever more seldom, and nobody else is held up by it.
    """
    if source.remote is None:
        return Counter()
    try:
        with inbox.lease(f"fetch:{source.name}"):
            return _Go(source, source.remote, store, inbox, time.monotonic() + source.remote.deadline_s).run()
    except Busy:
        return Counter(unfinished=1)  # another worker is at it


def hand_back(source: FolderSource, inbox: Inbox) -> bool:
    """Send the answers that wait at a remote source; False where they are left for its next fetch.

    That is when the source is in trouble, somebody is at it already, or it does not take them soon enough.
    """
    remote, marks = source.remote, Marks(inbox.ledger, source.name)
    if remote is None or not (remote.answers and remote.takes_answers) or marks.troubled():
        return False
    until = time.monotonic() + AT_ONCE_S
    try:
        with inbox.lease(f"fetch:{source.name}"):
            try:
                with replace(remote, timeout_s=min(remote.timeout_s, AT_ONCE_S / 2)).open(source.folder, until) as far:
                    _send_answers(source, far, until)
            except OSError as error:
                marks.fail(SOURCE, error)
                return False
    except (Busy, OutOfTime):
        return False
    return True


@dataclass(frozen=True)
class _Go:
    source: FolderSource
    remote: Remote
    store: Store
    inbox: Inbox
    until: float

    @property
    def marks(self) -> Marks:
        return Marks(self.inbox.ledger, self.source.name)

    @property
    def key(self) -> str:
        """Differs when the configuration does: then the cursor begins anew, and what was refused is looked at again."""
        return digest(repr(self.remote).encode())[:12]

    def run(self) -> Counter[str]:
        kept = self.marks.cursor()
        counts = Counter[str]()
        if kept is None:
            return counts
        key, _, cursor = kept.partition(" ")
        try:
            with self.remote.open(self.source.folder, self.until) as far:
                new = self._new(far, cursor if key == self.key else "", counts)
                with ThreadPoolExecutor(self.remote.parallel) as pool:
                    counts.update(pool.map(lambda item: self._take(far, item), new))
                if self.remote.answers:
                    _send_answers(self.source, far, self.until)
                if counts["unfinished"]:
                    raise OutOfTime
        except OutOfTime:
            counts["unfinished"] = counts["unfinished"] or 1
            self.marks.rest(self.remote.deadline_s)  # as long as it worked
        except OSError as error:
            counts["unreachable"] += 1
            self.marks.fail(SOURCE, error)
        else:
            if counts["unreachable"]:
                self.marks.rest(min(self.remote.every_s, LONGEST_S))
            else:
                self.marks.rest(self.remote.every_s, f"{self.key} {far.cursor}")
        return counts

    def _new(self, far: Far, cursor: str, counts: Counter[str]) -> list[Item]:
        """What lies there in a state we have not had, complete, and is due; what waits is written down."""
        listed = far.list(cursor)
        if far.everything:
            self._forget_all_but({item.name for item in listed})
        known = self.marks.known()
        new = []
        for item in listed:
            mark, due = known.get(item.name, ("", True))
            if mark in (item.mark, self._refused(item)):
                continue
            if item.waits_since is not None:
                self.marks.wait(item.name, datetime.fromtimestamp(item.waits_since, UTC))
                continue
            new.append(item)
            counts["unreachable"] += not due
        new = [item for item in new if known.get(item.name, ("", True))[1]]
        if new and self.remote.settle_s:
            time.sleep(self.remote.settle_s)
            again = {item.name: item.mark for item in far.list(cursor)}
            settled = [item for item in new if again.get(item.name) == item.mark]
            counts["unfinished"] += len(new) - len(settled)
            return settled
        return new

    def _forget_all_but(self, names: set[str]) -> None:
        """What lies there no more needs neither its mark nor its draft."""
        self.marks.forget_all_but(names)
        for mark in self.source.folder.glob(f".*.part/{MARK}"):
            if mark.parent.name not in {f".{name}.part" for name in names}:
                shutil.rmtree(mark.parent)

    def _take(self, far: Far, item: Item) -> str:
        try:
            hurry(self.until)
            check_names(item)
            place = self.source.folder / item.name
            if place.exists():
                return "unfinished"  # its last version has not been landed yet
            allowance = self.remote.allowance(self.until)
            allowance.check(item.files)
            draft = self._draft(item)
            far.fetch(item, draft, allowance)
            _deposit(draft, place, item)
            self.marks.settle(item.name, item.mark)
            return "fetched"
        except Unacceptable as fault:
            self._refuse(item, fault)
            return "refused"
        except OutOfTime:
            return "unfinished"
        except OSError as error:
            self.marks.fail(item.name, error)
            return "unreachable"

    def _draft(self, item: Item) -> Path:
        """The hidden folder to fetch into: the one a killed go left of the same state, or an empty one."""
        draft = self.source.folder / f".{item.name}.part"
        mark = draft / MARK
        if not mark.is_file() or mark.read_text() != item.mark:
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            mark.write_text(item.mark)
        return draft

    def _refuse(self, item: Item, fault: Unacceptable) -> None:
        """Show the operator and the office a submission that was not taken; it stays where it is."""
        name = Path(item.name).stem if item.alone and item.name.lower().endswith(ALONE) else item.name
        name = name if sound(name) else f"nama-tidak-sah-{digest(item.name.encode(errors='replace'))[:12]}"
        shutil.rmtree(self.source.folder / f".{name}.part", ignore_errors=True)
        landing.decline(name, self._refused(item), item.size, fault, self.source, self.store, self.inbox)
        self.marks.settle(item.name, self._refused(item))

    def _refused(self, item: Item) -> str:
        return f"{item.mark} {self.key}"


def _send_answers(source: FolderSource, far: Far, until: float) -> None:
    """Each answer that waits, once; what is killed in between is sent again, as it was. OutOfTime when it is late."""
    place = source.folder / ANSWERS
    if not (isinstance(far, Answering) and place.is_dir()):
        return
    for gone in [path for path in place.iterdir() if path.name.endswith(WITHDRAWN)]:
        hurry(until)
        name = gone.name.removeprefix(".").removesuffix(WITHDRAWN)
        (place / f".{name}{SENDING}").unlink(missing_ok=True)  # what was on its way before
        far.answer(name, None)
        gone.unlink()
    for ready in [path for path in place.iterdir() if not path.name.startswith(".")]:
        ready.rename(place / f".{ready.name}{SENDING}")
    for going in sorted(path for path in place.iterdir() if path.name.endswith(SENDING)):
        hurry(until)
        far.answer(going.name.removeprefix(".").removesuffix(SENDING), going.read_bytes())
        going.unlink()


def _deposit(draft: Path, place: Path, item: Item) -> None:
    """Let it be seen, after all of it is on disk: what is marked as fetched is not fetched again."""
    for folder in {path.parent for path in draft.rglob("*")}:
        _sync(folder)
    if item.alone:
        (draft / item.name).rename(place)
        shutil.rmtree(draft)
    else:
        draft.rename(place)
    _sync(place.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
