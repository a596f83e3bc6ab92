"""Searching columns of text, whole ones at a time and by patterns that are linear (RE2); `lines` are positions."""
# pyarrow.compute makes its functions when it is imported:
# pyright: reportAttributeAccessIssue=false

import pyarrow as pa
import pyarrow.compute as pc


def matching(column: pa.Array, lines: pa.Array, pattern: str) -> pa.Array:
    """Those of the lines whose cell the pattern is found in."""
    return lines.filter(pc.fill_null(pc.match_substring_regex(column.take(lines), pattern), False))


def without(columns: list[pa.Array], lines: pa.Array, pattern: str) -> pa.Array:
    """Those of the lines with the pattern in none of the columns; each is only asked about the lines still left."""
    for column in columns:
        if not len(lines):
            break
        lines = lines.filter(pc.invert(pc.fill_null(pc.match_substring_regex(column.take(lines), pattern), False)))
    return lines


def beginning(column: pa.Array, signs: str) -> pa.Array:
    """The lines whose cell begins with one of some ASCII signs: five times cheaper than a pattern."""
    first = pc.binary_slice(column.cast(pa.binary()), 0, 1)
    return pc.indices_nonzero(pc.is_in(first, pa.array([sign.encode() for sign in signs])))


def may_hold(column: pa.Array, text: bytes) -> bool:
    """Whether the text stands anywhere in a column's bytes: one search instead of one for each cell."""
    values = column.buffers()[2]
    return values is not None and values.to_pybytes().find(text) >= 0
