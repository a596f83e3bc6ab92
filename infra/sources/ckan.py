"""Submissions made from the datasets of a CKAN portal: its action API, or its DCAT feed where that is closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from infra.sources import dcat
from infra.sources.download import download
from infra.sources.http import complain
from infra.sources.package import Package
from infra.sources.remote import ENTRIES_LIMIT, Item
from infra.sources.table import defaults, manifest
from infra.sources.transfer import Allowance, Unacceptable, hurry, take
from infra.sources.web import Answered, Web, WebRemote, asking
from schemas.dataset import datasets
from schemas.manifest import NAME

PAGE = 100
OVERLAP = timedelta(hours=1)
"""Changes are asked for from a little before the last one seen: a portal's search index may be late."""

CLOSED = {401, 403, 404, 405, 410, 501}
"""Answers of a portal whose action API is not for us."""


@dataclass(frozen=True, kw_only=True)
class Ckan(WebRemote):
    """`url` is the portal's own, without `/api/…`."""

    datasets: Mapping[str, str]
    """Name of a dataset there, with `*` and `?` → our standard. What matches nothing is not ours to take."""
    query: str = ""
    """A filter in the words of its search: `organization:polda-jabar`."""
    extras: Mapping[str, str] = field(default_factory=dict)
    """Extra field of a dataset there → our column, where their names differ."""
    feed: str = "catalog.jsonld"

    def __post_init__(self) -> None:
        super().__post_init__()
        if unknown := set(self.datasets.values()) - set(datasets()):
            raise ValueError(f"there is no dataset {', '.join(sorted(unknown))}")

    def standard(self, name: str) -> str | None:
        """What we call it; None when it is not ours to take."""
        return next((ours for pattern, ours in self.datasets.items() if fnmatchcase(name, pattern)), None)

    @contextmanager
    def open(self, work: Path, until: float) -> Iterator[CkanFar]:
        """Nothing is asked yet."""
        with self.web(until) as web:
            yield CkanFar(self, web)


@dataclass
class CkanFar:
    """A portal. What the feed told is kept, since there is nowhere else to ask for it again."""

    remote: Ckan
    web: Web
    cursor: str = ""
    everything: bool = False
    told: dict[str, Package] = field(default_factory=dict)

    def list(self, cursor: str) -> list[Item]:
        """Its datasets that are ours to take and changed since the cursor; all of them where only the feed is open."""
        self.cursor = cursor
        try:
            packages = self._search(cursor)
        except Answered as error:
            if error.status not in CLOSED:
                raise
            packages = self._feed()
            self.told = {package.name: package for package in packages}
        return [Item(package.name, package.mark) for package in packages if self.remote.standard(package.name)]

    def _search(self, cursor: str) -> list[Package]:
        # By name: in the order of change, what changes while we turn pages would push another off the next page.
        asked: dict[str, object] = {"rows": PAGE, "sort": "name asc"}
        filters = [self.remote.query] if self.remote.query else []
        if cursor:
            since = datetime.fromisoformat(cursor) - OVERLAP
            filters.append(f"metadata_modified:[{since.isoformat(timespec='seconds')}Z TO *]")
        if filters:
            asked["fq"] = " AND ".join(filters)
        found: dict[str, Package] = {}
        counts = set[int]()
        start = 0
        while True:
            packages, count = self._page(**asked, start=start)
            counts.add(count)
            found |= {package.name: package for package in packages}
            start += len(packages)
            if not packages or start >= count:
                break
            if start > ENTRIES_LIMIT:
                raise Answered(200, f"more than {ENTRIES_LIMIT} datasets")
        if counts == {len(found)}:  # else something came or went meanwhile, and may have moved over a page's edge
            self.cursor = max([cursor, *(package.mark for package in found.values() if _is_instant(package.mark))])
        return list(found.values())

    def _page(self, **asked: object) -> tuple[list[Package], int]:
        result = self._act("package_search", **asked)
        try:
            return [Package.of(each) for each in result["results"]], int(result["count"])
        except (KeyError, TypeError, ValueError) as error:
            raise Answered(200, f"package_search answered with no list of datasets: {error!r}") from error

    def _feed(self) -> list[Package]:
        found: dict[str, Package] = {}
        address = self.web.own(self.remote.feed, f"{self.remote.url.rstrip('/')}/")
        seen = set[str]()
        while address and address not in seen:
            seen.add(address)
            hurry(self.web.until, "the listing")
            packages, following = dcat.read(self.web.page(address), address)
            found |= {package.name: package for package in packages}
            address = self.web.own(following, address) if following else None
        return list(found.values())

    def _act(self, action: str, **parameters: object) -> Any:
        """The result of one action; Answered when the portal says it has none."""
        hurry(self.web.until, "the listing")
        address = asking(f"{self.remote.url.rstrip('/')}/api/3/action/{action}", **parameters)
        reply = self.web.json(address)
        complain(reply)
        if not isinstance(reply, dict) or not isinstance(reply.get("result"), dict):
            raise Answered(200, f"{address} has no result")
        return reply["result"]

    def fetch(self, item: Item, draft: Path, allowance: Allowance) -> None:
        """Download its table and write the manifest; what its extras say are the defaults of every row."""
        remote = self.remote
        package = self.told.get(item.name) or Package.of(self._act("package_show", id=item.name))
        standard = remote.standard(item.name) or ""
        files = package.tables(self.web)
        allowance.check(files)
        try:
            take(files, draft, allowance, lambda file, part: download(self.web, file, part, allowance))
        except Answered as error:
            if 300 <= error.status < 400:  # a portal that keeps its files elsewhere will do so the next time
                raise Unacceptable("TAUTAN_KE_LUAR", str(error), remote.url) from error
            raise
        extras = {remote.extras.get(key, key): value for key, value in package.extras.items()}
        values = defaults(standard, remote.bawaan, extras)
        origin = f"{remote.url.rstrip('/')}/dataset/{package.name}"
        names = [file.name for file in files]
        allowance.save([manifest(remote.satker[0], standard, names, values, origin)], draft / NAME)


def _is_instant(mark: str) -> bool:
    """Whether it is an instant as CKAN writes them: in UTC, without saying so."""
    try:
        return datetime.fromisoformat(mark).tzinfo is None
    except ValueError:
        return False
