"""A walk through the pages of an API, kept on disk page by page, so that a killed one goes on where it was."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from infra.sources.table import slug
from infra.sources.transfer import digest
from infra.sources.web import Answered

STALE_S = 3_600
"""A walk that rested longer begins anew: the pages will have moved."""

STATE = "keadaan.json"
REST = "tanpa-kelompok"
"""The group of rows that say none."""


@dataclass
class Group:
    """Rows that become one submission, as NDJSON in a file of `size` bytes.

    `total` is the sum of the rows' hashes: the same rows in another order are the same group.
    """

    file: str
    size: int = 0
    rows: int = 0
    total: int = 0

    def add(self, lines: Sequence[bytes]) -> None:
        """Count lines in."""
        self.size += sum(map(len, lines))
        self.rows += len(lines)
        hashes = (int.from_bytes(hashlib.sha256(line).digest()[:16]) for line in lines)
        self.total = (self.total + sum(hashes)) % (1 << 128)

    @property
    def mark(self) -> str:
        """Differs when the rows do."""
        return f"{self.rows}:{self.total:032x}"


@dataclass
class Crawl:
    """What came so far. `address` is the next page, None at the end; `number` is that page's number or offset."""

    folder: Path
    key: str
    address: str | None
    number: int = 0
    newest: str = ""
    last: str = ""
    groups: dict[str, Group] = field(default_factory=dict)

    @classmethod
    def resume(cls, folder: Path, key: str, address: str, number: int) -> Crawl:
        """Go on with what lies in the folder if it was begun with the same `key` and not long ago; else begin."""
        crawl = cls(folder, key, address, number)
        if crawl._read():
            return crawl
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return cls(folder, key, address, number)

    @property
    def size(self) -> int:
        """Bytes of all rows."""
        return sum(group.size for group in self.groups.values())

    def add(self, rows: Iterable[Mapping[str, Any]], by: str, since: str) -> None:
        """Take a page's rows in. `by` names the field of its group, `since` the one that tells how new a row is."""
        lines: dict[str, list[bytes]] = {}
        for row in rows:
            group = slug(row.get(by, "")) or REST if by else ""
            lines.setdefault(group, []).append(
                orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS)
            )
            self.newest = max(self.newest, str(row.get(since) or "")) if since else ""
        page = digest(b"".join(line for some in lines.values() for line in some))
        if lines and page == self.last:
            # Else an API that does not know the parameter would give its first page for ever.
            raise Answered(200, f"{self.address} is the same page again: is the paging configured as the API has it?")
        self.last = page
        for name, some in lines.items():
            group = self.groups.setdefault(name, Group(f"{len(self.groups)}.ndjson"))
            with (self.folder / group.file).open("ab") as out:
                out.writelines(some)
            group.add(some)

    def keep(self) -> None:
        """Remember all this."""
        state = {**asdict(self), "folder": None}
        draft = self.folder / f"{STATE}.part"
        draft.write_text(json.dumps(state))
        draft.rename(self.folder / STATE)

    def _read(self) -> bool:
        """Take over what was kept; False when there is nothing, or nothing that can be trusted."""
        place = self.folder / STATE
        if not place.exists() or time.time() - place.stat().st_mtime > STALE_S:
            return False
        state = json.loads(place.read_text())
        groups = {name: Group(**group) for name, group in state["groups"].items()}
        for group in groups.values():
            file = self.folder / group.file
            if not file.exists() or file.stat().st_size < group.size:
                return False
            with file.open("r+b") as rows:
                rows.truncate(group.size)  # a page that was being written when it ended
        for file in self.folder.glob("*.ndjson"):
            if file.name not in {group.file for group in groups.values()}:
                file.unlink()
        self.address, self.number, self.newest = state["address"], state["number"], state["newest"]
        self.last, self.groups = state["last"], groups
        return state["key"] == self.key
