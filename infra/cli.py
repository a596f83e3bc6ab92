"""`satu`: what offices, operators and analysts type. Exit codes: 0 fine, 1 findings, 2 wrong use, 3 weather."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from getpass import getuser
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
    An office's day:   satu template foto -o foto.xlsx, satu check FOLDER, satu submit FOLDER --source jateng,
                       satu receipt 2026-000001 --workbook perbaikan.xlsx
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
            try:
                code = function(*args, **kwargs)
            except _wrong_use() as error:
                _fail(str(error), WRONG_USE)
            except _weather() as error:
                _fail(f"{error}. Nothing is lost; try again when it is mended.", WEATHER)
            else:
                sys.exit(code)

        return main.command(name)(guarded)

    return register


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
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--source", required=True, help="The registered source to hand it in through, such as jateng.")
@click.option("--name", help="Name of the submission; by default the folder's own.")
def submit(folder: Path, source: str, name: str | None, as_json: bool) -> int:
    """Hand in a FOLDER (media or tables and a manifest), a zip of one, or a single workbook."""
    from infra.sources.remote import ALONE
    from infra.submit import submit as hand_in

    place = hand_in(folder, source, Settings.from_env(), name)
    named = place.stem if place.suffix.lower() in ALONE else place.name
    text = f"handed in as {source}/{named}\nnext: satu status  (a running `satu up` takes it in within seconds)"
    _show({"source": source, "name": named, "place": str(place)}, text, as_json)
    return FINE


@command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--satker", help="Of a table without a manifest: the code of the satker it is from.")
@click.option("--dataset", help="Of a table without a manifest: its dataset, where its columns do not tell.")
def check(folder: Path, satker: str | None, dataset: str | None, as_json: bool) -> int:
    """Judge a FOLDER, zip, workbook or table as the pipeline would, without taking anything in.

    Exits 1 when something would come back.
    """
    from infra.check import check as judge_dry
    from transforms.receipt import page

    document = judge_dry(folder, satker, dataset)
    _show(document, page(document), as_json)
    return FINDINGS if any(f["tingkat"] == "GALAT" for f in document["temuan"]) else FINE


@command()
@click.option("--all", "every", is_flag=True, help="Also what is finished; otherwise only what waits for someone.")
@click.option("--source", help="Only this source.")
def status(every: bool, source: str | None, as_json: bool) -> int:
    """What came in, where it stands, whose turn it is."""
    from infra import steps
    from infra.sql.result import aligned

    found = steps.status(Settings.from_env())
    rows = [vars(s) for s in found["submissions"] if (every or s.turn != "-") and source in (None, s.source)]
    counts = "   ".join(f"{state} {n}" for state, n in sorted(found["counts"].items())) or "nothing has come in yet"
    since = [f"waiting for {step} since {_clock(at)}" for step, at in found["waiting"].items()]
    since += [
        f"{w['source']}/{w['name']} waits for {w['waits_for']} since {_clock(w['since'])}" for w in found["landing"]
    ]
    since += [f"source {s['source']} {s['name']}: {s['trouble']}".replace("  ", " ") for s in found["sources"]]
    since += [f"partner {name} gets nothing until its file is mended: {why}" for name, why in found["partners"].items()]
    since += [f"batch {b['id']} failed and is tried again: {b['trouble']}" for b in found["batches"]]
    since += [
        f"withdrawal {w.nomor} of {w.item} is still owed until {_clock(w.due)}: {w.target}" for w in found["owed"]
    ]
    since += [f"held at release {found['held']}; `satu release` lets later batches go"] if found["held"] else []
    since += [f"the audit of what is curated failed; read {found['audit']}"] if found["audit"] else []
    table = aligned(
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
    _show(
        {**found, "submissions": rows, "owed": [vars(w) for w in found["owed"]]},
        "\n".join([counts, *since, *(["", table] if rows else [])]),
        as_json,
    )
    return FINE


@command()
@click.argument("number")
@click.option("--workbook", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows that came back here.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the answer as a page here.")
def receipt(number: str, workbook: Path | None, html: Path | None, as_json: bool) -> int:
    """The answer to one submission: what was accepted, what comes back, why, and how to mend it.

    NUMBER is a receipt number, such as 2026-000012 (the newest version) or 2026-000012.1. The workbook (XLSX) holds the
    returned rows with the wrong cells marked; mended and handed in again it is the submission's next version.
    """
    from infra import steps
    from infra.correcting import workbook as correction
    from infra.submit import Refused
    from transforms.receipt import page
    from transforms.receipt_page import receipt_page

    settings = Settings.from_env()
    found = steps.find_receipt(settings, number)
    if found is None:
        raise Refused(f"there is no submission {number}; `satu status --all` lists them")
    submission, document = found
    if document is None:
        text = f"{submission.receipt} ({submission.source}/{submission.name}): {submission.state}, not answered yet"
        _show(vars(submission), f"{text}. {submission.reason or ''}".rstrip(), as_json)
        return FINE
    if workbook:
        with steps.opened(settings) as (store, _):
            workbook.write_bytes(correction(store, submission, document))
    document["status"] = submission.state
    if html:
        html.write_text(receipt_page(document), encoding="utf-8")
    _show(document, page(document), as_json)
    return FINDINGS if any(f["tingkat"] == "GALAT" for f in document["temuan"]) else FINE


@command("template")
@click.argument("dataset")
@click.option(
    "--output", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The XLSX to write."
)
def make_template(dataset: str, output: Path, as_json: bool) -> int:
    """A workbook for a DATASET that a clerk fills in: a column per field, lists to choose from, instructions."""
    from infra.submit import Refused
    from schemas.dataset import datasets
    from transforms.template import template

    if dataset not in datasets():
        raise Refused(f"there is no dataset {dataset!r}; known are {', '.join(datasets())}")
    output.write_bytes(template(datasets()[dataset]))
    _show({"dataset": dataset, "file": str(output)}, f"{output}: fill it in, then satu check {output}", as_json)
    return FINE


@command()
@click.argument("statement")
@click.option("--format", "form", help="table, csv, json, parquet, arrow, or svg (a bar chart).")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write into a file; its name says the format.",
)
@click.option("--seconds", default=30.0, show_default=True, help="Give up after this long.")
@click.option("--rows", default=100_000, show_default=True, help="Give up beyond this many rows.")
@click.option("--release", "number", type=int, help="Ask this release instead of the newest.")
@click.option("--as-of", "moment", help="Ask the release shown then: 2026-10-01 (its end), 2026-10-01T12:00 (WIB).")
def sql(
    statement: str,
    form: str | None,
    output: Path | None,
    seconds: float,
    rows: int,
    number: int | None,
    moment: str | None,
    as_json: bool,
) -> int:
    """One SELECT over the released tables, read-only.

    \b
    satu sql "DESCRIBE foto"
    satu sql "SELECT kode_satker, count(*) AS foto FROM foto GROUP BY 1 ORDER BY 2 DESC"
    satu sql --as-of 2026-10-01 "SELECT count(*) FROM foto"
    satu sql -o bahan.svg "SELECT provinsi, sum(bahan) FROM bahan_wilayah GROUP BY 1 ORDER BY 2 DESC"
    """
    from infra.lake import Lake
    from infra.sql.moment import earlier
    from infra.sql.query import Limits, select
    from infra.sql.result import FORMS, form_of, render
    from infra.submit import Refused

    form = "json" if as_json else form or form_of(output)
    if form not in FORMS:
        raise Refused(f"there is no format {form!r}; known are {', '.join(FORMS)}")
    settings = Settings.from_env()
    store = settings.open_store()
    release = earlier(store, number, moment)
    if release:
        click.echo(f"release {release.number}, made {_clock(release.at)}", err=True)
    result = select(Lake(store), statement, release=release, limits=Limits(seconds=seconds, rows=rows))
    data = render(result, form)
    if output:
        output.write_bytes(data)
    else:
        sys.stdout.buffer.write(data)
    return FINE


@command()
@click.argument("one", type=int)
@click.argument("other", type=int)
@click.option("--rows", is_flag=True, help="Also the key of every row.")
def diff(one: int, other: int, rows: bool, as_json: bool) -> int:
    """What changed from release ONE to release OTHER: rows added, replaced and gone, per table."""
    from infra.lake import Lake
    from infra.sql.comparing import differences, told
    from infra.sql.moment import earlier

    settings = Settings.from_env()
    store = settings.open_store()
    first, second = earlier(store, one), earlier(store, other)
    assert first and second
    _show(*told(first, second, differences(Lake(store), first, second), rows=rows), as_json)
    return FINE


@command()
@click.argument("number", type=int)
@click.option("--by", default=getuser, show_default="your login", help="Who decides: a name and an office.")
@click.option("--reason", default="", help="Why.")
def rollback(number: int, by: str, reason: str, as_json: bool) -> int:
    """Show release NUMBER again, and publish it. What came since waits until somebody types `satu release`."""
    from infra import steps

    made, counts = steps.go_back(Settings.from_env(), number, by, reason)
    text = f"release {made.number} shows release {number} again; later batches wait for `satu release`"
    _show({"release": made.number, "back_to": number, "deliver": counts}, text, as_json)
    return WEATHER if counts["failed"] else FINE


@command()
@click.option("--by", default=getuser, show_default="your login", help="Who decides: a name and an office.")
@click.option("--reason", default="", help="Why.")
@click.option("--despite-audit", is_flag=True, help="Although its audit failed: read its page first.")
def release(by: str, reason: str, despite_audit: bool, as_json: bool) -> int:
    """Release what waits for a person: after a rollback, or with --despite-audit what failed its audit."""
    from infra import steps

    done, counts = steps.let_go(Settings.from_env(), by, reason, despite_audit)
    text = f"release {done['release']} with {done['batches']} batches, by {by}; {counts['written']} files written"
    _show({**done, "by": by, "reason": reason, "deliver": counts}, text, as_json)
    return WEATHER if counts["failed"] else FINE


@command()
@click.argument("partner")
def export(partner: str, as_json: bool) -> int:
    """Bring a PARTNER (schemas/partners) to the current release now; only what it lacks is sent."""
    from infra import steps
    from infra.publishing.partners import roster
    from infra.submit import Refused

    settings = Settings.from_env()
    known = roster(settings.partners)
    if partner in known.wrong:
        raise Refused(f"{known.wrong[partner]}. Mend it in {settings.partners}; everybody else is served meanwhile")
    if partner not in known.partners:
        raise Refused(f"there is no partner {partner!r}; known are {', '.join(known.names)}")
    for name, why in known.wrong.items():
        click.echo(f"partner {name} gets nothing until its file is mended: {why}", err=True)
    counts = steps.deliver(settings, only=partner)
    text = f"{partner}: release {counts['release']}, {counts['written']} files written"
    _show(counts, text + (", and it could not be reached" if counts["failed"] else ""), as_json)
    return WEATHER if counts["failed"] else FINE


@command()
@click.argument("number")
def retry(number: str, as_json: bool) -> int:
    """Let a submission that is stuck (MACET) be judged again, once what stopped it has been mended."""
    from infra import steps
    from infra.submit import Refused

    if not steps.retry(Settings.from_env(), number):
        raise Refused(f"{number} is not stuck; `satu status` shows what is")
    _show({"receipt": number, "state": "DITERIMA_RAW"}, f"{number} will be judged again by the next run", as_json)
    return FINE


@command()
@click.argument("number")
@click.option("--by", required=True, help="Who decides: a name and an office, such as 'BPS, subdirektorat X'.")
@click.option("--return", "reason", help="Send it back to the office, for this reason.")
def approve(number: str, by: str, reason: str | None, as_json: bool) -> int:
    """Approve Data Prioritas that waits for its second check (MENUNGGU_PEMBINA), or with --return send it back.

    NUMBER is a receipt number. Rows of Data Prioritas are in no table before; the decision is kept under who made it.
    """
    from infra import steps

    state = steps.recheck(Settings.from_env(), number, by, reason)
    _show({"receipt": number, "state": state, "by": by, "reason": reason}, f"{number}: {state}, by {by}", as_json)
    return FINE


@command()
@click.argument("item", required=False)
@click.option("--reason", default="", help="Why, such as 'persetujuan ditarik, surat 12/XI/2026'.")
@click.option("--by", default=getuser, show_default="your login", help="Who withdraws it: a name and an office.")
@click.option("--list", "listing", is_flag=True, help="Show where each withdrawal is done, and where it is owed.")
@click.option("--search", metavar="TEXT", help="Search store and copies for a text: the proof that it is gone.")
def withdraw(item: str | None, reason: str, by: str, listing: bool, search: str | None, as_json: bool) -> int:
    """Take back an ITEM everywhere: hidden at once, then from the public and the partners, then its bytes.

    ITEM is a receipt number (the whole submission), DATASET/KEY (one row), or urn:spit:media:sha256:… (a medium). What
    it takes is done by the next `maintain`; all has to be done within 3 x 24 hours, and --list exits 1 when it is not.

    \b
    satu withdraw 2026-000012 --reason "diminta Bidhumas, surat 12/XI/2026"
    satu withdraw "foto/JATENG|BMS/2026/11/0012" --by "PPID Polda Jateng" --reason "persetujuan ditarik"
    satu withdraw --list
    """
    from infra import steps
    from infra.submit import Refused
    from infra.withdrawing import searching, showing

    settings = Settings.from_env()
    if search:
        found = searching.search(settings.open_store(), search)
        copies = settings.open_copies()
        found += [f"{copies.url}/{key}" for key in searching.search(copies, search)]
        _show(found, "\n".join(found) or "the store does not hold it", as_json)
        return FINDINGS if found else FINE
    if listing:
        targets = steps.withdrawn(settings)
        _show(*showing.listed(targets), as_json)
        return FINDINGS if showing.overdue(targets) else FINE
    if item is None:
        raise Refused("name what is withdrawn, or ask for --list or --search")
    made, new, counts = steps.withdraw(settings, item, by, reason)
    _show(*showing.made(made, new, counts), as_json)
    return WEATHER if counts["failed"] else FINE


@command()
@click.argument("dataset", required=False)
@click.argument("key", required=False)
@click.argument("rule", required=False)
@click.option("--by", default="", help="Name or office of whoever takes the responsibility.")
@click.option("--reason", default="", help="Why this is no personal data, or why it may be public.")
@click.option("--undo", is_flag=True, help="Take a clearance back: the row is held again from the next release on.")
@click.option("--list", "listing", is_flag=True, help="Show every row that is held, and what was cleared.")
def clear(
    dataset: str | None,
    key: str | None,
    rule: str | None,
    by: str,
    reason: str,
    undo: bool,
    listing: bool,
    as_json: bool,
) -> int:
    """Clear a row that is held from the public in error: DATASET, its KEY and the RULE that holds it.

    \b
    satu clear --list
    satu clear teks "JATENG|UJI/2026/001" DATA_PRIBADI_TELEPON --by "PPID Polda Jateng" --reason "nomor layanan 110"
    """
    from infra import clearance, steps
    from infra.sql.result import aligned
    from infra.submit import Refused

    with steps.opened(Settings.from_env()) as (store, inbox):
        if listing:
            found = clearance.holds(store, inbox)
            rows = [[h.dataset, h.key, h.rule, h.receipt, _hold(h)] for h in found]
            text = aligned(["DATASET", "KUNCI", "ATURAN", "KIRIMAN", "KEADAAN"], rows)
            _show([vars(h) for h in found], text if found else "nothing is held", as_json)
            return FINE
        if dataset is None or key is None or rule is None:
            raise Refused("name DATASET, KEY and RULE, or ask for --list")
        batch = clearance.clear(store, inbox, dataset, key, rule, by, reason, undo=undo)
    said = f"recorded: {dataset} {key} is cleared of {rule}; the next release publishes it if nothing else holds it"
    if undo:
        said = f"recorded: {rule} holds {dataset} {key} again; the next release no longer publishes it"
    _show({"batch": batch, "dataset": dataset, "key": key, "rule": rule, "undone": undo}, said, as_json)
    return FINE


@command()
@click.argument("item", required=False)
@click.option("--region", "regions", multiple=True, help="left, top, width, height in percent; may be given again.")
@click.option("--by", default="", help="Who decides: a name and an office.")
@click.option("--reason", default="", help="Why, such as 'wajah saksi'.")
@click.option("--undo", is_flag=True, help="Take back all that reviewers blurred in it.")
@click.option("--list", "listing", is_flag=True, help="Show every decision, oldest first.")
def blur(
    item: str | None, regions: tuple[str, ...], by: str, reason: str, undo: bool, listing: bool, as_json: bool
) -> int:
    """Blur parts of an ITEM in every rendition: DATASET/KEY (the bytes of that row), or urn:spit:media:sha256:…

    It holds for every row of the same bytes, beside what its office asks for. The renditions made without it are public
    no more at once; new ones come with `satu step render` and the release after it.

    \b
    satu blur "foto/JATENG|BMS/2026/11/0012" --region "10, 20, 15, 25" --by "PPID Polda Jateng" --reason "wajah saksi"
    satu blur --list
    """
    from dataclasses import asdict

    from infra import steps
    from infra.blurring.records import blurs
    from infra.sql.result import aligned
    from infra.submit import Refused

    settings = Settings.from_env()
    if listing:
        found = blurs(settings.open_store())
        rows = [[str(b.nomor), b.item, b.daerah or "dicabut / taken back", b.oleh, b.alasan] for b in found]
        text = aligned(["NOMOR", "MEDIA", "DAERAH", "OLEH", "ALASAN"], rows)
        _show([asdict(b) for b in found], text if found else "nothing has been blurred by a reviewer", as_json)
        return FINE
    if item is None:
        raise Refused("name the medium, or ask for --list")
    if undo and regions:
        raise Refused("--undo takes back all that reviewers blurred in it: give no --region")
    made, counts = steps.blur(settings, item, regions, by, reason, undo=undo)
    said = f"recorded: {item} is blurred at {made.daerah}" if made.daerah else f"recorded: {item} is blurred no more"
    shelf = "what is public follows at the next deliver"
    if counts["release"]:
        shelf = f"published so with release {counts['release']}; renditions: satu step render, then the next release"
    _show({**asdict(made), "deliver": counts}, f"{said}; {shelf}", as_json)
    return WEATHER if counts["failed"] else FINE


@command()
@click.argument("event", required=False)
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="A folder, or a file .zip.")
@click.option("--originals", is_flag=True, help="Also originals: none with a position, none to be blurred.")
@click.option("--contact-sheet", "sheet", is_flag=True, help="Only a page with every rendition; without EVENT, of all.")
def kit(event: str | None, output: Path, originals: bool, sheet: bool, as_json: bool) -> int:
    """An editor's kit of an EVENT (`peristiwa`): what is public of it, captions, credits, a page, a manifest.

    \b
    satu kit BMS-2026-PASAR-WAGE -o pasar.zip
    satu kit --contact-sheet -o lembar
    """
    from infra.kit import gather, write
    from infra.lake import Lake
    from infra.sql.query import connect
    from infra.submit import Refused

    if event is None and not sheet:
        raise Refused("name the EVENT (peristiwa); without one there is only --contact-sheet")
    settings = Settings.from_env()
    store = settings.open_store()
    release = Lake(store).released()
    if release is None:
        raise Refused("nothing is released yet")
    with connect(Lake(store), release) as con:
        now = datetime.now().astimezone()
        made = gather(con, store, event, release=release.number, at=now, originals=originals, sheet=sheet)
    write(made, store, output)
    counts = {"items": len(made.parts), "files": len(made.written) + len(made.stored), "lacking": list(made.lacking)}
    text = f"{output}: {counts['items']} items, {counts['files']} files of release {release.number}"
    text += f"; not published yet: {', '.join(made.lacking)}" if made.lacking else ""
    _show({"event": event, "release": release.number, "place": str(output), **counts}, text, as_json)
    return FINE


@command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 is every one.")
@click.option("--port", default=8110, show_default=True)
def serve(host: str, port: int, as_json: bool) -> int:
    """Serve what is published over HTTP, read-only, until Ctrl-C: http://HOST:PORT/api/1. `satu up` does so too."""
    from infra.serving.server import serve as answer

    _show({"url": f"http://{host}:{port}/api/1"}, f"http://{host}:{port}/api/1  (Ctrl-C stops it)", as_json)
    answer(Settings.from_env(), host, port)
    return FINE


@command()
@click.argument(
    "name",
    type=click.Choice(
        ["land", "judge", "answer", "curate", "render", "audit", "release", "deliver", "reconcile", "maintain"]
    ),
)
def step(name: str, as_json: bool) -> int:
    """Run one step by hand, without Airflow, draining everything due."""
    from infra import steps

    counts = getattr(steps, name)(Settings.from_env())
    _show(counts, "  ".join(f"{key} {value}" for key, value in counts.items()), as_json)
    return FINE


def _hold(hold: Any) -> str:
    if not hold.clearable:
        return "tertahan untuk seterusnya"
    return f"dilepas {hold.by}: {hold.reason}" if hold.by else "tertahan"


def _rows(row: dict[str, Any]) -> str:
    if row["rows_in"] is None:
        return "-"
    return f"{row['rows_in']}={row['rows_accepted']}+{row['rows_returned']}+{row['rows_skipped']}"


def _clock(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
