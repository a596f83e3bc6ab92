"""For operators."""

from __future__ import annotations

from typing import Any

import click

from infra.cli.group import FINE, WEATHER, Section, clock, show
from infra.settings import Settings

command = Section("Operators")


@command()
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait for the release.")
def run(timeout: float, as_json: bool) -> int:
    """The main job: start, feed the samples, report, stop.

    Sixteen invented submissions from three sources in three time zones travel through a real Airflow; some are partly
    bad, two wholly, one is a duplicate, one a correction, one speaks for a satker that is not its own.
    """
    from infra.main_job import main_job, text

    report = main_job(Settings.from_env(), timeout, say=lambda line: click.echo(line, err=as_json))
    show(report, text(report), as_json)
    for reason in report["missing"]:
        click.echo(reason, err=True)
    return WEATHER if report["missing"] else FINE


@command()
def up(as_json: bool) -> int:
    """Run the stack and keep it running; Ctrl-C stops it.

    Folders dropped into the landing place are taken in.
    """
    from infra.main_job import keep_up

    try:
        keep_up(Settings.from_env(), say=lambda line: click.echo(line, err=as_json))
    except KeyboardInterrupt:
        click.echo("stopped", err=as_json)
    return FINE


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
    since = [f"waiting for {step} since {clock(at)}" for step, at in found["waiting"].items()]
    since += [
        f"{w['source']}/{w['name']} waits for {w['waits_for']} since {clock(w['since'])}" for w in found["landing"]
    ]
    since += [f"source {s['source']} {s['name']}: {s['trouble']}".replace("  ", " ") for s in found["sources"]]
    since += [f"partner {name} gets nothing until its file is mended: {why}" for name, why in found["partners"].items()]
    since += [f"batch {b['id']} failed and is tried again: {b['trouble']}" for b in found["batches"]]
    since += [f"withdrawal {w.nomor} of {w.item} is still owed until {clock(w.due)}: {w.target}" for w in found["owed"]]
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
    show(
        {**found, "submissions": rows, "owed": [vars(w) for w in found["owed"]]},
        "\n".join([counts, *since, *(["", table] if rows else [])]),
        as_json,
    )
    return FINE


def _rows(row: dict[str, Any]) -> str:
    if row["rows_in"] is None:
        return "-"
    return f"{row['rows_in']}={row['rows_accepted']}+{row['rows_returned']}+{row['rows_skipped']}"


@command()
@click.argument("partner")
def export(partner: str, as_json: bool) -> int:
    """Bring a PARTNER to the current release now.

    A partner is a file in schemas/partners; only what it lacks is sent.
    """
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
    show(counts, text + (", and it could not be reached" if counts["failed"] else ""), as_json)
    return WEATHER if counts["failed"] else FINE


@command()
@click.argument("number")
def retry(number: str, as_json: bool) -> int:
    """Let a submission that is stuck be judged again.

    Its state is MACET: first mend what stopped it.
    """
    from infra import steps
    from infra.submit import Refused

    if not steps.retry(Settings.from_env(), number):
        raise Refused(f"{number} is not stuck; `satu status` shows what is")
    show({"receipt": number, "state": "DITERIMA_RAW"}, f"{number} will be judged again by the next run", as_json)
    return FINE


@command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 is every one.")
@click.option("--port", default=8110, show_default=True)
def serve(host: str, port: int, as_json: bool) -> int:
    """Serve what is published over HTTP, read-only.

    At http://HOST:PORT/api/1, until Ctrl-C; `satu up` does so too.
    """
    from infra.serving.server import serve as answer

    show({"url": f"http://{host}:{port}/api/1"}, f"http://{host}:{port}/api/1  (Ctrl-C stops it)", as_json)
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
    """Run one step by hand, without Airflow: all that is due."""
    from infra import steps

    counts = getattr(steps, name)(Settings.from_env())
    show(counts, "  ".join(f"{key} {value}" for key, value in counts.items()), as_json)
    return FINE
