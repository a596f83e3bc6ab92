"""The answer: every receipt fits its schema, says the same on its page, and the page needs nothing but itself."""

import json
import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any, ClassVar

import jsonschema_rs
import orjson
import pyarrow as pa
import pytest

from infra.judged import by_submission
from infra.judging.judge import judge
from tests.test_samples import FOLDERS, parcel
from transforms.receipt import STATUS, Findings, page, receipt, written
from transforms.receipt_page import SHOWN, receipt_page

SCHEMA = json.loads((Path(__file__).parent.parent / "schemas" / "receipt.schema.json").read_text())


@pytest.fixture(scope="module")
def answers() -> list[dict[str, Any]]:
    """The answers to all samples, judged as one batch."""
    parcels = [parcel(folder, f"2026-{number:06d}.1") for number, folder in enumerate(FOLDERS, 1)]
    tables = judge(parcels, 1).tables
    rows = {name: tables[name].to_pylist() for name in ("kiriman", "neraca_baris", "temuan")}
    return [
        receipt(
            row, *([r for r in rows[name] if r["kiriman"] == row["kiriman"]] for name in ("neraca_baris", "temuan"))
        )
        for row in rows["kiriman"]
    ]


def test_every_receipt_fits_its_schema(answers: list[dict[str, Any]]) -> None:
    validator = jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True)
    assert len(answers) > 60
    for document in answers:
        assert [str(error) for error in validator.iter_errors(document)] == []
        assert validator.is_valid({**document, "rahasia": 1}) is False
        assert validator.is_valid({**document, "versi": 2}) is False


def test_the_schema_knows_every_state() -> None:
    assert set(SCHEMA["properties"]["status"]["enum"]) == set(STATUS)


def test_the_page_says_what_the_document_says(answers: list[dict[str, Any]]) -> None:
    for document in answers:
        html = receipt_page(document)
        text = unescape(re.sub(r"<[^>]+>", " ", html))
        for finding in document["temuan"]:
            for words in ("kode", "id", "en", "cara", "mend"):
                assert finding[words] in unescape(html), finding
        for number in document["baris"].values():
            assert re.search(rf"\b{number}\b", text)
        assert document["nomor"] in text
        assert len(page(document)) > 100


def test_the_page_asks_nothing_of_anybody(answers: list[dict[str, Any]]) -> None:
    for document in answers:
        html = receipt_page(document)
        assert re.findall(r"(?i)<(script|link|img|iframe|object|embed|form)\b", html) == []
        assert re.findall(r"(?i)(?:https?:)?//[a-z0-9]", html) == []
        assert "default-src 'none'" in html


def test_what_an_office_wrote_is_text_on_the_page(answers: list[dict[str, Any]]) -> None:
    trick = "<script>alert(1)</script>&amp;"
    document = {**answers[0], "nama": trick, "satker": trick, "dataset": trick, "berkas": answers[0]["berkas"] * 2}
    finding = next(f for a in answers for f in a["temuan"])
    document["temuan"] = [{**finding, "berkas": trick, "lembar": trick, "kolom": trick, "id": trick}]
    document["baris"] = {**document["baris"], "dikembalikan": 0}
    document["berkas"] = [{**file, "berkas": trick} for file in document["berkas"]]
    html = receipt_page(document)

    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;") == 9


def test_a_long_list_of_findings_is_cut_and_says_so(answers: list[dict[str, Any]]) -> None:
    finding = next(f for a in answers for f in a["temuan"])
    html = receipt_page({**answers[0], "temuan": [finding] * (SHOWN + 7)})
    assert html.count(f"<code>{finding['kode']}</code>") == SHOWN
    assert "dan 7 temuan lain" in html


class Table(list[dict[str, Any]]):
    """Rows that note how many of them were asked for at a time."""

    asked: ClassVar[list[int]] = []

    @property
    def num_rows(self) -> int:
        return len(self)

    def slice(self, offset: int, length: int) -> "Table":
        return Table(self[offset : offset + length])

    def to_pylist(self) -> list[dict[str, Any]]:
        self.asked.append(len(self))
        return list(self)


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_many_findings_are_put_into_words_some_at_a_time(answers: list[dict[str, Any]], count: int) -> None:
    found = next(f for document in answers for f in document["temuan"] if f["baris"])
    rows = Table({**found, "baris": at, "tingkat": "GALAT" if at % 3 else "CATATAN"} for at in range(count))
    kiriman = dict.fromkeys(("baris_masuk", "baris_diterima", "baris_dikembalikan", "baris_dilewati"), 0)
    kiriman |= {"kiriman": "2026-000001.1", "sumber": "jateng", "nama": "x", "kode_satker": None, "dataset": "teks"}
    kiriman |= {"_diterima_pada": datetime(2026, 11, 24, tzinfo=UTC), "status": "DIPERIKSA"}
    whole = receipt(kiriman, [], rows)
    document = {**whole, "temuan": Findings(rows, "teks")}
    Table.asked.clear()
    assert b"".join(written(document)) == orjson.dumps(whole, option=orjson.OPT_INDENT_2) == b"".join(written(whole))
    assert page(document) == page(whole)
    assert receipt_page(document) == receipt_page(whole)
    assert max(Table.asked, default=0) < 5_000


def test_the_findings_of_each_submission_keep_their_order() -> None:
    of = [*("a" * 3), "b", *("a" * 2), "c"]
    found = by_submission(pa.table({"kiriman": of, "baris": range(7)}))
    assert {name: rows["baris"].to_pylist() for name, rows in found.items()} == {
        "a": [0, 1, 2, 4, 5],
        "b": [3],
        "c": [6],
    }
    assert by_submission(pa.table({"kiriman": pa.array([], pa.string())})) == {}


def test_the_moment_is_told_in_the_satker_s_own_zone(answers: list[dict[str, Any]]) -> None:
    document = {**answers[0], "diterima_pada": "2026-12-31T15:30:00+00:00"}
    for satker, told in (("JATENG", "31 Desember 2026, 22.30 WIB"), ("PAPUA", "1 Januari 2027, 00.30 WIT")):
        assert told in receipt_page({**document, "satker": satker})
