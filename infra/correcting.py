"""The correction workbook of a submission, out of raw and its receipt: nothing else has to be kept for it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from infra.judging.lane import Only
from infra.judging.parcel import open_parcel
from infra.landing import parcel
from infra.ledger.records import Submission
from infra.storage.store import NotFound, Store
from infra.submit import Refused
from transforms.correction import correction

ENCLOSED_ROWS, ENCLOSED_BACK = 100_000, 5_000
"""Up to this many rows handed in, and rows returned, an answer has its workbook enclosed; beyond, it is on demand."""


def workbook(store: Store, submission: Submission, document: dict[str, Any]) -> bytes:
    """The rows that came back with this receipt, as XLSX. Refused when there are none that a workbook could hold."""
    number = submission.receipt
    if not document["baris"]["dikembalikan"]:
        raise Refused(f"no row of {number} came back; there is nothing to mend in a workbook")
    wanted: dict[str, list[int]] = {}
    for finding in document["temuan"]:
        if finding["berkas"] is not None and finding["baris"] is not None:
            wanted.setdefault(finding["berkas"], []).append(finding["baris"])
    try:
        sent = open_parcel(parcel(submission, store), lanes=Only(wanted))
    except NotFound as error:
        raise Refused(
            f"the originals of {number} have been erased after a withdrawal; send everything again"
        ) from error
    if sent.manifest is None:
        raise Refused(f"the envelope of {number} came back as a whole; mend it and send everything again")
    if not sent.readings:
        return correction(document, sent.standard, sent.manifest, list(sent.rows.values()))
    tables = [r.rows.append_column("_berkas", pa.array([name] * r.rows.num_rows)) for name, r in sent.readings.items()]
    headers: dict[str, str] = {}
    for reading in sent.readings.values():
        headers |= {name: text for name, text in reading.headers.items() if name not in headers}
    return correction(document, sent.standard, sent.manifest, tables, headers)


def enclosed(store: Store, submission: Submission, document: dict[str, Any]) -> bytes | None:
    """The workbook that goes with an answer; None where there is nothing to mend in one, or far too much."""
    rows = document["baris"]
    if not 0 < rows["dikembalikan"] <= ENCLOSED_BACK or rows["masuk"] > ENCLOSED_ROWS:
        return None
    try:
        return workbook(store, submission, document)
    except Refused:
        return None
