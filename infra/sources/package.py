"""A dataset of a portal as we see it, whether the action API or the DCAT feed told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from infra.sources.table import OPEN, format_of, slug
from infra.sources.transfer import FarFile, Unacceptable
from infra.sources.web import Web, file_name


@dataclass(frozen=True)
class Resource:
    """One file of it. `format` as the portal writes it; `size` is 0 where it does not say."""

    url: str
    format: str
    name: str
    size: int


@dataclass(frozen=True)
class Package:
    """`mark` is when the portal last changed it; `extras` its further fields."""

    name: str
    title: str
    mark: str
    extras: Mapping[str, object]
    resources: tuple[Resource, ...]

    @classmethod
    def of(cls, shown: Mapping[str, Any]) -> Package:
        """What `package_show` and `package_search` give."""
        extras = {
            str(each["key"]): each.get("value")
            for each in shown.get("extras") or ()
            if isinstance(each, dict) and "key" in each
        }
        resources = tuple(_resource(each) for each in shown.get("resources") or () if isinstance(each, dict))
        return cls(
            str(shown["name"]),
            str(shown.get("title") or ""),
            str(shown.get("metadata_modified") or ""),
            extras,
            resources,
        )

    def tables(self, web: Web) -> tuple[FarFile, ...]:
        """The files that are its table: all of the best open format there is.

        Unacceptable when there is none, or when it lies on another server than the portal's own.
        """
        formats = {each: format_of(each.format, each.url) for each in self.resources}
        best = next((format for format in OPEN if format in formats.values()), None)
        if best is None:
            offered = ", ".join(sorted({each.format or each.url for each in self.resources})) or "-"
            raise Unacceptable("TABEL_TERBUKA_TIDAK_ADA", offered[:200], ", ".join(OPEN))
        files: dict[str, FarFile] = {}
        for number, each in enumerate((each for each in self.resources if formats[each] == best), 1):
            address = web.own(each.url)
            if address is None:
                raise Unacceptable("TAUTAN_KE_LUAR", each.url[:200], web.base)
            name = file_name(address)
            if PurePosixPath(name).suffix.lower() != f".{best}" or name.startswith("."):
                name = f"{slug(each.name) or 'tabel'}.{best}"
            name = f"{number}-{name}" if name in files else name
            files[name] = FarFile(name, address, each.size)
        return tuple(files.values())


def _resource(shown: Mapping[str, Any]) -> Resource:
    size = str(shown.get("size") or "")
    return Resource(
        str(shown.get("url") or ""),
        str(shown.get("format") or shown.get("mimetype") or ""),
        str(shown.get("name") or ""),
        int(size) if size.isdigit() else 0,
    )
