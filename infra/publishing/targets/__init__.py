"""The kinds of places partners have, one module each, behind one protocol (`target.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infra.publishing.targets.ckan import Ckan
from infra.publishing.targets.sftp import Sftp
from infra.publishing.targets.stored import Bucket, Folder
from infra.publishing.targets.target import Held, Place, Target
from infra.publishing.targets.webhook import Webhook

__all__ = ["KINDS", "Held", "Place", "Target"]

KINDS: dict[str, Callable[..., Any]] = {
    "folder": Folder,
    "s3": Bucket,
    "sftp": Sftp,
    "webhook": Webhook,
    "ckan": Ckan,
}
"""What a partner's `how` may say. Each makes a `Place` of `target` and the keys of `[access]`; ValueError or TypeError
when these do not fit."""
