"""A partner's file that is wrong: told to the operator, and nobody else's trouble."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from infra import steps
from infra.cli import main
from infra.ledger.inbox import Inbox
from tests.office import Installation
from tests.samples import make

WRONG = {
    "salah": 'name = "salah"\ntitle = "Salah"\nhow = "folder"\ntarget = "mitra/salah"\ndatasets = ["kiriman"]\n',
    "rusak": 'name = "rusak\n',
    "bahasa": b"title = \xff",
}
RIGHT = 'name = "%s"\ntitle = "Benar"\nhow = "folder"\ntarget = "mitra/%s"\ndatasets = ["teks"]\nformats = ["csv"]\n'


@pytest.fixture
def spit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    folder = tmp_path / "partners"
    folder.mkdir()
    for name, text in {**WRONG, "benar": RIGHT % ("benar", "benar")}.items():
        (folder / f"{name}.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.setenv("SPIT_HOME", str(tmp_path / "spit"))
    monkeypatch.setenv("SPIT_PARTNERS", str(folder))
    made = Installation.at(tmp_path / "spit", partners=folder)
    made.drop("teks", make.items("teks", {"judul": "Apel biasa di lapangan"}))
    made.take_in()
    made.release()
    return made


def satu(*words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--json"])


def test_a_wrong_file_is_told_everybody_else_is_served_and_what_is_withdrawn_stays_owed(
    spit: Installation, tmp_path: Path
) -> None:
    done = steps.deliver(spit.settings)
    assert (done["failed"], set(done["wrong"])) == (0, set(WRONG))
    assert list((spit.settings.home / "mitra/benar").rglob("teks.csv"))
    with Inbox.open(spit.settings.ledger) as inbox:
        failed = {r.target: r.answer for r in inbox.deliveries(ok=False)}
    assert set(failed) == set(WRONG) and failed["salah"].startswith("GAGAL salah.toml: datasets has to be of *, ")

    told = json.loads(satu("status").stdout)["partners"]
    assert told == {name: answer.removeprefix("GAGAL ") for name, answer in failed.items()}
    assert "rusak.toml: cannot be read: " in told["rusak"] and "line 1" in told["rusak"]

    asked, other = satu("export", "salah"), satu("export", "benar")
    assert asked.exit_code == 2 and "salah.toml" in asked.stderr and "kiriman" in asked.stderr
    assert other.exit_code == 0 and "salah.toml" in other.stderr

    def owed() -> set[str]:
        return {t.target for t in steps.withdrawn(spit.settings) if t.done is None}

    (tmp_path / "partners/benar.toml").unlink()
    steps.withdraw(spit.settings, spit.one("teks").receipt, "PPID contoh", "salah kirim")
    assert owed() == {*WRONG, "benar", "penghapusan"}, "who is not served, or has no file any more, may still hold it"

    (tmp_path / "partners/salah.toml").write_text(RIGHT % ("salah", "salah"))
    assert satu("export", "salah").exit_code == 0
    assert "salah" not in owed()

    nothing = (RIGHT % ("benar", "benar")).replace('["teks"]', "[]")
    (tmp_path / "partners/benar.toml").write_text(nothing)
    assert satu("export", "benar").exit_code == 0
    assert not [path for path in (spit.settings.home / "mitra/benar").rglob("*") if path.is_file()]
    (tmp_path / "partners/benar.toml").unlink()
    done = {t.target for t in steps.withdrawn(spit.settings) if t.done}
    assert "benar" not in owed() and {"benar", "rendisi", "API dan umpan"} <= done, "it parted with nothing left"
