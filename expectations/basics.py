"""What must hold over a table before release, built from its standard: a second look that shares no code with judging.

Every expectation carries in its `meta` what it is about: `kode`, `kolom`, and in two languages what it asks for.
Great Expectations' own forms where it has a cheap one, SQL (`none`) where it has not: it knows no DuckDB regex.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from expectations.gx import load
from schemas.dataset import Dataset, Field

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

TYPES = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP WITH TIME ZONE",
}
"""What each type of a standard is called in DuckDB."""

LINEAGE = ("_kunci", "_sidik", "_kiriman", "_standar", "_batch", "_diterima_pada")
"""Lineage no row is without; file, sheet and row may be empty."""

_EAST_MS = 9 * 3_600_000
"""WIT, the easternmost zone: no satker's day is later than this one."""


def basics(dataset: Dataset) -> Iterator[Expectation]:
    """What the standard asks of the new rows of a table."""
    # A table kept per submission records what was sent as it was sent, returned or not: nothing to hold it to.
    as_sent = "kiriman" in dataset.primary_key
    for f in dataset.fields:
        if not (as_sent and f.origin == "kantor"):
            yield from _column(f, dataset)
    yield from unique(dataset)
    if dataset.kind != "sistem":
        yield from filled(*LINEAGE)
    if dataset.of_media:
        yield _kept(dataset)


def schema(dataset: Dataset) -> Expectation:
    """Expect all columns, no others, each of the standard's type; the order is not looked at."""
    wanted = ", ".join(f"({text(f.name)}, {text(TYPES[f.type])})" for f in dataset.arrow)
    return none(
        "SKEMA_TIDAK_COCOK",
        "SELECT coalesce(s.kolom, t.kolom) AS kolom, s.tipe AS seharusnya, t.tipe AS ternyata"
        f" FROM (VALUES {wanted}) s(kolom, tipe) FULL JOIN"
        " (SELECT column_name AS kolom, column_type AS tipe FROM (DESCRIBE FROM {batch})) t USING (kolom)"
        " WHERE s.tipe IS DISTINCT FROM t.tipe ORDER BY ALL",
        id=f"kolom dan tipe menurut standar {dataset.standard}",
        en=f"columns and types of standard {dataset.standard}",
    )


def identity(dataset: Dataset) -> list[str]:
    """The columns that say which row of the table it is, and whose: all that a result ever shows of a row."""
    names = [*dataset.primary_key, "kode_satker", "kiriman", "_kiriman"]
    return [name for name in dict.fromkeys(names) if name in dataset.arrow.names]


def listed(dataset: Dataset, source: str = "") -> str:
    """`identity` as a SELECT list; `source` is the alias of the table."""
    return ", ".join(f"{source}{'.' if source else ''}{_name(column)}" for column in identity(dataset))


def none(kode: str, query: str, *, kolom: str = "", id: str, en: str, warn: bool = False) -> Expectation:
    """Expect that `query` finds nothing. It selects who is at fault, out of `{batch}`: the rows new in this release.

    Beside `{batch}` it may read any table `t` of the audited database, its new rows `t_baru`, and the code lists
    `acuan_<name>`. `id` and `en` say what must hold. With `warn` it is said but does not hold back the release.
    """
    return load().expectations.UnexpectedRowsExpectation(
        unexpected_rows_query=query, **_about(kode, kolom, id, en, warn=warn)
    )


def filled(*columns: str) -> Iterator[Expectation]:
    """Expect that the columns are never empty."""
    for name in columns:
        yield load().expectations.ExpectColumnValuesToNotBeNull(
            column=name, **_about("WAJIB_DIISI", name, "selalu terisi", "is always filled")
        )


def among(column: str, codes: tuple[str, ...]) -> Expectation:
    """Expect that a column holds nothing but these codes."""
    said = ", ".join(codes)
    about = _about("KODE_DI_LUAR_DAFTAR", column, f"salah satu dari {said}", f"one of {said}")
    return load().expectations.ExpectColumnValuesToBeInSet(column=column, value_set=list(codes), **about)


def within(column: str, lowest: float | None = None, highest: float | None = None) -> Iterator[Expectation]:
    """Expect that no number is below the lowest or above the highest."""
    if lowest is not None:
        about = _about("DI_BAWAH_BATAS", column, f"paling kecil {lowest:g}", f"at least {lowest:g}")
        yield load().expectations.ExpectColumnValuesToBeBetween(column=column, min_value=lowest, **about)
    if highest is not None:
        about = _about("DI_ATAS_BATAS", column, f"paling besar {highest:g}", f"at most {highest:g}")
        yield load().expectations.ExpectColumnValuesToBeBetween(column=column, max_value=highest, **about)


def unique(dataset: Dataset, *, warn: bool = False) -> Iterator[Expectation]:
    """Expect that a key names one row, among the new rows and between them and all earlier ones.

    A dataset's key may come again in another submission (a correction), never twice in one; what no submission brought
    in another batch. Readers see the newest row of each `_kunci`, so `_kunci` must say the primary key. A key with an
    empty part is not compared, as in SQL.
    """
    table, key = dataset.name, ", ".join(map(_name, dataset.primary_key))
    if "_kunci" in dataset.arrow.names:
        one, said, said_en = ("_batch", "batch", "batch")
        if "_kiriman" in dataset.arrow.names:
            one, said, said_en = ("_kiriman", "kiriman", "submission")
        names, source = f"{key}, {one}", f"{table} WHERE {one} IN (SELECT DISTINCT {one} FROM {{batch}})"
        where, where_en = f" dalam satu {said}", f" in a {said_en}"
        parts = ", ".join(f"CAST({_name(name)} AS VARCHAR)" for name in dataset.primary_key)
        yield none(
            "KUNCI_SALAH",
            f"SELECT {listed(dataset)}, _kunci FROM {{batch}} WHERE _kunci <> concat_ws('|', {parts})",
            kolom="_kunci",
            id="_kunci adalah kunci utama sebagai satu teks",
            en="_kunci is the primary key as one text",
            warn=warn,
        )
    else:
        names, source = key, f"{table} SEMI JOIN {{batch}} USING ({key})"
        where, where_en = "", ""
    # Keys are grouped by hash first: of ten million, that is a tenth of the memory.
    keys, twice = f"(SELECT {names} FROM {source})", "GROUP BY ALL HAVING count(*) > 1"
    met = f"SELECT h FROM (SELECT hash({names}) AS h FROM {keys}) {twice}"
    yield none(
        "KUNCI_GANDA",
        f"SELECT count(*) AS banyak, {names} FROM {keys} WHERE hash({names}) IN ({met}) {twice}",
        kolom=", ".join(dataset.primary_key),
        id=f"kunci hanya sekali{where}",
        en=f"the key occurs once{where_en}",
        warn=warn,
    )


def text(value: str) -> str:
    """`value` as an SQL string inside a query of `none`."""
    return "'" + escaped(value.replace("'", "''")) + "'"


def escaped(sql: str) -> str:
    """SQL from elsewhere inside a query of `none`: Great Expectations formats braces, SQLAlchemy binds `:names`."""
    return sql.replace("{", "{{").replace("}", "}}").replace(":", "\\:")


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _about(kode: str, kolom: str, id: str, en: str, *, warn: bool = False) -> dict[str, Any]:
    meta = {"kode": kode, "kolom": kolom, "id": id, "en": en}
    return {"meta": meta, "severity": "warning" if warn else "critical"}


def _column(f: Field, dataset: Dataset) -> Iterator[Expectation]:
    c, name = f.constraints, _name(f.name)
    rows = f"SELECT {listed(dataset)} FROM {{batch}} WHERE"
    if c.required:
        yield from filled(f.name)
    if f.required_when:
        yield none(
            "WAJIB_DIISI",
            f"{rows} {name} IS NULL AND ({escaped(f.required_when)})",
            kolom=f.name,
            id=f"terisi bila {f.required_when}",
            en=f"is filled where {f.required_when}",
        )
    if f.codes:
        yield among(f.name, f.codes)
    if f.reference:
        yield none(
            "KODE_TIDAK_DIKENAL",
            f"{rows} {name} NOT IN (SELECT kode FROM acuan_{f.reference})",
            kolom=f.name,
            id=f"kode dari daftar {f.reference}",
            en=f"a code of list {f.reference}",
        )
    if c.pattern:
        yield none(
            "POLA_SALAH",
            f"{rows} NOT regexp_full_match({name}, {text(c.pattern)})",
            kolom=f.name,
            id=f"berbentuk {c.pattern}",
            en=f"of the form {c.pattern}",
        )
    yield from within(f.name, c.minimum, c.maximum)
    if c.minLength is not None:
        about = _about("TERLALU_PENDEK", f.name, f"paling sedikit {c.minLength} huruf", f"{c.minLength} characters up")
        yield load().expectations.ExpectColumnValueLengthsToBeBetween(column=f.name, min_value=c.minLength, **about)
    if c.maxLength is not None:
        about = _about("TERLALU_PANJANG", f.name, f"paling banyak {c.maxLength} huruf", f"{c.maxLength} characters")
        yield load().expectations.ExpectColumnValueLengthsToBeBetween(column=f.name, max_value=c.maxLength, **about)
    if f.not_after and "_diterima_pada" in dataset.arrow.names:
        # The day of arrival in the satker's own zone is not in the table: the easternmost day is never stricter.
        east = f"DATE '1970-01-01' + CAST((epoch_ms(_diterima_pada) + {_EAST_MS}) // 86400000 AS INTEGER)"
        yield none(
            "SESUDAH_DITERIMA",
            f"{rows} {name} > {east if f.type == 'date' else '_diterima_pada'}",
            kolom=f.name,
            id="tidak lebih kemudian daripada saat diterima",
            en="not later than the moment of arrival",
        )


def _kept(dataset: Dataset) -> Expectation:
    key = f"{', '.join(dataset.primary_key)}, _kiriman, sha256"
    return none(
        "BAHAN_TANPA_MEDIA",
        f"SELECT {listed(dataset, 'b')} FROM {{batch}} b ANTI JOIN"
        f" (SELECT {key} FROM media_baru WHERE dataset = {text(dataset.name)}) m USING ({key})",
        kolom="sha256",
        id="setiap bahan punya rujukan di tabel media, dengan sidik yang sama",
        en="every item has its reference in table media, with the same fingerprint",
    )
