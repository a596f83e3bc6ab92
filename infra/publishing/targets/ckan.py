"""Partners with a CKAN portal: descriptions of our datasets with links to our files, and nothing uploaded.

What is brought is one JSON document per thing over there: `organization/<name>`, `dataset/<name>`, and where the
partner wants one, `datastore/<name>`. Only what differs from what the portal shows is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from infra.publishing.targets.target import Held, Refusal
from infra.sources.remote import secret
from transforms import ckan as words

PAGE = 1_000
ROWS_AT_ONCE = 5_000
"""Records in one call of the DataStore."""

CALLS = 50
"""If taking rows away one group at a time needs more calls than this, their table is made anew."""


@dataclass(frozen=True, kw_only=True)
class Ckan:
    """`target` is the portal's own address, without `/api/…`; the token stands in the variable `key_env`."""

    target: str
    key_env: str
    organization: str
    """The name of the organisation our datasets are in; made when there is none and the token may."""
    title: str = ""
    """Of the organisation, if we keep it."""
    prefix: str = "spit-"
    """Begins the names of our datasets over there."""
    datastore: tuple[str, ...] = ()
    """Datasets whose rows are wanted in the portal's DataStore as well."""
    timeout_s: float = 30

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ValueError(f"expected http(s)://host/… without a password, not {self.target!r}")
        if not words.is_name(self.organization) or not words.is_name(f"{self.prefix}xx"):
            raise ValueError("organization and prefix are of 2 to 100 characters a-z, 0-9, _ and -")

    @contextmanager
    def open(self, home: Path) -> Iterator[CkanTarget]:
        """Nothing is asked yet."""
        import requests
        from ckanapi import RemoteCKAN

        session = requests.Session()
        session.trust_env = False  # proxies and passwords of the environment are not its business
        with RemoteCKAN(self.target, apikey=secret(self.key_env), user_agent="SPIT/1", session=session) as portal:
            yield CkanTarget(portal, self.organization, self.prefix, (min(5, self.timeout_s), self.timeout_s))


@dataclass
class CkanTarget:
    """A portal that is spoken to through its action API."""

    portal: Any
    organization: str
    prefix: str
    timeout: tuple[float, float]

    def _act(self, action: str, **said: Any) -> Any:
        """The result of an action; None when what it is about does not exist."""
        from ckanapi import errors

        try:
            return self.portal.call_action(action, said, requests_kwargs={"timeout": self.timeout})
        except errors.NotFound:
            return None
        except errors.ValidationError as error:
            raise Refusal(f"{action} {said.get('name') or said.get('id') or ''}: {error.error_dict}") from error
        except (errors.CKANAPIError, errors.ServerIncompatibleError) as error:
            raise OSError(f"{action}: {type(error).__name__} {error}") from error

    def holds(self, mine: Collection[str], *, thorough: bool) -> Mapping[str, Held] | None:
        """What the portal shows of our things, in our own words; asked only when it is thorough."""
        if not thorough:
            return None
        found: dict[str, Any] = {}
        for package in self._ours():
            found[f"dataset/{package['name']}"] = words.shown(package)
            if f"datastore/{package['name']}" in mine and (rows := self._rows(package)) is not None:
                found[f"datastore/{package['name']}"] = rows
        organization = self._act("organization_show", id=self.organization, include_datasets=False)
        if organization:
            found[f"organization/{self.organization}"] = words.organization_shown(organization)
        documents = {path: words.document(content) for path, content in found.items()}
        return {path: Held(len(data), hashlib.sha256(data).hexdigest()) for path, data in documents.items()}

    def _ours(self) -> Iterator[Any]:
        start = 0
        asked = {"fq": f"organization:{self.organization}", "rows": PAGE, "include_private": True, "sort": "name asc"}
        while True:
            page = (self._act("package_search", **asked, start=start) or {"results": []})["results"]
            yield from (package for package in page if self._is_ours(package))
            start += len(page)
            if len(page) < PAGE:
                return

    def _is_ours(self, package: Mapping[str, Any]) -> bool:
        """Made by us, and not for another partner that has the same portal under another prefix."""
        return words.is_ours(package) and package["name"].startswith(self.prefix)

    def put(self, path: str, content: Path, sha256: str) -> str:
        """Create it, or change what differs."""
        kind, _, name = path.partition("/")
        wanted = orjson.loads(content.read_bytes())
        if kind == "organization":
            return self._put_organization(name, wanted)
        return self._put_rows(name, wanted) if kind == "datastore" else self._put_dataset(name, wanted)

    def _put_organization(self, name: str, wanted: Mapping[str, Any]) -> str:
        there = self._act("organization_show", id=name, include_datasets=False)
        if there is None:
            try:
                self._act("organization_create", **wanted)
                return "DIBUAT"
            except Refusal:  # another partner's delivery made it at the same moment, or it is refused indeed
                there = self._act("organization_show", id=name, include_datasets=False)
                if there is None:
                    raise
        changed = {key: value for key, value in wanted.items() if there.get(key) != value}
        if changed:
            self._act("organization_patch", id=there["id"], **changed)
        return f"DIUBAH {', '.join(sorted(changed))}" if changed else "SAMA"

    def _put_dataset(self, name: str, wanted: Mapping[str, Any]) -> str:
        there = self._act("package_show", id=name)
        if there is None:
            self._act("package_create", **wanted)
            return "DIBUAT"
        if not words.is_ours(there):
            raise Refusal(f"{name} is there and is not ours")
        own = {key: value for key, value in wanted.items() if key != "resources"}
        changed = {key: value for key, value in own.items() if words.shown(there).get(key) != value}
        if "extras" in changed:
            changed["extras"] = [*changed["extras"], *words.foreign_extras(there)]
        if there["state"] != "active":
            changed["state"] = "active"
        if changed:
            self._act("package_patch", id=there["id"], **changed)
        touched = sorted(changed) + self._put_resources(there, wanted["resources"])
        return f"DIUBAH {', '.join(touched)}" if touched else "SAMA"

    def _put_resources(self, package: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]) -> list[str]:
        """By name, so that a resource keeps its id, and with it its address and its DataStore."""
        there = {each["name"]: each for each in package["resources"]}
        touched: list[str] = []
        for each in wanted:
            before = there.pop(each["name"], None)
            if before is None:
                self._act("resource_create", package_id=package["id"], **each)
            elif differs := {k: v for k, v in each.items() if words.resource_shown(before).get(k) != v}:
                self._act("resource_patch", id=before["id"], **differs)
            else:
                continue
            touched.append(each["name"])
        for name, each in there.items():
            self._act("resource_delete", id=each["id"])
            touched.append(name)
        return touched

    def _put_rows(self, name: str, wanted: dict[str, Any]) -> str:
        package = self._act("package_show", id=name)
        resource = package and words.table_resource(package)
        if not resource:
            raise Refusal(f"{name} has no resource its rows could belong to")
        there = self._rows(package)
        differs = None if there is None else words.differences(there, wanted)
        if differs is None or len(differs[0]) > CALLS:
            return self._make_table(resource["id"], wanted)
        gone, changed = differs
        if not gone and not changed:
            return "SAMA"
        about = {"resource_id": resource["id"], "force": True}
        for filters in gone:  # first: what is withdrawn is among it
            self._act("datastore_delete", **about, filters=filters)
        columns = {"fields": wanted["fields"], "primary_key": wanted["primary_key"]}
        self._act("datastore_create", **about, **columns)  # it is there; sees to its key
        for some in _pieces(changed):
            self._act("datastore_upsert", **about, method="upsert", records=some)
        return f"DIUBAH {len(changed)} baris, DIHAPUS {sum(len(f[columns['primary_key'][-1]]) for f in gone)} baris"

    def _make_table(self, resource: str, wanted: Mapping[str, Any]) -> str:
        about = {"resource_id": resource, "force": True}
        self._act("datastore_delete", **about)
        first, *others = _pieces(wanted["records"]) or [[]]
        self._act("datastore_create", **about, **{**wanted, "records": first})
        for some in others:
            self._act("datastore_upsert", **about, method="insert", records=some)
        return f"DITULIS {len(wanted['records'])} baris"

    def _rows(self, package: Mapping[str, Any]) -> dict[str, Any] | None:
        resource = words.table_resource(package)
        if not resource:
            return None
        records: list[Any] = []
        while True:
            page = self._act(
                "datastore_search", resource_id=resource["id"], limit=ROWS_AT_ONCE, offset=len(records), sort="_id asc"
            )
            if page is None:
                return None
            records += page["records"]
            if len(page["records"]) < ROWS_AT_ONCE:
                return words.rows_shown(page["fields"], records, package)

    def delete(self, path: str) -> str:
        """Deleted as CKAN deletes; an organisation stays, since others may have put things into it."""
        kind, _, name = path.partition("/")
        if kind == "organization":
            return "DIBIARKAN"
        there = self._act("package_show", id=name)
        if there is None or not words.is_ours(there):
            return "DIHAPUS"
        if kind == "datastore":
            if resource := words.table_resource(there):
                self._act("datastore_delete", resource_id=resource["id"], force=True)
            return "DIHAPUS"
        self._act("package_delete", id=there["id"])
        return "DIHAPUS"


def _pieces(records: Sequence[Any]) -> list[Sequence[Any]]:
    return [records[start : start + ROWS_AT_ONCE] for start in range(0, len(records), ROWS_AT_ONCE)]
