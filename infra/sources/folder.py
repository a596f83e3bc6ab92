"""A source as a folder: it lists its drops, says which are complete, and takes answers back.

A drop is a folder or a single file. It is complete when its manifest is there (it is written last) and nothing in it
has changed for a moment: an event or a listing may come while an office is still copying. What never becomes complete
is a drop all the same: in its time it is answered, not passed over.
"""

from __future__ import annotations

import os
import shutil
import time
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.sources.remote import ALONE, ANSWERS, NO_DROPS, PATIENCE_S, WITHDRAWN, Remote
from infra.sources.transfer import FILES_LIMIT
from schemas import manifest
from schemas.manifest import Reading
from transforms import forms


@dataclass(frozen=True)
class Mark:
    """What tells one state of a file from another without reading it."""

    size: int
    changed_ns: int


@dataclass(frozen=True)
class Drop:
    """What an office is handing in: its files by their name inside it (NFC, `/`-separated), links left out.

    `folder` is the folder, or the one file of a drop that has none. `archive` names the zip the other files came out
    of, and `refused` is the rule that kept it shut, with what was met. `told` is the envelope that could be told of a
    bare table.
    """

    source: str
    name: str
    folder: Path
    files: dict[str, Path]
    marks: dict[str, Mark]
    archive: str | None = None
    refused: tuple[str, str] | None = None
    told: dict[str, Any] | None = None

    @property
    def alone(self) -> bool:
        """Whether it is a single file."""
        return self.folder.is_file()

    @property
    def needs_no_other(self) -> bool:
        """Whether it is a zip or a workbook by itself: then no manifest is going to follow."""
        return self.alone and self.folder.suffix.lower() in ALONE

    @property
    def too_large(self) -> bool:
        """Whether it has so many files that it cannot be meant."""
        return len(self.files) > FILES_LIMIT

    @property
    def form(self) -> forms.Form | None:
        """Where its envelope is, if it has one."""
        return forms.find([name for name in self.files if name != self.archive])

    @cached_property
    def envelope(self) -> Reading:
        """What it says it is, read once; nothing where it has no envelope."""
        if self.told:
            return manifest.examine(self.told, self.name, self.told["tabel"][0])
        form = self.form
        return forms.read(form, self.files[form.head], self.name) if form else Reading(None, ())

    @property
    def has_manifest(self) -> bool:
        """Whether the office may have said it is finished."""
        return self.form is not None or self.needs_no_other

    @property
    def enveloped(self) -> bool:
        """Whether there is an envelope in it, readable or not."""
        form = self.form
        return form is not None and (form.plain or all(f.kode != "MANIFES_TIDAK_ADA" for f in self.envelope.findings))

    @property
    def quiet_s(self) -> float:
        """Seconds since anything in it changed."""
        return time.time() - max((mark.changed_ns for mark in self.marks.values()), default=0) / 1e9

    @property
    def idle_s(self) -> float:
        """Seconds since anything changed in its place, drafts and hidden names included; 0 where it is going on."""
        try:
            stats = [path.lstat() for path in (self.folder, *self.folder.rglob("*"))]
        except FileNotFoundError:
            return 0.0
        return time.time() - max(max(info.st_mtime, info.st_ctime) for info in stats)

    @property
    def manifest_last(self) -> bool:
        """Whether the manifest was written after every other file, as agreed."""
        own = self.marks[self.form.head].changed_ns if self.form else 0
        return all(mark.changed_ns <= own for mark in self.marks.values())

    def unchanged(self) -> bool:
        """Whether it still is what was listed."""
        return _marks(_files(self.folder)) == self.marks


@dataclass(frozen=True)
class FolderSource:
    """Submissions as folders under one folder. `scope`: the satker it may speak for, each with the units below.

    With a `remote`, the folder is where fetching puts what lies there, and the answers in it wait to be sent.
    `patience_s`: how long what has no envelope may lie in the folder before it is taken and answered as it is.
    """

    name: str
    scope: tuple[str, ...]
    folder: Path
    remote: Remote | None = None
    patience_s: float = PATIENCE_S

    def drops(self) -> Iterator[Drop]:
        """Everything that waits, by name. OSError when the folder cannot be read: weather."""
        self.folder.mkdir(parents=True, exist_ok=True)
        yield from _drops(self.name, self.folder)

    def take_away(self, drop: Drop) -> bool:
        """Remove a drop whose bytes are safe in raw; False (and nothing done) when it has changed meanwhile."""
        if not drop.unchanged():
            return False
        # Renamed first: a half-deleted folder must not look like a drop with missing files.
        gone = drop.folder.with_name(f".{drop.folder.name}.taken")
        drop.folder.rename(gone)
        if gone.is_dir():
            if _marks(_files(gone)) != drop.marks:  # something came in that moment
                gone.rename(drop.folder)
                return False
            shutil.rmtree(gone)
        else:
            gone.unlink()
        return True

    def answer(self, name: str, content: Mapping[str, bytes | Path | None]) -> None:
        """Put an answer's files (by suffix) beside the drops: `answers/<name><suffix>`; older ones go.

        Each is given as bytes, or as the file that has them; None takes an older one away and puts nothing there.
        """
        place = self.folder / ANSWERS
        place.mkdir(parents=True, exist_ok=True)
        for suffix, data in content.items():
            if data is None:
                (place / f"{name}{suffix}").unlink(missing_ok=True)
                if self.remote:
                    (place / f".{name}{suffix}{WITHDRAWN}").touch()
                continue
            draft = place / f".{name}{suffix}"
            if isinstance(data, Path):
                shutil.copyfile(data, draft)
            else:
                draft.write_bytes(data)
            draft.rename(place / f"{name}{suffix}")


def strangers(landing: Path, known: dict[str, FolderSource]) -> Iterator[Drop]:
    """Drops in folders of the landing place that belong to no registered source, and files beside the folders.

    A folder with loose files that cannot stand alone is one drop: it was meant for a source, a level further down.
    """
    if not landing.is_dir():
        return
    for child in _places(landing):
        if child.is_file():
            yield drop_of(child)
        elif child.name not in known:  # those that are hold years of answers, so nobody looks into them here
            inside = list(_drops(child.name, child))
            loose = any(drop.alone and not drop.needs_no_other for drop in inside)
            yield from [drop_of(child, child.name)] if loose else inside


def drop_of(folder: Path, source: str = "-") -> Drop:
    """One folder, or one file, as a drop."""
    files = _files(folder)
    whole = folder.resolve()
    named = whole.stem if folder.is_file() and whole.suffix.lower() in ALONE else whole.name
    return Drop(source, named, folder, files, _marks(files))


def _drops(source: str, folder: Path) -> Iterator[Drop]:
    return (drop_of(child, source) for child in _places(folder))


def _places(folder: Path) -> list[Path]:
    """The folders and files that may be drops, by name."""
    found = (child for child in folder.iterdir() if not NO_DROPS.search(child.name) and not child.is_symlink())
    return sorted(child for child in found if child.is_dir() or child.is_file())


def _files(folder: Path) -> dict[str, Path]:
    """Regular files below a folder; links are not followed, hidden names and drafts are not part of a submission."""
    if folder.is_file():
        return {unicodedata.normalize("NFC", folder.name): folder}
    found: dict[str, Path] = {}
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(at) / name
            if path.is_file() and not path.is_symlink() and not name.startswith(".") and not name.endswith(".part"):
                found[unicodedata.normalize("NFC", path.relative_to(folder).as_posix())] = path
    return dict(sorted(found.items()))


def _marks(files: dict[str, Path]) -> dict[str, Mark]:
    marks: dict[str, Mark] = {}
    for name, path in files.items():
        try:
            info = path.stat()
        except FileNotFoundError:
            continue  # removed while we looked: the comparison with an earlier look will differ
        marks[name] = Mark(info.st_size, max(info.st_mtime_ns, info.st_ctime_ns))
    return marks
