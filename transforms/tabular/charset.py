import codecs
import re

from transforms.tabular.reading import Fault, Refused

MARK = codecs.BOM_UTF8

# Order matters: the UTF-32 mark begins with the UTF-16 one.
_MARKS = (
    (MARK, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1a")
_SAMPLE = 1 << 16


def to_utf8(data: bytes) -> tuple[bytes, tuple[Fault, ...]]:
    """Text in UTF-8/16/32 or cp1252 as clean UTF-8: no byte order mark, line ends `\\n`, unreadable bytes U+FFFD.

    The replacement characters are reported later, cell by cell. Guessing cp1252 is reported here.
    """
    encoding, mark = next(((name, mark) for mark, name in _MARKS if data.startswith(mark)), (None, b""))
    faults: tuple[Fault, ...] = ()
    data = data[len(mark) :]
    if encoding is None:
        encoding = _guess(data)
        if encoding == "cp1252":
            faults = (Fault("SANDI_DITEBAK", nilai="cp1252"),)
    if encoding != "utf-8" or not _is_utf8(data):
        data = data.decode(encoding, "replace").encode("utf-8", "replace")
    if _looks_binary(data[:_SAMPLE]):
        raise Refused("FORMAT_TIDAK_DIKENAL", "biner")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\0" in data:
        data = data.replace(b"\0", "\ufffd".encode())
    return data.removesuffix(b"\x1a"), faults  # \x1a: how DOS programs end a text file


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guess(data: bytes) -> str:
    sample = data[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > 0.4 * len(sample) / 2 and min(even, odd) < 0.05 * len(sample) / 2:
        return "utf-16-le" if odd > even else "utf-16-be"
    if _is_utf8(data):
        return "utf-8"
    # Damaged UTF-8 still shows whole multi-byte characters; cp1252 read as UTF-8 shows next to none.
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    whole = len(re.findall(r"[^\x00-\x7f\ufffd]", text))
    return "utf-8" if whole >= damaged else "cp1252"


def _looks_binary(sample: bytes) -> bool:
    return len(sample) - len(sample.translate(None, _CONTROLS)) > 0.05 * len(sample)
