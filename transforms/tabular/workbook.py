"""XLSX → sheets of text. Calamine decodes the values; what it does not tell is read from the sheets' own XML."""

import datetime as dt
import io
import posixpath
import re
import zipfile
from collections.abc import Callable

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from transforms.tabular.archive import Archive
from transforms.tabular.cellstyles import CellStyles
from transforms.tabular.markup import parse
from transforms.tabular.reading import (
    Fault,
    Mark,
    Merge,
    Refused,
    Sheet,
    Sheets,
    number_text,
    tabulate,
)
from transforms.tabular.sheetxml import drop_counts, find_hidden, find_styled, find_uncomputed, make_safe, place

_BOOK, _RELS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_STYLES, _STRINGS = "xl/styles.xml", "xl/sharedStrings.xml"
_MACROS = re.compile(r"vbaproject\.bin$|^xl/macrosheets/", re.IGNORECASE)
_LINKS = re.compile(r"^xl/(externalLinks/|connections\.xml$|queryTables/)", re.IGNORECASE)


def read_workbook(archive: Archive, only: str | None = None) -> Sheets:
    """Visible worksheets, in order, or just the one called `only`; hidden ones are reported LEMBAR_DILEWATI.

    Refused: BUKU_BERMAKRO, BERKAS_TABEL_TIDAK_TERBACA, TABEL_TERLALU_BESAR, TERLALU_BANYAK_KOLOM and Archive's.
    """
    if any(_MACROS.search(name) for name in archive.files):
        raise Refused("BUKU_BERMAKRO")
    parts = _parts(archive)
    if b"macroEnabled" in parts["[Content_Types].xml"]:
        raise Refused("BUKU_BERMAKRO")
    places = _sheet_places(parts)
    if _STRINGS in parts:
        parts[_STRINGS] = drop_counts(parts[_STRINGS])
    for part in places.values():
        parts[part] = make_safe(parts[part])
    styles = CellStyles(parts.pop(_STYLES, None), from_1904=_counts_from_1904(parts[_BOOK]))
    faults = [Fault("TAUTAN_LUAR")] if any(_LINKS.match(name) for name in archive.files) else []
    sheets: list[Sheet] = []
    try:
        with CalamineWorkbook.from_filelike(_repack(parts)) as book:
            for sheet in book.sheets_metadata:
                if sheet.typ != SheetTypeEnum.WorkSheet or sheet.name not in places or only not in (None, sheet.name):
                    continue
                if sheet.visible != SheetVisibleEnum.Visible:
                    faults.append(Fault("LEMBAR_DILEWATI", sheet.name, nilai="tersembunyi"))
                    continue
                sheets.append(_read_sheet(book.get_sheet_by_name(sheet.name), parts[places[sheet.name]], styles))
    except (CalamineError, ValueError, OSError) as error:
        raise Refused("BERKAS_TABEL_TIDAK_TERBACA", str(error)) from error
    return Sheets(tuple(s for s in sheets if s.cells.num_rows), tuple(faults))


def _parts(archive: Archive) -> dict[str, bytes]:
    """The XML parts a table needs, inflated under the archive's budget, under their usual names."""
    by_fold = {name.casefold(): name for name in archive.files}
    wanted = ["[Content_Types].xml", "_rels/.rels", _BOOK, _RELS, _STYLES, _STRINGS]
    parts = {name: archive.read(by_fold[name.casefold()]) for name in wanted if name.casefold() in by_fold}
    for name in (_BOOK, _RELS):
        if name not in parts:
            raise Refused("BERKAS_TABEL_TIDAK_TERBACA", f"{name} tidak ada")
    for target in _targets(parts[_RELS]).values():
        if target.casefold() in by_fold and target not in parts:
            parts[target] = archive.read(by_fold[target.casefold()])
    for name, part in parts.items():
        if b"<!DOCTYPE" in part or b"<!ENTITY" in part:
            raise Refused("ARSIP_BOM", "DOCTYPE")
        if b"\0" in part[:200] or part.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Refused("BERKAS_TABEL_TIDAK_TERBACA", f"{name} bukan UTF-8")
    return parts


def _targets(rels: bytes) -> dict[str, str]:
    """Relation id → part, for the worksheets."""
    found: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("Type", "").endswith("/worksheet"):
            target = attributes.get("Target", "")
            found[attributes.get("Id", "")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")

    parse(rels, start)
    return found


def _sheet_places(parts: dict[str, bytes]) -> dict[str, str]:
    """Sheet name → part."""
    targets = _targets(parts[_RELS])
    found: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet" and targets.get(attributes.get("id", "")) in parts:
            found[attributes.get("name", "")] = targets[attributes["id"]]

    parse(parts[_BOOK], start)
    return found


def _counts_from_1904(book: bytes) -> bool:
    found = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal found
        found = found or (name == "workbookPr" and attributes.get("date1904") in ("1", "true"))

    parse(book, start)
    return found


def _repack(parts: dict[str, bytes]) -> io.BytesIO:
    """The checked parts and nothing else, so that the decoder never sees a byte we did not weigh."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for name, part in parts.items():
            packed.writestr(name, part)
    out.seek(0)
    return out


def _read_sheet(sheet: CalamineSheet, xml: bytes, styles: CellStyles) -> Sheet:
    rows = sheet.to_python(skip_empty_area=False) if sheet.start is not None else []
    _show_styled(rows, xml, styles)
    marks: list[Mark] = []
    texts = [_texts(column) for column in zip(*rows, strict=True)]
    for attributes, formula in find_uncomputed(xml):
        if at := place(attributes):
            _grow(texts, at)
            marks.append(Mark("NILAI_RUMUS_GALAT", *at, "=" + formula.decode("utf-8", "replace")))
    cells, lines = tabulate(texts, len(texts[0]) if texts else 0)
    merges = tuple(Merge(*top_left, *bottom_right) for top_left, bottom_right in sheet.merged_cell_ranges or ())
    _check_merges(merges, cells.num_rows, cells.num_columns)
    return Sheet(cells, lines, sheet.name, marks=tuple(marks), merges=merges, hidden=find_hidden(xml))


def _show_styled(rows: list[list], xml: bytes, styles: CellStyles) -> None:
    """Numbers under a style that shows something else, as that."""
    if not (indices := styles.pattern()):
        return
    shown: dict[tuple[float, bytes], str] = {}  # the same days come again and again
    for row, column, style in find_styled(xml, indices):
        if row < len(rows) and column < len(rows[row]) and type(value := rows[row][column]) is float:
            if (value, style) not in shown:
                shown[value, style] = styles.show(value, style)
            rows[row][column] = shown[value, style]


def _check_merges(merges: tuple[Merge, ...], rows: int, columns: int) -> None:
    """Merged ranges never overlap, so together they cover no more than the sheet."""
    covered = sum(
        max(0, min(m.bottom, rows - 1) - m.top + 1) * max(0, min(m.right, columns - 1) - m.left + 1) for m in merges
    )
    if covered > rows * columns:
        raise Refused("BERKAS_TABEL_TIDAK_TERBACA", "sel gabungan saling menindih")


def _grow(texts: list[list[str | None]], at: tuple[int, int]) -> None:
    """Room for a cell beyond the values: a formula that was never computed may be the last of its row or column."""
    rows = max(len(texts[0]) if texts else 0, at[0] + 1)
    texts += [[] for _ in range(at[1] + 1 - len(texts))]
    for column in texts:
        column.extend([None] * (rows - len(column)))


def _texts(column: tuple[object, ...]) -> list[str | None]:
    """A column as it is seen; the type of a cell is the type calamine found."""
    kinds = set(map(type, column))
    if kinds == {str}:
        return [value or None for value in column]  # type: ignore[misc] - all are text
    return [_TEXT[type(value)](value) for value in column]


def _duration(value: dt.timedelta) -> str:
    seconds = round(value.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_TEXT: dict[type, Callable[..., str | None]] = {
    str: lambda value: value or None,
    float: number_text,
    int: str,
    bool: lambda value: "true" if value else "false",
    dt.date: dt.date.isoformat,
    dt.datetime: dt.datetime.isoformat,
    dt.time: dt.time.isoformat,
    dt.timedelta: _duration,
}
