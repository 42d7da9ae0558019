"""The URL base as an ASGI wrapper: an exact prefix for HTTP and websockets (recipes.md B3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


def under_base(app: AsgiApp, base: str) -> AsgiApp:
    """Serve `app` below `base` (empty = as it is). Everything else is 404, `base` alone 308."""
    if not base:
        return app

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith(base + "/"):
            scope["root_path"] = base
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await _refuse_socket(send)
        elif path == base:
            query = scope["query_string"].decode("latin1")
            target = f"{base}/?{query}" if query else f"{base}/"
            await _answer(send, 308, [(b"location", target.encode("latin1"))], b"")
        else:
            kind = [(b"content-type", b"application/json")]
            await _answer(send, 404, kind, b'{"error":"not found","code":"not_found"}')

    return wrapped


_PLAIN_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
]


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": status}
    await send({**start, "headers": [*headers, length, *_PLAIN_HEADERS]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _refuse_socket(send: Send) -> None:
    start = {"type": "websocket.http.response.start", "status": 404, "headers": _PLAIN_HEADERS}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": b"", "more_body": False})
