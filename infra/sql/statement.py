"""What an analyst may say: one SELECT over the tables shown, with functions that only compute.

DuckDB's own lock does not hold against table functions that switch settings, hide reads or write logs. So its parser
turns the statement into a tree, and everything in the tree must be on a list here: what we have not met is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from transforms.analytics import analyses
from transforms.shape import literal

Tree = Mapping[str, Any]

LONGEST = 100_000  # letters; nobody writes more by hand, and the parser's work grows with it

KINDS = re.compile(
    r"(SELECT|SET_OPERATION|RECURSIVE_CTE|CTE)_NODE|(DISTINCT|LIMIT|LIMIT_PERCENT|ORDER)_MODIFIER"
    r"|BASE_TABLE|EMPTY|EXPRESSION_LIST|JOIN|PIVOT|SHOW_REF|SUBQUERY|TABLE_FUNCTION"
    r"|COLUMN_REF|POSITIONAL_REFERENCE|STAR|VALUE_CONSTANT|CASE_EXPR|COLLATE|FUNCTION|GROUPING_FUNCTION|LAMBDA"
    r"|(COMPARE|CONJUNCTION|OPERATOR|WINDOW|ARRAY)_\w+|STRUCT_EXTRACT"
    r"|ORDER_DEFAULT|ASCENDING|DESCENDING|\w+_TYPE_INFO"
)
TABLE_FUNCTIONS = frozenset(
    {"generate_series", "json_each", "range", "unnest", *(a.name for a in analyses().values() if a.parameters)}
)
"""DuckDB's, and our own macros; what these read is ours to say."""


@cache
def functions() -> frozenset[str]:
    """The functions a SELECT may call, in lower case."""
    lines = Path(__file__).with_name("functions.txt").read_text("utf-8").splitlines()
    return frozenset(name for line in lines if not line.startswith("-- ") for name in line.split()) | TABLE_FUNCTIONS


class Refused(Exception):
    """The statement is not one SELECT over what is shown; the message says what to write instead."""


def accept(con: duckdb.DuckDBPyConnection, sql: str, names: Collection[str]) -> duckdb.Statement:
    """The only statement in `sql`, if it reads nothing but the views `names`; Refused otherwise."""
    if len(sql) > LONGEST or "\0" in sql:
        raise Refused(f"The statement is longer than {LONGEST:,} letters or not text. Split it into several.")
    statements = con.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kinds = ", ".join(each.type.name for each in statements) or "nothing"
        raise Refused(f"Write one SELECT (it may begin with WITH); this is {kinds}. The tables can only be read.")
    # Not as a parameter: to bind one, the library imports pandas, which takes longer than most statements.
    (serialized,) = con.execute(f"SELECT json_serialize_sql({literal(sql)})").fetchall()[0]
    tree = json.loads(serialized)
    if tree["error"]:
        raise Refused(tree["error_message"])
    (statement,) = tree["statements"]
    _walk(statement, frozenset(name.lower() for name in names))
    return statements[0]


def _walk(part: object, shown: frozenset[str]) -> None:
    match part:
        case {"cte_map": {"map": entries}, **rest}:
            _walk(rest, _with_ctes(entries, shown))
        case dict():
            _look(part, shown)
            for key, child in part.items():
                # A constant's `type` is a data type and its `value` data; neither reads anything.
                if not (key in {"type", "value"} and "is_null" in part):
                    _walk(child, shown)
        case list():
            for child in part:
                _walk(child, shown)
        case _:
            pass


def _with_ctes(entries: list[Tree], shown: frozenset[str]) -> frozenset[str]:
    """Each common table expression sees those before it, and itself only when it is recursive."""
    for entry in entries:
        name = entry["key"].lower()
        node = entry["value"]["query"]["node"]
        _walk(entry["value"], shown | {name} if node["type"] == "RECURSIVE_CTE_NODE" else shown)
        shown |= {name}
    return shown


def _look(part: Tree, shown: frozenset[str]) -> None:
    kind = part.get("type")
    if isinstance(kind, str) and not KINDS.fullmatch(kind):
        raise Refused(f"{kind.replace('_', ' ').lower()} is not available here.")
    match kind:
        case "BASE_TABLE":
            _look_at_table(part, shown)
        case "SHOW_REF" if not part.get("query"):
            raise Refused("Use DESCRIBE with a table or a SELECT. " + _listed(shown))
        case "TABLE_FUNCTION":
            name = part["function"].get("function_name", "?").lower()
            if name not in TABLE_FUNCTIONS:
                raise Refused(f"{name}() cannot be read from. {_listed(shown)}")
        case _:
            pass
    if "function_name" in part:
        name = part["function_name"].lower()
        if name not in functions() or part.get("catalog") not in {None, "", "system"}:
            raise Refused(f"The function {name}() is not available here.")


def _look_at_table(part: Tree, shown: frozenset[str]) -> None:
    name = part["table_name"]
    if part.get("schema_name") or part.get("catalog_name"):
        raise Refused(f"Write the table's name alone, without a schema: {name}.")
    if part.get("at_clause"):
        raise Refused(f"{name}: another point in time is another release; choose the release instead of AT.")
    if name.lower() not in shown:
        raise Refused(f"There is no table {name!r}. {_listed(shown)}")


def _listed(shown: frozenset[str]) -> str:
    return f"Tables: {', '.join(sorted(shown))}."
