"""Landing: one drop into raw, once, whatever happens: bytes, facts, record, ledger row; then it leaves its place.

Every part may be repeated without effect: bytes and record are stored under their own hash, and the ledger knows a
fingerprint it has seen. Only the last step removes anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from infra import copying, facts, rechecks
from infra.judging.bare import told
from infra.judging.parcel import File, Parcel, escapes
from infra.judging.unpacking import arrived, packed, unpacked
from infra.ledger.inbox import Inbox
from infra.ledger.records import Submission
from infra.sources import Drop, FolderSource
from infra.sources.transfer import FILES_LIMIT, Unacceptable, digest
from infra.storage.store import Store, content_key
from schemas import manifest
from schemas.daftar_data import priorities
from schemas.dataset import datasets
from schemas.finding import Finding
from schemas.reference import covers
from transforms.mending import Returned, named_files
from transforms.receipt import page, receipt, written
from transforms.receipt_page import receipt_page


@dataclass(frozen=True)
class Landed:
    """What landing one drop came to: `new` is False when it was here already."""

    submission: Submission
    new: bool


def ready(drop: Drop, settle_s: float, grace_s: float, patience_s: float) -> bool:
    """Whether the office has finished: the manifest is last and all it names is there, or all has been quiet a while.

    Files that a manifest names and that are not there may be on their way: they get `grace_s` to come. So does the
    rest of a zip without its end or of a lone CSV, which has none to show. What has no envelope gets `patience_s`:
    then it is judged as it is, and so answered. Never ready is what is too large.
    """
    if drop.too_large:
        return False
    if packed(drop):
        return drop.quiet_s >= (settle_s if arrived(drop) else grace_s)
    if not (drop.enveloped or drop.needs_no_other):
        return drop.idle_s >= patience_s
    form, reading = drop.form, drop.envelope
    plain, endless = form is not None and form.plain, form is not None and form.endless
    if not drop.alone and drop.quiet_s < settle_s and not drop.manifest_last:
        return False
    whole = reading.manifest is not None and _whole(drop, reading.manifest)
    if plain and whole and drop.manifest_last and not drop.alone and not endless:
        return True
    more_may_come = not whole and (reading.manifest is not None or not plain)
    return drop.quiet_s >= (grace_s if more_may_come or (drop.alone and endless) else settle_s)


def lying(source: FolderSource) -> Iterator[dict[str, object]]:
    """What lies in a source's folder and is not taken: name, since when unchanged, what it waits for."""
    now = datetime.now(UTC)
    for drop in source.drops():
        missing = "the rest of it, or a moment of quiet" if drop.enveloped or packed(drop) else "an envelope"
        waits_for = f"fewer files (at most {FILES_LIMIT})" if drop.too_large else missing
        yield {
            "source": source.name,
            "name": drop.name,
            "since": now - timedelta(seconds=drop.idle_s),
            "waits_for": waits_for,
        }


def _whole(drop: Drop, sent: manifest.Manifest) -> bool:
    """Whether every file the manifest names is there, in the size it declares."""
    items = (item for item in sent.items if isinstance(item, dict))
    media = (str(item["berkas"]) for item in items if item.get("berkas"))
    named = {*sent.tables, *sent.inventory, *media}
    if not sent.mends:  # what a correction names and does not bring came before
        named |= {*sent.metadata_files, *_media_in_rows(drop, sent)}
    return all(
        escapes(name) or (name in drop.marks and sent.inventory.get(name, (None,))[0] in (None, drop.marks[name].size))
        for name in named
    )


def _media_in_rows(drop: Drop, sent: manifest.Manifest) -> set[str]:
    """The media files that the rows of a clerk's manifest or of a correction workbook refer to."""
    rows = drop.form.rows if drop.form else None
    if rows not in drop.files or not _of_media(sent.dataset):
        return set()
    return named_files(drop.files[rows], rows, datasets()[sent.dataset])


def land(drops: Sequence[Drop], source: FolderSource, store: Store, inbox: Inbox) -> list[Landed]:
    """Take complete drops in. One that changes while it is copied is left for the next look."""
    with ExitStack() as scratch:
        satker = source.scope[0] if len(source.scope) == 1 else None
        opened = [told(scratch.enter_context(unpacked(drop)), satker) for drop in drops]
        fetched = source.remote is not None
        copied = zip(opened, copying.copied(opened, store, fetched=fetched), strict=True)
        kept = [_Kept(drop, files) for drop, files in copied if files is not None]
        _examine(kept, store)
        landed = []
        for each in kept:
            landed.append(_record(each, source, store, inbox))
            source.take_away(each.drop)
            copying.settled(each.drop, store)
        return landed


@dataclass(frozen=True)
class _Kept:
    """A drop whose bytes are in raw, and what they are."""

    drop: Drop
    files: list[dict[str, object]]

    @property
    def media(self) -> dict[str, Path]:
        """sha256 → place of everything but the envelope and the zip."""
        besides = {self.drop.archive, self.drop.form and self.drop.form.head}
        return {str(f["sha256"]): self.drop.files[str(f["nama"])] for f in self.files if f["nama"] not in besides}


def _examine(kept: Sequence[_Kept], store: Store) -> None:
    """Facts of every media file not examined before, kept beside raw: judging never opens media."""
    wanted: dict[str, Path] = {}
    for each in kept:
        if _of_media(each.drop.envelope.dataset):
            wanted |= each.media
    facts.of(store, wanted, wanted)


def _of_media(dataset: str | None) -> bool:
    return dataset in datasets() and datasets()[dataset].of_media


def _record(kept: _Kept, source: FolderSource, store: Store, inbox: Inbox) -> Landed:
    """The ledger row, after everything it stands for is safe."""
    drop, files, reading = kept.drop, kept.files, kept.drop.envelope
    record: dict[str, Any] = {"sumber": drop.source, "nama": drop.name, "berkas": files}
    if drop.archive:
        record["arsip"] = drop.archive
    if drop.refused:
        record["ditolak"] = list(drop.refused)
    if drop.told:
        record["amplop"] = drop.told
    mended = inbox.find(reading.mends) if reading.mends else None
    theirs = mended and mended.source == drop.source and mended.dataset == reading.dataset
    if mended and theirs and store.stat(f"receipts/{mended.receipt}.json"):
        # Who sends a correction workbook means the submission it came from, whatever the file is called by now.
        record |= {"nama": mended.name, "perbaikan": mended.receipt}
        record["berkas"] = [*files, *_sent_before(kept, mended, store, inbox)]
    stored = store.put_content(json.dumps(record, ensure_ascii=False, sort_keys=True).encode())
    assert stored.sha256 is not None
    refused = reading.satker is not None and not covers(source.scope, reading.satker)
    submission, new = inbox.arrive(
        source=drop.source,
        name=record["nama"],
        fingerprint=stored.sha256,
        satker=reading.satker,
        dataset=reading.dataset,
        size=sum(int(str(f["ukuran_byte"])) for f in files),
        state="DITOLAK" if refused else "DITERIMA_RAW",
        reason=f"SATKER_BUKAN_WEWENANG: {reading.satker}" if refused else None,
    )
    if refused:
        fault = Finding(submission.receipt, "SATKER_BUKAN_WEWENANG", berkas=manifest.NAME, nilai=reading.satker)
        refuse(submission, fault, source, store)
    return Landed(submission, new)


def _sent_before(kept: _Kept, mended: Submission, store: Store, inbox: Inbox) -> list[dict[str, object]]:
    """The files a correction workbook refers to that came with an earlier version, newest first."""
    sent = kept.drop.envelope.manifest
    if sent is None:
        return []
    wanted = {*sent.metadata_files, *_media_in_rows(kept.drop, sent)} - kept.drop.files.keys()
    found: dict[str, dict[str, object]] = {}
    root = mended.receipt.partition(".")[0]
    newest = inbox.newest_of(root)
    for version in range(newest.version if newest else 0, 0, -1):
        earlier = inbox.find(f"{root}.{version}")
        if earlier is None:
            continue
        for file in orjson.loads(store.get(content_key(earlier.fingerprint)))["berkas"]:
            if file["nama"] in wanted and (store.stat(facts.key(file["sha256"])) or not _of_media(sent.dataset)):
                found.setdefault(file["nama"], {"dari": earlier.receipt, **file})
    return [found[name] for name in sorted(found)]


def decline(
    name: str, state: str, size: int, fault: Unacceptable, source: FolderSource, store: Store, inbox: Inbox
) -> bool:
    """Show the operator and the office a submission that was not taken; it stays where it is. False if known already.

    `state` tells one state of it from another, `size` is in bytes as far as known.
    """
    submission, new = inbox.arrive(
        source=source.name,
        name=name,
        fingerprint=f"belum-diambil:{digest(state.encode())}",
        size=size,
        state="DITOLAK",
        reason=f"{fault.rule}: {fault.value} (batas: {fault.allowed or '-'})",
    )
    if new:
        refuse(
            submission, Finding(submission.receipt, fault.rule, nilai=fault.value, batas=fault.allowed), source, store
        )
    return new


def decline_large(drop: Drop, source: FolderSource, store: Store, inbox: Inbox) -> bool:
    """Answer a drop of too many files once it has been quiet for as long as one without an envelope."""
    if not drop.too_large or drop.idle_s < source.patience_s:
        return False
    state = repr([(name, mark.size) for name, mark in drop.marks.items()])
    fault = Unacceptable("KIRIMAN_TERLALU_BESAR", f"{len(drop.files)} berkas", f"{FILES_LIMIT} berkas")
    return decline(drop.name, state, sum(m.size for m in drop.marks.values()), fault, source, store, inbox)


def refuse(submission: Submission, fault: Finding, source: FolderSource, store: Store) -> None:
    """Answer a submission that was not taken."""
    row = {
        "kiriman": submission.receipt,
        "sumber": submission.source,
        "nama": submission.name,
        "kode_satker": submission.satker,
        "dataset": submission.dataset,
        "status": "DITOLAK",
        "_diterima_pada": submission.arrived_at,
        **dict.fromkeys(("baris_masuk", "baris_diterima", "baris_dikembalikan", "baris_dilewati"), 0),
    }
    answer(receipt(row, [], [fault.row(0)]), source, submission.name, store)


def answer(
    document: dict[str, object], source: FolderSource | None, name: str, store: Store, workbook: bytes | None = None
) -> None:
    """Keep a receipt, and put it where the source reads its answers, with the workbook to mend what came back."""
    with TemporaryDirectory(prefix="spit-") as scratch:
        file = Path(scratch) / "tanda-terima.json"
        with file.open("wb") as out:
            out.writelines(written(document))
        store.put(f"receipts/{document['nomor']}.json", file)
        if source is not None:
            html = receipt_page(document).encode()
            text = page(document).encode()
            source.answer(name, {".json": file, ".txt": text, ".html": html, ".perbaikan.xlsx": workbook})


def parcel(submission: Submission, store: Store) -> Parcel:
    """A submission out of raw, as judging opens it."""
    record = orjson.loads(store.get(content_key(submission.fingerprint)))
    files = {
        f["nama"]: File(f["nama"], f["ukuran_byte"], f["sha256"], _opener(store, f["sha256"]), "dari" in f)
        for f in record["berkas"]
    }
    sent = Parcel(
        submission.receipt,
        submission.source,
        submission.name,
        submission.version,
        submission.arrived_at,
        files,
        archive=record.get("arsip"),
        refused=tuple(record["ditolak"]) if "ditolak" in record else None,
        told=record.get("amplop"),
        recheck=rechecks.find(store, submission.receipt) if submission.dataset in priorities() else None,
    )
    known: dict[str, facts.Facts] = {}
    if _of_media(submission.dataset):
        besides = {sent.archive, sent.form and sent.form.head}
        known = facts.of(store, {f.sha256 for f in files.values() if f.name not in besides})
    returned = None
    if "perbaikan" in record:
        returned = Returned.of(orjson.loads(store.get(f"receipts/{record['perbaikan']}.json")))
    return replace(sent, facts=known, returned=returned)


def _opener(store: Store, sha256: str) -> Callable[[], AbstractContextManager[Path]]:
    return lambda: store.local(content_key(sha256))
