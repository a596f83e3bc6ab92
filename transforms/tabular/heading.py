"""Where a table begins, and what its columns are called."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transforms.tabular.reading import Fault, Merge, letters, shorten

DEPTH = 60  # lines in which a header may lie
_LONGEST = 200  # signs of a column's name

Texts = list[str | None]


@dataclass(frozen=True)
class Heading:
    """The header line (counted from 0 within the sheet), its texts, and the standard's column each one means."""

    line: int
    texts: tuple[str | None, ...]
    names: tuple[str | None, ...]

    @property
    def score(self) -> int:
        """How many different columns of the standard it names."""
        return len(set(self.names) - {None})


def folded(text: str) -> str:
    """A header as it is compared: no case, no blanks, no punctuation (`Kode_Satker *` = `kode satker`)."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def fold_spellings(columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Folded spelling → column; a column's own name wins over another's alias."""
    spellings = {folded(name): name for name in columns}
    for name, others in columns.items():
        for spelling in others:
            spellings.setdefault(folded(spelling), name)
    return spellings


def find_heading(top: list[Texts], merges: Sequence[Merge], spellings: Mapping[str, str]) -> Heading | None:
    """The line that names most columns of the standard; None when none has two such cells or half of them."""
    top = _spread(top, merges)
    best: Heading | None = None
    for line, texts in enumerate(top):
        for candidate in _candidates(top, line, texts, merges):
            names = tuple(next((spellings[f] for t in wordings if (f := folded(t)) in spellings), None)
                          for wordings in candidate)  # fmt: skip
            heading = Heading(line, tuple(wordings[0] if wordings else None for wordings in candidate), names)
            if heading.score > (best.score if best else 0):
                best = heading
    if best is None:
        return None
    filled, known = sum(1 for text in best.texts if text), sum(1 for name in best.names if name)
    return best if known >= 2 or 2 * known >= filled else None


def _candidates(top: list[Texts], line: int, texts: Texts, merges: Sequence[Merge]) -> list[list[list[str]]]:
    """The wordings each cell may be meant in: by itself and, under a merged cell, together with that one."""
    texts = [text if text and text.strip() and len(text) <= _LONGEST else None for text in texts]
    alone = [[text] if text else [] for text in texts]
    if not any(m.top < line <= m.bottom or (m.top == line - 1 and m.right > m.left) for m in merges):
        return [alone]
    above = [*top[line - 1], *([None] * len(texts))]
    if len({text for text in above if text}) < 2:  # a title over the whole table, not a group of columns
        return [alone]
    joined = [
        [f"{parent} {text}", text] if text and parent and parent != text else [t for t in (text or parent,) if t]
        for text, parent in zip(texts, above, strict=False)
    ]
    return [alone, joined]


def _spread(top: list[Texts], merges: Sequence[Merge]) -> list[Texts]:
    """The first lines with every merged cell filled: what a reader of the sheet sees."""
    top = [list(texts) for texts in top]
    for merge in merges:
        if merge.top >= len(top) or merge.left >= len(top[merge.top]):
            continue
        value = top[merge.top][merge.left]
        for texts in top[merge.top : merge.bottom + 1]:
            texts[merge.left : merge.right + 1] = [value] * len(texts[merge.left : merge.right + 1])
    return top


def name_columns(
    heading: Heading | None, filled: Sequence[bool], wanted: Sequence[str], sheet: str | None
) -> tuple[dict[int, str], dict[int, int], list[Fault]]:
    """Position → name in the reading, for the columns that are kept, and what is odd about the header.

    In between: position of a column of the standard that is there again → where it is first. `filled`: whether a
    column holds anything. A column without heading and data is left out; without a heading but with data it is
    `kolom C`, as the sheet calls it. No name occurs twice and none begins with an underscore.
    """
    names: dict[int, str] = {}
    faults: list[Fault] = []
    taken: set[str] = set(wanted)
    found: dict[str, int] = {}
    doubled: dict[int, int] = {}
    for at, has_data in enumerate(filled):
        text = (heading.texts[at] if heading and at < len(heading.texts) else None) or ""
        text = " ".join(text.split())[:_LONGEST]
        known = heading.names[at] if heading and at < len(heading.names) else None
        if known and known not in found:
            found[known] = at
            names[at] = known
            continue
        kode = "KOLOM_TIDAK_DIKENAL"
        if not text:
            if not has_data:
                continue
            kode, text = "KOLOM_TANPA_NAMA", f"kolom {letters(at)}"
        names[at] = _free(text.lstrip("_") or f"kolom {letters(at)}", taken)
        taken.add(names[at])
        if known:
            doubled[at] = found[known]
        elif heading:
            faults.append(Fault(kode, sheet, None, shorten(text)))
    if heading is None and any(filled):
        faults.append(Fault("KEPALA_TIDAK_DITEMUKAN", sheet))
    faults += [Fault("KOLOM_TIDAK_ADA", sheet, None, name) for name in wanted if name not in found]
    return names, doubled, faults


def _free(text: str, taken: set[str]) -> str:
    name, count = text, 1
    while name in taken:
        count += 1
        name = f"{text} ({count})"
    return name
