"""What personal data look like in running text, and how they are blotted out wherever a value is repeated.

Regular expressions that mean the same to RE2 (DuckDB) and to Python: no look-around. Where a pattern has a group 1, it
is what stands before and stays; the rest is the datum. Sources: the NIK rules of Permendagri as public implementations
read them, UU 27/2022 Art 4(3), UU 11/2012 Art 19.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

import pyarrow.compute as pc

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

ROLES = "korban|saksi|anak|pelapor|terlapor|tersangka|terdakwa|pelaku|inisial|berinisial"
STRONG_ROLES = "korban|saksi|pelapor|terlapor|tersangka|terdakwa|pelaku"
"""Beside these, not beside `anak`, one word in capitals is mostly a person."""
NOT_NAMES = (
    "polri|polres\\w*|polda|polsek|kapol\\w+|kasat|kepala|kepolisian|polisi|bhabin\\w*|tni|desa|kelurahan|kecamatan"
    "|kabupaten|kota|provinsi|jalan|jl|sungai|gunung|krakatau|semeru|kanjuruhan|sekolah|sd|smp|sma|smk|rumah|panti"
    "|pancasila|bangsa|indonesia|negeri|negara|yatim|piatu|kasus|perkara|tindak|pembunuhan|penipuan|laka|bencana|banjir"
    "|gempa|longsor|tanah|tsunami|erupsi|angin|puting|ahli|mata|kunci|bisu|mahkota|muda|usia|usaha|buah|komisi|lembaga"
    "|dinas|kementerian|pt|cv|pasal|undang|senin|selasa|rabu|kamis|jumat|sabtu|minggu|januari|februari|maret|april|mei"
    "|juni|juli|agustus|september|oktober|november|desember|korban|saksi|pelaku|tersangka|terdakwa|pelapor|terlapor"
    "|keluarga|warga|masyarakat|petugas|aparat|anggota|oknum|tim|satgas|nihil|tragedi|pandemi|covid|narkoba|narkotika"
    "|judi|begal|curanmor|curas|curat|korupsi|tawuran|prostitusi|bullying|bom|kapal|pesawat|kereta|bus|truk|jembatan"
    "|pemilu|pilkada|yehuwa|sejarah|seni|umkm|kdrt|tppo|phk|luka|tewas|jiwa|meninggal|selamat|hilang|hanyut|img|dsc"
    "|dscn|image|foto|video|whatsapp|(?:pe|ke)\\w{4,}an"
)
"""Words in capitals after a role that begin no name: offices, places, deeds (pencurian, kecelakaan), days."""

GIVEN_NAMES = (
    "abdul|abdullah|achmad|adi|aditya|agung|agus|ahmad|aisyah|ajeng|alif|alya|amalia|amir|andi|andika|andre|andri|anggi"
    "|ani|anisa|anita|anton|anwar|ari|arief|arif|arya|asep|astuti|ayu|aziz|bagas|bambang|bayu|beni|benny|bima|budi"
    "|budiman|cahyono|cecep|daniel|darman|dede|dedi|deni|denny|desi|dewi|dian|diana|dika|dimas|dina|dini|dita|dodi|doni"
    "|dwi|edi|eko|elisa|eni|erna|erni|eva|evi|fadli|fahmi|faisal|fajar|farhan|fatimah|fauzan|fauzi|febri|ferdi|ferry"
    "|fikri|fitri|fitriani|galih|gilang|gita|gunawan|hadi|halimah|hamzah|handoko|haris|hartono|hasan|hasanah|hendra"
    "|hendri|heni|herman|heru|hidayat|husein|ibrahim|ika|ilham|indra|intan|ira|irfan|irwan|ismail|iwan|jamal|joko|john"
    "|jumadi|karno|kartika|kartini|ketut|khadijah|komang|kurniawan|lia|lina|linda|lukman|mahmud|maria|marlina|maya|mira"
    "|mochamad|mohamad|mohammad|muhamad|muhammad|mukhlis|mulyadi|mulyono|nadia|nanang|nia|nina|nita|novi|novita|nur"
    "|nurhayati|nurul|nyoman|oki|pandu|prasetyo|priyanto|purwanto|putu|rahman|rahmat|rahmawati|rani|ratih|ratna|reni"
    "|reza|rian|ridwan|rika|riko|rina|rini|rio|riski|rizal|rizki|rizky|rosita|rudi|rusdi|rusli|sabrina|salim|samsul"
    "|sandi|santi|sapto|sekar|septi|setiawan|siska|siti|slamet|solihin|sri|sugeng|suharto|sukardi|sulastri|sumarni"
    "|supardi|suparman|supriyadi|surya|susanti|susi|sutrisno|suyono|syahrul|syaiful|taufik|tika|tini|titin|tono|tri"
    "|ujang|umar|usman|utami|vina|wahyu|wahyudi|wati|wawan|wayan|widodo|winda|wulan|yanti|yanto|yayan|yogi|yohanes"
    "|yuda|yudi|yuli|yulia|yuliana|yuni|yusuf|zainal|zaki|zulkifli"
)
"""Common given names (ours, no public list): after a role they are told however they are written."""

_GAP = "[\\s_\\-]+"
"""Between words; in the name of a file it is no blank."""
_WORD = "(?:[A-Z][a-z'\u2019]+|[A-Z]{3,}|M\\.|Moh\\.|Muh\\.)"
_NAME = f"{_WORD}(?:[\\s_\\-](?:bin\\s|binti\\s|[A-Z]\\.?\\s)?{_WORD})+"
_POLITE = f"(?:(?i:sdri?|saudarai?|saudari|bapak|ibu|bpk|almh?|almarhum(?:ah)?|tn|ny|drs?|hj?)\\.?{_GAP})*"
_SAID = (
    f"(?:\\s*[:,(]\\s*|{_GAP})(?:(?i:bernama|atas nama|a\\.n\\.|an\\.|yakni|yaitu|adalah|perempuan|laki-laki|inisial"
    "|berinisial)\\s*[:,]?\\s*)?"
)
_START = "(?:^|[^A-Za-z])"
NAME_PROSE = f"({_START}(?:{ROLES}){_SAID}{_POLITE}){_NAME}"
NAME_LABEL = f"({_START}(?i:{ROLES})\\s*:\\s*{_POLITE}){_NAME}"
_FIRST, _STRONG_FIRST = ("|".join(role.title() for role in roles.split("|")) for roles in (ROLES, STRONG_ROLES))
NAME_FIRST = f"((?:^|[.!?:\\n]\\s*)(?:{_FIRST}){_SAID}{_POLITE}){_NAME}(?:,|\\s*\\(|\\s+[a-z])"
"""A sentence that begins with the role; a headline in capitals throughout does not go on in small letters."""
NAME_ALONE = f"({_START}(?:{STRONG_ROLES}){_SAID}{_POLITE})[A-Z][a-z'\u2019]{{2,}}"
NAME_APPOSED = f"({_START}(?:{_STRONG_FIRST})\\s*[,(]\\s*{_POLITE})[A-Z][a-z'\u2019]{{2,}}\\s*[,(]"
NAME_KNOWN = f"({_START}(?i:{ROLES}){_SAID}{_POLITE})(?i:{GIVEN_NAMES})(?:$|[^A-Za-z])"
"""In capitals or small letters throughout a name is told by the name."""
NAMES = (NAME_PROSE, NAME_LABEL, NAME_FIRST, NAME_ALONE, NAME_APPOSED)
"""What may be a name, if it is none of what is not; beside these there is NAME_KNOWN."""

EMAIL = "[A-Za-z0-9][A-Za-z0-9._%+\\-]*@[A-Za-z0-9\\-]+(?:\\.[A-Za-z0-9\\-]+)*\\.[A-Za-z]{2,}"
AT = "@|(?i:[\\[({] ?at ?[\\])}]| at (?:gmail|yahoo|ymail|hotmail|outlook|icloud|rocketmail))"
"""What every address has; people spell it out to keep it from machines."""
EMAIL_SPELT = (
    "[A-Za-z0-9][A-Za-z0-9._%+\\-]* ?(?i:[\\[({] ?at ?[\\])}] ?[a-z0-9\\-]+(?:\\.[a-z0-9\\-]+)*"
    "| at (?:gmail|yahoo|ymail|hotmail|outlook|icloud|rocketmail))"
    "(?i:\\.| ?[\\[({] ?(?:dot|titik) ?[\\])}] ?)[A-Za-z]{2,}"
)
_AS_PHONE = "(?:^|[^0-9A-Za-z.,]|[^0-9][.,]|(?i:wa|hp|tlp|telp|telepon|no|nomor)[ .:]{0,2})"
GAP = f"[{_GAPS}()]{{0,2}}"
"""What people put between the digits of a telephone number."""

PHONE = (
    f"({_AS_PHONE})(?:(?:\\+62|0){GAP}8[1-9](?:{GAP}[0-9]){{6,10}}|62[ \\-]?8[1-9](?:[ \\-]?[0-9]){{6,10}})(?:$|[^0-9])"
)
_LANDLINE = f"\\(0[2-9][0-9]{{1,2}}\\){GAP}[1-9][0-9]{{2,3}}{GAP}[0-9]{{3,4}}"
_LANDLINE_SAID = f"0[2-9][0-9]{{1,2}}{GAP}[1-9][0-9]{{2,3}}{GAP}[0-9]{{3,4}}"
LANDLINE = f"((?:^|[^0-9])){_LANDLINE}(?:$|[^0-9])"
LANDLINE_SAID = f"((?i:tlp|telp|telepon)[^0-9\\n]{{0,15}}){_LANDLINE_SAID}(?:$|[^0-9])"
"""Without brackets or the word, a number of a landline is like any other."""
OFFICE_LANDLINE = (
    "(?i:polri|polres\\w*|polda|polsek|spkt|kantor|humas|ppid|layanan|pengaduan|hotline|call cent(?:er|re)|posko|rsud"
    "|rumah sakit|puskesmas|damkar|bpbd|dinas)"
    "(?:[ :.,]{1,2}(?:[A-Z][a-z]+|(?i:tlp|telp|telepon|nomor|no|di|kami)))*[ :.,]{0,3}"
    "\\(?0[2-9][0-9]{1,2}[^0-9]{1,2}[0-9]{3,4}[^0-9]?[0-9]{3,4}"
)
"""An office's own number is not anybody's personal data."""
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
    f"(?:{AT})",
    "[A-Z][ _\\-]?[0-9]{3,4}[ _\\-]?[A-Z]",
    "(?i:nopol|polisi|plat|pelat|tnkb)[^0-9\\n]{0,24}[0-9]{1,4}[ _\\-]?[A-Za-z]",
    *NAMES,
    NAME_KNOWN,
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
def no_name() -> str:
    """A role before a word that begins no name, regions included; group 1 is the role."""
    large = reference.columns("wilayah").filter(pc.field("tingkat").isin(["provinsi", "kabupaten", "kota"]))
    regions = {
        re.sub("^(?:kabupaten|kota|administrasi|adm\\.) (?:administrasi )?", "", name.lower()).split()[0]
        for name in large["nama"].to_pylist()
    }
    words = "|".join((NOT_NAMES, *sorted(regions), "jawa|sumatra|kalimantan|sulawesi|papua|bali|lombok"))
    return f"({_START}(?i:{ROLES})[\\s:,(_\\-]+)(?i:{words})(?:$|[^A-Za-z])"


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
        (EMAIL_SPELT, "[SUREL]"),
        (NAME_KNOWN.removesuffix("(?:$|[^A-Za-z])") + "(?:[ _\\-]+[A-Za-z'\u2019]+){0,2}", "\\1[NAMA]"),
        (NAME_PROSE, "\\1[NAMA]"),
        (NAME_LABEL, "\\1[NAMA]"),
        (NAME_FIRST.removesuffix("(?:,|\\s*\\(|\\s+[a-z])"), "\\1[NAMA]"),
        (NAME_ALONE, "\\1[NAMA]"),
        (NAME_APPOSED.removesuffix("\\s*[,(]"), "\\1[NAMA]"),
        (open_end(NPWP_SAID) + "[0-9]*", "\\1[NPWP]"),
        (open_end(kk()) + "[0-9]*", "\\1[KK]"),
        (sixteen, "\\1[NIK]"),
        (open_end(NPWP) + "[0-9]*", "\\1[NPWP]"),
        (f"({_ACCOUNT_WORD}[^\\n]{{0,60}}?)[0-9](?:[ .\\-]?[0-9]){{8,17}}", "\\1[REKENING]"),
        (open_end(PHONE) + "[0-9]*", "\\1[TELEPON]"),
        (open_end(LANDLINE) + "[0-9]*", "\\1[TELEPON]"),
        (open_end(LANDLINE_SAID) + "[0-9]*", "\\1[TELEPON]"),
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
