"""An editor's kit: the public items of one event as a folder or a zip, with a page to read and a manifest to check.

Whoever asks gets what the public gate gives at that moment, which may be less than what was published last. The same
release gives the same bytes.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import duckdb

from infra.facts import without_position
from infra.publishing.editions import ROOT, as_json
from infra.storage.store import Store, content_key
from infra.submit import Refused
from transforms import kit, kit_page, stories
from transforms.kit import ORIGINAL, Part, Piece

EPOCH = (1980, 1, 1, 0, 0, 0)
"""What a zip says of when its members were made: nothing."""
PAGE, CAPTIONS, MANIFEST = "index.html", "keterangan.txt", "manifest.json"


@dataclass(frozen=True)
class Kit:
    """What goes into a kit: its written files (path → bytes) and those that lie in the store (path → piece)."""

    parts: tuple[Part, ...]
    written: dict[str, bytes]
    stored: dict[str, Piece]
    lacking: tuple[str, ...]
    """Renditions that are public and not on the shelf yet."""


def gather(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    event: str | None,
    *,
    release: int,
    at: datetime,
    originals: bool = False,
    sheet: bool = False,
) -> Kit:
    """The kit of an event, or without one of all there is; `sheet`: only a page with every rendition, and those.

    Refused when nothing of it is public.
    """
    tables = {**dict.fromkeys(stories.told(), at), "media": at}
    if event is None:
        found = connection.execute(stories.items(tables)).to_arrow_table().to_pylist()
    else:
        found = connection.execute(stories.of_event(tables, event)).to_arrow_table().to_pylist()
    if not found:
        raise Refused(f"nothing of {event!r} is public" if event else "nothing is public yet")
    may = {sha256 for (sha256,) in connection.execute(stories.untouched()).fetchall()} if originals else set[str]()
    may &= {row["sha256"] for row in found}
    parts, lacking = _there(store, kit.parts(found, without_position(store, may)))
    stored = {piece.path: piece for part in parts for piece in part.pieces.values()}
    written = {PAGE: (kit_page.contact_sheet if sheet else kit_page.page)(event or "", release, parts).encode()}
    if not sheet:
        written |= {part.text: kit.text(part.row).encode() for part in parts if part.text}
        written[CAPTIONS] = kit.captions(parts).encode()
    files = [_file(path, len(content), hashlib.sha256(content).hexdigest()) for path, content in written.items()]
    files += [_file(path, piece.size, piece.sha256) for path, piece in stored.items()]
    written[MANIFEST] = as_json(kit.manifest(event, release, parts, files))
    return Kit(tuple(parts), written, stored, tuple(lacking))


def write(made: Kit, store: Store, target: Path) -> None:
    """Write a kit as a folder, or as a zip where `target` ends so; whole or not at all.

    Refused when there is something already; OSError when a file is not what the manifest says.
    """
    if target.exists():
        raise Refused(f"{target} is there already; choose another name")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.part")
    _remove(draft)
    try:
        with _zip(draft) if target.suffix.lower() == ".zip" else _folder(draft) as place:
            for path in sorted([*made.written, *made.stored]):
                with place.member(path) as out:
                    if path in made.written:
                        out.write(made.written[path])
                    else:
                        _copy(store, made.stored[path], out)
        draft.rename(target)
    finally:
        _remove(draft)


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def member(self, path: str) -> Iterator[BinaryIO]:
        place = self._root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as out:
            yield out


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def member(self, path: str) -> Iterator[BinaryIO]:
        info = zipfile.ZipInfo(path, EPOCH)
        info.create_system, info.external_attr = 3, 0o644 << 16
        with self._archive.open(info, "w", force_zip64=True) as out:
            yield out  # pyright: ignore[reportReturnType]


@contextmanager
def _folder(draft: Path) -> Iterator[_Folder]:
    yield _Folder(draft)


@contextmanager
def _zip(draft: Path) -> Iterator[_Zip]:
    """Stored, not packed: nearly all of it is packed already, and packers differ from one machine to another."""
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        yield _Zip(archive)


def _remove(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft)
    else:
        draft.unlink(missing_ok=True)


def _there(store: Store, parts: list[Part]) -> tuple[list[Part], list[str]]:
    """The parts without the files that are not in the store, and the paths of those."""
    lacking = {p.path for part in parts for p in part.pieces.values() if store.stat(_key(p)) is None}
    kept = [
        Part(part.row, part.text, {role: p for role, p in part.pieces.items() if p.path not in lacking})
        for part in parts
    ]
    return kept, sorted(lacking)


def _key(piece: Piece) -> str:
    return content_key(piece.source) if piece.role == ORIGINAL else f"{ROOT}/{piece.source}"


def _copy(store: Store, piece: Piece, out: BinaryIO) -> None:
    digest = hashlib.sha256()
    with store.open(_key(piece)) as content:
        while chunk := content.read(1 << 20):
            digest.update(chunk)
            out.write(chunk)
    if digest.hexdigest() != piece.sha256:
        raise OSError(f"{piece.path} is not what was released: its hash is {digest.hexdigest()}")


def _file(path: str, size: int, sha256: str) -> dict[str, object]:
    return {"berkas": path, "ukuran_byte": size, "sha256": sha256}
