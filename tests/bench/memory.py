"""How much memory this process has held at most."""

from pathlib import Path


def peak_mib() -> float:
    """Its own peak. What `getrusage` says a child may have from the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
