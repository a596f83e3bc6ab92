"""One file over there that was cut off: it goes on at its byte, and two states of it are never mixed."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.sources.ckan import Ckan
from infra.sources.download import download
from infra.sources.s3 import S3Far
from infra.sources.sftp import SftpFar
from infra.sources.transfer import Allowance, FarFile
from infra.sources.web import Answered, Web
from infra.storage.store import open_store
from tests.far_servers import Served
from tests.office import Installation
from tests.remote_offices import (
    ApiOffice,
    BucketOffice,
    Office,
    PortalOffice,
    SftpOffice,
    be_due,
    held,
    look,
    register,
    taken,
)
from tests.samples import make
from tests.wires import Wire, wire

pytest_plugins = ["tests.remote_fixtures"]

SIZE, CUT = 3_000_000, 1_500_000

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
"""A thread of paramiko's, which had more to ask of a line that is cut."""

holding_files = pytest.mark.parametrize("office", ["s3", "sftp", "ckan"], indirect=True)


def there(office: Office, name: str) -> bytes:
    """The large file of a submission, as it lies over there."""
    match office:
        case BucketOffice():
            key = f"{office.prefix}/{name}/lampiran/isi.bin"
            return office.bucket.client().get_object(Bucket=office.bucket.name, Key=key)["Body"].read()
        case SftpOffice():
            return (office.place / name / "lampiran" / "isi.bin").read_bytes()
        case PortalOffice():
            return (office.served.folder / "portal" / f"{name}.csv").read_bytes()
        case _:
            raise AssertionError(office)


def exchange(office: Office, name: str) -> None:
    """Other bytes of the same length under the name of the large file; a portal does not say so."""
    match office:
        case BucketOffice():
            office.put(name, "Judul yang lain", ballast=SIZE)
        case SftpOffice():
            (office.place / name / "lampiran" / "isi.bin").write_bytes(os.urandom(SIZE))
            aged(office.place / name / "lampiran" / "isi.bin", 90)
        case PortalOffice():
            other = there(office, name).replace(b"xxxx", b"yyyy")
            (office.served.folder / "portal" / f"{name}.csv").write_bytes(other)
        case _:
            raise AssertionError(office)


def aged(path: Path, age_s: float) -> None:
    """As if it had been written so long ago."""
    then = time.time() - age_s
    os.utime(path, (then, then))


def large(spit: Installation) -> list[str]:
    """The hashes of the large files in raw."""
    store = open_store(spit.settings.store)
    return [stat.key.rpartition("/")[2] for stat in store.list("raw/sha256/") if stat.size >= SIZE]


def cut_off(spit: Installation, office: Office) -> None:
    """Fetch until the line is cut in the middle of the large file; the next fetch may be at once."""
    while held(spit.settings.landing / "jauh") < CUT / 4:  # nearly always the first cut is enough
        office.wire.cut(CUT)
        assert look(spit)["unreachable"] >= 1
        assert held(spit.settings.landing / "jauh") < SIZE
        assert taken(spit) == []
        be_due(spit)
    office.wire.let_go()


@holding_files
def test_what_was_cut_off_goes_on_at_its_byte(spit: Installation, office: Office) -> None:
    office.put("teks-besar", "Judul yang panjang perjalanannya", ballast=SIZE)
    register(spit, office.config())
    cut_off(spit, office)
    assert look(spit) == {"fetched": 1, "landed": 1}
    assert office.wire.carried < SIZE - CUT / 5
    assert large(spit) == [hashlib.sha256(there(office, "teks-besar")).hexdigest()]


@holding_files
def test_what_changed_meanwhile_comes_whole_and_unmixed(spit: Installation, office: Office) -> None:
    office.put("teks-besar", "Judul yang panjang perjalanannya", ballast=SIZE)
    register(spit, office.config())
    cut_off(spit, office)
    exchange(office, "teks-besar")
    assert look(spit) == {"fetched": 1, "landed": 1}
    assert office.wire.carried > SIZE
    assert large(spit) == [hashlib.sha256(there(office, "teks-besar")).hexdigest()]


@pytest.mark.parametrize("office", ["s3", "sftp"], indirect=True)
def test_what_changes_after_the_listing_is_not_taken_in_its_name(
    spit: Installation, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.put("teks-besar", "Judul yang panjang perjalanannya", ballast=SIZE)
    register(spit, office.config(settle_s=0))
    listed: list[Any] = []

    def stale(real: Any) -> Any:
        def listing(far: Any, cursor: str) -> Any:
            listed[:] = listed or real(far, cursor)
            return list(listed)

        return listing

    with monkeypatch.context() as patch:
        for far in (S3Far, SftpFar):
            patch.setattr(far, "list", stale(far.list))
        cut_off(spit, office)
        exchange(office, "teks-besar")
        assert look(spit) == {"unreachable": 1}
        assert taken(spit) == []
    be_due(spit)
    assert look(spit) == {"fetched": 1, "landed": 1}
    assert large(spit) == [hashlib.sha256(there(office, "teks-besar")).hexdigest()]


def test_a_medium_that_a_row_links_to_goes_on_too(spit: Installation, api: ApiOffice, web: Served) -> None:
    (web.folder / "berkas").mkdir(exist_ok=True)
    film = os.urandom(SIZE)
    (web.folder / "berkas" / "panjang.mp4").write_bytes(film)
    api.write([{**make.GOOD["video"], "berkas": None, "video_url": "/berkas/panjang.mp4"}])
    register(spit, api.config(dataset="video", group=None, media={"berkas": "video_url"}))
    cut_off(spit, api)
    assert look(spit) == {"fetched": 1, "landed": 1}
    assert api.wire.carried < SIZE - CUT / 5
    assert large(spit) == [hashlib.sha256(film).hexdigest()]


# What web servers say, and do not say


@pytest.fixture
def line(web: Served) -> Iterator[Wire]:
    web.mood()
    with wire(web.port) as carrying:
        yield carrying


@pytest.fixture
def film(web: Served, tmp_path: Path) -> Path:
    """Over there, an hour old."""
    path = web.folder / f"{tmp_path.name}.bin"
    path.write_bytes(os.urandom(SIZE))
    aged(path, 3600)
    return path


@contextmanager
def asking(line: Wire) -> Iterator[Web]:
    base = f"http://127.0.0.1:{line.port}"
    with Ckan(url=base, satker=("JATENG",), datasets={}).web(time.monotonic() + 30) as web:
        yield web


def bring(line: Wire, film: Path, part: Path) -> int:
    """Fetch it, on from where it is; how many bytes the server sent."""
    before = line.carried
    with asking(line) as web:
        allowance = Allowance(2 * SIZE, 2 * SIZE, time.monotonic() + 30)
        download(web, FarFile(film.name, f"{web.base}/{film.name}", 0), part, allowance)
        assert allowance.spent == part.stat().st_size
    assert [path for path in part.parent.iterdir() if path != part] == []
    return line.carried - before


@pytest.fixture
def part(tmp_path: Path) -> Path:
    (tmp_path / "draf").mkdir()
    return tmp_path / "draf" / "film.bin.part"


def half(line: Wire, film: Path, part: Path) -> None:
    line.cut(CUT)
    with pytest.raises(OSError, match="RemoteProtocolError"):
        bring(line, film, part)
    assert CUT / 2 < part.stat().st_size < SIZE
    line.let_go()


@pytest.mark.parametrize(
    ("says", "age_s", "goes_on"),
    [
        ("etag", 0, True),
        ("changed", 3600, True),
        ("changed", 5, False),  # it may have changed again within the same second
        ("weak", 3600, False),
        ("", 3600, False),
    ],
)
def test_only_a_strong_validator_is_gone_on_with(
    web: Served, line: Wire, film: Path, part: Path, says: str, age_s: int, goes_on: bool
) -> None:
    aged(film, age_s)
    web.mood(says=says)
    half(line, film, part)
    sent = bring(line, film, part)
    assert part.read_bytes() == film.read_bytes()
    assert (sent < SIZE - CUT / 2) == goes_on


@pytest.mark.parametrize("deaf", [False, True], ids=["heeds If-Range", "deaf"])
@pytest.mark.parametrize("says", ["etag", "changed"])
@pytest.mark.parametrize("size", [SIZE - 500_000, SIZE, SIZE + 500_000, 100_000])
def test_another_state_is_never_put_behind_the_first_half(
    web: Served, line: Wire, film: Path, part: Path, deaf: bool, says: str, size: int
) -> None:
    web.mood(says=says, deaf=deaf)
    half(line, film, part)
    film.write_bytes(os.urandom(size))
    aged(film, 1800)
    bring(line, film, part)
    assert part.read_bytes() == film.read_bytes()


def test_packed_bytes_are_not_gone_on_with(web: Served, line: Wire, film: Path, part: Path) -> None:
    web.mood(zips=True)
    half(line, film, part)
    web.mood(zips=False)
    assert bring(line, film, part) > SIZE
    assert part.read_bytes() == film.read_bytes()


def test_a_server_in_trouble_costs_nothing_of_what_came(web: Served, line: Wire, film: Path, part: Path) -> None:
    half(line, film, part)
    web.mood(rules=[["/", "status", 503]])
    with pytest.raises(Answered, match="503"):
        bring(line, film, part)
    web.mood()
    assert bring(line, film, part) < SIZE - CUT / 2
    assert part.read_bytes() == film.read_bytes()


def test_what_was_whole_is_not_asked_for_again(web: Served, line: Wire, film: Path, part: Path) -> None:
    """Killed between the last byte and the new name."""
    half(line, film, part)
    part.write_bytes(film.read_bytes())
    web.asked()
    bring(line, film, part)
    assert web.asked() == []
    assert part.read_bytes() == film.read_bytes()


@pytest.mark.parametrize("note", ["", "3000000", "x y z", "9 http://127.0.0.1/ "])
def test_half_a_note_is_none(web: Served, line: Wire, film: Path, part: Path, note: str) -> None:
    half(line, film, part)
    part.write_bytes(b"\0" * CUT)
    (part.parent / ".film.bin.keadaan").write_text(note)
    bring(line, film, part)
    assert part.read_bytes() == film.read_bytes()
