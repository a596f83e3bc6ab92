"""Submissions made from a JSON API: its pages are rows, and each group of rows is one submission.

Reply shapes met at regional portals: a bare list, `{data}`, `{records}`, `{fields, records}`,
`{code, status, message, data}`, `{success, result}`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from infra.sources.crawl import Crawl
from infra.sources.download import download
from infra.sources.remote import Item
from infra.sources.table import defaults, manifest, slug
from infra.sources.transfer import Allowance, FarFile, digest, hurry, take
from infra.sources.web import Answered, Web, WebRemote, asking, file_name
from schemas.dataset import datasets
from schemas.manifest import NAME

TABLE = "data.ndjson"
PAGES = ".pages"
"""The folder of a walk that is not finished; drafts end in `.part`."""

PLACES = ("data", "records", "result", "results", "items", "rows")
GONE = {401, 403, 404, 410}
"""Of a file a row links to: it will not come, so judging says that it is missing."""


@dataclass(frozen=True, kw_only=True)
class Http(WebRemote):
    """`url` is the first page, with whatever parameters it always needs."""

    dataset: str
    name: str = ""
    """Of the submission; the dataset's where it is empty."""
    records: str = ""
    """Where in a reply the rows are, as `result.records`; found by itself in the usual places."""
    paging: Mapping[str, str | int] = field(default_factory=dict)
    """`{next = "links.next"}`, `{page = "halaman", first = 1}`, `{offset = "offset"}` or
    `{cursor = "cursor", at = "meta.next"}`; without it there is one page."""
    group: str = ""
    """Rows with the same value here are one submission; without it all rows are."""
    since: Mapping[str, str] = field(default_factory=dict)
    """`{param = "diubah_sejak", field = "diubah_pada"}`: ask only for rows that changed."""
    media: Mapping[str, str] = field(default_factory=dict)
    """Column → field with a link to the file the column should name."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dataset not in datasets():
            raise ValueError(f"there is no dataset {self.dataset!r}")
        if self.paging and len({"next", "page", "offset", "cursor"} & set(self.paging)) != 1:
            raise ValueError("paging has one of next, page, offset and cursor")
        if "cursor" in self.paging and "at" not in self.paging:
            raise ValueError("paging by cursor needs `at`: where a reply says the next one")
        if self.since and set(self.since) != {"param", "field"}:
            raise ValueError("since has param and field")

    @contextmanager
    def open(self, work: Path, until: float) -> Iterator[HttpFar]:
        """Nothing is asked yet."""
        with self.web(until) as web:
            far = HttpFar(self, web, work / PAGES)
            yield far
            far.forget_pages()


@dataclass
class HttpFar:
    """An API and the pages that came from it."""

    remote: Http
    web: Web
    folder: Path
    cursor: str = ""
    everything: bool = False

    def list(self, cursor: str) -> list[Item]:
        """Walk through the pages. The rows come with them, so what is left for `fetch` is to make files."""
        remote = self.remote
        start = asking(remote.url, **{remote.since["param"]: cursor}) if remote.since and cursor else remote.url
        number = int(remote.paging.get("first", 1 if "page" in remote.paging else 0))
        self.crawl = crawl = Crawl.resume(self.folder, digest(f"{start} {remote!r}".encode()), start, number)
        limit = remote.allowance(0).total_bytes
        while crawl.address is not None and crawl.size <= limit:
            hurry(self.web.until)
            reply = self.web.json(crawl.address)
            rows = rows_of(reply, remote.records)
            crawl.add(rows, remote.group, remote.since.get("field", ""))
            crawl.address = self._next(reply, len(rows), start)
            crawl.keep()
        name = slug(remote.name or remote.dataset)
        if crawl.address is not None:
            # Without its end there is no saying which group is whole; the size alone has it refused.
            return [Item(name, f">{limit}", (FarFile(TABLE, "", crawl.size),))]
        self.cursor = max(cursor, crawl.newest)
        return [
            Item(f"{name}-{key}" if key else name, group.mark, (FarFile(TABLE, group.file, group.size),))
            for key, group in crawl.groups.items()
        ]

    def _next(self, reply: Any, rows: int, start: str) -> str | None:
        match self.remote.paging:
            case {"next": where}:
                link = dig(reply, str(where))
                if not link:
                    return None
                if (to := self.web.own(str(link), self.crawl.address)) is None:
                    raise Answered(200, f"the next page is said to be on another server; not followed: {link}")
                return to
            case {"cursor": name, "at": where}:
                value = dig(reply, str(where))
                return asking(start, **{str(name): value}) if value not in (None, "", False) else None
            case {"page": name}:
                self.crawl.number += 1
            case {"offset": name}:
                self.crawl.number += rows
            case _:
                return None
        # A page that is shorter than asked for may only mean that the server gives no more at a time.
        return asking(start, **{str(name): self.crawl.number}) if rows else None

    def fetch(self, item: Item, draft: Path, allowance: Allowance) -> None:
        """Write the rows as a table, with the files they link to, and the manifest."""
        remote = self.remote
        (table,) = item.files
        with (self.folder / table.place).open("rb") as rows:
            if remote.media:
                links = self._links(rows)
                self._take_media(links, draft, allowance)
                rows.seek(0)
                lines = (self._named(line, links, draft) for line in rows)
            else:
                lines = iter(rows)
            allowance.save(lines, draft / TABLE)
        values = defaults(remote.dataset, remote.bawaan)
        allowance.save([manifest(remote.satker[0], remote.dataset, [TABLE], values, remote.url)], draft / NAME)

    def _links(self, rows: Any) -> dict[str, FarFile]:
        """Link → the file to make of it, for all links of the rows to this server."""
        links: dict[str, FarFile] = {}
        for line in rows:
            row = orjson.loads(line)
            for source in self.remote.media.values():
                link = row.get(source)
                address = self.web.own(link) if isinstance(link, str) and link else None
                if address:
                    suffix = PurePosixPath(file_name(address)).suffix
                    links[link] = FarFile(f"{digest(address.encode())[:16]}{suffix}", address, 0)
        return links

    def _take_media(self, links: Mapping[str, FarFile], draft: Path, allowance: Allowance) -> None:
        allowance.check(links.values())
        for file in links.values():
            try:
                take([file], draft, allowance, lambda file, part: download(self.web, file, part, allowance))
            except Answered as error:
                if error.status not in GONE and not 300 <= error.status < 400:
                    raise

    def _named(self, line: bytes, links: Mapping[str, FarFile], draft: Path) -> bytes:
        """A row that names its files; what did not come keeps the name it has over there, and is missing."""
        row = orjson.loads(line)
        for column, source in self.remote.media.items():
            link = row.get(source)
            if isinstance(link, str) and link:
                row[column] = links[link].name if link in links else file_name(link) or link
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)

    def forget_pages(self) -> None:
        """The pages of a finished walk are of no use for the next one."""
        shutil.rmtree(self.folder, ignore_errors=True)


def rows_of(reply: Any, where: str) -> list[dict[str, Any]]:
    """The rows in a reply; Answered when it is an error in disguise, or no rows are found."""
    complain(reply)
    found = dig(reply, where) if where else _usual(reply)
    if found is None:  # how some servers write an empty list
        return []
    if not isinstance(found, list):
        raise Answered(200, f"no list of rows at {where or ', '.join(PLACES)}")
    names = [each.get("id") if isinstance(each, dict) else each for each in _fields(reply)]
    rows: list[Any] = [dict(zip(names, row, strict=False)) if isinstance(row, list) and names else row for row in found]
    if not all(isinstance(row, dict) for row in rows):
        raise Answered(200, "the rows are not objects")
    return rows


def complain(reply: Any) -> None:
    """Raise what a reply of status 200 says went wrong."""
    if not isinstance(reply, dict):
        return
    code = next((reply[key] for key in ("code", "status") if isinstance(reply.get(key), int)), 200)
    failed = reply.get("success") is False or str(reply.get("status")).lower() in ("false", "error", "fail", "failed")
    if failed or code >= 400:
        said = reply.get("message") or reply.get("error") or "the reply says it failed"
        kind = said.get("__type", "") if isinstance(said, dict) else ""
        status = 403 if "Authorization" in kind else 404 if "Not Found" in kind else max(code, 200)
        raise Answered(status, str(said)[:300])


def dig(reply: Any, where: str) -> Any:
    """The value at a dotted path; None when there is none."""
    for key in where.split("."):
        reply = reply.get(key) if isinstance(reply, dict) else None
    return reply


def _usual(reply: Any) -> Any:
    if not isinstance(reply, dict):
        return reply
    for key in PLACES:
        if key in reply:
            return _usual(reply[key])
    raise Answered(200, f"no rows at any of {', '.join(PLACES)}: `records` must say where they are")


def _fields(reply: Any) -> list[Any]:
    found = reply.get("fields") if isinstance(reply, dict) else None
    return found if isinstance(found, list) else []
