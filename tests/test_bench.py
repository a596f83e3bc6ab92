"""Every bench still runs: at a size that measures nothing, in a process of its own as `make bench` has it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FAST = {"catalogue", "items", "search"}
"""The others take many seconds at any size: processes of their own, servers, a whole stack, or Locust to be fetched."""
BENCHES = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench/bench_*.py"))
LONG = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize("name", [pytest.param(each, marks=[] if each in FAST else LONG) for each in BENCHES])
def test_a_bench_runs_and_tells_its_figures(name: str) -> None:
    command = [sys.executable, "-m", "tests.bench", "--only", f"bench_{name}", "--size", "tiny"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent)
    assert done.returncode == 0, done.stderr
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert figures and all(set(each) == {"name", "value", "unit", "aim"} for each in figures)
    assert [each["name"] for each in figures if not isinstance(each["value"], int | float)] == []
