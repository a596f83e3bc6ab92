"""Search the whole store for a text: plain bytes, packed files, and the values of Parquet columns.

For the proof that an erasure left nothing. It reads everything, so it takes as long as the store is large.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from infra.storage.store import CHUNK, NotFound, Store

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252")
DEPTH = 3
"""Archives within archives that are looked into."""
PACKED = {b"PK\x03\x04": "zip", b"\x1f\x8b": "gzip", b"PAR1": "parquet"}


def search(store: Store, text: str) -> list[str]:
    """The keys under which `text` stands, by key; letters in JSON may be escaped."""
    wanted = _spellings(text)
    return [stat.key for stat in store.list() if _in_key(store, stat.key, text, wanted)]


def _spellings(text: str) -> set[bytes]:
    escaped = text.encode("unicode_escape").replace(b"\\x", b"\\u00")
    spelled = {escaped}
    for encoding in ENCODINGS:
        try:
            spelled.add(text.encode(encoding))
        except UnicodeEncodeError:
            continue  # a text this encoding cannot hold does not stand in it
    return spelled


def _in_key(store: Store, key: str, text: str, wanted: set[bytes]) -> bool:
    try:
        with store.local(key) as path, path.open("rb") as stream:
            return _in_stream(stream, text, wanted, DEPTH)
    except NotFound:
        return False  # gone since it was listed


def _in_stream(stream: BinaryIO, text: str, wanted: set[bytes], depth: int) -> bool:
    """Whether the text stands in a stream that can be read again; videos are large, so never all of it at once."""
    start = stream.read(len(max(PACKED, key=len)))
    overlap, window = max(map(len, wanted)) - 1, start
    while True:
        if any(spelling in window for spelling in wanted):
            return True
        if not (chunk := stream.read(CHUNK)):
            break
        window = window[len(window) - min(overlap, len(window)) :] + chunk
    kind = next((kind for first, kind in PACKED.items() if start.startswith(first)), None)
    stream.seek(0)
    if kind == "parquet":
        return _in_parquet(stream, text)
    if kind is None or depth == 0:
        return False
    return any(_in_member(member, text, wanted, depth - 1) for member in _members(stream, kind))


def _members(stream: BinaryIO, kind: str) -> Iterator[Callable[[], IO[bytes]]]:
    """How to open each thing an archive holds, their names among them."""
    if kind == "gzip":
        yield lambda: cast(BinaryIO, gzip.GzipFile(fileobj=stream))
        return
    try:
        with zipfile.ZipFile(stream) as archive:
            for name in archive.namelist():
                yield partial(io.BytesIO, name.encode())
                yield partial(archive.open, name)
    except zipfile.BadZipFile:
        return  # cut short: what an office sent broken; its plain bytes have been searched


def _in_member(opened: Callable[[], IO[bytes]], text: str, wanted: set[bytes], depth: int) -> bool:
    try:
        with opened() as member:
            return _in_stream(cast(BinaryIO, member), text, wanted, depth)
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, RuntimeError, zlib.error, NotImplementedError):
        return False  # broken or locked, as above


def _in_parquet(stream: BinaryIO, text: str) -> bool:
    try:
        file = pq.ParquetFile(stream)
    except pa.ArrowInvalid:
        return False  # broken, as above
    for batch in file.iter_batches():
        for column in batch.columns:
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                found = pc.call_function("match_substring", [column], pc.MatchSubstringOptions(text))
                if True in found.to_pylist():
                    return True
            elif pa.types.is_nested(column.type) and text in str(column.to_pylist()):
                return True
    return False
