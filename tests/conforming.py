"""What the standards say of what we publish: DCAT-AP's shapes, the Data Package profile, the schema of ninjs."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from pyshacl import validate
from rdflib import Graph

STANDARDS = Path(__file__).parent / "standards"
SHAPES = ("shapes.ttl", "range.ttl", "dcat-ap-SHACL.ttl")
RECOMMENDED = "shapes_recommended.ttl"


def _read(name: str) -> Any:
    return json.loads((STANDARDS / name).read_text("utf-8"))


GEO = _read("ninjs/GeoJSON-schema.json")
NINJS = jsonschema_rs.Draft202012Validator(
    _read("ninjs/ninjs-schema_3.1.json"),
    registry=jsonschema_rs.Registry([("https://geojson.org/schema/GeoJSON.json", GEO)]),
    validate_formats=True,
)
PACKAGE = jsonschema_rs.Draft7Validator(_read("datapackage-2.0/datapackage.json"), validate_formats=True)


@cache
def _shapes(name: str) -> Graph:
    return Graph().parse(STANDARDS / "dcat-ap-3.0.1" / name, format="turtle")


def complaints(document: dict[str, Any] | str, name: str) -> list[str]:
    """What one shape file has to say about a catalogue, as JSON-LD or as Turtle; the network is never needed."""
    turtle = isinstance(document, str)
    data = Graph().parse(
        data=document if turtle else json.dumps(document),
        format="turtle" if turtle else "json-ld",
        publicID="https://data.example/",
    )
    _, report, _ = validate(data, shacl_graph=_shapes(name), inference="none", do_owl_imports=False)
    asked = "SELECT ?n ?p ?m { ?r sh:focusNode ?n ; sh:resultMessage ?m . OPTIONAL { ?r sh:resultPath ?p } }"
    return [" ".join(map(str, found)) for found in report.query(asked, initNs={"sh": "http://www.w3.org/ns/shacl#"})]


def profile_errors(package: dict[str, Any]) -> list[str]:
    """What the profile of Data Package v2 has to say about a descriptor."""
    return [error.message for error in PACKAGE.iter_errors(package)]


def faults(published: Path) -> list[str]:
    """What any of the standards has to say about a published folder, mandatory or recommended."""
    found = [
        fault
        for shape in (*SHAPES, RECOMMENDED)
        for fault in complaints((published / "katalog.ttl").read_text("utf-8"), shape)
    ]
    found += complaints(json.loads((published / "katalog.jsonld").read_bytes()), SHAPES[0])
    found += profile_errors(json.loads((published / "datapackage.json").read_bytes()))
    lines = [line for path in published.glob("ninjs/*/*.ndjson") for line in path.read_text("utf-8").splitlines()]
    assert lines, "no content items"
    return found + [error.message for line in lines for error in NINJS.iter_errors(json.loads(line))]
