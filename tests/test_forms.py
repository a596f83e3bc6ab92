"""The forms of a submission: zip, a clerk's XLSX or CSV manifest, a table beside its envelope; dropped and checked."""

import io
import json
import stat
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from infra import steps
from infra.check import check
from infra.cli import main
from infra.landing import ready
from infra.sources import Drop, drop_of, sources
from infra.storage.store import open_store
from infra.submit import Refused, submit
from tests.office import SOURCES, Installation, counts
from tests.samples import make
from tests.samples.metadata_cases import bundle, in_files
from transforms import forms
from transforms.tabular.archive import unpack
from transforms.tabular.reading import Refused as Unreadable


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "spit")


def zipped(files: make.Files, top: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(top + name, data)
    return out.getvalue()


def drop_file(spit: Installation, name: str, data: bytes) -> Path:
    place = spit.settings.landing / "jateng" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def book(rows: list[list[str]], envelope: dict[str, str] | None = None) -> bytes:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "Isi"
    for row in rows:
        sheet.append(row)
    if envelope is not None:
        second = made.create_sheet("Kiriman")
        second.append(["nama", "nilai"])
        for pair in envelope.items():
            second.append(list(pair))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def clerk_rows(*changes: dict[str, str]) -> list[list[str]]:
    items = [{**make.GOOD["foto"], "nomor": f"UJI/{n}", **change} for n, change in enumerate(changes, 1)]
    return [list(items[0]), *([str(item[key]) for key in items[0]] for item in items)]


FOTO = {"satker": "JATENG", "dataset": "foto"}


def csv_manifest(*changes: dict[str, str], top: str = "#satker: JATENG\n#dataset: foto\n") -> bytes:
    return (top + "".join(";".join(f'"{cell}"' for cell in row) + "\n" for row in clerk_rows(*changes))).encode()


@pytest.mark.parametrize("top", ["", "foto november/"])
def test_a_zip_is_the_folder_it_holds_and_is_itself_kept(spit: Installation, top: str) -> None:
    data = zipped(make.items("foto", {}) | {"__MACOSX/._x": b"x"}, top)
    place = drop_file(spit, "Foto 1.ZIP", data)
    spit.take_in()

    s = spit.one("Foto 1")
    assert (s.state, counts(s)) == ("DISETUJUI_WALIDATA", (1, 1, 0, 0))
    assert not place.exists()
    store = open_store(spit.settings.store)
    kept = {store.get(stat.key) for stat in store.list("raw/sha256/")}
    assert {data, make.media("foto")["bahan.jpg"]} <= kept


def link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("manifest.json")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (zipped({"../manifest.json": b"{}"}), "ARSIP_JALUR"),
        (zipped({"/etc/manifest.json": b"{}"}), "ARSIP_JALUR"),
        (link(), "ARSIP_JALUR"),
        (zipped({"manifest.json": b"0" * 100_000_000}), "ARSIP_BOM"),
        (zipped({"manifest.json": b"{}", "dalam.zip": zipped({"a": b"a"})}), "ARSIP_BERSARANG"),
        (zipped({"catatan.txt": b"x"}), "MANIFES_TIDAK_ADA"),
        (zipped({}), "MANIFES_TIDAK_ADA"),
        (b"bukan zip", "BERKAS_TABEL_TIDAK_TERBACA"),
        (zipped(make.items("teks", {}))[:-30], "BERKAS_TABEL_TIDAK_TERBACA"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_bad_zip_is_a_finding_and_its_bytes_are_kept(
    spit: Installation, tmp_path: Path, data: bytes, rule: str
) -> None:
    (tmp_path / "buruk.zip").write_bytes(data)
    assert [f["kode"] for f in check(tmp_path / "buruk.zip")["temuan"]] == [rule]
    drop_file(spit, "buruk.zip", data)
    spit.take_in()

    s = spit.one("buruk")
    assert (s.state, counts(s), spit.rules(s.receipt)) == ("DIKEMBALIKAN", (0, 0, 0, 0), [rule])
    store = open_store(spit.settings.store)
    assert data in {store.get(stat.key) for stat in store.list("raw/sha256/")}


def test_a_zip_without_its_end_may_still_be_coming(tmp_path: Path) -> None:
    spit = Installation.at(tmp_path / "spit", grace_s=60.0)
    data = zipped(make.items("teks", {}))
    drop_file(spit, "rilis.zip", data[:200])
    assert spit.take_in()["land"]["waiting"] == 1
    drop_file(spit, "rilis.zip", data)
    assert spit.take_in()["land"]["landed"] == 1


@pytest.mark.parametrize(
    "manifest",
    [
        {"manifest.xlsx": book(clerk_rows({}, {"judul": ""}), FOTO)},
        {"manifest.csv": csv_manifest({}, {"judul": ""})},
        {"manifest.csv": csv_manifest({}, {"judul": ""}, top='"#Satker;JATENG";;\n#dataset;foto;;;\n')},
        {"Manifest.CSV": csv_manifest({}, {"judul": ""}).decode().encode("utf-16")},
        {"apa saja.xlsx": book(clerk_rows({}, {"judul": ""}), FOTO)},
    ],
    ids=["xlsx", "csv", "csv as Excel saves it", "csv in UTF-16", "workbook of any name"],
)
def test_a_clerk_s_manifest_has_a_row_per_item_and_findings_point_into_it(
    spit: Installation, manifest: make.Files
) -> None:
    spit.drop("foto", {**make.media("foto"), **manifest})
    spit.take_in()

    s = spit.one("foto")
    assert (counts(s), s.satker) == ((2, 1, 1, 0), "JATENG")
    found = [f for f in spit.receipt(s.receipt)["temuan"] if f["kode"] == "WAJIB_DIISI"]
    head = next(iter(manifest))
    row = 3 if head.endswith("xlsx") else 5
    assert [(f["berkas"], f["baris"], f["kolom"]) for f in found] == [(head, row, "judul")]
    assert {f["kode"] for f in spit.receipt(s.receipt)["temuan"] if f["tingkat"] == "GALAT"} == {"WAJIB_DIISI"}


def test_a_default_and_a_contact_may_stand_in_the_envelope(spit: Installation) -> None:
    rows = [["Nomor bahan", "Judul"], ["UJI/1", "Judul yang cukup"]]
    given = {k: v for k, v in make.GOOD["teks"].items() if k not in ("nomor", "judul")}
    envelope = {"Satker": "JATENG", "Dataset": "teks", "kontak": "Sihumas", "Topik": "PELAYANAN", **given}
    spit.drop("rilis", {"manifest.xlsx": book(rows, envelope)})
    spit.take_in()

    assert (counts(spit.one("rilis")), spit.rules(spit.one("rilis").receipt)) == ((1, 1, 0, 0), [])


@pytest.mark.parametrize(
    ("envelope", "rules"),
    [
        ({"dataset": "teks"}, ["MANIFES_WAJIB"]),
        ({"satker": "JATENG", "dataset": "tekss"}, ["DATASET_TIDAK_DIKENAL"]),
        ({"satker": "JATENG", "dataset": "teks", "wartawan": "x"}, ["MANIFES_KUNCI_ASING"]),
        ({}, ["MANIFES_WAJIB", "MANIFES_WAJIB"]),
        (None, ["TABEL_TANPA_AMPLOP"]),
        ({"satker": "JATENG", "dataset": "teks", "perbaikan": "2026-1"}, ["PERBAIKAN_TIDAK_DIKENAL"]),
        ({"satker": "JATENG", "dataset": "teks", "perbaikan": "2026-000009.1"}, ["PERBAIKAN_TIDAK_DIKENAL"]),
    ],
)
def test_a_wrong_envelope_sheet_says_what_is_wrong(
    spit: Installation, envelope: dict[str, str], rules: list[str]
) -> None:
    drop_file(spit, "rilis.xlsx", book(clerk_rows({}), envelope))
    spit.take_in()

    assert spit.rules(spit.one("rilis").receipt) == rules


def pair(extra: dict[str, object] | None = None) -> make.Files:
    files = make.table("layanan_informasi", make.ROWS["layanan_informasi"])
    envelope = json.loads(files["manifest.json"])
    del envelope["tabel"]
    return {"rekap.csv": files["tabel.csv"], "rekap.json": json.dumps(envelope | (extra or {})).encode()}


def test_a_table_beside_its_envelope_needs_no_manifest(spit: Installation, tmp_path: Path) -> None:
    folder = spit.drop("rekap", pair())
    assert check(folder)["baris"]["diterima"] == 2
    spit.take_in()

    assert counts(spit.one("rekap")) == (2, 2, 0, 0)
    assert spit.rules(spit.one("rekap").receipt) == []


@pytest.mark.parametrize("missing", ["rekap.csv", "rekap.json"])
def test_half_a_pair_waits_for_the_other(spit: Installation, missing: str) -> None:
    files = pair()
    folder = spit.drop("rekap", {k: v for k, v in files.items() if k != missing})
    assert spit.take_in()["land"]["waiting"] == 1
    (folder / missing).write_bytes(files[missing])
    assert spit.take_in()["land"]["landed"] == 1


def test_two_tables_of_one_name_are_no_envelope(spit: Installation) -> None:
    rows = json.dumps([{"saluran": "SURAT"}]).encode()
    folder = spit.drop("rekap", {"rekap.csv": b"saluran\nSURAT\n", "rekap.json": rows})
    assert spit.take_in()["land"]["landed"] == 1 or folder.exists()


def test_a_folder_with_a_mere_table_waits_for_its_manifest(spit: Installation) -> None:
    files = make.raw_table("pantauan_media", {"tabel.xlsx": book(make.ROWS["pantauan_media"])})
    folder = spit.drop("tabel", {name: data for name, data in files.items() if name != "manifest.json"})
    assert spit.take_in()["land"]["waiting"] == 1
    (folder / "manifest.json").write_bytes(files["manifest.json"])
    spit.take_in()
    assert counts(spit.one("tabel")) == (2, 2, 0, 0)


@pytest.mark.parametrize("form", ["zip", "manifest.xlsx", "manifest.csv", "pair", "book"])
def test_what_is_still_moving_is_left_alone(tmp_path: Path, form: str) -> None:
    spit = Installation.at(tmp_path / "spit", settle_s=60.0, grace_s=60.0)
    match form:
        case "zip":
            drop_file(spit, "foto.zip", zipped(make.items("foto", {})))
        case "manifest.xlsx":
            folder = spit.drop("foto", {"manifest.xlsx": book(clerk_rows({}), FOTO)})
            (folder / "bahan.jpg").write_bytes(b"x")
        case "manifest.csv":
            folder = spit.drop("foto", {"manifest.csv": csv_manifest({})})
            (folder / "bahan.jpg").write_bytes(b"x")
        case "pair":
            spit.drop("rekap", pair())
        case _:
            drop_file(spit, "foto.xlsx", book(clerk_rows({}), FOTO))
    assert spit.take_in()["land"] == {"landed": 0, "repeated": 0, "waiting": 1, "refused": 0}


def test_a_clerk_s_manifest_waits_for_the_media_its_rows_name(tmp_path: Path) -> None:
    spit = Installation.at(tmp_path / "spit", grace_s=60.0)
    folder = spit.drop("foto", {"manifest.csv": csv_manifest({})})
    assert spit.take_in()["land"]["waiting"] == 1
    (folder / "bahan.jpg").write_bytes(make.media("foto")["bahan.jpg"])
    assert spit.take_in()["land"]["landed"] == 1
    assert counts(spit.one("foto")) == (1, 1, 0, 0)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.sampled_from(["zip", "xlsx", "csv", "json"]),
    cuts=st.lists(st.tuples(st.integers(0, 1 << 14), st.binary(max_size=6)), max_size=6),
    end=st.integers(0, 1 << 14),
)
def test_no_bytes_fell_an_envelope(tmp_path: Path, seed: str, cuts: list[tuple[int, bytes]], end: int) -> None:
    """Damaged zips, workbooks, CSV and JSON: always a reading or a refusal."""
    whole = SEEDS[seed]
    data = bytearray(whole)
    for at, new in cuts:
        data[at % len(whole) : at % len(whole) + len(new)] = new
    place = tmp_path / f"x.{seed}"
    place.write_bytes(bytes(data[: end % len(whole)] if end % 3 == 0 else data))
    if seed == "zip":
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        with suppress(Unreadable):
            assert all(path.is_file() for path in unpack(place, scratch).values())
    else:
        reading = forms.read(forms.Form(place.name, place.name), place, "2026-000001.1")
        assert (reading.manifest is None) == bool(reading.findings)


SEEDS = {
    "zip": zipped(make.items("teks", {}), "kiriman/"),
    "xlsx": book(clerk_rows({}), {**FOTO, "topik": "SOSIAL", "perbaikan": "2026-000001.1", "amplop0": "{}"}),
    "csv": csv_manifest({}),
    "json": json.dumps({"versi": 1, **FOTO, "bawaan": {"topik": "SOSIAL"}}).encode(),
}


def test_the_lock_file_of_an_open_workbook_is_no_drop(spit: Installation) -> None:
    for name in ("~$foto.xlsx", ".foto.xlsx", "foto.zip.part", "Thumbs.db", "desktop.ini"):
        drop_file(spit, name, b"x")
    assert spit.take_in()["land"] == {"landed": 0, "repeated": 0, "waiting": 0, "refused": 0}


def impatient(spit: Installation) -> None:
    """From now on what has no envelope is answered at once."""
    spit.settings.sources.write_text(SOURCES.replace("satker", "patience_s = 0\nsatker"))


LONELY: dict[str, tuple[dict[str, bytes], str, str]] = {
    "a table": ({"rekap.ods": b"PK\x03\x04"}, "rekap.ods", "BERKAS_TABEL_TIDAK_TERBACA"),
    "a text": ({"rekap.csv": b"a;b\n1;2\n"}, "rekap.csv", "TABEL_TANPA_AMPLOP"),
    "a photo": ({"IMG 1.JPG": b"x"}, "IMG 1.JPG", "MANIFES_TIDAK_ADA"),
    "rows as JSON": ({"data.json": b"[]"}, "data.json", "MANIFES_TIDAK_ADA"),
    "two tables": ({"tabel/a.csv": b"a;b\n1;2\n", "tabel/b.csv": b"a;b\n1;2\n"}, "tabel", "MANIFES_TIDAK_ADA"),
    "a folder of photos": ({"foto/IMG 1.JPG": b"x", "foto/IMG 2.JPG": b"y"}, "foto", "MANIFES_TIDAK_ADA"),
    "a mere workbook": ({"tabel/tabel.xlsx": book([["a"], ["b"]])}, "tabel", "TABEL_TANPA_AMPLOP"),
}


@pytest.mark.parametrize(("files", "name", "rule"), LONELY.values(), ids=LONELY)
def test_what_never_gets_an_envelope_is_shown_and_then_answered(
    spit: Installation, files: dict[str, bytes], name: str, rule: str
) -> None:
    for place, data in files.items():
        drop_file(spit, place, data)
    assert spit.take_in()["land"] == {"landed": 0, "repeated": 0, "waiting": 1, "refused": 0}
    (shown,) = steps.status(spit.settings)["landing"]
    assert (shown["source"], shown["name"], shown["waits_for"]) == ("jateng", name, "an envelope")

    impatient(spit)
    spit.take_in()
    s = spit.one(name)
    assert (s.state, s.turn, spit.rules(s.receipt)) == ("DIKEMBALIKAN", "kantor", [rule])
    assert [path.name for path in (spit.settings.landing / "jateng").iterdir()] == ["answers"]
    assert rule in (spit.settings.landing / "jateng" / "answers" / f"{name}.json").read_text()
    store = open_store(spit.settings.store)
    assert set(files.values()) <= {store.get(stat.key) for stat in store.list("raw/sha256/")}
    assert steps.status(spit.settings)["landing"] == []


def test_an_upload_that_goes_on_keeps_a_folder_from_being_answered(tmp_path: Path) -> None:
    folder = tmp_path / "video"
    folder.mkdir()
    (folder / "video.mp4.part").write_bytes(b"x")
    assert not ready(drop_of(folder), 0, 0, 60)
    assert ready(drop_of(folder), 0, 0, 0)


def test_a_drop_of_too_many_files_is_answered_and_stays(spit: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.sources.folder.FILES_LIMIT", 2)
    folder = spit.drop("banyak", {**make.items("foto", {}), "a.jpg": b"a", "b.jpg": b"b"})
    assert spit.take_in()["land"] == {"landed": 0, "repeated": 0, "waiting": 1, "refused": 0}

    impatient(spit)
    assert [spit.take_in()["land"]["refused"] for _ in range(2)] == [1, 0]
    s = spit.one("banyak")
    assert (s.state, s.turn, spit.rules(s.receipt)) == ("DITOLAK", "operator", ["KIRIMAN_TERLALU_BESAR"])
    assert len(list(folder.iterdir())) == 4
    assert (spit.settings.landing / "jateng" / "answers" / "banyak.txt").exists()

    monkeypatch.undo()
    assert spit.take_in()["land"]["landed"] == 1


@pytest.mark.parametrize("place", ["foto pasar/foto.jpg", "foto.jpg"])
def test_what_lies_a_folder_too_high_is_shown_once(spit: Installation, place: str) -> None:
    for name in (place, place.replace(".jpg", ".json")):
        (spit.settings.landing / name).parent.mkdir(parents=True, exist_ok=True)
        (spit.settings.landing / name).write_bytes(b"x")
    spit.take_in()
    shown = [(source, name) for source, name, _ in spit.submissions()]
    assert sorted(shown) == (
        [("foto pasar", "foto pasar")] if "/" in place else [("-", "foto.jpg"), ("-", "foto.json")]
    )
    assert {s.state for s in spit.submissions().values()} == {"DITOLAK"}


def test_what_comes_in_while_a_drop_is_taken_away_is_kept(spit: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = spit.drop("rilis", make.items("teks", {}))
    source = sources(spit.settings.sources, spit.settings.landing)["jateng"]
    drop = drop_of(folder, "jateng")
    (folder / "susulan.jpg").write_bytes(b"x")
    monkeypatch.setattr(Drop, "unchanged", lambda _: True)  # the moment after it was asked
    assert not source.take_away(drop)
    assert (folder / "susulan.jpg").read_bytes() == b"x"


def bare(name: str = "rekap.csv", column: str = "klasifikasi_informasi") -> bytes:
    """A statistical table that says its classification in a column."""
    head, *rows = make.ROWS["layanan_informasi"]
    made = [[*head, column], *([*row, "BERKALA"] for row in rows)]
    return book(made) if name.endswith(".xlsx") else "".join(";".join(row) + "\n" for row in made).encode()


@pytest.mark.parametrize("name", ["rekap.csv", "rekap.xlsx"])
def test_a_bare_table_is_taken_where_satker_and_standard_can_be_told(
    spit: Installation, tmp_path: Path, name: str
) -> None:
    impatient(spit)
    files = {kind: data for kind, data in in_files(bundle()).items() if kind.startswith("ms_")} | {name: bare(name)}
    checked = check(spit.drop("rekap", files))
    assert (checked["baris"]["diterima"], [f["kode"] for f in checked["temuan"]]) == (2, ["AMPLOP_DISIMPULKAN"])
    spit.take_in()

    s = spit.one("rekap")
    assert (s.satker, s.dataset, counts(s)) == ("JATENG", "layanan_informasi", (2, 2, 0, 0))
    (said,) = spit.receipt(s.receipt)["temuan"]
    assert (said["kode"], said["nilai"]) == ("AMPLOP_DISIMPULKAN", "JATENG, layanan_informasi@1")


def test_a_lone_table_hears_what_it_lacks(spit: Installation) -> None:
    impatient(spit)
    drop_file(spit, "rekap.csv", bare(column="catatan"))
    spit.take_in()
    s = spit.one("rekap.csv")
    assert (s.dataset, counts(s)) == ("layanan_informasi", (2, 0, 2, 0))
    assert {"KIRIMAN_TANPA_METADATA", "KOLOM_TIDAK_ADA"} <= set(spit.rules(s.receipt))


@pytest.mark.parametrize(
    ("satker", "table", "said"),
    [
        ('"JATENG", "JABAR"', bare(), "dataset: layanan_informasi; satker: ?"),
        ('"JATENG"', b"nama;alamat\nA;B\n", "dataset: ?; satker: JATENG"),
        ('"JATENG"', ";".join(make.GOOD["foto"]).encode() + b"\n", "dataset: audio / foto / video; satker: JATENG"),
    ],
)
def test_a_table_of_which_it_cannot_be_told_is_answered(
    spit: Installation, satker: str, table: bytes, said: str
) -> None:
    spit.settings.sources.write_text(f"[jateng]\npatience_s = 0\nsatker = [{satker}]\n")
    drop_file(spit, "rekap.csv", table)
    spit.take_in()
    s = spit.one("rekap.csv")
    (found,) = spit.receipt(s.receipt)["temuan"]
    assert (s.state, found["kode"], found["nilai"]) == ("DIKEMBALIKAN", "TABEL_TANPA_AMPLOP", said)


def test_whatever_is_checked_gets_a_receipt_that_says_what_to_do(tmp_path: Path) -> None:
    table = tmp_path / "rekap.csv"
    table.write_bytes(bare().replace(b"JATENG", b""))
    run = CliRunner().invoke(main, ["check", str(table)])
    assert run.exit_code == 1
    assert "satu check FILE --satker CODE --dataset NAME" in run.output
    assert "dataset: layanan_informasi; satker: ?" in run.output
    assert check(table, satker="JATENG")["dataset"] == "layanan_informasi"
    assert check(table, satker="JATENG", dataset="pantauan_media")["dataset"] == "pantauan_media"

    table.write_bytes(b"#satker: JATENG\n#dataset: layanan_informasi\n" + bare())
    assert CliRunner().invoke(main, ["check", str(table), "--satker", "JABAR"]).exit_code == 2
    assert [f["kode"] for f in check(table)["temuan"]] == ["KIRIMAN_TANPA_STANDAR", "KIRIMAN_TANPA_METADATA"]
    (tmp_path / "kosong").mkdir()
    assert CliRunner().invoke(main, ["check", str(tmp_path / "kosong")]).exit_code == 1


OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WITH_MACROS = {"[Content_Types].xml": b"<x/>", "xl/vbaProject.bin": b"x"}


@pytest.mark.parametrize("beside", [True, False], ids=["beside its envelope", "alone"])
@pytest.mark.parametrize(
    ("name", "data", "rule"),
    [
        ("rekap.xls", OLD + "Workbook".encode("utf-16-le"), "FORMAT_LAMA"),
        ("rekap.xlsm", zipped(WITH_MACROS), "BUKU_BERMAKRO"),
        ("REKAP.XLS", b"saluran;jumlah\nSURAT;1\n", "BERKAS_TABEL_TIDAK_TERBACA"),
        ("rekap.xlsx", OLD + "EncryptedPackage".encode("utf-16-le"), "BUKU_TERKUNCI"),
    ],
)
def test_an_old_or_a_macro_workbook_is_answered_as_what_it_is(
    spit: Installation, name: str, data: bytes, rule: str, beside: bool
) -> None:
    stem = name.partition(".")[0]
    envelope = {f"{stem}.json": pair()["rekap.json"]} if beside else {}
    for file, content in {name: data, **envelope}.items():
        drop_file(spit, f"{stem}/{file}" if beside else file, content)
    spit.take_in()
    found = spit.rules(spit.one(stem).receipt)
    assert rule in found or (beside and rule == "BERKAS_TABEL_TIDAK_TERBACA")
    assert "MANIFES_TIDAK_ADA" not in found


@pytest.mark.parametrize("place", ["rilis.csv", "rilis/rilis.csv"])
def test_a_csv_may_carry_its_envelope_above_its_header(spit: Installation, place: str) -> None:
    good = make.GOOD["teks"]
    rows = [list(good), [str(value) for value in good.values()]]
    body = "".join(";".join(f'"{cell}"' for cell in row) + "\n" for row in rows)
    drop_file(spit, place, f"#satker: JATENG\n#dataset: teks\n{body}".encode())
    spit.take_in()
    s = spit.one(place.partition("/")[0])
    assert (counts(s), s.satker) == ((1, 1, 0, 0), "JATENG")


def test_a_csv_does_not_show_its_end(tmp_path: Path) -> None:
    for name in ("manifest.csv", "rilis.csv"):
        (tmp_path / name).write_bytes(csv_manifest({}, top="#satker: JATENG\n#dataset: teks\n"))
        place = tmp_path if name == "manifest.csv" else tmp_path / name
        assert not ready(drop_of(place), 60, 60, 0), name
        (tmp_path / name).unlink()


@pytest.mark.parametrize("form", ["zip", "xlsx", "csv", "folder"])
def test_every_form_can_be_handed_in_by_command(spit: Installation, tmp_path: Path, form: str) -> None:
    place = tmp_path / "rilis"
    match form:
        case "zip":
            place = tmp_path / "rilis.zip"
            place.write_bytes(zipped(make.items("teks", {})))
        case "xlsx":
            place = tmp_path / "rilis.xlsx"
            rows = [list(make.GOOD["teks"]), [str(v) for v in make.GOOD["teks"].values()]]
            place.write_bytes(book(rows, {"satker": "JATENG", "dataset": "teks"}))
        case "csv":
            place = tmp_path / "rilis.csv"
            rows = [list(make.GOOD["teks"]), [str(v) for v in make.GOOD["teks"].values()]]
            lines = "".join(";".join(f'"{cell}"' for cell in row) + "\n" for row in rows)
            place.write_text(f"#satker: JATENG\n#dataset: teks\n{lines}")
        case _:
            make.write(make.Case("teks", "x", make.items("teks", {}), (1, 0, 0)), place)
            (place / "expected.json").unlink()
    assert check(place)["baris"]["diterima"] == 1
    submit(place, "jateng", spit.settings)
    with pytest.raises(Refused):
        submit(place, "jateng", spit.settings)
    spit.take_in()
    assert counts(spit.one("rilis.csv" if form == "csv" else "rilis")) == (1, 1, 0, 0)
