"""What the processes do that fight over a ledger in `test_inbox.py`; a module of its own so that they start quickly."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection as Pipe
from multiprocessing.synchronize import Barrier

from infra.ledger.inbox import Claim, Inbox, LeaseLost, Submission, Verdict


def arrive(inbox: Inbox, name: str = "a", content: str = "1", size: int = 10, source: str = "jateng") -> Submission:
    return inbox.arrive(source=source, name=name, fingerprint=content, size=size, satker="JATENG", dataset="teks")[0]


def verdict(submission: Submission, returned: int = 0) -> Verdict:
    return Verdict(submission.receipt, "DIPERIKSA", 5, 5 - returned, returned, 0)


def must_claim(inbox: Inbox, step: str, seconds: float = 60) -> Claim:
    claim = inbox.claim(step, seconds)  # pyright: ignore[reportArgumentType]
    assert claim is not None, f"nothing to {step}"
    return claim


def labour(url: str, start: Barrier, out: Pipe) -> None:
    """Hand in the same 200 submissions as everybody else, then work until all is curated.

    After the first piece of work of its own a worker waits until every other one has had its first, however long the
    database kept it waiting: so none can be done before all have begun.
    """
    done: list[tuple[str, int, list[str]]] = []
    start.wait(30)
    with Inbox.open(url) as inbox:
        for number in range(200):
            arrive(inbox, f"s{number}")
        while inbox.waiting().keys() - {"release"}:
            inbox.form_batch(limit_submissions=9)
            for step in ("judge", "answer", "curate"):
                if claim := inbox.claim(step):
                    time.sleep(0.001)  # the work, in which the other one has its turn at the ledger
                    verdicts = [verdict(s) for s in claim.submissions] if step == "judge" else ()
                    claim.done(verdicts, {"teks": claim.batch.commit_no or 0} if step == "curate" else None)
                    done.append((step, claim.batch.id, [s.receipt for s in claim.submissions]))
                    if len(done) == 1:
                        start.wait(30)
    out.send(done)


def open_and_count(url: str, start: Barrier, out: Pipe) -> None:
    start.wait(30)
    with Inbox.open(url) as inbox:
        out.send(inbox.counts())


def hold(url: str, seconds: float, pipe: Pipe) -> None:
    """Claim a batch, say so, work on it until told that it is time, and say how the last word was taken."""
    with Inbox.open(url) as inbox, must_claim(inbox, "judge", seconds) as claim:
        pipe.send(claim.batch.id)
        pipe.recv()
        try:
            claim.done([verdict(s) for s in claim.submissions])
        except LeaseLost:
            pipe.send("lost")
        else:
            pipe.send("done")
