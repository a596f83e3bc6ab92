"""From a drop to curated and to released, single drops into a warm stack; what Airflow itself costs meanwhile."""

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

from infra.embedded.stack import Stack
from infra.ledger.inbox import Inbox
from infra.settings import Settings
from infra.submit import submit
from tests.samples import make

DROPS = {"tiny": 2, "small": 5, "default": 20, "large": 60}
PATIENCE_S = 90


def run(size: str) -> Iterator[tuple[str, float | None, str, str]]:
    with tempfile.TemporaryDirectory(prefix="spit-bench-") as folder:
        home = Path(folder) / "home"
        settings = replace(Settings.from_env(), home=home, store=str(home / "lake"), landing=home / "landing")
        settings = replace(settings, ledger=f"sqlite:///{home / 'ledger.db'}")
        home.mkdir()
        began = time.monotonic()
        with Stack(settings, say=lambda line: print(line, file=sys.stderr)) as stack:
            yield "stack_start_s", round(time.monotonic() - began, 1), "s", ""
            first = drop(settings, Path(folder), 0)
            yield "first_drop_to_curated_s", first[0], "s", "<= 15"
            before, at = stack.cpu_seconds(), time.monotonic()
            taken = [drop(settings, Path(folder), number) for number in range(1, DROPS[size] + 1)]
            used = {name: seconds - before.get(name, 0) for name, seconds in stack.cpu_seconds().items()}
            wall = time.monotonic() - at
            memory = sum(stack.memory().values())
        for name, values, aim in zip(("curated", "released"), zip(*taken, strict=True), ("<= 6", "<= 20"), strict=True):
            cuts = quantiles(sorted(values), n=20, method="inclusive")
            yield f"drop_to_{name}_p50_s", round(cuts[9], 2), "s", ""
            yield f"drop_to_{name}_p95_s", round(cuts[18], 2), "s", aim
        own = sum(seconds for name, seconds in used.items() if name != "tasks")
        yield "airflow_cpu_per_drop_s", round(own / len(taken), 2), "CPU s", ""
        yield "tasks_cpu_per_drop_s", round(used["tasks"] / len(taken), 2), "CPU s", ""
        yield "airflow_cpu_share_of_wall", round(own / wall, 3), "cores", ""
        yield "stack_memory_mib", round(memory / 2**20), "MiB", ""


def drop(settings: Settings, scratch: Path, number: int) -> tuple[float, float]:
    """Seconds from a single photo's drop until it is curated and until it is released."""
    folder = scratch / f"foto-{number:03d}"
    folder.mkdir()
    for name, data in make.items("foto", {"nomor": f"BENCH/{number:03d}", "judul": f"Foto ke-{number:03d}"}).items():
        (folder / name).write_bytes(data)
    submit(folder, "jateng", settings)
    dropped = datetime.now(UTC)
    until = time.monotonic() + PATIENCE_S
    with Inbox.open(settings.ledger) as inbox:
        while time.monotonic() < until:
            found = inbox.newest("jateng", folder.name)
            if found and found.state == "TERBIT" and found.curated_at and found.released_at:
                return (found.curated_at - dropped).total_seconds(), (found.released_at - dropped).total_seconds()
            time.sleep(0.1)
    raise TimeoutError(f"{folder.name} was not released within {PATIENCE_S} s")
