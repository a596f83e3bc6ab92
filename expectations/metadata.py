"""What statistical metadata must be: each document sound by itself, and all of one mind, with the standard too.

Pure: documents and a standard in, faults out. Which rule stops a submission and which only says something is in
`schemas/messages.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from expectations.metadata_form import Fault, rule_faults, schema_faults
from schemas.dataset import RELATIVE, Dataset, Field
from schemas.messages import messages
from schemas.metadata import KINDS, Doc


def examine(docs: Sequence[Doc], standard: Dataset) -> list[Fault]:
    """Every fault of what an office hands in about one statistical dataset.

    What documents say of one another is looked at once all of them are there and can be read.
    """
    by_schema = [(doc, list(schema_faults(doc))) for doc in docs]
    found = [fault for _, faults in by_schema for fault in faults]
    sound = [doc for doc, faults in by_schema if not any(messages()[f.kode].tingkat == "GALAT" for f in faults)]
    found += [fault for doc in sound for fault in rule_faults(doc)]
    lacking = list(missing(docs, standard))
    whole = len(sound) == len(docs) and not lacking
    return [*found, *lacking, *(together(sound, standard) if whole else ())]


def missing(docs: Sequence[Doc], standard: Dataset) -> Iterator[Fault]:
    """Documents a dataset needs and has not (Perpres 39/2019 Art 33(2)); MS-Ind only where it holds an indicator."""
    kinds = {doc.kind for doc in docs}
    indicators = ", ".join(f.title for f in standard.office_fields if f.indicator)
    where = docs[0].berkas if docs else "manifest.json"
    for kind in KINDS:
        if kind not in kinds and (kind != "ms_ind" or indicators):
            about = indicators if kind == "ms_ind" else standard.title
            yield Fault("METADATA_TIDAK_LENGKAP", where, f"/{kind}", kind, about)


def together(docs: Sequence[Doc], standard: Dataset) -> Iterator[Fault]:
    """Faults of documents that each passed their schema."""
    activities = [doc for doc in docs if doc.kind == "ms_keg"]
    variables = [doc for doc in docs if doc.kind == "ms_var"]
    for activity in activities:
        yield from _variables_match(activity, variables)
    for variable in variables:
        yield from _column_agrees(variable, standard)
    if variables:
        yield from _columns_described(variables, standard)
    names = {_folded(doc.data["nama"]) for doc in variables}
    for indicator in (doc for doc in docs if doc.kind == "ms_ind"):
        yield from _indicator(indicator, names)


def _variables_match(activity: Doc, variables: Sequence[Doc]) -> Iterator[Fault]:
    """`variabel_yang_dikumpulkan` and the MS-Var are the same set, one to one by name."""
    collected = activity.data["blok_iii"]["variabel_yang_dikumpulkan"]
    described = [doc.data["nama"] for doc in variables]
    listed = [each["nama"] for each in collected]
    where = f"{activity.at}/data/blok_iii/variabel_yang_dikumpulkan"
    for at, name in enumerate(listed):
        if _folded(name) not in map(_folded, described) or _twice(name, listed):
            yield Fault("METADATA_VARIABEL_TIDAK_COCOK", activity.berkas, f"{where}/{at}/nama", name, "MS-Var")
    for doc in variables:
        name = doc.data["nama"]
        if _folded(name) not in map(_folded, listed) or _twice(name, described):
            at = f"{doc.at}/data/nama"
            yield Fault("METADATA_VARIABEL_TIDAK_COCOK", doc.berkas, at, name, "variabel_yang_dikumpulkan di MS-Keg")


def _column_agrees(variable: Doc, standard: Dataset) -> Iterator[Fault]:
    """The column a variable is kept in exists, has its unit, and is no more public than the variable may be."""
    data, at = variable.data, f"{variable.at}/data"
    if data["alias"] is None:
        return
    column = _column(standard, data["alias"])
    if column is None:
        names = ", ".join(f.name for f in standard.office_fields)
        yield Fault("METADATA_KOLOM_TIDAK_COCOK", variable.berkas, f"{at}/alias", data["alias"], names)
        return
    if column.satuan and _folded(data["satuan"] or "") != _folded(column.satuan):
        yield Fault("METADATA_SATUAN_BERBEDA", variable.berkas, f"{at}/satuan", data["satuan"], column.satuan)
    if column.public and not data["apakah_variabel_bisa_diakses_umum"]:
        where = f"{at}/apakah_variabel_bisa_diakses_umum"
        yield Fault("METADATA_AKSES_BERBEDA", variable.berkas, where, column.name, f"{standard.standard}: terbuka")


def _columns_described(variables: Sequence[Doc], standard: Dataset) -> Iterator[Fault]:
    aliases = {f.name for doc in variables if (f := _column(standard, doc.data["alias"] or ""))}
    for f in standard.office_fields:
        if f.measured and f.name not in aliases:
            yield Fault("METADATA_KOLOM_TANPA_VARIABEL", variables[0].berkas, "/ms_var", f.name, f.title)


def _indicator(doc: Doc, variables: set[str]) -> Iterator[Fault]:
    data, at = doc.data, f"{doc.at}/data"
    composite = data["apakah_indikator_komposit"]
    wanted, other = ("indikator_pembangun", "variabel_pembangun")[:: 1 if composite else -1]
    if not data[wanted]:
        yield Fault("METADATA_WAJIB", doc.berkas, f"{at}/{wanted}", batas=f"komposit: {'ya' if composite else 'tidak'}")
    if data[other]:
        why = f"komposit: {'ya' if composite else 'tidak'}"
        yield Fault("METADATA_SEHARUSNYA_KOSONG", doc.berkas, f"{at}/{other}", str(len(data[other])), why)
    for number, each in enumerate(data["variabel_pembangun"]):
        if _folded(each["nama"]) not in variables:
            where = f"{at}/variabel_pembangun/{number}/nama"
            yield Fault("METADATA_VARIABEL_TIDAK_COCOK", doc.berkas, where, each["nama"], "MS-Var")
    if data["satuan"] is None and _folded(data["ukuran"]).startswith(RELATIVE):
        yield Fault("METADATA_WAJIB", doc.berkas, f"{at}/satuan", batas=f"satuan untuk {data['ukuran']}")
    rule, words = multipliers(data["rumus"]), multipliers(data["definisi"])
    if rule and words and rule != words:
        shown = ", ".join(f"{n:,}".replace(",", ".") for n in sorted(words))
        yield Fault("METADATA_RUMUS_BERBEDA", doc.berkas, f"{at}/rumus", data["rumus"], shown)


def multipliers(text: str) -> set[int]:
    """The powers of ten from 100 up that a formula or a definition names: `100.000`, `100 000`, `1000`."""
    numbers = re.findall(r"(?<![\d.,])10*(?:[., ]000)*(?![.,]?\d)", text)
    return {value for each in numbers if (value := int(re.sub(r"\D", "", each))) >= 100}


def _column(standard: Dataset, alias: str) -> Field | None:
    for f in standard.office_fields:
        if _folded(alias) in map(_folded, (f.name, f.title, *f.aliases)):
            return f
    return None


def _twice(name: str, names: Iterable[str]) -> bool:
    return [_folded(each) for each in names].count(_folded(name)) > 1


def _folded(text: str) -> str:
    return " ".join(text.replace("_", " ").lower().split())
