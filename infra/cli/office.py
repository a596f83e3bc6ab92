"""For offices: what a clerk types."""

from __future__ import annotations

from pathlib import Path

import click

from infra.cli.group import FINDINGS, FINE, Section, show
from infra.settings import Settings

command = Section("Offices")


@command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--source", required=True, help="The registered source to hand it in through, such as jateng.")
@click.option("--name", help="Name of the submission; by default the folder's own.")
def submit(folder: Path, source: str, name: str | None, as_json: bool) -> int:
    """Hand in a FOLDER, a zip of one, or a single workbook or table."""
    from infra.sources.remote import ALONE
    from infra.submit import submit as hand_in

    place = hand_in(folder, source, Settings.from_env(), name)
    named = place.stem if place.suffix.lower() in ALONE else place.name
    text = f"handed in as {source}/{named}\nnext: satu status  (a running `satu up` takes it in within seconds)"
    show({"source": source, "name": named, "place": str(place)}, text, as_json)
    return FINE


@command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--satker", help="Of a table without a manifest: the code of the satker it is from.")
@click.option("--dataset", help="Of a table without a manifest: its dataset, where its columns do not tell.")
def check(folder: Path, satker: str | None, dataset: str | None, as_json: bool) -> int:
    """Judge a FOLDER, zip or table and take nothing in.

    The pipeline judges by the same code. Exits 1 when something would come back.
    """
    from infra.check import check as judge_dry
    from transforms.receipt import page

    document = judge_dry(folder, satker, dataset)
    show(document, page(document), as_json)
    return FINDINGS if any(f["tingkat"] == "GALAT" for f in document["temuan"]) else FINE


@command()
@click.argument("number")
@click.option("--workbook", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows that came back here.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the answer as a page here.")
def receipt(number: str, workbook: Path | None, html: Path | None, as_json: bool) -> int:
    """The answer to one submission, and how to mend what came back.

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
        show(vars(submission), f"{text}. {submission.reason or ''}".rstrip(), as_json)
        return FINE
    if workbook:
        with steps.opened(settings) as (store, _):
            workbook.write_bytes(correction(store, submission, document))
    document["status"] = submission.state
    if html:
        html.write_text(receipt_page(document), encoding="utf-8")
    show(document, page(document), as_json)
    return FINDINGS if any(f["tingkat"] == "GALAT" for f in document["temuan"]) else FINE


@command("template")
@click.argument("dataset")
@click.option(
    "--output", "-o", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The XLSX to write."
)
def make_template(dataset: str, output: Path, as_json: bool) -> int:
    """A workbook for a DATASET that a clerk fills in.

    It has a column for each field, lists to choose from, and a page of instructions.
    """
    from infra.submit import Refused
    from schemas.dataset import datasets
    from transforms.template import template

    if dataset not in datasets():
        raise Refused(f"there is no dataset {dataset!r}; known are {', '.join(datasets())}")
    output.write_bytes(template(datasets()[dataset]))
    show({"dataset": dataset, "file": str(output)}, f"{output}: fill it in, then satu check {output}", as_json)
    return FINE
