"""A finding: what is wrong, where, with which value, and what would be allowed there."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.messages import messages
from schemas.personal import excerpt

VALUE_LIMIT = 200
"""Characters of an office's value that a finding repeats, never what is personal in it; the rest stays in raw."""


@dataclass(frozen=True)
class Finding:
    """One row of table `temuan`. `kode` must be a rule of `messages.csv`; its level comes from there.

    `baris` is None when the finding is about a whole file, `berkas` when it is about the whole submission.
    """

    kiriman: str
    kode: str
    berkas: str | None = None
    lembar: str | None = None
    baris: int | None = None
    kolom: str | None = None
    nilai: str | None = None
    batas: str | None = None

    @property
    def tingkat(self) -> str:
        """GALAT, PERINGATAN or CATATAN; KeyError for a rule nobody wrote words for."""
        return messages()[self.kode].tingkat

    def row(self, batch: int) -> dict[str, object]:
        """The finding as a row of `temuan`."""
        return {
            "kiriman": self.kiriman,
            "kode": self.kode,
            "tingkat": self.tingkat,
            "berkas": self.berkas,
            "lembar": self.lembar,
            "baris": self.baris,
            "kolom": self.kolom and excerpt(self.kolom, VALUE_LIMIT),
            "nilai": self.nilai and excerpt(self.nilai, VALUE_LIMIT),
            "batas": self.batas,
            "_batch": batch,
        }
