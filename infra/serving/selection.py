"""A query string → one SELECT over one table: which rows, which columns, and where the next page begins.

`kolom=nilai` (several times: any of them), `kolom.min=`, `kolom.maks=`, `kolom.memuat=` (text within),
`kolom.kosong=ya` or `tidak`; `pilih=a,b` the columns; `batas=` rows a page; `setelah=` where the page before ended.
Pages go by the table's key, so a page costs the same wherever it lies, and rows that come or go between two pages
shift nothing.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.serving.shelf import Table
from transforms.shape import quoted

ROWS, MOST_ROWS = 100, 10_000
MOST_CONDITIONS = 50
COMPARED = {"min": ">=", "maks": "<="}
_OURS = {"pilih", "batas", "setelah", "format"}


class WrongQuery(ValueError):
    """The query cannot be answered; the message says why, in Indonesian and English."""


@dataclass(frozen=True)
class Condition:
    """One thing a row must be: `how` is "" (any of the values), min, maks, memuat, or kosong (ya, tidak)."""

    column: str
    how: str
    values: tuple[str, ...]


@dataclass
class Selection:
    """What was asked for. `columns` are those to show; the key comes along for `cursor`. `after`: where to begin."""

    table: Table
    columns: list[str]
    limit: int = ROWS
    conditions: list[Condition] = field(default_factory=list)
    after: list[str] | None = None

    @property
    def names(self) -> list[str]:
        """The columns to read, each once."""
        return list(dict.fromkeys([*self.columns, *self.table.key]))

    @property
    def sql(self) -> str:
        """The page, and one row more if there is a next one; `values` are its parameters."""
        names = ", ".join(map(quoted, self.names))
        keys = ", ".join(map(quoted, self.table.key))
        order = "" if self.table.in_order else f" ORDER BY {keys}"
        return f"SELECT {names} FROM {self.table.source}{self.where}{order} LIMIT {self.limit + 1}"

    @property
    def where(self) -> str:
        """The clause, with its space; empty when every row will do."""
        conditions = [sql for sql, _ in self._said()]
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    @property
    def values(self) -> list[str]:
        """The parameters of `where`."""
        return [value for _, values in self._said() for value in values]

    def cursor(self, last: Mapping[str, Any]) -> str:
        """What `setelah` is for the page after this row."""
        values = [None if last[name] is None else str(last[name]) for name in self.table.key]
        return urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")

    def _said(self) -> Iterator[tuple[str, list[str]]]:
        for condition in self.conditions:
            yield self._compared(condition)
        if self.after is not None:
            yield from self._behind(self.after)

    def _compared(self, condition: Condition) -> tuple[str, list[str]]:
        name, typed, values = quoted(condition.column), self._typed(condition.column), list(condition.values)
        match condition.how:
            case "":
                return f"{name} IN ({', '.join([typed] * len(values))})", values
            case "memuat":
                return " AND ".join([f"contains(lower({name}), lower(?))"] * len(values)), values
            case "kosong":
                return f"{name} IS {'NULL' if values[-1] == 'ya' else 'NOT NULL'}", []
            case how:
                return " AND ".join([f"{name} {COMPARED[how]} {typed}"] * len(values)), values

    def _behind(self, last: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        """Only rows behind this key. The first column alone comes first: that is what lets files be skipped."""
        key = self.table.key
        behind, values = "FALSE", []
        for name, value in reversed(list(zip(key, last, strict=True))):
            typed = self._typed(name)
            behind = f"({quoted(name)} > {typed} OR ({quoted(name)} = {typed} AND {behind}))"
            values = [value, value, *values]
        yield f"{quoted(key[0])} >= {self._typed(key[0])}", [last[0]]
        yield behind, values

    def _typed(self, name: str) -> str:
        return f"CAST(? AS {self.table.columns[name]})"


def select(table: Table, query: Iterable[tuple[str, str]]) -> Selection:
    """What a query string asks of a table. WrongQuery when it asks for what there is not."""
    asked: dict[str, list[str]] = {}
    for name, value in query:
        asked.setdefault(name, []).append(value)
    if len(asked) > MOST_CONDITIONS:
        raise WrongQuery(f"paling banyak {MOST_CONDITIONS} syarat / at most {MOST_CONDITIONS} conditions")
    made = Selection(table, _columns(table, asked.get("pilih")), _limit(asked.get("batas")))
    for name, values in asked.items():
        if name in _OURS:
            continue
        column, _, how = name.partition(".")
        if column not in table.columns:
            known = ", ".join(table.columns)
            raise WrongQuery(f"kolom tidak dikenal: {column}; yang ada / unknown column; there are: {known}")
        made.conditions.append(_condition(table, column, how, values))
    if after := asked.get("setelah"):
        made.after = _after(table, after[-1])
    return made


def _columns(table: Table, asked: Sequence[str] | None) -> list[str]:
    if not asked:
        return list(table.columns)
    names = [name.strip() for names in asked for name in names.split(",") if name.strip()]
    if unknown := [name for name in names if name not in table.columns]:
        raise WrongQuery(f"kolom tidak dikenal / unknown columns: {', '.join(unknown)}")
    return names or list(table.columns)


def _limit(asked: Sequence[str] | None) -> int:
    text = asked[-1] if asked else str(ROWS)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MOST_ROWS:
        raise WrongQuery(f"batas: bilangan 1 sampai {MOST_ROWS} / batas: a number from 1 to {MOST_ROWS}")
    return int(text)


def _condition(table: Table, column: str, how: str, values: Sequence[str]) -> Condition:
    known = how == "" or how in COMPARED
    known |= how == "memuat" and table.columns[column] == "VARCHAR"
    known |= how == "kosong" and set(values) <= {"ya", "tidak"}
    if not known:
        ways = f"{column}, {column}.min, {column}.maks, {column}.memuat, {column}.kosong=ya|tidak"
        raise WrongQuery(f"syarat tidak dikenal / unknown condition: {column}.{how}; {ways}")
    return Condition(column, how, tuple(values))


def _after(table: Table, cursor: str) -> list[str]:
    """The key of the last row of the page before."""
    try:
        last = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        last = None
    if not isinstance(last, list) or len(last) != len(table.key) or not all(isinstance(value, str) for value in last):
        raise WrongQuery("setelah: bukan tanda halaman kami / not a page mark of ours")
    return last
