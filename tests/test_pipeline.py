"""The whole way without Airflow: drops, ledger, raw, judging, receipts, tables; on a real store and ledger."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from infra import steps
from infra.store import content_key, open_store
from tests.office import Installation, counts
from tests.samples import make


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "spit")


def text(number: int = 1, **change: object) -> make.Files:
    return make.items("teks", {"nomor": f"UJI/{number}", **change})


def test_a_drop_becomes_rows_a_receipt_and_an_answer(spit: Installation) -> None:
    folder = spit.drop("rilis", text())
    spit.take_in()

    s = spit.one("rilis")
    assert (s.state, s.turn, counts(s)) == ("DISETUJUI_WALIDATA", "mesin", (1, 1, 0, 0))
    assert not folder.exists()
    assert spit.receipt(s.receipt)["baris"] == {"masuk": 1, "diterima": 1, "dikembalikan": 0, "dilewati": 0}
    assert "TANDA TERIMA" in (spit.settings.landing / "jateng" / "answers" / "rilis.txt").read_text()


def test_the_original_bytes_are_kept_also_of_what_is_returned(spit: Installation) -> None:
    files = {"manifest.json": b'{"rusak', "gambar.jpg": b"bukan gambar"}
    spit.drop("rusak", files)
    spit.take_in()

    store, s = open_store(spit.settings.store), spit.one("rusak")
    assert (s.state, s.turn) == ("DIKEMBALIKAN", "kantor")
    kept = {store.get(stat.key) for stat in store.list("raw/sha256/")}
    assert set(files.values()) <= kept
    assert spit.rules(s.receipt) == ["MANIFES_TIDAK_TERBACA"]
    assert store.stat(content_key(s.fingerprint)) is not None


def test_a_repeated_event_takes_nothing_twice(spit: Installation) -> None:
    spit.drop("rilis", text())
    spit.take_in()
    again = spit.take_in()

    assert again["land"]["landed"] == again["judge"]["submissions"] == again["curate"]["batches"] == 0
    spit.drop("rilis", text())
    assert spit.take_in()["land"] == {"landed": 0, "repeated": 1, "waiting": 0, "refused": 0}
    assert list(spit.submissions()) == [("jateng", "rilis", 1)]


def test_two_offices_may_use_the_same_name(spit: Installation) -> None:
    spit.drop("rilis", text())
    spit.drop("rilis", make.items("teks", {"nomor": "UJI/1"}, satker="JABAR"), source="jabar")
    spit.take_in()

    assert counts(spit.one("rilis")) == counts(spit.one("rilis", source="jabar")) == (1, 1, 0, 0)
    assert spit.one("rilis").receipt != spit.one("rilis", source="jabar").receipt


def test_a_duplicate_under_another_name_is_skipped_and_says_where_it_is(spit: Installation) -> None:
    spit.drop("rilis", text())
    spit.take_in()
    spit.drop("rilis-lagi", text())
    spit.take_in()

    s = spit.one("rilis-lagi")
    assert (s.state, counts(s)) == ("DILEWATI", (1, 0, 0, 1))
    (finding,) = spit.receipt(s.receipt)["temuan"]
    assert (finding["kode"], finding["batas"]) == ("DUPLIKAT", spit.one("rilis").receipt)


def test_a_correction_keeps_the_number_and_replaces_only_what_changed(spit: Installation) -> None:
    spit.drop("rilis", make.items("teks", {}, {"judul": ""}, {}))
    spit.take_in()
    spit.drop("rilis", make.items("teks", {}, {"judul": "Judul yang benar"}, {"judul": "Judul yang diganti"}))
    spit.take_in()

    first, second = spit.one("rilis"), spit.one("rilis", 2)
    assert first.receipt.replace(".1", ".2") == second.receipt
    assert (counts(first), counts(second)) == ((3, 2, 1, 0), (3, 2, 0, 1))


def test_a_row_that_is_here_with_other_content_needs_a_correction(spit: Installation) -> None:
    spit.drop("rilis", text())
    spit.take_in()
    spit.drop("lain", text(judul="Judul yang sama sekali lain"))
    spit.take_in()
    assert spit.rules(spit.one("lain").receipt) == ["KUNCI_SUDAH_ADA"]

    number = spit.one("rilis").receipt
    spit.drop("perbaikan", make.items("teks", {"nomor": "UJI/1", "judul": "Judul perbaikan"}, memperbaiki=number))
    spit.take_in()
    assert counts(spit.one("perbaikan")) == (1, 1, 0, 0)


def test_nobody_corrects_what_another_office_sent(spit: Installation) -> None:
    spit.drop("rilis", text())
    spit.take_in()
    number = spit.one("rilis").receipt
    spit.drop("sabot", make.items("teks", {}, satker="JABAR", memperbaiki=number), source="jabar")
    spit.take_in()

    s = spit.one("sabot", source="jabar")
    assert (s.state, spit.rules(s.receipt)) == ("DIKEMBALIKAN", ["PERBAIKAN_TIDAK_DIKENAL"])


def test_a_source_speaks_only_for_its_own_satker(spit: Installation) -> None:
    spit.drop("titipan", make.items("teks", {}, satker="JABAR"))
    spit.take_in()

    s = spit.one("titipan")
    assert (s.state, s.turn, s.reason) == ("DITOLAK", "operator", "SATKER_BUKAN_WEWENANG: JABAR")
    assert spit.rules(s.receipt) == ["SATKER_BUKAN_WEWENANG"]


def test_an_unknown_source_is_shown_to_the_operator_and_taken_once_registered(spit: Installation) -> None:
    folder = spit.drop("rilis", make.items("teks", {}, satker="BALI"), source="bali")
    spit.take_in()
    s = spit.one("rilis", source="bali")
    assert (s.state, s.turn, s.reason) == ("DITOLAK", "operator", "SUMBER_TIDAK_DIKENAL: bali")
    assert folder.exists()
    assert spit.take_in()["land"]["refused"] == 0

    with spit.settings.sources.open("a") as config:
        config.write('[bali]\nkind = "folder"\nsatker = ["BALI"]\n')
    spit.take_in()
    assert spit.one("rilis", 2, source="bali").state == "DISETUJUI_WALIDATA"


def test_a_huge_manifest_is_returned_without_being_read(spit: Installation) -> None:
    spit.drop("besar", {"manifest.json": b"[" + b" " * 50_000_000 + b"]"})
    spit.take_in()

    assert spit.rules(spit.one("besar").receipt) == ["MANIFES_TERLALU_BESAR"]


def test_a_drop_that_is_still_being_written_is_left_alone(tmp_path: Path) -> None:
    spit = Installation.at(tmp_path / "spit", settle_s=60.0, grace_s=60.0)
    files = make.items("foto", {})
    folder = spit.drop("foto", {"manifest.json": files["manifest.json"]})
    assert spit.take_in()["land"]["waiting"] == 1

    (folder / "bahan.jpg.part").write_bytes(files["bahan.jpg"][:100])
    assert spit.take_in()["land"]["waiting"] == 1

    (folder / "bahan.jpg.part").unlink()
    (folder / "bahan.jpg").write_bytes(files["bahan.jpg"])
    assert spit.take_in()["land"]["waiting"] == 1, "the manifest is not last: more may come"

    (folder / "manifest.json").write_bytes(files["manifest.json"])
    assert spit.take_in()["land"]["landed"] == 1
    assert counts(spit.one("foto")) == (1, 1, 0, 0)


def test_a_missing_file_gets_a_grace_and_then_a_finding(tmp_path: Path) -> None:
    spit = Installation.at(tmp_path / "spit", grace_s=60.0)
    spit.drop("foto", make.items("foto", {}, files={}))
    assert spit.take_in()["land"]["waiting"] == 1

    hasty = Installation.at(tmp_path / "spit")
    hasty.take_in()
    assert hasty.rules(hasty.one("foto").receipt) == ["BERKAS_TIDAK_ADA"]


def test_a_link_out_of_the_folder_is_not_followed(spit: Installation, tmp_path: Path) -> None:
    (tmp_path / "rahasia.jpg").write_bytes(make.picture())
    folder = spit.settings.landing / "jateng" / "foto"
    folder.mkdir(parents=True)
    (folder / "bahan.jpg").symlink_to(tmp_path / "rahasia.jpg")
    (folder / "manifest.json").write_bytes(make.items("foto", {})["manifest.json"])
    spit.take_in()

    assert spit.rules(spit.one("foto").receipt) == ["BERKAS_TIDAK_ADA"]


def test_a_full_disk_is_weather_and_loses_nothing(spit: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full for real for this process: no file may grow beyond 64 KiB."""
    import resource
    import signal

    spit.drop("video", make.items("video", {}, files={"bahan.mp4": b"x" * 200_000}))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setattr(signal, "SIGXFSZ", signal.SIGXFSZ)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, before[1]))
        with pytest.raises(ExceptionGroup) as trouble:
            steps.land(spit.settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)

    assert isinstance(trouble.value.exceptions[0], OSError)
    assert trouble.value.exceptions[0].errno == errno.EFBIG
    assert spit.submissions() == {}
    assert steps.land(spit.settings)["landed"] == 1


def test_a_dead_source_delays_no_other(spit: Installation) -> None:
    spit.drop("rilis", make.items("teks", {}, satker="JABAR"), source="jabar")
    (spit.settings.landing / "jateng").parent.mkdir(exist_ok=True)
    (spit.settings.landing / "jateng").write_text("not a folder")
    with pytest.raises(ExceptionGroup):
        steps.land(spit.settings)

    assert spit.one("rilis", source="jabar").state == "DITERIMA_RAW"


@pytest.mark.parametrize("step", [steps.land, steps.judge, steps.answer, steps.curate], ids=lambda s: s.__name__)
def test_every_step_may_run_twice(spit: Installation, step: Callable[..., object]) -> None:
    spit.drop("rilis", make.items("teks", {}, {"judul": ""}))
    for each in (steps.land, steps.judge, steps.answer, steps.curate):
        each(spit.settings)
        if each is step:
            each(spit.settings)

    assert counts(spit.one("rilis")) == (2, 1, 1, 0)


def test_the_row_balance_holds_for_every_sample(spit: Installation) -> None:
    for at, case in enumerate(c for c in make.cases() if c.name != "manifes-satker-asing"):
        if (case.dataset, case.name) not in make.HEAVY:
            spit.drop(f"{case.dataset}-{case.name}-{at}", case.files)
    spit.take_in()

    for s in spit.submissions().values():
        assert s.rows_in == (s.rows_accepted or 0) + (s.rows_returned or 0) + (s.rows_skipped or 0)
        for file in spit.receipt(s.receipt)["berkas"]:
            assert file["masuk"] == file["diterima"] + file["dikembalikan"] + file["dilewati"]
    assert os.listdir(spit.settings.landing / "jateng") == ["answers"]
