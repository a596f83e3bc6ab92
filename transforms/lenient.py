"""SQL (DuckDB) that reads what offices write: text → typed value, NULL where the text means nothing or two things.

Each function takes an SQL expression of type VARCHAR and returns an SQL expression. Clean text is settled by a cast;
the dear patterns run only on what the cast could not read (COALESCE and CASE evaluate a branch only where needed).
"""

from collections.abc import Iterable
from typing import Literal

Point = Literal[",", "."] | None

_MONTHS = {
    "jan(?:uari|uary)?": 1,
    "[fp]eb(?:ruari|ruary)?": 2,
    "mar(?:et|ch)?": 3,
    "apr(?:il)?": 4,
    "mei|may": 5,
    "jun[ie]?": 6,
    "jul[iy]?": 7,
    "agu(?:stus)?|agt|ags|aug(?:ust)?": 8,
    "sept?(?:ember)?": 9,
    "o[kc]t(?:ober)?": 10,
    "no[vp](?:ember)?": 11,
    "d[ei][sc](?:ember)?": 12,
}
_MONTH = f"({'|'.join(_MONTHS)})\\.?"
# fmt: off
_FIRST_LETTERS = {
    "jan": 1, "feb": 2, "peb": 2, "mar": 3, "apr": 4, "mei": 5, "may": 5, "jun": 6, "jul": 7, "agu": 8, "agt": 8,
    "ags": 8, "aug": 8, "sep": 9, "okt": 10, "oct": 10, "nov": 11, "nop": 11, "des": 12, "dec": 12, "dis": 12,
}
# fmt: on
_ORDINALS = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "1": 1, "2": 2, "3": 3, "4": 4}
_WEEKDAY = "(?:(?:senin|selasa|rabu|kamis|jum.?at|sabtu|minggu|ahad) ?[,/]? ?)?"
_CLOCK = r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}(?:[.,]\d{1,6})?))?"
_ZONE = r"wita|wib|wit|utc|z|[+-]\d{2}(?::?\d{2})?"
_ZONES = {"wib": "+07:00", "wita": "+08:00", "wit": "+09:00", "utc": "+00:00", "z": "+00:00"}
_YEAR = r"(?:19|20)\d{2}"
_SERIAL = r"[2-7]\d{4}"  # days since 1899-12-30 as Excel counts them: 1954 to 2118
_UNCLEAR = r"\s*[+-]?[1-9]\d{0,2}\.\d{3}\s*"
_PERIODE = r"\d{4}(?:-(?:0[1-9]|1[0-2]|S[12]|T[1-4]))?"


def number(col: str, decimal: Point = None) -> str:
    """DOUBLE from `1.234,56`, `1,234.56`, `1 234,5`, `Rp 1.000,00`, `12,5`, `2014.0`.

    `decimal` settles texts such as `1.234`, which may be a thousand or one and a bit: with "," the point separates
    thousands, with "." the comma does; by default such a text is NULL, that is, reported instead of guessed.
    """
    cases = [
        (r"[+-]?[1-9]\d{0,2}\.\d{3}", {",": _without("t", "."), ".": "t", None: "NULL"}[decimal]),
        (r"[+-]?[1-9]\d{0,2},\d{3}", {",": _with_point("t"), ".": _without("t", ","), None: "NULL"}[decimal]),
        (r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?|[+-]?\d+,\d+", _with_point("t")),
        (r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", _without("t", ",")),
        (r"[+-]?\d{1,3}(?: \d{3})+(?:,\d+)?", _with_point(_without("t", " "))),
        (r"[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?", "t"),
    ]
    plain = f"try_cast({col} AS DOUBLE)"
    unclear = "" if decimal == "." else f"OR contains({col}, '.') AND {_is(col, _UNCLEAR)}"
    # The cast alone would also read 1_000, nan and infinity.
    cheap = f"CASE WHEN contains({col}, '_') {unclear} THEN NULL WHEN isfinite({plain}) THEN {plain} END"
    read = _case((pattern, f"try_cast({value} AS DOUBLE)") for pattern, value in cases)
    return f"coalesce({cheap}, {_let(_amount(col), read)})"


def integer(col: str, decimal: Point = ",") -> str:
    """BIGINT from `1.234` (Indonesian thousands unless `decimal` is "."), `2014.0`, `15,00`, `Rp 1.000`.

    With `decimal=None` a text that may be thousands or a fraction is NULL. So is a fraction other than zeros.
    """
    whole_point, whole_comma = (f"CASE WHEN t LIKE '%{p}000' THEN split_part(t, '{p}', 1) END" for p in ".,")
    cases = [
        (r"[+-]?[1-9]\d{0,2}\.\d{3}", {",": _without("t", "."), ".": whole_point, None: "NULL"}[decimal]),
        (r"[+-]?[1-9]\d{0,2},\d{3}", {",": whole_comma, ".": _without("t", ","), None: "NULL"}[decimal]),
        (r"[+-]?\d{1,3}(?:\.\d{3})+(?:,0+)?", f"split_part({_without('t', '.')}, ',', 1)"),
        (r"[+-]?\d{1,3}(?:,\d{3})+(?:\.0+)?", f"split_part({_without('t', ',')}, '.', 1)"),
        (r"[+-]?\d{1,3}(?: \d{3})+", _without("t", " ")),
        (r"[+-]?\d+[.,]0*", "regexp_extract(t, '^[+-]?[0-9]+')"),
        (r"[+-]?\d+", "t"),
    ]
    # Casting anything else would round 12.5 and read 0x1F, 1e5 and 1_000.
    cheap = f"CASE WHEN {_is(col, '-?[0-9]+')} THEN try_cast({col} AS BIGINT) END"
    read = _case((pattern, f"try_cast({value} AS BIGINT)") for pattern, value in cases)
    return f"coalesce({cheap}, {_let(_amount(col), read)})"


def date(col: str) -> str:
    """DATE from ISO, `31/12/2024` (day first), `31-12-2024`, `Senin, 31 Desember 2024`, `20241231`, Excel serials."""
    cheap = f"CASE WHEN length({col}) = 10 AND {col} LIKE '____-%' THEN try_cast({col} AS DATE) END"
    return f"coalesce({cheap}, {_let(_tidy(col), _day('t'))})"


def instant(col: str, zone: str | None = None) -> str:
    """TIMESTAMPTZ from ISO 8601, `31 Desember 2024 pukul 10.30 WIB`, `31/12/2024 10:30`, Excel serials with a fraction.

    `zone` is an SQL expression giving the offset (`'+08:00'`) of a text that carries none; without it that is NULL. A
    bare day is no instant.
    """
    whole = rf"(.*?),?[t ](?:(?:pukul|jam|pkl\.?) )?{_CLOCK} ?({_ZONE})?"
    parts = f"regexp_extract(t, '^{whole}$', ['hari', 'jam', 'menit', 'detik', 'zona'])"
    named = " ".join(f"WHEN '{name}' THEN '{offset}'" for name, offset in _ZONES.items())
    offset = f"CASE p.zona WHEN '' THEN {zone or 'NULL'} {named} ELSE p.zona END"
    clock = "p.jam || ':' || p.menit || ':' || coalesce(nullif(replace(p.detik, ',', '.'), ''), '00')"
    spoken = f"try_cast(CAST({_let('p.hari', _day('d'), 'd')} AS VARCHAR) || ' ' || {clock} || {offset} AS TIMESTAMPTZ)"
    serial = "strftime(TIMESTAMP '1899-12-30' + to_seconds(round(CAST(t AS DOUBLE) * 86400)), '%Y-%m-%d %H:%M:%S')"
    cases = [
        (whole, _let(parts, spoken, "p")),
        (rf"{_SERIAL}\.\d+", f"try_cast({serial} || {zone or 'NULL'} AS TIMESTAMPTZ)"),
    ]
    looks_iso = f"length({col}) >= 16 AND {col} LIKE '____-__-_____:%'"
    zoned = f"(ends_with({col}, 'Z') OR substr({col}, -6, 1) IN ('+', '-'))"
    # A zone that `zoned` overlooks (`+0700`, `WIB`) makes the second cast fail, not lie: two offsets are no instant.
    cheap = f"CASE WHEN {looks_iso} THEN CASE WHEN {zoned} THEN try_cast({col} AS TIMESTAMPTZ)"
    cheap += f" ELSE try_cast({col} || {zone} AS TIMESTAMPTZ) END END" if zone else " END END"
    return f"coalesce({cheap}, {_let(_tidy(col), _case(cases))})"


def boolean(col: str) -> str:
    """BOOLEAN from ya/tidak, true/false, benar/salah, ada/tidak ada, yes/no, 1/0. `t` is NULL: true or tidak?"""
    yes = "'true', '1', '1.0', 'ya', 'y', 'iya', 'benar', 'betul', 'ada', 'yes'"
    no = "'false', '0', '0.0', 'tidak', 'tdk', 'bukan', 'salah', 'tidak ada', 'n', 'no'"
    read = f"CASE WHEN t IN ({yes}) THEN true WHEN t IN ({no}) THEN false END"
    return f"CASE {col} WHEN 'true' THEN true WHEN 'false' THEN false ELSE {_let(_tidy(col), read)} END"


def periode(col: str) -> str:
    """VARCHAR `2025`, `2025-03`, `2025-S1` or `2025-T4` from these and `202503`, `Maret 2025`, `Triwulan IV 2025` ….

    The first day of a month is read as the month: that is what a spreadsheet makes of `Mar-25`.
    """
    year, gap = f"({_YEAR})", "[-/., ]*(?:tahun|thn)?[-/., ]*"
    month = "(0?[1-9]|1[0-2])"
    ordinal = r"[-. ]*(?:ke)?[-. ]*(iv|i{1,3}|[1-4])"
    cases = [
        (f"(?:tahun |thn )?{year}(?:[.]0+)?", _periode(year, year, "")),
        (f"{year}-(0[1-9]|1[0-2])-01(?:[t ]00:00(?::00)?)?", _periode_month(f"{year}-(..).*", 1, 2)),
        (f"{year}[-/. ]{month}|{year}(?:0[1-9]|1[0-2])", _periode_month(f"{year}[-/. ]?([0-9]+)", 1, 2)),
        (f"{month}[-/. ]{year}", _periode_month(f"([0-9]+)[-/. ]{year}", 2, 1)),
        (f"(?:bulan )?{_MONTH}{gap}{year}", _periode_name(f"(?:bulan )?{_MONTH}{gap}{year}", 2, 1)),
        (f"{year}[-/., ]*{_MONTH}", _periode_name(f"{year}[-/., ]*{_MONTH}", 1, 2)),
    ]
    for letter, words, limit in (("S", "semester|smt|sem|s", 2), ("T", "triwulan|tri|tw|kuartal|quarter|q|t", 4)):
        for pattern, at_year, at_part in (
            (f"(?:{words}){ordinal}{gap}{year}", 2, 1),
            (f"{year}[-/., ]*(?:{words}){ordinal}", 1, 2),
        ):
            cases.append((pattern, _periode_part(pattern, at_year, at_part, letter, limit)))
    return f"CASE WHEN {_is(col, _PERIODE)} THEN {col} ELSE {_let(_tidy(col), _case(cases))} END"


def _day(t: str) -> str:
    """SQL for the DATE that tidy text `t` names."""
    iso = r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[t ]00:00(?::00(?:\.0+)?)?)?"
    day_first = r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?: 00:00(?::00)?)?"
    spoken = rf"{_WEEKDAY}\d{{1,2}}[-/. ]*{_MONTH}[-/., ]*\d{{4}}"
    month = _month(f"regexp_extract({t}, '[0-9][-/. ]*([a-z]{{3}})', 1)")
    compact = rf"({_YEAR})(\d{{2}})(\d{{2}})"
    return _case(
        [
            (day_first, f"try_cast({_rewrite(t, day_first, 3, 2, 1)} AS DATE)"),
            (iso, f"try_cast({_rewrite(t, iso, 1, 2, 3)} AS DATE)"),
            (spoken, f"try_cast(right({t}, 4) || '-' || {month} || '-' || regexp_extract({t}, '[0-9]+') AS DATE)"),
            (compact, f"try_cast({_rewrite(t, compact, 1, 2, 3)} AS DATE)"),
            (rf"{_SERIAL}(?:\.0+)?", f"DATE '1899-12-30' + CAST(CAST({t} AS DOUBLE) AS INTEGER)"),
        ],
        t,
    )  # fmt: skip


def _periode(pattern: str, year: str, tail: str) -> str:
    return f"regexp_extract(t, '{pattern}'){tail and ' || ' + tail}"


def _periode_month(pattern: str, at_year: int, at_month: int) -> str:
    return f"{_take('t', pattern, at_year)} || '-' || lpad({_take('t', pattern, at_month)}, 2, '0')"


def _periode_name(pattern: str, at_year: int, at_month: int) -> str:
    month = f"CAST({_month(_take('t', pattern, at_month))} AS VARCHAR)"
    return f"{_take('t', pattern, at_year)} || '-' || lpad({month}, 2, '0')"


def _periode_part(pattern: str, at_year: int, at_part: int, letter: str, limit: int) -> str:
    known = {word: at for word, at in _ORDINALS.items() if at <= limit}
    return f"{_take('t', pattern, at_year)} || '-{letter}' || {_lookup(known, _take('t', pattern, at_part))}"


def _month(text: str) -> str:
    return _lookup(_FIRST_LETTERS, f"left({text}, 3)")


def _lookup(table: dict[str, int], key: str) -> str:
    """The value of a small table; unlike CASE it evaluates `key` once."""
    return f"{list(table.values())}[list_position({list(table)}, {key})]"


def _tidy(col: str) -> str:
    """Lower case, runs of blanks (no-break ones too) as one, none at the ends."""
    return rf"trim(regexp_replace(lower({col}), '[\s\x{{00A0}}\x{{202F}}]+', ' ', 'g'))"


def _amount(col: str) -> str:
    """Tidy text without a currency sign or the `,-` that closes rupiah; `Rp 1.000` is made clear as `1.000,0`."""
    # chr(8722): the minus sign that word processors write
    closed = rf"regexp_replace(replace({_tidy(col)}, chr(8722), '-'), '[,.]-+$', '')"
    clear = rf"regexp_replace({closed}, '^([+-]?)(?:rp|idr)\.? ?([\d.]+)$', '\1\2,0')"
    return rf"regexp_replace({clear}, '^([+-]?)(?:rp|idr)\.? ?', '\1')"


def _let(value: str, body: str, name: str = "t") -> str:
    """`body` with `name` standing for `value`, which is evaluated once."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"


def _case(cases: Iterable[tuple[str, str]], t: str = "t") -> str:
    return "CASE " + " ".join(f"WHEN {_is(t, pattern)} THEN {value}" for pattern, value in cases) + " END"


def _is(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, '{pattern}')"


def _take(text: str, pattern: str, group: int) -> str:
    return f"regexp_extract({text}, '^(?:{pattern})$', {group})"


def _rewrite(text: str, pattern: str, *groups: int) -> str:
    order = "-".join(rf"\{group}" for group in groups)
    return f"regexp_replace({text}, '^(?:{pattern})$', '{order}')"


def _without(text: str, sign: str) -> str:
    return f"replace({text}, '{sign}', '')"


def _with_point(text: str) -> str:
    """Indonesian to SQL: no thousands, a point for the decimals."""
    return f"replace(replace({text}, '.', ''), ',', '.')"
