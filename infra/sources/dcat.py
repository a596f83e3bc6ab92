"""A portal's DCAT feed, JSON-LD or Turtle, as the datasets it names: all there is when the action API is closed."""

from __future__ import annotations

from typing import Any

import orjson

from infra.sources.package import Package, Resource
from infra.sources.table import slug
from infra.sources.transfer import digest
from infra.sources.web import Answered, file_name

DCAT = "http://www.w3.org/ns/dcat#"
DCT = "http://purl.org/dc/terms/"
HYDRA = "http://www.w3.org/ns/hydra/core#"

UNREADABLE = (SyntaxError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
"""All that rdflib was seen to raise, or can, over what is no RDF."""


def read(data: bytes, address: str) -> tuple[list[Package], str | None]:
    """The datasets of one page of a feed at `address`, and the address of the next page."""
    from rdflib import RDF, Graph, URIRef
    from rdflib.exceptions import ParserError

    graph = Graph()
    try:
        if data.lstrip()[:1] in (b"{", b"["):
            _refuse_far_contexts(orjson.loads(data))
            graph.parse(data=data, format="json-ld", publicID=address)
        else:
            graph.parse(data=data, format="turtle", publicID=address)
    except (*UNREADABLE, ParserError) as error:
        raise Answered(200, f"{address} is no DCAT feed: {str(error)[:200]}") from error

    def first(node: Any, *terms: str) -> str:
        return next((str(value) for term in terms for value in sorted(graph.objects(node, URIRef(term)), key=str)), "")

    def resource(node: Any) -> Resource:
        size = first(node, f"{DCAT}byteSize")
        return Resource(
            first(node, f"{DCAT}downloadURL", f"{DCAT}accessURL"),
            first(node, f"{DCT}format", f"{DCAT}mediaType"),
            first(node, f"{DCT}title"),
            int(float(size)) if size.replace(".", "", 1).isdigit() else 0,
        )

    packages = []
    for node in sorted(graph.subjects(RDF.type, URIRef(f"{DCAT}Dataset")), key=str):
        found = [resource(each) for each in sorted(graph.objects(node, URIRef(f"{DCAT}distribution")), key=str)]
        title = first(node, f"{DCT}title")
        page = file_name(first(node, f"{DCAT}landingPage"))
        name = slug(page or title or first(node, f"{DCT}identifier") or node)
        states = "\n".join(sorted(f"{each.url} {each.format}" for each in found))
        mark = first(node, f"{DCT}modified") or digest(states.encode())
        packages.append(Package(name, title, mark, {}, tuple(sorted(found, key=lambda each: each.url))))
    following = {str(value) for term in ("next", "nextPage") for value in graph.objects(None, URIRef(HYDRA + term))}
    return packages, next((each for each in sorted(following) if each != address), None)


def _refuse_far_contexts(document: Any) -> None:
    """A context that is a link would be fetched by the parser, from wherever it points to."""
    todo = [document]
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo += node
        elif isinstance(node, dict):
            contexts = node.get("@context", [])
            if any(isinstance(each, str) for each in (contexts if isinstance(contexts, list) else [contexts])):
                raise ValueError("its context is a link, which is not followed")
            if "@import" in node:
                raise ValueError("its context is imported, which is not followed")
            todo += node.values()
