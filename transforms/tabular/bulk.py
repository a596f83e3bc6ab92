"""Large regular text files: read in bulk by the engine, but for the lines only the careful reader can judge.

A file is regular when every line is one record of the same columns, all of them known. It is surveyed once, byte by
byte: lines that a reader would do or say anything about are set aside as doubtful. Of all the others the engine's own
reader gives the very text the careful reader would give.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from transforms.shape import literal, quoted
from transforms.tabular.charset import MARK, to_utf8
from transforms.tabular.delimited import sniff
from transforms.tabular.heading import fold_spellings, folded
from transforms.tabular.reading import MAX_BYTES, MAX_COLUMNS, Refused
from transforms.tabular.records import looks_like_json
from transforms.tabular.survey import Cells, Irregular, Objects, Surveyed

LARGE = 8 << 20
"""Bytes of a file from which on it is worth trying."""

_BLOCK = 1 << 20  # bytes surveyed at a time: what stays near the processor
_LONGEST = 8 << 20  # bytes of a line
_HEAD = 1 << 18
_DOUBTED = 0.5  # the share of lines from which on there is nothing to win


@dataclass
class Regular:
    """A regular file. `columns`: each of its columns in order, as the standard names it.

    `starts`: where each line begins in the file, and where the last one ends; `doubtful`: positions of the lines set
    aside. `blanks`: whether a text may be empty.
    """

    path: Path
    columns: tuple[str, ...]
    form: Objects | Cells
    starts: np.ndarray
    doubtful: np.ndarray
    blanks: bool

    @property
    def first(self) -> int:
        """The number of the first row: that of its line, as the careful reader counts."""
        return 2 if isinstance(self.form, Cells) else 1

    @property
    def rows(self) -> int:
        """How many lines under the heading there are."""
        return len(self.starts) - self.first

    def plain(self, target: Path) -> Path:
        """The file with every doubtful line made one that holds nothing, so that all others keep their place.

        The file itself where no line is doubtful, else it is written to `target`.
        """
        if not len(self.doubtful):
            return self.path
        with self.path.open("rb") as source, target.open("wb") as out:
            done = int(self.starts[0])
            for line in self.doubtful.tolist():
                _copy(source, out, done, int(self.starts[line]))
                out.write(self.form.nothing)
                done = int(self.starts[line + 1])
            _copy(source, out, done, int(self.starts[-1]))
        return target

    def relation(self, path: Path) -> str:
        """SQL: `path` (as `plain` gives it) as text under the standard's names, in the order of the file."""
        form, place = self.form, literal(str(path))
        columns = "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in form.names()) + "}"
        if isinstance(form, Objects):
            source = f"read_ndjson({place}, columns = {columns})"
        else:
            source = (
                f"read_csv({place}, columns = {columns}, auto_detect = false, header = false, skip = 1, quote = '\"',"
                f" escape = '\"', delim = {literal(form.separator.decode())}, new_line = {literal(form.line_end_name)},"
                f" max_line_size = {_LONGEST}, buffer_size = {2 * _LONGEST})"
            )
        named = (f"{quoted(mine)} AS {quoted(name)}" for mine, name in zip(form.names(), self.columns, strict=True))
        return f"(SELECT {', '.join(named)} FROM {source})"

    def lines(self, numbers: np.ndarray) -> tuple[bytes, np.ndarray]:
        """The lines with these numbers, the first of the file before them, as text for the careful reader, and theirs.

        Refused when that is more than it takes.
        """
        at = np.union1d(numbers - 1, [0])
        if (self.starts[at + 1] - self.starts[at]).sum() > MAX_BYTES:
            raise Refused("TABEL_TERLALU_BESAR", f"lebih dari {MAX_BYTES} byte tidak beraturan")
        text = BytesIO()  # unlike a list of lines it is no second copy
        with self.path.open("rb") as file:
            for line in at:
                file.seek(int(self.starts[line]))
                said = file.read(int(self.starts[line + 1] - self.starts[line]))
                text.write(said if said.endswith(b"\n") else said + b"\n")
        return text.getvalue(), at + 1


def regular(path: Path, columns: Mapping[str, Sequence[str]], texts: Collection[str]) -> Regular | None:
    """The file where it is regular, else None. `texts`: the columns of free text; the type of all others is checked.

    `columns`: each column of the standard with the spellings of its header that are accepted.
    """
    if path.stat().st_size < LARGE:
        return None
    try:
        return _surveyed(path, fold_spellings(columns), texts)
    except Irregular:
        return None


def _surveyed(path: Path, spellings: Mapping[str, str], texts: Collection[str]) -> Regular | None:
    with path.open("rb") as file:
        head = file.read(_HEAD).removeprefix(MARK)
    form, names = _form(head[: head.rfind(b"\n") + 1], spellings)
    form = form.knowing([name in texts for name in names])
    starts: list[np.ndarray] = []
    doubtful: list[np.ndarray] = []
    lines, doubted, blanks = 0, 0, False
    for place, found in _blocks(path, form):
        if not lines:
            found.doubtful[: form.heading] = False
            starts.append(np.array([place]))
        starts.append(place + found.ends)
        doubtful.append(lines + np.flatnonzero(found.doubtful))
        lines += len(found.ends)
        blanks |= found.blanks
        doubted += int(found.doubtful.sum())
        if doubted > max(_DOUBTED * lines, 1000):
            raise Irregular("hardly a line is like the first")
    every = np.concatenate(starts)
    every[-1] = path.stat().st_size  # the last line may have no line feed
    return Regular(path, names, form, every, np.concatenate(doubtful), blanks)


def _form(head: bytes, spellings: Mapping[str, str]) -> tuple[Objects | Cells, tuple[str, ...]]:
    """How the file is written, and its columns under the standard's names, by its first lines."""
    try:
        text, faults = to_utf8(head)
    except Refused as refused:
        raise Irregular(refused.kode) from refused
    if faults or not text or text.lstrip() != text:
        raise Irregular("not plain text")
    if looks_like_json(text):
        keys = _keys(text[: text.find(b"\n") + 1])
        return Objects.like(text, keys), _named(keys, [spellings.get(folded(key)) for key in keys])
    separator, heading = sniff(text, spellings)
    if heading is None or heading.line or any(not name or "\n" in name for name in heading.texts):
        raise Irregular("no heading in the first line, or one of several lines")
    return Cells.like(head, separator, len(heading.texts)), _named(heading.texts, heading.names)


def _keys(line: bytes) -> tuple[str, ...]:
    try:
        found = json.loads(line, object_pairs_hook=lambda pairs: tuple(key for key, _ in pairs))
    except (ValueError, RecursionError) as error:
        raise Irregular("no object in the first line") from error
    return found if isinstance(found, tuple) else ()


def _named(texts: Sequence[str | None], names: Sequence[str | None]) -> tuple[str, ...]:
    known = tuple(name for name in names if name)
    if not known or len(known) < len(texts) or len(set(known)) < len(known) or len(known) > MAX_COLUMNS:
        raise Irregular("columns of no standard, or doubled ones")
    return known


def _blocks(path: Path, form: Objects | Cells) -> Iterator[tuple[int, Surveyed]]:
    """What the survey says of each block, and where the block begins."""
    with path.open("rb") as file:
        place = len(MARK) if file.read(len(MARK)) == MARK else 0
        file.seek(place)
        kept, more = b"", True
        while more:
            more = bool(data := file.read(_BLOCK))
            data = kept + data
            if not more and data and not data.endswith(b"\n"):
                data += form.line_end
            found = form.survey(data)
            size = int(found.ends[-1]) if len(found.ends) else 0
            if len(data) - size > _LONGEST:
                raise Irregular("a long line, or a quote that is never closed")
            if size:
                _check(data[:size])
                yield place, found
            place, kept = place + size, data[size:]
        if kept:
            raise Irregular("a quote that is never closed")


def _check(block: bytes) -> None:
    try:
        if not block.isascii():
            block.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Irregular("not UTF-8") from error
    if b"\0" in block or b"\x1a" in block:
        raise Irregular("control characters")


def _copy(source: BinaryIO, out: BinaryIO, begin: int, end: int) -> None:
    source.seek(begin)
    while begin < end and (data := source.read(min(_BLOCK, end - begin))):
        out.write(data)
        begin += len(data)
