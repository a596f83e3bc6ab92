"""Which object of a bucket a file was fetched from, noted on the file: the same bucket need not be sent its bytes."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import orjson

from infra.storage.attribute import recall, remember

ATTRIBUTE = "user.origin"


@dataclass(frozen=True)
class Origin:
    """An object in the state its `etag` names. Nobody need believe that it holds the same bytes as the file.

    `endpoint` is an S3 server other than Amazon's.
    """

    endpoint: str | None
    bucket: str
    key: str
    etag: str

    def note(self, file: Path) -> None:
        """Write it down on a file, until somebody writes to that."""
        remember(file, ATTRIBUTE, orjson.dumps(asdict(self)).decode())

    @classmethod
    def noted(cls, file: Path) -> Self | None:
        """What is written down. On a file of an office's own the office may have written it: do not ask there."""
        found = recall(file, ATTRIBUTE, file.stat())
        return cls(**orjson.loads(found)) if found else None
