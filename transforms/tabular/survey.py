"""What the bytes of a regular file say of its lines, looked at a block at a time with numpy: no line is parsed.

Said of every line is whether it is doubtful: whether its structure is another than the first line's, or a free text in
it begins or ends in a way the careful reader would do or say something about. Doubt costs time and nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from transforms.tabular.reading import MAX_COLUMNS

_LF, _CR, _QUOTE, _COLON, _BACKSLASH = b'\n\r":\\'
_PAD = bytes(16)  # so that a look a few bytes past the last line meets no end
_UNREADABLE = re.compile(b"\xef\xbf\xbd")


def _among(signs: bytes) -> np.ndarray:
    table = np.zeros(256, bool)
    table[list(signs)] = True
    return table


_ODD = _among(b"\t\n\v\f\r '=+-@#*\\\xc2\xe1\xe2\xe3")
"""First signs of a text that may be trimmed, empty (`-`), a note, a formula, or escaped in JSON."""

_BLANK = _among(b" \x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x9f\xa0\xaf")
"""Last signs of a text that may be trimmed: a space, or the last byte of one of Unicode's (category Zs)."""

_BARE = _among(b"0123456789-ntf")
"""First signs of a JSON value that is neither text nor nested."""


class Irregular(Exception):
    """There is something in the file that only the careful reader can judge, and it needs the whole file for it."""


@dataclass(frozen=True)
class Surveyed:
    """`ends`: where each record of a block ends. `doubtful`: which of them are. `blanks`: is there an empty text?"""

    ends: np.ndarray
    doubtful: np.ndarray
    blanks: bool = False


@dataclass(frozen=True)
class Objects:
    """One JSON object a line, with these keys and signs between them; `free`: which of them hold free text."""

    keys: tuple[bytes, ...]
    comma: bytes
    colon: bytes
    free: tuple[bool, ...] = ()

    heading = 0
    line_end = b"\n"
    nothing = b"{}\n"

    @classmethod
    def like(cls, text: bytes, keys: Sequence[str]) -> Objects:
        """As the first line has it. Irregular when it is no object whose keys are all different and plain."""
        raw = tuple(json.dumps(key, ensure_ascii=False)[1:-1].encode() for key in keys)
        if not raw or len(set(raw)) < len(raw) or len(raw) > MAX_COLUMNS or any(not k or b"\\" in k for k in raw):
            raise Irregular("keys that are missing, doubled or escaped")
        spaced = text.startswith(b'{"' + raw[0] + b'": ')
        return cls(raw, b", " if spaced else b",", b": " if spaced else b":")

    def knowing(self, free: Sequence[bool]) -> Objects:
        """The same, told which columns are free text."""
        return replace(self, free=tuple(free))

    @cached_property
    def _patterns(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """What stands before each value, eight bytes at a time: which keys, how far before, the mask, the bytes."""
        texts = [(self.comma if at else b"{") + b'"' + key + b'"' + self.colon for at, key in enumerate(self.keys)]
        found: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
        for begin in range(0, max(map(len, texts)), 8):
            some = [(at, text) for at, text in enumerate(texts) if len(text) > begin]
            before = [min(len(text), begin + 8) for _, text in some]
            parts = [text[len(text) - far :][:8] for far, (_, text) in zip(before, some, strict=True)]
            masks = [(1 << 8 * len(part)) - 1 for part in parts]
            words = [int.from_bytes(part, "little") for part in parts]
            found.append(
                (
                    np.array([at for at, _ in some]),
                    _column(before, np.int64),
                    _column(masks, "<u8"),
                    _column(words, "<u8"),
                )
            )
        return found

    def survey(self, block: bytes) -> Surveyed:
        """Look at the whole lines of a block."""
        signs = np.frombuffer(block + _PAD, np.uint8)
        ends = np.flatnonzero(signs[: len(block)] == _LF) + 1
        if not len(ends):
            return Surveyed(ends, np.zeros(0, bool))
        size = int(ends[-1])
        if block.find(b"\r", 0, size) >= 0:
            raise Irregular("line ends of two signs")
        doubtful = _unreadable(block, size, ends)
        # A quote that is not escaped opens or closes; a text that closes before a colon is a key.
        closes = signs[:size] == _QUOTE
        closes &= signs[1 : size + 1] == _COLON
        closing = np.flatnonzero(closes)
        if block.find(b"\\", 0, size) >= 0:
            closing = closing[signs[closing - 1] != _BACKSLASH]
            doubtful |= _escaped(signs, size, ends)
        counts = np.diff(np.searchsorted(closing, ends), prepend=0)
        whole = counts == len(self.keys)
        keys = np.ascontiguousarray(closing[np.repeat(whole, counts)].reshape(-1, len(self.keys)).T)
        begins = np.concatenate([[0], ends[:-1]])[whole]
        good, blanks = self._plain(signs, keys, begins, ends[whole])
        doubtful[~whole] = True
        doubtful[np.flatnonzero(whole)[~good]] = True
        return Surveyed(ends, doubtful, blanks)

    def _plain(
        self, signs: np.ndarray, keys: np.ndarray, begins: np.ndarray, ends: np.ndarray
    ) -> tuple[np.ndarray, bool]:
        """Which lines have the keys of the first in its order and only plain values, and whether one is empty text.

        `keys`: where the quote that closes each key stands, a row for each key and a column for each line.
        """
        values = keys + (1 + len(self.colon))
        words = _words(signs)
        good = (signs[ends - 2] == ord("}")) & (keys[0] == begins + (1 + len(self.keys[0]) + 1))
        for at, before, masks, wanted in self._patterns:
            good &= ((words[np.maximum(values[at] - before, 0)] & masks) == wanted).all(0)
        first, second = signs[values], signs[values + 1]
        text = first == _QUOTE
        blanks = bool((text & (second == _QUOTE)).any())
        free = np.array(self.free)
        good &= (text[~free] | _BARE[first[~free]]).all(0)
        over = np.array([len(self.comma) + len(key) + 1 for key in self.keys[1:]])
        stops = np.vstack([keys[1:] - over[:, None], ends - 2])[free]
        text, second = text[free], second[free]
        plain = ~_ODD[second]
        plain &= signs[stops - 1] == _QUOTE
        plain &= ~_BLANK[signs[stops - 2]]
        plain &= ~_is_error(words, values[free] + 1, second)
        good &= np.where(text, plain, first[free] == ord("n")).all(0)
        return good, blanks

    def names(self) -> list[str]:
        """What the engine's reader calls the columns."""
        return [key.decode() for key in self.keys]


@dataclass(frozen=True)
class Cells:
    """Lines of `width` cells between separators, the first one the heading; `free`: which columns are free text."""

    separator: bytes
    line_end: bytes
    width: int
    free: tuple[bool, ...] = ()

    heading = 1

    @property
    def line_end_name(self) -> str:
        """The line end as the engine wants to be told."""
        return "\\r\\n" if len(self.line_end) == 2 else "\\n"

    def names(self) -> list[str]:
        """What the engine's reader shall call the columns."""
        return [f"c{at}" for at in range(self.width)]

    @property
    def nothing(self) -> bytes:
        """A line without anything in it."""
        return self.separator * (self.width - 1) + self.line_end

    @classmethod
    def like(cls, text: bytes, separator: bytes, width: int) -> Cells:
        """As the first line has it. Irregular when it is a single column: an empty line would be a row of it."""
        if width < 2:
            raise Irregular("a single column")
        return cls(separator, b"\r\n" if text[: text.find(b"\n")].endswith(b"\r") else b"\n", width)

    def knowing(self, free: Sequence[bool]) -> Cells:
        """The same, told which columns are free text."""
        return replace(self, free=tuple(free))

    def survey(self, block: bytes) -> Surveyed:
        """Look at the whole records of a block that begins with one. Irregular where quotes are not RFC 4180's."""
        signs = np.frombuffer(block + _PAD, np.uint8)
        seen = signs[: len(block)]
        quotes = np.flatnonzero(seen == _QUOTE) if b'"' in block else np.zeros(0, int)
        ends = _outside(np.flatnonzero(seen == _LF), quotes) + 1
        if not len(ends):
            return Surveyed(ends, np.zeros(0, bool))
        size = int(ends[-1])
        self._check_line_ends(signs, size, ends)
        self._check_quotes(signs, quotes[: np.searchsorted(quotes, size)])
        commas = _outside(np.flatnonzero(seen[:size] == self.separator[0]), quotes)
        counts = np.diff(np.searchsorted(commas, ends), prepend=0)
        whole = counts == self.width - 1
        commas = np.ascontiguousarray(commas[np.repeat(whole, counts)].reshape(-1, self.width - 1).T)
        doubtful = _unreadable(block, size, ends) | ~whole
        begins = np.concatenate([[0], ends[:-1]])[whole]
        good = self._plain(signs, commas, begins, ends[whole] - len(self.line_end))
        doubtful[np.flatnonzero(whole)[~good]] = True
        return Surveyed(ends, doubtful)

    def _check_line_ends(self, signs: np.ndarray, size: int, ends: np.ndarray) -> None:
        returns = int(np.count_nonzero(signs[:size] == _CR))
        wanted = len(ends) if len(self.line_end) == 2 else 0
        if returns != wanted or (wanted and not (signs[ends - 2] == _CR).all()):
            raise Irregular("line ends of several kinds")

    def _check_quotes(self, signs: np.ndarray, quotes: np.ndarray) -> None:
        """Every other quote opens: it begins a cell, or follows the one that closed, as a doubled quote does."""
        if not len(quotes):
            return
        edge = _among(self.separator + b'\n"')
        before, after = signs[quotes[::2] - 1], signs[quotes[1::2] + 1]
        if quotes[0] == 0:
            before = before[1:]
        if not edge[before].all() or not (edge[after] | (after == _CR)).all():
            raise Irregular("a quote that stands astray")

    def _plain(self, signs: np.ndarray, commas: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Which lines have only plain texts. `commas`: a row for each separator and a column for each line."""
        free = np.array(self.free)
        begin = np.vstack([begins, commas + 1])[free]
        end = np.vstack([commas, ends])[free]
        first, last = signs[begin], signs[end - 1]
        quoted = first == _QUOTE
        if quoted.any():
            first = np.where(quoted, signs[begin + 1], first)
            last = np.where(quoted, signs[end - 2], last)
        odd = _ODD[first] | _BLANK[last]
        odd |= _is_error(_words(signs), begin + quoted, first)
        return ~(odd & (begin != end)).any(0)


def _outside(places: np.ndarray, quotes: np.ndarray) -> np.ndarray:
    """Those of the places that are not between a quote that opens and one that closes."""
    return places[np.searchsorted(quotes, places) % 2 == 0] if len(quotes) else places


def _unreadable(block: bytes, size: int, ends: np.ndarray) -> np.ndarray:
    """Which lines hold a character that nobody could read."""
    told = np.zeros(len(ends), bool)
    if not block.isascii():
        places = np.array([found.start() for found in _UNREADABLE.finditer(block, 0, size)], int)
        told[np.searchsorted(ends, places, "right")] = True
    return told


def _is_error(words: np.ndarray, places: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Where a text, whose first sign is given, is a formula's error of LibreOffice."""
    told = first == ord("E")
    if told.any():
        told[told] = (words[places[told]] & np.uint64(0xFFFFFFFF)) == np.uint64(int.from_bytes(b"Err:", "little"))
    return told


def _escaped(signs: np.ndarray, size: int, ends: np.ndarray) -> np.ndarray:
    """Which lines hold an escaped backslash, or an escaped sign that might be a blank, a control or unreadable."""
    places = np.flatnonzero(signs[:size] == _BACKSLASH)
    second, third, fourth, last = signs[places + 1], signs[places + 2] | 0x20, signs[places + 3], signs[places + 6]
    control = (third == ord("0")) & (fourth == ord("0"))
    sign = (second == ord("u")) & (control | (third == ord("d")) | (third == ord("f")) | (last == _QUOTE))
    told = np.zeros(len(ends), bool)
    told[np.searchsorted(ends, places[(second == _BACKSLASH) | sign], "right")] = True
    return told


def _words(signs: np.ndarray) -> np.ndarray:
    """The eight bytes from each place on as one number."""
    return np.ndarray((len(signs) - 7,), "<u8", signs.data, 0, (1,))


def _column(numbers: Sequence[int], kind: str | type) -> np.ndarray:
    return np.array(numbers, kind)[:, None]
