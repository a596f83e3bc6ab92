"""Checks P0, P1, P3, P4 of a submission as a whole: on the list, with its standard and metadata, under a stable header.

What they find stands beside what the rows say: an office hears all of it at once. GALAT sends the whole back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import orjson

from expectations.metadata import examine
from infra.judging.registry import Registry
from schemas import daftar_data, reference
from schemas.finding import Finding
from schemas.manifest import Manifest
from schemas.messages import messages
from schemas.metadata import KINDS, Doc, documents

if TYPE_CHECKING:
    from infra.judging.parcel import Opened


def complete(opened: Opened, head: str, registry: Registry) -> None:
    """Examine an opened submission's package; adds to its findings, and sends it back where one is a GALAT.

    A correction workbook holds rows alone: its package is the one it mends.
    """
    sent = opened.manifest
    if sent is None:
        return
    found = list(_rechecked(opened))
    if not sent.mends:
        found += _unlisted(opened, sent, head)
    if not sent.mends and opened.standard.statistical:
        found += [*_package(opened, sent, head, registry), *_header(opened, sent, registry)]
    opened.findings += found
    opened.sent_back |= any(messages()[f.kode].tingkat == "GALAT" for f in found)
    if opened.metadata and not opened.sent_back:
        registry.add(sent.satker, sent.dataset, opened.metadata)


def arrival_year(opened: Opened, satker: str) -> int:
    """The year a submission arrived in, by its satker's own clock."""
    return (opened.parcel.arrived_at + timedelta(hours=int(reference.offset(satker)[1:3]))).year


def is_priority(opened: Opened) -> bool:
    """Whether a submission is Data Prioritas of the year it arrived in."""
    sent = opened.manifest
    return sent is not None and daftar_data.is_priority(sent.dataset, sent.satker, arrival_year(opened, sent.satker))


def _rechecked(opened: Opened) -> Iterator[Finding]:
    """P9: what the Pembina sends back goes back as a whole."""
    said = opened.parcel.recheck
    if said and said.reason is not None:
        yield Finding(opened.parcel.kiriman, "DIKEMBALIKAN_PEMBINA", nilai=said.by, batas=said.reason)


def _unlisted(opened: Opened, sent: Manifest, head: str) -> Iterator[Finding]:
    """P0 where rows name no period: the dataset must be on the list of the year it arrives in."""
    years = daftar_data.planned(sent.dataset, sent.satker)
    if opened.standard.period is None and arrival_year(opened, sent.satker) not in years:
        listed = daftar_data.years(sent.dataset)
        yield Finding(
            opened.parcel.kiriman, "DI_LUAR_DAFTAR_DATA", head, kolom="dataset", nilai=sent.dataset, batas=listed
        )


def _package(opened: Opened, sent: Manifest, head: str, registry: Registry) -> Iterator[Finding]:
    """P1 and P3: data, standar data and metadata together (Perpres 39/2019 Art 33(2))."""
    kiriman, standard = opened.parcel.kiriman, opened.standard
    there = registry.references(sent.satker, sent.dataset)
    if sent.standard is None:
        yield Finding(kiriman, "KIRIMAN_TANPA_STANDAR", head, kolom="standar", batas=standard.standard)
    if sent.metadata is None:
        batas = there[-1] if there else f"{sent.dataset}/{arrival_year(opened, sent.satker)}"
        yield Finding(kiriman, "KIRIMAN_TANPA_METADATA", head, kolom="metadata", batas=batas)
    elif isinstance(sent.metadata, str):
        if sent.metadata not in there:
            kode = "METADATA_TIDAK_TERDAFTAR" if registry.connected else "METADATA_BELUM_DICOCOKKAN"
            listed = ", ".join(there) or "belum ada"
            yield Finding(kiriman, kode, head, kolom="metadata", nilai=sent.metadata, batas=listed)
    else:
        docs = list(documents(sent.metadata, head, "/metadata")) if isinstance(sent.metadata, dict) else []
        for name in sent.metadata_files:
            kode, found = _file(opened, name)
            docs += found
            if kode:
                yield Finding(kiriman, kode, name, nilai=name)
        for fault in examine(docs, standard):
            yield Finding(kiriman, fault.kode, fault.berkas, kolom=fault.kolom, nilai=fault.nilai, batas=fault.batas)
        opened.metadata = docs


def _file(opened: Opened, name: str) -> tuple[str | None, list[Doc]]:
    """The documents of a metadata file: a bundle with the kinds as keys, or one kind, which its name begins with."""
    found = opened.parcel.files.get(name)
    if found is None:
        return "BERKAS_TIDAK_ADA", []
    with found.open() as path:
        data = path.read_bytes()
    try:
        content: Any = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return "METADATA_TIDAK_TERBACA", []
    stem = name.rpartition("/")[2].lower().replace("-", "_")
    kind = next((kind for kind in KINDS if stem.startswith(kind)), None)
    if isinstance(content, dict) and content.keys() & set(KINDS):
        return None, list(documents(content, name))
    if kind is None or not isinstance(content, dict | list):
        return "METADATA_TIDAK_TERBACA", []
    return None, list(documents({kind: content}, name))


def _header(opened: Opened, sent: Manifest, registry: Registry) -> Iterator[Finding]:
    """P4: every table has the columns the submission before had, or the manifest says why not."""
    before = registry.last_columns(sent.satker, sent.dataset, opened.parcel.root)
    if before is None or sent.header_changed:
        return
    columns, number = before
    for name, there in opened.columns.items():
        for column in sorted(columns - there):
            yield Finding(opened.parcel.kiriman, "KEPALA_BERUBAH", name, kolom=column, nilai=column, batas=number)
        for column in sorted(there - columns):
            yield Finding(opened.parcel.kiriman, "KEPALA_BERTAMBAH", name, kolom=column, nilai=column, batas=number)
