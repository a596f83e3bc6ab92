"""What all remote sources share: how one is configured, what lies there, and which names it may have."""

from __future__ import annotations

import os
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from infra.sources.transfer import Allowance, FarFile, Unacceptable, digest
from transforms import forms

ANSWERS = "answers"
"""The folder inside a source where its answers are put; never a drop."""

WITHDRAWN = ".ditarik"
"""Ends the hidden name of an answer that is to be taken away over there as well."""

NO_DROPS = re.compile(rf"^\.|^~\$|\.part$|^{ANSWERS}$|^(?i:thumbs\.db|desktop\.ini)$")
"""Names in a place for handing in that are no submission: hidden, half written, the answers, what Windows leaves."""

ALONE = (".zip", ".xlsx", ".xlsm", ".xls")
"""What may be handed in without a folder around it; the old and the macro workbook get an answer that says so."""

ENTRIES_LIMIT = 500_000
"""Files a remote place may list; more is not a place for handing in."""

GRACE_S = 30
"""How long files that are newer than their envelope must have been quiet before it is believed."""

PATIENCE_S = 3_600
"""How long what has no envelope may lie before it is taken and answered as it is."""

MB = 1_000_000


@dataclass(frozen=True)
class Item:
    """A submission at a remote place. `mark` differs after every change there; `alone`: it is a file, not a folder.

    `waits_since`: when it last changed, in seconds since 1970, while its envelope may still come: it is not fetched.
    """

    name: str
    mark: str
    files: tuple[FarFile, ...] = ()
    alone: bool = False
    waits_since: float | None = None

    @property
    def size(self) -> int:
        """Bytes, as far as they are known before fetching."""
        return sum(file.size for file in self.files)


class Far(Protocol):
    """An open connection to a remote place. What goes wrong with it is an OSError: weather for this source alone."""

    @property
    def cursor(self) -> str:
        """Where the next listing may begin once everything of the last one is settled."""
        ...

    @property
    def everything(self) -> bool:
        """Whether the last listing named all that lies there, so that what it did not name is gone."""
        ...

    def list(self, cursor: str) -> list[Item]:
        """Submissions, at least those that changed since the cursor ("" is the beginning)."""
        ...

    def fetch(self, item: Item, draft: Path, allowance: Allowance) -> None:
        """Write a whole submission into a folder, the manifest last; what a killed fetch left there is used."""
        ...


@runtime_checkable
class Answering(Far, Protocol):
    """A place where answers can be put back."""

    def answer(self, name: str, data: bytes | None) -> None:
        """Put one file of an answer where the office looks for it; None takes it away."""
        ...


@dataclass(frozen=True, kw_only=True)
class Remote(ABC):
    """A remote source as configured; each kind adds its own keys. Secrets are named, never written here."""

    url: str
    satker: tuple[str, ...]
    timeout_s: float = 20
    """How long one answer of the other side may take."""
    deadline_s: float = 60
    """How long one go at this source may take; what is unfinished then is continued in the next."""
    every_s: float = 300
    """It is not asked more often than this."""
    settle_s: float = 0
    """What is new must look the same after so many seconds: for places where a half-written file can be seen."""
    patience_s: float = PATIENCE_S
    """How long what has no envelope may lie there before it is fetched and answered as it is."""
    file_mb: float = 2_200
    total_mb: float = 8_000
    """The most one submission may hold, in millions of bytes."""
    parallel: int = 2
    """Submissions fetched at the same time."""
    answers: bool = True
    """Whether answers are put back there, where the place can take them."""
    takes_answers: ClassVar[bool] = False
    """Whether places of this kind can."""

    def allowance(self, until: float) -> Allowance:
        """What one submission may take."""
        return Allowance(int(self.file_mb * MB), int(self.total_mb * MB), until)

    @abstractmethod
    def open(self, work: Path, until: float) -> AbstractContextManager[Far]:
        """Connect. `work`: a folder for what must outlive a killed fetch. `until`: monotonic end of this go."""


def submissions(files: Iterable[FarFile], patience_s: float = PATIENCE_S) -> Iterator[Item]:
    """Files named `<submission>/…`, or a file by itself, as submissions; some of them may have to wait.

    Complete: the envelope is there and is the newest, or all has been quiet for a while; for `patience_s` where nothing
    could be one. Hidden names, drafts and the answers are no part of it, as in a folder.
    """
    found: dict[str, list[FarFile]] = {}
    for number, file in enumerate(files):
        if number >= ENTRIES_LIMIT:
            raise OSError(f"more than {ENTRIES_LIMIT} files lie there")
        submission, _, name = file.name.partition("/")
        hidden = any(part.startswith((".", "~$")) for part in file.name.split("/")) or file.name.endswith(".part")
        if not hidden and not NO_DROPS.search(submission):
            found.setdefault(submission, []).append(replace(file, name=name or submission))
    for submission, inside in sorted(found.items()):
        alone = inside[0].name == submission
        form = None if alone else forms.find([file.name for file in inside])
        waits = not (alone and submission.lower().endswith(ALONE)) and not _finished(inside, form, patience_s)
        inside.sort(key=lambda file: (form is not None and file.name == form.head, file.name))
        states = "\n".join(f"{file.name} {file.size} {file.mark}" for file in inside)
        newest = max(file.changed for file in inside)
        yield Item(submission, digest(states.encode()), tuple(inside), alone, newest if waits else None)


def _finished(inside: Collection[FarFile], form: forms.Form | None, patience_s: float) -> bool:
    newest = max(file.changed for file in inside)
    if form is None:
        return time.time() - newest > patience_s
    head = next(file.changed for file in inside if file.name == form.head)
    return (form.plain and head >= newest) or time.time() - newest > GRACE_S


def check_names(item: Item) -> None:
    """Refuse names that cannot stand in a folder, or that would end up outside of it."""
    names = {file.name for file in item.files}
    folders = {parent.as_posix() for name in names for parent in Path(name).parents}
    if not sound(item.name) or item.name == ANSWERS:
        raise Unacceptable("JALUR_BERKAS", item.name[:200])
    for name in sorted(names):
        if not all(map(sound, name.split("/"))) or name in folders:
            raise Unacceptable("JALUR_BERKAS", name[:200])


def sound(name: str) -> bool:
    """Whether a file or a folder may be called so."""
    odd = not name.isprintable() or not name or name.startswith(".") or {"/", "\\"} & set(name)
    return not odd and len(name.encode()) <= 200


def secret(variable: str) -> str:
    """What an environment variable holds; OSError without it, since it is one source that cannot be reached then."""
    try:
        return os.environ[variable]
    except KeyError:
        raise OSError(f"the environment variable {variable} is not set") from None
