"""A zipped submission, opened: from there on it is the folder that was zipped, and the zip itself is kept as well."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.sources import Drop
from transforms.tabular.archive import unpack
from transforms.tabular.reading import Refused


def packed(drop: Drop) -> bool:
    """Whether the drop is one zip file."""
    return drop.alone and drop.folder.suffix.lower() == ".zip"


def arrived(drop: Drop) -> bool:
    """Whether the zip has its directory, which is written last."""
    return zipfile.is_zipfile(drop.folder)


@contextmanager
def unpacked(drop: Drop) -> Iterator[Drop]:
    """The drop with the files of its zip, for as long as the block runs; any other drop as it is."""
    if not packed(drop):
        yield drop
        return
    (name,) = drop.files
    with TemporaryDirectory(prefix="spit-zip-") as scratch:
        try:
            files = unpack(drop.folder, Path(scratch))
        except Refused as refused:
            yield replace(drop, archive=name, refused=(refused.kode, refused.detail or name))
        else:
            yield replace(drop, archive=name, files={**files, **drop.files})
