"""What every Dag file must keep to: design section 6."""

import ast
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.settings import ROOT, Settings
from infra.sources.hints import LOOK_S, Hints, complete

DAGS = ROOT / "dags"
NOT_DAGS = set((DAGS / ".airflowignore").read_text().splitlines())
FILES = sorted(path for path in DAGS.glob("*.py") if path.name not in NOT_DAGS)


@pytest.fixture(scope="module")
def parsed(tmp_path_factory):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")} | {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "tests.parsing", *map(str, FILES)]
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {line["file"]: line for line in lines}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dag_file_holds_one_documented_patient_dag(path, parsed):
    found = parsed[path.name]
    assert found["errors"] == []
    assert found["seconds"] < 1
    (dag,) = found["dags"]
    assert dag["id"] == path.stem
    assert all(word in dag["doc"] for word in ("**Starts**", "**Leaves**", "**When red**"))
    assert len(dag["tags"]) >= 2
    assert (dag["catchup"], dag["runs"]) == (False, 1)
    for task in dag["tasks"].values():
        assert task["retries"] >= 2
        assert task["backoff"] >= 2
        (rule,) = task["policy"]["rules"]
        assert (rule["exception"], rule["action"]) == ("schemas.dataset.ContractError", "fail")


def test_every_dag_of_the_design_is_there():
    assert [path.stem for path in FILES] == ["ingest", "maintain", "publish", "reconcile", "render"]


def test_the_wiring_is_the_one_in_the_architecture(parsed):
    ingest, publish = (parsed[f"{name}.py"]["dags"][0]["tasks"] for name in ("ingest", "publish"))
    assert {name: task["downstream"] for name, task in ingest.items()} == {
        "land": ["judge"],
        "judge": ["answer", "curate"],
        "answer": [],
        "curate": [],
    }
    assert {name: task["downstream"] for name, task in publish.items()} == {
        "audit": ["release"],
        "release": ["deliver"],
        "deliver": [],
    }
    assert ingest["curate"]["outlets"] == parsed["render.py"]["dags"][0]["tasks"]["render"]["outlets"]
    assert ingest["curate"]["outlets"] == ["lake://curated"]
    assert publish["release"]["outlets"] == ["lake://released"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dag_file_says_when_and_nothing_else(path):
    source = path.read_text()
    tree = ast.parse(source)
    assert len(source.splitlines()) <= 60
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Try | ast.TryStar | ast.With | ast.AsyncWith | ast.For | ast.While)
        assert not (isinstance(node, ast.Name | ast.Attribute) and getattr(node, "id", "") == "Variable")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not any(word in node.value for word in ("SELECT ", "INSERT ", "UPDATE ", "DELETE "))
    at_parse = {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}
    ours = {"dags.clock", "dags.watch", "dags.weather"}
    assert at_parse <= {"__future__", "datetime", "airflow.sdk", "airflow.sdk.exceptions", *ours}
    assert not any(isinstance(node, ast.Import) for node in tree.body)
    (dag,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    for task in (node for node in dag.body if isinstance(node, ast.FunctionDef)):
        assert len([line for line in task.body if not isinstance(line, ast.ImportFrom)]) <= 3


def drop(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("{}")


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIT_HOME", str(tmp_path))
    return Settings.from_env()


def test_only_complete_drops_are_hinted_at(settings):
    drop(settings.landing / "jateng" / "satu", "a.jpg", "manifest.json")
    drop(settings.landing / "jateng" / "belum", "a.jpg")
    drop(settings.landing / "jateng" / ".diambil.taken", "manifest.json")
    drop(settings.landing / "jateng" / "answers", "manifest.json")
    drop(settings.landing / "tak-dikenal" / "dua", "manifest.json")
    assert {state[:3] for state in complete(settings)} == {("jateng", "satu", 2), ("tak-dikenal", "dua", 1)}


def test_a_late_file_makes_a_new_state(settings):
    drop(settings.landing / "papua" / "foto", "manifest.json")
    before = complete(settings)
    time.sleep(0.02)
    (settings.landing / "papua" / "foto" / "terlambat.jpg").write_bytes(b"x")
    assert complete(settings).isdisjoint(before)


def test_a_drop_that_stays_is_hinted_at_ever_more_seldom():
    hints, here = Hints(), {("jateng", "satu", 2, 1)}
    given = [second for second in range(3600) if hints.due(here, float(second))]
    assert given[:4] == [0, LOOK_S, 3 * LOOK_S, 7 * LOOK_S]
    assert given[-1] - given[-2] == 900
    assert hints.due(here | {("papua", "baru", 1, 2)}, 3600.0) == 1
    assert hints.due(set(), 3601.0) == 0
    assert hints.due(here, 3602.0) == 1
