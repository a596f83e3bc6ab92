"""What is kept with a file itself, as an extended attribute bound to its time: whoever writes to it makes that void."""

import errno
import os
from pathlib import Path


def remember(file: int | Path, name: str, value: str) -> None:
    """Keep something with a file (open, or by its path); not where the filesystem takes no attributes."""
    try:
        os.setxattr(file, name, f"{os.stat(file).st_mtime_ns} {value}".encode())  # noqa: PTH116 - or a handle
    except OSError as error:
        if error.errno not in {errno.ENOTSUP, errno.ENOSPC}:  # none at all, or none so long
            raise


def recall(path: Path, name: str, info: os.stat_result) -> str | None:
    """What was kept with a file; None when there is nothing, or when it has been written to since. No link is followed.

    `info` is what was seen of the file when it was last looked at.
    """
    try:
        moment, _, value = os.getxattr(path, name, follow_symlinks=False).decode().partition(" ")
    except OSError as error:
        if error.errno not in {errno.ENODATA, errno.ENOTSUP, errno.ENOENT}:
            raise
        return None
    return value if moment == str(info.st_mtime_ns) else None
