"""Where every request comes in: who is it, is it too often, and how do they write our address?

As plain ASGI: FastAPI's own kind of middleware costs a fifth of a page.
"""

from __future__ import annotations

from math import ceil
from urllib.parse import urlsplit

from fastapi.responses import JSONResponse, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.serving.callers import Callers, Left, UnknownKey


class Door:
    """Callers have to write all addresses as they begin in `public_base`, or as they say themselves."""

    def __init__(self, app: ASGIApp, callers: Callers, public_base: str | None) -> None:
        self._app, self._callers = app, callers
        self._outside = urlsplit(public_base) if public_base else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let somebody further in do so; every answer to a known caller says what the caller has left."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        address = scope["client"][0] if scope["client"] else "-"
        try:
            caller = self._callers.who(Headers(scope=scope).get("x-api-key"), address)
        except UnknownKey:
            return await refusal(401, "kunci tidak dikenal / unknown key")(scope, receive, send)
        left = self._callers.take(caller)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                _tell(MutableHeaders(scope=message), caller.per_minute, left)
            await send(message)

        if left.wait_s:
            said = f"paling banyak {caller.per_minute} permintaan per menit / at most {caller.per_minute} a minute"
            wait = {"Retry-After": str(int(left.wait_s) + 1)}
            return await refusal(429, said, wait)(scope, receive, told)
        return await self._app(self._as_seen_from_outside(scope), receive, told)

    def _as_seen_from_outside(self, scope: Scope) -> Scope:
        if self._outside is None:
            return scope
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        host = (b"host", self._outside.netloc.encode())
        return {**scope, "scheme": self._outside.scheme, "headers": [*others, host]}


def refusal(status: int, said: str, headers: dict[str, str] | None = None) -> Response:
    """An answer that says why there is none."""
    return JSONResponse({"detail": said}, status, headers)


def _tell(headers: MutableHeaders, per_minute: int, left: Left) -> None:
    headers["RateLimit-Limit"] = str(per_minute)
    headers["RateLimit-Remaining"] = str(left.requests)
    headers["RateLimit-Reset"] = str(ceil(left.whole_s))
