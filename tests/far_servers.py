"""Servers of offices for tests, each in a process of its own: SFTP, a JSON API and a CKAN portal.

`python -m tests.far_servers sftp|web FOLDER` serves a folder and prints its port. The web server answers from files a
test writes: `api.json` (rows), `paket.json` (datasets of a portal), `berkas/…` (downloads), and `suasana.json`, which
says how it misbehaves. What it was asked is in `log.txt`.
"""

import asyncio
import builtins
import gzip
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers import die_with_parent

USER, PASSWORD = "kantor", "rahasia-uji"


@dataclass(frozen=True)
class Served:
    """A running server: the folder it serves and its port on 127.0.0.1."""

    folder: Path
    port: int

    def mood(self, **changes: Any) -> None:
        """How a web server behaves from now on; nothing given is good behaviour."""
        (self.folder / "suasana.json").write_text(json.dumps(changes))

    def asked(self) -> list[str]:
        """The requests a web server had so far; forgets them."""
        log = self.folder / "log.txt"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


@contextmanager
def serving(kind: str, folder: Path) -> Iterator[Served]:
    """Run a server over a folder until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.far_servers", kind, str(folder)],
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - one thread runs when a fixture starts
    )
    assert process.stdout is not None
    try:
        yield Served(folder, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def serve_sftp(folder: Path) -> None:
    import asyncssh

    class Office(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (USER, PASSWORD)

    key = asyncssh.generate_private_key("ssh-ed25519")
    (folder / "host_key.pub").write_bytes(key.export_public_key())
    shown = folder / "isi"
    shown.mkdir(exist_ok=True)
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    (folder / "user_key").write_bytes(user_key.export_private_key())
    (folder / "user_key.pub").write_bytes(user_key.export_public_key())
    listener = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=Office,
        server_host_keys=[key],
        authorized_client_keys=str(folder / "user_key.pub"),
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(shown).encode()),
    )
    print(listener.get_port(), flush=True)
    await listener.wait_closed()


class Web(BaseHTTPRequestHandler):
    folder: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with (self.folder / "log.txt").open("a") as log:
            log.write(f"{self.path}\n")
        mood = json.loads((self.folder / "suasana.json").read_text())
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        for rule in mood.get("rules", []):  # [beginning of the path, what to do, how]
            if self.path.startswith(rule[0]):
                return self.misbehave(*rule[1:])
        if mood.get("token") and self.headers["authorization"] != mood["token"]:
            return self.send(401, {"message": "token?"})
        match parts.path.split("/")[1:]:
            case ["api", shape]:
                return self.api(shape, query)
            case ["portal", "api", "3", "action", action]:
                return self.ckan(action, query)
            case ["portal", name] if name.startswith("catalog."):
                return self.bytes(200, (self.folder / name).read_bytes())
            case _:
                file = self.folder / parts.path.lstrip("/")
                return self.file(file, mood) if file.is_file() else self.send(404, {"message": "tiada"})

    def file(self, file: Path, mood: dict[str, Any]) -> None:
        """A download, in parts if asked. `says`: which validators; `deaf`: it heeds no `If-Range`; `zips`: it packs."""
        body = file.read_bytes()
        if mood.get("zips") and "gzip" in self.headers.get("accept-encoding", ""):
            body = gzip.compress(body, 0)
            self.send_response(200)
            self.send_header("content-encoding", "gzip")
            self.send_header("etag", '"terkemas"')
            self.content(body)
            return
        etag, changed = f'"{hashlib.sha256(body).hexdigest()[:16]}"', formatdate(file.stat().st_mtime, usegmt=True)
        says = {"etag": {"etag": etag}, "weak": {"etag": f"W/{etag}"}, "changed": {"last-modified": changed}, "": {}}
        given = says[mood.get("says", "etag")]
        first = int((self.headers["range"] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        partial = first and (mood.get("deaf") or self.headers["if-range"] in given.values())
        if partial and first >= len(body):
            self.send(416, {"message": "di luar"})
            return
        self.send_response(206 if partial else 200)
        for name, value in given.items():
            self.send_header(name, value)
        if partial:
            self.send_header("content-range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        self.content(body[first:] if partial else body)

    def misbehave(self, what: str, how: Any = None) -> None:
        match what:
            case "status":
                self.send(how, {"message": "rusak"})
            case "reply":
                self.send(200, how)
            case "redirect":
                self.send_response(302)
                self.send_header("location", how)
                self.send_header("content-length", "0")
                self.end_headers()
            case "truncate":
                self.send_response(200)
                self.send_header("content-length", str(how))
                self.end_headers()
                self.wfile.write(b'{"data": [')
                self.close_connection = True
            case "drip":  # a byte now and then, for ever
                self.send_response(200)
                self.send_header("content-length", "1000000000")
                self.end_headers()
                while True:
                    self.wfile.write(b" ")
                    time.sleep(how)

    def api(self, shape: str, query: dict[str, str]) -> None:
        rows = json.loads((self.folder / "api.json").read_text())
        if "sejak" in query:
            rows = [row for row in rows if row["diubah_pada"] >= query["sejak"]]
        size = int(query.get("batas", 2))
        at = (int(query.get("halaman", 1)) - 1) * size + int(query.get("mulai", query.get("kursor", 0)))
        page, rest = rows[at : at + size], len(rows) > at + size
        further = "&".join(f"{key}={value}" for key, value in query.items() if key != "kursor")
        self.send(
            200,
            {
                "bare": page,
                "data": {"data": page, "message": "ok"},
                "code": {"code": 200, "status": True, "message": "ok", "data": page or None},
                "fields": {"fields": list(rows[0]), "records": [list(row.values()) for row in page]},
                "links": {
                    "result": {"records": page},
                    "links": {"next": f"/api/links?kursor={at + size}&{further}" if rest else None},
                },
                "kursor": {"data": page, "meta": {"next": str(at + size) if rest else ""}},
            }[shape],
        )

    def ckan(self, action: str, query: dict[str, str]) -> None:
        packages = json.loads((self.folder / "paket.json").read_text())
        if action == "package_show":
            found = [each for each in packages if each["name"] == query["id"]]
            if not found:
                return self.send(404, {"success": False, "error": {"__type": "Not Found Error", "message": "tiada"}})
            return self.send(200, {"help": "…", "success": True, "result": found[0]})
        if since := query.get("fq", "").partition("metadata_modified:[")[2].partition("Z TO")[0]:
            packages = [each for each in packages if each["metadata_modified"] >= since]
        start, rows = int(query["start"]), min(int(query["rows"]), 2)
        result = {"count": len(packages), "results": sorted(packages, key=lambda p: p["name"])[start : start + rows]}
        return self.send(200, {"help": "…", "success": True, "result": result})

    def send(self, status: int, document: Any) -> None:
        self.bytes(status, json.dumps(document).encode())

    def bytes(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.content(body)

    def content(self, body: builtins.bytes) -> None:
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):  # the other end has heard enough
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the log is `log.txt`."""


def serve_web(folder: Path) -> None:
    if not (folder / "suasana.json").exists():
        (folder / "suasana.json").write_text("{}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Web,), {"folder": folder}))
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    kind, place = sys.argv[1], Path(sys.argv[2])
    if kind == "web":
        serve_web(place)
    else:
        asyncio.run(serve_sftp(place))
