"""A framework app on a stock hypercorn, without anything of ours, on a free loopback port."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import pytest
import trio
from hypercorn.config import Config
from hypercorn.trio import run as hypercorn_run
from hypercorn.trio import serve
from hypercorn.trio.tcp_server import TCPServer
from quart_trio import QuartTrio
from trio_websocket import WebSocketConnection, wrap_client_stream

from tests.http.live_server import Reply, head, read_reply


@dataclass
class Stock:
    """A running stock server; `urls` is what it reported as started."""

    urls: list[str]
    stop: trio.Event
    done: trio.Event

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", int(self.urls[0].rpartition(":")[2]))

    @asynccontextmanager
    async def socket(self, path: str) -> AsyncGenerator[WebSocketConnection, None]:
        """A websocket; the TCP stream is ours to close (platform.md 4.3)."""
        async with await self.connect() as stream, trio.open_nursery() as nursery:
            yield await wrap_client_stream(nursery, stream, "localhost", path)
            nursery.cancel_scope.cancel()

    async def get(self, path: str) -> Reply:
        async with await self.connect() as stream:
            await stream.send_all(head(f"GET {path} HTTP/1.1"))
            return await read_reply(stream)


def bare_app() -> QuartTrio:
    return QuartTrio("contract", static_folder=None)


@asynccontextmanager
async def stock_server(
    app: QuartTrio, monkeypatch: pytest.MonkeyPatch, *, graceful_s: float = 0.2
) -> AsyncGenerator[Stock, None]:
    """Serve until the end of the block; ten seconds at most, then the test has failed."""
    monkeypatch.setattr(hypercorn_run, "TCPServer", TCPServer)
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.errorlog = None
    config.graceful_timeout = graceful_s
    stop, done = trio.Event(), trio.Event()

    async def run(task_status: trio.TaskStatus[list[str]]) -> None:  # noqa: ASYNC128 - hypercorn does
        start = partial(cast("Any", serve), app, config, shutdown_trigger=stop.wait)
        await start(task_status=task_status)
        done.set()

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            urls = await nursery.start(run)
            try:
                yield Stock(urls, stop, done)
            finally:
                stop.set()
