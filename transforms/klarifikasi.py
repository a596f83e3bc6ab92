"""Clarifications (genre KLARIFIKASI) → schema.org ClaimReview, as JSON-LD.

That SPIT is to anticipate hoaxes is public; how a clarification is recorded is not, so the columns, the list of
verdicts and their numbers are ours. A clarification that lacks one of the four is no ClaimReview.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from schemas.dataset import tables
from transforms import ninjs
from transforms.publik import LICENCES

NEEDS = ("klaim", "klaim_beredar_di", "penilaian_klaim", "bukti_klaim")
CONTEXT = "https://schema.org"
WORST, BEST = 1, 5
RATINGS = {"SALAH": 1, "MENYESATKAN": 2, "BENAR": 5}
"""Verdict → `ratingValue`, from WORST (false) to BEST (true); what is not proven has none."""
LINK = re.compile(r"https?://\S+")


def claim_review(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The ClaimReview of a row of `stories.items`; None when it is none, or not a whole one."""
    if row.get("genre") != "KLARIFIKASI" or not all(row.get(name) for name in NEEDS):
        return None
    item = ninjs.item(row)
    (office,) = item["organisations"]
    verdict = row["penilaian_klaim"]
    labels = dict(tables()["teks"].field("penilaian_klaim").categories)
    rating = {"@type": "Rating", "alternateName": labels.get(verdict, verdict)}
    if verdict in RATINGS:
        rating |= {"ratingValue": RATINGS[verdict], "worstRating": WORST, "bestRating": BEST}
    review = {
        "@context": CONTEXT,
        "@type": "ClaimReview",
        "@id": item["uri"],
        "url": item["uri"],
        "name": row["judul"],
        "inLanguage": item["language"],
        "datePublished": row["hari"].isoformat(),
        "author": {"@type": "Organization", "@id": office["uri"], "name": office["name"]},
        "creditText": row["kredit"],
        "license": LICENCES[row["lisensi"]].url if row["lisensi"] in LICENCES else None,
        "claimReviewed": row["klaim"],
        "itemReviewed": {
            "@type": "Claim",
            "text": row["klaim"],
            "appearance": _works(row["klaim_beredar_di"]),
        },
        "reviewRating": rating,
        "reviewBody": row["isi"],
        "citation": _works(row["bukti_klaim"]),
    }
    return {key: value for key, value in review.items() if value is not None}


def _works(text: str) -> list[dict[str, str]]:
    """What a text names, separated by semicolons: a link as such, anything else by its words."""
    parts = [part.strip() for part in text.split(";") if part.strip()]
    return [{"@type": "CreativeWork", "url" if LINK.fullmatch(part) else "name": part} for part in parts]
