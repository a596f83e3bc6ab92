"""Loose files of the public shelf: too many to be listed at every release, so a note says which lie there.

The note is no more than a memory. It is put away before anything is taken back and written anew afterwards: whoever
finds none looks at the shelf itself, and so does a thorough publication.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from infra.publishing.editions import ROOT, Shelf
from infra.storage.store import NotFound

NAMES = pa.schema([("berkas", pa.string())])


@dataclass
class Loose:
    """The files `<folder>/<name>` below `published/` for which `mine` is true; `edition` says which of them should."""

    shelf: Shelf
    folder: str
    mine: Callable[[str], bool]

    @property
    def note(self) -> str:
        """Where the note is kept: not public."""
        return f"gates/{self.folder}.arrow"

    def there(self, edition: str, *, thorough: bool = False) -> tuple[pa.Table, bool]:
        """The paths that lie there (column `berkas`), and whether they are those of `edition` already."""
        store = self.shelf.store
        if not thorough and store.stat(self.note):
            known = pa.ipc.open_stream(store.get(self.note)).read_all()
            return known, (known.schema.metadata or {}).get(b"terbitan") == edition.encode()
        skip = len(ROOT) + 1
        found = [stat.key[skip:] for stat in store.list(f"{ROOT}/{self.folder}/") if self.mine(stat.key[skip:])]
        return pa.Table.from_pylist([{"berkas": path} for path in found], NAMES), False

    def add(self, wanted: pa.Table, known: pa.Table, content: Callable[[dict[str, str]], bytes]) -> frozenset[str]:
        """Put what is wanted (`berkas`, `sha256`, and what `content` needs) and not there; the paths it lacks."""
        lacking: set[str] = set()
        new = wanted.join(known.select(["berkas"]), "berkas", join_type="left anti").sort_by("berkas")
        for row in new.to_pylist():
            if not self.shelf.holds(key := f"{ROOT}/{row['berkas']}", row["sha256"]):
                try:
                    self.shelf.put(key, content(row))
                except NotFound:
                    lacking.add(row["berkas"])
        return frozenset(lacking)

    def settle(self, edition: str, wanted: pa.Table, known: pa.Table) -> list[str]:
        """Take back what is there and not wanted, then note what lies there; the keys that went."""
        store = self.shelf.store
        gone = known.select(["berkas"]).join(wanted.select(["berkas"]), "berkas", join_type="left anti")
        keys = sorted(f"{ROOT}/{path}" for path in gone["berkas"].to_pylist())
        if keys:
            store.delete(self.note)
        for key in keys:
            store.delete(key)
        sink = pa.BufferOutputStream()
        names = wanted.select(["berkas"]).replace_schema_metadata({"terbitan": edition})
        with pa.ipc.new_stream(sink, names.schema) as stream:
            stream.write_table(names)
        store.put(self.note, sink.getvalue().to_pybytes())
        return keys
