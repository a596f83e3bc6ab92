"""The correction workbook of a submission, out of raw and its receipt: nothing else has to be kept for it."""

from __future__ import annotations

from typing import Any

from infra.landing import parcel
from infra.parcel import open_parcel
from infra.records import Submission
from infra.settings import Settings
from infra.steps import opened
from infra.submit import Refused
from transforms.correction import correction


def workbook(settings: Settings, submission: Submission, document: dict[str, Any]) -> bytes:
    """The rows that came back with this receipt, as XLSX. Refused when there are none that a workbook could hold."""
    number = submission.receipt
    if not document["baris"]["dikembalikan"]:
        raise Refused(f"no row of {number} came back; there is nothing to mend in a workbook")
    with opened(settings) as (store, _):
        sent = open_parcel(parcel(submission, store))
        if sent.manifest is None:
            raise Refused(f"the envelope of {number} came back as a whole; mend it and send everything again")
        return correction(document, sent.standard, sent.manifest, sent.rows)
