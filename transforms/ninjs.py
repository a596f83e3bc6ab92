"""Items of a story → ninjs 3.1 (IPTC): one for each text, photo, video and recording, and one for what was taken back.

Addresses within are names: `urn:spit:konten:…` an item, `urn:spit:berkas:…` a file by its place beside the catalogue,
`urn:spit:dataset:…` a table. Whoever serves them puts a link in place of a file's name (`linked`). The profile (which
properties, in which words) is ours; class, holds and the like have no home in ninjs and stay out of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from typing import Any
from urllib.parse import quote

from schemas import reference
from schemas.dataset import datasets, tables
from transforms import copies
from transforms.publik import LICENCES

RECIPE = 2
"""Goes up when the same row would become another item."""

STANDARD = {
    "name": "ninjs",
    "version": "3.1",
    "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json",
}
TYPES = {"teks": "text", "foto": "picture", "video": "video", "audio": "audio"}
"""Kind of a dataset → type of its items."""
FILE = "urn:spit:berkas:"
ODRL = "http://www.w3.org/ns/odrl/2/"
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
LAW_ENFORCEMENT = "http://cv.iptc.org/newscodes/mediatopic/20000129"
TOPICS: dict[str | None, str] = {"KAMTIBMAS": LAW_ENFORCEMENT, "PENEGAKAN_HUKUM": LAW_ENFORCEMENT}
"""Ours → IPTC media topic, where one is known to fit."""

Row = Mapping[str, Any]
Item = dict[str, Any]


def identity(dataset: str, key: str) -> str:
    """What an item is called in every version: 32 hexadecimal digits that tell nothing of it once it is gone."""
    return hashlib.sha256(f"{dataset}\x1f{key}".encode()).hexdigest()[:32]


def kind(dataset: str) -> str:
    """teks, foto, video or audio; nothing for a dataset there is no standard of any more."""
    return datasets()[dataset].kind if dataset in datasets() else ""


def uri(dataset: str, key: str) -> str:
    """The stable name of an item."""
    return f"urn:spit:konten:{identity(dataset, key)}"


def item(row: Row) -> Item:
    """A row of `stories.items` as a ninjs item, but for what `stamped` adds."""
    language = row["bahasa"] or "id"
    told: Item = {
        "uri": uri(row["dataset"], row["_kunci"]),
        "standard": STANDARD,
        "type": TYPES[kind(row["dataset"])],
        "representationType": "full",
        "pubStatus": "usable",
        "urgency": 1 if row["klasifikasi_informasi"] == "SERTA_MERTA" else None,
        "language": language,
        "contentCreated": row["direkam_pada"] and _instant(row["direkam_pada"], row),
        "embargoedUntil": row["embargo_sampai"] and _instant(row["embargo_sampai"], row),
        "expires": row["berakhir_tanggal"] and _end_of(row["berakhir_tanggal"]),
        "headlines": [_plain("main", row["judul"])],
        "descriptions": [_plain("caption", row["keterangan"]), _plain("alt", row["teks_alternatif"])],
        "bodies": [_body(row)],
        "by": row["kredit"],
        "copyrightHolder": _satker(row["kode_satker"]),
        "copyrightNotice": row["hak_cipta"] or row["kredit"],
        "usageTerms": terms(row),
        "rightsInfo": _rights(row["lisensi"]),
        "organisations": [
            {
                "name": _satker(row["kode_satker"]),
                "rel": "creator",
                "uri": _urn("satker", row["kode_satker"]),
            }
        ],
        "places": [_place(row["kode_wilayah"])],
        "subjects": [_topic(row["topik"])],
        "events": [row["peristiwa"] and {"name": row["peristiwa"], "uri": _urn("peristiwa", row["peristiwa"])}],
        "genres": [_coded("teks", "genre", row["genre"])],
        "infoSources": [
            {"name": each["kredit"], "role": "turunan_dari", "uri": uri(each["dataset"], each["kunci"])}
            for each in row["asal"] or ()
        ],
        "digitalSourceType": row["sumber_digital"]
        and {
            "name": _label("foto", "sumber_digital", row["sumber_digital"]),
            "uri": SOURCE + quote(row["sumber_digital"]),
        },
        "renditions": [_rendition(each) for each in row["rendisi"] or ()],
        "associations": _associations(row),
        "altIds": [
            {"role": "nomor", "value": row["nomor"]},
            row["sha256"] and {"role": "sha256", "value": row["sha256"]},
        ],
    }
    return _without_nothing(told)


def terms(row: Row) -> str | None:
    """Under which terms an item may be used, in words."""
    return copies.usage_terms(row["lisensi"], row["ketentuan_pakai"], row["kelas_pemakaian"])


def stamped(content: Item, *, version: int, first: datetime, changed: datetime, satker: str) -> Item:
    """An item with its version, and when its first and this version were made, in the satker's own time."""
    head = {name: content[name] for name in ("uri", "standard", "type") if name in content}
    times = {"firstCreated": _local(first, satker), "versionCreated": _local(changed, satker)}
    return {**head, "version": str(version), **times, **content}


def canceled(name: str, dataset: str, *, version: int, first: datetime, changed: datetime, satker: str) -> Item:
    """What is left to say of an item that is public no more: that it is not to be used. Nothing of what it was."""
    content: Item = {"uri": name, "standard": STANDARD, "type": TYPES.get(kind(dataset)), "pubStatus": "canceled"}
    content = _without_nothing(content)
    return stamped(content, version=version, first=first, changed=changed, satker=satker)


def linked(content: Item, link: Callable[[str], str]) -> Item:
    """The item with links to its renditions: `link` gives the address of a file by its place beside the catalogue."""
    renditions = [
        {**each, "href": link(each["href"].removeprefix(FILE))} if each.get("href", "").startswith(FILE) else each
        for each in content.get("renditions", ())
    ]
    return {**content, **({"renditions": renditions} if renditions else {})}


def _associations(row: Row) -> list[Item]:
    """The others of its event (a text names all, a medium the texts), what it retells, and the figures it cites."""
    retold = {(each["dataset"], each["kunci"]) for each in row["asal"] or ()}
    mates = [each for each in row["seperistiwa"] or () if (each["dataset"], each["kunci"]) not in retold]
    found = [_other(each, "turunan_dari") for each in row["asal"] or ()]
    found += [_other(each, "peristiwa") for each in mates]
    figures = [name for name in row["angka"] or () if name in tables()]
    return found + [
        {"name": tables()[name].title, "uri": f"urn:spit:dataset:{name}", "rel": "data_dikutip"} for name in figures
    ]


def _other(each: Row, rel: str) -> Item:
    return {
        "name": each["judul"] or each["kunci"],
        "uri": uri(each["dataset"], each["kunci"]),
        "rel": rel,
        "type": TYPES[kind(each["dataset"])],
    }


def _body(row: Row) -> Item | None:
    text = row["isi"]
    if not text:
        return None
    counts = {"charCount": len(text), "wordCount": len(text.split())}
    return {"role": (row["ragam"] or "RESMI").lower(), "contentType": "text/plain", "value": text, **counts}


def _plain(role: str, text: str | None) -> Item | None:
    return {"role": role, "contentType": "text/plain", "value": text} if text else None


def _rendition(each: Row) -> Item:
    return {
        "name": each["peran"],
        "href": FILE + quote(each["berkas"]),
        "contentType": each["tipe_media"],
        "width": each["lebar_px"],
        "height": each["tinggi_px"],
        "sizeInBytes": each["ukuran_byte"],
        "duration": each["durasi_ms"] and each["durasi_ms"] / 1000,
    }


def _rights(code: str) -> Item | None:
    return {"langId": ODRL, "linkedRights": LICENCES[code].url} if code in LICENCES else None


def _topic(code: str | None) -> Item | None:
    coded = _coded("teks", "topik", code)
    return coded and {**coded, "rel": "about", "uri": TOPICS.get(code)}


def _coded(table: str, column: str, code: str | None) -> Item | None:
    return {"name": _label(table, column, code), "literal": f"spit:{column}:{code}"} if code else None


def _label(table: str, column: str, code: str) -> str:
    return dict(tables()[table].field(column).categories).get(code, code)


def _place(code: str | None) -> Item | None:
    if not code:
        return None
    authority = f"{reference.WILAYAH_OTORITAS.lower()}:{reference.WILAYAH_VINTAGE}"
    return {"name": _regions().get(code), "rel": "event", "literal": f"{authority}:{code}"}


@cache
def _regions() -> dict[str, str]:
    listed = reference.columns("wilayah")
    return dict(zip(listed["kode"].to_pylist(), listed["nama"].to_pylist(), strict=True))


def _satker(code: str) -> str:
    return reference.satker().get(code, {}).get("nama", code)


def _urn(kind: str, name: str) -> str:
    return f"urn:spit:{kind}:{quote(name, safe='/')}"


def _instant(at: datetime, row: Row) -> str:
    return _local(at, row["kode_satker"])


def _local(at: datetime, satker: str) -> str:
    hours = reference.offset(satker) if satker in reference.satker() else "+07:00"
    return at.astimezone(timezone(timedelta(hours=int(hours[:3])))).isoformat()


def _end_of(day: date) -> str:
    """The end of a last day: where the day ends first, in the east (`transforms/pemakaian.py`)."""
    return datetime.combine(day + timedelta(days=1), time(), timezone(timedelta(hours=9))).isoformat()


def _without_nothing(value: Any) -> Any:
    """The same without what is empty at any depth."""
    if isinstance(value, dict):
        kept = ((key, _without_nothing(each)) for key, each in value.items())
        return {key: each for key, each in kept if each not in (None, [], {})}
    if isinstance(value, list):
        return [each for each in map(_without_nothing, value) if each not in (None, [], {})]
    return value
