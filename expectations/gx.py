"""Great Expectations over a DuckDB file: loaded as cheaply as it can be, patched where it must be.

Importing it costs seconds, so nothing here imports it before `load` is called.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.expectation import Expectation

LATE = frozenset({"altair", "jsonschema", "scipy.stats"})
"""What Great Expectations imports for expectations no SQL audit uses: charts of divergence, JSON Schema per cell and
tests of distribution. They are more than half of its import time; loaded late, they load when first touched."""

SETTINGS = "access_mode=READ_ONLY&memory_limit=1GiB"
"""Of the database that is audited; what needs more memory goes to a file beside it meanwhile."""


class _Late(MetaPathFinder):
    """Finds the modules of `LATE` so that they run on first use."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname in LATE else None
        if spec and spec.loader:
            spec.loader = LazyLoader(spec.loader)
        return spec


class _DuckDB(str):
    """A dialect's name with a `value`, as the members of `GXSqlDialect` have it; duckdb is not one of them."""

    __slots__ = ()
    value = "duckdb"


@cache
def load() -> ModuleType:
    """Import Great Expectations (about 2 CPU seconds instead of 5) and make it keep its DuckDB connection open.

    Without the patch it closes the connection before fetching, and every query for rows fails. The name is private:
    AttributeError here, or a red `tests/test_audit.py`, means an upgrade moved it.
    """
    late = _Late()
    collecting = gc.isenabled()
    sys.meta_path.insert(0, late)
    gc.disable()
    try:
        import great_expectations as gx
        from great_expectations.execution_engine import sqlalchemy_execution_engine as engine
    finally:
        sys.meta_path.remove(late)
        if collecting:
            gc.enable()
    kept: tuple[Any, ...] = engine._PERSISTED_CONNECTION_DIALECTS
    if _DuckDB.value not in kept:
        engine._PERSISTED_CONNECTION_DIALECTS = (*kept, _DuckDB(_DuckDB.value))
    return gx


def counted(expectation: Expectation) -> Expectation:
    """The same expectation asking only what yes or no needs: one run its query instead of two, if it is one of SQL."""
    if not isinstance(expectation, load().expectations.UnexpectedRowsExpectation):
        return expectation
    return _counting()(unexpected_rows_query=expectation.unexpected_rows_query, meta=expectation.meta)


@cache
def _counting() -> Any:
    class ExpectNoRows(load().expectations.UnexpectedRowsExpectation):
        metric_dependencies = ("unexpected_rows_query.row_count",)

        def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, bool]:
            return {"success": metrics["unexpected_rows_query.row_count"] == 0}

    return ExpectNoRows


@contextmanager
def relations(database: Path) -> Iterator[Callable[[str], Batch]]:
    """Hand out the tables and views of a DuckDB file, read-only, as batches to validate.

    Nobody else in this process may hold the file open for writing meanwhile; it is let go of at the end.
    """
    gx = load()
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False}
    lake = context.data_sources.add_sql("lake", connection_string=f"duckdb:///{database}?{SETTINGS}")

    def relation(name: str) -> Batch:
        return lake.add_table_asset(name, table_name=name).add_batch_definition_whole_table("all").get_batch()

    try:
        yield relation
    finally:
        # It opens the file twice, and its own `close` lets go of neither.
        lake.get_engine().dispose()
        lake.get_execution_engine().engine.dispose()
