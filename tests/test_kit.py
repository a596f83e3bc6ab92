"""The editor's kit of an event: what is public of it with its renditions and credits, nothing else, always the same."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner

from infra import facts, steps
from infra.cli import main
from infra.storage.store import open_store
from tests.office import Installation
from tests.samples import make
from transforms import kit, ninjs
from transforms.media import decode, encode, stream

EVENT = "PASAR/1"
SECRET = "RAHASIA"
SOON = datetime(2036, 1, 1, tzinfo=UTC).isoformat()
HELD: dict[str, dict[str, Any]] = {
    "dikecualikan": {
        "klasifikasi_informasi": "DIKECUALIKAN",
        "dasar_pengecualian": "a1",
        "nomor_uji_konsekuensi": "UK/1",
        "dikecualikan_sampai": "2031-01-01",
    },
    "embargo": {"embargo_sampai": SOON},
    "internal": {"lisensi": "INTERNAL"},
    "anak": {"subjek_anak": "ya"},
    "pribadi": {"keterangan": "Pelapor dengan NIK 3302012304950001 ada di lapangan."},
}
TITLE = 'Apel <script>alert("x")</script> & pasar'


@dataclass(frozen=True)
class Newsroom:
    spit: Installation
    folder: Path

    def kit(self, *words: str) -> Any:
        env = {"SPIT_HOME": str(self.spit.settings.home), "SPIT_SOURCES": str(self.spit.settings.sources)}
        return CliRunner().invoke(main, ["kit", *words], env=env)


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    home = tmp_path_factory.mktemp("redaksi")
    spit = Installation.at(home / "home")
    pictures = {f"{name}.jpg": encode.photo(160, 120, text=name) for name in ("satu", "tarik", "kabur", *HELD)}
    pictures["gps.jpg"] = encode.photo(160, 120, text="gps", gps=(-7.42, 109.23), exif={"Make": "Contoh"})
    items = [
        {"nomor": "BMS/1", "judul": TITLE, "berkas": "satu.jpg", "kredit": "Sihumas Polresta Banyumas"},
        {"nomor": "BMS/2", "judul": "Foto berposisi", "berkas": "gps.jpg"},
        {"nomor": "BMS/3", "judul": "Foto yang ditarik", "berkas": "tarik.jpg"},
        {"nomor": "BMS/4", "judul": "Foto yang dikaburkan", "berkas": "kabur.jpg", "daerah_kabur": "10, 20, 15, 25"},
        *(
            {"nomor": f"BMS/{name}", "judul": f"{SECRET} {name}", "berkas": f"{name}.jpg", **change}
            for name, change in HELD.items()
        ),
    ]
    common = {"peristiwa": EVENT, "kode_satker": "JATENG.BANYUMAS"}
    spit.drop("foto", make.items("foto", *({**common, **item} for item in items), files=pictures))
    spit.take_in()
    told = {"peristiwa": EVENT, "turunan_dari": "foto/JATENG.BANYUMAS|BMS/1"}
    texts = [
        {**told, "ragam": "SINGKAT", "judul": "Singkatnya", "kredit": "Bidhumas"},
        {**told, "ragam": "RESMI", "judul": "Secara resmi", "kredit": "Sihumas Polresta Banyumas / Bidhumas"},
        {"judul": "Peristiwa lain", "peristiwa": "LAIN"},
    ]
    spit.drop("teks", make.items("teks", *texts))
    spit.take_in()
    assert (spit.one("foto").rows_accepted, spit.one("teks").rows_accepted) == (len(items), 3)
    assert "KREDIT_ASAL_HILANG" in spit.rules(spit.one("teks").receipt)
    steps.render(spit.settings)
    spit.publish()
    yield Newsroom(spit, home)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Links(HTMLParser):
    """The addresses a page loads or leads to, and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found |= {unquote(value) for name, value in attrs if name in {"src", "href", "poster"} and value}


def test_a_kit_holds_what_is_public_of_the_event_and_is_whole(newsroom: Newsroom) -> None:
    done = newsroom.kit(EVENT, "-o", str(newsroom.folder / "kit"))
    assert done.exit_code == 0, done.output
    files = content(newsroom.folder / "kit")
    manifest = json.loads(files["manifest.json"])
    assert {item["judul"] for item in manifest["butir"]} == {
        TITLE,
        "Foto berposisi",
        "Foto yang ditarik",
        "Foto yang dikaburkan",
        "Secara resmi",
        "Singkatnya",
    }
    assert {f["berkas"]: (f["ukuran_byte"], f["sha256"]) for f in manifest["berkas"]} == {
        path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in files.items() if path != "manifest.json"
    }
    kinds = sorted(path.rpartition("-")[2] for path in files if path.startswith("foto/"))
    assert kinds == ["kecil.webp"] * 4 + ["web.jpg"] * 4
    assert SECRET not in str(manifest) and not any(SECRET.encode() in data for data in files.values())
    assert not any(b"GPS" in data or b"Contoh" in data for path, data in files.items() if path.startswith("foto/"))


def test_an_original_of_every_kind_that_is_taken_has_a_name_programs_open() -> None:
    told = {*decode.PICTURES, *decode.STREAMS, *stream.SOUND_ONLY.values()}
    assert sorted(told - kit.EXTENSIONS.keys()) == []
    assert len(set(kit.EXTENSIONS.values())) == len(kit.EXTENSIONS)


def test_the_page_shows_every_picture_and_takes_no_word_for_markup(newsroom: Newsroom) -> None:
    newsroom.kit(EVENT, "-o", str(newsroom.folder / "halaman"))
    files = content(newsroom.folder / "halaman")
    page = files["index.html"].decode()
    links = Links(page)
    assert links.found == set(files) - {"index.html", "manifest.json", "keterangan.txt"}
    assert "script" not in links.tags and "&lt;script&gt;" in page
    assert page.index("Secara resmi") < page.index("Singkatnya"), "the formal narration comes first"
    assert page.count("Diceritakan ulang dari") == 2
    assert page.count("Sihumas Polresta Banyumas") >= 4, "the credit of the original stays, also where it was left out"
    captions = files["keterangan.txt"].decode()
    assert captions.count("Kredit: ") == 8 and "Teks alternatif: Barisan petugas di lapangan." in captions


def test_the_same_release_gives_the_same_bytes(newsroom: Newsroom) -> None:
    for name in ("a.zip", "b.zip", "c"):
        assert newsroom.kit(EVENT, "-o", str(newsroom.folder / name)).exit_code == 0
    first, second = ((newsroom.folder / name).read_bytes() for name in ("a.zip", "b.zip"))
    assert first == second
    with zipfile.ZipFile(newsroom.folder / "a.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == content(newsroom.folder / "c")


def test_originals_come_only_when_asked_for_and_never_with_a_position_or_unblurred(newsroom: Newsroom) -> None:
    done = newsroom.kit(EVENT, "--originals", "-o", str(newsroom.folder / "asli"))
    assert done.exit_code == 0, done.output
    files = content(newsroom.folder / "asli")
    originals = {path: data for path, data in files.items() if "-asli." in path}
    assert len(originals) == 2 and all(path.startswith("foto/JATENG.BANYUMAS-BMS-") for path in originals)
    assert not any(closed in path for path in originals for closed in ("BMS-2", "BMS-4"))
    assert "Berkas asli dapat memuat metadata" in files["index.html"].decode()
    raw = Path(newsroom.spit.settings.store) / "raw" / "sha256"
    for data in originals.values():
        sha256 = hashlib.sha256(data).hexdigest()
        assert (raw / sha256[:2] / sha256).read_bytes() == data


def test_an_original_in_which_a_newer_examination_finds_a_position_is_not_handed_out(newsroom: Newsroom) -> None:
    """The row still says that there is none: it was judged before."""
    store = open_store(newsroom.spit.settings.store)
    sha256 = hashlib.sha256(encode.photo(160, 120, text="satu")).hexdigest()
    before = store.get(facts.key(sha256))
    store.put(facts.key(sha256), json.dumps({**json.loads(before), "ada_gps": True}).encode())
    newsroom.kit(EVENT, "--originals", "-o", str(newsroom.folder / "baru"))
    assert [path.name for path in (newsroom.folder / "baru").rglob("*-asli.*") if "BMS-1" in path.name] == []
    assert list((newsroom.folder / "baru").rglob("*-asli.*"))
    store.put(facts.key(sha256), before)


def test_a_contact_sheet_shows_every_rendition_of_the_release(newsroom: Newsroom) -> None:
    done = newsroom.kit("--contact-sheet", "--json", "-o", str(newsroom.folder / "lembar"))
    assert done.exit_code == 0, done.output
    files = content(newsroom.folder / "lembar")
    pictures = {path for path in files if path.startswith("foto/")}
    assert Links(files["index.html"].decode()).found == pictures and len(pictures) == 8
    assert json.loads(done.output)["files"] == len(files)
    assert not any(SECRET.encode() in data for data in files.values())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["TIDAK-ADA", "-o", "x"], "nothing of 'TIDAK-ADA' is public"),
        (["' OR TRUE --", "-o", "x"], "is public"),
        (["-o", "x"], "name the EVENT"),
        ([EVENT, "-o", "."], "is there already"),
    ],
)
def test_what_cannot_be_is_refused_in_words(newsroom: Newsroom, words: list[str], says: str) -> None:
    done = newsroom.kit(*words)
    assert done.exit_code == 2 and says in done.output


def test_what_is_damaged_on_the_shelf_is_in_no_kit(newsroom: Newsroom) -> None:
    shelf = Path(newsroom.spit.settings.store) / "published" / "rendisi"
    copy = next(path for path in sorted(shelf.glob("*.jpg")))
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-1] + b"x")
    done = newsroom.kit(EVENT, "-o", str(newsroom.folder / "rusak"))
    assert done.exit_code == 3 and "not what was released" in done.output
    assert not (newsroom.folder / "rusak").exists() and not list(newsroom.folder.glob(".rusak*"))
    copy.unlink()
    done = newsroom.kit(EVENT, "-o", str(newsroom.folder / "tanpa"))
    assert done.exit_code == 0 and "not published yet: foto/" in done.output
    copy.write_bytes(whole)


def test_what_was_withdrawn_after_it_was_published_is_in_no_kit_at_once(newsroom: Newsroom) -> None:
    """Last: it changes the newsroom for good. No publication lies between the withdrawal and the kit."""
    from infra.ledger.inbox import Inbox
    from infra.withdrawing.request import withdraw

    with Inbox.open(newsroom.spit.settings.ledger) as inbox:
        store = open_store(newsroom.spit.settings.store)
        withdraw(store, inbox, "foto/JATENG.BANYUMAS|BMS/3", "uji", "uji")
    newsroom.kit(EVENT, "--originals", "-o", str(newsroom.folder / "sesudah"))
    files = content(newsroom.folder / "sesudah")
    assert not any("BMS-3" in path or b"yang ditarik" in data for path, data in files.items())
    assert any("BMS-1" in path for path in files)

    steps.deliver(newsroom.spit.settings)
    published = Path(newsroom.spit.settings.store) / "published"
    items = [json.loads(line) for path in published.rglob("*.ndjson") for line in path.read_text().splitlines()]
    gone = [item["uri"] for item in items if item["pubStatus"] == "canceled"]
    assert gone == [ninjs.uri("foto", "JATENG.BANYUMAS|BMS/3")]
    assert not any(b"yang ditarik" in data for data in content(published).values())
