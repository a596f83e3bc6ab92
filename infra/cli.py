"""`satu`: what offices, operators and analysts type. Exit codes: 0 fine, 1 findings, 2 wrong use, 3 weather."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from infra.settings import Settings

FINE, FINDINGS, WRONG_USE, WEATHER = 0, 1, 2, 3

F = TypeVar("F", bound=Callable[..., Any])


class Group(click.Group):
    """Lists commands in the order of a day's work, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """As they are defined below."""
        return list(self.commands)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="spit")
def main() -> None:
    """SPIT: submissions of police public-relations offices, from a folder to released tables.

    \b
    A first look:      satu run
    An office's day:   satu check FOLDER, satu submit FOLDER --source jateng, satu receipt 2026-000001
    An analyst's day:  satu sql "SELECT kode_satker, count(*) FROM foto GROUP BY 1"
    An operator's day: satu up, satu status

    Everything embedded lives in the folder SPIT_HOME (by default .spit beside the project).
    Exit codes: 0 fine, 1 findings, 2 wrong use, 3 weather (try again).
    """


def command(name: str | None = None) -> Callable[[F], click.Command]:
    """A subcommand with `--json`, that says plainly what went wrong and exits with the agreed code."""

    def register(function: F) -> click.Command:
        @click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")
        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            from infra.submit import Refused

            try:
                code = function(*args, **kwargs)
            except Refused as error:
                _fail(str(error), WRONG_USE)
            except OSError as error:
                _fail(f"{error}. Nothing is lost; try again when it is mended.", WEATHER)
            else:
                sys.exit(code)

        return main.command(name)(guarded)

    return register


def _fail(message: str, code: int) -> None:
    click.echo(f"satu: {message}", err=True)
    sys.exit(code)


def _show(value: Any, text: str, as_json: bool) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str) if as_json else text.rstrip("\n"))


@command()
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait for the release.")
def run(timeout: float, as_json: bool) -> int:
    """Start the stack, feed the samples, wait until they are released, report, stop.

    Sixteen invented submissions from three sources in three time zones travel through a real Airflow; some are partly
    bad, two wholly, one is a duplicate, one a correction, one speaks for a satker that is not its own.
    """
    from infra.main_job import main_job, text

    report = main_job(Settings.from_env(), timeout, say=lambda line: click.echo(line, err=as_json))
    _show(report, text(report), as_json)
    for reason in report["missing"]:
        click.echo(reason, err=True)
    return WEATHER if report["missing"] else FINE


@command()
def up(as_json: bool) -> int:
    """Run the stack and keep it running; folders dropped into the landing place are taken in. Ctrl-C stops it."""
    from infra.main_job import keep_up

    try:
        keep_up(Settings.from_env(), say=lambda line: click.echo(line, err=as_json))
    except KeyboardInterrupt:
        click.echo("stopped", err=as_json)
    return FINE


@command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--source", required=True, help="The registered source to hand it in through, such as jateng.")
@click.option("--name", help="Name of the submission; by default the folder's own.")
def submit(folder: Path, source: str, name: str | None, as_json: bool) -> int:
    """Hand in a FOLDER: media or tables and a manifest.json."""
    from infra.submit import submit as hand_in

    place = hand_in(folder, source, Settings.from_env(), name)
    text = f"handed in as {source}/{place.name}\nnext: satu status  (a running `satu up` takes it in within seconds)"
    _show({"source": source, "name": place.name, "place": str(place)}, text, as_json)
    return FINE


@command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(folder: Path, as_json: bool) -> int:
    """Judge a FOLDER as the pipeline would, without taking anything in. Exits 1 when something would come back."""
    from infra.check import check as judge_dry
    from transforms.receipt import page

    document = judge_dry(folder)
    _show(document, page(document), as_json)
    return FINDINGS if any(f["tingkat"] == "GALAT" for f in document["temuan"]) else FINE


@command()
@click.option("--all", "every", is_flag=True, help="Also what is finished; otherwise only what waits for someone.")
@click.option("--source", help="Only this source.")
def status(every: bool, source: str | None, as_json: bool) -> int:
    """What came in, where it stands, whose turn it is."""
    from infra import steps

    found = steps.status(Settings.from_env())
    rows = [vars(s) for s in found["submissions"] if (every or s.turn != "-") and source in (None, s.source)]
    counts = "   ".join(f"{state} {n}" for state, n in sorted(found["counts"].items())) or "nothing has come in yet"
    since = [f"waiting for {step} since {_clock(at)}" for step, at in found["waiting"].items()]
    table = _table(
        ["KIRIMAN", "SUMBER/NAMA", "DATASET", "STATUS", "GILIRAN", "MASUK=TERIMA+KEMBALI+LEWAT", "ALASAN"],
        [
            [
                r["receipt"],
                f"{r['source']}/{r['name']}",
                r["dataset"] or "-",
                r["state"],
                r["turn"],
                _rows(r),
                r["reason"] or "",
            ]
            for r in rows
        ],
    )
    _show({**found, "submissions": rows}, "\n".join([counts, *since, *(["", table] if rows else [])]), as_json)
    return FINE


@command()
@click.argument("number")
def receipt(number: str, as_json: bool) -> int:
    """The answer to one submission: what was accepted, what comes back, why, and how to mend it.

    NUMBER is a receipt number, such as 2026-000012 (the newest version) or 2026-000012.1.
    """
    from infra import steps
    from infra.submit import Refused
    from transforms.receipt import page

    found = steps.find_receipt(Settings.from_env(), number)
    if found is None:
        raise Refused(f"there is no submission {number}; `satu status --all` lists them")
    submission, document = found
    if document is None:
        text = f"{submission.receipt} ({submission.source}/{submission.name}): {submission.state}, not answered yet"
        _show(vars(submission), f"{text}. {submission.reason or ''}".rstrip(), as_json)
        return FINE
    document["status"] = submission.state
    _show(document, page(document), as_json)
    return FINDINGS if any(f["tingkat"] == "GALAT" for f in document["temuan"]) else FINE


@command()
@click.argument(
    "name",
    type=click.Choice(["land", "judge", "answer", "curate", "audit", "release", "deliver", "reconcile", "maintain"]),
)
def step(name: str, as_json: bool) -> int:
    """Run one step by hand, without Airflow, draining everything due."""
    from infra import steps

    counts = getattr(steps, name)(Settings.from_env())
    _show(counts, "  ".join(f"{key} {value}" for key, value in counts.items()), as_json)
    return FINE


def _rows(row: dict[str, Any]) -> str:
    if row["rows_in"] is None:
        return "-"
    return f"{row['rows_in']}={row['rows_accepted']}+{row['rows_returned']}+{row['rows_skipped']}"


def _clock(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def _table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(str(cell)) for cell in column) for column in zip(head, *rows, strict=True)]
    lines = ["  ".join(str(c).ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in [head, *rows]]
    return "\n".join(lines)
