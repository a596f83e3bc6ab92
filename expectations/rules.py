"""A standard → its row rules, as SQL conditions that one DuckDB pass evaluates for every row at once.

Each rule is one bit of a mask (`_m0`, `_m1`, … of 62 bits each), so a row keeps *all* its faults at the price of one
integer; names and sentences are looked up only for rows that have any. Conditions read the columns of
`transforms/shape.py`: `x_<column>` (text as sent), `<column>` (typed), `r_<column>` (the code found), `f_…` (facts).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from expectations.conflicts import conflicts
from schemas import daftar_data
from schemas.dataset import Dataset, Field
from schemas.messages import messages

HERE = Path(__file__).parent
BITS = 62

FILE_FAULTS = (
    "BERKAS_KOSONG",
    "BERKAS_BERUBAH",
    "BERKAS_RUSAK",
    "BERKAS_TERLALU_BESAR",
    "BERKAS_MACET",
    "TIPE_TIDAK_DIDUKUNG",
)
"""What examining a media file can find wrong with it; relation `fakta` carries the code in `galat`."""

_KINDS = {"foto": ("image/", "foto"), "video": ("video/", "video"), "audio": ("audio/", "audio")}
_PERIODS = {
    "BULANAN": (("0", "1"), "2026-10"),
    "TRIWULANAN": (("T",), "2026-T3"),
    "SEMESTERAN": (("S",), "2026-S1"),
    "TAHUNAN": (("",), "2026"),
}
"""Frequency → what may stand after the year and its dash, and an example."""

_TYPES = {
    "integer": "bilangan bulat",
    "number": "bilangan (koma desimal atau titik desimal)",
    "boolean": "ya atau tidak",
    "date": "tanggal, misalnya 2026-11-20 atau 20 November 2026",
    "datetime": "tanggal dan jam dengan zona, misalnya 2026-11-20T07:40:00+07:00",
}


@dataclass(frozen=True)
class Rule:
    """One way a row can be wrong. `sql` is true where it is broken; NULL counts as not broken."""

    kode: str
    kolom: str
    sql: str
    batas: str = ""

    @property
    def returns(self) -> bool:
        """Whether a row that breaks it goes back to the office."""
        return messages()[self.kode].tingkat == "GALAT"


@cache
def rules(dataset: Dataset) -> tuple[Rule, ...]:
    """Every row rule of a standard, in column order, then the file rules, then the rules of its `.sql`."""
    found: list[Rule] = []
    for f in dataset.office_fields:
        found.extend(_column_rules(f))
    if dataset.period:
        found.extend(_period_rules(dataset, dataset.field(dataset.period)))
    if dataset.of_media:
        found.extend(_file_rules(dataset))
    found.extend(_written_rules(dataset))
    return tuple(found)


def written(dataset: Dataset) -> str:
    """The standard's own rules across fields: SQL over relation `baris`, adding one boolean per rule.

    The file is one `SELECT *, <condition> AS "RULE:column" … FROM baris`; without a file nothing is added.
    """
    path = HERE / f"{dataset.name}.sql"
    return path.read_text("utf-8") if path.exists() else "SELECT * FROM baris"


def masks(dataset: Dataset) -> list[str]:
    """SQL for each mask column, `_m0`, `_m1`, …"""
    words: list[list[str]] = []
    for at, rule in enumerate(rules(dataset)):
        if at % BITS == 0:
            words.append([])
        words[-1].append(f"CASE WHEN {rule.sql} THEN {1 << at % BITS} ELSE 0 END")
    return [f"CAST({' + '.join(bits)} AS BIGINT) AS _m{n}" for n, bits in enumerate(words)]


def returned(dataset: Dataset) -> str:
    """SQL over the masks: does this row go back?"""
    words = [0] * max(1, -(-len(rules(dataset)) // BITS))
    for at, rule in enumerate(rules(dataset)):
        if rule.returns:
            words[at // BITS] |= 1 << at % BITS
    return "(" + " OR ".join(f"(_m{n} & {word}) <> 0" for n, word in enumerate(words)) + ")"


def flagged(dataset: Dataset) -> str:
    """SQL over the masks: is there anything to say about this row?"""
    return "(" + " OR ".join(f"_m{n} <> 0" for n in range(max(1, -(-len(rules(dataset)) // BITS)))) + ")"


def of_files(dataset: Dataset) -> Iterator[str]:
    """SQL adding to `temuan` what is to be said of whole files, out of `isi_berkas`, `pengirim` and what is there.

    `isi_berkas` has what each file says in the columns of its period and its regions, once or more often, and whether
    such a row was accepted (`diterima`).
    """
    if dataset.period:
        yield _late(dataset.period)
        yield _unfinished(dataset.period)
    for f in dataset.office_fields:
        if f.reference == "wilayah":
            yield _of_bps(f)
    if dataset.of_media:
        yield from conflicts(dataset)


def _late(period: str) -> str:
    """P6: periods handed in after the list's due day. A correction comes when it comes: only a first one is late."""
    p = f'"{period}"'
    return _of_periods(period, "TERLAMBAT", f"{_end(p)} + daftar[left({p}, 4)]", "hari_terima > batas AND NOT ulang")


def _unfinished(period: str) -> str:
    """P6: periods handed in before they were over."""
    return _of_periods(period, "PERIODE_BELUM_SELESAI", _end(f'"{period}"'), "hari_terima <= batas")


def _of_periods(period: str, kode: str, batas: str, when: str) -> str:
    """A finding for each file and period of its accepted rows `when` the day of arrival and the day `batas` say so."""
    p = f'"{period}"'
    return (
        f"INSERT INTO temuan SELECT _kiriman, '{kode}', _berkas, NULL, NULL, '{period}', {p}, CAST(batas AS VARCHAR)"
        f" FROM (SELECT *, {batas} AS batas FROM"
        f" (SELECT DISTINCT _kiriman, _berkas, {p} FROM isi_berkas WHERE diterima AND {p} IS NOT NULL)"
        f" JOIN pengirim USING (_kiriman)) WHERE {when}"
    )


def _begin(p: str) -> str:
    """SQL for the first day of a period."""
    return f"make_date(left({p}, 4)::INTEGER, {_month(p, year='1', half='- 5', quarter='- 2')}, 1)"


def _end(p: str) -> str:
    """SQL for the last day of a period."""
    return f"last_day(make_date(left({p}, 4)::INTEGER, {_month(p, year='12', half='', quarter='')}, 1))"


def _month(p: str, *, year: str, half: str, quarter: str) -> str:
    """SQL for a month of a period: of a year that one, of a half or a quarter so many from its last."""
    nth = f"right({p}, 1)::INTEGER"
    return (
        f"CASE substr({p}, 6, 1) WHEN '' THEN {year} WHEN 'S' THEN 6 * {nth} {half} WHEN 'T' THEN 3 * {nth} {quarter}"
        f" ELSE right({p}, 2)::INTEGER END"
    )


def _of_bps(f: Field) -> str:
    """P5: files whose region codes are all without dots seem to be written in BPS's codes, and are told so once."""
    code = f'"{f.name}"'
    return (
        f"INSERT INTO temuan SELECT _kiriman, 'TABEL_BERKODE_BPS', _berkas, NULL, NULL, '{f.name}',"
        f" string_agg(DISTINCT {code}, ', ' ORDER BY {code}), {_literal(f.example)} FROM isi_berkas"
        f" WHERE {code} IS NOT NULL AND (_kiriman, _berkas) IN (SELECT (kiriman, berkas) FROM temuan"
        f" WHERE kode = 'KODE_WILAYAH_TANPA_OTORITAS') GROUP BY _kiriman, _berkas HAVING count(DISTINCT {code}) > 1"
        f" AND bool_and(regexp_full_match({code}, '[1-9][0-9]{{3,9}}'))"
    )


def _column_rules(f: Field) -> Iterator[Rule]:
    x, typed, c = f'"x_{f.name}"', f'"{f.name}"', f.constraints
    about = f.example or ", ".join(f.codes) or f.definisi or f.title
    if c.required:
        yield Rule("WAJIB_DIISI", f.name, f"{x} IS NULL", about)
    if f.required_when:
        yield Rule("WAJIB_DIISI", f.name, f"{x} IS NULL AND ({f.required_when})", about)
    if f.codes:
        yield Rule("KODE_DI_LUAR_DAFTAR", f.name, f"{x} IS NOT NULL AND {typed} IS NULL", ", ".join(f.codes))
    elif f.format == "periode":
        yield Rule("TIPE_SALAH", f.name, f"{x} IS NOT NULL AND {typed} IS NULL", f"periode, misalnya {f.example}")
    elif f.type in _TYPES:
        yield Rule("TIPE_SALAH", f.name, f"{x} IS NOT NULL AND {typed} IS NULL", _TYPES[f.type])
    if f.reference == "wilayah":
        yield from _region_rules(f)
    elif f.reference:
        yield Rule("KODE_TIDAK_DIKENAL", f.name, f'{x} IS NOT NULL AND "r_{f.name}" IS NULL', f.reference)
    elif c.pattern and f.format != "periode":
        good = f.example or c.pattern
        yield Rule("POLA_SALAH", f.name, f"NOT regexp_full_match({typed}, {_literal(c.pattern)})", good)
    if f.name == "kode_satker":
        within = f"starts_with({typed}, satker || '.')"
        yield Rule("SATKER_DI_LUAR_WEWENANG", f.name, f"{typed} <> satker AND NOT {within}")
    if c.minimum is not None:
        yield Rule("DI_BAWAH_BATAS", f.name, f"{typed} < {c.minimum}", f"{c.minimum:g}")
    if c.maximum is not None:
        yield Rule("DI_ATAS_BATAS", f.name, f"{typed} > {c.maximum}", f"{c.maximum:g}")
    if c.minLength is not None:
        yield Rule("TERLALU_PENDEK", f.name, f"length({x}) < {c.minLength}", str(c.minLength))
    if c.maxLength is not None:
        yield Rule("TERLALU_PANJANG", f.name, f"length({x}) > {c.maxLength}", str(c.maxLength))
    if f.not_after:
        yield Rule("SESUDAH_DITERIMA", f.name, f"{typed} > {f.not_after}")


def _period_rules(dataset: Dataset, f: Field) -> Iterator[Rule]:
    """P0 and P6: whether the list of data asks for such a period of this satker, and whether it has begun there."""
    p = f'"{f.name}"'
    if dataset.frequency in _PERIODS:
        signs, example = _PERIODS[dataset.frequency]
        other = f"substr({p}, 6, 1) NOT IN ({', '.join(map(_literal, signs))})"
        yield Rule("FREKUENSI_SALAH", f.name, other, f"{dataset.frequency}, misalnya {example}")
    elif f.constraints.pattern:
        yield Rule("POLA_SALAH", f.name, f"NOT regexp_full_match({p}, {_literal(f.constraints.pattern)})", f.example)
    listed = daftar_data.years(dataset.name)
    yield Rule("DI_LUAR_DAFTAR_DATA", f.name, f"{p} IS NOT NULL AND daftar[left({p}, 4)] IS NULL", listed)
    yield Rule("PERIODE_BELUM_MULAI", f.name, f"{_begin(p)} > hari_terima")


def _region_rules(f: Field) -> Iterator[Rule]:
    """A region code is (authority, vintage, code): four digits without dots may be two different places."""
    x, pattern = f'"x_{f.name}"', _literal(f.constraints.pattern or "")
    bare = f"regexp_full_match({x}, '[0-9]{{4,10}}')"
    shaped = f"regexp_full_match({x}, {pattern})"
    yield Rule("KODE_WILAYAH_TANPA_OTORITAS", f.name, bare)
    yield Rule("POLA_SALAH", f.name, f"NOT {shaped} AND NOT {bare}", f.example)
    yield Rule("KODE_TIDAK_DIKENAL", f.name, f'{shaped} AND "r_{f.name}" IS NULL', f"{f.reference}, {f.klasifikasi}")
    yield Rule("KODE_LAMA", f.name, f'"l_{f.name}" IS NOT NULL', "kode pengganti menurut vintage 2025-2430")


def _file_rules(dataset: Dataset) -> Iterator[Rule]:
    start, kind = _KINDS[dataset.kind]
    outside = "(starts_with(x_berkas, '/') OR contains(x_berkas, '..') OR contains(x_berkas, chr(92)))"
    yield Rule("JALUR_BERKAS", "berkas", f"f_berkas IS NULL AND {outside}")
    yield Rule("BERKAS_TIDAK_ADA", "berkas", f"x_berkas IS NOT NULL AND f_berkas IS NULL AND NOT {outside}")
    for kode in FILE_FAULTS:
        yield Rule(kode, "berkas", f"f_galat = '{kode}'", kind)
    wrong = f"f_galat IS NULL AND f_tipe_media IS NOT NULL AND NOT starts_with(f_tipe_media, '{start}')"
    yield Rule("TIPE_TIDAK_COCOK", "berkas", wrong, kind)
    yield Rule("GPS_TERTANAM", "berkas", "f_ada_gps")
    names = {f.name for f in dataset.fields}
    if {"dipakai_mulai", "dipakai_sampai"} <= names:
        yield Rule("MASA_PAKAI_TERBALIK", "dipakai_sampai", "dipakai_sampai < dipakai_mulai")
    if {"persetujuan", "anak_terlihat", "nomor_persetujuan_wali"} <= names:
        lacking = "persetujuan IN ('TIDAK_ADA', 'DITARIK') OR (anak_terlihat AND nomor_persetujuan_wali IS NULL)"
        yield Rule("PERSETUJUAN_KURANG", "persetujuan", lacking)
    if "daerah_kabur" in names:
        part = [f"TRY_CAST(string_split(d, ',')[{n}] AS DOUBLE)" for n in (1, 2, 3, 4)]
        nothing = f"{part[0]} >= 100 OR {part[1]} >= 100 OR {part[2]} = 0 OR {part[3]} = 0"
        regions = f"[d FOR d IN string_split(daerah_kabur, ';') IF {nothing}]"
        yield Rule("DAERAH_KABUR_DI_LUAR", "daerah_kabur", f"len({regions}) > 0")


def _written_rules(dataset: Dataset) -> Iterator[Rule]:
    for name in _rule_names(written(dataset)):
        kode, _, kolom = name.partition(":")
        yield Rule(kode, kolom, f'"{name}"')


def _rule_names(sql: str) -> list[str]:
    """The `"RULE:column"` names a rule file gives its conditions, in order."""
    return [part for part in sql.split('"')[1::2] if part.partition(":")[0] in messages()]


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
