"""The IPTC Photo Metadata core and its two block formats, IIM and XMP: read from bytes, written to bytes.

Sources: IPTC Photo Metadata Standard 2025.1 (which property lives where), IIM 4.2 (record 2), XMP part 1.
"""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

Values = dict[str, list[str]]


@dataclass(frozen=True)
class Property:
    """Where one property of the IPTC core lives: XMP name and form, IIM dataset of record 2, EXIF tag."""

    xmp: str
    form: Literal["text", "Alt", "Bag", "Seq"] = "text"
    iim: int | None = None
    exif: int | None = None


PROPERTIES: Mapping[str, Property] = {
    "judul": Property("dc:title", "Alt", 5),
    "tajuk": Property("photoshop:Headline", "text", 105),
    "keterangan": Property("dc:description", "Alt", 120, 0x010E),
    "kata_kunci": Property("dc:subject", "Bag", 25),
    "pembuat": Property("dc:creator", "Seq", 80, 0x013B),
    "jabatan_pembuat": Property("photoshop:AuthorsPosition", "text", 85),
    "diambil_pada": Property("photoshop:DateCreated", "text", 55, 0x9003),
    "sublokasi": Property("Iptc4xmpCore:Location", "text", 92),
    "kota": Property("photoshop:City", "text", 90),
    "provinsi": Property("photoshop:State", "text", 95),
    "negara": Property("photoshop:Country", "text", 101),
    "kode_negara": Property("Iptc4xmpCore:CountryCode", "text", 100),
    "lokasi_dibuat": Property("Iptc4xmpExt:LocationCreated", "Bag"),
    "lokasi_ditampilkan": Property("Iptc4xmpExt:LocationShown", "Bag"),
    "kredit": Property("photoshop:Credit", "text", 110),
    "sumber": Property("photoshop:Source", "text", 115),
    "hak_cipta": Property("dc:rights", "Alt", 116, 0x8298),
    "ketentuan_pakai": Property("xmpRights:UsageTerms", "Alt"),
    "petunjuk": Property("photoshop:Instructions", "text", 40),
    "kode_penugasan": Property("photoshop:TransmissionReference", "text", 103),
    "kode_subjek": Property("Iptc4xmpCore:SubjectCode", "Bag", 12),
    "kode_adegan": Property("Iptc4xmpCore:Scene", "Bag"),
    "orang": Property("Iptc4xmpExt:PersonInImage", "Bag"),
    "organisasi": Property("Iptc4xmpExt:OrganisationInImageName", "Bag"),
    "peristiwa": Property("Iptc4xmpExt:Event", "Alt"),
    "sumber_digital": Property("Iptc4xmpExt:DigitalSourceType"),
    "penambangan_data": Property("plus:DataMining"),
    "teks_alternatif": Property("Iptc4xmpCore:AltTextAccessibility", "Alt"),
    "deskripsi_panjang": Property("Iptc4xmpCore:ExtDescrAccessibility", "Alt"),
    "pemasok": Property("plus:ImageSupplier", "Seq"),
}

_SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
}
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_IIM_TIME_CREATED = 60
_IIM_UTF8 = b"\x1b%G"
_LONGEST = 4_000  # characters kept of one value


def clean(text: str) -> str:
    """Printable text: no NUL, control or unpaired surrogate, at most 4,000 characters."""
    kept = (" " if char.isspace() else char for char in text[:_LONGEST] if char.isprintable() or char.isspace())
    return "".join(kept).strip()


def decoded(text: bytes) -> str:
    """Text whose encoding nothing names: UTF-8 where it reads as such, else Windows-1252."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("cp1252", "replace")


def read_iim(block: bytes) -> Values:
    """Record 2 of an IIM block. Text is UTF-8 where the block says so or it reads as such, else Windows-1252."""
    found: dict[int, list[bytes]] = {}
    encoding = ""
    at = 0
    while at + 5 <= len(block) and block[at] == 0x1C:
        record, dataset, size = block[at + 1], block[at + 2], int.from_bytes(block[at + 3 : at + 5], "big")
        if size > 0x7FFF or at + 5 + size > len(block):  # extended sizes carry objects, never our texts
            raise ValueError("IIM dataset beyond its block")
        value = block[at + 5 : at + 5 + size]
        at += 5 + size
        if (record, dataset) == (1, 90) and value == _IIM_UTF8:
            encoding = "utf-8"
        elif record == 2:
            found.setdefault(dataset, []).append(value)

    def text(value: bytes) -> str:
        return clean(value.decode(encoding, "replace") if encoding else decoded(value))

    values: Values = {}
    for name, place in PROPERTIES.items():
        if place.iim and (texts := [text(value) for value in found.get(place.iim, [])]) and any(texts):
            values[name] = [one for one in texts if one]
    if "diambil_pada" in values:
        time = text(found.get(_IIM_TIME_CREATED, [b""])[0])
        values["diambil_pada"] = [_iim_instant(values["diambil_pada"][0], time)]
    return values


def _iim_instant(day: str, time: str) -> str:
    """CCYYMMDD and HHMMSS±HHMM → ISO 8601."""
    date = f"{day[:4]}-{day[4:6]}-{day[6:8]}"
    if len(time) < 6:
        return date
    zone = f"{time[6:9]}:{time[9:11]}" if len(time) == 11 else ""
    return f"{date}T{time[:2]}:{time[2:4]}:{time[4:6]}{zone}"


def iim_block(values: Mapping[str, str]) -> bytes:
    """IIM in UTF-8. Of `diambil_pada` the day is written, as YYYY-MM-DD or longer."""
    datasets = [b"\x1c\x01\x5a\x00\x03" + _IIM_UTF8]
    for name, value in values.items():
        number = PROPERTIES[name].iim
        if number is None:
            raise ValueError(f"{name} has no home in IIM")
        data = (value[:10].replace("-", "") if name == "diambil_pada" else value).encode()
        datasets.append(bytes((0x1C, 2, number)) + len(data).to_bytes(2, "big") + data)
    return b"".join(datasets)


class _NoDoctype(ElementTree.TreeBuilder):
    """XMP needs no document type; without one there are no entities, inner or outer."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError(f"XMP with a document type: {name} {pubid} {system}")


def read_xmp(packet: bytes) -> Values:
    """Our properties of an XMP packet, written as attributes or elements. Structures become "a, b, c"."""
    packet = packet.strip(b"\0 \t\r\n")  # JPEG pads it, some TIFF writers end it with NUL
    if not packet:
        return {}
    tree = ElementTree.fromstring(packet, ElementTree.XMLParser(target=_NoDoctype()))  # noqa: S314 (entities refused)
    known = {_qualified(place.xmp): name for name, place in PROPERTIES.items()}
    values: Values = {}
    for description in tree.iter(f"{_RDF}Description"):
        for tag, text in description.attrib.items():
            if tag in known and (one := clean(text)):
                values.setdefault(known[tag], []).append(one)
        for element in description:
            if element.tag in known and (texts := list(_texts(element))):
                values.setdefault(known[element.tag], []).extend(texts)
    return values


def _texts(element: ElementTree.Element) -> Iterator[str]:
    container = next((child for child in element if child.tag in {f"{_RDF}Alt", f"{_RDF}Bag", f"{_RDF}Seq"}), None)
    items = [element] if container is None else list(container)
    if container is not None and container.tag == f"{_RDF}Alt":
        items = items[:1]  # the default language comes first
    for item in items:
        resource = item.get(f"{_RDF}resource")
        leaves = [clean(part) for part in ([resource] if resource else item.itertext())]
        leaves += [clean(text) for part in item.iter() for tag, text in part.attrib.items() if not _is_syntax(tag)]
        if joined := ", ".join(leaf for leaf in leaves if leaf):
            yield joined


def _is_syntax(attribute: str) -> bool:
    return attribute.startswith((_RDF, _XML))


def _qualified(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{_SPACES[prefix]}}}{local}"


def xmp_packet(values: Mapping[str, str]) -> bytes:
    """An XMP packet of these properties, one value each."""
    lines = []
    for name, value in values.items():
        place, text = PROPERTIES[name], html.escape(clean(value), quote=False)
        if place.form != "text":
            language = ' xml:lang="x-default"' if place.form == "Alt" else ""
            text = f"<rdf:{place.form}><rdf:li{language}>{text}</rdf:li></rdf:{place.form}>"
        lines.append(f"<{place.xmp}>{text}</{place.xmp}>")
    spaces = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in _SPACES.items() if f"<{prefix}:" in "".join(lines))
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{_RDF[1:-1]}"><rdf:Description rdf:about=""{spaces}>{"".join(lines)}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()
