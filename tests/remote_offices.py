"""Offices that hand in at remote places, and what a test does with them and with an installation that fetches."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import update

from infra import steps
from infra.ledger import database as ledger
from infra.ledger import marks
from infra.ledger.inbox import Inbox
from tests.far_servers import USER, Served
from tests.office import SOURCES, Installation
from tests.samples import make
from tests.servers import Bucket
from tests.wires import Wire

ROOT = Path(__file__).parent.parent


class Office(Protocol):
    """A remote place an office hands in at. Everything it hands in is one row of its own."""

    wire: Wire

    def put(self, name: str, judul: str, ballast: int = 0) -> None:
        """Hand in or change a submission, with so many further bytes in it."""
        ...

    def config(self, **changes: Any) -> str:
        """Its lines in sources.toml."""
        ...


def toml(value: Any) -> str:
    """An inline table or a plain value."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


def lines(**given: Any) -> str:
    every = {"satker": ["JATENG"], "every_s": 0, "timeout_s": 10, "deadline_s": 30, **given}
    return "[jauh]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in every.items() if value is not None)


class BucketOffice:
    def __init__(self, bucket: Bucket, wire: Wire, prefix: str) -> None:
        self.bucket, self.wire, self.prefix = bucket, wire, prefix

    def put(self, name: str, judul: str, ballast: int = 0) -> None:
        for file, data in text(name, judul, ballast).items():
            self.bucket.client().put_object(Bucket=self.bucket.name, Key=f"{self.prefix}/{name}/{file}", Body=data)

    def put_file(self, name: str, data: bytes) -> None:
        self.bucket.client().put_object(Bucket=self.bucket.name, Key=f"{self.prefix}/{name}", Body=data)

    def config(self, **changes: Any) -> str:
        own = {
            "kind": "s3",
            "url": f"s3://{self.bucket.name}/{self.prefix}",
            "endpoint": f"http://127.0.0.1:{self.wire.port}",
            "access_key_env": "AWS_ACCESS_KEY_ID",
            "secret_key_env": "AWS_SECRET_ACCESS_KEY",
        }
        return lines(**{**own, **changes})

    def answered(self) -> dict[str, bytes]:
        client, base = self.bucket.client(), f"{self.prefix}/answers/"
        found = client.list_objects_v2(Bucket=self.bucket.name, Prefix=base).get("Contents", ())
        keys = [each["Key"] for each in found]
        return {k.removeprefix(base): client.get_object(Bucket=self.bucket.name, Key=k)["Body"].read() for k in keys}


class SftpOffice:
    def __init__(self, served: Served, wire: Wire, folder: str) -> None:
        self.served, self.wire, self.folder = served, wire, folder
        self.place = served.folder / "isi" / folder
        self.place.mkdir()

    def put(self, name: str, judul: str, ballast: int = 0) -> None:
        old = time.time() - 60  # handed in a minute ago: a server keeps whole seconds
        for file, data in text(name, judul, ballast).items():
            (self.place / name / file).parent.mkdir(parents=True, exist_ok=True)
            (self.place / name / file).write_bytes(data)
            os.utime(self.place / name / file, (old, old))

    def put_file(self, name: str, data: bytes) -> None:
        (self.place / name).write_bytes(data)

    def config(self, **changes: Any) -> str:
        own = {
            "kind": "sftp",
            "url": f"sftp://{USER}@127.0.0.1:{self.wire.port}/{self.folder}",
            "host_key": " ".join((self.served.folder / "host_key.pub").read_text().split()[:2]),
            "password_env": "UJI_SANDI",
            "settle_s": 0.02,
        }
        return lines(**{**own, **changes})

    def answered(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.place / "answers").iterdir()}


class ApiOffice:
    """Each submission is a group of rows."""

    def __init__(self, served: Served, wire: Wire) -> None:
        self.served, self.wire = served, wire
        self.rows: dict[str, dict[str, Any]] = {}
        served.mood(token="Bearer uji")

    def put(self, name: str, judul: str, ballast: int = 0) -> None:
        kelompok = name.removeprefix("teks-")
        self.rows[name] = {**item(name, judul), "kelompok": kelompok, "tambahan": "x" * ballast}
        self.write(list(self.rows.values()))

    def write(self, rows: list[dict[str, Any]]) -> None:
        (self.served.folder / "api.json").write_text(json.dumps(rows))

    def config(self, **changes: Any) -> str:
        own = {
            "kind": "http",
            "url": f"http://127.0.0.1:{self.wire.port}/api/data",
            "dataset": "teks",
            "paging": {"page": "halaman"},
            "group": "kelompok",
            "header_env": "UJI_TOKEN",
        }
        return lines(**{**own, **changes})


class PortalOffice:
    """Each submission is a dataset with one CSV."""

    def __init__(self, served: Served, wire: Wire) -> None:
        self.served, self.wire = served, wire
        self.packages: dict[str, dict[str, Any]] = {}
        self.clock = datetime(2026, 11, 1)
        served.mood(token="Bearer uji")

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.wire.port}/portal"

    def put(self, name: str, judul: str, ballast: int = 0) -> None:
        row = {**item(name, judul), "tambahan": "x" * ballast}
        del row["klasifikasi_informasi"]
        file = self.served.folder / "portal" / f"{name}.csv"
        file.parent.mkdir(exist_ok=True)
        file.write_text(",".join(row) + "\n" + ",".join(f'"{value}"' for value in row.values()) + "\n")
        self.publish(name, [{"url": f"{self.base}/{name}.csv", "format": "CSV", "name": "Tabel", "size": None}])

    def publish(self, name: str, resources: list[dict[str, Any]]) -> None:
        self.clock += timedelta(hours=3)
        self.packages[name] = {
            "id": f"id-{name}",
            "name": name,
            "title": name,
            "metadata_modified": self.clock.isoformat(timespec="microseconds"),
            "extras": [{"key": "klasifikasi", "value": "BERKALA"}, {"key": "asing", "value": "bukan kolom"}],
            "resources": resources,
        }
        (self.served.folder / "paket.json").write_text(json.dumps(list(self.packages.values())))

    def config(self, **changes: Any) -> str:
        own = {
            "kind": "ckan",
            "url": self.base,
            "datasets": {"teks-*": "teks"},
            "extras": {"klasifikasi": "klasifikasi_informasi"},
            "header_env": "UJI_TOKEN",
        }
        return lines(**{**own, **changes})


def item(name: str, judul: str) -> dict[str, Any]:
    return {**make.GOOD["teks"], "nomor": f"UJI/{name}", "judul": judul}


def text(name: str, judul: str, ballast: int) -> make.Files:
    files: make.Files = {"lampiran/isi.bin": os.urandom(ballast)} if ballast else {}
    return make.items("teks", {"nomor": f"UJI/{name}", "judul": judul}, files=files)


def register(spit: Installation, config: str) -> None:
    spit.settings.sources.write_text(f"{SOURCES}\n{config}")


def look(spit: Installation) -> dict[str, int]:
    """Land, and what came of it, without what did not happen."""
    return {key: value for key, value in steps.land(spit.settings).items() if value}


def troubles(spit: Installation) -> list[marks.Trouble]:
    with Inbox.open(spit.settings.ledger) as inbox:
        return marks.troubles(inbox.ledger)


def be_due(spit: Installation) -> None:
    """Let all waiting be over."""
    with Inbox.open(spit.settings.ledger) as inbox, inbox.ledger.write() as (connection, now):
        connection.execute(update(ledger.mark).values(due_at=now))


def taken(spit: Installation) -> list[tuple[str, int]]:
    """What was handed in by the remote source, each with its version."""
    return sorted((name, version) for source, name, version in spit.submissions() if source == "jauh")


def land_until_killed(spit: Installation, enough: Callable[[], bool]) -> bool:
    """Land in a process of its own and kill it -9 as soon as there is enough; whether it came to that."""
    code = "from infra import settings, steps; steps.land(settings.Settings.from_env())"
    places = {"SPIT_HOME": str(spit.settings.home), "SPIT_SOURCES": str(spit.settings.sources)}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=os.environ | places)
    until = time.monotonic() + 30
    while process.poll() is None and not enough() and time.monotonic() < until:
        time.sleep(0.02)
    running = process.poll() is None
    process.kill()
    process.wait()
    with Inbox.open(spit.settings.ledger) as inbox:
        inbox.break_leases()  # else its lease would have to run out first
    return running and enough()


def held(folder: Path) -> int:
    """Bytes in hidden folders."""
    files = [path for hidden in folder.glob(".*") for path in hidden.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files)
