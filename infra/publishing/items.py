"""Content items on the shelf (`published/ninjs/`) as ninjs, by the day they came; what was taken back beside.

    ninjs/<day>/<mark>.ndjson    the items that came on a day, one a line
    ninjs/<day>/<mark>.parquet   the same as a table (`TABLE`), for whoever asks: the API
    ninjs/<day>/<mark>.jsonld    its clarifications as ClaimReview, where there are any
    ninjs/batal/<mark>.…         every item that was public once and is no more: canceled, and nothing else of it
    ninjs/indeks.json            which of these are in force; written after them

A day is made anew only when something of it changed: an item, its renditions, or what it is told with. An item that
stayed as it was keeps its version. Versions count publications that changed something, so whoever has read up to one
finds all that came, changed or went since by asking for greater ones, however often one release is published.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from infra.publishing.editions import ROOT, Shelf, as_json
from schemas import reference
from transforms import klarifikasi, ninjs, stories

FOLDER = "ninjs"
INDEX = f"{FOLDER}/indeks.json"
WITHDRAWN = "batal"
TABLE = pa.schema(
    [
        ("versi", pa.int64()),
        ("uri", pa.string()),
        ("status", pa.string()),
        ("dataset", pa.string()),
        ("kode_satker", pa.string()),
        ("peristiwa", pa.string()),
        ("pertama_pada", pa.timestamp("us", tz="UTC")),
        ("diubah_pada", pa.timestamp("us", tz="UTC")),
        ("sidik", pa.string()),
        ("butir", pa.string()),
        ("klarifikasi", pa.string()),
    ]
)
"""What there is to know of an item; `butir` is the item itself as JSON, `klarifikasi` its ClaimReview."""
STATE = [name for name in TABLE.names if name not in {"butir", "klarifikasi"}]
ROWS_AT_ONCE = 2_048

Connection = duckdb.DuckDBPyConnection
Line = dict[str, Any]


@dataclass(frozen=True)
class Items:
    """What lies on the shelf after a publication: paths below `published/`, and how many items changed."""

    files: frozenset[str]
    version: int
    changed: int


def lay_out(
    connection: Connection,
    shelf: Shelf,
    at: stories.At,
    made_from: Sequence[str],
    *,
    thorough: bool = False,
    now: datetime | None = None,
) -> Items:
    """Bring `published/ninjs` to what is public; `made_from` names the editions all of it is told from.

    The same as last time: nothing is asked. Otherwise each day's mark is, in one pass over the public rows, and only
    days whose mark changed are made. What was on the shelf and is no more is canceled. `thorough` looks whether the
    files are there, and makes those days anew that lack some. `now` is when it becomes public, if not at this moment.
    """
    now = now or datetime.now(UTC)
    index = _read(shelf)
    how = _digest([ninjs.RECIPE, str(TABLE), stories.items({}, []), reference.path("satker").read_text("utf-8")])
    basis = _digest([how, stories.days(at), list(made_from)])
    before = {each["hari"]: each for each in index.get("hari", ())}
    kept = {**before, **({WITHDRAWN: index[WITHDRAWN]} if WITHDRAWN in index else {})}
    spoilt = {name for name, entry in kept.items() if thorough and not _whole(shelf, entry)}
    if index.get("dibuat_dari") == basis and not spoilt:
        return Items(_files(index), index["versi"], 0)
    marks = {str(day): f"{count}-{mark}" for day, count, mark in connection.execute(stories.days(at)).fetchall()}
    fresh = {
        day: entry
        for day, entry in before.items()
        if index["cara"] == how and day not in spoilt and entry["sidik"] == marks.get(day)
    }
    known = {uri: line for day in before.keys() - fresh for uri, line in _state(shelf, before[day]).items()}
    canceled = _state(shelf, index.get(WITHDRAWN))
    version, told, changed, entries = index.get("versi", 0) + 1, set[str](), 0, dict(fresh)
    for day, rows in _by_day(connection, at, sorted(marks.keys() - fresh)):
        lines = [_line(row, canceled | known, version, now) for row in rows]
        told |= {line["uri"] for line in lines}
        changed += sum(line["versi"] == version for line in lines)
        entries[day] = {"hari": day, "sidik": marks[day], **_write(shelf, day, lines)}
    lost = [_canceled(known[uri], version, now) for uri in known.keys() - told]
    changed += len(lost)
    made: dict[str, Any] = {
        "versi": version if changed else version - 1,
        "diubah_pada": now.isoformat() if changed else index.get("diubah_pada"),
        "cara": how,
        "dibuat_dari": basis,
        "hari": [entries[day] for day in sorted(entries)],
    }
    back = [*lost, *(line for uri, line in canceled.items() if uri not in told)]
    if back:
        made[WITHDRAWN] = _write(shelf, WITHDRAWN, [_with_item(line) for line in back])
    shelf.put(f"{ROOT}/{INDEX}", as_json(made))
    return Items(_files(made), made["versi"], changed)


def sources(names: Iterable[str]) -> list[str]:
    """Of these tables, those whose public rows items are told from."""
    return [name for name in names if name in {*stories.told(), "media", "rendisi"}]


def _by_day(connection: Connection, at: stories.At, days: Sequence[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The rows of `stories.items` of these days, a day at a time."""
    if not days:
        return
    some = [date.fromisoformat(day) for day in days]
    batches = connection.execute(stories.items(at, some)).to_arrow_reader(ROWS_AT_ONCE)
    rows = (row for batch in batches for row in batch.to_pylist())
    for day, of_day in groupby(rows, key=lambda row: str(row["hari"])):
        yield day, list(of_day)


def _state(shelf: Shelf, entry: Mapping[str, Any] | None) -> dict[str, Line]:
    """What the table of an entry says of its items, without the items; nothing when it is lost or spoilt."""
    files = [f for f in (entry or {}).get("berkas", ()) if f["berkas"].endswith(".parquet")]
    found: dict[str, Line] = {}
    for file in files:
        if shelf.holds(path := f"{ROOT}/{file['berkas']}", file["sha256"]):
            table = pq.read_table(pa.BufferReader(shelf.store.get(path)), columns=STATE)
            found |= {line["uri"]: line for line in table.to_pylist()}
    return found


def _whole(shelf: Shelf, entry: Mapping[str, Any]) -> bool:
    return all(shelf.holds(f"{ROOT}/{f['berkas']}", f["sha256"]) for f in entry["berkas"])


def _read(shelf: Shelf) -> dict[str, Any]:
    key = f"{ROOT}/{INDEX}"
    return orjson.loads(shelf.store.get(key)) if shelf.store.stat(key) else {}


def _files(index: Mapping[str, Any]) -> frozenset[str]:
    entries = [*index.get("hari", ()), *([index[WITHDRAWN]] if WITHDRAWN in index else [])]
    return frozenset([INDEX, *(f["berkas"] for entry in entries for f in entry["berkas"])])


def _line(row: Mapping[str, Any], before: Mapping[str, Line], version: int, now: datetime) -> Line:
    """An item with its state: what it was, if its content is; else the next version of it."""
    content, review = ninjs.item(row), klarifikasi.claim_review(row)
    mark = _digest([content, review])
    known = before.get(content["uri"])
    same = known is not None and known["status"] == "usable" and known["sidik"] == mark
    first = known["pertama_pada"] if known else min(row["_diterima_pada"], now)
    line = {
        "versi": known["versi"] if known and same else version,
        "uri": content["uri"],
        "status": "usable",
        "dataset": row["dataset"],
        "kode_satker": row["kode_satker"],
        "peristiwa": row["peristiwa"],
        "pertama_pada": first,
        "diubah_pada": known["diubah_pada"] if known and same else now,
        "sidik": mark,
        "klarifikasi": review and orjson.dumps(review).decode(),
    }
    stamped = ninjs.stamped(content, **_stamp(line))
    return {**line, "butir": orjson.dumps(stamped).decode()}


def _canceled(line: Line, version: int, now: datetime) -> Line:
    return {**line, "versi": version, "status": "canceled", "diubah_pada": now, "peristiwa": None, "sidik": None}


def _with_item(line: Line) -> Line:
    item = ninjs.canceled(line["uri"], line["dataset"], **_stamp(line))
    return {**line, "klarifikasi": None, "butir": orjson.dumps(item).decode()}


def _stamp(line: Line) -> dict[str, Any]:
    return {
        "version": line["versi"],
        "first": line["pertama_pada"],
        "changed": line["diubah_pada"],
        "satker": line["kode_satker"],
    }


def _write(shelf: Shelf, name: str, lines: Sequence[Line]) -> dict[str, Any]:
    """The files of a day (or of what was taken back), and what the index says of them."""
    made = {"ndjson": "".join(f"{line['butir']}\n" for line in lines).encode(), "parquet": _table(lines)}
    reviews = [orjson.loads(line["klarifikasi"]) for line in lines if line["klarifikasi"]]
    if reviews:
        made["jsonld"] = as_json(reviews)
    mark = hashlib.sha256(b"".join(made.values())).hexdigest()[:16]
    files: list[dict[str, Any]] = []
    for kind, content in made.items():
        path = f"{FOLDER}/{name}/{mark}.{kind}"
        sha256 = hashlib.sha256(content).hexdigest()
        if not shelf.holds(f"{ROOT}/{path}", sha256):
            shelf.put(f"{ROOT}/{path}", content)
        files.append({"berkas": path, "ukuran_byte": len(content), "sha256": sha256})
    return {"jumlah": len(lines), "berkas": files}


def _table(lines: Sequence[Line]) -> bytes:
    sink = io.BytesIO()
    ordered = sorted(lines, key=lambda line: (line["versi"], line["uri"]))
    pq.write_table(pa.Table.from_pylist(ordered, TABLE), sink, compression="zstd", row_group_size=10_000)
    return sink.getvalue()


def _digest(said: object) -> str:
    return hashlib.sha256(orjson.dumps(said)).hexdigest()
