"""Servers shared by all tests of a session; they start when a test first asks for them."""

from collections.abc import Iterator

import pytest

from tests.servers import Bucket, seaweedfs


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A bucket of a real S3 server, whose keys are in the environment; use a prefix of your own in it."""
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as started, pytest.MonkeyPatch.context() as environment:
        for name, value in started.environment.items():
            environment.setenv(name, value)
        yield started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The whole run first: it takes longest, and what is short fills the other worker meanwhile."""
    items.sort(key=lambda item: item.path.name != "test_run.py")
