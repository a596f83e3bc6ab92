"""The offices of `tests.remote_offices`, each at a real server behind a wire: a plugin of the tests that name it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.far_servers import PASSWORD, Served, serving
from tests.office import Installation
from tests.remote_offices import ApiOffice, BucketOffice, Office, PortalOffice, SftpOffice
from tests.wires import wire

KINDS = ["s3", "sftp", "http", "ckan"]


@pytest.fixture(scope="session")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving("sftp", tmp_path_factory.mktemp("sftp")) as started:
        yield started


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving("web", tmp_path_factory.mktemp("web")) as started:
        yield started


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Served]:
    """A server nobody may be led to."""
    with serving("web", tmp_path / "lain") as started:
        yield started
        assert started.asked() == []


@pytest.fixture(params=KINDS)
def office(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    yield from opened(request.param, request, tmp_path, monkeypatch)


@pytest.fixture(params=["s3", "sftp"])
def folders(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    yield from opened(request.param, request, tmp_path, monkeypatch)


@pytest.fixture
def api(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    yield from opened("http", request, tmp_path, monkeypatch)


@pytest.fixture
def portal(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    yield from opened("ckan", request, tmp_path, monkeypatch)


def opened(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    monkeypatch.setenv("UJI_SANDI", PASSWORD)
    monkeypatch.setenv("UJI_TOKEN", "Bearer uji")
    bucket = request.getfixturevalue("bucket") if kind == "s3" else None
    served = request.getfixturevalue("sftp" if kind == "sftp" else "web") if kind != "s3" else None
    port = int(bucket.endpoint.rpartition(":")[2]) if bucket else served.port
    with wire(port) as carrying:
        match kind:
            case "s3":
                yield BucketOffice(bucket, carrying, tmp_path.name)
            case "sftp":
                yield SftpOffice(served, carrying, tmp_path.name)
            case "http":
                yield ApiOffice(served, carrying)
            case _:
                yield PortalOffice(served, carrying)


@pytest.fixture
def spit(tmp_path: Path) -> Installation:
    return Installation.at(tmp_path / "spit")
