"""The whole way without Airflow: drops, ledger, raw, judging, receipts, tables; on a real store and ledger."""

import errno
import hashlib
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra import landing, steps
from infra.ledger.inbox import Inbox
from infra.storage.store import content_key, open_store
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


def test_what_was_refused_is_taken_once_the_source_may_speak_for_it(spit: Installation) -> None:
    spit.drop("titipan", make.items("teks", {}, satker="JABAR"))
    spit.take_in()
    config = spit.settings.sources.read_text()
    spit.settings.sources.write_text(config.replace('["JATENG"]', '["JATENG", "JABAR"]'))
    spit.drop("titipan", make.items("teks", {}, satker="JABAR"))
    spit.take_in()

    assert spit.one("titipan", 2).state == "DISETUJUI_WALIDATA"


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


def test_a_full_disk_is_weather_and_loses_nothing(spit: Installation) -> None:
    """Full for real, for this process: the kernel lets no file grow beyond 150 kB."""
    spit.drop("video", make.items("video", {}, files={"bahan.mp4": b"x" * 200_000}))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
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


def test_an_interrupt_in_one_source_is_raised_as_such(spit: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    spit.drop("rilis", make.items("teks", {}))
    spit.drop("rilis", make.items("teks", {}, satker="JABAR"), source="jabar")
    real = landing.land

    def interrupted(drops: Any, source: Any, *given: Any) -> Any:
        if source.name == "jateng":
            raise KeyboardInterrupt
        return real(drops, source, *given)

    monkeypatch.setattr(landing, "land", interrupted)
    with pytest.raises(KeyboardInterrupt):
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
    assert [p.name for p in (spit.settings.landing / "jateng").iterdir()] == ["answers"]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Two releases: a text, a photo and a table, then a correction of the text, and secrets beside what is public."""
    spit = Installation.at(tmp_path_factory.mktemp("released") / "spit")
    spit.drop("teks", text())
    spit.drop(
        "foto",
        make.items(
            "foto",
            {},
            {"nomor": "RAHASIA/1", "lisensi": "INTERNAL", "judul": "Rahasia internal"},
            files=make.located(),
        ),
    )
    spit.drop("tabel", make.table("layanan_informasi", make.ROWS["layanan_informasi"]))
    spit.take_in()
    assert spit.publish()["release"] == {"release": 1, "batches": 1}
    spit.drop("teks", text(judul="Judul yang diperbaiki"))
    spit.take_in()
    assert spit.publish()["release"] == {"release": 2, "batches": 1}
    return spit


def test_an_analyst_sees_the_correction_and_history_keeps_both(released: Installation) -> None:
    assert released.rows("SELECT judul, _kiriman FROM teks") == [
        {"judul": "Judul yang diperbaiki", "_kiriman": released.one("teks", 2).receipt}
    ]
    assert released.rows("SELECT count(*) AS n FROM teks_riwayat") == [{"n": 2}]


def test_everything_released_says_so(released: Installation) -> None:
    assert {s.state for s in released.submissions().values()} == {"TERBIT"}
    assert released.publish() == {
        "audit": {"proposed": 0, "failed": 0, "warned": 0},
        "release": {"release": 0, "batches": 0},
        "deliver": {"release": 2, "written": 0, "failed": 0},
    }


def test_a_media_reference_has_uri_hash_type_size_and_rights_and_no_place(released: Installation) -> None:
    row = released.rows("SELECT * FROM media WHERE nomor = 'UJI/2026/001'")[0]

    assert row["uri"] == f"urn:spit:media:sha256:{row['sha256']}"
    assert (row["tipe_media"], row["lebar_px"], row["lisensi"], row["ada_gps"]) == (
        "image/jpeg",
        160,
        "CC-BY-4.0",
        True,
    )
    assert row["ukuran_byte"] == len(make.located()["bahan.jpg"])
    assert {"orientasi", "c2pa_penanda", "kredit_tertanam", "keterangan_tertanam"} <= row.keys()


def test_what_is_internal_reaches_no_public_file_and_gps_no_file_at_all(released: Installation) -> None:
    lake = Path(released.settings.store)
    public = [p for p in (lake / "published").rglob("*") if p.is_file()]
    public += [p for p in (released.settings.home / "partners").rglob("*") if p.is_file()]

    assert len(public) > 20
    assert [p for p in public if b"RAHASIA" in p.read_bytes() or b"Rahasia internal" in p.read_bytes()] == []
    assert [p for p in public if b"ada_gps" in p.read_bytes() or b"_tertanam" in p.read_bytes()] == []


def test_a_failed_audit_leaves_the_release_before_it_standing(tmp_path: Path) -> None:
    from infra.lake import Lake

    spit = Installation.at(tmp_path / "spit")
    spit.drop("teks", text())
    spit.take_in()
    spit.publish()
    spit.drop("foto", make.items("foto", {}))
    spit.take_in()
    # A bug of ours, planted: the media row of the photo is committed a second time, by another name.
    lake = Lake(open_store(spit.settings.store))
    [*_, judged] = sorted((Path(spit.settings.store) / "judged").iterdir())
    rows = pq.read_table(judged / "media.parquet")
    broken = rows.set_column(rows.schema.get_field_index("nomor"), "nomor", pa.array(["TIDAK/ADA"]))
    from sqlalchemy import text as statement

    version = lake.commit("media", broken, 99)
    with Inbox.open(spit.settings.ledger) as inbox, inbox.ledger.engine.begin() as connection:
        connection.execute(
            statement("UPDATE batch SET versions = json_set(versions, '$.media', :v) WHERE commit_no = 2"),
            {"v": version},
        )
    counts_ = spit.publish()

    assert counts_["audit"]["failed"] > 0
    assert counts_["release"] == {"release": 0, "batches": 0}
    assert spit.one("foto").state == "DISETUJUI_WALIDATA"
    assert spit.rows("SELECT count(*) AS n FROM foto") == [{"n": 0}]
    assert (Path(spit.settings.store) / "audits" / "00000002.html").exists()


def test_reconcile_finds_a_changed_byte_and_nothing_else(released: Installation, tmp_path: Path) -> None:
    shutil.copytree(released.settings.home, tmp_path / "spit")
    spit = Installation.at(tmp_path / "spit")
    assert steps.reconcile(spit.settings)["odd"] == []

    photo = make.located()["bahan.jpg"]
    path = Path(spit.settings.store) / content_key(hashlib.sha256(photo).hexdigest())
    path.chmod(0o600)
    path.write_bytes(photo[:-1] + b"x")
    (odd,) = steps.reconcile(spit.settings)["odd"]
    assert "bahan.jpg no longer has the bytes" in odd


def test_maintain_changes_nothing_that_a_reader_sees(released: Installation, tmp_path: Path) -> None:
    shutil.copytree(released.settings.home, tmp_path / "spit")
    spit = Installation.at(tmp_path / "spit")
    before = spit.rows("SELECT * FROM teks_riwayat ORDER BY ALL")
    assert steps.maintain(spit.settings)["compacted"] > 0
    assert spit.rows("SELECT * FROM teks_riwayat ORDER BY ALL") == before
    spit.drop("teks-baru", text(7))
    spit.take_in()
    spit.publish()
    assert spit.rows("SELECT count(*) AS n FROM teks") == [{"n": 2}]
