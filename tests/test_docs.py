"""What is written is true: pages match the standards, commands and links exist, the worked example works."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import click
import pytest

from infra.check import check
from infra.cli import main
from infra.ledger.records import TURNS
from infra.settings import Settings
from schemas.page import page
from transforms.media import encode

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
EXAMPLE = DOCS / "examples" / "kegiatan_edukasi"

Satu = Callable[..., subprocess.CompletedProcess[str]]


def read(path: Path) -> str:
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Satu:
    """`satu` of a copy of the project that has one TOML more."""
    copy = tmp_path_factory.mktemp("salinan")
    for room in ("schemas", "transforms", "expectations", "infra"):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(EXAMPLE / "kegiatan_edukasi.toml", copy / "schemas" / "datasets")
    shutil.copy(EXAMPLE / "kegiatan_edukasi-2026.json", copy / "schemas" / "metadata" / "terdaftar")
    with (copy / "schemas" / "daftar_data.csv").open("a") as plan:
        plan.write(read(EXAMPLE / "daftar_data.csv"))
    env = {**os.environ, "PYTHONPATH": str(copy), "SPIT_HOME": str(copy / "rumah"), "SPIT_SETTLE_S": "0"}

    def satu(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from infra.cli import main; main()", *words]
        return subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, check=False)

    return satu


def test_the_page_of_datasets_is_up_to_date() -> None:
    assert read(DOCS / "datasets.md") == page(), "run: python -m schemas.page > docs/datasets.md"


def test_the_example_is_not_installed() -> None:
    assert not (ROOT / "schemas" / "datasets" / "kegiatan_edukasi.toml").exists()


@pytest.mark.parametrize(("case", "code"), [("diterima", 0), ("sebagian-salah", 1)])
def test_one_more_toml_and_a_folder_is_judged_as_the_page_shows(extended: Satu, case: str, code: int) -> None:
    done = extended("check", str(EXAMPLE / case))

    told = done.stdout[done.stdout.index("Baris    :") :].strip()
    assert told in read(DOCS / "adding-a-dataset.md")
    assert done.returncode == code, done.stderr


@pytest.mark.slow
def test_one_more_toml_goes_through_to_the_released_tables(extended: Satu) -> None:
    for name, case in {"edukasi-2026-10": "diterima", "edukasi-2026-09": "sebagian-salah"}.items():
        assert extended("submit", str(EXAMPLE / case), "--source", "jateng", "--name", name).returncode == 0
    for step in ("land", "judge", "answer", "curate", "audit", "release", "deliver"):
        done = extended("step", step)
        assert done.returncode == 0, f"{step}: {done.stderr}"

    (statement,) = re.findall(r'satu sql "(.+)"', read(DOCS / "adding-a-dataset.md"))
    table = extended("sql", statement).stdout
    assert [line.rstrip() for line in table.splitlines()][:-1] == _block("adding-a-dataset.md", "kode_satker  ")
    states = {s["name"]: s["state"] for s in json.loads(extended("status", "--all", "--json").stdout)["submissions"]}
    assert states == {"edukasi-2026-10": "TERBIT", "edukasi-2026-09": "TERBIT"}


def _block(name: str, start: str) -> list[str]:
    """The lines of the fenced block of a page that begins with `start`."""
    (block,) = [b for b in re.findall(r"```\w*\n(.*?)```", read(DOCS / name), re.DOTALL) if b.startswith(start)]
    return [line.rstrip() for line in block.splitlines()]


def test_the_manifest_shown_to_offices_is_accepted(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", read(ROOT / "README.id.md"), re.DOTALL)
    (tmp_path / "manifest.json").write_text(shown, "utf-8")
    (tmp_path / "apel-01.jpg").write_bytes(encode.photo(320, 240, text="apel", quality=60))

    answer = check(tmp_path)
    assert (answer["baris"]["diterima"], answer["temuan"]) == (1, [])


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    targets = [t.partition("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", read(path)) if "://" not in t]
    assert [t for t in targets if t and not (path.parent / t).exists()] == []


def _named(program: str) -> set[str]:
    """What the pages have a reader type after the name of a program: in a code block or at the start of a code span."""
    found: set[str] = set()
    for text in map(read, PAGES):
        blocks = re.findall(r"^```.*?^```", text, re.DOTALL | re.MULTILINE)
        spans = re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
        lines = [line for block in blocks for line in block.splitlines()] + [" ".join(span.split()) for span in spans]
        found |= {word for line in lines for word in re.findall(rf"(?:^|\$ |&& |bin/|=\S+ ){program} ([a-z-]+)", line)}
    return found


def test_every_command_named_exists() -> None:
    assert isinstance(main, click.Group)
    assert _named("satu") - set(main.commands) == set()


def test_every_target_of_make_named_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE)
    assert _named("make") - set(targets) == set()


def test_the_readmes_name_every_command() -> None:
    assert isinstance(main, click.Group)
    assert [name for name in main.commands if f"`satu {name}" not in read(ROOT / "README.md")] == []


def test_the_runbook_names_every_setting_and_state() -> None:
    runbook = read(DOCS / "runbook.md")
    missing = [f.name for f in fields(Settings) if f"`SPIT_{f.name.upper()}`" not in runbook]
    missing += [state for state in TURNS if f"| `{state}` |" not in runbook]
    missing += [state for state in TURNS if f"| `{state}` |" not in read(ROOT / "README.id.md")]
    assert missing == []


def test_a_decision_fits_a_page() -> None:
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    assert [path.name[:4] for path in decisions] == [f"{n:04d}" for n in range(1, len(decisions) + 1)]
    for path in decisions:
        lines = read(path).splitlines()
        assert len(lines) <= 40, path.name
        assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Choice", "## Price"], path.name


@pytest.mark.parametrize("path", [*PAGES, ROOT / "NOTICE"], ids=lambda p: p.relative_to(ROOT).as_posix())
def test_nothing_points_to_the_machine_it_was_written_on(path: Path) -> None:
    assert re.findall(r"(?<![\w.])/(?:work|home|root|tmp|Users)/\S+", read(path)) == []
