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


LONGEST = ("test_run.py", "test_loop.py", "test_pipeline.py", "test_withdrawal.py", "test_killed.py", "test_samples.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, and what is short fills the other worker at the end."""
    place = {name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONGEST)))
