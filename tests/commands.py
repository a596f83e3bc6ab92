"""The commands as an operator types them, and patience until what they began has happened."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.settings import ROOT

PATIENCE_S = 240


def satu(home: Path, *words: str) -> Any:
    """What a command prints with `--json`. It says 1 where there are findings."""
    command = [sys.executable, "-c", "from infra.cli import main; main()", *words, "--json"]
    environment = {**os.environ, "SPIT_HOME": str(home)}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def wait_for(found: Callable[[], Any], what: str) -> Any:
    """What `found` returns once that is something."""
    until = time.monotonic() + PATIENCE_S
    while not (value := found()):
        assert time.monotonic() < until, f"{what} did not come within {PATIENCE_S} s"
        time.sleep(0.5)
    return value
