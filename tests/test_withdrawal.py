"""Withdrawing: hidden at once, taken back from the public and the partners, erased; killed in between and run again."""

import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from infra import steps
from infra.cli import main
from infra.lake import Lake
from infra.settings import Settings
from infra.sql.query import connect
from infra.storage.store import Store, content_key, open_store
from infra.submit import Refused
from infra.withdrawing.plan import plans
from infra.withdrawing.request import RELEASED
from infra.withdrawing.searching import search
from tests.killed import work
from tests.office import Installation
from tests.samples import make

SECRET = "Zaitun Kencanawati"
TITLE = f"Apel bersama {SECRET} di lapangan"
WHY = "persetujuan ditarik, surat 12"

forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["tests.killed"])


def store(spit: Installation) -> Store:
    return open_store(spit.settings.store)


def withdraw(spit: Installation, item: str) -> Any:
    return steps.withdraw(spit.settings, item, "PPID contoh", WHY)


def published(spit: Installation) -> str:
    """All text that is public, here and at the partners."""
    folders = [Path(spit.settings.store) / "published", spit.settings.home / "partners"]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    return "\n".join(path.read_text("utf-8") for path in files)


def owed(spit: Installation) -> set[str]:
    return {t.target for t in steps.withdrawn(spit.settings) if t.done is None}


def handed_in(home: Path) -> Installation:
    """A text (one row secret, one not, one returned with the secret), a photo with it, a table; all released."""
    spit = Installation.at(home)
    spit.drop(
        "teks",
        make.items("teks", {"judul": TITLE}, {"judul": "Apel biasa di lapangan"}, {"judul": TITLE, "topik": "X"}),
    )
    spit.drop("foto", make.items("foto", {"keterangan": f"{SECRET} mengikuti apel di lapangan contoh."}))
    spit.drop("tabel", make.table("layanan_informasi", make.ROWS["layanan_informasi"]))
    spit.take_in()
    spit.publish()
    return spit


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home to copy: taken in and released once for all tests here."""
    return handed_in(tmp_path_factory.mktemp("siap") / "spit").settings.home


@pytest.fixture
def spit(prepared: Path, tmp_path: Path) -> Iterator[Installation]:
    import shutil

    shutil.copytree(prepared, tmp_path / "spit")
    yield Installation.at(tmp_path / "spit")


def key(spit: Installation, dataset: str = "teks", like: str = "%001") -> str:
    return spit.rows(f"SELECT _kunci FROM {dataset} WHERE _kunci LIKE '{like}'")[0]["_kunci"]


def test_a_row_is_hidden_at_once_and_from_the_public_with_the_next_publish(spit: Installation) -> None:
    assert SECRET in published(spit)
    mine = key(spit)
    made, new, counts = withdraw(spit, f"teks/{mine}")
    assert (made.nomor, new, counts["failed"]) == (1, True, 0)
    assert [row["judul"] for row in spit.rows("SELECT judul FROM teks_riwayat")] == ["Apel biasa di lapangan"]
    assert spit.rows(f"SELECT * FROM teks WHERE _kunci = '{mine}'") == []
    assert TITLE not in published(spit)
    assert spit.rows("SELECT count(nilai) AS n FROM temuan")[0]["n"] == 0  # a finding of it quotes no value any more
    assert owed(spit) == {"penghapusan"}


def test_an_old_release_does_not_show_it_either(spit: Installation) -> None:
    lake = Lake(store(spit))
    before = lake.released()
    withdraw(spit, "2026-000001" if spit.one("teks").receipt.startswith("2026-000001") else spit.one("teks").receipt)
    with connect(lake, before) as con:
        assert con.execute("SELECT count(*) FROM teks").fetchall() == [(0,)]


def found_by_audit(spit: Installation, receipt: str) -> None:
    """Let the audit have warned of a row, by a key into which its office had written a name."""
    record = json.loads(store(spit).get("audits/00000001.json"))
    sample = {"_kiriman": receipt, "nomor": SECRET, "banyak": 2}
    record["gagal"] = [{"kode": "KUNCI_GANDA", "tingkat": "PERINGATAN", "sample": [sample]}]
    store(spit).put("audits/00000001.json", json.dumps(record).encode())
    store(spit).put("audits/00000001.html", SECRET.encode())


def test_erased_it_is_nowhere_in_the_store_and_everything_else_still_is(spit: Installation) -> None:
    found_by_audit(spit, spit.one("teks").receipt)
    held = search(store(spit), TITLE)
    assert {where.split("/")[0] for where in held} >= {"raw", "tables", "judged", "published"}
    withdraw(spit, f"teks/{key(spit)}")
    withdraw(spit, spit.one("foto").receipt.split(".")[0])
    counts = steps.maintain(spit.settings)
    assert counts["erased"] == 2
    assert search(store(spit), SECRET) == []
    (check,) = json.loads(store(spit).get("audits/00000001.json"))["gagal"]
    assert check["sample"] == [{"_kiriman": spit.one("teks").receipt, "nomor": None, "banyak": 2}]
    assert owed(spit) == set()
    assert [row["judul"] for row in spit.rows("SELECT judul FROM teks")] == ["Apel biasa di lapangan"]
    assert spit.rows("SELECT count(*) AS n FROM layanan_informasi") == [{"n": 2}]
    assert spit.rows("SELECT count(*) AS n FROM foto") == spit.rows("SELECT count(*) AS n FROM media") == [{"n": 0}]
    assert spit.one("foto").state == "DITARIK"
    assert spit.one("teks").state == "TERBIT"
    assert search(store(spit), "Apel biasa di lapangan") != []
    assert steps.reconcile(spit.settings)["odd"] == []


def test_a_second_run_finds_nothing_to_do(spit: Installation) -> None:
    withdraw(spit, f"teks/{key(spit)}")
    steps.maintain(spit.settings)
    before = {
        s.key: s.etag for s in store(spit).list() if s.key.startswith(("erasures", "releases", "raw", "receipts"))
    }
    assert steps.maintain(spit.settings)["erased"] == 0
    after = {s.key: s.etag for s in store(spit).list() if s.key.startswith(("erasures", "releases", "raw", "receipts"))}
    assert after == before


def test_the_tombstone_says_who_when_why_and_nothing_else(spit: Installation) -> None:
    receipt = spit.one("foto").receipt
    withdraw(spit, receipt)
    steps.maintain(spit.settings)
    record = json.loads(store(spit).get("withdrawals/000001.json"))
    assert (record["oleh"], record["alasan"], record["kiriman"]) == ("PPID contoh", WHY, [receipt])
    answer = spit.receipt(receipt)
    assert (answer["status"], answer["berkas"], answer["temuan"]) == ("DITARIK", [], [])
    (plan,) = plans(store(spit))
    assert plan.kiriman == (receipt,)
    assert all(store(spit).stat(content_key(sha)) is None for sha in plan.isi)


def test_a_medium_is_withdrawn_with_every_row_about_it(spit: Installation) -> None:
    (photo,) = spit.rows("SELECT uri, sha256 FROM media")
    assert steps.render(spit.settings)["copies"] > 0
    assert list(store(spit).list("renditions/sha256/"))
    withdraw(spit, photo["uri"])
    assert spit.rows("SELECT * FROM foto") == spit.rows("SELECT * FROM media") == []
    steps.maintain(spit.settings)
    assert store(spit).stat(content_key(photo["sha256"])) is None
    assert list(store(spit).list("renditions/sha256/")) == []
    assert search(store(spit), "mengikuti apel di lapangan contoh") == []


def test_a_medium_another_submission_shows_stays_when_one_is_withdrawn(spit: Installation) -> None:
    spit.drop("lain", make.items("foto", {"nomor": "UJI/2026/777"}))
    spit.take_in()
    spit.publish()
    (sha,) = {row["sha256"] for row in spit.rows("SELECT sha256 FROM media")}
    withdraw(spit, spit.one("foto").receipt)
    steps.maintain(spit.settings)
    assert store(spit).stat(content_key(sha)) is not None
    assert [row["nomor"] for row in spit.rows("SELECT nomor FROM foto")] == ["UJI/2026/777"]


def test_what_a_withdrawn_correction_had_replaced_does_not_come_back(spit: Installation) -> None:
    first = spit.one("teks").receipt.split(".")[0]
    spit.drop("ralat", make.items("teks", {"judul": "Apel yang diralat kantor"}, memperbaiki=first))
    spit.take_in()
    spit.publish()
    assert spit.rows("SELECT judul FROM teks WHERE judul LIKE '%diralat%'")
    withdraw(spit, spit.one("ralat").receipt)
    for _ in range(2):
        assert [row["judul"] for row in spit.rows("SELECT judul FROM teks")] == ["Apel biasa di lapangan"]
        assert TITLE not in published(spit)
        steps.maintain(spit.settings)


def test_what_is_handed_in_after_the_withdrawal_is_new(spit: Installation) -> None:
    mine = key(spit)
    withdraw(spit, f"teks/{mine}")
    spit.drop("teks", make.items("teks", {"judul": "Apel tanpa nama di lapangan"}))
    spit.take_in()
    spit.publish()
    steps.maintain(spit.settings)
    titles = {row["judul"] for row in spit.rows("SELECT judul FROM teks")}
    assert titles == {"Apel biasa di lapangan", "Apel tanpa nama di lapangan"}
    assert search(store(spit), SECRET) != []  # of the photo, which nobody has withdrawn
    assert search(store(spit), TITLE) == []


def test_before_it_is_judged_a_submission_never_is(tmp_path: Path) -> None:
    spit = Installation.at(tmp_path / "spit")
    spit.drop("teks", make.items("teks", {"judul": TITLE}))
    steps.land(spit.settings)
    withdraw(spit, spit.one("teks").receipt)
    assert spit.take_in()["judge"]["submissions"] == 0
    assert steps.maintain(spit.settings)["erased"] == 1
    assert search(store(spit), SECRET) == []


def test_withdrawn_between_judging_and_release_it_is_never_shown(tmp_path: Path) -> None:
    spit = Installation.at(tmp_path / "spit")
    spit.drop("teks", make.items("teks", {"judul": TITLE}))
    spit.drop("lain", make.items("teks", {"nomor": "UJI/2026/9", "judul": "Apel biasa di lapangan"}))
    steps.land(spit.settings)
    steps.judge(spit.settings)
    withdraw(spit, spit.one("teks").receipt)
    steps.answer(spit.settings)
    steps.curate(spit.settings)
    spit.publish()
    assert [row["judul"] for row in spit.rows("SELECT judul FROM teks")] == ["Apel biasa di lapangan"]
    assert TITLE not in published(spit)
    assert spit.one("teks").state == "DITARIK"
    steps.maintain(spit.settings)
    assert search(store(spit), SECRET) == []
    assert owed(spit) == set()


def test_the_next_batch_carries_on_from_what_was_erased(spit: Installation) -> None:
    withdraw(spit, spit.one("foto").receipt)
    steps.maintain(spit.settings)
    spit.drop("baru", make.items("teks", {"nomor": "UJI/2026/9", "judul": "Apel baru di lapangan"}))
    spit.take_in()
    assert spit.publish()["release"]["batches"] == 1
    assert spit.rows("SELECT count(*) AS n FROM teks WHERE judul LIKE 'Apel baru%'") == [{"n": 1}]
    assert spit.rows("SELECT count(*) AS n FROM foto_riwayat") == [{"n": 0}]


@pytest.mark.parametrize("item", ["2099-000001", "teks/tidak-ada", "urn:spit:media:sha256:" + "0" * 64, "apa saja"])
def test_what_is_not_here_cannot_be_withdrawn(spit: Installation, item: str) -> None:
    with pytest.raises(Refused):
        withdraw(spit, item)
    assert list(store(spit).list("withdrawals/")) == []


def test_the_same_again_is_the_same_withdrawal(spit: Installation) -> None:
    first, _, _ = withdraw(spit, f"teks/{key(spit)}")
    again, new, _ = withdraw(spit, first.item)
    assert (again, new) == (first, False)


# --- killed -------------------------------------------------------------------------------------------------------


def erase_and_die(settings: Settings, at: int) -> None:
    work(settings, ["maintain"], at)


def run(settings: Settings, at: int = 0) -> int | None:
    worker = forks.Process(target=erase_and_die, args=(settings, at))
    worker.start()
    worker.join(120)
    return worker.exitcode


def acts_of_erasing(spit: Installation) -> int:
    assert run(spit.settings) == 0
    return len((spit.settings.home / "acts").read_text().split())


def withdrawn_twice(prepared: Path, home: Path) -> Installation:
    import shutil

    shutil.copytree(prepared, home)
    spit = Installation.at(home)
    withdraw(spit, f"teks/{key(spit)}")
    withdraw(spit, spit.one("foto").receipt)
    return spit


def ends_well(spit: Installation) -> None:
    assert run(spit.settings) == 0
    assert search(store(spit), SECRET) == []
    assert owed(spit) == set()
    assert [row["judul"] for row in spit.rows("SELECT judul FROM teks")] == ["Apel biasa di lapangan"]
    assert spit.rows("SELECT count(*) AS n FROM layanan_informasi") == [{"n": 2}]


@pytest.fixture(scope="module")
def acts(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many there are when nothing goes wrong."""
    return acts_of_erasing(withdrawn_twice(prepared, tmp_path_factory.mktemp("utuh") / "spit"))


@pytest.mark.parametrize("part", range(3))
def test_killed_while_erasing_and_run_again(prepared: Path, tmp_path: Path, acts: int, part: int) -> None:
    spit = withdrawn_twice(prepared, tmp_path / "spit")
    assert run(spit.settings, 2 + part * (acts - 3) // 2) == -9
    ends_well(spit)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_at_every_third_act_of_erasing(prepared: Path, tmp_path: Path, acts: int) -> None:
    for at in range(1, acts, 3):
        spit = withdrawn_twice(prepared, tmp_path / str(at))
        assert run(spit.settings, at) == -9
        ends_well(spit)


# --- as typed -------------------------------------------------------------------------------------------------------


def test_as_an_operator_types_it(spit: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIT_HOME", str(spit.settings.home))
    monkeypatch.setenv("SPIT_SOURCES", str(spit.settings.sources))

    def satu(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, list(words))
        return done.exit_code, done.output

    number = spit.one("foto").receipt.split(".")[0]
    assert satu("withdraw", number)[0] == 2
    code, said = satu("withdraw", number, "--reason", WHY)
    assert (code, "ditarik / withdrawn" in said) == (0, True)
    code, said = satu("withdraw", "--list", "--json")
    assert code == 0
    assert {t["target"] for t in json.loads(said) if t["done"]} >= {
        RELEASED,
        "katalog",
        "paket data",
        "daftar media",
        "butir konten",
        "sdi",
    }
    assert "penghapusan" in satu("status")[1]
    assert satu("withdraw", "--search", SECRET)[0] == 1
    steps.maintain(spit.settings)
    assert satu("withdraw", "--search", f"{SECRET} mengikuti") == (0, "the store does not hold it\n")
