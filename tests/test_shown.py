"""Which renditions are on the public shelf: those of public media, as long as they are, and no others."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.publishing.publication import Publication, publish
from infra.rendering import copy_key
from infra.storage.folder import FolderStore
from infra.storage.store import Store
from schemas.dataset import tables
from tests.released import AT, HELD_BACK, SECRET, Release, copy, lake, row

MEDIA = tables()["media"]
Rows = list[dict[str, Any]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return FolderStore(tmp_path / "lake")


def media(key: str, **values: Any) -> dict[str, Any]:
    return row(MEDIA, key, **{"sha256": f"{sum(key.encode()):064x}", "_kunci": key, **values})


def put_out(store: Store, rows: Rows, number: int = 1, made: Rows | None = None, **options: Any) -> Publication:
    """Publish these rows of `media`, each with one copy whose bytes are its key."""
    made = [copy(medium) for medium in rows] if made is None else made
    for line in made:
        if line["sha256_rendisi"]:
            store.put(copy_key(line["sha256"], line["sha256_rendisi"]), b"isi")
    release = Release(number, AT + timedelta(hours=number), {"media": number, "rendisi": number, "pelepasan": number})
    with lake({"media": rows, "rendisi": made}) as connection:
        return publish(connection, store, release, **options)


def shown(store: Store) -> set[str]:
    return {stat.key.rpartition("/")[2][:-4] for stat in store.list("published/rendisi/") if stat.key.endswith(".jpg")}


def of(*rows: dict[str, Any]) -> set[str]:
    return {copy(medium)["sha256_rendisi"] for medium in rows}


@pytest.mark.parametrize("why", [why for why, (column, _) in HELD_BACK.items() if column in MEDIA.arrow.names])
def test_a_copy_of_what_is_held_back_is_nowhere(store: Store, why: str) -> None:
    column, value = HELD_BACK[why]
    closed = media("b", **{column: value})
    at = {"number": 0} if why == "embargo" else {}
    publication = put_out(store, [media("a"), closed], **at)
    assert shown(store) == of(media("a"))
    assert b"b-terbuka" not in store.get("published/rendisi.csv")
    assert publication.copies is not None and publication.copies.num_rows == 1


def test_bytes_that_one_row_keeps_closed_are_shown_by_no_other(store: Store) -> None:
    same = {"sha256": "7" * 64}
    put_out(store, [media("a", **same), media("b", subjek_anak=True, **same), media("c")])
    assert shown(store) == of(media("c"))


def test_what_is_no_longer_public_is_gone_at_the_next_publication(store: Store) -> None:
    a, b = media("a"), media("b", judul=SECRET)
    put_out(store, [a, b])
    assert shown(store) == of(a, b)
    again = put_out(store, [a, media("b", klasifikasi_informasi="DIKECUALIKAN")], 2)
    assert shown(store) == of(a)
    assert [key for key in again.removed if key.endswith(".jpg")] and not [k for k in again.written if ".jpg" in k]


def test_publishing_again_writes_nothing_and_one_more_copy_writes_one(store: Store) -> None:
    put_out(store, [media("a"), media("b")])
    assert put_out(store, [media("a"), media("b")]).written == ()
    again = put_out(store, [media("a"), media("b"), media("c")], 2)
    assert [key for key in again.written if key.endswith(".jpg")] == [
        f"published/rendisi/{sha256}.jpg" for sha256 in of(media("c"))
    ]
    assert again.removed and not [key for key in again.removed if key.endswith(".jpg")]


def test_only_the_newest_recipe_is_shown_and_no_failure_hides_an_older_copy(store: Store) -> None:
    old, new = copy(media("a")), copy(media("a"), resep=2, sha256_rendisi="2" * 64)
    failed = copy(media("a"), resep=3, sha256_rendisi=None, peran=None, galat="BERKAS_MACET")
    put_out(store, [media("a")], made=[old])
    put_out(store, [media("a")], 2, made=[old, new, failed])
    assert shown(store) == {"2" * 64}


def test_a_copy_carries_the_rights_its_row_has_now(store: Store) -> None:
    before, now = media("a", kredit="Humas lama"), media("a", kredit="Humas baru")
    put_out(store, [before])
    put_out(store, [now], 2, made=[copy(before)])
    assert shown(store) == set(), "not with another credit than the row's"
    put_out(store, [now], 3, made=[copy(before), copy(now, sha256_rendisi="3" * 64)])
    assert shown(store) == {"3" * 64}


def test_a_copy_whose_bytes_are_gone_is_laid_out_once_they_are_back(store: Store) -> None:
    made = copy(media("a"))
    put_out(store, [media("a")])
    for key in (copy_key(made["sha256"], made["sha256_rendisi"]), f"published/rendisi/{made['sha256_rendisi']}.jpg"):
        store.delete(key)
    store.delete("gates/rendisi.arrow")
    release = Release(1, AT + timedelta(hours=1), {"media": 1, "rendisi": 1, "pelepasan": 1})
    with lake({"media": [media("a")], "rendisi": [made]}) as connection:
        publish(connection, store, release)
        assert shown(store) == set()
        store.put(copy_key(made["sha256"], made["sha256_rendisi"]), b"isi")
        publish(connection, store, release)
    assert shown(store) == of(media("a"))


def test_a_thorough_publication_takes_back_what_nobody_noted(store: Store) -> None:
    put_out(store, [media("a")])
    for stray in (f"published/rendisi/{'9' * 64}.jpg", "published/lama/1.1-x/lama.csv"):
        store.put(stray, b"tertinggal")
    put_out(store, [media("a")])
    assert len(shown(store)) == 2
    put_out(store, [media("a")], thorough=True)
    assert shown(store) == of(media("a")) and not list(store.list("published/lama/"))


class Tired(FolderStore):
    """A store that gives up at its n-th change."""

    def __init__(self, root: Path, changes: int) -> None:
        super().__init__(root)
        self.left = changes

    def put(self, *args: Any, **kwargs: Any) -> Any:
        self._count()
        return super().put(*args, **kwargs)

    def delete(self, key: str) -> None:
        self._count()
        super().delete(key)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError("no space left on device")


def test_publishing_may_stop_anywhere(tmp_path: Path) -> None:
    a, b, c = media("a"), media("b"), media("c")
    whole = 0
    for left in range(3, 100, 4):
        root = tmp_path / str(left)
        put_out(FolderStore(root), [a, b])
        for medium in (b, c):
            made = copy(medium)
            FolderStore(root).put(copy_key(made["sha256"], made["sha256_rendisi"]), b"isi")
        tired = Tired(root, left)
        release = Release(2, AT + timedelta(hours=2), {"media": 2, "rendisi": 2, "pelepasan": 2})
        with lake({"media": [b, c], "rendisi": [copy(m) for m in (a, b, c)]}) as connection:
            try:
                publish(connection, tired, release)
            except OSError:
                tired.left = 1000
                publish(connection, tired, release)
            else:
                whole += 1
        assert shown(tired) == of(b, c)
        if whole:
            return
    raise AssertionError("no run was long enough to end by itself")
