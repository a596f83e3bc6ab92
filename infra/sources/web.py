"""One web server, and nothing but it: whatever a reply links to, no other host is ever asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urljoin, urlsplit, urlunsplit

import orjson

from infra.sources.remote import Remote, secret
from infra.sources.transfer import hurry

PAGE_BYTES = 64 << 20
"""One reply that is read as a whole."""

HOPS = 3
PORTS = {"http": 80, "https": 443}
PACKINGS = ("gzip", "deflate")
"""Others inflate a few bytes to gigabytes in one step, before they can be counted."""


class Answered(OSError):
    """The server answered with something else than what was asked for. `status` as in HTTP."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class WebRemote(Remote):
    """What sources over HTTP share. `header` carries the whole value of the variable `header_env`, if there is one."""

    bawaan: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """Column → value for rows that leave it empty."""
    every_s: float = 3_600
    total_mb: float = 500
    header: str = "Authorization"
    header_env: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in PORTS or not parts.hostname or parts.username:
            raise ValueError(f"expected http(s)://host/… without a password, not {self.url!r}")

    @contextmanager
    def web(self, until: float) -> Iterator[Web]:
        """A client for this server; proxies and passwords of the environment are not its business."""
        import httpx

        headers = {"user-agent": "SPIT/1", "accept-encoding": ", ".join(PACKINGS)}
        if self.header_env:
            headers[self.header] = secret(self.header_env)
        timeout = httpx.Timeout(self.timeout_s, connect=min(5, self.timeout_s))
        with httpx.Client(headers=headers, timeout=timeout, follow_redirects=False, trust_env=False) as client:
            yield Web(client, self.url, until)


@dataclass(frozen=True)
class Web:
    """A client that speaks to the server of `base` alone; threads may share it."""

    client: Any
    base: str
    until: float

    def own(self, link: str, at: str | None = None) -> str | None:
        """A link, relative to `at`, as an address on this server; None when it leads elsewhere.

        Behind a proxy that ends TLS many portals write `http://` links to themselves: those are taken as ours, and
        asked the way the configuration says.
        """
        home = urlsplit(self.base)
        try:
            there = urlsplit(urljoin(at or self.base, link))
            own_ports = {_port(home), PORTS["http"]} if _port(home) == PORTS["https"] else {_port(home)}
            if there.scheme not in PORTS or there.hostname != home.hostname or _port(there) not in own_ports:
                return None
        except ValueError:  # not a port, half an IPv6 address, …
            return None
        return urlunsplit((home.scheme, home.netloc, there.path, there.query, ""))

    def json(self, address: str) -> Any:
        """A reply as JSON; Answered when it is none."""
        data = self.page(address)
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise Answered(200, f"{address} is not JSON: {error}") from error

    def page(self, address: str) -> bytes:
        """A reply of limited size."""
        data = bytearray()
        with self.reply(address) as reply:
            for chunk in self.body(reply):
                data += chunk
                if len(data) > PAGE_BYTES:
                    raise Answered(200, f"{address} is longer than {PAGE_BYTES} bytes")
        return bytes(data)

    @contextmanager
    def reply(
        self, address: str, headers: Mapping[str, str] | None = None, *, expected: Sequence[int] = (200,)
    ) -> Iterator[Any]:
        """A reply with its body still to be read; Answered when its status is another, OSError when it is cut off."""
        import httpx

        try:
            for _ in range(HOPS):
                with self.client.stream("GET", address, headers=headers) as reply:
                    if not reply.has_redirect_location:
                        if reply.status_code not in expected:
                            raise Answered(reply.status_code, f"{reply.url} answered {reply.status_code}")
                        yield reply
                        return
                    to = self.own(reply.headers["location"], address)
                    if to is None:
                        raise Answered(reply.status_code, f"{address} leads to another server; not followed")
                    address = to
            raise Answered(310, f"{address} leads in a circle")
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise OSError(f"{address}: {type(error).__name__} {error}") from error

    def body(self, reply: Any) -> Iterator[bytes]:
        """The bytes of a reply, unpacked, as they come."""
        if reply.headers.get("content-encoding", "identity") not in ("identity", *PACKINGS):
            raise Answered(200, f"{reply.url} is packed with {reply.headers['content-encoding']}")
        for chunk in reply.iter_bytes():
            hurry(self.until)
            yield chunk


def _port(parts: Any) -> int | None:
    return parts.port or PORTS.get(parts.scheme)


def asking(address: str, **params: object) -> str:
    """An address with these parameters, in the place of those of the same name."""
    parts = urlsplit(address)
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in params]
    return urlunsplit(parts._replace(query=urlencode([*kept, *params.items()])))


def file_name(address: str) -> str:
    """The last part of an address as a file name; empty when there is none that could be one."""
    name = PurePosixPath(unquote(urlsplit(address).path)).name
    return name if name.isprintable() and len(name.encode()) <= 150 and "\\" not in name else ""
