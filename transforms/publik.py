"""The one public gate: what of a dataset everybody may see, as SQL over its current rows.

Every exporter reads through `rows` and nothing else, so what is held back here is held back everywhere. The gate fails
closed: a class, licence or answer it does not know keeps the row in.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from schemas.dataset import LINEAGE, ContractError, Dataset, Field
from transforms import disclosure, pemakaian, withdrawal


@dataclass(frozen=True)
class Licence:
    """A licence under which the public may use a row again."""

    code: str
    url: str
    title: str


LICENCES = {
    licence.code: licence
    for licence in (
        Licence("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/", "Creative Commons Atribusi 4.0"),
        Licence(
            "CC-BY-NC-4.0",
            "https://creativecommons.org/licenses/by-nc/4.0/",
            "Creative Commons Atribusi-NonKomersial 4.0",
        ),
    )
}
"""From the freest to the strictest. A licence that is not here (INTERNAL) opens nothing."""

DEFAULT_LICENCE = "CC-BY-4.0"
"""For datasets whose rows carry no licence: the one the national portal's dataset template fixes for all."""

NEVER_CLEARED = "SUBJEK_ANAK"
"""A child in a criminal case (UU 11/2012 Art 19): no clearance opens that."""

OPEN_CLASSES = ("BERKALA", "SERTA_MERTA", "SETIAP_SAAT")
"""UU 14/2008 Art 9, 10 and 11. Art 17 (DIKECUALIKAN) is closed, and so is everything unclassified."""


@dataclass(frozen=True)
class File:
    """One published file; `path` is relative to the folder the catalogue lies in."""

    path: str
    format: str
    """`csv`, `parquet` or `skema`."""
    size: int
    sha256: str


@dataclass(frozen=True)
class Facts:
    """What a catalogue says about the public rows of a dataset, and nothing about the others."""

    rows: int
    licences: tuple[str, ...]
    provinces: tuple[str, ...]
    """Two-digit Kemendagri codes."""
    begins: date | None
    ends: date | None
    """First and last day the rows are about."""
    issued: datetime | None
    modified: datetime | None
    """Arrival of the oldest and newest public row, UTC; an embargo that ended later counts as an arrival."""
    classes: tuple[str, ...] = ()
    """Classes of information (UU 14/2008) of the rows; none for lists and code lists, which are open by Art 11."""


@dataclass(frozen=True)
class Edition:
    """The public part of one table version, as files. The same `id` always stands for the same bytes."""

    standard: Dataset
    id: str
    facts: Facts
    files: tuple[File, ...]


def offered(known: Iterable[Dataset]) -> list[Dataset]:
    """The tables everybody may see something of: the public ones, and the code lists and master data (Perpres 39/2019
    Art 36(4)), which are nobody's rows and closed only to offices."""
    return [replace(table, public=True) for table in known if table.public or table.sources]


def columns(dataset: Dataset) -> tuple[Field, ...]:
    """The columns everybody may see, own ones first, then lineage. ContractError if the dataset is not public."""
    if not dataset.public:
        raise ContractError(f"{dataset.name} is not public")
    lineage = () if dataset.kind == "sistem" else LINEAGE()
    open_ = tuple(f for f in (*dataset.fields, *lineage) if f.public)
    hidden = set(dataset.primary_key) - {f.name for f in open_}
    if hidden:
        raise ContractError(f"{dataset.name}: public, but its primary key is not: {', '.join(sorted(hidden))}")
    return open_


def rows(dataset: Dataset, at: datetime, *, ending: bool = False) -> str:
    """SELECT of the public columns of the rows that are public at `at`, in the order of the primary key.

    `ending`: and of `pemakaian.LAST_DAY`.

    The relation is named after the dataset and must hold its current rows: an old version of a row that has since been
    excluded would pass. Relation `pelepasan` says which of the rows that are held have been cleared, relation
    `penarikan` what has been withdrawn.
    """
    selected = ", ".join(_quoted(f.name) for f in columns(dataset))
    if ending:
        selected += f", {pemakaian.last_day(dataset.arrow.names)}"
    conditions = " AND ".join(_conditions(dataset, at)) or "TRUE"
    order = ", ".join(_quoted(name) for name in dataset.primary_key)
    if dataset.small_count:
        open_ = f"SELECT * FROM {_quoted(dataset.name)} WHERE {conditions}"
        return f"SELECT {selected} FROM ({disclosure.protect(dataset, open_)}) ORDER BY {order}"
    return f"SELECT {selected} FROM {_quoted(dataset.name)} WHERE {conditions} ORDER BY {order}"


def cleared(dataset: Dataset) -> str:
    """SELECT of one `mark` that changes whenever something of the dataset is cleared; for us only."""
    of = "TRUE" if dataset.kind == "sistem" else f"dataset = '{dataset.name}'"
    said = "concat_ws(chr(31), dataset, kunci, sidik, kode, coalesce(dicabut, FALSE), _batch)"
    return f"SELECT coalesce(md5(string_agg({said}, chr(30) ORDER BY {said})), '') AS mark FROM pelepasan WHERE {of}"


def withdrawn(dataset: Dataset) -> str:
    """SELECT of one `mark` that changes whenever something of the dataset is withdrawn; for us only."""
    return withdrawal.mark(dataset.name, dataset.arrow.names)


def brought(dataset: Dataset, batches: Collection[int]) -> str:
    """SELECT of the keys of the rows that these batches brought, public or not; for us only."""
    columns(dataset)  # a table that is not public says nothing at all
    listed = ", ".join(str(int(batch)) for batch in sorted(batches)) or "NULL"
    return f"SELECT DISTINCT _kunci FROM {_quoted(f'{dataset.name}_riwayat')} WHERE _batch IN ({listed})"


def _conditions(dataset: Dataset, at: datetime) -> list[str]:
    present = {f.name for f in dataset.fields}
    gates = {
        "klasifikasi_informasi": f"klasifikasi_informasi IN {_texts(OPEN_CLASSES)}",
        "lisensi": f"lisensi IN {_texts(LICENCES)}",
        # UU 11/2012 Art 19: not known to be free of a child is not free of a child.
        "subjek_anak": "subjek_anak = FALSE",
        "embargo_sampai": _over(at),
    }
    held = [_unheld(dataset)] if "_tertahan" in dataset.arrow.names else []
    stands = f"NOT {withdrawal.withdrawn(dataset.name, dataset.arrow.names, _quoted(dataset.name))}"
    used = list(pemakaian.conditions(present, at))
    return [condition for column, condition in gates.items() if column in present] + used + held + [stands]


def _unheld(dataset: Dataset) -> str:
    """Nothing holds the row, or all that does has been cleared for the very content it has now."""
    name = _quoted(dataset.name)
    key = f"{name}._kunci" if dataset.kind == "sistem" else f"'{dataset.name}|' || {name}._kunci"
    last = (
        "SELECT p.kode, arg_max(coalesce(p.dicabut, FALSE), p._batch) AS dicabut FROM pelepasan p"
        f" WHERE concat_ws('|', p.dataset, p.kunci) = {key} AND p.sidik = {name}._sidik"
        f" AND p.kode <> '{NEVER_CLEARED}' GROUP BY p.kode"
    )
    codes = f"SELECT list(kode) FROM ({last}) WHERE NOT dicabut"
    return f"(_tertahan IS NULL OR coalesce(list_has_all(({codes}), string_split(_tertahan, ',')), FALSE))"


def excluded(dataset: Dataset, at: datetime) -> str:
    """SELECT of how many items each uji konsekuensi keeps closed: unit, ground, number and last day, no content.

    The only thing said in public about rows that are not (UU 14/2008 Art 19, 20). Under embargo not even that.
    """
    columns(dataset)  # a table that is not public says nothing at all
    present = {f.name for f in dataset.fields}

    free = _unheld(dataset) if "_tertahan" in dataset.arrow.names else "TRUE"

    def like(pattern: str, column: str) -> str:
        return f"CASE WHEN regexp_full_match({column}, '{pattern}') AND {free} THEN {column} END"

    wanted = {
        "kode_satker": ("kode_satker", "kode_satker", "VARCHAR"),
        # A number or a letter and nothing an office could have written beside it.
        "dasar": ("dasar_pengecualian", like("[a-j][1-5]?", "dasar_pengecualian"), "VARCHAR"),
        "uji": ("nomor_uji_konsekuensi", like("[A-Za-z0-9./_-]+", "nomor_uji_konsekuensi"), "VARCHAR"),
        "sampai": ("dikecualikan_sampai", "dikecualikan_sampai", "DATE"),
    }
    selected = ", ".join(
        f"{sql if column in present else f'NULL::{type_}'} AS {name}" for name, (column, sql, type_) in wanted.items()
    )
    closed = "klasifikasi_informasi = 'DIKECUALIKAN'" if "klasifikasi_informasi" in present else "FALSE"
    over = f" AND {_over(at)}" if _knows_embargo(dataset) else ""
    return f"SELECT {selected}, count(*) AS jumlah FROM {_quoted(dataset.name)} WHERE {closed}{over} GROUP BY ALL"


def turning_points(dataset: Dataset, at: datetime) -> str:
    """SELECT of the last instant by `at` at which the clock opened or closed a row, and the next: `since`, `until`.

    Those are the ends of embargoes, and the beginnings and ends of periods of use and of consent. From the one to the
    other nothing changes: `rows` and `excluded` are the same at every instant between. For us only: that an embargo
    will end is itself not public.
    """
    points = [*(["embargo_sampai"] if _knows_embargo(dataset) else []), *pemakaian.turns(dataset.arrow.names)]
    listed = f"unnest([{', '.join(points) or 'NULL::TIMESTAMPTZ'}])"
    sides = f"max(p) FILTER (WHERE p <= {_instant(at)}) AS since, min(p) FILTER (WHERE p > {_instant(at)}) AS until"
    return f"SELECT {sides} FROM (SELECT {listed} AS p FROM {_quoted(dataset.name)})"


def _knows_embargo(dataset: Dataset) -> bool:
    return any(f.name == "embargo_sampai" for f in dataset.fields)


def facts(dataset: Dataset, at: datetime) -> str:
    """SELECT of one row about the public rows, for `read_facts`."""
    present = {f.name for f in columns(dataset)}
    later = "greatest(_diterima_pada, embargo_sampai)" if "embargo_sampai" in present else "_diterima_pada"
    wanted = {
        "rows": "count(*)",
        "licences": _distinct("lisensi", "lisensi", present),
        "classes": _distinct("klasifikasi_informasi", "klasifikasi_informasi", present),
        "provinces": _distinct("left(kode_wilayah, 2)", "kode_wilayah", present),
        "periods": _distinct("periode", "periode", present),
        "first_day": "min(tanggal_kejadian)" if "tanggal_kejadian" in present else "NULL::DATE",
        "last_day": "max(tanggal_kejadian)" if "tanggal_kejadian" in present else "NULL::DATE",
        "issued": "min(_diterima_pada)" if "_diterima_pada" in present else "NULL::TIMESTAMPTZ",
        "modified": f"max({later})" if "_diterima_pada" in present else "NULL::TIMESTAMPTZ",
    }
    return f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in wanted.items())} FROM ({rows(dataset, at)})"


def read_facts(row: Mapping[str, Any]) -> Facts:
    """The row of `facts`, by column name. What rows are about is their day, else their period, else their arrival."""
    issued, modified = (moment and moment.astimezone(UTC) for moment in (row["issued"], row["modified"]))
    days = [day for period in row["periods"] or [] for day in _days(period)]
    days += [day for day in (row["first_day"], row["last_day"]) if day]
    days = days or [moment.date() for moment in (issued, modified) if moment]
    return Facts(
        rows=row["rows"],
        licences=tuple(code for code in LICENCES if code in (row["licences"] or [DEFAULT_LICENCE])),
        provinces=tuple(row["provinces"] or ()),
        begins=min(days, default=None),
        ends=max(days, default=None),
        issued=issued,
        modified=modified,
        classes=tuple(row["classes"] or ()),
    )


def as_of(facts: Facts, at: datetime) -> Facts:
    """Facts about a code list, whose rows have not arrived but hold on the day they are published (ours)."""
    day = at.astimezone(UTC).date()
    return replace(facts, issued=at, modified=at, begins=facts.begins or day, ends=facts.ends or day)


def together(parts: Iterable[Facts]) -> Facts:
    """Facts about all of these at once; what is made over them has no licence but the default."""
    each = list(parts)
    return Facts(
        rows=sum(part.rows for part in each),
        licences=(DEFAULT_LICENCE,),
        provinces=tuple(sorted({code for part in each for code in part.provinces})),
        begins=min((part.begins for part in each if part.begins), default=None),
        ends=max((part.ends for part in each if part.ends), default=None),
        issued=min((part.issued for part in each if part.issued), default=None),
        modified=max((part.modified for part in each if part.modified), default=None),
    )


def _days(period: str) -> tuple[date, date]:
    """First and last day of a reporting period: `2026`, `2026-03`, `2026-S1`, `2026-T4`."""
    year, _, part = period.partition("-")
    months = {"": 12, "S": 6, "T": 3}.get(part[:1], 1)
    first = (int(part.lstrip("ST")) - 1) * months + 1 if part else 1
    last = first + months - 1
    return date(int(year), first, 1), date(int(year), last, monthrange(int(year), last)[1])


def _distinct(sql: str, column: str, present: set[str]) -> str:
    return f"list_sort(list(DISTINCT {sql}))" if column in present else "NULL::VARCHAR[]"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _texts(values: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


def _over(at: datetime) -> str:
    return f"(embargo_sampai IS NULL OR embargo_sampai <= {_instant(at)})"


def _instant(at: datetime) -> str:
    return f"TIMESTAMPTZ '{at.astimezone(UTC).isoformat()}'"
