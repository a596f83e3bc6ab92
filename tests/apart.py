"""Programs that do not go together with ours, each in an environment of its own, made when it is first asked for."""

from __future__ import annotations

import hashlib
import subprocess
import venv
from pathlib import Path

PLACE = Path(__file__).parent.parent / ".boot" / "apart"


def python_with(*packages: str, place: Path = PLACE) -> Path:
    """The Python of an environment with these packages; needs a package index once, as pip is configured."""
    home = place / hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
    python, whole = home / "bin" / "python", home / "packages.txt"
    if not whole.exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", *packages], check=True)
        whole.write_text("\n".join(packages))
    return python
