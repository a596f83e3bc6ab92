"""What docs/partners.md shows a partner works as it stands: every block, with curl, pandas, DuckDB, ckanapi, rdflib."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from infra.ledger.inbox import Inbox
from infra.publishing.deliver import deliver_all
from infra.publishing.partners import Partner, read
from infra.publishing.publication import Publication, publish
from infra.publishing.targets.webhook import sign
from infra.storage.folder import FolderStore
from schemas.dataset import tables
from tests.receivers import TOKEN, portal
from tests.released import Release, lake, row
from tests.servers import die_with_parent, free_ports

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "partners.md").read_text("utf-8")
CONTENT = {name: [row(tables()[name], key) for key in "ab"] for name in ("teks", "foto")}
ADDRESS = "http://127.0.0.1:8110"


def block(language: str, word: str) -> str:
    """The one block of the page in this language that holds the word."""
    (found,) = [b for b in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if word in b]
    return found


@dataclass(frozen=True)
class House:
    """A publication that is served at `url`; partner `sdi` has it in its folder below `home`."""

    home: Path
    url: str
    publication: Publication


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("rumah")
    store = FolderStore(home / "lake")
    with lake(CONTENT) as connection:
        publication = publish(connection, store, Release(tables=dict.fromkeys(CONTENT, 4)))
    with Inbox.open(f"sqlite:///{home}/ledger.db") as inbox:
        (done,) = deliver_all([Partner("sdi", "SDI", "folder", "mitra/sdi", ("*",))], publication, store, home, inbox)
        assert not done.error
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "infra.serving.server", "127.0.0.1", str(port)]
    env = {**os.environ, "SPIT_HOME": str(home)}
    with subprocess.Popen(command, env=env, cwd=ROOT, preexec_fn=die_with_parent) as process:  # noqa: PLW1509
        try:
            until = time.monotonic() + 60
            while True:
                try:
                    httpx.get(f"{url}/api/1", trust_env=False).raise_for_status()
                    break
                except httpx.TransportError:
                    assert time.monotonic() < until and process.poll() is None
                    time.sleep(0.1)
            yield House(home, url, publication)
        finally:
            process.terminate()


def run(code: str, house: House) -> dict[str, Any]:
    """What a block of Python leaves."""
    left: dict[str, Any] = {}
    exec(code.replace(ADDRESS, house.url), left)
    return left


def test_curl_finds_and_fetches_what_the_package_names(house: House, tmp_path: Path) -> None:
    package = json.loads((house.home / "lake/published/datapackage.json").read_bytes())
    (file,) = [r for r in package["resources"] if r["name"] == "teks"]
    lines = re.sub(r"teks/[^/ ]+/teks\.csv", file["path"], block("sh", "datapackage.json"))
    env = {**os.environ, "B": f"{house.url}/api/1"}
    done = subprocess.run(["bash", "-euc", lines], env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert file["path"] in done.stdout
    assert done.stdout.splitlines()[-1] == f"{file['hash'].removeprefix('sha256:')}  teks.csv"


def test_pandas_reads_the_same_from_csv_and_json(house: House) -> None:
    left = run(block("python", "pandas"), house)
    assert list(left["teks"]["nomor"]) == list(left["same"]["nomor"]) == ["a-terbuka", "b-terbuka"]


def test_duckdb_asks_a_partners_folder(house: House) -> None:
    asked = block("sql", "mitra/sdi").replace("mitra/sdi", str(house.home / "mitra/sdi"))
    assert duckdb.sql(asked).fetchall() == [("JATENG.BANYUMAS", 2)]


def test_a_harvester_reads_the_catalogue_and_fetches_each_file(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    run(block("python", "rdflib"), house)
    told = capsys.readouterr().out
    csvs = [f for e in house.publication.editions for f in e.files if f.format == "csv"]
    assert sorted(int(n) for n in re.findall(r"CSV (\d+) https://creativecommons", told)) == sorted(
        f.size for f in csvs
    )
    assert f"urn:spit:dataset:foto {tables()['foto'].title}" in told


def test_a_receiver_tells_what_is_genuine(house: House) -> None:
    genuine = run(block("python", "genuine"), house)["genuine"]
    now, path, body = str(int(time.time())), "teks/2.4-0/teks.csv", b"isi"
    said = {
        "Timestamp": now,
        "Event": "berkas",
        "Path": path,
        "Signature": sign(b"rahasia", now, "berkas", path, [body]),
    }
    headers = {f"X-SPIT-{name}": value for name, value in said.items()}
    assert genuine(headers, body, b"rahasia")
    assert not genuine(headers, body, b"lain") and not genuine(headers, b"lain", b"rahasia")


@pytest.mark.parametrize("name", ["redaksi", "portal_kami"])
def test_the_files_of_partners_shown_are_right(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.toml"
    path.write_text(block("toml", f"# {name}.toml"))
    assert read(path).name == name


def test_ckanapi_asks_a_portal_for_what_we_brought(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "portal_kami.toml").write_text(block("toml", "# portal_kami.toml"))
    monkeypatch.setenv("SPIT_PORTAL_TOKEN", TOKEN)
    with portal() as there, Inbox.open(f"sqlite:///{tmp_path}/ledger.db") as inbox:
        partner = read(tmp_path / "portal_kami.toml")
        wanted = replace(partner, target=there.url, access={**partner.access, "datastore": ["teks"]})
        (done,) = deliver_all([wanted], house.publication, FolderStore(house.home / "lake"), house.home, inbox)
        assert not done.error
        resource = next(iter(there.tables))
        lines = block("sh", "ckanapi").replace("https://portal.example", there.url).replace("…", resource)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        env = {**os.environ, "PATH": path}
        done = subprocess.run(["bash", "-euc", lines], env=env, capture_output=True, text=True, check=True)
    assert '"name": "spit-teks"' in done.stdout and '"nomor": "a-terbuka"' in done.stdout
