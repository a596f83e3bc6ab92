"""Partners of tests that are spoken to over HTTP: a receiver of webhooks, and a stand-in for a CKAN portal."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from infra.publishing.targets.webhook import sign

TOKEN = "token-uji"


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on loopback, in a thread of this process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@dataclass
class Receiver:
    """What a partner that checks every signature has got. `answers`: statuses to give first, before it behaves."""

    key: bytes
    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    lists: bool = True

    def told(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        event, named = headers["x-spit-event"], headers["x-spit-path"]
        wanted = sign(self.key, headers["x-spit-timestamp"], event, named, [body])
        if headers["x-spit-signature"] != wanted:
            return 401, b"signature?"
        path = unquote(named)
        self.calls.append((event, path))
        if self.answers:
            return self.answers.pop(0), b"nanti"
        match event:
            case "berkas":
                assert hashlib.sha256(body).hexdigest() == headers["x-spit-sha256"]
                self.files[path] = body
            case "hapus":
                self.files.pop(path, None)
            case _:
                there = {p: {"ukuran": len(b), "sha256": hashlib.sha256(b).hexdigest()} for p, b in self.files.items()}
                return (200, json.dumps(there).encode()) if self.lists else (404, b"")
        return 202, b"terima kasih"


@contextmanager
def receiving(key: str) -> Iterator[Receiver]:
    receiver = Receiver(key.encode())

    class Hook(Quiet):
        def do_POST(self) -> None:
            self.send(*receiver.told(self.headers, self.body()))  # pyright: ignore[reportArgumentType]

    with listening(Hook) as receiver.url:
        yield receiver


class Wrong(Exception):
    """What CKAN answers instead of a result: status, type of the error, and the error."""


@dataclass
class Portal:
    """A portal that enforces what CKAN's own validators do (`ckan/logic/schema.py`, `validators.py`).

    It is no CKAN: search knows only `organization:<name>`, and there are no permissions but that of the one token.
    """

    url: str = ""
    packages: dict[str, dict[str, Any]] = field(default_factory=dict)
    organizations: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def asked(self) -> list[str]:
        """The writing calls since it was asked last."""
        said, self.calls = [c for c in self.calls if not c.endswith(("_show", "_search"))], []
        return said

    def act(self, action: str, said: dict[str, Any], token: str | None) -> Any:
        self.calls.append(action)
        if not action.endswith(("_show", "_search")) and token != TOKEN:
            raise Wrong(403, "Authorization Error", {"message": "Access denied"})
        return getattr(self, action)(said)

    # Datasets

    def package_show(self, said: dict[str, Any]) -> dict[str, Any]:
        found = next((p for p in self.packages.values() if said["id"] in (p["id"], p["name"])), None)
        if found is None:
            raise Wrong(404, "Not Found Error", {"message": "Not found"})
        return found

    def package_search(self, said: dict[str, Any]) -> dict[str, Any]:
        org = said["fq"].removeprefix("organization:")
        found = [p for p in self.packages.values() if p["organization"]["name"] == org and p["state"] == "active"]
        found.sort(key=lambda p: p["name"])
        return {"count": len(found), "results": found[said["start"] :][: min(said["rows"], 1000)]}

    def package_create(self, said: dict[str, Any]) -> dict[str, Any]:
        return self._keep({"id": str(uuid.uuid4()), "state": "active", "resources": []} | said)

    def package_patch(self, said: dict[str, Any]) -> dict[str, Any]:
        there = self.package_show(said)
        shown = {**there, "owner_org": there["organization"]["name"]}
        return self._keep(shown | {key: value for key, value in said.items() if key != "id"})

    def package_delete(self, said: dict[str, Any]) -> None:
        self.package_show(said)["state"] = "deleted"

    def _keep(self, p: dict[str, Any]) -> dict[str, Any]:
        wrong: dict[str, list[str]] = {}
        _name(p.get("name"), wrong)
        same = [q for q in self.packages.values() if q["name"] == p.get("name") and q["id"] != p["id"]]
        if any(q["state"] != "deleted" for q in same):
            wrong.setdefault("name", []).append("That URL is already in use.")
        org = next((o for o in self.organizations.values() if p.get("owner_org") in (o["id"], o["name"])), None)
        if not p.get("owner_org"):
            wrong["owner_org"] = ["An organization must be provided"]
        elif org is None:
            wrong["owner_org"] = ["Organization does not exist"]
        if len(p.get("version") or "") > 100:
            wrong["version"] = ["Version must be a maximum of 100 characters long"]
        for tag in (each["name"] for each in p.get("tags", ())):
            if not 2 <= len(tag) <= 100:
                wrong.setdefault("tags", []).append(f'Tag "{tag}" length is less than minimum 2 or more than 100')
            if not re.fullmatch(r"[\w \-.]*", tag):
                wrong.setdefault("tags", []).append(f'Tag "{tag}" can only contain alphanumeric characters, spaces…')
        keys = [each["key"] for each in p.get("extras", ())]
        if len(keys) != len(set(keys)):
            wrong["extras_validation"] = ["Duplicate key"]
        if any(not each["key"] or not isinstance(each["value"], str) or not each["value"] for each in p["extras"]):
            wrong["extras"] = ["Missing value"]
        for resource in p["resources"]:
            _resource(resource, wrong)
        if wrong or org is None:
            raise Wrong(409, "Validation Error", wrong)
        resources = [{"id": str(uuid.uuid4()), **r, "position": at} for at, r in enumerate(p["resources"])]
        tags = [{"name": t["name"], "display_name": t["name"], "state": "active"} for t in p.get("tags", ())]
        made = {**p, "owner_org": org["id"], "organization": dict(org), "resources": resources, "tags": tags}
        self.packages[made["id"]] = made
        return made

    # Resources

    def resource_create(self, said: dict[str, Any]) -> dict[str, Any]:
        package = self.package_show({"id": said["package_id"]})
        return self._keep(
            {**package, "owner_org": package["organization"]["name"], "resources": [*package["resources"], said]}
        )

    def resource_patch(self, said: dict[str, Any]) -> dict[str, Any]:
        package, resource = self._resource(said["id"])
        kept = [resource | said if r is resource else r for r in package["resources"]]
        return self._keep({**package, "owner_org": package["organization"]["name"], "resources": kept})

    def resource_delete(self, said: dict[str, Any]) -> None:
        package, resource = self._resource(said["id"])
        package["resources"] = [r for r in package["resources"] if r is not resource]

    def _resource(self, id_: str) -> tuple[dict[str, Any], dict[str, Any]]:
        found = [(p, r) for p in self.packages.values() for r in p["resources"] if r["id"] == id_]
        if not found:
            raise Wrong(404, "Not Found Error", {"message": "Resource was not found."})
        return found[0]

    # Organisations

    def organization_show(self, said: dict[str, Any]) -> dict[str, Any]:
        if said["id"] not in self.organizations:
            raise Wrong(404, "Not Found Error", {"message": "Not found"})
        return self.organizations[said["id"]]

    def organization_create(self, said: dict[str, Any]) -> dict[str, Any]:
        wrong: dict[str, list[str]] = {}
        _name(said.get("name"), wrong)
        if said.get("name") in self.organizations:
            wrong.setdefault("name", []).append("Group name already exists in database")
        if wrong:
            raise Wrong(409, "Validation Error", wrong)
        self.organizations[said["name"]] = {"id": str(uuid.uuid4()), "state": "active", **said}
        return self.organizations[said["name"]]

    def organization_patch(self, said: dict[str, Any]) -> dict[str, Any]:
        there = next(o for o in self.organizations.values() if o["id"] == said["id"])
        return there.update(said) or there

    # The DataStore

    def datastore_create(self, said: dict[str, Any]) -> dict[str, Any]:
        self._resource(said["resource_id"])
        if not said.get("force"):
            raise Wrong(409, "Validation Error", {"read-only": ["read-only resource"]})
        names = {each["id"] for each in said["fields"]}
        if any(name.startswith("_") or '"' in name or len(name) > 63 for name in names):
            raise Wrong(409, "Validation Error", {"fields": ["not a valid field name"]})
        if any(set(record) - names for record in said.setdefault("records", [])):
            raise Wrong(409, "Validation Error", {"records": ["unknown column"]})
        fields = [{"id": "_id", "type": "int"}, *said["fields"]]
        there = self.tables.setdefault(said["resource_id"], {"fields": fields, "records": []})
        if there["fields"] != fields:
            raise Wrong(409, "Validation Error", {"fields": ["other columns than it has"]})
        there["key"] = said["primary_key"]
        return self.datastore_upsert({**said, "method": "insert"})

    def datastore_upsert(self, said: dict[str, Any]) -> dict[str, Any]:
        table = self.tables[said["resource_id"]]

        def key(record: dict[str, Any]) -> tuple[str, ...]:
            return tuple(str(record[k]) for k in table["key"])

        again = {key(r) for r in said["records"]} if said["method"] == "upsert" else set()
        records = [r for r in table["records"] if key(r) not in again] + said["records"]
        if len(set(map(key, records))) != len(records):
            raise Wrong(409, "Validation Error", {"constraints": ["Cannot insert records: duplicate key"]})
        table["records"] = [{**r, "_id": at} for at, r in enumerate(records, 1)]
        return {}

    def datastore_delete(self, said: dict[str, Any]) -> None:
        if said["resource_id"] not in self.tables:
            raise Wrong(404, "Not Found Error", {"message": "Resource was not found."})
        if "filters" not in said:
            del self.tables[said["resource_id"]]
            return
        table, wanted = self.tables[said["resource_id"]], said["filters"].items()
        table["records"] = [
            r for r in table["records"] if not all(r[k] in (v if isinstance(v, list) else [v]) for k, v in wanted)
        ]

    def datastore_search(self, said: dict[str, Any]) -> dict[str, Any]:
        if said["resource_id"] not in self.tables:
            raise Wrong(404, "Not Found Error", {"message": "Resource was not found."})
        table = self.tables[said["resource_id"]]
        return {"fields": table["fields"], "records": table["records"][said.get("offset", 0) :][: said["limit"]]}


def _name(name: object, wrong: dict[str, list[str]]) -> None:
    if not isinstance(name, str) or not 2 <= len(name) <= 100 or not re.fullmatch(r"[a-z0-9_\-]*", name):
        wrong["name"] = ["Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_"]
    if name in {"new", "edit", "search"}:
        wrong["name"] = ["That name cannot be used"]


def _resource(resource: Mapping[str, Any], wrong: dict[str, list[str]]) -> None:
    if "upload" in resource or resource.get("url_type") == "upload":
        wrong["resources"] = ["Upload not allowed"]
    if resource.get("size") is not None and not isinstance(resource["size"], int):
        wrong["resources"] = ["Invalid integer"]


@contextmanager
def portal() -> Iterator[Portal]:
    there = Portal()

    class Action(Quiet):
        def do_POST(self) -> None:
            said = json.loads(self.body() or b"{}")
            action = self.path.rpartition("/")[2]
            try:
                result = there.act(action, said, self.headers.get("authorization"))
                self.send(200, json.dumps({"help": "…", "success": True, "result": result}).encode())
            except Wrong as error:
                status, kind, why = error.args
                answer = {"help": "…", "success": False, "error": {**why, "__type": kind}}
                self.send(status, json.dumps(answer).encode())

    with listening(Action) as there.url:
        yield there
