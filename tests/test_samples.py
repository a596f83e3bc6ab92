"""Every sample folder is judged, and exactly the rows and findings it promises come out; twice, and the same."""

import ast
import hashlib
import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from infra.judging.judge import Verdict, judge
from infra.judging.parcel import File, Parcel
from infra.sources import drop_of
from schemas import manifest
from schemas.messages import messages
from tests.samples import make
from transforms.media.probe import probe

SAMPLES = Path(__file__).parent / "samples"
ARRIVED = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # 10.00 WIB
FOLDERS = sorted(path.parent for path in SAMPLES.glob("*/*/expected.json"))

ELSEWHERE = {
    # more than one submission, or something that lies there already
    "SATKER_BUKAN_WEWENANG": "test_pipeline.py::test_a_source_speaks_only_for_its_own_satker",
    "SUMBER_TIDAK_DIKENAL": "test_pipeline.py::test_an_unknown_source_is_shown_to_the_operator_and_taken_once_registered",  # noqa: E501
    "KUNCI_SUDAH_ADA": "test_pipeline.py::test_a_row_that_is_here_with_other_content_needs_a_correction",
    "SUDAH_DIGANTIKAN": "test_samples.py::test_a_row_judged_after_a_newer_version_of_it_is_skipped",
    "METADATA_TIDAK_TERDAFTAR": "test_metadata.py::test_metadata_handed_in_once_may_be_referred_to_from_then_on",
    "KEPALA_BERUBAH": "test_metadata.py::test_a_lost_column_is_returned_unless_declared_and_a_new_one_is_noted",
    "KEPALA_BERTAMBAH": "test_metadata.py::test_a_lost_column_is_returned_unless_declared_and_a_new_one_is_noted",
    "TURUNAN_TIDAK_ADA": "test_stories.py::test_what_an_item_retells_has_to_be_here",
    # a decision of a person
    "DIKEMBALIKAN_PEMBINA": "test_walidata.py::test_what_the_pembina_returns_goes_back_as_a_whole_and_its_correction_waits_anew",  # noqa: E501
    # what is no folder with an envelope, or never becomes one
    "MANIFES_TIDAK_ADA": "test_forms.py::test_a_bad_zip_is_a_finding_and_its_bytes_are_kept",
    "TABEL_TANPA_AMPLOP": "test_forms.py::test_a_table_of_which_it_cannot_be_told_is_answered",
    "AMPLOP_DISIMPULKAN": "test_forms.py::test_a_bare_table_is_taken_where_satker_and_standard_can_be_told",
    "KIRIMAN_TERLALU_BESAR": "test_sources.py::test_what_is_too_large_is_refused_in_sight_and_not_fetched_again",
    "TABEL_TERBUKA_TIDAK_ADA": "test_sources_web.py::test_what_a_portal_cannot_give_is_refused_once",
    "TAUTAN_KE_LUAR": "test_sources_web.py::test_what_a_portal_cannot_give_is_refused_once",
    # a decoder at its limits
    "BERKAS_TERLALU_BESAR": "test_media.py::test_a_pixel_bomb_is_refused_by_its_header",
    "BERKAS_MACET": "test_media.py::test_what_a_child_does_wrong_becomes_a_finding_and_the_next_file_is_fine",
}
"""Rules that no folder by itself can break, and the test that breaks them."""


@cache
def examined() -> dict[str, dict[str, Any]]:
    """The facts of every media file of every sample: one set of decoder processes for all."""
    media_files = [p for p in SAMPLES.glob("*/*/**/*") if p.suffix in {".jpg", ".mp4", ".opus"}]
    facts = probe(media_files).to_pylist()
    shas = [hashlib.sha256(path.read_bytes()).hexdigest() for path in media_files]
    return dict(zip(shas, facts, strict=True))


def parcel(folder: Path, kiriman: str = "2026-000001.1", arrived_at: datetime = ARRIVED) -> Parcel:
    drop = drop_of(folder)
    files = {
        name: File(
            name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest(), lambda p=path: nullcontext(p)
        )
        for name, path in drop.files.items()
        if name != "expected.json"
    }
    facts = examined()
    found = {f.sha256: facts[f.sha256] for f in files.values() if f.sha256 in facts}
    return Parcel(kiriman, "jateng", folder.name, 1, arrived_at, files, found)


def outcome(verdict: Verdict) -> dict[str, Any]:
    (result,) = verdict.outcomes
    found = [[f"{f['kode']}:{f['kolom'] or ''}", f["baris"]] for f in verdict.tables["temuan"].to_pylist()]
    return {
        "baris": {"diterima": result.accepted, "dikembalikan": result.returned, "dilewati": result.skipped},
        "temuan": sorted(found, key=repr),
    }


def promised(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "expected.json").read_text())


def rules(expected: dict[str, Any]) -> set[str]:
    return {place.partition(":")[0] for place, _ in expected["temuan"]}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_a_sample_gives_exactly_what_it_promises(folder: Path) -> None:
    one, expected = parcel(folder), promised(folder)
    first, second = judge([one], 1), judge([one], 1)

    assert outcome(first) == {key: expected[key] for key in ("baris", "temuan")}
    for row in first.tables["neraca_baris"].to_pylist():
        assert row["masuk"] == row["diterima"] + row["dikembalikan"] + row["dilewati"]
    assert all(first.tables[name].equals(second.tables[name]) for name in first.tables)


@pytest.mark.parametrize(("dataset", "name"), sorted(make.HEAVY))
def test_a_sample_of_megabytes_does_so_too(tmp_path: Path, dataset: str, name: str) -> None:
    (case,) = [c for c in make.cases() if (c.dataset, c.name) == (dataset, name)]
    make.write(case, tmp_path / name)

    expected = promised(tmp_path / name)
    assert outcome(judge([parcel(tmp_path / name)], 1)) == {key: expected[key] for key in ("baris", "temuan")}


def test_the_folders_are_those_their_recipes_make(tmp_path: Path) -> None:
    """Media aside: another release of an encoder may write other bytes."""
    kept = {folder.relative_to(SAMPLES): promised(folder) for folder in FOLDERS}
    made = {}
    for case in make.cases():
        if (case.dataset, case.name) not in make.HEAVY:
            make.write(case, tmp_path / case.dataset / case.name)
            made[Path(case.dataset, case.name)] = promised(tmp_path / case.dataset / case.name)
    assert kept == made
    for file in (path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.suffix in {".json", ".csv"}):
        assert (SAMPLES / file).read_bytes() == (tmp_path / file).read_bytes(), file


def test_every_rule_has_a_sample_that_breaks_it_and_one_that_just_does_not() -> None:
    heavy = [c for c in make.cases() if (c.dataset, c.name) in make.HEAVY]
    said = [promised(folder) for folder in FOLDERS]
    said += [{"temuan": c.findings, "hampir": c.near} for c in heavy]
    broken = {rule for each in said for rule in rules(each)}
    near = {rule for each in said for rule in each.get("hampir", ())}

    assert not [each for each in said if rules(each) & set(each.get("hampir", ()))], "near, and broken all the same"
    assert set(messages()) - broken == set(ELSEWHERE)
    assert set(messages()) - near == set(ELSEWHERE)


@pytest.mark.parametrize("rule", ELSEWHERE)
def test_a_rule_no_folder_can_break_is_broken_by_the_test_named(rule: str) -> None:
    file, _, name = ELSEWHERE[rule].partition("::")
    text = (Path(__file__).parent / file).read_text()
    (test,) = [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == name]
    first = min(n.lineno for n in (test, *test.decorator_list))
    written = text.splitlines()[first - 1 : test.end_lineno]
    assert any(rule in line for line in written if not line.lstrip().startswith(("#", '"""')))


def test_a_row_judged_after_a_newer_version_of_it_is_skipped(tmp_path: Path) -> None:
    """SUDAH_DIGANTIKAN: an old version that was stuck is let go after the one that replaced it was taken in."""
    made = [make.items("teks", {"judul": title}) for title in ("Judul yang lama", "Judul yang baru")]
    for number, files in enumerate(made, 1):
        make.write(make.Case("teks", f"v{number}", files, (1, 0, 0)), tmp_path / f"v{number}")
    old = parcel(tmp_path / "v1", "2026-000001.1")
    new = parcel(tmp_path / "v2", "2026-000001.2", ARRIVED + timedelta(minutes=5))

    taken = judge([new], 1)
    pq.write_table(taken.tables["teks"], tmp_path / "teks.parquet")
    late = judge([old], 2, known=lambda name: [str(tmp_path / "teks.parquet")] if name == "teks" else [])

    assert outcome(taken)["baris"] == {"diterima": 1, "dikembalikan": 0, "dilewati": 0}
    assert outcome(late) == {
        "baris": {"diterima": 0, "dikembalikan": 0, "dilewati": 1},
        "temuan": [["SUDAH_DIGANTIKAN:", 1]],
    }
    (finding,) = late.tables["temuan"].to_pylist()
    assert finding["batas"] == "2026-000001.2"


def test_the_manifest_name_is_the_agreed_one() -> None:
    assert manifest.NAME == "manifest.json"
