"""The command `satu` itself: its groups, its exit codes, and how every command answers and fails."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

import click
from typing_extensions import override

FINE, FINDINGS, WRONG_USE, WEATHER = 0, 1, 2, 3


class Group(click.Group):
    """Lists commands by who types them, in the order of a day's work."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections: dict[str, list[str]] = {}

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for names in self.sections.values() for name in names]

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        room = formatter.width - 6 - max(map(len, self.commands))
        for title, names in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(room)) for name in names])


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="spit")
def main() -> None:
    """SPIT: submissions of police public-relations offices, from a folder to released tables.

    \b
    A first look:      satu run
    An office's day:   satu template foto -o foto.xlsx, satu check FOLDER, satu submit FOLDER --source jateng,
                       satu receipt 2026-000001 --workbook perbaikan.xlsx
    An analyst's day:  satu sql "SELECT kode_satker, count(*) FROM foto GROUP BY 1"
    An operator's day: satu up, satu status

    Everything embedded lives in the folder SPIT_HOME (by default .spit beside the project).
    Exit codes: 0 fine, 1 findings, 2 wrong use, 3 weather (try again).
    """


class Section:
    """The decorator for the subcommands listed under a title."""

    def __init__(self, title: str) -> None:
        self.names = main.sections.setdefault(title, [])

    def __call__(self, name: str | None = None) -> Callable[[Callable[..., int]], click.Command]:
        """A function that returns an exit code becomes a subcommand, by its own name if none is given."""

        def register(function: Callable[..., int]) -> click.Command:
            made = _guarded(function, name)
            self.names.append(str(made.name))
            return made

        return register


def _guarded(function: Callable[..., int], name: str | None) -> click.Command:
    """A subcommand with `--json`, that says plainly what went wrong and exits with the agreed code."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
    @wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            code = function(*args, **kwargs)
        except _wrong_use() as error:
            _fail(str(error), WRONG_USE)
        except _weather() as error:
            _fail(f"{error}. Nothing is lost; try again when it is mended.", WEATHER)
        else:
            sys.exit(code)

    return main.command(name)(guarded)


# The next two are asked only when something has gone wrong: they import what a quick command need not.


def _wrong_use() -> tuple[type[Exception], ...]:
    from infra.sql.query import QueryError
    from infra.submit import Refused

    return Refused, QueryError


def _weather() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError, ClientError
    from sqlalchemy.exc import OperationalError

    from infra.embedded.stack import StackFailed
    from infra.embedded.stack_files import StackBusyError

    return OSError, OperationalError, BotoCoreError, ClientError, StackFailed, StackBusyError


def _fail(message: str, code: int) -> None:
    click.echo(f"satu: {message}", err=True)
    sys.exit(code)


def show(value: Any, text: str, as_json: bool) -> None:
    """Print a value as JSON, or the text."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str) if as_json else text.rstrip("\n"))


def clock(at: datetime) -> str:
    """An instant in the time zone of whoever looks."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
