"""A scripted HTTP/1.1 server on loopback: it says what it is told, also nonsense."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import trio


@dataclass(frozen=True)
class Reply:
    """One answer and the ways it can go wrong."""

    status: int = 200
    body: bytes | str = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0
    """Before the first byte."""
    truncate_at: int | None = None
    """Close after so many bytes of the body, although more were announced."""
    stall_at: int | None = None
    """Say nothing more after so many bytes of the body, but stay connected."""
    raw: bytes | None = None
    """Send exactly this instead of HTTP."""
    rate: int | None = None
    """Bytes per second."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    target: str

    def one(self, name: str) -> str:
        return self.query.get(name, [""])[0]


Script = Callable[[Request], Reply]


class ScriptedServer:
    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.requests: list[Request] = []
        self.connections = 0
        self._scripts: dict[str, list[Reply | Script]] = {}

    def on(self, path: str, *replies: Reply | Script) -> None:
        """Answers for a path, in turn; the last one stays. `*` is for every other path."""
        self._scripts[path] = list(replies)

    def reply_to(self, request: Request) -> Reply:
        self.requests.append(request)
        script = self._scripts.get(request.path) or self._scripts.get("*")
        if not script:
            return Reply(404, b"nothing here")
        chosen = script.pop(0) if len(script) > 1 else script[0]
        return chosen if isinstance(chosen, Reply) else chosen(request)

    async def serve(self, stream: trio.SocketStream) -> None:
        self.connections += 1
        buffer = b""
        try:
            while True:
                while b"\r\n\r\n" not in buffer:
                    more = await stream.receive_some()
                    if not more:
                        return
                    buffer += more
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                method, target, _version = lines[0].split(" ", 2)
                headers = {
                    name.strip().lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines[1:])
                }
                length = int(headers.get("content-length", "0"))
                while len(buffer) < length:
                    more = await stream.receive_some()
                    if not more:
                        return
                    buffer += more
                body, buffer = buffer[:length], buffer[length:]
                parts = urlsplit(target)
                query = parse_qs(parts.query, keep_blank_values=True)
                reply = self.reply_to(Request(method, parts.path, query, headers, body, target))
                if not await self._answer(stream, reply, method):
                    return
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
                await stream.aclose()

    async def _answer(self, stream: trio.SocketStream, reply: Reply, method: str) -> bool:
        if reply.delay_s:
            await trio.sleep(reply.delay_s)
        if reply.raw is not None:
            await stream.send_all(reply.raw)
            return False
        body = reply.body.encode() if isinstance(reply.body, str) else reply.body
        headers = {"content-length": str(len(body)), **reply.headers}
        lines = [f"HTTP/1.1 {reply.status} Scripted"] + [f"{k}: {v}" for k, v in headers.items()]
        await stream.send_all(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        if method == "HEAD" or reply.status in {204, 304}:
            return True
        cut = min((c for c in (reply.truncate_at, reply.stall_at) if c is not None), default=None)
        await self._send(stream, body[:cut], reply.rate)
        if reply.stall_at is not None:
            await trio.sleep_forever()
        return cut is None

    async def _send(self, stream: trio.SocketStream, body: bytes, rate: int | None) -> None:
        if rate is None:
            await stream.send_all(body)
            return
        step = max(1, rate // 20)
        for at in range(0, len(body), step):
            await stream.send_all(body[at : at + step])
            await trio.sleep(step / rate)


async def start_server(nursery: trio.Nursery) -> ScriptedServer:
    """A server that lives as long as the nursery."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    server = ScriptedServer(listeners[0].socket.getsockname()[1])
    nursery.start_soon(trio.serve_listeners, server.serve, listeners)
    return server


def ranged(
    data: bytes, *, etag: str = "", mime: str = "application/epub+zip", **knobs: object
) -> Script:
    """A file that understands `Range` and `If-Range`."""

    def answer(request: Request) -> Reply:
        headers = {"content-type": mime, "accept-ranges": "bytes"}
        if etag:
            headers["etag"] = etag
        wanted = request.headers.get("range", "")
        fresh = request.headers.get("if-range", etag) == etag
        if not (wanted.startswith("bytes=") and fresh):
            return Reply(200, data, headers, **knobs)  # pyright: ignore[reportArgumentType]
        start = int(wanted.removeprefix("bytes=").split("-")[0])
        if start >= len(data):
            return Reply(416, b"", {**headers, "content-range": f"bytes */{len(data)}"})
        headers["content-range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return Reply(206, data[start:], headers, **knobs)  # pyright: ignore[reportArgumentType]

    return answer
