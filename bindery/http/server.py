"""Serving the app with hypercorn: own sockets, deadlines for slow peers, stop stage 1.

What hypercorn lacks is added in one place, by a subclass of its `TCPServer` and two small
replacements, each held by a contract test (recipes.md B4, B6; platform.md Q5-Q8).
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Sequence
from math import inf
from typing import Any, cast

import trio
from hypercorn.config import Config, Sockets
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol import ws_stream
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import Handshake, WSStream
from hypercorn.trio import run as hypercorn_run
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.utils import wrap_app  # pyright: ignore[reportUnknownVariableType] - a partly typed signature

from bindery.http.access import AccessLog
from bindery.http.base import AsgiApp, under_base
from bindery.http.files import PATIENCE_KEY

CHUNK = 1 << 16
SOCKET_SEND_S = 10.0
BODY_SEND_S = 120.0
STOPPING_SEND_S = 1.0
GRACEFUL_S = 2.0
MAX_FRAME_IN = 65536


class Sends:
    """The sends in progress, so that the stop can shorten them all at once."""

    def __init__(self) -> None:
        self._scopes: set[trio.CancelScope] = set()
        self._limit = inf

    async def send(self, stream: Any, data: bytes, patience_s: float) -> bool:
        """Write `data`; False when the peer did not take it in time."""
        with trio.CancelScope(shield=True) as scope:
            scope.deadline = trio.current_time() + min(patience_s, self._limit)
            self._scopes.add(scope)
            try:
                await stream.send_all(data)
            finally:
                self._scopes.discard(scope)
            return True
        return False

    def hurry(self, limit_s: float) -> None:
        """From now on nobody has longer than this."""
        self._limit = limit_s
        latest = trio.current_time() + limit_s
        for scope in self._scopes:
            scope.deadline = min(scope.deadline, latest)


class ServerConfig(Config):
    """hypercorn's configuration with the values of recipes.md B6, and our sends."""

    def __init__(self, *, keep_alive_s: float = 30.0, graceful_s: float = GRACEFUL_S) -> None:
        super().__init__()
        self.sends = Sends()
        self.include_server_header = False
        self.websocket_max_message_size = MAX_FRAME_IN
        # hypercorn's ping task outlives its socket by up to one interval and so holds a stop for
        # the whole grace (contract test); the heartbeat frames of the hub do the pings' work.
        self.websocket_ping_interval = None
        self.keep_alive_timeout = keep_alive_s
        self.graceful_timeout = graceful_s
        self.alpn_protocols = ["http/1.1"]
        self.read_timeout = None
        self.errorlog = None
        self.accesslog = None
        self.logger_class = AccessLog


class BoundedServer(TCPServer):
    """hypercorn's connection with a deadline on every send, also the shielded ones (Q7)."""

    async def protocol_send(self, event: Event) -> None:
        """Write at most 64 KiB per deadline; a peer that does not read is cut off."""
        if not isinstance(event, RawData):
            await super().protocol_send(event)
            return
        sends = cast("ServerConfig", self.config).sends
        async with self.send_lock:
            try:
                for start in range(0, len(event.data), CHUNK):
                    piece = event.data[start : start + CHUNK]
                    if not await sends.send(self.stream, piece, self._patience()):
                        await trio.aclose_forcefully(self.stream)
                        break
                else:
                    return
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass
            await self.protocol.handle(Closed())

    def _patience(self) -> float:
        stream = getattr(self.protocol.protocol, "stream", None)
        if isinstance(stream, WSStream):
            return SOCKET_SEND_S
        scope: dict[str, Any] = getattr(stream, "scope", None) or {}
        return float(scope.get(PATIENCE_KEY, BODY_SEND_S))


class PlainHandshake(Handshake):
    """No permessage-deflate: it costs memory per socket and is off by default (ui.md 7.2)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.extensions = None


async def _no_upgrade(_self: H11Protocol, _event: object) -> None:
    """HTTP/1.1 only: neither `Upgrade: h2c` nor prior knowledge."""


def adapt_hypercorn() -> None:
    """Put our pieces into hypercorn; may be called any number of times."""
    hypercorn_run.TCPServer = BoundedServer  # type: ignore[misc]  # no other seam exists
    H11Protocol._check_protocol = _no_upgrade  # type: ignore[method-assign]  # noqa: SLF001  # recipes.md B4
    ws_stream.Handshake = PlainHandshake  # type: ignore[misc]  # no option exists


def open_listener(host: str, port: int) -> socket.socket:
    """Bind before any actor starts, so that a used port fails early; OSError says why."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    dual = family == socket.AF_INET6 and host in {"::", "*"}
    opened = socket.create_server((host, port), family=family, dualstack_ipv6=dual, backlog=256)
    opened.setblocking(False)
    return opened


async def serve(  # noqa: ASYNC128 - hypercorn calls started()
    app: AsgiApp,
    sockets: Sequence[socket.socket],
    *,
    base: str,
    stopping: trio.Event,
    config: ServerConfig | None = None,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until `stopping` is set and the requests in flight had their grace (stage 1).

    Started with the list of URLs. The live sockets close themselves with 1012 when `stopping`
    is set. Takes at most `graceful_timeout` plus `STOPPING_SEND_S`.
    """
    adapt_hypercorn()
    config = config or ServerConfig()

    async def trigger() -> None:
        await stopping.wait()
        config.sends.hurry(STOPPING_SEND_S)

    wrapped = wrap_app(cast("Any", under_base(app, base)), config.wsgi_max_body_size, "asgi")
    run = cast("Callable[..., Awaitable[None]]", hypercorn_run.worker_serve)
    await run(
        wrapped,
        config,
        sockets=Sockets([], list(sockets), []),
        shutdown_trigger=trigger,
        task_status=task_status,
    )
