"""Who may import whom, and where each library is at home (docs/architecture.md). A planted import must be caught."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("schemas", "transforms", "expectations", "infra", "dags")
MAY = {
    "schemas": {"schemas"},
    "transforms": {"transforms", "schemas"},
    "expectations": {"expectations", "schemas"},
    "infra": {"infra", "transforms", "expectations", "schemas"},
    "dags": {"dags", "infra"},
}
HOMES = {
    "airflow": {"dags"},
    "boto3": {"infra"},
    "botocore": {"infra"},
    "deltalake": {"infra"},
    "sqlalchemy": {"infra"},
    "alembic": {"infra"},
    "psutil": {"infra"},
    "duckdb": {"transforms", "infra"},
    "great_expectations": {"expectations"},
    "click": {"infra/cli"},
    "fastapi": {"infra/serving"},
    "uvicorn": {"infra/serving"},
    "paramiko": {"infra/sources", "infra/publishing/targets"},
    "httpx": {"infra/sources", "infra/publishing/targets"},
    "ckanapi": {"infra/publishing/targets"},
    "rdflib": {"infra/sources"},
    "PIL": {"transforms/media"},
    "av": {"transforms/media"},
    "magic": {"transforms/media"},
    "pi_heif": {"transforms/media"},
    "pypdf": {"transforms/media"},
    "c2pa": {"transforms/media"},
    "python_calamine": {"transforms"},
    "openpyxl": {"transforms", "infra/demo.py"},
}
LAZY = {"great_expectations", "pandas"}  # seconds to import: only inside functions
IMPURE = {"os", "socket", "requests", "urllib.request", "http.client", "httpx"}
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}
NAMES = {"utils", "helpers", "common", "base", "core", "manager"}


def files() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def imports(tree: ast.Module) -> list[tuple[str, bool]]:
    """Every module imported, and whether that happens when the file is imported (not only inside a function)."""
    inside = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(outer, ast.If) and getattr(outer.test, "id", "") == "TYPE_CHECKING")
        for node in ast.walk(outer)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) not in inside) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, id(node) not in inside))
    return found


def faults(place: str, source: str) -> list[str]:
    """What a file at `place` (relative, with /) breaks."""
    room, tree = place.split("/", maxsplit=1)[0], ast.parse(source)
    found = []
    if NAMES & set(Path(place).with_suffix("").parts):
        found.append(f"{place}: a name that says nothing")
    for module, at_import in imports(tree):
        top = module.split(".")[0]
        if top in ROOMS and top not in MAY[room]:
            found.append(f"{place}: {room} may not import {module}")
        home = HOMES.get(top)
        if home and not any(place == spot or place.startswith(spot + "/") for spot in home):
            found.append(f"{place}: {top} is at home in {', '.join(sorted(home))}")
        if top in LAZY and at_import:
            found.append(f"{place}: {top} must be imported inside a function")
        if room in {"expectations"} and module in IMPURE:
            found.append(f"{place}: {room} is pure: {module}")
    if room in {"transforms", "expectations", "schemas"}:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if (node.value.id, node.attr) in CLOCKS:
                    found.append(f"{place}:{node.lineno}: {room} has no clock")
                if (node.value.id, node.attr) in {("os", "environ"), ("os", "getenv")}:
                    found.append(f"{place}:{node.lineno}: {room} does not read the environment")
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and (
            node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
        ):
            found.append(f"{place}:{node.lineno}: catches everything")
    return found


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_keeps_to_its_room(path: Path) -> None:
    assert faults(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("schemas/x.py", "from infra.storage.store import Store"),
        ("transforms/x.py", "import infra.lake"),
        ("transforms/x.py", "from expectations import rules"),
        ("expectations/x.py", "def f():\n    from transforms import shape"),
        ("expectations/x.py", "import great_expectations"),
        ("infra/x.py", "import great_expectations"),
        ("infra/x.py", "from dags import ingest"),
        ("infra/x.py", "from airflow.sdk import dag"),
        ("dags/x.py", "import boto3"),
        ("dags/x.py", "from transforms import media"),
        ("transforms/x.py", "from datetime import datetime\nx = datetime.now()"),
        ("transforms/x.py", "import os\nx = os.environ['HOME']"),
        ("infra/x.py", "try:\n    pass\nexcept Exception:\n    pass"),
        ("infra/utils.py", ""),
    ],
)
def test_a_planted_fault_is_caught(place: str, source: str) -> None:
    assert faults(place, source) != []


def test_only_the_agreed_rooms_stand_at_the_top() -> None:
    there = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    assert there <= {*ROOMS, "tests", "docs"}
