"""Partners that are told over HTTP: each file is the body of a signed POST.

The receiver gets, beside the body, these headers; the signature is what GitHub made customary:

* `X-SPIT-Event`: `berkas` (here is a file), `hapus` (take it away), `daftar` (say what you hold)
* `X-SPIT-Path`, `X-SPIT-SHA256`: which file, and the hash of its bytes; also the key under which a repeated call can be
  recognised
* `X-SPIT-Timestamp`: seconds since 1970; refuse what is older than a few minutes, and nobody can play a call again
* `X-SPIT-Signature`: `sha256=` and the HMAC-SHA256, in hexadecimal, of `timestamp.event.path.` followed by the body
"""

from __future__ import annotations

import hashlib
import hmac
import random
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from infra.publishing.targets.target import Held, Refusal
from infra.sources.remote import secret

TRIES = 4
PAUSE_S = 0.5
"""Before the second try; twice as long before each further one."""

TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".ttl": "text/turtle",
    ".parquet": "application/vnd.apache.parquet",
}
ANSWER_BYTES = 16 << 20
CHUNK = 1 << 18


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """`target` is the address; the key of the signature stands in the variable `secret_env`."""

    target: str
    secret_env: str
    header: str = "Authorization"
    header_env: str = ""
    """The variable with the whole value of one more header, where the receiver wants one."""
    timeout_s: float = 20

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ValueError(f"expected http(s)://host/… without a password, not {self.target!r}")
        if not self.secret_env:
            raise ValueError("secret_env is needed: what is not signed could come from anybody")

    @contextmanager
    def open(self, home: Path) -> Iterator[WebhookTarget]:
        """Nothing is asked yet; proxies and passwords of the environment are not its business."""
        import httpx

        headers = {"user-agent": "SPIT/1"}
        if self.header_env:
            headers[self.header] = secret(self.header_env)
        timeout = httpx.Timeout(self.timeout_s, connect=min(5, self.timeout_s))
        with httpx.Client(headers=headers, timeout=timeout, follow_redirects=False, trust_env=False) as client:
            yield WebhookTarget(client, self.target, secret(self.secret_env).encode())


@dataclass
class WebhookTarget:
    """A receiver. Its own list, if it gives one, is a JSON object: path → `{"sha256": …, "ukuran": …}`."""

    client: Any
    url: str
    key: bytes

    def holds(self, mine: Collection[str], *, thorough: bool) -> Mapping[str, Held] | None:
        """Asked only when it is thorough: most receivers keep no list, and then the receipts are believed."""
        if not thorough:
            return None
        status, body = self._send("daftar", "")
        if status in (204, 400, 404, 405, 501) or not body.strip():
            return None
        _accepted(status, body)
        try:
            return {path: Held(int(each["ukuran"]), each["sha256"]) for path, each in orjson.loads(body).items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            return None  # it took the question for one more event and said thank you

    def put(self, path: str, content: Path, sha256: str) -> str:
        """POST it."""
        return _accepted(*self._send("berkas", path, content, sha256))

    def delete(self, path: str) -> str:
        """POST that it is no longer public."""
        return _accepted(*self._send("hapus", path), gone=True)

    def _send(self, event: str, path: str, content: Path | None = None, sha256: str = "") -> tuple[int, bytes]:
        import httpx

        pause = PAUSE_S
        for left in reversed(range(TRIES)):
            try:
                headers = self._headers(event, path, content, sha256)
                answer = self.client.post(self.url, content=_chunks(content), headers=headers)
                if answer.status_code not in TRY_AGAIN or not left:
                    return answer.status_code, answer.content[:ANSWER_BYTES]
            except httpx.HTTPError as error:
                if not left:
                    raise OSError(f"{type(error).__name__}: {error}") from error
            time.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - not a secret
            pause *= 2
        raise AssertionError("the last try returns or raises")

    def _headers(self, event: str, path: str, content: Path | None, sha256: str) -> dict[str, str]:
        named, now = quote(path), str(int(time.time()))
        return {
            "content-type": TYPES.get(Path(path).suffix, "application/octet-stream"),
            "content-length": str(content.stat().st_size if content else 0),
            "x-spit-event": event,
            "x-spit-path": named,
            "x-spit-sha256": sha256,
            "x-spit-timestamp": now,
            "x-spit-signature": sign(self.key, now, event, named, _chunks(content)),
        }


def _chunks(content: Path | None) -> Iterator[bytes]:
    if content:
        with content.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk


def sign(key: bytes, timestamp: str, event: str, path: str, body: Iterable[bytes]) -> str:
    """The header `X-SPIT-Signature`."""
    made = hmac.new(key, f"{timestamp}.{event}.{path}.".encode(), hashlib.sha256)
    for chunk in body:
        made.update(chunk)
    return f"sha256={made.hexdigest()}"


def _accepted(status: int, body: bytes, *, gone: bool = False) -> str:
    said = body[:200].decode("utf-8", "replace")
    if 400 <= status < 500 and status not in (401, 403) and not gone:
        raise Refusal(f"the receiver answered {status}: {said}")
    if not (200 <= status < 300 or (gone and status in (404, 410))):
        raise OSError(f"the receiver answered {status}: {said}")
    return f"{status} {said}".strip()
