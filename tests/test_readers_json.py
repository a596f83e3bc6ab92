import json
from functools import partial

import pytest

from tests.readings import HEADER, faults, kinds, places, rows, take
from tests.spreadsheets import xlsx


@pytest.fixture
def reading(tmp_path):
    return partial(take, tmp_path)


ITEMS = [{"judul": "a", "Satker": "01", "jumlah": 2014.0}, {"judul": "b\n\u0000", "jumlah": True, "kode satker": None}]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ITEMS),
        json.dumps(ITEMS, indent=2),
        json.dumps({"data": ITEMS}),
        json.dumps({"success": True, "records": ITEMS}),
        "\n".join(map(json.dumps, ITEMS)),
        "\ufeff" + "\r\n".join(map(json.dumps, ITEMS)) + "\r\n",
    ],
    ids=["list", "indented", "data", "records", "lines", "lines-bom"],
)
def test_every_shape_of_json_gives_the_same_rows(reading, text):
    found = reading(text)
    assert found.rows["judul"].to_pylist() == ["a", "b\n\0"]
    assert found.rows["jumlah"].to_pylist() == ["2014.0", "true"]
    assert found.rows["kode_satker"].to_pylist() == ["01", None]
    assert places(found) == [1, 2]


def test_what_an_envelope_says_beside_its_records_is_preamble(reading):
    found = reading('{"code": 200, "message": "ok", "data": [{"judul": "a"}]}')
    assert [json.loads(text) for text in found.preamble["teks"].to_pylist()] == [{"code": 200, "message": "ok"}]


def test_elements_that_are_no_objects_are_rows_with_a_fault(reading):
    found = reading('{"judul": "a"}\n\n{"judul": "b"\n[1]\n{"judul": "c"}\n')
    assert found.rows["judul"].to_pylist() == ["a", None, None, "c"] and places(found) == [1, 3, 4, 5]
    assert faults(found, "BUTIR_BUKAN_OBJEK") == [(3, None, '{"judul": "b"'), (4, None, "[1]")]
    assert faults(reading('[{"judul": "a"}, 5, null]'), "BUTIR_BUKAN_OBJEK") == [(2, None, "5"), (3, None, "null")]


@pytest.mark.parametrize(("text", "count"), [("{}", 1), ("[{}]", 1), ('{"data": [{}, {}]}', 2), ("{}\n{}\n", 2)])
def test_objects_without_anything_are_empty_lines(reading, text, count):
    found = reading(text)
    assert (found.rows_in, found.skipped["alasan"].to_pylist()) == (count, ["BARIS_KOSONG"] * count)
    assert set(kinds(found)) == {"KOLOM_TIDAK_ADA"}


def test_nested_values_and_repeated_keys_are_faults_of_their_row(reading):
    found = reading('[{"judul": {"id": "a"}, "jumlah": [1, 2]}, {"judul": null, "judul": "x"}, {"judul": "[a]"}]')
    assert faults(found, "NILAI_BERSARANG") == [(1, "judul", '{"id":"a"}'), (1, "jumlah", "[1,2]")]
    assert faults(found, "KOLOM_GANDA") == [(2, None, "judul")]
    assert len(rows(found)) == 3


def test_keys_may_hold_any_sign(reading):
    keys = ["a/b", "~", "", "*", 'x"y', "a.b", "0", "_baris", "judul", "Judul"]
    found = reading(json.dumps([{key: f"v{i}" for i, key in enumerate(keys)}]))
    values = [v for k, v in found.rows.to_pylist()[0].items() if k not in ("_baris", "_lembar")]
    assert values == [f"v{i}" for i in range(len(keys))]
    assert found.rows["judul"].to_pylist() == ["v8"] and faults(found, "KOLOM_GANDA") == [(1, "judul", "v8 | v9")]


@pytest.mark.parametrize(
    "text",
    ['[{"judul": "a"}', '{"data": [', '[{"judul": "a"}] x', "[" * 100_000, '{"a": ' * 50_000, '[{"a": "' + "é" * 99],
)
def test_broken_documents_are_refused(reading, text):
    assert kinds(reading(text)) == ["BERKAS_TABEL_TIDAK_TERBACA"]


def test_numbers_are_never_taken_for_thousands(reading):
    found = reading('[{"judul": "12.345", "jumlah": 12.345}, {"judul": "x", "jumlah": 1234567890123456789}]')
    assert found.rows["jumlah"].to_pylist() == ["12.3450", "1234567890123456789"]
    assert found.rows["judul"].to_pylist()[0] == "12.345"
    assert rows(reading(xlsx([HEADER, ("12.345", "a", 12.345)]))) == [("12.345", "a", "12.3450")]
