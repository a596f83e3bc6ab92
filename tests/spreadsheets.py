"""Workbooks for the reader tests: built by openpyxl, or by hand where a case needs what no library writes."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

import openpyxl

_ODS_SPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"))
)


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)  # without the moment of writing
    return out.getvalue()


def altered(workbook: bytes, changes: Mapping[str, bytes | str | None]) -> bytes:
    """The same container with some members put in, exchanged, or (None) left out."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        members: dict[str, bytes | str | None] = {name: archive.read(name) for name in archive.namelist()}
    members |= changes
    return zipped({name: content for name, content in members.items() if content is not None})


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xlsx(rows: Sequence[Sequence[object]], title: str = "Data") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    return saved(book)


def sheet_xml(data: str, head: str = "") -> str:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?>{head}<worksheet xmlns="{space}"><sheetData>{data}</sheetData></worksheet>'


def shared(texts: Sequence[str], count: int | None = None) -> bytes:
    """A workbook of one column whose texts lie in the list of shared strings, as Excel itself keeps them."""
    items = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    count = len(texts) if count is None else count
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cells = "".join(f'<row r="{i + 1}"><c r="A{i + 1}" t="s"><v>{i}</v></c></row>' for i in range(len(texts)))
    strings = f'<sst xmlns="{space}" count="{count}" uniqueCount="{count}">{items}</sst>'
    return altered(xlsx([]), {"xl/worksheets/sheet1.xml": sheet_xml(cells), "xl/sharedStrings.xml": strings})


def ods(
    rows: Sequence[Sequence[object]] = (), title: str = "Data", *, body: str | None = None, head: str = ""
) -> bytes:
    """An ODS; `body` is the inside of its one table where rows of plain values are not enough."""
    if body is None:
        body = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<office:document-content {_ODS_SPACES}><office:body>'
        f"<office:spreadsheet><table:table table:name={quoteattr(title)}>{body}</table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": content,
        }
    )


def ods_cell(value: object, attributes: str = "") -> str:
    if value is None or value == "":
        return f"<table:table-cell {attributes}/>"
    if isinstance(value, int | float):
        return (
            f'<table:table-cell {attributes} office:value-type="float" office:value="{value}">'
            f"<text:p>{value}</text:p></table:table-cell>"
        )
    lines = "".join(f"<text:p>{_spaced(line)}</text:p>" for line in str(value).split("\n"))
    return f'<table:table-cell {attributes} office:value-type="string">{lines}</table:table-cell>'


def _spaced(line: str) -> str:
    return escape(line).replace("\t", "<text:tab/>").replace(" ", "<text:s/>")
