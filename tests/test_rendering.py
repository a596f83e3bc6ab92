"""Renditions in the flow: made once, recorded once, shown only of what is public, and in nobody's way."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import pytest

from infra import rendering, steps
from infra.lake import Lake
from infra.storage.store import content_key, open_store
from tests.office import Installation
from tests.samples import make
from transforms.media import encode
from transforms.media.rendition import RECIPE

PICTURE = encode.photo(64, 48, text="a", gps=(-7.42, 109.24), quality=60)
OTHER = encode.photo(64, 48, text="b", quality=60)


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "spit")


def photos(*changes: dict[str, Any], **files: bytes) -> make.Files:
    named = {f"{name}.jpg": data for name, data in (files or {"bahan": PICTURE}).items()}
    return make.items("foto", *(changes or ({},)), files=named)


def lines(spit: Installation) -> list[dict[str, Any]]:
    """What is curated of table `rendisi`, released or not."""
    with steps.opened(spit.settings) as (store, inbox):
        newest = inbox.newest_curated()
        assert newest
        files = Lake(store).files("rendisi", newest.versions["rendisi"])
    rows = duckdb.sql(f"FROM read_parquet({files}) ORDER BY sha256, hak, resep, peran").to_arrow_table().to_pylist()
    assert len({(r["sha256"], r["hak"], r["resep"], r["peran"]) for r in rows}) == len(rows)
    return rows


def test_accepted_media_get_their_copies_once(spit: Installation) -> None:
    spit.drop("foto", photos())
    spit.take_in()
    assert steps.render(spit.settings) == {"media": 1, "copies": 2, "failed": 0}
    assert steps.render(spit.settings) == {"media": 0, "copies": 0, "failed": 0}

    rows = lines(spit)
    assert [row["peran"] for row in rows] == ["kecil", "web"]
    assert {(row["sha256"], row["resep"], row["galat"]) for row in rows} == {
        (hashlib.sha256(PICTURE).hexdigest(), RECIPE, None)
    }
    store = open_store(spit.settings.store)
    for row in rows:
        data = store.get(rendering.copy_key(row["sha256"], row["sha256_rendisi"]))
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (row["sha256_rendisi"], row["ukuran_byte"])
        assert b"Humas contoh" in data
        assert b"creativecommons.org" in data


def test_the_same_bytes_under_another_credit_are_other_copies(spit: Installation) -> None:
    spit.drop("foto", photos({}, {"kredit": "Humas lain"}, {"lisensi": "INTERNAL"}, {"judul": "Judul yang lain"}))
    spit.take_in()
    assert steps.render(spit.settings)["media"] == 3
    store = open_store(spit.settings.store)
    said = [store.get(rendering.copy_key(row["sha256"], row["sha256_rendisi"])) for row in lines(spit)]
    assert len(said) == len(set(said)) == 6
    assert sum(b"Humas lain" in data for data in said) == 2
    assert sum(b"pemakaian internal" in data for data in said) == 2


def test_what_cannot_be_rendered_is_a_row_that_says_why(spit: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    spit.drop("foto", photos({"berkas": "a.jpg"}, {"berkas": "b.jpg"}, a=PICTURE, b=OTHER))
    spit.take_in()
    store = open_store(spit.settings.store)
    key = content_key(hashlib.sha256(PICTURE).hexdigest())
    store.put(key, PICTURE[:700])  # the disk has eaten it since it was judged
    assert steps.render(spit.settings) == {"media": 2, "copies": 2, "failed": 1}
    assert steps.render(spit.settings)["media"] == 0
    spit.publish()
    assert spit.rows("SELECT sha256, peran, galat FROM rendisi WHERE galat IS NOT NULL") == [
        {"sha256": hashlib.sha256(PICTURE).hexdigest(), "peran": None, "galat": "BERKAS_RUSAK"}
    ], "as an analyst sees it"


def test_a_new_recipe_makes_every_copy_again(spit: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    spit.drop("foto", photos())
    spit.take_in()
    steps.render(spit.settings)
    for module in ("infra.rendering", "transforms.media.rendition"):
        monkeypatch.setattr(f"{module}.RECIPE", RECIPE + 1)
    assert steps.render(spit.settings)["copies"] == 2
    assert steps.render(spit.settings)["copies"] == 0
    assert [row["resep"] for row in lines(spit)] == [RECIPE, RECIPE, RECIPE + 1, RECIPE + 1]


def test_a_worker_killed_between_rendering_and_curating_leaves_nothing_twice(
    spit: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    spit.drop("foto", photos())
    spit.take_in()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for place in ("infra.rendering._record", "infra.steps.curate"):  # before it is recorded, and after
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(place, killed)
            steps.render(spit.settings)
    assert steps.render(spit.settings)["media"] == 0, "it waits for curating"
    steps.curate(spit.settings)
    assert len(lines(spit)) == 2


def test_what_was_erased_and_comes_again_is_made_again(spit: Installation) -> None:
    spit.drop("foto", photos())
    spit.take_in()
    steps.render(spit.settings)
    store = open_store(spit.settings.store)
    assert rendering.forget(store, hashlib.sha256(PICTURE).hexdigest()) == 2
    assert steps.render(spit.settings)["media"] == 0
    spit.drop("lagi", photos({"nomor": "UJI/2026/777"}))
    spit.take_in()
    assert steps.render(spit.settings)["media"] == 0, "recorded already"
    assert len(lines(spit)) == 2
    assert all(store.stat(rendering.copy_key(row["sha256"], row["sha256_rendisi"])) for row in lines(spit))


def test_weather_at_one_medium_keeps_no_other_waiting(spit: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    spit.drop("foto", photos({"berkas": "a.jpg"}, {"berkas": "b.jpg"}, a=PICTURE, b=OTHER))
    spit.take_in()
    monkeypatch.setattr(rendering, "AT_ONCE", 1)
    real, bad = rendering.rendered, hashlib.sha256(PICTURE).hexdigest()

    def stormy(store: Any, media: Any) -> Any:
        if media[0].sha256 == bad:
            raise OSError("the disk does not answer")
        return real(store, media)

    with monkeypatch.context() as patch, pytest.raises(ExceptionGroup):
        patch.setattr(rendering, "rendered", stormy)
        steps.render(spit.settings)
    assert steps.render(spit.settings) == {"media": 1, "copies": 2, "failed": 0}


def test_the_public_shelf_shows_the_copies_and_never_the_original(spit: Installation) -> None:
    spit.drop("foto", photos({"berkas": "a.jpg"}, {"berkas": "b.jpg", "lisensi": "INTERNAL"}, a=PICTURE, b=OTHER))
    spit.take_in()
    steps.render(spit.settings)
    spit.publish()
    store = open_store(spit.settings.store)
    public = {stat.key: store.get(stat.key) for stat in store.list("published/")}
    mine = [row for row in lines(spit) if row["sha256"] == hashlib.sha256(PICTURE).hexdigest()]
    endings = {"image/jpeg": "jpg", "image/webp": "webp"}
    files = {f"published/rendisi/{row['sha256_rendisi']}.{endings[row['tipe_media']]}" for row in mine}
    assert {key for key in public if key.endswith((".jpg", ".webp"))} == files
    assert PICTURE not in public.values()
    steps.reconcile(spit.settings)
    assert {stat.key for stat in store.list("published/rendisi/") if stat.key.endswith((".jpg", ".webp"))} == files


def test_a_blur_asked_for_once_holds_for_every_row_of_the_same_bytes(spit: Installation) -> None:
    spit.drop("foto", photos({}, {"judul": "Judul yang lain"}, {"daerah_kabur": "0, 0, 50, 50"}))
    spit.take_in()
    assert steps.render(spit.settings) == {"media": 2, "copies": 4, "failed": 0}
    spit.publish()
    store = open_store(spit.settings.store)
    shown = {key.key for key in store.list("published/rendisi/") if key.key.endswith((".jpg", ".webp"))}
    assert len(shown) == 2
    with_blur = spit.rows("SELECT nomor FROM media WHERE daerah_kabur IS NOT NULL")
    listed = store.get("published/rendisi.csv").decode()
    assert with_blur[0]["nomor"] in listed
    assert listed.count("UJI/2026/") == 2, "web and kecil of the row that asked; nothing of the others"


def test_a_copy_says_all_the_rights_of_its_row(spit: Installation) -> None:
    own = {"hak_cipta": "2026 Polres Contoh", "ketentuan_pakai": "Tidak untuk iklan.", "kelas_pemakaian": "REDAKSI"}
    spit.drop("foto", photos(own))
    spit.take_in()
    steps.render(spit.settings)
    store = open_store(spit.settings.store)
    for row in lines(spit):
        data = store.get(rendering.copy_key(row["sha256"], row["sha256_rendisi"]))
        for text in ("2026 Polres Contoh", "creativecommons.org", "Tidak untuk iklan", "Hanya untuk pemberitaan"):
            assert text.encode() in data
