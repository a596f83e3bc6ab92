"""The words of the catalogue: DCAT-AP's context, the authority lists it points into, and terms described once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from transforms.publik import LICENCES, OPEN_CLASSES

Node = dict[str, Any]

EU = "http://publications.europa.eu/resource/authority"
IANA = "https://www.iana.org/assignments/media-types"
THEMES = "urn:spit:tema"
FREQUENCIES = {
    "HARIAN": "DAILY",
    "MINGGUAN": "WEEKLY",
    "BULANAN": "MONTHLY",
    "TRIWULANAN": "QUARTERLY",
    "EMPAT_BULANAN": "ANNUAL_3",
    "SEMESTERAN": "ANNUAL_2",
    "TAHUNAN": "ANNUAL",
    "HANYA_SEKALI": "NEVER",
}
FORMATS = {
    "csv": ("CSV", "text/csv"),
    "json": ("JSON", "application/json"),
    "parquet": ("PARQUET", "application/vnd.apache.parquet"),
}
"""What is distributed: the name in the EU file type list and the IANA media type."""

LICENCE_TYPES = {"CC-BY-4.0": "Attribution", "CC-BY-NC-4.0": "NonCommercialUseOnly"}

ACCESS = {"PUBLIC": "Terbuka untuk umum", "RESTRICTED": "Sebagian terbuka", "NON_PUBLIC": "Tidak untuk umum"}
"""Of the EU access rights list."""

CONTEXT: Node = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    **{
        term: {"@id": term, "@type": "@id"}
        for term in (
            *("dcat:accessURL", "dcat:contactPoint", "dcat:dataset", "dcat:distribution", "dcat:downloadURL"),
            *(
                "dcat:inSeries",
                "dcat:mediaType",
                "dcat:theme",
                "dcat:themeTaxonomy",
                "dcatap:availability",
                "dct:accessRights",
            ),
            *("dct:accrualPeriodicity", "dct:conformsTo", "dct:format", "dct:language", "dct:license"),
            *("dct:provenance", "dct:publisher", "dct:rights", "dct:spatial", "dct:temporal", "dct:type"),
            *("foaf:homepage", "skos:inScheme", "spdx:algorithm", "spdx:checksum", "vcard:hasURL"),
        )
    },
    **{
        term: {"@id": term, "@language": "id"}
        for term in (
            *("dcat:keyword", "dct:description", "dct:title", "foaf:name", "rdfs:label", "skos:prefLabel"),
            "vcard:fn",
        )
    },
    **{
        term: {"@id": term, "@type": type_}
        for term, type_ in (
            ("dcat:bbox", "geo:wktLiteral"),
            ("dcat:centroid", "geo:wktLiteral"),
            ("dcat:byteSize", "xsd:nonNegativeInteger"),
            ("dcat:startDate", "xsd:date"),
            ("dcat:endDate", "xsd:date"),
            ("dct:issued", "xsd:dateTime"),
            ("dct:modified", "xsd:dateTime"),
            ("spdx:checksumValue", "xsd:hexBinary"),
        )
    },
}


def access(classes: Collection[str]) -> str:
    """Which of ACCESS rows of these classes (UU 14/2008) have; a class we do not know is closed."""
    open_ = [each in OPEN_CLASSES for each in classes]
    return "PUBLIC" if all(open_) else "RESTRICTED" if any(open_) else "NON_PUBLIC"


@dataclass(frozen=True)
class Series:
    """Datasets that are published one by one and belong together (ours)."""

    name: str
    title: str
    description: str


SERIES = {
    "tabel": Series("statistik", "Statistik kehumasan", "Tabel statistik berkala, satu standar satu tabel."),
    "dip": Series("kip", "Keterbukaan informasi publik", "Daftar informasi publik dan yang dikecualikan (UU 14/2008)."),
    "rencana": Series("rencana", "Perencanaan data", "Daftar data dan jadwal rilis (Perpres 39/2019 Pasal 27)."),
    "acuan": Series("acuan", "Kode referensi dan data induk", "Daftar kode yang dipakai semua dataset, dan sumbernya."),
    "bahan": Series("bahan", "Bahan kehumasan", "Teks, foto, video dan audio dari satker, serta rujukan medianya."),
}


@dataclass(frozen=True)
class Place:
    """A region of the Kemendagri list and the rectangle around it, in degrees (WGS 84)."""

    code: str
    name: str
    west: float
    south: float
    east: float
    north: float

    @property
    def node(self) -> Node:
        """The region as a `dct:Location`."""
        w, s, e, n = self.west, self.south, self.east, self.north
        return {
            "@id": f"urn:spit:wilayah:{self.code}",
            "@type": "dct:Location",
            "dct:identifier": self.code,
            "skos:prefLabel": self.name,
            "dcat:bbox": f"POLYGON(({w} {s},{e} {s},{e} {n},{w} {n},{w} {s}))",
            "dcat:centroid": f"POINT({round((w + e) / 2, 4)} {round((s + n) / 2, 4)})",
        }


INDONESIA = Place("ID", "Indonesia", 94.9, -11.1, 141.1, 6.1)
"""From Benggala to the border on Papua, from Ndana to Rondo, rounded outward."""


@dataclass
class Terms:
    """Nodes that others point at, each described once."""

    nodes: dict[str, Node] = field(default_factory=dict)

    def __call__(self, id_: str, type_: str, **values: Any) -> str:
        """Describe `id_` unless it is; `dct_title=…` stands for `dct:title`. Returns `id_`."""
        described = {name.replace("_", ":", 1): value for name, value in values.items()}
        self.nodes.setdefault(id_, {"@id": id_, "@type": type_, **described})
        return id_

    def concept(self, id_: str, label: str, scheme: str = "") -> str:
        """A word of a list."""
        return self(id_, "skos:Concept", skos_prefLabel=label, **({"skos_inScheme": scheme} if scheme else {}))

    def licence(self, code: str) -> str:
        """One of the public licences."""
        licence = LICENCES[code]
        kind = self.concept(f"http://purl.org/adms/licencetype/{LICENCE_TYPES[code]}", LICENCE_TYPES[code])
        return self(licence.url, "dct:LicenseDocument", dct_title=licence.title, dct_type=kind)

    def place(self, place: Place) -> str:
        """A region with its name and rectangle."""
        self.nodes.setdefault(place.node["@id"], place.node)
        return place.node["@id"]

    def region(self, code: str, places: Mapping[str, Place]) -> str:
        """A region of which perhaps only the code is known."""
        if code in places:
            return self.place(places[code])
        return self(f"urn:spit:wilayah:{code}", "dct:Location", dct_identifier=code)
