"""Statistical metadata (MS-Keg, MS-Var, MS-Ind): their schemas, read tolerantly, kept with the right spelling.

The schemas are JSON Schema 2020-12 with a few annotations of our own (see their `description`); from these alone the
reader knows every misspelt wire name, every other name of a code and the order of bit flags. What it cannot make sense
of it leaves as it is, for the check to name (`expectations/metadata.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

HERE = Path(__file__).parent
KINDS = ("ms_keg", "ms_var", "ms_ind")
NOTHING = ("", "-", "0000-00-00")
"""How the forms and clients write that there is nothing."""

Document = dict[str, Any]


@cache
def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of `ms_keg`, `ms_var` or `ms_ind`."""
    return json.loads((HERE / f"{kind}.schema.json").read_text("utf-8"))


@dataclass(frozen=True)
class Doc:
    """One document as read. `berkas` and `at` are where it stands: a file, and the path inside it."""

    kind: str
    berkas: str
    at: str
    body: Any

    @property
    def data(self) -> Document:
        """What it says, without the envelope; only of a document that passed its schema."""
        return self.body["data"]


def documents(bundle: Mapping[str, Any], berkas: str, at: str = "") -> Iterator[Doc]:
    """The documents of an object whose keys are `ms_keg`, `ms_var`, `ms_ind`: one document each, or a list of them."""
    for kind in KINDS:
        given = bundle.get(kind)
        if isinstance(given, list):
            for number, raw in enumerate(cast("list[Any]", given)):
                yield Doc(kind, berkas, f"{at}/{kind}/{number}", read(kind, raw))
        elif given is not None:
            yield Doc(kind, berkas, f"{at}/{kind}", read(kind, given))


@cache
def on_file() -> dict[str, Document]:
    """The metadata shipped with the standards, to which every office may refer: `<dataset>/<year>` → its documents."""
    files = sorted((HERE / "terdaftar").glob("*.json"))
    return {"/".join(path.stem.rsplit("-", 1)): json.loads(path.read_text("utf-8")) for path in files}


def read(kind: str, raw: object) -> Any:
    """A document as an office or an INDAH client wrote it, as the schema wants it where that can be told.

    Takes the whole envelope or its `data` alone. Missing boxes become false, missing lists empty, other gaps None.
    """
    whole = schema(kind)
    if isinstance(raw, Mapping) and "data" not in raw:
        raw = {"data": raw}
    return _read(whole, raw)


def _read(node: Mapping[str, Any], value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip()
        value = None if value in NOTHING else value
    if value is None and "default" in node:
        return node["default"]
    kinds = node.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if "enum" in node:
        return _code(node, value)
    if "object" in kinds:
        return None if value is None and "null" in kinds else _object(node, value)
    if "array" in kinds:
        return _array(node, value)
    if "boolean" in kinds:
        return _box(value)
    if "integer" in kinds:
        return _integer(value)
    if "string" in kinds and isinstance(value, int | float) and not isinstance(value, bool):
        return str(int(value)) if float(value).is_integer() else str(value)
    return value


def _code(node: Mapping[str, Any], value: Any) -> Any:
    """A word of a closed list: its number on the form, another name of it, or itself in any case."""
    codes = [code for code in node["enum"] if code is not None]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    number = _integer(value)
    if isinstance(number, int) and node.get("x-nomor", True) and 1 <= number <= len(codes):
        return codes[number - 1]
    word = "_".join(str(value).upper().replace("/", " ").replace(",", " ").split())
    word = node.get("x-alias", {}).get(word, word)
    return word if word in codes else value


def _object(node: Mapping[str, Any], value: Any) -> Any:
    bits: list[str] = node.get("x-bit", [])
    flags = _integer(value)
    if bits and isinstance(flags, int) and not isinstance(flags, bool):
        value = decode(flags, bits)
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        return value
    right, fields = node.get("x-ejaan", {}), node.get("properties", {})
    given = {right.get(key, key): each for key, each in cast("Mapping[str, Any]", value).items()}
    out = {name: _read(fields[name], given[name]) for name in given if name in fields}
    for name in node.get("required", ()):
        if name not in out:
            out[name] = _read(fields[name], None)
    for name, field in fields.items():  # the text of "lainnya" may stand inside its group or beside it
        text = field.get("x-lainnya")
        if text in given and text not in fields and isinstance(out.get(name), dict):
            out[name][text] = out[name].get(text) or _read(field["properties"][text], given.pop(text))
    return out | {name: each for name, each in given.items() if name not in fields}


def _array(node: Mapping[str, Any], value: Any) -> list[Any]:
    listed = value if isinstance(value, list) else [] if value is None else [value]
    read_ = [_read(node["items"], each) for each in listed]
    return [each for each in read_ if not _void(each)]


def _void(value: Any) -> bool:
    """Whether nothing at all is in it: how clients write an empty list."""
    if isinstance(value, Mapping):
        return all(_void(each) for each in cast("Mapping[str, Any]", value).values())
    return value is None or value == []


def _box(value: Any) -> Any:
    if value is None:
        return False
    words = {"1": True, "true": True, "ya": True, "0": False, "false": False, "tidak": False}
    return value if isinstance(value, bool) else words.get(str(value).lower(), value)


def _integer(value: Any) -> Any:
    """2026, `"2026"` and 2026.0 are one number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def decode(total: int, names: list[str]) -> dict[str, bool | int]:
    """A sum of bit flags, as the old forms store it: the first name is 1, the next 2, then 4, 8 and so on.

    A sum too large for the names keeps its rest under `bit`, which no schema knows.
    """
    rest = total
    boxes: dict[str, bool | int] = dict.fromkeys(names, False)
    for at in range(len(names) - 1, -1, -1):
        if rest >= 1 << at:
            boxes[names[at]], rest = True, rest - (1 << at)
    return boxes | ({"bit": rest} if rest else {})
