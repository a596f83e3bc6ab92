"""Renditions of accepted media: made once per content, rights and recipe, kept in the store, listed in table `rendisi`.

Rendering waits for nothing and nothing waits for it: what it made becomes a batch of its own (`Inbox.decide`), which is
curated, audited and released like any other. Until then a medium is simply without renditions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from infra import judged
from infra.blurring.records import blurs, standing
from infra.lake import Lake
from infra.ledger.inbox import Inbox
from infra.ledger.leases import Lease
from infra.storage.store import NotFound, Store, content_key
from schemas.dataset import tables
from transforms import copies, pengaburan
from transforms.media.rendition import RECIPE, Rights, render
from transforms.shape import OFFLINE, literal

TABLE = "rendisi"
AT_ONCE = 8
"""Media handed to the decoders together; the bytes of their copies are in memory at the same time."""
EVERY_S = 60.0
"""What was made is committed at least this often, so that a killed worker loses no more, and readers see it grow."""
SEEN = "renditions/seen.json"
"""Which files of table `media` have been looked at to the end, by which recipe, after how many blurs of reviewers."""

NO_ORIGINAL = "BERKAS_TIDAK_ADA"
NO_COPIES = "TIPE_TIDAK_DIDUKUNG"

Row = dict[str, Any]


@dataclass(frozen=True)
class Medium:
    """One content under one set of rights, with one blur."""

    sha256: str
    hak: str
    kredit: str | None
    lisensi: str | None
    hak_cipta: str | None
    ketentuan_pakai: str | None
    kelas_pemakaian: str | None
    daerah_kabur: str | None
    known: bool
    """Its copies are recorded, and only their bytes are to be made again."""

    @property
    def rights(self) -> Rights:
        """What its copies say about themselves."""
        terms = copies.usage_terms(self.lisensi, self.ketentuan_pakai, self.kelas_pemakaian)
        return Rights(self.kredit, self.hak_cipta, terms)


def copy_key(original: str, sha256: str) -> str:
    """Where a copy lies, by the hash of what it was made of and its own: so all copies of one content can be erased."""
    return f"renditions/sha256/{original[:2]}/{original}/{sha256}"


def forget(store: Store, original: str) -> int:
    """Erase every copy of one content; how many there were."""
    keys = [stat.key for stat in store.list(copy_key(original, ""))]
    for key in keys:
        store.delete(key)
    return len(keys)


def make(
    store: Store, inbox: Inbox, lease: Lease, known: Callable[[str], Sequence[str]], kept: Callable[[], Any]
) -> dict[str, int]:
    """Make and record every copy that curated media lack; `kept` is called after each batch that records some.

    `known` names the Parquet files of a table, those that wait for curating among them. Killed anywhere it loses at
    most the last EVERY_S; bytes stored before are found again under their hash.
    """
    counts = {"media": 0, "copies": 0, "failed": 0}
    lake, newest = Lake(store), inbox.newest_curated()
    version = newest.versions.get("media") if newest else None
    if version is None:
        return counts
    waiting: list[Row] = []
    troubles: list[OSError] = []
    since = time.monotonic()
    files, records = lake.files("media", version), blurs(store)
    seen = {"resep": RECIPE, "pengaburan": len(records)}
    todo = due(_unseen(store, files, seen), known(TABLE), partial(_there, store), standing(records))
    for at in range(0, len(todo), AT_ONCE):
        try:
            waiting += rendered(store, todo[at : at + AT_ONCE])
        except OSError as error:  # weather for these media alone; the others go on, and the step fails at its end
            troubles.append(error)
        if waiting and (time.monotonic() - since > EVERY_S or at + AT_ONCE >= len(todo)):
            lease.renew()  # LeaseLost: another worker is at it, and records what it made
            _record(store, inbox, waiting)
            kept()
            counts["media"] += len({(row["sha256"], row["hak"]) for row in waiting})
            counts["failed"] += sum(row["galat"] is not None for row in waiting)
            counts["copies"] += sum(row["galat"] is None for row in waiting)
            waiting, since = [], time.monotonic()
    if troubles:
        raise ExceptionGroup("media could not be read, or their copies not be stored", troubles)
    store.put(SEEN, orjson.dumps({**seen, "berkas": files}))
    return counts


def due(
    media: Sequence[str], made: Sequence[str], there: Callable[[str, str], bool], blurred: Mapping[str, str]
) -> list[Medium]:
    """What these Parquet files of `media` name and those of `rendisi` lack by the present recipe; the smallest first.

    So a video of two gigabytes comes after every picture. What came in again after its copies had been made may have
    been erased in between: whether they are `there` (original, copy) is looked at. `blurred`: sha256 → what a reviewer
    asks for beside the office.
    """
    if not media:
        return []
    known = f"SELECT sha256, hak, sha256_rendisi, _batch FROM {_files(made)} WHERE resep = {RECIPE}"
    carried = ", ".join(copies.CARRIED)
    any_ = ", ".join(f"any_value({name}) AS {name}" for name in copies.CARRIED)
    # By name and with an empty row of all of them: a file from before its standard got a column lacks it.
    full = f"(FROM {_files(media)} UNION ALL BY NAME SELECT {_empty(copies.CARRIED)} WHERE false)"
    full = f"({pengaburan.applied(f'FROM {full}', pengaburan.relation(blurred))})"
    none = "SELECT NULL::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, NULL::BIGINT WHERE false"
    with duckdb.connect(config=OFFLINE) as con:
        found = con.execute(
            f"WITH dibuat(sha256, hak, salinan, batch) AS ({known if made else none}), media AS (SELECT sha256,"
            f" {copies.rights('m')} AS hak, {any_},"
            f" max(ukuran_byte) AS ukuran, max(_batch) AS batch FROM {full} m WHERE sha256 IS NOT NULL"
            " GROUP BY ALL), sudah AS (SELECT sha256, hak, coalesce(list(salinan) FILTER (salinan IS NOT"
            " NULL), []) AS salinan, max(batch) AS batch FROM dibuat"
            f" GROUP BY ALL) SELECT sha256, hak, {carried}, s.salinan FROM media m LEFT JOIN sudah s"
            " USING (sha256, hak) WHERE s.batch IS NULL OR s.batch < m.batch ORDER BY ukuran, sha256, hak"
        ).fetchall()
    return [
        Medium(*row, known=copies_ is not None)
        for *row, copies_ in found
        if copies_ is None or not all(there(row[0], copy) for copy in copies_)
    ]


def rendered(store: Store, media: Sequence[Medium]) -> list[Row]:
    """The rows of `rendisi` about these media, their copies stored; a medium that gives none has a row saying why."""
    rows: list[Row] = []
    with ExitStack() as stack:
        here: list[tuple[Medium, Path]] = []
        for medium in media:
            try:
                here.append((medium, stack.enter_context(store.local(content_key(medium.sha256)))))
            except NotFound:  # erased meanwhile; that something is missing for no reason, `reconcile` says
                rows.append(_row(medium, galat=NO_ORIGINAL))
        made = render(
            [path for _, path in here],
            [medium.rights for medium, _ in here],
            [medium.daerah_kabur for medium, _ in here],
        )
        silent = set(range(len(here)))
        for copy in made.to_pylist():
            medium = here[copy["berkas"]][0]
            silent.discard(copy["berkas"])
            if copy["galat"] is None:
                store.put(copy_key(medium.sha256, copy["sha256"]), copy["isi"])
            rows.append(_row(medium, **{**copy, "sha256_rendisi": copy["sha256"], "sha256": medium.sha256}))
    rows += [_row(here[at][0], galat=NO_COPIES) for at in silent]
    recorded = {(medium.sha256, medium.hak) for medium in media if medium.known}
    return [row for row in rows if (row["sha256"], row["hak"]) not in recorded]


def _row(medium: Medium, **values: Any) -> Row:
    own = {"sha256": medium.sha256, "hak": medium.hak, "resep": RECIPE}
    return {name: (values | own).get(name) for name in tables()[TABLE].arrow.names}


def _record(store: Store, inbox: Inbox, rows: Sequence[Row]) -> None:
    def keep(batch: int, at: datetime) -> None:
        stamped = [{**row, "_batch": batch, "_diterima_pada": at.astimezone(UTC)} for row in rows]
        judged.put(store, batch, TABLE, pa.Table.from_pylist(stamped, tables()[TABLE].arrow))

    inbox.decide(keep)


def _there(store: Store, original: str, sha256: str) -> bool:
    return store.stat(copy_key(original, sha256)) is not None


def _unseen(store: Store, files: Sequence[str], now: Mapping[str, int]) -> list[str]:
    """Those files the last run to its end did not have; all of them for a new recipe, or when a reviewer has spoken."""
    seen = orjson.loads(store.get(SEEN)) if store.stat(SEEN) else {}
    same = all(seen.get(name, 0) == number for name, number in now.items())
    return sorted({*files} - {*seen["berkas"]}) if same else list(files)


def _empty(columns: Sequence[str]) -> str:
    return ", ".join(f"NULL::VARCHAR AS {name}" for name in columns)


def _files(paths: Sequence[str]) -> str:
    return f"read_parquet([{', '.join(map(literal, paths))}], union_by_name = true)"
