"""Records of decisions: JSON under running numbers below a folder of keys, written once each and never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from infra.storage.store import Conflict, Store


def key(root: str, number: int) -> str:
    """Where a record is kept; `root` ends with a slash."""
    return f"{root}{number:06d}.json"


def add(store: Store, root: str, record: Callable[[int], Mapping[str, Any]]) -> int:
    """Keep a record under the next free number, which it is told."""
    number = max((int(stat.key.removeprefix(root).removesuffix(".json")) for stat in store.list(root)), default=0)
    while True:
        number += 1
        try:
            store.put(key(root, number), orjson.dumps(record(number), option=orjson.OPT_INDENT_2), if_absent=True)
        except Conflict:
            continue  # somebody decided something else at the same moment
        return number


def read(store: Store, root: str) -> Iterator[dict[str, Any]]:
    """All there are, oldest first."""
    return (orjson.loads(store.get(stat.key)) for stat in store.list(root))
