"""Public editions → a DCAT-AP 3.0.1 catalogue: JSON-LD to send, Turtle made from it.

Every node has a name (no blank nodes), so the same release gives the same bytes in both. The application profile wants
the class of everything pointed at stated in the document itself: that is what `Terms` collects.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from schemas.dataset import Dataset
from transforms import daftar
from transforms.publik import DEFAULT_LICENCE, LICENCES, Edition, File
from transforms.vocabulary import (
    ACCESS,
    CONTEXT,
    EU,
    FORMATS,
    FREQUENCIES,
    IANA,
    INDONESIA,
    SERIES,
    THEMES,
    Node,
    Place,
    Terms,
    access,
)

PUBLISHER = "urn:spit:satker:DIVHUMAS"
HOMEPAGE = "https://humas.polri.go.id/"
CONTACT = ("urn:spit:kontak:ppid", "PPID Divisi Humas Polri", "https://eppid.polri.go.id/")
"""An office, never a person."""


def catalogue(
    number: int, at: datetime, editions: Sequence[Edition], *, base: str = "", places: Mapping[str, Place]
) -> Node:
    """The catalogue of release `number`, made at `at`, as a JSON-LD document with its context.

    `base` (with its slash) is where the files can be fetched; without one the addresses are relative to the document.
    `places` describes provinces by their two-digit code; for one that is not in it only the code is known.
    """
    terms = Terms()
    datasets: list[Node] = []
    for edition in editions:
        files = [_distribution(edition, file, base, terms) for file in edition.files if file.format in FORMATS]
        datasets += [_dataset(edition, places, terms), *files]
    first = min((e.facts.issued for e in editions if e.facts.issued), default=at)
    head = {
        "@id": "urn:spit:katalog",
        "@type": "dcat:Catalog",
        "dct:title": "Katalog SPIT",
        "dct:description": f"Data dan bahan kehumasan kepolisian yang terbuka untuk umum, rilis {number}.",
        "dct:publisher": _publisher(terms),
        "dct:language": _language(terms),
        "dct:license": terms.licence(DEFAULT_LICENCE),
        "dct:spatial": terms.place(INDONESIA),
        "dcat:themeTaxonomy": list(_themes(terms)),
        "foaf:homepage": terms(HOMEPAGE, "foaf:Document"),
        "dct:issued": _instant(first),
        "dct:modified": _instant(at),
        "dcat:dataset": [_urn(edition) for edition in editions],
    }
    return {"@context": CONTEXT, "@graph": [head, *datasets, *terms.nodes.values()]}


def based(document: Node, base: str) -> Node:
    """The same catalogue with its relative addresses below `base`, which ends with a slash."""
    context = document["@context"]
    links = {"@id", *(term for term, kind in context.items() if isinstance(kind, dict) and kind.get("@type") == "@id")}

    def whole(value: Any) -> Any:
        if isinstance(value, list):
            return [whole(each) for each in value]
        return value if ":" in value else base + value  # a path of ours has no colon, everything else a scheme

    graph = [{term: whole(v) if term in links else v for term, v in node.items()} for node in document["@graph"]]
    return {"@context": context, "@graph": graph}


def turtle(document: Node) -> str:
    """The same catalogue as Turtle.

    Written by hand, since our document is flat and rdflib takes 18 s for a thousand datasets; the tests hold it
    against rdflib's reading of the JSON-LD.
    """
    context = document["@context"]
    prefixes = [f"@prefix {name}: <{iri}> ." for name, iri in context.items() if isinstance(iri, str)]
    return "\n".join([*prefixes, "", *(_statement(node, context) for node in document["@graph"])])


def _statement(node: Node, context: Node) -> str:
    said = [f"a {node['@type']}"]
    for term, value in node.items():
        if not term.startswith("@"):
            values = value if isinstance(value, list) else [value]
            said.append(f"{term} {', '.join(_object(each, context.get(term, {})) for each in values)}")
    return f"<{node['@id']}> " + " ;\n    ".join(said) + " .\n"


def _object(value: str, kind: Node) -> str:
    if kind.get("@type") == "@id":
        return f"<{value}>"
    text = json.dumps(value, ensure_ascii=False)  # every escape of JSON is one of Turtle
    if "@language" in kind:
        return f"{text}@{kind['@language']}"
    return f"{text}^^{kind['@type']}" if "@type" in kind else text


def _dataset(edition: Edition, places: Mapping[str, Place], terms: Terms) -> Node:
    standard, facts, urn = edition.standard, edition.facts, _urn(edition)
    open_ = access(facts.classes)
    ours, eu = _themes(terms)
    themes = [terms.concept(f"{eu}/GOVE", "Pemerintahan dan sektor publik", eu)]
    if standard.theme:
        themes.append(terms.concept(f"{ours}:{quote(standard.theme.replace(' ', '_'))}", standard.theme, ours))
    node: Node = {
        "@id": urn,
        "@type": "dcat:Dataset",
        "dct:identifier": urn,
        "dct:title": standard.title,
        "dct:description": standard.description,
        "dct:publisher": _publisher(terms),
        "dcat:contactPoint": terms(CONTACT[0], "vcard:Kind", vcard_fn=CONTACT[1], vcard_hasURL=CONTACT[2]),
        "dcat:keyword": list(standard.keywords) or [standard.title],
        "dcat:theme": themes,
        "dct:language": _language(terms),
        "dct:spatial": [terms.place(INDONESIA), *(terms.region(code, places) for code in facts.provinces)],
        "dct:accessRights": terms(f"{EU}/access-right/{open_}", "dct:RightsStatement", rdfs_label=ACCESS[open_]),
        "dct:conformsTo": terms(
            f"urn:spit:standar:{standard.name}:{standard.version}",
            "dct:Standard",
            dct_title=f"Standar data {standard.title}, versi {standard.version}",
        ),
        "dct:provenance": terms(
            f"urn:spit:asal:{standard.name}",
            "dct:ProvenanceStatement",
            rdfs_label=_provenance(standard),
        ),
        "dcat:inSeries": _series(edition, terms),
        "dcat:version": edition.id,
        "dcat:distribution": [_distribution_urn(edition, f) for f in edition.files if f.format in FORMATS],
    }
    if standard.frequency:
        node["dct:accrualPeriodicity"] = terms(
            f"{EU}/frequency/{FREQUENCIES[standard.frequency]}", "dct:Frequency", rdfs_label=standard.frequency
        )
    if facts.begins and facts.ends:
        node["dct:temporal"] = terms(
            f"urn:spit:masa:{facts.begins}:{facts.ends}",
            "dct:PeriodOfTime",
            dcat_startDate=facts.begins.isoformat(),
            dcat_endDate=facts.ends.isoformat(),
        )
    if facts.issued and facts.modified:
        node |= {"dct:issued": _instant(facts.issued), "dct:modified": _instant(facts.modified)}
    return node


def _distribution(edition: Edition, file: File, base: str, terms: Terms) -> Node:
    name, media_type = FORMATS[file.format]
    urn = _distribution_urn(edition, file)
    schema = next(base + other.path for other in edition.files if other.format == "skema")
    strictest = [code for code in LICENCES if code in edition.facts.licences][-1:] or [DEFAULT_LICENCE]
    return {
        "@id": urn,
        "@type": "dcat:Distribution",
        "dct:title": f"{edition.standard.title} ({name})",
        "dct:description": f"{edition.facts.rows} baris yang terbuka untuk umum, sebagai {name}.",
        "dcat:accessURL": base + file.path,
        "dcat:downloadURL": base + file.path,
        "dct:format": terms(f"{EU}/file-type/{name}", "dct:MediaTypeOrExtent", rdfs_label=name),
        "dcat:mediaType": terms(f"{IANA}/{media_type}", "dct:MediaType", rdfs_label=media_type),
        "dcat:byteSize": str(file.size),
        "spdx:checksum": terms(
            f"{urn}:sha256",
            "spdx:Checksum",
            spdx_checksumValue=file.sha256,
            # dcat-ap-SHACL.ttl wants the algorithm's class in the data; the other two shape files do not look.
            spdx_algorithm=terms("http://spdx.org/rdf/terms#checksumAlgorithm_sha256", "spdx:ChecksumAlgorithm"),
        ),
        "dct:license": terms.licence(strictest[0]),
        "dct:rights": terms(
            "urn:spit:hak:baris",
            "dct:RightsStatement",
            rdfs_label="Bila baris menyebut lisensi atau kredit, itulah yang berlaku bagi isinya.",
        ),
        "dcatap:availability": terms.concept(f"{EU}/planned-availability/STABLE", "Tetap"),
        "dct:conformsTo": terms(schema, "dct:Standard", dct_title=f"Table Schema {edition.standard.title}"),
    }


def _publisher(terms: Terms) -> str:
    kind = terms.concept("http://purl.org/adms/publishertype/NationalAuthority", "Instansi pusat")
    return terms(PUBLISHER, "foaf:Agent", foaf_name="Divisi Humas Polri", dct_type=kind)


def _themes(terms: Terms) -> tuple[str, str]:
    return (
        terms(THEMES, "skos:ConceptScheme", dct_title="Tema SPIT"),
        terms(f"{EU}/data-theme", "skos:ConceptScheme", dct_title="Tema data Uni Eropa"),
    )


def _provenance(standard: Dataset) -> str:
    if standard.sources:
        said = (f"{o['judul']}: {o['otoritas']} {o['vintage']}, {o['dasar']} ({o['asal']})" for o in standard.origins)
        return "; ".join(said)
    if standard.theme == daftar.THEME:
        return "Disusun walidata sebelum tahunnya mulai; menurut daftar inilah setiap kiriman diperiksa."
    return (
        f"Diserahkan oleh {standard.producer or 'satker kepolisian'}; tiap baris diperiksa menurut standarnya dan tiap "
        "rilis lulus audit. Baris yang dikecualikan, diembargo atau memuat anak tidak terbit."
    )


def _series(edition: Edition, terms: Terms) -> str:
    series = SERIES[_kind(edition.standard)]
    return terms(
        f"urn:spit:seri:{series.name}",
        "dcat:DatasetSeries",
        dct_title=series.title,
        dct_description=series.description,
        dct_publisher=_publisher(terms),
        dcat_contactPoint=terms(CONTACT[0], "vcard:Kind", vcard_fn=CONTACT[1], vcard_hasURL=CONTACT[2]),
        dct_spatial=terms.place(INDONESIA),
    )


def _kind(standard: Dataset) -> str:
    """Which of SERIES it belongs to."""
    if standard.theme == daftar.THEME:
        return "rencana"
    if standard.name == "dik" or standard.name.startswith("dip_"):
        return "dip"
    return "acuan" if standard.sources else "tabel" if standard.kind == "tabel" else "bahan"


def _language(terms: Terms) -> str:
    return terms(f"{EU}/language/IND", "dct:LinguisticSystem", rdfs_label="Bahasa Indonesia")


def _urn(edition: Edition) -> str:
    return f"urn:spit:dataset:{edition.standard.name}"


def _distribution_urn(edition: Edition, file: File) -> str:
    return f"urn:spit:distribusi:{edition.standard.name}:{file.format}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
