"""What was found by an older examination is not believed, and examined anew when it is asked for."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from infra import facts, steps
from infra.storage.store import Store, open_store
from tests.office import Installation
from tests.samples import make
from transforms.media import encode
from transforms.media.probe import EXAMINATION, FACTS

PLACED = encode.photo(64, 48, text="a", gps=(-7.42, 109.24))
BARE = encode.photo(64, 48, text="b")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def said(store: Store, data: bytes, **changes: Any) -> None:
    """Change what is kept of these bytes."""
    known = json.loads(store.get(facts.key(sha(data))))
    store.put(facts.key(sha(data)), json.dumps({**known, **changes}).encode())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = open_store(str(tmp_path / "lake"))
    for data in (PLACED, BARE):
        made.put_content(data)
    facts.of(made, [sha(PLACED), sha(BARE)])
    return made


def test_a_file_is_examined_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "probe", lambda paths: pytest.fail("again") if paths else FACTS.empty_table())
    found = facts.of(store, [sha(PLACED), sha(BARE)])
    assert [found[sha(data)]["ada_gps"] for data in (PLACED, BARE)] == [True, False]
    assert facts.VERSION not in found[sha(BARE)]


@pytest.mark.parametrize("version", [EXAMINATION - 1, None], ids=["older", "from before there were versions"])
def test_what_an_older_examination_missed_is_found(store: Store, version: int | None) -> None:
    said(store, PLACED, ada_gps=False, **{facts.VERSION: version})
    assert facts.without_position(store, {sha(PLACED), sha(BARE)}) == {sha(BARE)}
    kept = json.loads(store.get(facts.key(sha(PLACED))))
    assert (kept["ada_gps"], kept[facts.VERSION]) == (True, EXAMINATION)


def test_of_what_is_gone_or_cannot_be_told_none_is_without_position(store: Store) -> None:
    said(store, BARE, ada_gps=None)
    assert facts.without_position(store, {sha(BARE), "0" * 64}) == set()


def test_judging_asks_the_present_examination(tmp_path: Path) -> None:
    spit = Installation.at(tmp_path / "spit")
    spit.drop("foto", make.items("foto", {"berkas": "a.jpg"}, files={"a.jpg": PLACED}))
    steps.land(spit.settings)
    said(open_store(spit.settings.store), PLACED, ada_gps=False, **{facts.VERSION: EXAMINATION - 1})
    for step in (steps.judge, steps.answer):
        step(spit.settings)
    assert "GPS_TERTANAM" in spit.rules(spit.one("foto").receipt)
