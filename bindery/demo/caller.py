"""Asks our own API the way any program would: over HTTP, with the install key."""

import base64
from typing import Any

import msgspec

from bindery.adapters.outbound import Answer, Ask, HttpClient

MOST_BYTES = 64 * 1024 * 1024


class Refused(Exception):
    """The service said no, or something unexpected."""


class Caller:
    """One API, one key. Answers are plain JSON values."""

    def __init__(self, http: HttpClient, url: str, key: str) -> None:
        self._http = http
        self._url = url
        self._key = key

    async def get(self, path: str) -> Any:
        """`GET /api/v1<path>`. Raises `Refused`."""
        return await self._ask("GET", f"/api/v1{path}", None)

    async def post(self, path: str, body: object = None) -> Any:
        """`POST /api/v1<path>`. Raises `Refused`."""
        return await self._ask("POST", f"/api/v1{path}", body)

    async def tool(self, path: str) -> Any:
        """`GET <path>` of another face, with the key."""
        return await self._ask("GET", path, None)

    async def file(self, path: str) -> bytes:
        """The bytes of a file."""
        answer = await self._send("GET", f"/api/v1{path}", None)
        return answer.body

    async def feed(self, path: str) -> str:
        """An OPDS document, signed in as a reader app does."""
        basic = base64.b64encode(f"reader:{self._key}".encode()).decode()
        headers = {"authorization": f"Basic {basic}"}
        return _checked(await self._http.send(Ask(url=f"{self._url}{path}", headers=headers)))

    async def _ask(self, method: str, path: str, body: object) -> Any:
        answer = await self._send(method, path, body)
        return msgspec.json.decode(answer.body) if answer.body else None

    async def _send(self, method: str, path: str, body: object) -> Answer:
        headers = {"x-api-key": self._key, "content-type": "application/json"}
        content = None if body is None else msgspec.json.encode(body)
        ask = Ask(url=f"{self._url}{path}", method=method, headers=headers, content=content)
        answer = await self._http.send(ask, max_bytes=MOST_BYTES)
        _checked(answer, f"{method} {path}")
        return answer


def _checked(answer: Answer, what: str = "the feed") -> str:
    text = answer.body.decode("utf-8", "replace") if answer.status >= 300 else ""
    if not 200 <= answer.status < 300:
        raise Refused(f"{what}: {answer.status} {text[:300]}")
    return text or answer.body.decode("utf-8", "replace")
