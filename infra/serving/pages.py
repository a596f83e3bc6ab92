"""The pages that name everything published, with addresses at which whoever asks can fetch it.

On the shelf their addresses are relative to the folder they lie in, so that the folder can be carried anywhere; a
harvester needs whole ones (DCAT-AP: `dcat:downloadURL` is a URI of its own).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import orjson

from infra.publishing.editions import ROOT
from infra.storage.store import Store
from transforms import catalogue, datajson, datapackage

Page = Literal["katalog.jsonld", "katalog.ttl", "data.json", "datapackage.json"]
PAGES: dict[str, str] = {
    "katalog.jsonld": "application/ld+json",
    "katalog.ttl": "text/turtle",
    "data.json": "application/json",
    "datapackage.json": "application/json",
}
"""What of the publication lies at its top: the catalogue in three flavours, and the data package."""

MADE_FROM = {"katalog.ttl": "katalog.jsonld"}


def placed(store: Store, name: Page, base: str) -> bytes:
    """One of PAGES; the files it names are below `base`, which ends with a slash. NotFound before it is published."""
    return _based(name, store.get(f"{ROOT}/{MADE_FROM.get(name, name)}"), base)


@lru_cache(maxsize=8)
def _based(name: Page, raw: bytes, base: str) -> bytes:
    document = orjson.loads(raw)
    match name:
        case "data.json":
            return orjson.dumps(datajson.based(document, base))
        case "datapackage.json":
            return orjson.dumps(datapackage.based(document, base))
        case "katalog.jsonld":
            return orjson.dumps(catalogue.based(document, base))
        case "katalog.ttl":
            return catalogue.turtle(catalogue.based(document, base)).encode()
