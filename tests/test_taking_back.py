"""One withdrawal followed through every kind of partner: fast with the steps alone, slow on the real stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra import steps
from infra.lake import Lake
from infra.publishing.targets import webhook
from infra.settings import Settings
from infra.storage.folder import FolderStore
from infra.storage.store import open_store
from infra.withdrawing.request import PUBLIC, RELEASED
from tests.commands import satu, wait_for
from tests.far_servers import PASSWORD, USER, Served, serving
from tests.office import Installation
from tests.receivers import TOKEN, Portal, Receiver, portal, receiving
from tests.samples import make
from tests.servers import Bucket

SECRET = "Zaitun Kencanawati"
NAMES = {"lengkap", "bertahap", "ember", "sftp", "kait", "portal"}


@dataclass
class Everyone:
    """A partner of every kind, and what lies at each."""

    folder: Path
    sftp: Served
    bucket: Bucket
    hook: Receiver
    portal: Portal

    def write(self) -> None:
        """Their files, as an operator would write them."""
        key = " ".join((self.sftp.folder / "host_key.pub").read_text().split()[:2])
        address = f"sftp://{USER}@127.0.0.1:{self.sftp.port}/mitra"
        data = 'datasets = ["teks", "foto", "media", "rendisi"]\nformats = ["csv"]'
        files = {
            "lengkap": f'how = "folder"\ntarget = "mitra/lengkap"\nrenditions = true\n{data}',
            "bertahap": f'how = "folder"\ntarget = "mitra/bertahap"\nsend = "changes"\nrenditions = true\n{data}',
            "ember": f'how = "s3"\ntarget = "s3://{self.bucket.name}/kembali"\nendpoint = "{self.bucket.endpoint}"\n'
            f'when = "weekly"\n{data}\naccess = {{access_key_env = "AWS_ACCESS_KEY_ID", secret_key_env = '
            '"AWS_SECRET_ACCESS_KEY"}',
            "sftp": f'how = "sftp"\ntarget = "{address}"\n{data}\naccess = {{host_key = "{key}", password_env = '
            '"UJI_SANDI"}',
            "kait": f'how = "webhook"\ntarget = "{self.hook.url}"\nsend = "changes"\n{data}\naccess = {{secret_env = '
            '"UJI_TANDA"}',
            "portal": f'how = "ckan"\ntarget = "{self.portal.url}"\nbase = "https://data.example/"\n{data}\naccess = '
            '{key_env = "UJI_TOKEN", organization = "divhumas", title = "Divisi Humas", datastore = ["teks"]}',
        }
        self.folder.mkdir()
        for name, text in files.items():
            (self.folder / f"{name}.toml").write_text(f'name = "{name}"\ntitle = "{name}"\n{text}\n')

    def lying(self, home: Path) -> dict[str, str]:
        """All text at each partner, Parquet opened, and the names of its files."""
        stores = {
            "lengkap": FolderStore(home / "mitra/lengkap"),
            "bertahap": FolderStore(home / "mitra/bertahap"),
            "ember": open_store(f"s3://{self.bucket.name}/kembali", endpoint=self.bucket.endpoint),
            "sftp": FolderStore(self.sftp.folder / "isi/mitra"),
        }
        files = {name: {s.key: store.get(s.key) for s in store.list()} for name, store in stores.items()}
        files["kait"] = dict(self.hook.files)
        files["portal"] = {"dataset": json.dumps([self.portal.packages, self.portal.tables]).encode()}
        return {
            name: "\n".join(f"{path}: {_text(path, data)}" for path, data in f.items()) for name, f in files.items()
        }


def _text(path: str, data: bytes) -> str:
    if path.endswith(".parquet"):
        return str(pq.read_table(pa.BufferReader(data)).to_pylist())
    return data.decode("utf-8", "replace")


@pytest.fixture
def everyone(tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Everyone]:
    monkeypatch.setattr(webhook, "PAUSE_S", 0.01)
    secrets = {"UJI_SANDI": PASSWORD, "UJI_TANDA": "rahasia", "UJI_TOKEN": TOKEN}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    with ExitStack() as stack:
        sftp = stack.enter_context(serving("sftp", tmp_path / "sftp"))
        hook, ckan = stack.enter_context(receiving("rahasia")), stack.enter_context(portal())
        made = Everyone(tmp_path / "partners", sftp, bucket, hook, ckan)
        made.write()
        yield made


def owed(spit: Installation) -> set[str]:
    return {t.target for t in steps.withdrawn(spit.settings) if t.done is None}


def release(spit: Installation) -> None:
    """Release what is curated, without the audit, whose library takes longer to load than all the rest."""
    with steps.opened(spit.settings) as (store, inbox):
        newest, batches = inbox.newest_curated(), [batch.id for batch in inbox.unreleased()]
        assert newest
        inbox.mark_released(batches, Lake(store).release(newest.versions, batches, audit={}).number)


@pytest.mark.parametrize("to_the_end", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_row_and_a_photo_go_from_every_partner_and_a_dead_one_stays_owed(
    everyone: Everyone, tmp_path: Path, to_the_end: bool
) -> None:
    spit = Installation.at(tmp_path / "spit", partners=everyone.folder)
    home = spit.settings.home
    spit.drop("teks", make.items("teks", {"judul": f"Apel {SECRET} di lapangan"}, {"judul": "Apel biasa di lapangan"}))
    if to_the_end:
        spit.drop("foto", make.items("foto", {"keterangan": f"{SECRET} mengikuti apel di lapangan contoh."}))
    spit.take_in()
    if to_the_end:
        steps.render(spit.settings)
        spit.publish()
    else:
        release(spit)
        steps.deliver(spit.settings)
    before = everyone.lying(home)
    assert set(before) == NAMES
    assert [name for name, text in before.items() if SECRET not in text] == []
    assert ("rendisi/" in before["lengkap"] and ".webp" in before["bertahap"]) == to_the_end
    assert all("Apel biasa" in text for text in before.values())

    everyone.hook.answers = [503] * 40
    (key,) = [r["_kunci"] for r in spit.rows(f"SELECT _kunci FROM teks WHERE judul LIKE '%{SECRET}%'")]
    _, _, counts = steps.withdraw(spit.settings, f"teks/{key}", "PPID contoh", "persetujuan ditarik")
    assert counts["failed"] == 1, "the webhook alone"
    if to_the_end:
        steps.withdraw(spit.settings, spit.one("foto").receipt, "PPID contoh", "salah kirim")
    after = everyone.lying(home)
    assert [name for name, text in after.items() if SECRET in text] == ["kait"], "the weekly one did not wait either"
    assert owed(spit) == {"kait", "penghapusan"}
    places = steps.withdrawn(spit.settings)
    assert {t.target for t in places} == {RELEASED, *PUBLIC, *NAMES, "penghapusan"}
    late = [t.target for t in places if t.overdue(datetime.now(UTC) + timedelta(hours=73))]
    assert set(late) == {"kait", "penghapusan"} and not [t for t in places if t.overdue(datetime.now(UTC))]

    everyone.hook.answers = []
    steps.deliver(spit.settings)
    after = everyone.lying(home)
    assert [name for name, text in after.items() if SECRET in text] == []
    assert "HAPUS" in after["bertahap"] and "HAPUS" in after["kait"] and ".webp" not in after["lengkap"]
    assert all("Apel biasa" in text for name, text in after.items() if name not in {"bertahap", "kait"})
    assert owed(spit) == {"penghapusan"}
    if not to_the_end:
        return
    assert steps.maintain(spit.settings)["erased"] == 2
    assert owed(spit) == set()
    assert steps.reconcile(spit.settings)["deliver"]["failed"] == 0
    again = everyone.lying(home)
    assert all("Apel biasa" in text and SECRET not in text for text in again.values())
    assert steps.deliver(spit.settings)["written"] == 0


# On the real stack


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_on_the_real_stack_a_withdrawal_reaches_every_partner(
    everyone: Everyone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from infra.embedded.stack import Stack

    home = tmp_path / "home"
    monkeypatch.setenv("SPIT_HOME", str(home))
    monkeypatch.setenv("SPIT_PARTNERS", str(everyone.folder))
    settings = Settings.from_env()
    with Stack(settings) as stack:
        stack.wait_healthy()
        files = make.items("teks", {"judul": f"Apel {SECRET} di lapangan"}, {"judul": "Apel biasa di lapangan"})
        folder = settings.landing / "jateng" / "teks"
        folder.mkdir(parents=True)
        for name in sorted(files, key=lambda name: name == "manifest.json"):
            (folder / name).write_bytes(files[name])
        wait_for(lambda: all(SECRET in text for text in everyone.lying(home).values()), "the text at every partner")

        (row,) = satu(home, "sql", f"SELECT _kunci FROM teks WHERE judul LIKE '%{SECRET}%'")
        done = satu(home, "withdraw", f"teks/{row['_kunci']}", "--by", "PPID", "--reason", "persetujuan ditarik")
        assert done["new"]
        wait_for(lambda: not any(SECRET in text for text in everyone.lying(home).values()), "its end at every partner")
        listed = {t["target"]: t["done"] for t in satu(home, "withdraw", "--list")}
        assert {name for name, at in listed.items() if at} >= {RELEASED, *PUBLIC, *NAMES}
        satu(home, "step", "maintain")
        assert all(t["done"] for t in satu(home, "withdraw", "--list"))
        assert satu(home, "withdraw", "--search", SECRET) == []
