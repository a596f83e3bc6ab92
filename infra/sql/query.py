"""Read-only SQL over a release: for our own steps in this process, for analysts in one that can be killed."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from infra.sql.landlock import confine
from infra.sql.statement import Refused, accept
from infra.sql.views import View, opened, views
from transforms import sandbox

if TYPE_CHECKING:  # the process that runs an analyst's statement starts without the lake
    from infra.lake import Lake
    from infra.releases import Release

ROWS_AT_ONCE = 8_192
ROOM = 1024
"""MiB of address space beyond what a query may use: the interpreter, the libraries and their reservations."""

MACHINE = ("/proc/self/cgroup", "/sys/fs/cgroup")
"""What DuckDB reads to learn how much memory there is; it crashes where these exist but may not be read."""


class QueryError(Exception):
    """Why there is no result, in words for whoever wrote the statement, and what to do about it."""


@dataclass(frozen=True)
class Limits:
    """What one statement may use: seconds, MiB of memory, rows and MiB of result, threads."""

    seconds: float = 30
    megabytes: int = 1024
    rows: int = 100_000
    answer_megabytes: int = 64
    threads: int = 2


def connect(
    lake: Lake,
    release: Release | None = None,
    *,
    megabytes: int = 1024,
    threads: int = 2,
    scratch: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """A connection for trusted SQL to the views of a release (without one: the released), and to nothing else.

    Only below `scratch` may it write. Before the first release all tables are empty.
    """
    shown = _readable(lake, release)
    _bring(lake, shown)
    return opened(shown, megabytes=megabytes, threads=threads, scratch=scratch)


def rows(lake: Lake, release: Release) -> dict[str, int]:
    """How many rows each table of a release shows: a corrected one counts once."""
    with connect(lake, release) as con:
        counts = [f'SELECT {i}, count(*) FROM "{name}"' for i, name in enumerate(release.tables)]
        found = dict(con.execute(" UNION ALL ".join(counts)).fetchall()) if counts else {}
    return {name: found[i] for i, name in enumerate(release.tables)}


def ask(sql: str, *, release: int | None = None, as_of: str | None = None, limits: Limits | None = None) -> pa.Table:
    """What `satu sql` answers, as an Arrow table: of this installation (`SPIT_HOME`), by default its newest release.

    `ask(…).to_pandas()` is a data frame. QueryError says why there is no result, Refused that there is no such release.
    """
    from infra.lake import Lake
    from infra.settings import Settings
    from infra.sql.moment import earlier

    settings = Settings.from_env()
    store = settings.open_store()
    return select(Lake(store), sql, release=earlier(store, release, as_of), limits=limits)


def select(lake: Lake, sql: str, *, release: Release | None = None, limits: Limits | None = None) -> pa.Table:
    """The result of an analyst's SELECT over a release (without one: the released); QueryError when there is none.

    Its columns carry what they mean (`result.explained`).
    It runs in a process of its own with an empty environment and hard limits, which can write nothing, open nothing
    but the release's files, and is killed when it takes too long.
    """
    from infra.sql.result import explained

    limits = limits or Limits()
    shown = _readable(lake, release)
    used = _used(shown, sql)
    _bring(lake, used)
    (answer,) = sandbox.run(f"{__name__}:answer", [job(sql, shown, used, limits)], bounds(limits), workers=1)
    if isinstance(answer, sandbox.Failure):
        raise QueryError(_explain(answer, limits))
    if "refused" in answer:
        raise QueryError(answer["refused"])
    result = pa.ipc.open_stream(base64.b64decode(answer["arrow"])).read_all()
    result.validate(full=True)
    return explained(result, {view.name for view in used if view.name.lower() in _words(sql)})


def job(sql: str, shown: Iterable[View], used: Iterable[View], limits: Limits) -> dict[str, Any]:
    """What `answer` is asked: a statement, the names it may use, and the views it does."""
    names = [view.name for view in shown]
    return {"sql": sql, "names": names, "views": [asdict(view) for view in used], "limits": asdict(limits)}


def bounds(limits: Limits) -> sandbox.Limits:
    """The same limits for the process that answers."""
    return sandbox.Limits(limits.seconds, limits.megabytes + ROOM, _encoded(limits.answer_megabytes))


def answer(job: Mapping[str, Any]) -> dict[str, str]:
    """In the child: run the statement; its result as an Arrow stream in Base64 (`arrow`), or why not (`refused`)."""
    pa.set_memory_pool(pa.system_memory_pool())  # the default reserves a gigabyte of address space
    limits = Limits(**job["limits"])
    shown = [View(each["name"], each["sql"], tuple(each["files"]), each["parameters"]) for each in job["views"]]
    # Should a statement get past the list and past DuckDB's own lock, the kernel still lets it read these files only.
    confine([*(file for view in shown for file in view.files), *filter(None, sys.path), *MACHINE])
    try:
        with opened(shown, megabytes=limits.megabytes, threads=limits.threads) as con:
            return {"arrow": _run(con, job["sql"], job["names"], limits)}
    except duckdb.OutOfMemoryException:
        return {"refused": _too_hungry(limits)}
    except (duckdb.Error, Refused) as error:
        return {"refused": str(error)}


def _run(con: duckdb.DuckDBPyConnection, sql: str, names: list[str], limits: Limits) -> str:
    statement = accept(con, sql, names)
    found = con.execute(statement).to_arrow_reader(ROWS_AT_ONCE)
    sink, count = pa.BufferOutputStream(), 0
    with pa.ipc.new_stream(sink, found.schema) as stream:
        for batch in found:
            count += batch.num_rows
            if count > limits.rows:
                raise Refused(f"The result has more than {limits.rows:,} rows. Add LIMIT, or count and group.")
            if sink.tell() + batch.nbytes > limits.answer_megabytes << 20:
                raise Refused(_too_large(limits))
            stream.write_batch(batch)
    return base64.b64encode(sink.getvalue()).decode()


def _readable(lake: Lake, release: Release | None) -> tuple[View, ...]:
    from infra.releases import Gone

    try:
        return views(lake, release or lake.released())
    except Gone as error:
        raise QueryError(str(error)) from error


def _bring(lake: Lake, shown: Iterable[View]) -> None:
    """Have the files of views on this machine: there alone is the child let."""
    from infra.releases import Gone

    try:
        lake.bring(file for view in shown for file in view.files)
    except Gone as error:
        raise QueryError(str(error)) from error


def _used(shown: Sequence[View], sql: str) -> list[View]:
    """The views named in a statement, and those they are made of, in their order; a word too many does no harm."""
    words, left, used = _words(sql), list(shown), set[str]()
    while named := [view for view in left if view.name.lower() in words]:
        used |= {view.name for view in named}
        words |= set().union(*(_words(view.sql) for view in named))
        left = [view for view in left if view.name not in used]
    return [view for view in shown if view.name in used]


def _words(sql: str) -> set[str]:
    return set(re.findall(r"\w+", sql.lower()))


def _encoded(megabytes: int) -> int:
    """Bytes of a line that carries so many MiB in Base64, and a little around it."""
    return (megabytes << 20) * 4 // 3 + (1 << 16)


def _too_large(limits: Limits) -> str:
    return f"The result is larger than {limits.answer_megabytes} MiB. Select fewer columns or rows, or aggregate."


def _too_hungry(limits: Limits) -> str:
    return f"Stopped: it needed more than {limits.megabytes} MiB of memory. Filter earlier, or aggregate."


def _explain(failure: sandbox.Failure, limits: Limits) -> str:
    match failure.why:
        case "waktu":
            return f"Stopped after {limits.seconds:g} seconds. Filter earlier; join only on what belongs together."
        case "memori":
            return _too_hungry(limits)
        case "keluaran":
            return _too_large(limits)
        case "mati":
            return f"The query's process ended ({failure.detail}). Write it more simply: fewer levels, fewer rows."
