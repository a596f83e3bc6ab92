"""The text of a PDF or DOCX (runs in the sandbox, see decode.py). Scanned pages have none: nothing reads pictures."""

import zipfile
from pathlib import Path
from typing import Any
from xml.parsers import expat

from transforms.media.decode import DOCX_PART, DamagedError, TooLargeError, UnsupportedError

LONGEST = 80_000
"""Characters kept of one document's text."""

_PDF_END, _PDF_TAIL = b"%%EOF", 1024  # ISO 32000-1 annex H: readers look for the end marker in the last 1,024 bytes
_ZIP_BLOCK = 1 << 20
_WORD = {  # ECMA-376 part 1, 17: as most write it, and strict
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
}
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_AGAIN = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"
"""What has come before, such as a text box, once more for older programs."""


def pdf(path: Path) -> dict[str, Any]:
    """Pages and text. Finds a cut-off end and a broken page tree; misses damage in what no text needs."""
    from pypdf import PdfReader
    from pypdf.errors import FileNotDecryptedError, LimitReachedError, PyPdfError

    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _PDF_TAIL))
        if _PDF_END not in file.read():
            raise DamagedError("PDF tanpa penanda akhir")
        text = _Text()
        try:
            reader = PdfReader(file)
            for page in reader.pages:
                text.add(page.extract_text())
                if text.full:
                    break
            return {"halaman": len(reader.pages), "teks": text.whole()}
        except FileNotDecryptedError as error:
            raise UnsupportedError("PDF dikunci kata sandi") from error
        except LimitReachedError as error:  # a page that unpacks to more than pypdf gives
            raise TooLargeError(str(error)) from error
        except PyPdfError as error:
            raise DamagedError(str(error)) from error


def docx(path: Path) -> dict[str, Any]:
    """The text, a paragraph a line. Reads the part against its checksum, in blocks: swelling costs time only."""
    text = _Text()
    parser = expat.ParserCreate(namespace_separator=" ")
    inside, again = False, 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside, again
        again += name == _AGAIN
        tag = _tag(name) if not again else ""
        inside = tag == "t"
        if not attributes or tag == "br":  # a tab stop is called as a tab is, and has a place
            text.extend(_SIGNS.get(tag, ""))

    def end(name: str) -> None:
        nonlocal inside, again
        inside = False
        if not again and _tag(name) == "p":
            text.add("")
        again -= name == _AGAIN

    def characters(data: str) -> None:
        if inside:
            text.extend(data)

    def doctype(*_: object) -> None:
        raise DamagedError("DOCX dengan jenis dokumen")  # needs none; without one there are no entities

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, doctype
    with zipfile.ZipFile(path) as archive, archive.open(_main_part(archive)) as part:
        try:
            while block := part.read(_ZIP_BLOCK):
                parser.Parse(block)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise DamagedError(f"XML: {error}") from error
    return {"teks": text.whole()}


def _main_part(archive: zipfile.ZipFile) -> str:
    """Word on the web numbers it: `word/document2.xml`."""
    for name in archive.namelist():
        if DOCX_PART.fullmatch(name.encode()):
            return name
    raise DamagedError("DOCX tanpa dokumen")


def _tag(name: str) -> str:
    """The name of an element of the word processor's; empty for any other."""
    space, _, tag = name.rpartition(" ")
    return tag if space in _WORD else ""


class _Text:
    """Text as it grows, to at most LONGEST characters; a line each `add`."""

    def __init__(self) -> None:
        self._lines: list[str] = [""]
        self._length = 0

    @property
    def full(self) -> bool:
        return self._length >= LONGEST

    def extend(self, text: str) -> None:
        kept = "".join(c for c in text[: LONGEST - self._length] if c.isprintable() or c in "\n\t")
        self._lines[-1] += kept
        self._length += len(kept)

    def add(self, text: str) -> None:
        self.extend(text)
        self._lines.append("")
        self._length += 1

    def whole(self) -> str | None:
        return "\n".join(line.strip() for line in self._lines).strip() or None
