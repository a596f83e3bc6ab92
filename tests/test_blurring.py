"""What a reviewer has blurred: at once nowhere public without it, for every row of the same bytes, until taken back."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from PIL import Image, ImageChops, ImageStat

from infra import steps
from infra.blurring.records import Blur, standing
from infra.cli import main
from tests.office import Installation
from tests.samples import make
from transforms import pengaburan
from transforms.media import encode

PICTURE = encode.photo(320, 240, text="wajah", quality=90)
SHA256 = hashlib.sha256(PICTURE).hexdigest()
URN = f"urn:spit:media:sha256:{SHA256}"
SAID = ("--by", "PPID Polda Jateng", "--reason", "wajah saksi")


def satu(spit: Installation, *words: str) -> Any:
    env = {"SPIT_HOME": str(spit.settings.home), "SPIT_SOURCES": str(spit.settings.sources)}
    return CliRunner().invoke(main, list(words), env=env)


def shelf(spit: Installation) -> dict[str, bytes]:
    """The renditions on the public shelf, by name."""
    place = Path(spit.settings.store) / "published" / "rendisi"
    return {path.name: path.read_bytes() for path in place.glob("*") if path.suffix in {".jpg", ".webp"}}


def changed(one: bytes, other: bytes, box: tuple[int, int, int, int]) -> float:
    """How much two pictures differ inside `box`: the mean of 0 to 255."""
    pictures = [Image.open(io.BytesIO(data)).convert("L").crop(box) for data in (one, other)]
    return ImageStat.Stat(ImageChops.difference(*pictures)).mean[0]


def web(files: dict[str, bytes]) -> bytes:
    (name,) = [name for name in files if name.endswith(".jpg")]
    return files[name]


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    made = Installation.at(tmp_path / "spit")
    own = {"peristiwa": "APEL", "nomor": "UJI/1", "berkas": "bahan.jpg", "daerah_kabur": "0, 0, 20, 20"}
    made.drop("foto", make.items("foto", own, files={"bahan.jpg": PICTURE}))
    made.take_in()
    steps.render(made.settings)
    made.publish()
    return made


def test_what_a_reviewer_blurs_is_shown_nowhere_without_it(spit: Installation) -> None:
    before = shelf(spit)
    assert len(before) == 2
    (key,) = [row["_kunci"] for row in spit.rows("SELECT _kunci FROM foto")]
    done = satu(spit, "blur", f"foto/{key}", "--region", "50, 50, 50, 50", *SAID)
    assert done.exit_code == 0, done.output
    published = Path(spit.settings.store) / "published"
    assert shelf(spit) == {}, "before there are new ones"
    assert not [p for p in published.rglob("*") if p.is_file() and any(n.encode() in p.read_bytes() for n in before)]

    assert steps.render(spit.settings) == {"media": 1, "copies": 2, "failed": 0}
    assert steps.render(spit.settings)["media"] == 0
    spit.publish()
    after = shelf(spit)
    assert len(after) == 2 and not after.keys() & before.keys()
    assert changed(web(before), web(after), (160, 120, 320, 240)) > 5
    assert changed(web(before), web(after), (0, 0, 150, 110)) < 1, "what the office blurred was, and is"
    assert spit.rows("SELECT daerah_kabur FROM media") == [{"daerah_kabur": "0, 0, 20, 20; 50, 50, 50, 50"}]
    assert spit.rows("SELECT daerah_kabur FROM media_riwayat") == [{"daerah_kabur": "0, 0, 20, 20"}]

    assert satu(spit, "blur", URN, "--undo", *SAID).exit_code == 0
    assert shelf(spit) == before, "those were made before"
    assert [row["daerah"] for row in json.loads(satu(spit, "blur", "--list", "--json").output)] == [
        "50, 50, 50, 50",
        None,
    ]
    again = satu(spit, "blur", URN, "--undo", *SAID)
    assert again.exit_code == 2 and "no reviewer has blurred" in again.output


def test_it_holds_for_the_same_bytes_handed_in_again_and_no_original_goes_out(spit: Installation) -> None:
    second = {"peristiwa": "APEL", "nomor": "UJI/2", "berkas": "b.jpg", "judul": "Judul yang lain"}
    other = encode.photo(64, 48, text="lain")
    third = {"peristiwa": "APEL", "nomor": "UJI/3", "berkas": "c.jpg"}
    assert satu(spit, "blur", URN, "--region", "50, 50, 50, 50", *SAID).exit_code == 0
    spit.drop("lagi", make.items("foto", second, third, files={"b.jpg": PICTURE, "c.jpg": other}))
    spit.take_in()
    steps.render(spit.settings)
    spit.publish()
    found = spit.rows("SELECT nomor, daerah_kabur FROM media ORDER BY nomor")
    assert [row["daerah_kabur"] for row in found] == ["0, 0, 20, 20; 50, 50, 50, 50", "50, 50, 50, 50", None]
    target = spit.settings.home / "kit"
    assert satu(spit, "kit", "APEL", "--originals", "-o", str(target)).exit_code == 0
    assert [path.read_bytes() for path in target.rglob("*-asli.*")] == [other]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--region", "1, 1, 1, 1", *SAID], "name the medium"),
        ([URN, *SAID], "say what is blurred"),
        ([URN, "--region", "kiri atas", *SAID], "is no region: write left, top, width, height"),
        ([URN, "--region", "1, 1, 1", *SAID], "is no region"),
        ([URN, "--region", "100, 1, 5, 5", *SAID], "would blur nothing"),
        ([URN, "--region", "1, 1, 0, 5; 1, 1, 5, 5", *SAID], "would blur nothing"),
        ([URN, "--region", "1, 1, 1, 1", "--by", "x"], "who decides it (--by) and why"),
        ([URN, "--undo", "--region", "1, 1, 1, 1", *SAID], "give no --region"),
        (["urn:spit:media:sha256:" + "0" * 64, "--region", "1, 1, 1, 1", *SAID], "there is no medium"),
        (["foto/TIDAK|ADA", "--region", "1, 1, 1, 1", *SAID], "there is no medium"),
        (["2026-000001", "--region", "1, 1, 1, 1", *SAID], "names no medium"),
        (["teks/JATENG|1", "--region", "1, 1, 1, 1", *SAID], "names no medium"),
    ],
)
def test_what_cannot_be_blurred_is_refused_in_words(tmp_path: Path, words: list[str], says: str) -> None:
    spit = Installation.at(tmp_path / "spit")
    done = satu(spit, "blur", *words)
    assert done.exit_code == 2 and says in done.output


def test_regions_of_reviewers_add_up_until_all_are_taken_back() -> None:
    def said(number: int, sha256: str, regions: str | None) -> Blur:
        return Blur(number, sha256, "x", regions, "x", "x", "2026-11-29T00:00:00+00:00")

    records = [said(1, "a", "1, 1, 1, 1"), said(2, "b", "2, 2, 2, 2"), said(3, "a", "3, 3, 3, 3")]
    assert standing(records) == {"a": "1, 1, 1, 1; 3, 3, 3, 3", "b": "2, 2, 2, 2"}
    assert standing([*records, said(4, "a", None)]) == {"b": "2, 2, 2, 2"}
    assert standing([*records, said(4, "a", None), said(5, "a", "5, 5, 5, 5")])["a"] == "5, 5, 5, 5"


def test_the_regions_of_office_and_reviewer_are_one_list() -> None:
    media = "SELECT * FROM (VALUES ('a', '1, 1, 1, 1'), ('a', NULL), ('b', '2, 2, 2, 2'), ('c', NULL), (NULL, NULL))"
    regions = pengaburan.relation({"a": "9, 9, 9, 9"})
    found = duckdb.sql(pengaburan.applied(f"{media} t(sha256, daerah_kabur)", regions)).fetchall()
    assert sorted(found, key=str) == sorted(
        [("a", "1, 1, 1, 1; 9, 9, 9, 9"), ("a", "9, 9, 9, 9"), ("b", "2, 2, 2, 2"), ("c", None), (None, None)], key=str
    )
    assert duckdb.sql(pengaburan.relation({})).fetchall() == []
