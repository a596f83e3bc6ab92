"""Views over the tables of a release, one definition each: SQL files in `transforms/views`, and what they say of
themselves.

A file begins with a comment: a sentence, paragraphs, then lines `kolom NAME: what it is`, `parameter: NAME, …` (it is
then a table macro) and `contoh: SELECT …`, an example that must run. `{{…}}` stands for that SELECT over each dataset
(`$dataset`), all together. `docs/views.md` is made of these comments: `python -m transforms.analytics`.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from schemas.dataset import datasets

HERE = Path(__file__).parent / "views"

INTRODUCTION = """\
# Views

Made from the comments of `transforms/views/*.sql` by `python -m transforms.analytics > docs/views.md`; a test keeps the
two equal and runs every example. How to ask, and in which form to get the answer: [analytics.md](analytics.md).
"""


@dataclass(frozen=True)
class Analysis:
    """One view or, with `parameters`, table macro."""

    name: str
    sql: str
    about: str
    columns: tuple[tuple[str, str], ...]
    examples: tuple[str, ...]
    parameters: str = ""


@cache
def analyses() -> dict[str, Analysis]:
    """By name, in the order to make them: one reads only tables and what comes before it."""
    return {path.stem: _read(path) for path in sorted(HERE.glob("*.sql"))}


def macros() -> str:
    """SQL that makes the macros these views use."""
    return (HERE.parent / "macros.sql").read_text("utf-8")


def page() -> str:
    """All views as one Markdown page."""
    parts = [INTRODUCTION]
    for a in analyses().values():
        called = f"{a.name}({a.parameters})" if a.parameters else a.name
        examples = "\n".join(f'satu sql "{example}"' for example in a.examples)
        rows = "\n".join(f"| `{name}` | {what} |" for name, what in a.columns)
        parts.append(
            f"## `{called}`\n\n{a.about}\n\n```sh\n{examples}\n```\n\n| column | what it is |\n|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


def _read(path: Path) -> Analysis:
    comment, sql = [], path.read_text("utf-8").splitlines()
    while sql and sql[0].startswith("--"):
        comment.append(sql.pop(0).removeprefix("--").removeprefix(" "))
    said = {kind: [line.partition(": ")[2] for line in comment if line.startswith(kind)] for kind in _KINDS}
    columns = [line.removeprefix("kolom ").partition(": ") for line in comment if line.startswith("kolom ")]
    return Analysis(
        name=path.stem,
        sql=re.sub(r"\{\{(.*?)\}\}", _each, "\n".join(sql), flags=re.DOTALL),
        about="\n".join(line for line in comment if not line.startswith(_KINDS)).strip(),
        columns=tuple((name, what) for name, _, what in columns),
        examples=tuple(said["contoh: "]),
        parameters=", ".join(said["parameter: "]),
    )


_KINDS = ("kolom ", "contoh: ", "parameter: ")


def _each(part: re.Match[str]) -> str:
    return "\nUNION ALL ".join(part[1].replace("$dataset", name) for name in datasets())


if __name__ == "__main__":
    sys.stdout.write(page())
