"""What the API can reach: the publication that lies on the shelf, and the code lists. Nothing of the lake behind it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import RLock
from typing import Any

from infra.publishing.editions import ROOT
from infra.storage.store import NotFound, Store
from schemas import reference
from transforms.shape import literal

DIP = "dip_"
PACKAGE, JSON = "datapackage.json", "application/json"
FRESH_S = 2.0
"""For so long a publication is served without looking whether there is a newer one."""

SQL_TYPES = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMPTZ",
}
"""Table Schema type → DuckDB type; everything else is text."""


@dataclass(frozen=True)
class Table:
    """One table that can be asked: its `columns` (name → DuckDB type), its key, and where DuckDB reads it."""

    name: str
    title: str
    description: str
    edition: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    source: str
    schema: Mapping[str, Any]
    licences: tuple[Mapping[str, str], ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    """Format → path of the whole table, below the files of the publication."""
    parquet: Path | None = None
    """The edition itself, on this machine; None for what is none."""
    in_order: bool = False
    """Whether its rows lie in the order of the key, as every edition's do: then a page is read and not sorted."""


@dataclass(frozen=True)
class Publication:
    """All of one release that is public: its tables, every file it names (path → media type), and the lists of public
    information as one table, where there are any."""

    release: str
    created: str
    tables: Mapping[str, Table]
    files: Mapping[str, str]
    dip: Table | None = None


class Shelf:
    """Reads `published/` of a store. Publications change under it; each request is answered from one of them."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, RLock()
        self._raw, self._looked = b"", float("-inf")
        self._now: Publication | None = None
        self._kept: list[ExitStack] = []
        self._paths: dict[str, Path] = {}

    def now(self) -> Publication | None:
        """The publication of this moment; None before the first."""
        with self._lock:
            if time.monotonic() - self._looked > FRESH_S:
                try:
                    raw = self._store.get(f"{ROOT}/{PACKAGE}")
                except NotFound:
                    return None
                if raw != self._raw:
                    self._now, self._raw = self._read(json.loads(raw)), raw
                self._looked = time.monotonic()
            return self._now

    def path(self, name: str) -> Path:
        """A file of the newest publication as a local file, for as long as that one and its successor last.

        Brought here once, however often it is asked for.
        """
        with self._lock:
            if name not in self._paths:
                self._paths[name] = self._kept[-1].enter_context(self._store.local(f"{ROOT}/{name}"))
            return self._paths[name]

    def _read(self, package: dict[str, Any]) -> Publication:
        self._paths = {}
        self._kept.append(ExitStack())
        if len(self._kept) > 2:  # whoever still reads the last but one has had its time
            self._kept.pop(0).close()
        resources = [each for each in package["resources"] if "schema" in each]
        tables = {}
        for each in resources:
            if each["format"] != "parquet":
                continue
            name = each["name"].removesuffix("-parquet")
            schema, parquet = each["schema"], self.path(each["path"])
            own = {r["format"]: r["path"] for r in resources if r["name"] in (name, each["name"])}
            tables[name] = Table(
                name=name,
                title=each["title"],
                description=each.get("description", ""),
                edition=each["path"].split("/")[1],
                columns={f["name"]: SQL_TYPES.get(f["type"], "VARCHAR") for f in schema["fields"]},
                key=tuple(schema["primaryKey"]),
                source=f"read_parquet({literal(str(parquet))})",
                schema=schema,
                licences=tuple(each.get("licenses", ())),
                files=own,
                parquet=parquet,
                in_order=True,
            )
        files = {r["path"]: r["mediatype"] for r in package["resources"]}
        # The catalogue names the schema of every edition, which lies beside its files.
        files |= {f"{table.name}/{table.edition}/skema.json": JSON for table in tables.values()}
        return Publication(package["version"], package["created"], tables, files, _together(tables))


def _together(tables: Mapping[str, Table]) -> Table | None:
    """The DIP of every dataset as one table."""
    lists = {name.removeprefix(DIP): table for name, table in tables.items() if name.startswith(DIP)}
    if not lists:
        return None
    one = next(iter(lists.values()))
    parts = (f"SELECT {literal(name)} AS dataset, * FROM {table.source}" for name, table in lists.items())
    return replace(
        one,
        name="dip",
        title="Daftar Informasi Publik",
        edition=" ".join(table.edition for table in lists.values()),
        columns={"dataset": "VARCHAR", **one.columns},
        key=("dataset", *one.key),
        source=f"({' UNION ALL '.join(parts)})",
        parquet=None,
        in_order=False,
    )


def code_lists() -> dict[str, Table]:
    """The code lists (kode referensi, Perpres 39/2019 Art 36), each a table of text with its authority and vintage."""
    found = {}
    for line in reference.read("daftar"):
        path = reference.path(line["nama"])
        with path.open(encoding="utf-8") as lines:
            columns = lines.readline().strip().split(",")
        names = ", ".join(map(literal, columns))
        found[line["nama"]] = Table(
            name=line["nama"],
            title=line["judul"],
            description=f"{line['otoritas']}, {line['vintage']}: {line['dasar']} ({line['asal']}; {line['lisensi']})",
            edition=line["vintage"],
            columns=dict.fromkeys(columns, "VARCHAR"),
            key=tuple(columns),  # some have a code on several lines, one for each time it was valid
            source=f"read_csv({literal(str(path))}, header = true, all_varchar = true, force_not_null = [{names}])",
            schema={"fields": [{"name": name, "type": "string"} for name in columns]},
        )
    return found
