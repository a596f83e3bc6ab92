"""How much memory a process has held at most, and work in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def peak_mib() -> float:
    """Its own peak. What `getrusage` says a child may have from the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def forget_peak() -> None:
    """Let the peak be what is held now."""
    Path("/proc/self/clear_refs").write_text("5")


def alone(work: Callable[..., Any], *args: Path | str | int) -> Any:
    """What a function of a module returns, called in a process of its own, as JSON brings it here."""
    code = (
        f"import json, {work.__module__} as b; from pathlib import PosixPath;"
        f" print('\\n=', json.dumps(b.{work.__name__}(*{args!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    # Around it the engine may show its progress.
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("= "))[2:])


def landed_mib(folder: Path, size: int) -> int:
    """The peak of a process of its own that puts a file of so many bytes into a store: the interpreter and this copy."""
    big = folder / "besar.bin"
    with big.open("wb") as file:
        file.truncate(size)
    return int(alone(land, big, folder / "gudang"))


def land(big: Path, store: Path) -> float:
    """In that process: put the file; the peak."""
    from infra.storage.folder import FolderStore

    FolderStore(store).put_content(big)
    return peak_mib()
