"""For analysts and editors."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from infra.cli.group import FINE, Section, clock, show
from infra.settings import Settings

command = Section("Analysts and editors")


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
        click.echo(f"release {release.number}, made {clock(release.at)}", err=True)
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
    """What changed from release ONE to release OTHER.

    Per table: the rows that were added, replaced, and are gone.
    """
    from infra.lake import Lake
    from infra.sql.comparing import differences, told
    from infra.sql.moment import earlier

    settings = Settings.from_env()
    store = settings.open_store()
    first, second = earlier(store, one), earlier(store, other)
    assert first and second
    show(*told(first, second, differences(Lake(store), first, second), rows=rows), as_json)
    return FINE


@command()
@click.argument("event", required=False)
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="A folder, or a file .zip.")
@click.option("--originals", is_flag=True, help="Also originals: none with a position, none to be blurred.")
@click.option("--contact-sheet", "sheet", is_flag=True, help="Only a page with every rendition; without EVENT, of all.")
def kit(event: str | None, output: Path, originals: bool, sheet: bool, as_json: bool) -> int:
    """An editor's kit of an EVENT: what is public of it.

    EVENT is a `peristiwa`. Texts, renditions, captions and credits, a page to read and a manifest.

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
    show({"event": event, "release": release.number, "place": str(output), **counts}, text, as_json)
    return FINE
