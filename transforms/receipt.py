"""The answer to one submission: what was accepted, what goes back, and for each finding where, why and how to mend it.

`receipt` makes the document kept as `receipts/<nomor>.json` (`schemas/receipt.schema.json`), `written` its text; `page`
makes the text a clerk reads, Indonesian first with English beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, overload

import orjson

from schemas.dataset import datasets
from schemas.messages import messages
from schemas.personal import masked

VERSION = 1
SHOWN = 200
"""Findings a page spells out; the document holds them all."""

_AT_ONCE = 4096
"""Findings put into words at a time."""

STATUS = {
    "DITERIMA_RAW": ("sudah kami terima, menunggu diperiksa", "received, waiting to be judged"),
    "DIPERIKSA": ("sudah diperiksa", "judged"),
    "MENUNGGU_PEMBINA": ("menunggu pemeriksaan ulang Pembina Data", "waiting for the recheck of Data Prioritas"),
    "DIKEMBALIKAN": ("dikembalikan, tidak ada yang diterima", "returned, nothing accepted"),
    "DILEWATI": ("dilewati, semuanya sudah ada", "skipped, everything is already here"),
    "DISETUJUI_WALIDATA": ("disimpan, menunggu terbit", "stored, waiting for release"),
    "TERBIT": ("terbit", "released"),
    "DITOLAK": ("ditolak", "refused"),
    "MACET": ("tertahan, operator sedang memeriksa", "stuck, the operator is looking at it"),
    "DITARIK": ("ditarik", "withdrawn"),
}


def receipt(
    kiriman: Mapping[str, Any], neraca: Sequence[Mapping[str, Any]], temuan: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The receipt document. The arguments are the rows of tables `kiriman`, `neraca_baris` and `temuan` about it."""
    return {
        "versi": VERSION,
        "nomor": kiriman["kiriman"],
        "sumber": kiriman["sumber"],
        "nama": masked(kiriman["nama"]),
        "satker": kiriman["kode_satker"],
        "dataset": kiriman["dataset"],
        "diterima_pada": kiriman["_diterima_pada"].isoformat(),
        "status": kiriman["status"],
        "baris": {
            "masuk": kiriman["baris_masuk"],
            "diterima": kiriman["baris_diterima"],
            "dikembalikan": kiriman["baris_dikembalikan"],
            "dilewati": kiriman["baris_dilewati"],
        },
        "berkas": [
            {"berkas": masked(row["berkas"])}
            | {key: row[key] for key in ("masuk", "diterima", "dikembalikan", "dilewati")}
            for row in neraca
        ],
        "temuan": [_finding(row, kiriman["dataset"]) for row in temuan],
    }


class Rows(Protocol):
    """As much of an Arrow table as is needed here."""

    @property
    def num_rows(self) -> int:
        """How many rows it has."""
        ...

    def slice(self, offset: int, length: int) -> Rows:
        """Some of them."""
        ...

    def to_pylist(self) -> list[dict[str, Any]]:
        """All of them."""
        ...


class Findings(Sequence[dict[str, Any]]):
    """`temuan` of a receipt document, put into words when they are looked at: a large file may have a million."""

    def __init__(self, rows: Rows, dataset: str | None) -> None:
        """`rows`: those of table `temuan` about the submission, which is of `dataset`."""
        self._rows, self._dataset = rows, dataset

    def __len__(self) -> int:
        """How many there are."""
        return self._rows.num_rows

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, at: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        """One of them, or some that follow each other."""
        places = range(len(self))[at]
        if isinstance(places, int):
            return self[places : places + 1][0]
        return [_finding(row, self._dataset) for row in self._rows.slice(places.start, len(places)).to_pylist()]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """All of them, some at a time."""
        for begin in range(0, len(self), _AT_ONCE):
            yield from self[begin : begin + _AT_ONCE]


def written(document: Mapping[str, Any]) -> Iterator[bytes]:
    """The receipt document as JSON, indented by two, in parts."""
    whole = orjson.dumps({**document, "temuan": []}, option=orjson.OPT_INDENT_2)
    before, _, after = whole.rpartition(b"[]")
    yield before + b"["
    for begin in range(0, len(document["temuan"]), _AT_ONCE):
        some = orjson.dumps(document["temuan"][begin : begin + _AT_ONCE], option=orjson.OPT_INDENT_2)
        yield (b"," if begin else b"") + some[1:-2].replace(b"\n", b"\n  ")
    yield (b"\n  ]" if document["temuan"] else b"]") + after


def _finding(row: Mapping[str, Any], dataset: str | None) -> dict[str, Any]:
    message = messages()[row["kode"]]
    kolom = row["kolom"] or ""
    words = message.sentences(kolom=_title(dataset, kolom), nilai=row["nilai"] or "", batas=row["batas"] or "")
    place = {key: row[key] for key in ("berkas", "lembar", "baris", "kolom", "nilai", "batas")}
    place |= {key: masked(row[key]) for key in ("berkas", "lembar") if row[key]}
    return {"kode": row["kode"], "tingkat": row["tingkat"], **place, **words}


def withdrawn(document: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """The receipt without what it quotes: of a withdrawn submission only its number and counts stay."""
    if whole:
        return {**document, "status": "DITARIK", "berkas": [], "temuan": []}
    return {**document, "temuan": [_finding({**f, "nilai": None}, document["dataset"]) for f in document["temuan"]]}


def _title(dataset: str | None, kolom: str) -> str:
    """A column by the name an office knows it by."""
    for f in datasets()[dataset].fields if dataset in datasets() else ():
        if f.name == kolom:
            return f.title
    return kolom


def page(document: Mapping[str, Any], status: str | None = None) -> str:
    """The receipt as plain text. `status`: the submission's state by now, where it has moved on since."""
    id_, en = STATUS[status or document["status"]]
    rows = document["baris"]
    lines = [
        f"TANDA TERIMA {document['nomor']}   ({document['sumber']}/{document['nama']})",
        f"Status   : {id_} / {en}",
        f"Dataset  : {document['dataset'] or '-'}   Satker: {document['satker'] or '-'}",
        f"Diterima : {document['diterima_pada']}",
        f"Baris    : {rows['masuk']} masuk = {rows['diterima']} diterima + {rows['dikembalikan']} dikembalikan"
        f" + {rows['dilewati']} dilewati",
    ]
    if len(document["berkas"]) > 1:
        lines += [
            f"           {b['berkas']}: {b['masuk']} = {b['diterima']} + {b['dikembalikan']} + {b['dilewati']}"
            for b in document["berkas"]
        ]
    found = document["temuan"]
    lines.append("" if found else "Tidak ada temuan. / No findings.")
    for f in found[:SHOWN]:
        lines += [f"[{f['tingkat']}] {place(f)}  ({f['kode']})", f"    {f['id']}", f"    -> {f['cara']}"]
        lines += [f"       EN: {f['en']} {f['mend']}"]
    if len(found) > SHOWN:
        lines.append(f"... dan {len(found) - SHOWN} temuan lain; semuanya ada di dokumen JSON. / and more in the JSON.")
    return "\n".join(lines) + "\n"


def place(finding: Mapping[str, Any]) -> str:
    """Where a finding is, in an office's words: file, sheet, row, column."""
    parts = [finding["berkas"] or "kiriman"]
    if finding["lembar"]:
        parts.append(f"lembar {finding['lembar']}")
    if finding["baris"] is not None:
        parts.append(f"baris {finding['baris']}")
    if finding["kolom"]:
        parts.append(f"kolom {finding['kolom']}")
    return ", ".join(parts)
