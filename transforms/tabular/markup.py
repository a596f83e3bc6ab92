from collections.abc import Callable
from xml.parsers import expat

from transforms.tabular.reading import Refused

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


def parse(xml: bytes, start: Start, end: End | None = None, text: Text | None = None) -> None:
    """Walk an XML part, names without their prefixes; a document type declaration (entity bombs) is refused."""

    def begin(name: str, attributes: dict[str, str]) -> None:
        start(_local(name), {_local(key): value for key, value in attributes.items()})

    def refuse(*_: object) -> None:
        raise Refused("ARSIP_BOM", "DOCTYPE")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = begin
    if end:
        parser.EndElementHandler = lambda name: end(_local(name))
    if text:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # the last two: an encoding Python or expat lacks
        raise Refused("BERKAS_TABEL_TIDAK_TERBACA", str(error)) from error


def _local(name: str) -> str:
    return name.rpartition(":")[2]
