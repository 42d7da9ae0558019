"""The loopback web server under every face: h11 on trio, byte ranges, knobs, a log of requests."""

import hashlib
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
import trio

from bindery.demo.knobs import Knobs

CHUNK = 16_384
LOGIN_WALL = b"<!DOCTYPE html><html><body><h1>Please sign in</h1></body></html>"


@dataclass(frozen=True)
class Request:
    """One request, decoded."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Lower-case names."""


@dataclass(frozen=True)
class Answer:
    """One answer; with `ranges` parts of it can be asked for."""

    body: bytes = b""
    type: str = "text/plain; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    ranges: bool = False


Respond = Callable[[Request], Answer]


def part_of(answer: Answer, request: Request) -> Answer:
    """Cut the range that was asked for out of the answer (RFC 9110 14; one range only)."""
    if not answer.ranges or answer.status != HTTPStatus.OK:
        return answer
    size = len(answer.body)
    tag = f'"{hashlib.sha256(answer.body).hexdigest()[:16]}"'
    headers = {**answer.headers, "Accept-Ranges": "bytes", "ETag": tag}
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if asked is None or not any(asked.groups()) or request.headers.get("if-range", tag) != tag:
        return Answer(answer.body, answer.type, 200, headers)
    first, last = asked.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if start >= min(stop, size):
        return Answer(b"", answer.type, 416, {**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Answer(answer.body[start:stop], answer.type, 206, headers)


class Face:
    """One server of the world on its own port."""

    def __init__(self, name: str, respond: Respond, knobs: Knobs) -> None:
        self.name = name
        self.knobs = knobs
        self.requests: deque[Request] = deque(maxlen=1_000)
        """What was asked, oldest first."""
        self.url = ""
        self._respond = respond

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Serve on a free port of 127.0.0.1 until cancelled; `url` is known when started."""
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.url = f"http://127.0.0.1:{listener.socket.getsockname()[1]}"
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, self._connection, [listener])
            task_status.started()

    async def _connection(self, stream: trio.SocketStream) -> None:
        wire = h11.Connection(h11.SERVER)
        try:
            while True:
                request = await self._receive(wire, stream)
                if request is None or not await self._send(wire, stream, request):
                    return
                if wire.our_state is not h11.DONE or wire.their_state is not h11.DONE:
                    return
                wire.start_next_cycle()
        except (trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError):
            return  # the other side went away or speaks no HTTP
        finally:
            await trio.aclose_forcefully(stream)

    async def _receive(self, wire: h11.Connection, stream: trio.SocketStream) -> Request | None:
        request: Request | None = None
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                wire.receive_data(await stream.receive_some(CHUNK))
            elif isinstance(event, h11.Request):
                split = urlsplit(event.target.decode("latin-1"))
                request = Request(
                    event.method.decode(),
                    unquote(split.path),
                    dict(parse_qsl(split.query, keep_blank_values=True)),
                    {name.decode(): value.decode("latin-1") for name, value in event.headers},
                )
                self.requests.append(request)
            elif isinstance(event, h11.EndOfMessage):
                return request
            elif not isinstance(event, h11.Data):
                return None

    def _answer(self, request: Request) -> tuple[Answer, int | None]:
        """The answer, and where to cut it."""
        knobs = self.knobs
        if not knobs.spoils():
            return self._good(request), None
        if knobs.status is not None:
            headers = {"Retry-After": knobs.retry_after} if knobs.retry_after else {}
            return Answer(status=knobs.status, headers=headers), None
        if knobs.html:
            return Answer(LOGIN_WALL, "text/html; charset=utf-8"), None
        return self._good(request), knobs.truncate_at

    def _good(self, request: Request) -> Answer:
        try:
            return part_of(self._respond(request), request)
        except ValueError:  # a number that is none
            return Answer(b"bad request", status=400)

    async def _send(
        self, wire: h11.Connection, stream: trio.SocketStream, request: Request
    ) -> bool:
        """Send the answer; False when the connection is to be cut."""
        knobs = self.knobs
        if knobs.latency_s:
            await trio.sleep(knobs.latency_s)
        await knobs.gate.passed()
        answer, cut = self._answer(request)
        headers = {
            "Content-Type": answer.type,
            "Content-Length": str(len(answer.body)),
            **answer.headers,
        }
        head = h11.Response(status_code=answer.status, headers=[*headers.items()])
        await stream.send_all(wire.send(head) or b"")
        body = b"" if request.method == "HEAD" else answer.body
        end = len(body) if cut is None else min(cut, len(body))
        for start in range(0, end, CHUNK):
            if knobs.stall_at is not None and start + CHUNK > knobs.stall_at:
                knobs.stall_at = None
                knobs.gate.shut()
            await knobs.gate.passed()
            piece = body[start : min(end, start + CHUNK)]
            await knobs.bucket.take(len(piece))
            await stream.send_all(wire.send(h11.Data(data=piece)) or b"")
        if cut is not None:
            return False
        await stream.send_all(wire.send(h11.EndOfMessage()) or b"")
        return wire.our_state is not h11.MUST_CLOSE
