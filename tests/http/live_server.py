"""The app on a real socket: `async with serving(world) as server`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import trio
from trio_websocket import WebSocketConnection, wrap_client_stream

from bindery.http.server import ServerConfig, open_listener, serve
from tests.http.world import KEY, World


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    world: World
    port: int
    stopping: trio.Event
    done: trio.Event

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def ask(self, text: str | bytes, *, body: bytes = b"") -> Reply:
        """One request on its own connection. `text` is the head without the last empty line."""
        with trio.fail_after(15):
            async with await self.connect() as stream:
                await stream.send_all(head(text) + body)
                return await read_reply(stream, without_body=text[:4] in {"HEAD", b"HEAD"})

    async def get(self, path: str, *headers: str) -> Reply:
        return await self.ask("\r\n".join([f"GET {path} HTTP/1.1", f"X-Api-Key: {KEY}", *headers]))

    @asynccontextmanager
    async def socket(
        self,
        path: str = "/api/v1/live",
        *,
        key: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
        protocol: str = "bindery.live.v1",
    ) -> AsyncGenerator[WebSocketConnection, None]:
        """A websocket; the TCP stream is ours to close (platform.md 4.3)."""
        sent = [*headers, *([("X-Api-Key", key)] if key else [])]
        with trio.fail_after(20):
            async with await self.connect() as stream, trio.open_nursery() as nursery:
                ws = await wrap_client_stream(
                    nursery,
                    stream,
                    f"127.0.0.1:{self.port}",
                    path,
                    subprotocols=[protocol],
                    extra_headers=[(n.encode(), v.encode()) for n, v in sent],
                )
                try:
                    yield ws
                finally:
                    with trio.move_on_after(1, shield=True):
                        await ws.aclose()
                    nursery.cancel_scope.cancel()


def head(text: str | bytes) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return raw.replace(b" HTTP/1.1", b" HTTP/1.1\r\nHost: localhost", 1) + b"\r\n\r\n"


async def read_reply(stream: trio.SocketStream, *, without_body: bool = False) -> Reply:
    data = b""
    while b"\r\n\r\n" not in data:
        more = await stream.receive_some()
        if not more:
            raise EOFError(data)
        data += more
    top, _, body = data.partition(b"\r\n\r\n")
    first, *lines = top.decode().split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    length = None if "content-length" not in headers else int(headers["content-length"])
    without_body = without_body or int(first.split()[1]) in {204, 304}
    while not without_body and (length is None or len(body) < length):
        more = await stream.receive_some()
        if not more:
            break
        body += more
        if length is None and body.endswith(b"0\r\n\r\n"):
            break
    return Reply(int(first.split()[1]), headers, body)


@asynccontextmanager
async def serving(
    world: World, *, base: str = "", graceful_s: float = 0.3, keep_alive_s: float = 5
) -> AsyncGenerator[Server, None]:
    """Serves until the end of the block; `done` is set when the server has stopped."""
    listener = open_listener("127.0.0.1", 0)
    port = listener.getsockname()[1]
    stopping, done = world.services.stopping, trio.Event()

    async def run(task_status: trio.TaskStatus[list[str]]) -> None:  # noqa: ASYNC128 - hypercorn does
        config = ServerConfig(keep_alive_s=keep_alive_s, graceful_s=graceful_s)
        await serve(
            world.app,
            [listener],
            base=base,
            stopping=stopping,
            config=config,
            task_status=task_status,
        )
        done.set()

    async with trio.open_nursery() as nursery:
        urls = await nursery.start(partial(run))
        assert urls == [f"http://127.0.0.1:{port}"]
        try:
            yield Server(world, port, stopping, done)
        finally:
            stopping.set()
            with trio.move_on_after(5, shield=True):
                await done.wait()
