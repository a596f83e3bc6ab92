"""`make bench`: one JSON object a line, `{"name", "value", "unit", "aim"}`; ratios are measured in one run.

`--only WORD` runs the benches whose name holds the word; `--size small|default|large` sets how much they handle
(`tiny` is for the test that sees them run).
"""

import argparse
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple


class Figure(NamedTuple):
    """One measured figure and what we aim for."""

    name: str
    value: float | None
    unit: str
    aim: str


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--size", choices=["tiny", "small", "default", "large"], default="default")
    options = parser.parse_args()
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        if options.only in path.stem:
            figures: Iterator[tuple[str, float | None, str, str]] = import_module(f"tests.bench.{path.stem}").run(
                options.size
            )
            for figure in figures:
                print(json.dumps(Figure(*figure)._asdict()), flush=True)
    sys.exit(0)


if __name__ == "__main__":
    main()
