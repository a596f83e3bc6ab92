"""Landing: one drop into raw, once, whatever happens: bytes, facts, record, ledger row; then it leaves its place.

Every part may be repeated without effect: bytes and record are stored under their own hash, and the ledger knows a
fingerprint it has seen. Only the last step removes anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import orjson

from infra.inbox import Inbox
from infra.parcel import File, Parcel, escapes
from infra.records import Submission
from infra.sources import Drop, FolderSource
from infra.store import Store, content_key
from schemas import manifest
from schemas.dataset import datasets
from schemas.finding import Finding
from schemas.reference import covers
from transforms.media.probe import probe
from transforms.receipt import page, receipt


@dataclass(frozen=True)
class Landed:
    """What landing one drop came to: `new` is False when it was here already."""

    submission: Submission
    new: bool


def ready(drop: Drop, settle_s: float, grace_s: float) -> bool:
    """Whether the office has finished: the manifest is last and all it names is there, or all has been quiet a while.

    Files that a manifest names and that are not there may be on their way: they get `grace_s` to come.
    """
    if not drop.has_manifest:
        return False
    reading = _manifest(drop)
    whole = reading.manifest is not None and _whole(drop, reading.manifest)
    if whole and drop.manifest_last:
        return True
    waits_for_files = reading.manifest is not None and not whole
    return drop.quiet_s >= (grace_s if waits_for_files else settle_s)


def _manifest(drop: Drop) -> manifest.Reading:
    with drop.files[manifest.NAME].open("rb") as stream:
        return manifest.read(stream.read(manifest.LIMIT_BYTES + 1), drop.name)


def _whole(drop: Drop, sent: manifest.Manifest) -> bool:
    """Whether every file the manifest names is there, in the size it declares."""
    items = (item for item in sent.items if isinstance(item, dict))
    named = {*sent.tables, *sent.inventory, *(str(item["berkas"]) for item in items if item.get("berkas"))}
    return all(
        escapes(name) or (name in drop.marks and sent.inventory.get(name, (None,))[0] in (None, drop.marks[name].size))
        for name in named
    )


def land(drops: Sequence[Drop], source: FolderSource, store: Store, inbox: Inbox) -> list[Landed]:
    """Take complete drops in. One that changes while it is copied is left for the next look."""
    kept = {drop.name: copied for drop in drops if (copied := _copy(drop, store)) is not None}
    _examine([(drop, kept[drop.name]) for drop in drops if drop.name in kept], store)
    landed = []
    for drop in drops:
        if drop.name in kept:
            landed.append(_record(drop, kept[drop.name], source, store, inbox))
            source.take_away(drop)
    return landed


def _copy(drop: Drop, store: Store) -> list[dict[str, object]] | None:
    """Every file's bytes into raw; the list of what they are, or None when something moved under our hands."""
    files = []
    try:
        for name, path in drop.files.items():
            stat = store.put_content(path)
            files.append({"nama": name, "ukuran_byte": stat.size, "sha256": stat.sha256})
    except FileNotFoundError:
        return None
    return files if drop.unchanged() else None


def _examine(drops: Sequence[tuple[Drop, list[dict[str, object]]]], store: Store) -> None:
    """Facts of every media file not examined before, kept beside raw: judging never opens media."""
    wanted = {}
    for drop, files in drops:
        claim = _manifest(drop).dataset
        if claim in datasets() and datasets()[claim].of_media:
            wanted |= {str(f["sha256"]): f for f in files if f["nama"] != manifest.NAME}
    new = [sha for sha in wanted if store.stat(facts_key(sha)) is None]
    if not new:
        return
    places = {str(f["sha256"]): drop.files[str(f["nama"])] for drop, files in drops for f in files}
    for sha, fact in zip(new, probe([places[sha] for sha in new]).to_pylist(), strict=True):
        store.put(facts_key(sha), orjson.dumps(fact))


def facts_key(sha256: str) -> str:
    """Where the facts of a media file are kept."""
    return f"facts/{sha256[:2]}/{sha256}.json"


def _record(drop: Drop, files: list[dict[str, object]], source: FolderSource, store: Store, inbox: Inbox) -> Landed:
    """The ledger row, after everything it stands for is safe."""
    record = {"sumber": drop.source, "nama": drop.name, "berkas": files}
    stored = store.put_content(json.dumps(record, ensure_ascii=False, sort_keys=True).encode())
    assert stored.sha256 is not None
    reading = _manifest(drop)
    refused = reading.satker is not None and not covers(source.scope, reading.satker)
    submission, new = inbox.arrive(
        source=drop.source,
        name=drop.name,
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


def answer(document: dict[str, object], source: FolderSource | None, name: str, store: Store) -> None:
    """Keep a receipt, and put it where the source reads its answers."""
    data = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    store.put(f"receipts/{document['nomor']}.json", data)
    if source is not None:
        source.answer(name, {".json": data, ".txt": page(document).encode()})


def parcel(submission: Submission, store: Store) -> Parcel:
    """A submission out of raw, as judging opens it."""
    record = orjson.loads(store.get(content_key(submission.fingerprint)))
    files = {
        f["nama"]: File(f["nama"], f["ukuran_byte"], f["sha256"], _opener(store, f["sha256"])) for f in record["berkas"]
    }
    facts = {}
    if submission.dataset in datasets() and datasets()[submission.dataset].of_media:
        examined = {f.sha256 for f in files.values() if f.name != manifest.NAME}
        facts = {sha: orjson.loads(store.get(facts_key(sha))) for sha in examined}
    return Parcel(
        submission.receipt, submission.source, submission.name, submission.version, submission.arrived_at, files, facts
    )


def _opener(store: Store, sha256: str) -> Callable[[], AbstractContextManager[Path]]:
    return lambda: store.local(content_key(sha256))
