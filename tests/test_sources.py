"""Remote sources against real servers of their kind: fetched once, in time, within limits; folders over there."""

import io
import json
import re
import socket
import time
import tomllib
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra import fetching, steps
from infra.ledger import marks
from infra.ledger.inbox import Inbox
from infra.sources import folder, sources
from infra.sources.remote import Item, check_names, submissions
from infra.sources.s3 import S3
from infra.sources.transfer import FarFile, Unacceptable
from infra.storage.store import open_store
from tests.far_servers import PASSWORD, Served
from tests.office import Installation, counts
from tests.remote_offices import (
    ROOT,
    ApiOffice,
    Office,
    SftpOffice,
    be_due,
    held,
    land_until_killed,
    lines,
    look,
    register,
    taken,
    troubles,
)
from tests.samples import make
from tests.servers import free_ports
from tests.wires import wire

pytest_plugins = ["tests.remote_fixtures"]


# Of every kind


def test_each_submission_is_fetched_once_and_again_when_it_changed(spit: Installation, office: Office) -> None:
    office.put("teks-satu", "Judul pertama")
    office.put("teks-dua", "Judul kedua")
    register(spit, office.config())

    assert look(spit) == {"fetched": 2, "landed": 2}
    assert look(spit) == {}
    office.put("teks-dua", "Judul kedua yang diganti")
    assert look(spit) == {"fetched": 1, "landed": 1}
    assert look(spit) == {}
    assert taken(spit) == [("teks-dua", 1), ("teks-dua", 2), ("teks-satu", 1)]

    spit.take_in()
    for name, version in taken(spit):
        s = spit.one(name, version, source="jauh")
        assert (s.satker, s.dataset, counts(s)) == ("JATENG", "teks", (1, 1, 0, 0)), spit.receipt(s.receipt)


@pytest.mark.parametrize("office", ["s3", "sftp", "ckan"], indirect=True)
def test_a_killed_fetch_is_completed_by_the_next(spit: Installation, office: Office) -> None:
    office.put("teks-besar", "Judul yang panjang perjalanannya", ballast=3_000_000)
    register(spit, office.config())
    office.wire.hold(1_500_000)
    part = land_until_killed(spit, lambda: held(spit.settings.landing / "jauh") > 1_000_000)
    assert part, "nothing half done to go on with"
    assert taken(spit) == []

    office.wire.let_go()
    assert look(spit) == {"fetched": 1, "landed": 1}
    assert office.wire.carried < 2_300_000
    spit.take_in()
    s = spit.one("teks-besar", source="jauh")
    assert (s.state, counts(s)) == ("DISETUJUI_WALIDATA", (1, 1, 0, 0))
    assert not [path for path in (spit.settings.landing / "jauh").iterdir() if path.name != "answers"]


def test_what_is_too_large_is_refused_in_sight_and_not_fetched_again(spit: Installation, office: Office) -> None:
    office.put("teks-besar", "Judul yang besar", ballast=300_000)
    register(spit, office.config(total_mb=0.1))
    assert look(spit)["refused"] == 1
    office.wire.let_go()
    assert look(spit) == {}
    if not isinstance(office, ApiOffice):  # whose rows have to be read to know that they are the same
        assert office.wire.carried < 200_000

    ((name, _),) = taken(spit)
    s = spit.one(name, source="jauh")
    assert (s.state, s.turn) == ("DITOLAK", "operator")
    assert s.reason is not None and s.reason.startswith("KIRIMAN_TERLALU_BESAR: ")
    assert spit.rules(s.receipt) == ["KIRIMAN_TERLALU_BESAR"]

    register(spit, office.config(total_mb=1))
    assert look(spit) == {"fetched": 1, "landed": 1}


def test_a_file_that_is_too_large_is_refused_though_the_submission_is_not(spit: Installation, office: Office) -> None:
    office.put("teks-besar", "Judul yang besar", ballast=300_000)
    register(spit, office.config(file_mb=0.1))
    assert look(spit)["refused"] == 1
    assert spit.one("teks-besar", source="jauh").state == "DITOLAK"


@pytest.mark.parametrize("fault", ["password", "variable", "port"])
def test_a_source_that_does_not_let_us_in_holds_up_nobody(
    spit: Installation, office: Office, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.put("teks-satu", "Judul pertama")
    config = office.config()
    if fault == "password":
        for variable in ("UJI_SANDI", "UJI_TOKEN", "UJI_KUNCI"):
            monkeypatch.setenv(variable, "salah-" * 4)
        config = config.replace("AWS_SECRET_ACCESS_KEY", "UJI_KUNCI")
    elif fault == "variable":
        config = config.replace("AWS_SECRET_ACCESS_KEY", "UJI_TIADA").replace("UJI_SANDI", "UJI_TIADA")
        config = config.replace("UJI_TOKEN", "UJI_TIADA")
    else:
        config = config.replace(str(office.wire.port), str(free_ports(1)[0]))
    register(spit, config)
    spit.drop("rilis", make.items("teks", {}))

    assert look(spit) == {"landed": 1, "unreachable": 1}
    (trouble,) = troubles(spit)
    assert (trouble.source, trouble.name, trouble.tries) == ("jauh", "", 1)
    assert PASSWORD not in trouble.trouble and "salah-" not in trouble.trouble
    assert look(spit) == {}, "it is left alone for a while"

    monkeypatch.setenv("UJI_SANDI", PASSWORD)
    monkeypatch.setenv("UJI_TOKEN", "Bearer uji")
    register(spit, office.config())
    be_due(spit)
    assert look(spit) == {"fetched": 1, "landed": 1}
    assert troubles(spit) == []


def test_what_fails_is_tried_ever_more_seldom(spit: Installation) -> None:
    with Inbox.open(spit.settings.ledger) as inbox:
        memory = marks.Marks(inbox.ledger, "jauh")
        waits = []
        for _ in range(12):
            memory.fail("", OSError("mati"))
            (trouble,) = marks.troubles(inbox.ledger)
            waits.append(round((trouble.due_at - datetime.now(UTC)).total_seconds()))
        assert waits[:4] == [5, 10, 20, 40] and waits[-1] == 900
        assert memory.cursor() is None


def test_one_that_answers_without_end_is_left_when_its_time_is_over(spit: Installation, web: Served) -> None:
    web.mood(rules=[["/api/", "drip", 0.02]])
    url = f"http://127.0.0.1:{web.port}/api/data"
    register(spit, lines(kind="http", url=url, dataset="teks", deadline_s=0.5))
    spit.drop("rilis", make.items("teks", {}))
    began = time.monotonic()
    assert look(spit) == {"landed": 1, "unfinished": 1}
    assert time.monotonic() - began < 8


# Folders over there


def test_a_place_that_cannot_be_listed_in_time_is_a_trouble(spit: Installation, folders: Any) -> None:
    folders.put("teks-satu", "Judul pertama")
    register(spit, folders.config(deadline_s=0))
    assert look(spit) == {"unreachable": 1}
    assert "deadline_s" in troubles(spit)[0].trouble


def test_a_draft_of_what_was_taken_back_goes_too(spit: Installation, folders: Any) -> None:
    draft = spit.settings.landing / "jauh" / ".teks-lama.part"
    draft.mkdir(parents=True)
    (draft / ".mark").write_text("lama")
    folders.put("teks-satu", "Judul pertama")
    register(spit, folders.config())
    assert look(spit) == {"fetched": 1, "landed": 1}
    assert not draft.exists()


def test_answers_go_back_to_where_the_office_looks(spit: Installation, folders: Any) -> None:
    folders.put("teks-satu", "Judul pertama")
    register(spit, folders.config())
    spit.take_in()

    answered = folders.answered()
    assert {"teks-satu.json", "teks-satu.txt"} <= set(answered)
    assert json.loads(answered["teks-satu.json"])["nomor"] == spit.one("teks-satu", source="jauh").receipt
    assert not list((spit.settings.landing / "jauh" / "answers").iterdir())
    assert look(spit) == {}, "an answer is not a submission"


def test_an_answer_that_is_taken_away_goes_over_there_too(spit: Installation, folders: Any) -> None:
    folders.put("teks-satu", "Judul pertama")
    register(spit, folders.config())
    source = sources(spit.settings.sources, spit.settings.landing)["jauh"]
    source.answer("teks-satu", {".json": b"{}", ".xlsx": b"lama"})
    look(spit)
    assert folders.answered() == {"teks-satu.json": b"{}", "teks-satu.xlsx": b"lama"}
    source.answer("teks-satu", {".json": b"[]", ".xlsx": None})
    look(spit)
    assert folders.answered() == {"teks-satu.json": b"[]"}
    source.answer("teks-satu", {".xlsx": None})
    source.answer("teks-satu", {".xlsx": b"baru"})
    look(spit)
    assert folders.answered() == {"teks-satu.json": b"[]", "teks-satu.xlsx": b"baru"}


def test_a_zip_and_a_workbook_need_no_folder(spit: Installation, folders: Any) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in make.items("teks", {}).items():
            archive.writestr(name, data)
    folders.put_file("terkemas.zip", out.getvalue())
    folders.put_file("catatan.txt", b"bukan kiriman")
    register(spit, folders.config())
    assert look(spit) == {"fetched": 1, "landed": 1}
    assert look(spit) == {}
    assert taken(spit) == [("terkemas", 1)]
    spit.take_in()
    assert counts(spit.one("terkemas", source="jauh")) == (1, 1, 0, 0)


def test_an_answer_that_cannot_be_sent_waits(spit: Installation, folders: Any) -> None:
    folders.put("teks-satu", "Judul pertama")
    register(spit, folders.config())
    steps.land(spit.settings)
    steps.judge(spit.settings)
    register(spit, folders.config().replace(str(folders.wire.port), str(free_ports(1)[0])))
    assert steps.answer(spit.settings) == {"answered": 1}
    assert [trouble.name for trouble in troubles(spit)] == [""]
    assert steps.answer(spit.settings) == {"answered": 0}
    register(spit, folders.config())
    be_due(spit)
    assert look(spit) == {}
    assert "teks-satu.json" in folders.answered()


def test_a_place_that_never_replies_holds_up_no_answer(
    spit: Installation, folders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "AT_ONCE_S", 1)
    folders.put("teks-satu", "Judul pertama")
    register(spit, folders.config())
    spit.drop("dekat", make.items("teks", {"nomor": "UJI/9"}))
    steps.land(spit.settings)
    steps.judge(spit.settings)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        register(spit, folders.config().replace(str(folders.wire.port), str(mute.getsockname()[1])))
        began = time.monotonic()
        assert steps.answer(spit.settings) == {"answered": 2}
        assert time.monotonic() - began < 15
    assert (spit.settings.landing / "jateng" / "answers" / "dekat.json").exists()
    register(spit, folders.config())
    be_due(spit)
    assert look(spit) == {}
    assert "teks-satu.json" in folders.answered()


def test_a_submission_without_its_manifest_is_not_complete(spit: Installation, sftp: Served, folders: Any) -> None:
    folders.put("teks-satu", "Judul pertama", ballast=10)
    if isinstance(folders, SftpOffice):
        (folders.place / "teks-satu" / "manifest.json").unlink()
    else:
        key = f"{folders.prefix}/teks-satu/manifest.json"
        folders.bucket.client().delete_object(Bucket=folders.bucket.name, Key=key)
    folders.put_file("rekap.csv", b"a;b")
    register(spit, folders.config())
    assert look(spit) == {}
    waiting = [(each.name, each.trouble.partition(",")[0]) for each in troubles(spit)]
    assert waiting == [("rekap.csv", "no envelope yet"), ("teks-satu", "no envelope yet")]
    folders.put("teks-satu", "Judul pertama")
    assert look(spit) == {"fetched": 1, "landed": 1}

    register(spit, folders.config(patience_s=-60))  # a server keeps whole seconds
    assert look(spit) == {"fetched": 1, "landed": 1}
    assert troubles(spit) == []
    spit.take_in()
    assert spit.rules(spit.one("rekap.csv", source="jauh").receipt) == ["TABEL_TANPA_AMPLOP"]


def test_a_file_newer_than_the_manifest_must_have_been_quiet() -> None:
    now = time.time()

    def at(changed: float) -> list[str]:
        sent = [FarFile("a/manifest.json", "", 1, changed=now - 100), FarFile("a/foto.jpg", "", 1, changed=changed)]
        return [each.name for each in submissions(sent) if each.waits_since is None]

    assert at(now - 100) == at(now - 50) == ["a"]
    assert at(now - 5) == []


def test_what_changes_between_two_looks_is_left_for_the_next(
    spit: Installation, sftp: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UJI_SANDI", PASSWORD)
    with wire(sftp.port) as carrying:
        growing = SftpOffice(sftp, carrying, tmp_path.name)
        growing.put("teks-satu", "Judul pertama")
        register(spit, growing.config())
        monkeypatch.setattr("time.sleep", lambda _: growing.put("teks-satu", "Judul yang masih ditulis"))
        assert look(spit) == {"unfinished": 1}
        monkeypatch.undo()
        monkeypatch.setenv("UJI_SANDI", PASSWORD)
        be_due(spit)
        assert look(spit) == {"fetched": 1, "landed": 1}


def test_a_key_file_opens_too(
    spit: Installation, sftp: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UJI_BERKAS_KUNCI", str(sftp.folder / "user_key"))
    with wire(sftp.port) as carrying:
        keyed = SftpOffice(sftp, carrying, tmp_path.name)
        keyed.put("teks-satu", "Judul pertama")
        register(spit, keyed.config(password_env=None, key_file_env="UJI_BERKAS_KUNCI"))
        assert look(spit) == {"fetched": 1, "landed": 1}


def test_another_host_key_is_never_accepted(
    spit: Installation, sftp: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UJI_SANDI", PASSWORD)
    other = " ".join((sftp.folder / "user_key.pub").read_text().split()[:2])
    with wire(sftp.port) as carrying:
        swapped = SftpOffice(sftp, carrying, tmp_path.name)
        swapped.put("teks-satu", "Judul pertama")
        register(spit, swapped.config(host_key=other))
        assert look(spit) == {"unreachable": 1}
        (trouble,) = troubles(spit)
        assert "BadHostKeyException" in trouble.trouble


@pytest.mark.parametrize(
    "files", [["../x"], ["a/../../x"], ["a//b"], ["a\\b"], ["a\nb"], ["a", "a/b"], ["x" * 300]], ids=repr
)
def test_names_that_lead_out_of_the_folder_are_refused(files: list[str]) -> None:
    with pytest.raises(Unacceptable, match="JALUR_BERKAS"):
        check_names(Item("kiriman", "1", tuple(FarFile(name, "", 1) for name in files)))


@pytest.mark.parametrize("name", ["answers", ".tersembunyi", "a/b", "..", "", "a\0b"])
def test_a_submission_has_a_name_a_folder_can_have(name: str) -> None:
    with pytest.raises(Unacceptable, match="JALUR_BERKAS"):
        check_names(Item(name, "1"))


# Configuration


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (lines(kind="ftp", url="ftp://x"), "no kind 'ftp'"),
        (lines(kind="s3", url="s3://b/p"), "access_key_env"),
        (lines(kind="s3", url="http://b", access_key_env="A", secret_key_env="B"), "expected s3://"),
        (lines(kind="sftp", url="sftp://u:p@h/", host_key="ssh-ed25519 A", password_env="A"), "without a password"),
        (lines(kind="sftp", url="sftp://u@h/", host_key="ssh-ed25519 A"), "password_env"),
        (lines(kind="sftp", url="sftp://u@h/", password_env="A"), "host_key"),
        (lines(kind="http", url="http://u:p@h/", dataset="teks"), "without a password"),
        (lines(kind="http", url="http://h/", dataset="tiada"), "no dataset 'tiada'"),
        (lines(kind="http", url="http://h/", dataset="teks", paging={"hal": 1}), "paging"),
        (lines(kind="ckan", url="http://h/", datasets={"*": "tiada"}), "no dataset tiada"),
        (lines(kind="ckan", url="http://h/", datasets={}, sandi="x"), "sandi"),
    ],
)
def test_a_wrong_entry_says_what_is_wrong(spit: Installation, config: str, says: str) -> None:
    register(spit, config)
    with pytest.raises(ValueError, match=f"source jauh: .*{says}|source jauh: {says}"):
        sources(spit.settings.sources, spit.settings.landing)


def test_what_was_fetched_is_kept_as_it_came(spit: Installation, folders: Any) -> None:
    folders.put("teks-satu", "Judul pertama", ballast=100_000)
    register(spit, folders.config())
    look(spit)
    sizes = {stat.size for stat in open_store(spit.settings.store).list("raw/sha256/")}
    assert 100_000 in sizes


def test_every_entry_in_the_docs_is_one(spit: Installation) -> None:
    page = (ROOT / "docs" / "sources.md").read_text()
    entries = [block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if block.startswith("[")]
    spit.settings.sources.write_text("\n".join(entries))
    known = sources(spit.settings.sources, spit.settings.landing)
    kinds = [type(source.remote).__name__ for source in known.values()]
    assert kinds == ["NoneType", "S3", "Sftp", "Http", "Ckan"]

    (defaults,) = [block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if not block.startswith("[")]
    plain = S3(url="s3://a/b", satker=("JATENG",), access_key_env="A", secret_key_env="B")
    assert tomllib.loads(defaults).items() <= vars(plain).items()


def test_looking_for_strangers_costs_nothing_by_what_known_sources_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("jateng/answers/lama.json", "asing/kiriman/manifest.json", "lepas.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    looked: list[Path] = []
    files = folder._files
    monkeypatch.setattr(folder, "_files", lambda place: [looked.append(place), files(place)][1])
    known = {"jateng": folder.FolderSource("jateng", (), tmp_path / "jateng")}
    assert sorted(drop.name for drop in folder.strangers(tmp_path, known)) == ["kiriman", "lepas.txt"]
    assert {place.name for place in looked} == {"kiriman", "lepas.txt"}
