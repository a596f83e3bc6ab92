"""The strict cast before a row enters the lake: what is wrong here is our own bug, never an office's."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from schemas.dataset import ContractError, Dataset

ALWAYS = ("_kunci", "_kiriman", "_batch", "_diterima_pada")
"""The lineage by which a correction finds its predecessor: where a table has these, no row is without."""

_KINDS: tuple[Callable[[pa.DataType], bool], ...] = (
    lambda t: pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t),
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_boolean,
    pa.types.is_date,
    lambda t: pa.types.is_timestamp(t) and t.tz is not None,
)


def cast(dataset: Dataset, rows: pa.Table) -> pa.Table:
    """The rows in the dataset's Arrow schema, columns in its order.

    Only another width or encoding of the same kind is taken, and only without loss: text is never read as a number,
    nor an instant without zone as one in UTC. ContractError names table, column and row otherwise.
    """
    schema, required = dataset.arrow, _required(dataset)
    _same_columns(dataset, rows.column_names)
    columns = [_column(f"{dataset.name}.{f.name}", rows.column(f.name), f.type, f.name in required) for f in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def verify(dataset: Dataset, schema: pa.Schema, nulls: Callable[[str], int | None]) -> None:
    """The same of rows nobody holds in memory: ContractError unless they have exactly the dataset's columns and types.

    `nulls`: how many rows have no value in a column; None where that is not known.
    """
    _same_columns(dataset, schema.names)
    for f in dataset.arrow:
        if schema.field(f.name).type != f.type:
            raise ContractError(f"{dataset.name}.{f.name}: {schema.field(f.name).type} where {f.type} is wanted")
    for name in sorted(_required(dataset) & {*schema.names}):
        if nulls(name) != 0:
            raise ContractError(f"{dataset.name}.{name}: {nulls(name)} rows have no value")


def _same_columns(dataset: Dataset, names: list[str]) -> None:
    wanted = dataset.arrow.names
    if sorted(names) != sorted(wanted):
        missing, extra = sorted(set(wanted) - set(names)), sorted(set(names) - set(wanted))
        raise ContractError(f"{dataset.name}: columns missing {missing}, not in the standard or doubled {extra}")


def _required(dataset: Dataset) -> set[str]:
    return {f.name for f in dataset.fields if f.constraints.required} | {*ALWAYS}


def _column(name: str, column: pa.ChunkedArray, wanted: pa.DataType, required: bool) -> pa.ChunkedArray:
    if required and column.null_count:
        raise ContractError(f"{name}: {column.null_count} rows have no value, row {_first_null(column)} first")
    found = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not pa.types.is_null(found) and not any(kind(found) and kind(wanted) for kind in _KINDS):
        raise ContractError(f"{name}: {column.type} where {wanted} is wanted")
    try:
        return column.cast(wanted)
    except pa.ArrowInvalid as error:
        raise ContractError(f"{name}: {error}") from error


def _first_null(column: pa.ChunkedArray) -> int:
    return column.is_null().index(pa.scalar(True)).as_py()
