"""Bytes into raw: several files at once, once each, and not again after a landing that was cut off."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from infra import copying, steps
from infra.storage.folder import FolderStore
from infra.storage.store import content_key, open_store
from tests.bench.memory import landed_mib
from tests.office import Installation
from tests.samples import make


@pytest.fixture
def spit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    monkeypatch.setattr(copying, "NOTED", 1 << 20)
    return Installation.at(tmp_path / "spit")


def extra(*sizes: int) -> make.Files:
    """A good text with files beside it that nothing refers to."""
    return {f"lampiran-{n}.bin": os.urandom(size) for n, size in enumerate(sizes)} | make.items("teks", {})


def test_what_was_copied_before_the_landing_was_cut_off_is_not_copied_again(
    spit: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = extra(2 << 20, 3 << 20, 1000)
    spit.drop("besar", files)
    put, seen = FolderStore.put_content, []

    def counted(store: FolderStore, source: Any, *origin: Any) -> Any:
        if isinstance(source, Path):
            seen.append(source.name)
        return put(store, source, *origin)

    monkeypatch.setattr(FolderStore, "put_content", counted)
    with monkeypatch.context() as patch, pytest.raises(ExceptionGroup):
        patch.setattr("infra.landing._record", cut_off)
        steps.land(spit.settings)
    assert sorted(seen) == sorted(files)
    seen.clear()
    assert steps.land(spit.settings)["landed"] == 1
    assert "lampiran-0.bin" not in seen and "lampiran-1.bin" not in seen and "lampiran-2.bin" in seen
    store = open_store(spit.settings.store)
    for data in files.values():
        assert store.get(content_key(hashlib.sha256(data).hexdigest())) == data
    assert list(store.list("arriving/")) == []


def cut_off(*_: object) -> None:
    raise OSError("cut off")


def test_a_file_replaced_between_two_landings_is_copied_anew(
    spit: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = spit.drop("besar", extra(2 << 20))
    with monkeypatch.context() as patch, pytest.raises(ExceptionGroup):
        patch.setattr("infra.landing._record", cut_off)
        steps.land(spit.settings)
    other = os.urandom(2 << 20)
    (folder / "lampiran-0.bin").write_bytes(other)
    assert steps.land(spit.settings)["landed"] == 1
    assert open_store(spit.settings.store).get(content_key(hashlib.sha256(other).hexdigest())) == other


def test_bytes_erased_from_raw_meanwhile_are_copied_anew(spit: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    files = extra(2 << 20)
    spit.drop("besar", files)
    with monkeypatch.context() as patch, pytest.raises(ExceptionGroup):
        patch.setattr("infra.landing._record", cut_off)
        steps.land(spit.settings)
    store, key = open_store(spit.settings.store), content_key(hashlib.sha256(files["lampiran-0.bin"]).hexdigest())
    store.delete(key)
    steps.land(spit.settings)
    assert store.get(key) == files["lampiran-0.bin"]


def test_a_drop_that_moves_holds_up_none_of_its_neighbours(spit: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        spit.drop(name, make.items("teks", {"nomor": f"UJI/{name}/1"}))
    real = copying._copied

    def gone(drop: Any, name: str, path: Path, *rest: Any) -> Any:
        if drop.name == "b":
            path.unlink()
        return real(drop, name, path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(copying, "_copied", gone)
        assert steps.land(spit.settings)["landed"] == 2
    assert {name for _, name, _ in spit.submissions()} == {"a", "c"}


@pytest.mark.slow
def test_a_file_of_two_gigabytes_passes_with_flat_memory(tmp_path: Path) -> None:
    """In a process of its own, whose peak is then that of the interpreter and this copy."""
    assert landed_mib(tmp_path, 2 << 30) < 128
