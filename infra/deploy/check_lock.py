"""Say whether requirements.lock holds a fitting version of everything pyproject.toml asks for. Offline."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def missing() -> list[str]:
    """One line per requirement that the lock does not meet."""
    pins: dict[str, list[str]] = {}
    for name, version in _PIN.findall((ROOT / "requirements.lock").read_text()):
        pins.setdefault(canonicalize_name(name), []).append(version)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [Requirement(line) for line in project["project"]["dependencies"] + project["dependency-groups"]["dev"]]
    return [
        f"{want}: the lock has {' and '.join(pins.get(canonicalize_name(want.name), [])) or 'none'}"
        for want in wanted
        if not any(want.specifier.contains(version) for version in pins.get(canonicalize_name(want.name), []))
    ]


if __name__ == "__main__":
    if found := missing():
        sys.exit("\n".join(["requirements.lock is not what pyproject.toml asks for; `make lock` mends it:", *found]))
