"""Bytes → rows of text, each with the sheet and row it came from. What a file is, its content says, not its name."""
# pyarrow.compute makes its functions when it is imported:
# pyright: reportAttributeAccessIssue=false

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.tabular.archive import Archive
from transforms.tabular.bulk import Regular
from transforms.tabular.charset import MARK, to_utf8
from transforms.tabular.delimited import read_delimited
from transforms.tabular.heading import DEPTH, Heading, find_heading, fold_spellings, folded, name_columns
from transforms.tabular.opendocument import read_opendocument
from transforms.tabular.reading import MAX_BYTES, Fault, Mark, Reading, Refused, Sheet, Sheets, shorten
from transforms.tabular.records import looks_like_json, read_json
from transforms.tabular.sieve import conflicting, sift
from transforms.tabular.survey import Irregular
from transforms.tabular.workbook import read_workbook

__all__ = ["Fault", "Reading", "read"]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"\x1f\x8b": "gzip",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"{\\rtf": "RTF",
}
_MARKUP = re.compile(rb"\s*+<(?:html|!doctype|\?xml|table)", re.IGNORECASE)
_JUNK = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
_OWN = ("_lembar", "_baris")


def read(path: Path, name: str, columns: Mapping[str, Sequence[str]]) -> Reading:
    """The table in one file as text, with everything that was odd about it; never fails on what an office sent.

    `name` is the file's name as sent, for the faults. `columns`: each column of the standard with the spellings of its
    header that are accepted (see `Dataset.headers`). OSError when the file itself cannot be read.
    """
    spellings = fold_spellings(columns)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Refused("TABEL_TERLALU_BESAR", f"lebih dari {MAX_BYTES} byte")
        found = _open(path.read_bytes(), spellings)
        return _assemble(found, spellings, tuple(columns))
    except Refused as refused:
        detail = f"{name} ({refused.detail})" if refused.detail else name
        return _join([], [Fault(refused.kode, nilai=shorten(detail))])


def read_lines(lines: Regular, numbers: np.ndarray, columns: Mapping[str, Sequence[str]]) -> Reading:
    """Some lines of a regular file, by their numbers, as `read` would have read them in their place.

    Refused when they are too many. Irregular when it cannot be done without the rest of the file.
    """
    text, every = lines.lines(numbers)
    spellings = fold_spellings(columns)
    text, faults = to_utf8(text.removeprefix(MARK))
    sheet = read_json(text, per_line=True) if lines.first == 1 else read_delimited(text, spellings)
    if faults or sheet.cells.num_rows != len(every):
        raise Irregular("lines that belong together")
    sheet = replace(sheet, lines=pa.chunked_array([pa.array(every)]))
    reading = _assemble(Sheets((sheet,)), spellings, tuple(columns))
    if reading.rows_in != len(every) - (lines.first - 1):
        raise Irregular("a heading elsewhere")
    if lines.first == 1 and 1 not in numbers:
        # It only came along to show the keys.
        return replace(
            reading, rows=reading.rows.filter(pc.not_equal(reading.rows["_baris"], 1)), rows_in=reading.rows_in - 1
        )
    return reading


def refuse_compound(data: bytes) -> None:
    """Refused where the bytes are of the container Office used before 2007, and uses for what has a password.

    BUKU_TERKUNCI, FORMAT_LAMA, FORMAT_TIDAK_DIKENAL.
    """
    if not data.startswith(_OLE):
        return
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Refused("BUKU_TERKUNCI")
    if any(stream.encode("utf-16-le") in data for stream in ("Workbook", "Book")):
        raise Refused("FORMAT_LAMA")
    raise Refused("FORMAT_TIDAK_DIKENAL", "OLE")


def _open(data: bytes, spellings: Mapping[str, str], *, inside: bool = False) -> Sheets:
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _open_archive(Archive(data), spellings, inside=inside)
    refuse_compound(data)
    for magic, kind in _FOREIGN.items():
        if data.startswith(magic):
            raise Refused("FORMAT_TIDAK_DIKENAL", kind)
    text, faults = to_utf8(data)
    if not re.search(rb"\S", text):
        raise Refused("BERKAS_KOSONG")
    if _MARKUP.match(text):
        raise Refused("FORMAT_TIDAK_DIKENAL", "HTML/XML")
    sheet = read_json(text) if looks_like_json(text) else read_delimited(text, spellings)
    return Sheets((sheet,), faults)


def _open_archive(archive: Archive, spellings: Mapping[str, str], *, inside: bool) -> Sheets:
    if "xl/workbook.bin" in archive.files:
        raise Refused("FORMAT_TIDAK_DIKENAL", "XLSB")
    if "[Content_Types].xml" in archive.files:
        return read_workbook(archive)
    if "META-INF/manifest.xml" in archive.files:
        return read_opendocument(archive)
    if inside:
        raise Refused("ARSIP_BERSARANG")
    members = [name for name in archive.files if not _JUNK.search(name)]
    if len(members) != 1:
        raise Refused("ARSIP_ISI", f"{len(members)} berkas")
    return _open(archive.read(members[0]), spellings, inside=True)


class _Part:
    """What one sheet gives: its rows, the lines that are none, and the faults met."""

    def __init__(self, sheet: Sheet, heading: Heading | None, wanted: tuple[str, ...]):
        cells, first = sheet.cells, heading.line + 1 if heading and sheet.head is None else 0
        if first and first < cells.num_rows and _is_numbering(cells, first):
            first += 1
        self.sheet, self.lines = sheet, sheet.lines
        self.preamble = self._top(first, heading)
        cells, repairs = _fill_merges(cells, sheet.merges, first)
        body = cells.slice(first)
        self.rows_in = body.num_rows
        sifted = sift(body, written_by_hand=sheet.head is None)
        for mark in sheet.marks:
            sifted.skipped.pop(mark.line - first, None)
        filled = [column.null_count < len(column) for column in body.columns]
        names, doubled, self.faults = name_columns(heading, filled, wanted, sheet.name)
        texts = heading.texts if heading else ()
        self.headers = {name: texts[at] or "" for at, name in names.items() if at < len(texts)}
        marks = [m for m in (*sheet.marks, *repairs) if m.line >= first]
        for at, column in doubled.items():
            conflicts = conflicting(body.column(column), body.column(at), column)
            sifted.marks.extend(conflicts)
            if not conflicts:
                self.faults.append(Fault("KOLOM_BERULANG", sheet.name, None, names[column]))
        marks += [Mark(m.kode, m.line + first, m.column, m.nilai) for m in sifted.marks]
        marks = [m for m in marks if m.line - first not in sifted.skipped]
        self.faults += [self._fault(m, names) for m in sorted(marks, key=lambda m: (m.line, m.column or 0))]
        unseen = [at for at in sheet.hidden if first <= at < cells.num_rows and at - first not in sifted.skipped]
        if unseen:
            listed = ", ".join(str(self.lines[at]) for at in unseen[:10])
            said = f"{len(unseen)} (baris {listed}{', …' if len(unseen) > 10 else ''})"
            self.faults.append(Fault("BARIS_TERSEMBUNYI", sheet.name, nilai=said))
        self.rows, self.skipped = self._split(body, first, sifted.skipped, names)

    def _fault(self, mark: Mark, names: dict[int, str]) -> Fault:
        kolom = names.get(mark.column) if mark.column is not None else None
        return Fault(mark.kode, self.sheet.name, self.lines[mark.line].as_py(), kolom, shorten(mark.nilai))

    def _top(self, first: int, heading: Heading | None) -> pa.Table:
        """The lines above the data: the header itself (KEPALA) and what stands around it (PEMBUKA)."""
        texts = _as_text(self.sheet.cells.slice(0, first), first).to_pylist()
        for mark in self.sheet.marks:
            if mark.line < first and mark.kode == "BARIS_KELEBIHAN_SEL":
                texts[mark.line] = " | ".join(filter(None, (texts[mark.line], mark.nilai)))
        at = [i for i, text in enumerate(texts) if text]
        rows = [("KEPALA" if heading and i >= heading.line else "PEMBUKA", self.lines[i].as_py(), texts[i]) for i in at]
        if self.sheet.envelope:
            rows.append(("PEMBUKA", None, self.sheet.envelope))
        kinds, lines, texts = map(list, zip(*rows, strict=True)) if rows else ([], [], [])
        table = self._placed(pa.chunked_array([pa.array(lines, pa.int64())]))
        table = table.append_column("jenis", pa.array(kinds, pa.string()))
        return table.append_column("teks", pa.array(texts, pa.string()))

    def _split(
        self, body: pa.Table, first: int, skipped: dict[int, str], names: dict[int, str]
    ) -> tuple[pa.Table, pa.Table]:
        lines = self.lines.slice(first)
        at = pa.array(sorted(skipped), pa.int64())
        aside = self._placed(lines.take(at))
        aside = aside.append_column("alasan", pa.array([skipped[i] for i in sorted(skipped)], pa.string()))
        aside = aside.append_column("teks", _as_text(body.take(at), len(at)))
        rows = body.select(list(names)).rename_columns(list(names.values()))
        if skipped:
            keep = pc.invert(pc.is_in(pa.array(np.arange(body.num_rows)), at))
            rows, lines = rows.filter(keep), lines.filter(keep)
        placed = self._placed(lines)
        for key in _OWN:
            rows = rows.append_column(key, placed[key])
        return rows, aside

    def _placed(self, lines: pa.ChunkedArray) -> pa.Table:
        return pa.table({"_lembar": pa.array([self.sheet.name] * len(lines), pa.string()), "_baris": lines})


def _assemble(found: Sheets, spellings: Mapping[str, str], wanted: tuple[str, ...]) -> Reading:
    faults = list(found.faults)
    headings = [_heading(sheet, spellings) for sheet in found.sheets]
    best = max((h.score for h in headings if h), default=0)
    parts: list[_Part] = []
    for sheet, heading in zip(found.sheets, headings, strict=True):
        # A page of instructions may mention a column or two; a sheet of data names about as many as its best sister.
        if best and (heading is None or 2 * heading.score < best):
            faults.append(Fault("LEMBAR_DILEWATI", sheet.name, nilai=f"{sheet.cells.num_rows} baris"))
        else:
            parts.append(_Part(sheet, heading, wanted))
    if not parts and not faults:
        raise Refused("BERKAS_KOSONG")
    return _join(parts, faults)


def _heading(sheet: Sheet, spellings: Mapping[str, str]) -> Heading | None:
    if sheet.head is not None:
        return Heading(0, sheet.head, tuple(spellings.get(folded(key)) for key in sheet.head))
    top = [list(row.values()) for row in sheet.cells.slice(0, DEPTH).to_pylist()]
    return find_heading(top, sheet.merges, spellings)


def _is_numbering(cells: pa.Table, line: int) -> bool:
    """Whether this line below the header only numbers the columns, `(1) (2) (3)`, as BPS tables do."""
    texts = [text.strip() for text in cells.slice(line, 1).to_pylist()[0].values() if text]
    return len(texts) > 1 and texts == [f"({i})" for i in range(1, len(texts) + 1)]


def _fill_merges(cells: pa.Table, merges: Sequence, first: int) -> tuple[pa.Table, list[Mark]]:
    """Merged data cells filled downwards: a value merged over three rows holds for each of them."""
    marks: list[Mark] = []
    changed: dict[int, list[str | None]] = {}
    for merge in merges:
        bottom = min(merge.bottom, cells.num_rows - 1)
        if merge.top < first or bottom <= merge.top or merge.left >= cells.num_columns:
            continue
        column = changed.setdefault(merge.left, cells.column(merge.left).to_pylist())
        value = column[merge.top]
        if value is None:
            continue
        column[merge.top : bottom + 1] = [value] * (bottom + 1 - merge.top)
        marks.append(Mark("SEL_GABUNGAN_DIISI", merge.top, merge.left, value))
    for at, column in changed.items():
        cells = cells.set_column(at, str(at), pa.array(column, pa.string()))
    return cells, marks


def _as_text(lines: pa.Table, count: int) -> pa.ChunkedArray:
    """The cells of each line in one text, empty ones left out; without cells Arrow forgets how many lines there are."""
    start = pa.chunked_array([pa.array([""] * count, pa.string())])
    # Without a first text for every line, Arrow 26 leaves out lines of nothing but NULL and returns too few.
    texts = pc.binary_join_element_wise(start, *lines.columns, " | ", null_handling="skip")
    return pc.utf8_replace_slice(texts, 0, 3, "")


def _join(parts: list[_Part], faults: list[Fault]) -> Reading:
    place = [("_lembar", pa.string()), ("_baris", pa.int64())]
    text = pa.string()
    skipped = [pa.schema([*place, ("alasan", text), ("teks", text)]).empty_table(), *(p.skipped for p in parts)]
    preamble = [pa.schema([*place, ("jenis", text), ("teks", text)]).empty_table(), *(p.preamble for p in parts)]
    rows = [p.rows for p in parts] or [pa.schema(place).empty_table()]
    headers: dict[str, str] = {}
    for part in parts:
        headers |= {name: text for name, text in part.headers.items() if name not in headers}
    return Reading(
        rows=pa.concat_tables(rows, promote_options="default"),
        skipped=pa.concat_tables(skipped),
        preamble=pa.concat_tables(preamble),
        faults=(*faults, *(fault for part in parts for fault in part.faults)),
        rows_in=sum(part.rows_in for part in parts),
        headers=headers,
    )
