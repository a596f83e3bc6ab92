"""What a partner gets that takes only changes: each dataset whole once (`dasar`), then one file a step.

    <dataset>/dasar-000012-<part>/<dataset>.csv   all rows as of number 12
    <dataset>/perubahan/000013.csv                what changed from 12 to 13, with the column `_ubah`
    <dataset>/skema.json
    perubahan.json                                names all of them with their hashes; written last

Whoever has come to number n takes, in order, the steps after n: away with every key in the file, then in with the rows
that are not HAPUS. Whoever finds a gap, or begins, takes `dasar` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.publishing import changes
from infra.publishing.changes import Entry, Log
from infra.publishing.editions import as_json
from infra.publishing.partners import Part, Partner
from infra.publishing.publication import Publication
from infra.publishing.selection import Item, made, of_edition, whole
from infra.storage.store import Store
from transforms import datapackage
from transforms.publik import Edition

WHOLE = "/dasar-"
"""In the path of what was delivered whole; that it was is remembered when it is gone."""


@dataclass(frozen=True)
class Given:
    """What the last receipt of a file says, and whether the file is still there as it says."""

    version: str
    sha256: str | None
    size: int
    stands: bool


def items(
    partner: Partner, publication: Publication, store: Store, has: Mapping[str, Given], *, anew: bool
) -> Iterator[Item]:
    """Everything it should have, in the order to bring it; `has` is what it was given.

    With `anew`, the whole comes again where it had to go.
    """
    told: dict[str, Any] = {}
    for edition in publication.editions:
        name, part = edition.standard.name, partner.part(edition.standard)
        log = publication.logs.get(name)
        if part is None:
            continue
        if log is None:  # a list without keys: only whole
            yield from of_edition(partner, whole(edition, part, store), store)
            continue
        begin, base = _base(partner, edition, part, log, store, has, anew=anew)
        steps = [_step(partner, part, entry, store, has) for entry in log.entries if entry.number > begin]
        yield from base
        yield made(f"{name}/skema.json", edition.id, as_json(datapackage.schema(part.standard, ())))
        for of_step, _ in steps:
            yield from of_step
        told[name] = {
            "nomor": log.number,
            "dasar": [{"nomor": _number(item.path), **_named(item)} for item in base],
            "perubahan": [about for _, about in steps],
        }
    about = {"rilis": publication.number, "pada": publication.at.isoformat(), "dataset": told}
    yield made("perubahan.json", str(publication.number), as_json(about))


def _base(
    partner: Partner, edition: Edition, part: Part, log: Log, store: Store, has: Mapping[str, Given], *, anew: bool
) -> tuple[int, list[Item]]:
    """After which number the partner's changes begin, and the files of the whole it has, or gets.

    What it has stays, as long as the steps from there are known and nothing in it had to be withdrawn; then it goes,
    and the whole comes again only when that is asked for (`anew`), since that costs what the table does.
    """
    name = edition.standard.name
    pattern = re.compile(rf"{name}{WHOLE}(\d+)-{part.mark or 'semua'}/[^/]+")
    given = {path: one for path, one in has.items() if pattern.fullmatch(path)}
    newest = max((_number(path) for path in given), default=-1)
    first = min((_number(path) for path in given), default=log.number)
    mine = {path: one for path, one in given.items() if _number(path) == newest and one.sha256}
    kinds = {path.rpartition(".")[2] for path in mine}
    wanted = set(partner.formats) & {file.format for file in edition.files}
    if mine and kinds == wanted and log.start <= newest and log.tainted <= newest:
        if all(one.stands for one in mine.values()):
            return max(first, log.start), [Item(p, g.version, g.sha256 or "", g.size) for p, g in sorted(mine.items())]
    elif newest >= log.start and log.tainted > newest and not anew:
        return max(first, log.start), []
    c = whole(edition, part, store)
    folder = f"{name}{WHOLE}{log.number:06}-{part.mark or 'semua'}"
    files = [f for f in c.edition.files if f.format in partner.formats]
    fresh = [Item(f"{folder}/{name}.{f.format}", edition.id, f.sha256, f.size, f"{c.root}/{f.path}") for f in files]
    return max(first, log.start), fresh


def _step(
    partner: Partner, part: Part, entry: Entry, store: Store, has: Mapping[str, Given]
) -> tuple[list[Item], dict[str, Any]]:
    """The files of one step; made only where the partner has not got them."""
    version = f"{entry.key.rpartition('-')[2].partition('.')[0]}-{part.mark or 'semua'}"
    paths = {kind: f"{part.standard.name}/perubahan/{entry.number:06}.{kind}" for kind in partner.formats}
    before = {kind: has.get(path) for kind, path in paths.items()}
    if all(one and one.sha256 and one.version == version and one.stands for one in before.values()):
        found = [Item(paths[kind], version, one.sha256 or "", one.size) for kind, one in before.items() if one]
    else:
        contents = changes.files(store, entry, part.standard, part.condition, part.by_key)
        found = [made(paths[kind], version, contents[kind]) for kind in partner.formats]
    return found, {"nomor": entry.number, "terbitan": entry.after, "berkas": [_named(item) for item in found]}


def _named(item: Item) -> dict[str, Any]:
    return {"berkas": item.path, "sha256": item.sha256, "ukuran_byte": item.size}


def _number(path: str) -> int:
    return int(path.split("/")[1].split("-")[1])
