"""ninjs items → an Atom feed (RFC 4287) with media: enclosures, thumbnails (Media RSS), and what was taken back
(RFC 6721).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

ATOM = "http://www.w3.org/2005/Atom"
MEDIA = "http://search.yahoo.com/mrss/"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
THUMBNAILS = ("kecil", "poster", "gelombang")
NEVER = "1970-01-01T00:00:00Z"
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters XML 1.0 cannot hold, however they are written."""

Item = Mapping[str, Any]


def feed(items: Sequence[Item], *, changed: str, own: str, item: Callable[[str], str]) -> bytes:
    """The feed of these items, newest first; `own` is its address, `item` gives that of an item by its name."""
    for prefix, space in (("", ATOM), ("media", MEDIA), ("at", TOMBSTONES)):
        ElementTree.register_namespace(prefix, space)
    root = ElementTree.Element(f"{{{ATOM}}}feed")
    query = own.partition("?")[2]
    _add(root, "id", f"urn:spit:umpan:{hashlib.sha256(query.encode()).hexdigest()[:32]}")
    _add(root, "title", "SPIT: bahan kehumasan untuk umum")
    _add(root, "updated", changed or NEVER)
    _add(root, "link", rel="self", type="application/atom+xml", href=own)
    for each in items:
        if each["pubStatus"] == "usable":
            _entry(root, each, item)
        else:
            ElementTree.SubElement(
                root, f"{{{TOMBSTONES}}}deleted-entry", {"ref": each["uri"], "when": each["versionCreated"]}
            )
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _entry(root: ElementTree.Element, item: Item, address: Callable[[str], str]) -> None:
    entry = ElementTree.SubElement(root, f"{{{ATOM}}}entry")
    _add(entry, "id", item["uri"])
    _add(entry, "title", next((each["value"] for each in item.get("headlines", ())), item["uri"]))
    _add(entry, "updated", item["versionCreated"])
    _add(entry, "published", item["firstCreated"])
    _add(_add(entry, "author"), "name", item.get("by", item.get("copyrightHolder", "")))
    _add(entry, "rights", item.get("usageTerms", ""))
    for subject in item.get("subjects", ()):
        _add(entry, "category", term=subject["literal"], label=subject["name"])
    captions = [each["value"] for each in item.get("descriptions", ()) if each["role"] == "caption"]
    if captions:
        _add(entry, "summary", captions[0])
    for body in item.get("bodies", ()):
        _add(entry, "content", body["value"])
    _add(entry, "link", rel="alternate", type="application/json", href=address(item["uri"]))
    for each in item.get("renditions", ()):
        size = {"width": each.get("width"), "height": each.get("height")}
        shown = {name: str(value) for name, value in size.items() if value}
        if each["name"] in THUMBNAILS:
            ElementTree.SubElement(entry, f"{{{MEDIA}}}thumbnail", {"url": each["href"], **shown})
        else:
            length = str(each.get("sizeInBytes", 0))
            _add(entry, "link", rel="enclosure", type=each["contentType"], length=length, href=each["href"])


def _add(parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str) -> ElementTree.Element:
    made = ElementTree.SubElement(parent, f"{{{ATOM}}}{name}", {k: _clean(v) for k, v in attributes.items()})
    made.text = None if text is None else _clean(text)
    return made


def _clean(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)
