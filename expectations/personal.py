"""Personal data in what an office wrote, as SQL conditions: found cheaply first, precisely where there is suspicion.

A hit never returns a row. It is said (PERINGATAN), and the row is held: accepted, but not public until a named person
clears it. What the words look like is in `schemas/personal.py`.
"""

from __future__ import annotations

from functools import cache

from schemas import personal
from schemas.dataset import Dataset

CHILD = "SUBJEK_ANAK"
"""A child in a criminal case (UU 11/2012 Art 19): held for good, whoever may say otherwise."""

LABELS = {
    "DATA_PRIBADI_NIK": "[NIK]",
    "DATA_PRIBADI_KK": "[KK]",
    "DATA_PRIBADI_NPWP": "[NPWP]",
    "DATA_PRIBADI_TELEPON": "[TELEPON]",
    "DATA_PRIBADI_SUREL": "[SUREL]",
    "DATA_PRIBADI_PLAT": "[PLAT]",
    "DATA_PRIBADI_REKENING": "[REKENING]",
    "DATA_PRIBADI_NAMA": "[NAMA]",
}
"""Each rule, and what stands in place of its datum in a masked text."""

AROUND, SHOWN = 40, 100
"""Characters of the masked text shown with a hit: before the place, and in all."""


def scanned(dataset: Dataset) -> list[str]:
    """The columns an office can write anything into: free text, and whole numbers, which can be somebody's."""
    return [f.name for f in dataset.office_fields if f.free_text or f.type == "integer"]


def suspicious(text: str) -> str:
    """SQL: may there be personal data in `text`? Never false where `found` finds any."""
    return f"coalesce(regexp_matches({text}, {_literal(personal.QUICK)}), false)"


@cache
def telling() -> str:
    """A pattern that is in every text `found` finds anything in, and in few others.

    `schemas.personal.QUICK` is found in a quarter of all sha256 as well. Left out is what is none: a telephone number
    with an amount of money in its midst, or behind a digit or a letter of a sha256 that ends no word before a number.
    """
    begins = "(?:^|[^0-9a-f]|(?i:wa|juta))(?:0|62)"
    phone = f"(?:\\+62|{begins}){personal.GAP}8[1-9](?:{personal.GAP}[0-9]){{6}}"
    said = "(?i:npwp|kk|kartu[ _\\-]?keluarga|rekening|norek|no[. ]{1,2}rek)"
    number = [personal.nik(), personal.NPWP, said, phone, "\\(0[2-9]", "(?i:tlp|telp|telepon)[^0-9\\n]{0,15}0[2-9]"]
    return "|".join(f"(?:{pattern})" for pattern in (*number, *personal.QUICK_WORDS))


def row_suspicious(dataset: Dataset) -> str:
    """SQL over the columns `x_…`: may there be personal data anywhere in the row?"""
    columns = ", ".join(f'"x_{name}"' for name in scanned(dataset))
    return f"regexp_matches(concat_ws('\x1f', {columns}), {_literal(telling())})" if columns else "false"


@cache
def found() -> dict[str, str]:
    """SQL for each rule: is there such a datum in `teks`? Reads `berangka` and `beralamat` of `_sifted` too.

    What a pattern finds is looked at again without what is known to look alike: amounts of money, dates, ranks.
    """
    no_amounts = _without("teks", personal.AMOUNT)
    named = f"regexp_replace(teks, {_literal(personal.no_name())}, '\\1#', 'g')"
    landline = _any(_without("teks", personal.OFFICE_LANDLINE), personal.LANDLINE, personal.LANDLINE_SAID)
    return {
        "DATA_PRIBADI_NIK": _where("berangka", _any(_without("teks", personal.kk()), personal.nik())),
        "DATA_PRIBADI_KK": _where("berangka", _any("teks", personal.kk())),
        "DATA_PRIBADI_NPWP": _where("berangka", _any("teks", personal.NPWP, personal.NPWP_SAID)),
        "DATA_PRIBADI_TELEPON": _where("berangka", f"{_any(no_amounts, personal.PHONE)} OR {landline}"),
        "DATA_PRIBADI_SUREL": _where(
            "beralamat", _any(_without("teks", personal.OFFICE_EMAIL), personal.EMAIL, personal.EMAIL_SPELT)
        ),
        "DATA_PRIBADI_PLAT": _twice("teks", _without("teks", personal.NOT_PLATES), personal.PLATE, personal.PLATE_SAID),
        "DATA_PRIBADI_REKENING": _where("berangka", _any(_without(no_amounts, personal.DATE), personal.ACCOUNT)),
        "DATA_PRIBADI_NAMA": f"{_any('teks', personal.NAME_KNOWN)} OR {_twice('teks', named, *personal.NAMES)}",
    }


def hits(source: str, keys: str) -> str:
    """SELECT `keys`, `kode`, `nilai` of every hit in column `teks` of relation `source`; `nilai` shows it masked."""
    listed = ", ".join(f"CASE WHEN {sql} THEN '{kode}' END" for kode, sql in found().items())
    label = " ".join(f"WHEN '{kode}' THEN '{label}'" for kode, label in LABELS.items())
    each = f"SELECT {keys}, teks, unnest([{listed}]) AS kode FROM ({_sifted(source, keys)})"
    clean = f"SELECT {keys}, kode, {masked('teks')} AS bersih FROM ({each}) WHERE kode IS NOT NULL"
    start = f"greatest(1, strpos(bersih, CASE kode {label} END) - {AROUND})"
    return f"SELECT {keys}, kode, substring(bersih, {start}, {SHOWN}) AS nilai FROM ({clean})"


def row_hits(dataset: Dataset, source: str) -> str:
    """SELECT `_n`, `kolom`, `kode`, `nilai` of every hit in the rows of relation `source` (`_n` and the `x_…`)."""
    columns = scanned(dataset)
    names, texts = (", ".join(f"{a}{name}{b}" for name in columns) for a, b in (("'", "'"), ('"x_', '"')))
    long = f"SELECT _n, unnest([{names}]::VARCHAR[]) AS kolom, unnest([{texts}]::VARCHAR[]) AS teks FROM {source}"
    return hits(f"({long})", "_n, kolom")


def masked(text: str) -> str:
    """SQL for `text` with personal data blotted out: what `schemas.personal.masked` does."""
    blotted = text
    for pattern, instead in personal.blots():
        blotted = f"regexp_replace({blotted}, {_literal(pattern)}, {_literal(instead)}, 'g')"
    return f"CASE WHEN {suspicious(text)} THEN {blotted} ELSE {text} END"


def _sifted(source: str, keys: str) -> str:
    kinds = f"{_any('teks', personal.DIGITS)} AS berangka, {_any('teks', personal.AT)} AS beralamat"
    return f"SELECT {keys}, teks, {kinds} FROM {source} WHERE {suspicious('teks')}"


def _any(text: str, *patterns: str) -> str:
    joined = "|".join(f"(?:{pattern})" for pattern in patterns)
    return f"regexp_matches({text}, {_literal(joined)})"


def _where(cheap: str, dear: str) -> str:
    return f"CASE WHEN {cheap} THEN {dear} ELSE false END"


def _twice(text: str, again: str, *patterns: str) -> str:
    return _where(_any(text, *patterns), _any(again, *patterns))


def _without(text: str, pattern: str) -> str:
    return f"regexp_replace({text}, {_literal(pattern)}, ' ', 'g')"


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
