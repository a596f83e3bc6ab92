"""Airflow's REST API, as far as the stack needs it."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener


class UnreachableError(ConnectionError):
    """Nobody answers at this address (yet, or any more): weather."""


class AirflowApi:
    """One Airflow on this machine, spoken to as one user."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._token = ""
        self._opener = build_opener(ProxyHandler({}))  # it is on loopback, whatever proxy the environment names

    def answers(self) -> bool:
        """Whether it serves people and tasks. The first question of a task costs the server seconds: ask it here."""
        try:
            return self._send("GET", "/execution/health", None)["status"] == "healthy"
        except UnreachableError:
            return False

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """GET below `/api/v2`."""
        return self._call("GET", f"{path}?{urlencode(query, doseq=True)}" if query else path)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST below `/api/v2`."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """PATCH below `/api/v2`."""
        return self._call("PATCH", path, body)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            return self._send(method, f"/api/v2{path}", body)
        except HTTPError as error:
            if error.code != 401:
                raise
        self._token = self._send("POST", "/auth/token", self._login)["access_token"]
        return self._send(method, f"/api/v2{path}", body)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, headers, method=method)  # noqa: S310 - always http://127.0.0.1
        try:
            with self._opener.open(request, timeout=30) as answer:
                return json.load(answer)
        except HTTPError:
            raise
        except (URLError, HTTPException, OSError) as error:
            raise UnreachableError(f"{self.url} does not answer: {error}") from error
