"""Text → types: the default SQL of a standard, which reads what an office wrote leniently and never fails.

A column `judul` becomes two: `x_judul`, the text as sent (trimmed, or the envelope's default), and `judul`, the typed
value, NULL where the text cannot be read as one. Rules compare the two.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from schemas.dataset import Dataset, Field
from transforms import lenient

OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
"""DuckDB settings for every connection of ours: it must never fetch code from elsewhere."""

TYPES = {
    "string": "VARCHAR",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "double": "DOUBLE",
    "bool": "BOOLEAN",
    "date32[day]": "DATE",
    "timestamp[us, tz=UTC]": "TIMESTAMPTZ",
}
"""The types of columns in the lake, as Arrow writes them, and DuckDB's."""

KEYS = ("_kiriman", "_berkas", "_lembar", "_baris")
"""What every row of text carries: its submission, file, sheet and row."""


_BETWEEN = "\x1f"  # between the values a fingerprint is taken of: in no text anybody types


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """An SQL string."""
    return "'" + value.replace("'", "''") + "'"


def selected(columns: Mapping[str, str], there: Collection[str]) -> str:
    """`columns` (name → type of TYPES) in a SELECT from what has those of `there`; others are NULL of their type."""
    named = ((quoted(name), TYPES[type_], name in there) for name, type_ in columns.items())
    return ", ".join(name if known else f"CAST(NULL AS {type_}) AS {name}" for name, type_, known in named)


def text_columns(dataset: Dataset, defaults: Collection[str], source: str = "masuk") -> str:
    """`x_…` columns: trimmed text, nothing for `''` and `-`, then the submission's default where one is given.

    `defaults` are the columns any submission of the batch gives a default for; relation `pengirim` carries them.
    """
    parts: list[str] = []
    for f in dataset.office_fields:
        own = f"nullif(nullif(trim(m.{quoted(f.name)}), ''), '-')"
        if f.name in defaults:
            own = f"coalesce({own}, p.bawaan[{literal(f.name)}])"
        parts.append(f"{own} AS {quoted('x_' + f.name)}")
    columns = ",\n  ".join(["m._n", *(f"m.{key}" for key in KEYS), "p.* EXCLUDE (_kiriman)", *parts])
    return f"SELECT\n  {columns}\nFROM {source} m JOIN pengirim p USING (_kiriman)"


def plain_columns(
    dataset: Dataset, there: Collection[str], defaults: Collection[str], *, blanks: bool, source: str = "masuk"
) -> str:
    """`x_…` columns of text that needs no trimming: `text_columns` for one submission, alone in relation `pengirim`.

    `there` are the columns the text has; `blanks` says whether an empty one stands for none.
    """
    parts: list[str] = []
    for f in dataset.office_fields:
        own = f"m.{quoted(f.name)}" if f.name in there else "CAST(NULL AS VARCHAR)"
        if blanks and f.name in there:
            own = f"nullif({own}, '')"
        if f.name in defaults:
            own = f"coalesce({own}, p.bawaan[{literal(f.name)}])"
        parts.append(f"{own} AS {quoted('x_' + f.name)}")
    columns = ", ".join([*(f"m.{key}" for key in KEYS if key != "_kiriman"), "p.*", *parts])
    return f"SELECT {columns} FROM {source} m CROSS JOIN pengirim p"


def code_lists(dataset: Dataset) -> list[str]:
    """The code lists that `typed_columns` looks codes up in, as relations `rujukan_<name>`."""
    named = {f.reference for f in dataset.office_fields if f.reference}
    return sorted(named | ({"wilayah_lama"} if "wilayah" in named else set()))


def typed(f: Field) -> str:
    """SQL for the typed value of an office's column, out of `x_<name>`."""
    text = quoted("x_" + f.name)
    if f.reference == "wilayah":
        return f"coalesce(lama_{f.name}.kode_baru, {text})"
    if f.codes:
        upper = f"replace(upper({text}), ' ', '_')" if all(c == c.upper() for c in f.codes) else text
        return f"CASE WHEN {upper} IN ({', '.join(map(literal, f.codes))}) THEN {upper} END"
    read = _lenient(f, text)
    # What is not there is read at once: to the ways of reading it is a text that none of them understands.
    return text if read == text else f"CASE WHEN {text} IS NOT NULL THEN {read} END"


def _lenient(f: Field, text: str) -> str:
    if f.format == "periode":
        return lenient.periode(text)
    match f.type:
        case "integer":
            return lenient.integer(text)
        case "number":
            return lenient.number(text)
        case "boolean":
            return lenient.boolean(text)
        case "date":
            return lenient.date(text)
        case "datetime":
            return lenient.instant(text, "zona")
        case _:
            return text


def typed_columns(dataset: Dataset, source: str = "teks") -> str:
    """The typed columns beside the text, the code each reference found, and the facts of the media file named.

    Adds for a referenced column `r_<name>` (the code found, or NULL) and for a dataset of media the columns of
    relation `fakta`, prefixed `f_`.
    """
    columns = ["x.*"]
    joins: list[str] = []
    for f in dataset.office_fields:
        name = f.name
        columns.append(f"{typed(f)} AS {quoted(name)}")
        if f.reference:
            wanted = quoted("x_" + name)
            if f.reference == "wilayah":
                joins.append(f"LEFT JOIN rujukan_wilayah_lama lama_{name} ON lama_{name}.kode = {wanted}")
                columns.append(f"lama_{name}.kode_baru AS {quoted('l_' + name)}")
                wanted = typed(f)
            columns.append(f"rujuk_{name}.kode AS {quoted('r_' + name)}")
            joins.append(f"LEFT JOIN rujukan_{f.reference} rujuk_{name} ON rujuk_{name}.kode = {wanted}")
    if dataset.of_media:
        columns.append("COLUMNS(f.* EXCLUDE (_kiriman, berkas)) AS 'f_\\0'")
        columns.append("f.berkas AS f_berkas")
        joins.append("LEFT JOIN fakta f ON f._kiriman = x._kiriman AND f.berkas = x.x_berkas")
    return "SELECT\n  " + ",\n  ".join(columns) + f"\nFROM {source} x\n" + "\n".join(joins)


def own_columns(dataset: Dataset) -> list[str]:
    """SQL for the standard's own columns in order: what the office wrote, typed, and the facts of its media file."""
    return [f"f_{f.name} AS {quoted(f.name)}" if f.origin == "media" else quoted(f.name) for f in dataset.fields]


def final_columns(dataset: Dataset) -> str:
    """The accepted row in the order of the standard, lineage last; what the strict cast receives."""
    own = [quoted(f.name) for f in dataset.fields]
    standard = f"{literal(dataset.standard)} AS _standar"
    return ", ".join([*own, "_kunci", "_sidik", *KEYS, standard, "_batch", "_diterima_pada", "_tertahan"])


def key(dataset: Dataset) -> str:
    """SQL for `_kunci`."""
    return f"concat_ws('|', {', '.join(_text(dataset.field(name)) for name in dataset.primary_key)})"


def fingerprint(dataset: Dataset) -> str:
    """SQL for `_sidik`: the office's typed columns and, for media, the bytes they point to.

    Empty columns at the end add nothing: a standard may get more of them, and what was sent before is still the same.
    """
    # concat takes NULL for nothing, but keeps the separators. The sign itself, as chr(31) costs as much as the MD5, and
    # so does rtrim.
    parts = f", '{_BETWEEN}', ".join(_text(f) for f in dataset.office_fields)
    said = f"regexp_replace(concat({parts}), '{_BETWEEN}+$', '')"
    return f"md5(concat({said}, '{_BETWEEN}', f_sha256))" if dataset.of_media else f"md5({said})"


def _text(f: Field) -> str:
    """SQL for a typed value as text, the same on every machine: an instant is said in UTC."""
    name = quoted(f.name)
    if f.type == "string":
        return name
    if f.type == "datetime":
        return f"(CAST(make_timestamp(epoch_us({name})) AS VARCHAR) || '+00')"
    return f"CAST({name} AS VARCHAR)"
