"""The catalogue against the shapes of DCAT-AP 3.0.1, and the data package against its profile."""

from __future__ import annotations

import copy
import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rdflib import Graph
from rdflib.compare import isomorphic

from infra.publishing.publication import publish
from infra.storage.store import Store, open_store
from schemas import daftar_data
from schemas.daftar_data import Planned
from schemas.dataset import datasets, tables
from schemas.metadata import KINDS, documents, on_file, read
from tests.conforming import RECOMMENDED, SHAPES, complaints, profile_errors
from tests.released import AT, Release, edition, everything, lake, public_tables, published, row
from transforms import catalogue, daftar, datajson, datapackage, indah
from transforms.publik import Edition
from transforms.vocabulary import FREQUENCIES, Place

JATENG = {"33": Place("33", "Jawa Tengah", 108.55, -8.22, 111.7, -5.72)}


def document(*editions: Edition, **options: Any) -> dict[str, Any]:
    return catalogue.catalogue(7, AT, editions or (edition(),), **{"places": JATENG, **options})


def node(found: dict[str, Any], id_: str) -> dict[str, Any]:
    return next(n for n in found["@graph"] if n["@id"] == id_)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """What a whole release publishes."""
    opened = open_store(str(tmp_path_factory.mktemp("lake")))
    with lake(everything()) as connection:
        publish(connection, opened, Release())
    return opened


@pytest.mark.parametrize("shape", [*SHAPES, RECOMMENDED])
@pytest.mark.parametrize("page", ["katalog.jsonld", "katalog.ttl"])
def test_what_a_release_publishes_conforms_without_even_a_warning(store: Store, page: str, shape: str) -> None:
    text = store.get(f"published/{page}").decode()
    assert complaints(text if page.endswith("ttl") else json.loads(text), shape) == []


def test_every_public_table_is_in_the_catalogue_and_no_other(store: Store) -> None:
    found = json.loads(store.get("published/katalog.jsonld"))
    assert node(found, "urn:spit:katalog")["dcat:dataset"] == [f"urn:spit:dataset:{name}" for name in published()]


@pytest.mark.parametrize("harm", ["lost", "spoilt"])
def test_what_is_lost_or_spoilt_is_published_again_by_whoever_looks(tmp_path: Path, harm: str) -> None:
    store, release = open_store(str(tmp_path)), Release(tables={"teks": 1, "pelepasan": 1})
    with lake({"teks": [row(tables()["teks"], "a")]}) as connection:
        publish(connection, store, release)
        whole = {stat.key: store.get(stat.key) for stat in store.list("published/")}
        harmed = [key for key in whole if not key.endswith(("terbitan.json", "indeks.json"))]
        for key in harmed:
            store.delete(key) if harm == "lost" else store.put(key, b"rusak")
        publish(connection, store, release, thorough=True)
        assert publish(connection, store, release, thorough=True).written == ()
    there = {stat.key: store.get(stat.key) for stat in store.list("published/")}
    items = {key for key in {*there, *whole} if key.startswith("published/ninjs/")}  # they count their publications
    assert [key for key in whole if key not in items and there.get(key) != whole[key]] == []
    assert len(items & there.keys()) == len(items & whole.keys()) and b"rusak" not in there.values()


def spoil(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    spoilt = json.loads(json.dumps(document()))
    change(spoilt)
    return spoilt


def test_the_shapes_see_a_missing_description() -> None:
    spoilt = spoil(lambda d: node(d, "urn:spit:dataset:foto").pop("dct:description"))
    assert [len(complaints(spoilt, name)) for name in SHAPES] == [1, 0, 1]


def test_the_shapes_see_a_checksum_algorithm_without_its_class() -> None:
    algorithm = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
    spoilt = spoil(lambda d: node(d, algorithm).pop("@type"))
    assert [len(complaints(spoilt, name)) for name in SHAPES] == [0, 0, 2]


def test_the_shapes_see_a_publisher_that_is_no_agent() -> None:
    spoilt = spoil(lambda d: node(d, "urn:spit:satker:DIVHUMAS").update({"@type": "foaf:Document"}))
    assert complaints(spoilt, "range.ttl")


@pytest.mark.parametrize("frequency", ["", *FREQUENCIES])
def test_every_frequency_and_an_empty_dataset_conform(frequency: str) -> None:
    nothing = edition("teks", rows=0, provinces=(), begins=None, ends=None, issued=None, modified=None)
    made = document(replace(nothing, standard=replace(nothing.standard, frequency=frequency, theme="a <b> & c")))
    assert [complaints(made, name) for name in SHAPES] == [[], [], []]


def test_turtle_says_the_same_as_json_ld() -> None:
    awkward = replace(tables()["teks"], title='"Rilis" \\ <é>\n\tbaris dua \x07 😀', keywords=("a, b", "'c'", "a;b ."))
    made = document(edition(), replace(edition("teks"), standard=awkward))
    here = "https://data.example/"
    one = Graph().parse(data=json.dumps(made), format="json-ld", publicID=here)
    assert isomorphic(one, Graph().parse(data=catalogue.turtle(made), format="turtle", publicID=here))
    assert not [s for s in one.subjects() if s.startswith("_:") or not s.n3().startswith("<")], "no blank nodes"


def test_addresses_are_relative_to_the_catalogue_unless_a_base_is_given() -> None:
    csv_ = "urn:spit:distribusi:foto:csv"
    assert node(document(), csv_)["dcat:downloadURL"] == "foto/1.4-0/foto.csv"
    assert "dcat:downloadURL <foto/1.4-0/foto.csv>" in catalogue.turtle(document())
    based = document(base="https://data.example/spit/")
    assert node(based, csv_)["dcat:accessURL"] == "https://data.example/spit/foto/1.4-0/foto.csv"
    assert "<https://data.example/spit/foto/1.4-0/foto.csv>" in catalogue.turtle(based)
    for page in (json.dumps(document()), catalogue.turtle(document())):
        assert "file:" not in page and ".invalid" not in page and str(Path.cwd()) not in page


def test_a_distribution_has_the_strictest_licence_of_its_rows() -> None:
    mixed = document(edition(licences=("CC-BY-4.0", "CC-BY-NC-4.0")))
    assert node(mixed, "urn:spit:distribusi:foto:csv")["dct:license"].endswith("/by-nc/4.0/")
    assert node(document(), "urn:spit:distribusi:foto:csv")["dct:license"].endswith("/by/4.0/")


@pytest.mark.parametrize(
    ("classes", "right"),
    [
        ((), "PUBLIC"),
        (("BERKALA", "SERTA_MERTA", "SETIAP_SAAT"), "PUBLIC"),
        (("BERKALA", "DIKECUALIKAN"), "RESTRICTED"),
        (("DIKECUALIKAN",), "NON_PUBLIC"),
        (("RAHASIA_NEGARA",), "NON_PUBLIC"),
    ],
)
def test_access_rights_follow_from_the_class_of_the_rows(classes: tuple[str, ...], right: str) -> None:
    held = edition(classes=classes)
    assert node(document(held), "urn:spit:dataset:foto")["dct:accessRights"].endswith(f"/access-right/{right}")
    assert datajson.dataset(held, "")["accessRights"] == right
    assert [complaints(document(held), name) for name in SHAPES] == [[], [], []]


def test_the_same_release_gives_the_same_bytes_in_any_process() -> None:
    program = (
        "import json; from tests.released import AT, edition; from transforms import catalogue, datapackage;"
        "both = edition(), edition('teks'); d = catalogue.catalogue(7, AT, both, places={});"
        "print(json.dumps(d) + catalogue.turtle(d) + json.dumps(datapackage.descriptor(7, AT, both)))"
    )
    root = Path(__file__).parent.parent
    pages = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            check=True,
        ).stdout
        for seed, folder in (("1", root), ("2", "/"))
    }
    assert len(pages) == 1


# The data package


def test_the_package_of_a_release_is_valid_and_true(store: Store) -> None:
    package = json.loads(store.get("published/datapackage.json"))
    assert profile_errors(package) == []
    names = [resource["name"] for resource in package["resources"]]
    metadata = ["layanan_informasi-metadata-2026", "pantauan_media-metadata-2026"]
    assert names == [n for name in published() for n in (name, f"{name}-parquet", f"{name}-json")] + metadata
    for resource in package["resources"]:
        put = store.stat(f"published/{resource['path']}")
        assert put and (put.size, f"sha256:{put.sha256}") == (resource["bytes"], resource["hash"])
        if resource["name"] not in metadata:
            assert resource["schema"]["fieldsMatch"] == ["exact"]


@pytest.mark.parametrize("name", sorted(public_tables()))
def test_a_csv_is_what_its_schema_says(store: Store, name: str) -> None:
    package = json.loads(store.get("published/datapackage.json"))
    resource = next(r for r in package["resources"] if r["name"] == name)
    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    header, *rows = csv.reader(io.StringIO(store.get(f"published/{resource['path']}").decode(), newline=""))
    assert header == list(fields) and len(rows) == 1
    assert set(resource["schema"]["primaryKey"]) <= set(fields)
    read: dict[str, Callable[[str], object]] = {
        "integer": int,
        "number": float,
        "date": date.fromisoformat,
        "datetime": lambda text: datetime.fromisoformat(text).astimezone(UTC),
        "boolean": {"true": True, "false": False}.__getitem__,
        "string": str,
    }
    values = {c: read[fields[c]["type"]](text) for c, text in zip(header, rows[0], strict=True) if text}
    wanted = {c for c, field in fields.items() if field.get("constraints", {}).get("required")}
    assert wanted <= set(values)
    arrived = datetime(2026, 11, 20, 0, 40, 0, 500, tzinfo=UTC)
    assert values["_diterima_pada"] == arrived if "_diterima_pada" in fields else tables()[name].sources


def test_a_package_is_known_by_its_bytes_and_by_when_it_became_public(tmp_path: Path) -> None:
    teks, ends = tables()["teks"], AT + timedelta(hours=2)
    before, after = row(teks, "a"), row(teks, "b", embargo_sampai=ends)

    def package(shelf: str, rows: list[dict[str, Any]], version: int, now: datetime) -> dict[str, Any]:
        store = open_store(str(tmp_path / shelf))
        release = Release(version, AT + timedelta(hours=version / 2), {"teks": version, "pelepasan": 1})
        with lake({"teks": rows}) as connection:
            publish(connection, store, release, now=now)
        return json.loads(store.get("published/datapackage.json"))

    package("a", [before], 1, AT)
    grown = package("a", [before, after, row(teks, "c")], 2, AT)
    fresh, again = (package(shelf, [before, after, row(teks, "c")], 2, AT) for shelf in ("b", "c"))
    assert fresh == again, "the same release on a fresh shelf"
    changes = [each for each in grown["resources"] if each["name"] == "teks-perubahan"]
    assert [each for each in grown["resources"] if each not in changes] == fresh["resources"]
    assert len(changes) == 1 and changes[0]["sejak"] and grown["id"] != fresh["id"], "it says what it depends on"
    opened = package("b", [before, after, row(teks, "c")], 2, ends)
    assert (opened["version"], opened["created"]) == ("2", ends.isoformat().replace("+00:00", "Z"))
    assert opened["id"] != fresh["id"] and opened["created"] > fresh["created"]


def test_the_profile_sees_what_is_wrong() -> None:
    package = datapackage.descriptor(7, AT, [edition()])
    assert profile_errors(package) == []
    assert profile_errors({**package, "created": "kemarin"})
    assert profile_errors({**package, "resources": [{**package["resources"][0], "path": "/etc/passwd"}]})


def test_a_foreign_key_needs_its_resource_in_the_package() -> None:
    foto = tables()["foto"]
    assert "foreignKeys" not in datapackage.schema(foto, ())
    (key,) = datapackage.schema(foto, {"wilayah"})["foreignKeys"]
    assert key == {"fields": ["kode_wilayah"], "reference": {"resource": "wilayah", "fields": ["kode"]}}


def test_the_schema_of_the_public_knows_no_hidden_column() -> None:
    for dataset in public_tables().values():
        text = json.dumps(datapackage.schema(dataset, ()))
        assert not [f.name for f in dataset.fields if not f.public and f'"{f.name}"' in text]


# data.json, for the portal's harvester

HARVESTED = {
    *("title", "description", "identifier", "keyword", "theme", "issued", "modified", "language", "publisher"),
    *("publisher_type", "accessRights", "accrualPeriodicity", "prioritas_tahun", "jenis", "publishing_status"),
    *("id_msind", "id_mskeg", "cara_pengumpulan_data", "jenis_statistik", "kodereferensi", "interpretasi"),
    *("metode_perhitungan", "rumus", "ukuran", "satuan", "level_estimasi", "submission_period", "total_msvar"),
    *("judul_kegiatan", "tahun_kegiatan", "sektor_kegiatan", "identitas_rekomendasi", "variabel_disaggregasi"),
    *("i_instansi_penyelanggara", "i_alamat", "i_telepon", "i_email", "ii_unit_eselon1", "ii_unit_eselon2"),
    *("iii_latar_belakang_kegiatan", "iii_tujuan_kegiatan", "iv_kegiatan_ini_dilakukan", "iv_frekuensi_penyelanggara"),
    *("iv_tipe_pengumpulan_data", "iv_cakupan_wilayah_pengumpulan_data", "iv_metode_pengumpulan_data"),
    *("iv_sarana_pengumpulan_data", "iv_unit_pengumpulan_data", "vi_apakah_melakukan_uji_coba"),
    *("vi_metode_pemeriksaan_kualitas_pengumpulan_data", "vi_apakah_melakukan_penyesuaian_nonrespon"),
    *("vi_jumlah_petugas_supervisor", "vi_jumlah_petugas_enumerator", "vi_apakah_melakukan_pelatihan_petugas"),
    *(
        "vii_tahapan_pengolahan_data",
        "vii_metode_analisis",
        "vii_unit_analisis",
        "vii_tingkat_penyajian_hasil_analisis",
    ),
    *("viii_ketersediaan_produk_tercetak", "viii_ketersediaan_produk_digital", "viii_ketersediaan_produk_mikrodata"),
    *(
        "total_msind",
        "kriteria_prioritas",
        "produsen_data_name",
        "produsen_data_province_code",
        "produsen_data_city_code",
        "distribution",
    ),
}
"""What `dcat_to_ckan` of apteksdi/ckanext-dcat reads, and what other field lists of that portal have beside."""


REQUIRED = {
    *("title", "description", "identifier", "keyword", "theme", "issued", "modified", "language", "publisher"),
    *("publisher_type", "accessRights", "jenis", "publishing_status", "produsen_data_name", "distribution"),
}
STATISTICAL = {
    *("judul_kegiatan", "tahun_kegiatan", "jenis_statistik", "cara_pengumpulan_data", "sektor_kegiatan"),
    *("submission_period", "total_msvar", "total_msind", "ukuran", "satuan", "accrualPeriodicity"),
    *("i_instansi_penyelanggara", "i_alamat", "ii_unit_eselon1", "iii_latar_belakang_kegiatan"),
    *("iii_tujuan_kegiatan", "iv_kegiatan_ini_dilakukan", "iv_frekuensi_penyelanggara"),
    *("iv_tipe_pengumpulan_data", "iv_cakupan_wilayah_pengumpulan_data", "iv_metode_pengumpulan_data"),
    *("iv_sarana_pengumpulan_data", "iv_unit_pengumpulan_data", "vi_apakah_melakukan_uji_coba"),
    *("vi_metode_pemeriksaan_kualitas_pengumpulan_data", "vi_apakah_melakukan_penyesuaian_nonrespon"),
    *("vii_tahapan_pengolahan_data", "vii_metode_analisis", "vii_unit_analisis"),
    *("vii_tingkat_penyajian_hasil_analisis", "viii_ketersediaan_produk_tercetak"),
    *("viii_ketersediaan_produk_digital", "viii_ketersediaan_produk_mikrodata"),
}
"""What must be said of every dataset, and of one with statistical metadata on file besides."""


def test_data_json_says_of_every_dataset_what_the_portal_asks_and_makes_nothing_up(store: Store) -> None:
    found = {d["identifier"].rpartition(":")[2]: d for d in json.loads(store.get("published/data.json"))["dataset"]}
    statistical = {name for name, standard in datasets().items() if standard.statistical}
    for name, said in found.items():
        wanted = REQUIRED | (STATISTICAL if name in statistical else set())
        assert wanted - said.keys() == set(), name
        assert ("total_msvar" in said) is (name in statistical), "there is no MS-Var to count"
        assert said["publishing_status"] == "approved"
        assert said["jenis"] == ("Data Statistik" if name in tables() and tables()[name].period else "Data Lainnya")
        assert not {"prioritas_tahun", "kriteria_prioritas", "id_mskeg"} & said.keys(), "not known of any"
    assert found["layanan_informasi"]["total_msvar"] == str(len(on_file()["layanan_informasi/2026"]["ms_var"]))


def test_the_portal_is_told_of_data_prioritas_and_of_the_number_of_an_activity(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        Planned(year, "layanan_informasi", "*", "BULANAN", 30, year > 2026, "TPB" if year == 2028 else "")
        for year in (2026, 2027, 2028)
    ]
    known = copy.deepcopy(on_file()["layanan_informasi/2026"])
    known["ms_keg"]["base_id"] = 88
    monkeypatch.setattr(daftar_data, "plan", lambda: {"layanan_informasi": lines})
    monkeypatch.setattr(indah, "on_file", lambda: {"layanan_informasi/2026": known})
    said = datajson.dataset(edition("layanan_informasi"), "")
    assert (said["prioritas_tahun"], said["id_mskeg"]) == ("2027, 2028", "88")
    assert said["kriteria_prioritas"] == daftar_data.CRITERIA["TPB"]
    listed = daftar.rows(daftar.LIST).to_pylist()
    assert [(row["tahun"], row["prioritas"], row["kriteria"]) for row in listed] == [
        (2026, False, None),
        (2027, True, None),
        (2028, True, "TPB"),
    ]


def test_each_thing_the_portal_offers_has_a_place(store: Store) -> None:
    """Perpres 39/2019 Art 36(4): kode referensi, data induk, data, metadata, Data Prioritas, jadwal rilis."""
    package = json.loads(store.get("published/datapackage.json"))
    paths = {resource["name"]: resource["path"] for resource in package["resources"]}
    assert {
        "wilayah",
        "satker",
        "teks",
        "layanan_informasi-metadata-2026",
        "daftar_data",
        "jadwal_rilis",
    } <= paths.keys()
    read = {
        name: list(csv.DictReader(io.StringIO(store.get(f"published/{paths[name]}").decode(), newline="")))
        for name in ("daftar_data", "jadwal_rilis")
    }
    assert len(read["daftar_data"]) == sum(map(len, daftar_data.plan().values()))
    assert {"tahun", "produsen", "frekuensi", "batas_hari", "prioritas"} <= read["daftar_data"][0].keys()
    due = next(r for r in read["jadwal_rilis"] if (r["dataset"], r["periode"]) == ("layanan_informasi", "2026-02"))
    assert (due["satker"], due["paling_lambat"]) == ("*", "2026-03-30")
    assert not [r for r in read["jadwal_rilis"] if r["dataset"] == "teks"], "daily data has no schedule"


def test_data_json_has_only_what_the_harvester_reads_within_the_limits_of_ckan(store: Store) -> None:
    found = json.loads(store.get("published/data.json"))["dataset"]
    assert [d["identifier"] for d in found] == [f"urn:spit:dataset:{name}" for name in published()]
    for dataset in found:
        assert set(dataset) <= HARVESTED
        assert all(re.fullmatch(r"[\w \-.]{2,100}", tag) for tag in dataset.get("keyword", ()))
        assert all(
            isinstance(dataset[name], str)
            for name in set(dataset) - {"keyword", "publisher", "language", "distribution"}
        )
        for distribution in dataset["distribution"]:
            put = store.stat(f"published/{distribution['downloadURL']}")
            assert put and put.size == distribution["byteSize"]
    layanan = next(d for d in found if d["identifier"].endswith("layanan_informasi"))
    assert (layanan["ukuran"], layanan["satuan"]) == ("Jumlah; Rata-rata", "permohonan; hari kerja")
    assert layanan["accrualPeriodicity"].endswith("/frequency/MONTHLY")


def test_a_keyword_ckan_would_refuse_is_made_fit() -> None:
    foto = replace(tables()["foto"], keywords=("a", "KIP/PPID (2026)", "x" * 200, "!!"))
    (dataset,) = datajson.data_json(1, AT, [replace(edition(), standard=foto)])["dataset"]
    assert dataset["keyword"] == ["KIP PPID 2026", "x" * 100]


def test_statistical_metadata_go_out_as_indah_spells_them_and_come_back_as_they_were(store: Store) -> None:
    sent = json.loads(store.get("published/indah/layanan_informasi-2026.json"))
    (activity,), (indicator, *_) = sent["ms_keg"], sent["ms_ind"]
    assert "instansi_penyelanggara" in activity["data"]["blok_i"] and "unit_analsis" in activity["data"]["blok_vii"]
    assert activity["data"]["blok_iv"]["frekuensi_penyelanggara"] == "BULANAN"
    assert "alamat_instansi_penyelenggara" in activity["data"]["blok_i"], "spelt right on the wire"
    assert "variabel_disaggregasi" in indicator["data"] and indicator["version"] == "v2"
    assert not any(activity["data"]["blok_ii"]["penanggung_jawab_teknis"].values()), "an official is a person"
    for kind in KINDS:
        kept = [read(kind, raw)["data"] for raw in sent[kind]]
        assert kept == [doc.data for doc in documents(on_file()["layanan_informasi/2026"], "") if doc.kind == kind]


def test_the_portal_is_told_of_the_activity_in_its_flat_fields(store: Store) -> None:
    found = json.loads(store.get("published/data.json"))["dataset"]
    layanan = next(d for d in found if d["identifier"].endswith("layanan_informasi"))
    assert layanan["i_instansi_penyelanggara"] == "Divisi Humas Polri"
    assert layanan["iv_sarana_pengumpulan_data"] == "Buku register PPID"
    assert layanan["vii_tahapan_pengolahan_data"] == "editing, validasi"
    assert layanan["vi_apakah_melakukan_uji_coba"] == "Tidak" and layanan["total_msind"] == "1"
    assert not [name for name in layanan if name.startswith("ii_pj")]
