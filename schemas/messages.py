"""What each rule says to an office: a sentence in Indonesian and English, and how to mend it (`messages.csv`)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Level = Literal["GALAT", "PERINGATAN", "CATATAN"]
"""GALAT returns the row (or the whole submission); PERINGATAN and CATATAN accept it and say something."""


@dataclass(frozen=True)
class Message:
    """The words for one rule. The sentences hold `{kolom}`, `{nilai}` and `{batas}`."""

    kode: str
    tingkat: Level
    id: str
    en: str
    cara: str
    mend: str

    def sentences(self, *, kolom: str, nilai: str, batas: str) -> dict[str, str]:
        """The four sentences with their places filled in: `id`, `en`, `cara`, `mend`."""
        words = {"kolom": kolom or "-", "nilai": f"“{nilai}”" if nilai else "(kosong)", "batas": batas or "-"}
        return {key: getattr(self, key).format(**words) for key in ("id", "en", "cara", "mend")}


@cache
def messages() -> dict[str, Message]:
    """Every rule we can speak of, by code."""
    with (Path(__file__).parent / "messages.csv").open(encoding="utf-8", newline="") as lines:
        return {row["kode"]: Message(**row) for row in csv.DictReader(lines)}  # pyright: ignore[reportArgumentType]
