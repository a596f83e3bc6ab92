"""What the embedded stack keeps on disk between two starts: its lock, its keys, its port."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from pathlib import Path


class StackBusyError(RuntimeError):
    """Another process runs the stack of this home."""


@dataclass(frozen=True)
class Keys:
    """Passwords and signing keys of one home, made at random on its first start."""

    password: str
    database: str
    jwt: str
    session: str
    fernet: str


def take_lock(folder: Path) -> int:
    """The open file that marks us as the one who runs this stack; StackBusyError when somebody else does."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(lock, 20).decode().strip()
        os.close(lock)
        raise StackBusyError(
            f"the stack in {folder} is running already (process {owner}): stop that one first"
        ) from None
    os.truncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


def keys(folder: Path) -> Keys:
    """The keys of this home, readable by its owner only."""
    path = folder / "keys.json"
    if not path.exists():
        lengths = {"password": 24, "database": 24, "jwt": 64, "session": 64}
        random = {name: secrets.token_urlsafe(length) for name, length in lengths.items()}
        made = Keys(**random, fernet=urlsafe_b64encode(secrets.token_bytes(32)).decode())
        write_private(path, json.dumps(asdict(made)))
    return Keys(**json.loads(path.read_text()))


def port(folder: Path, name: str = "port") -> int:
    """The port of the last start if it is free, so that a bookmark stays good; else any that is free.

    `name` is the file that remembers it.
    """
    path = folder / name
    found = free_port(int(path.read_text()) if path.exists() else 0)
    path.write_text(str(found))
    return found


def free_port(wanted: int = 0) -> int:
    """A port nobody listens on at 127.0.0.1: the wanted one, or else any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will: a closing one is no obstacle
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_private(path: Path, text: str) -> None:
    """Write a file for its owner's eyes, whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
