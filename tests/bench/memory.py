"""How much memory a process has held at most."""

import subprocess
import sys
from pathlib import Path


def peak_mib() -> float:
    """Its own peak. What `getrusage` says a child may have from the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def landed_mib(folder: Path, size: int) -> int:
    """The peak of a process of its own that puts a file of so many bytes into a store: the interpreter and this copy."""
    big = folder / "besar.bin"
    with big.open("wb") as file:
        file.truncate(size)
    code = "from tests.bench import memory as m; import sys; m.land(*map(m.Path, sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, big, folder / "gudang"], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def land(big: Path, store: Path) -> None:
    """In that process: put the file, print the peak."""
    from infra.storage.folder import FolderStore

    FolderStore(store).put_content(big)
    print(int(peak_mib()))
