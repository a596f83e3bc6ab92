"""What personal data look like in running text, and how they are blotted out wherever a value is repeated.

Regular expressions that mean the same to RE2 (DuckDB) and to Python: no look-around. Where a pattern has a group 1, it
is what stands before and stays; the rest is the datum. Sources: the NIK rules of Permendagri as public implementations
read them, UU 27/2022 Art 4(3), UU 11/2012 Art 19.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from schemas import reference

_GAPS = " ._\\-\u00a0\u200b\u2011\u2013"
SEP = f"[{_GAPS}]{{0,2}}"
"""What people put between the parts of a number, typed or pasted from a word processor."""

OLD_PROVINCES = ("54",)
"""Provinces no list of ours has any more, while the numbers given out there live on: Timor Timur."""

AREAS = (
    "A|AA|AB|AD|AE|AG|B|BA|BB|BD|BE|BG|BH|BK|BL|BM|BN|BP|D|DA|DB|DC|DD|DE|DG|DH|DK|DL|DM|DN|DP|DR|DS|DT|DW|E|EA|EB|ED"
    "|F|G|H|K|KB|KH|KT|KU|L|M|N|P|PA|PB|PG|R|S|T|W|Z"
)
"""First letters of vehicle plates (Perkap 5/2012, from memory)."""

ROLES = "korban|saksi|anak|pelapor|terlapor|tersangka|pelaku|inisial|berinisial"
NOT_NAMES = (
    "polri|polres\\w*|polda|polsek|kapol\\w+|kasat|kepala|kepolisian|bhabin\\w*|tni|desa|kelurahan|kecamatan|kabupaten"
    "|kota|provinsi|jalan|jl|sungai|gunung|krakatau|sekolah|sd|smp|sma|smk|rumah|panti|pancasila|bangsa|indonesia"
    "|negeri|negara|yatim|piatu|kasus|perkara|tindak|kekerasan|pencurian|penipuan|pembunuhan|penganiayaan|kecelakaan"
    "|laka|bencana|banjir|gempa|longsor|tanah|kebakaran|tsunami|erupsi|angin|ahli|mata|kunci|bisu|mahkota|muda|usia"
    "|usaha|buah|perusahaan|komisi|lembaga|dinas|kementerian|pt|cv|pasal|undang|senin|selasa|rabu|kamis|jumat|sabtu"
    "|minggu|januari|februari|maret|april|mei|juni|juli|agustus|september|oktober|november|desember"
)
"""Words in capitals after a role that begin no name: offices, places, deeds, days."""

_WORD = "(?:[A-Z][a-z'\u2019]+|[A-Z]{3,}|M\\.|Moh\\.|Muh\\.)"
_NAME = f"{_WORD}(?:\\s(?:bin\\s|binti\\s|[A-Z]\\.?\\s)?{_WORD})+"
_POLITE = "(?:(?i:sdri?|saudarai?|saudari|bapak|ibu|bpk|almh?|almarhum(?:ah)?|tn|ny|drs?|hj?)\\.?\\s+)*"
_SAID = (
    "(?:\\s*[:,(]\\s*|\\s+)(?:(?i:bernama|atas nama|a\\.n\\.|an\\.|yakni|yaitu|adalah|perempuan|laki-laki|inisial"
    "|berinisial)\\s*[:,]?\\s*)?"
)
NAME_PROSE = f"((?:^|[^A-Za-z])(?:{ROLES}){_SAID}{_POLITE}){_NAME}"
NAME_LABEL = f"((?:^|[^A-Za-z])(?i:{ROLES})\\s*:\\s*{_POLITE}){_NAME}"
_FIRST = "|".join(role.title() for role in ROLES.split("|"))
NAME_FIRST = f"((?:^|[.!?:\\n]\\s*)(?:{_FIRST}){_SAID}{_POLITE}){_NAME}(?:,|\\s*\\(|\\s+[a-z])"
"""A sentence that begins with the role; a headline in capitals throughout does not go on in small letters."""

EMAIL = "[A-Za-z0-9][A-Za-z0-9._%+\\-]*@[A-Za-z0-9\\-]+(?:\\.[A-Za-z0-9\\-]+)*\\.[A-Za-z]{2,}"
_AS_PHONE = "(?:^|[^0-9A-Za-z.,]|[^0-9][.,]|(?i:wa|hp|tlp|telp|telepon|no|nomor)[ .:]{0,2})"
GAP = f"[{_GAPS}()]{{0,2}}"
"""What people put between the digits of a telephone number."""

PHONE = (
    f"({_AS_PHONE})(?:(?:\\+62|0){GAP}8[1-9](?:{GAP}[0-9]){{6,10}}|62[ \\-]?8[1-9](?:[ \\-]?[0-9]){{6,10}})(?:$|[^0-9])"
)
_CHASSIS = "(?:1[0-8]|2[1-9]|[3-9][0-9])[0-9]{2}|[0-9]{3}"
PLATE = (
    f"(^|[^A-Za-z0-9])(?:(?:{AREAS}) [0-9]{{3,4}} [A-Z]{{1,3}}|(?:{AREAS})[0-9]{{3,4}}[A-Z]{{2,3}}"
    f"|(?:{AREAS})[_\\-](?:{_CHASSIS})[_\\-][A-Z]{{1,3}})(?:$|[^A-Za-z0-9])"
)
"""With hyphens the number must not be a year: `B-2026-XI` is a letter's number."""
PLATE_SAID = (
    "((?i:nopol|no(?:mor)?[. ]{1,2}polisi|plat|pelat|tnkb)(?:[^0-9\\n]{0,20}[^A-Za-z0-9\\n])?)"
    f"(?i:{AREAS})[ _\\-]?[0-9]{{1,4}}[ _\\-]?[A-Za-z]{{1,3}}(?:$|[^A-Za-z0-9])"
)
_ACCOUNT_WORD = "(?i:rekening|norek|no[. ]{1,2}rek)"
ACCOUNT = f"({_ACCOUNT_WORD}[^0-9\\n]{{0,40}})[0-9](?:[ .\\-]?[0-9]){{8,17}}(?:$|[^0-9])"
NPWP = "(^|[^0-9])[0-9]{2}[. ][0-9]{3}[. ][0-9]{3}[. ][0-9][\\-. ][0-9]{3}[. ][0-9]{3}(?:$|[^0-9])"
NPWP_SAID = f"((?i:npwp)[^0-9\\n]{{0,25}})[0-9](?:{SEP}[0-9]){{14,15}}(?:$|[^0-9])"
_KK_WORD = "(?:^|[^A-Za-z])(?i:kk|kartu[ _\\-]?keluarga)(?:[^0-9A-Za-z\\n][^0-9\\n]{0,24})?"

AMOUNT = "(?i:rp)[. ]{0,2}[0-9][0-9.,]*|[0-9][0-9.,]*,-|[0-9][0-9.,]* (?i:rupiah|juta|miliar|ribu)"
DATE = "[0-9]{1,2}[\\-./ ][0-9]{1,2}[\\-./ ](?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[\\-./][0-9]{2}[\\-./][0-9]{2}"
NOT_PLATES = "H [0-9]{4} M|[0-9] (?:DI|KE|RI|WIB|WIT|DAN|CC|KG|KM)(?:$|[^A-Za-z])"
OFFICE_EMAIL = (
    "(?i:(?:humas|bidhumas|sihumas|divhumas|ppid|info|admin|kontak|layanan|pengaduan|spkt|polres|polda|polsek)"
    "[a-z0-9._\\-]*@[a-z0-9.\\-]*go\\.id)"
)
"""An office's own address is not anybody's personal data."""

DIGITS = f"[0-9](?:{GAP}[0-9]){{8}}"
"""Nine digits with little between them: every number above has them, but for plates."""

QUICK_WORDS = (
    "@[A-Za-z0-9]",
    "[A-Z][ _\\-]?[0-9]{3,4}[ _\\-]?[A-Z]",
    "(?i:nopol|polisi|plat|pelat|tnkb)[^0-9\\n]{0,24}[0-9]{1,4}[ _\\-]?[A-Za-z]",
    f"(?i:{ROLES})[:,(\\s]{{1,3}}(?:[A-Za-z.\\-]+[:,\\s]{{1,2}}){{0,4}}[A-Z]",
)
"""What every address, plate and name has."""

QUICK = "|".join((DIGITS, *QUICK_WORDS))
"""What has none of this has no personal data we could find: asked of every row, so it must be cheap."""


@cache
def nik() -> str:
    """A NIK: province, regency, district; day (women: + 40), month, year as a real date; a serial that is not 0000.

    29 February needs a leap year; a year without century is 1900 or 2000 something, where every fourth is one.
    """
    part, month = "(?:0[1-9]|[1-9][0-9])", "(?:0[1-9]|1[0-2])"
    not_february, long = "(?:0[13-9]|1[0-2])", "(?:0[13578]|1[02])"
    born = (
        f"(?:(?:[04][1-9]|[15][0-9]|[26][0-8]){SEP}{month}{SEP}[0-9]{{2}}"
        f"|(?:29|69){SEP}(?:{not_february}{SEP}[0-9]{{2}}|02{SEP}(?:[02468][048]|[13579][26]))"
        f"|(?:30|70){SEP}{not_february}{SEP}[0-9]{{2}}|(?:31|71){SEP}{long}{SEP}[0-9]{{2}})"
    )
    serial = "(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
    return f"(^|[^0-9])(?:{_provinces()}){SEP}{part}{SEP}{part}{SEP}{born}{SEP}{serial}(?:$|[^0-9])"


@cache
def kk() -> str:
    """The number of a family card: sixteen digits with the same head, where the word stands before them."""
    return f"({_KK_WORD})(?:{_provinces()})(?:{SEP}[0-9]){{14}}(?:$|[^0-9])"


def _provinces() -> str:
    lists = (row["kode"][:2] for name in ("letak", "wilayah_lama") for row in reference.read(name))
    return "|".join(sorted({*lists, *OLD_PROVINCES}))


@cache
def blots() -> tuple[tuple[str, str], ...]:
    """Pattern and replacement, in order. Wider than what is found: a number that is nearly a NIK is not repeated."""
    ends = re.compile(r"\(\?:\$\|\[\^[^\]]*\]\)$")

    def open_end(pattern: str) -> str:
        return ends.sub("", pattern)

    sixteen = f"(^|[^0-9])[0-9](?:{SEP}[0-9]){{15}}[0-9]*"
    return (
        (EMAIL, "[SUREL]"),
        (NAME_PROSE, "\\1[NAMA]"),
        (NAME_LABEL, "\\1[NAMA]"),
        (NAME_FIRST.removesuffix("(?:,|\\s*\\(|\\s+[a-z])"), "\\1[NAMA]"),
        (open_end(NPWP_SAID) + "[0-9]*", "\\1[NPWP]"),
        (open_end(kk()) + "[0-9]*", "\\1[KK]"),
        (sixteen, "\\1[NIK]"),
        (open_end(NPWP) + "[0-9]*", "\\1[NPWP]"),
        (f"({_ACCOUNT_WORD}[^\\n]{{0,60}}?)[0-9](?:[ .\\-]?[0-9]){{8,17}}", "\\1[REKENING]"),
        (open_end(PHONE) + "[0-9]*", "\\1[TELEPON]"),
        (open_end(PLATE), "\\1[PLAT]"),
        (open_end(PLATE_SAID), "\\1[PLAT]"),
        ("[0-9]{10,}", "[NOMOR]"),
    )


def excerpt(text: str, limit: int) -> str:
    """The first `limit` characters, masked; where text is cut off, no piece of a number stays at its end."""
    cut = text[: 2 * limit]
    if len(cut) < len(text):
        cut = re.sub(r"[0-9 ._\-]*\S*$", "", cut)
    return masked(cut)[:limit]


@lru_cache(maxsize=4096)
def masked(text: str) -> str:
    """`text` with everything that looks like personal data blotted out, each by the name of what it is.

    For short texts: Python's patterns can take long over long ones. What is long is masked in SQL.
    """
    if re.search(QUICK, text):
        for pattern, instead in blots():
            text = re.sub(pattern, instead, text)
    return text
