"""One document of statistical metadata by itself: valid by schema, true to the skip rules of its form, its codes sound.

The forms are BPS's (MS-Keg, MS-Var, MS-Ind); rows such as R.4.1 are those of the paper form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_rs

from schemas.metadata import Doc, Document, schema

HIDDEN = ("penanggung_jawab_teknis", "submitter")
"""Parts that name persons: a finding says where, never what."""

OFFICERS = (
    "petugas_pengumpulan_data",
    "persyaratan_pendidikan_terendah_petugas_pengumpulan_data",
    "jumlah_petugas_supervisor",
    "jumlah_petugas_enumerator",
    "apakah_melakukan_pelatihan_petugas",
)
PROBABILITY = 5
"""The first five methods of 5.3 are of probability sampling, the others not."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong: the rule, the file, the path of the field in it, its value, and what is allowed there."""

    kode: str
    berkas: str
    kolom: str
    nilai: str | None = None
    batas: str | None = None


@cache
def _validator(kind: str) -> Any:
    return jsonschema_rs.validator_for(schema(kind), validate_formats=True)


def schema_faults(doc: Doc) -> Iterator[Fault]:
    """Where a document differs from its schema."""
    for error in _validator(doc.kind).iter_errors(doc.body):
        path = doc.at + "".join(f"/{step}" for step in error.instance_path)
        node: Any = schema(doc.kind)
        for step in list(error.schema_path)[:-1]:
            node = node[step]
        value = None if any(part in path for part in HIDDEN) else _short(error.instance)
        about = node.get("title", "")
        match error.kind.name:
            case "required":
                yield Fault("METADATA_WAJIB", doc.berkas, f"{path}/{error.kind.as_dict()['property']}")
            case "additionalProperties":
                known = ", ".join(node["properties"])
                for name in error.kind.as_dict()["unexpected"]:
                    kode = "METADATA_TIDAK_SAH" if name == "bit" else "METADATA_KUNCI_ASING"
                    yield Fault(kode, doc.berkas, f"{path}/{name}", None, known)
            case "enum":
                codes = [code for code in node["enum"] if code is not None]
                if error.instance is None:
                    yield Fault("METADATA_WAJIB", doc.berkas, path, batas=", ".join(codes))
                else:
                    yield Fault("METADATA_KODE_ASING", doc.berkas, path, value, ", ".join(codes))
            case "type" if "enum" in node:
                pass  # `enum` says it better
            case "type" if error.instance is None:
                yield Fault("METADATA_WAJIB", doc.berkas, path, batas=about)
            case "minItems":
                yield Fault("METADATA_WAJIB", doc.berkas, path, batas=about)
            case kind:
                yield Fault("METADATA_TIDAK_SAH", doc.berkas, path, value, f"{about}: {kind} {node.get(kind, '')}")


def _short(value: Any) -> str | None:
    return None if value is None else str(value)[:200]


def rule_faults(doc: Doc) -> Iterator[Fault]:
    """What a document that passed its schema breaks all the same: skip rules, schedules, region codes."""
    yield from _regions(doc)
    if doc.kind == "ms_keg":
        yield from _activity(doc)


def _activity(doc: Doc) -> Iterator[Fault]:
    """The form's arrows: what must be filled in, and what must be empty, because of an answer before it."""
    data, base = doc.data, f"{doc.at}/data"
    iv, v, vi, viii = (data[f"blok_{number}"] for number in ("iv", "v", "vi", "viii"))

    def must(path: str, value: object, *, filled: bool, why: str) -> Iterator[Fault]:
        if filled and not value:
            yield Fault("METADATA_WAJIB", doc.berkas, f"{base}/{path}", batas=why)
        elif not filled and value:
            yield Fault("METADATA_SEHARUSNYA_KOSONG", doc.berkas, f"{base}/{path}", _short(value), why)

    often = iv["kegiatan_ini_dilakukan"] == "BERULANG"
    why = f"R.4.1 {iv['kegiatan_ini_dilakukan']}"
    yield from must("blok_iv/frekuensi_penyelenggara", iv["frekuensi_penyelenggara"], filled=often, why=why)
    part = iv["cakupan_wilayah_pengumpulan_data"] == "SEBAGIAN_WILAYAH_INDONESIA"
    listed = "sebagian_cakupan_wilayah_pengumpulan_data"
    why = f"R.4.4 {iv['cakupan_wilayah_pengumpulan_data']}"
    yield from must(f"blok_iv/{listed}", iv[listed], filled=part, why=why)
    for path, boxes, text in _groups(data):
        if "metode_pengumpulan" in path or "sarana" in path or "unit_pengumpulan" in path:
            yield from must(path, any(boxes.values()), filled=True, why="paling sedikit satu")
        if text:
            other = boxes.get("lainnya", False)
            yield from must(f"{path}/{text[0]}", text[1], filled=other, why="hanya bila Lainnya dipilih")
    survey = data["cara_pengumpulan_data"] == "SURVEI"
    why = f"cara pengumpulan {data['cara_pengumpulan_data']}"
    for name, value in v.items():
        if not survey or name in ("jenis_rancangan_sampel", "metode_pemilihan_sampel_tahap_terakhir", "unit_sampel"):
            yield from must(f"blok_v/{name}", value, filled=survey, why=why)
    yield from _sampling(doc, v)
    asked = any(iv["sarana_pengumpulan_data"][name] for name in ("papi", "capi", "cati"))
    why = "R.4.7: hanya bila PAPI, CAPI atau CATI"
    for name in OFFICERS:
        if not asked or name == "petugas_pengumpulan_data":
            yield from must(f"blok_vi/{name}", vi[name], filled=asked, why=why)
    for product in ("tercetak", "digital", "mikrodata"):
        ticked = viii[f"ketersediaan_produk_{product}"]
        name = f"rencana_jadwal_rilis_produk_{product}"
        yield from must(f"blok_viii/{name}", viii[name], filled=ticked, why=f"R.8.1 produk {product}")
    yield from _schedule(doc)


def _groups(data: Document) -> Iterator[tuple[str, dict[str, bool], tuple[str, Any] | None]]:
    """Every group of boxes of an MS-Keg: its path, the boxes, and the name and content of its text, if it has one."""
    blocks = schema("ms_keg")["properties"]["data"]["properties"]
    for block, node in blocks.items():
        for name, group in node.get("properties", {}).items():
            if "x-bit" in group:
                values, text = data[block][name], group.get("x-lainnya")
                boxes = {bit: bool(values[bit]) for bit in group["x-bit"]}
                yield f"{block}/{name}", boxes, (text, values[text]) if text else None


def _sampling(doc: Doc, v: Document) -> Iterator[Fault]:
    methods: list[str] = schema("ms_keg")["properties"]["data"]["properties"]["blok_v"]["properties"][
        "metode_yang_digunakan"
    ]["enum"]
    chosen, way = v["metode_yang_digunakan"], v["metode_pemilihan_sampel_tahap_terakhir"]
    if chosen and way:
        right = methods[:PROBABILITY] if way == "SAMPEL_PROBABILITAS" else methods[PROBABILITY:-1]
        if chosen not in right:
            where = f"{doc.at}/data/blok_v/metode_yang_digunakan"
            yield Fault("METADATA_KODE_ASING", doc.berkas, where, chosen, f"{way}: {', '.join(right)}")


def _schedule(doc: Doc) -> Iterator[Fault]:
    base = f"{doc.at}/data"
    plan = doc.data["blok_iii"]["rencana_jadwal_kegiatan"]
    for name, intervals in plan.items():
        for at, each in enumerate(intervals):
            if each["awal"] and each["akhir"] and each["awal"] > each["akhir"]:
                where = f"{base}/blok_iii/rencana_jadwal_kegiatan/{name}/{at}"
                yield Fault("METADATA_JADWAL_TERBALIK", doc.berkas, where, each["awal"], f"sampai {each['akhir']}")
    ready = min((each["akhir"] for each in plan["pengolahan_data"] if each["akhir"]), default=None)
    for product in ("tercetak", "digital", "mikrodata"):
        name = f"rencana_jadwal_rilis_produk_{product}"
        for at, day in enumerate(doc.data["blok_viii"][name]):
            if ready and day < ready:
                where = f"{base}/blok_viii/{name}/{at}"
                yield Fault(
                    "METADATA_JADWAL_TERBALIK", doc.berkas, where, day, f"paling awal {ready}, akhir pengolahan"
                )


def _regions(doc: Doc) -> Iterator[Fault]:
    """Region codes of metadata are BPS codes: digits without dots, a kabupaten's beginning with its province's."""
    pairs: list[tuple[str, Any, str, Any]] = []
    body = doc.body
    unit = ((body.get("submitter") or {}).get("organization")) or {}
    province, city = unit.get("province") or {}, unit.get("city") or {}
    where = f"{doc.at}/submitter/organization"
    pairs.append((f"{where}/province/code", province.get("code"), f"{where}/city/code", city.get("code")))
    producer = body.get("produsen_data") or {}
    where = f"{doc.at}/produsen_data"
    pairs.append(
        (f"{where}/province_code", producer.get("province_code"), f"{where}/city_code", producer.get("city_code"))
    )
    if doc.kind == "ms_keg":
        for at, area in enumerate(doc.data["blok_iv"]["sebagian_cakupan_wilayah_pengumpulan_data"]):
            where = f"{doc.at}/data/blok_iv/sebagian_cakupan_wilayah_pengumpulan_data/{at}"
            pairs.append(
                (
                    f"{where}/kode_provinsi",
                    area["kode_provinsi"],
                    f"{where}/kode_kabupaten_kota",
                    area["kode_kabupaten_kota"],
                )
            )
    for province_at, province_code, city_at, city_code in pairs:
        shaped = True
        for at, code, form in ((province_at, province_code, r"\d{2}"), (city_at, city_code, r"\d{4}")):
            if code is not None and not re.fullmatch(form, str(code)):
                shaped = False
                yield Fault("METADATA_WILAYAH_BUKAN_BPS", doc.berkas, at, str(code), form.replace(r"\d", "angka "))
        if shaped and province_code and city_code and not str(city_code).startswith(str(province_code)):
            yield Fault("METADATA_WILAYAH_TIDAK_COCOK", doc.berkas, city_at, str(city_code), str(province_code))
