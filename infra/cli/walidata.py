"""For the walidata and whoever else answers for what is public: each decision under a name, with a reason."""

from __future__ import annotations

from getpass import getuser
from typing import Any

import click

from infra.cli.group import FINDINGS, FINE, WEATHER, Section, show
from infra.settings import Settings

command = Section("The walidata")


@command()
@click.argument("number")
@click.option("--by", required=True, help="Who decides: a name and an office, such as 'BPS, subdirektorat X'.")
@click.option("--return", "reason", help="Send it back to the office, for this reason.")
def approve(number: str, by: str, reason: str | None, as_json: bool) -> int:
    """Approve Data Prioritas that waits for its second check.

    Its state is MENUNGGU_PEMBINA; with --return it is sent back. NUMBER is a receipt number. Rows of Data Prioritas are
    in no table before; the decision is kept under who made it.
    """
    from infra import steps

    state = steps.recheck(Settings.from_env(), number, by, reason)
    show({"receipt": number, "state": state, "by": by, "reason": reason}, f"{number}: {state}, by {by}", as_json)
    return FINE


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
    """Clear a row that is held from the public in error.

    Say its DATASET, its KEY and the RULE that holds it.

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
            show([vars(h) for h in found], text if found else "nothing is held", as_json)
            return FINE
        if dataset is None or key is None or rule is None:
            raise Refused("name DATASET, KEY and RULE, or ask for --list")
        batch = clearance.clear(store, inbox, dataset, key, rule, by, reason, undo=undo)
    said = f"recorded: {dataset} {key} is cleared of {rule}; the next release publishes it if nothing else holds it"
    if undo:
        said = f"recorded: {rule} holds {dataset} {key} again; the next release no longer publishes it"
    show({"batch": batch, "dataset": dataset, "key": key, "rule": rule, "undone": undo}, said, as_json)
    return FINE


def _hold(hold: Any) -> str:
    if not hold.clearable:
        return "tertahan untuk seterusnya"
    return f"dilepas {hold.by}: {hold.reason}" if hold.by else "tertahan"


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
    """Blur parts of an ITEM in every rendition.

    ITEM is DATASET/KEY (the bytes of that row), or urn:spit:media:sha256:… It holds for every row of the same bytes,
    beside what its office asks for. The renditions made without it are public no more at once; new ones come with
    `satu step render` and the release after it.

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
        show([asdict(b) for b in found], text if found else "nothing has been blurred by a reviewer", as_json)
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
    show({**asdict(made), "deliver": counts}, f"{said}; {shelf}", as_json)
    return WEATHER if counts["failed"] else FINE


@command()
@click.argument("item", required=False)
@click.option("--reason", default="", help="Why, such as 'persetujuan ditarik, surat 12/XI/2026'.")
@click.option("--by", default=getuser, show_default="your login", help="Who withdraws it: a name and an office.")
@click.option("--list", "listing", is_flag=True, help="Show where each withdrawal is done, and where it is owed.")
@click.option(
    "--search", metavar="TEXT", help="Search store, copies and indexes for a text: the proof that it is gone."
)
def withdraw(item: str | None, reason: str, by: str, listing: bool, search: str | None, as_json: bool) -> int:
    """Take back an ITEM everywhere.

    It is hidden at once, then gone from the public and the partners, then erased. ITEM is a receipt number (the whole
    submission), DATASET/KEY (one row), or urn:spit:media:sha256:… (a medium). What it takes is done by the next
    `maintain`; all has to be done within 3 x 24 hours, and --list exits 1 when it is not.

    \b
    satu withdraw 2026-000012 --reason "diminta Bidhumas, surat 12/XI/2026"
    satu withdraw "foto/JATENG|BMS/2026/11/0012" --by "PPID Polda Jateng" --reason "persetujuan ditarik"
    satu withdraw --list
    """
    from infra import steps
    from infra.storage.store import open_store
    from infra.submit import Refused
    from infra.withdrawing import searching, showing

    settings = Settings.from_env()
    if search:
        found = searching.search(settings.open_store(), search)
        for here in (settings.open_copies(), open_store(str(settings.indexes))):
            found += [f"{here.url}/{key}" for key in searching.search(here, search)]
        show(found, "\n".join(found) or "the store does not hold it", as_json)
        return FINDINGS if found else FINE
    if listing:
        targets = steps.withdrawn(settings)
        show(*showing.listed(targets), as_json)
        return FINDINGS if showing.overdue(targets) else FINE
    if item is None:
        raise Refused("name what is withdrawn, or ask for --list or --search")
    made, new, counts = steps.withdraw(settings, item, by, reason)
    show(*showing.made(made, new, counts), as_json)
    return WEATHER if counts["failed"] else FINE


@command()
@click.option("--by", default=getuser, show_default="your login", help="Who decides: a name and an office.")
@click.option("--reason", default="", help="Why.")
@click.option("--despite-audit", is_flag=True, help="Although its audit failed: read its page first.")
def release(by: str, reason: str, despite_audit: bool, as_json: bool) -> int:
    """Release what waits for a person.

    That is what came after a rollback, and with --despite-audit what failed its audit.
    """
    from infra import steps

    done, counts = steps.let_go(Settings.from_env(), by, reason, despite_audit)
    text = f"release {done['release']} with {done['batches']} batches, by {by}; {counts['written']} files written"
    show({**done, "by": by, "reason": reason, "deliver": counts}, text, as_json)
    return WEATHER if counts["failed"] else FINE


@command()
@click.argument("number", type=int)
@click.option("--by", default=getuser, show_default="your login", help="Who decides: a name and an office.")
@click.option("--reason", default="", help="Why.")
def rollback(number: int, by: str, reason: str, as_json: bool) -> int:
    """Show release NUMBER again, and publish it. What came since waits until somebody types `satu release`."""
    from infra import steps

    made, counts = steps.go_back(Settings.from_env(), number, by, reason)
    text = f"release {made.number} shows release {number} again; later batches wait for `satu release`"
    show({"release": made.number, "back_to": number, "deliver": counts}, text, as_json)
    return WEATHER if counts["failed"] else FINE
