"""A real Bindery in a process of its own, on a prepared database, and how to talk to it.

async with service(folder) as running:          # the command line as users start it
async with service(folder, tapped=True) as running:   # the same service with a tap (bench.served)
"""

import gzip
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h11
import msgspec
import trio
from trio_websocket import WebSocketConnection, wrap_client_stream

from bench.books_db import database

KEY = "bench-key-0123456789abcdef0123456789abcdef"
START_LIMIT_S = 60.0
STOP_LIMIT_S = 12.0
SAID = 3_000
"""Characters of the service's errors that are shown."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def cookies(self) -> tuple[str, ...]:
        """Each as `name=value`."""
        set_ = (value for name, value in self.headers if name == "set-cookie")
        return tuple(value.partition(";")[0] for value in set_)

    def json(self) -> Any:
        """The decoded body."""
        packed = ("content-encoding", "gzip") in self.headers
        return msgspec.json.decode(gzip.decompress(self.body) if packed else self.body)


class Caller:
    """One keep-alive connection with the install key. Takes gzip, as every browser does."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._wire = h11.Connection(h11.CLIENT)

    async def get(self, path: str) -> Reply:
        """GET with the key."""
        return await self.ask("GET", path)

    async def ask(self, method: str, path: str, body: object = None) -> Reply:
        """One request; `body` goes as JSON. Raises RuntimeError when the peer hangs up."""
        wire = self._wire
        data = b"" if body is None else msgspec.json.encode(body)
        headers = [
            ("Host", "localhost"),
            ("X-Api-Key", KEY),
            ("Accept-Encoding", "gzip"),
            ("Content-Length", str(len(data))),
        ]
        if data:
            headers.append(("Content-Type", "application/json"))
        request = h11.Request(method=method, target=path, headers=headers)
        sent = (wire.send(request) or b"") + (wire.send(h11.Data(data=data)) or b"")
        await self._stream.send_all(sent + (wire.send(h11.EndOfMessage()) or b""))
        status, found, parts = 0, list[tuple[str, str]](), list[bytes]()
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                wire.receive_data(await self._stream.receive_some(65_536))
            elif isinstance(event, h11.Response):
                status = event.status_code
                found = [(name.decode(), value.decode()) for name, value in event.headers]
            elif isinstance(event, h11.Data):
                parts.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                raise RuntimeError("the service hung up")
        if wire.our_state is h11.DONE and wire.their_state is h11.DONE:
            wire.start_next_cycle()
        return Reply(status, tuple(found), b"".join(parts))


class Tap:
    """The other end of `bench.served`: one order at a time, answered with JSON."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._buffer = b""
        self._lock = trio.Lock()

    async def order(self, do: str, **more: Any) -> Any:
        """Have something done inside the service; raises RuntimeError with what it said."""
        async with self._lock:
            await self._stream.send_all(msgspec.json.encode({"do": do, **more}) + b"\n")
            answer = await self._line()
        if "error" in answer:
            raise RuntimeError(f"{do}: {answer['error']}")
        return answer["ok"]

    async def _line(self) -> Any:
        while b"\n" not in self._buffer:
            more = await self._stream.receive_some(65_536)
            if not more:
                raise RuntimeError("the service ended")
            self._buffer += more
        line, _, self._buffer = self._buffer.partition(b"\n")
        return msgspec.json.decode(line)


@dataclass(frozen=True)
class Usage:
    """Of the process tree at one moment. Seconds of CPU, bytes of resident memory."""

    at: float
    cpu_s: float
    rss: int
    processes: int


@dataclass
class Running:
    """A started service."""

    process: trio.Process
    port: int
    folder: Path
    started_s: float
    """Seconds from the start of the process to the first answer of `/health`."""
    tap: Tap | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def order(self, do: str, **more: Any) -> Any:
        """As `Tap.order`; raises RuntimeError without a tap."""
        if self.tap is None:
            raise RuntimeError("started without a tap")
        return await self.tap.order(do, **more)

    @asynccontextmanager
    async def caller(self) -> AsyncGenerator[Caller]:
        """One connection for many requests."""
        async with await trio.open_tcp_stream("127.0.0.1", self.port) as stream:
            yield Caller(stream)

    @asynccontextmanager
    async def socket(
        self, topics: Sequence[str], number: int = 0
    ) -> AsyncGenerator[WebSocketConnection]:
        """A live socket that has subscribed; frames are for the caller to read.

        Every `number` comes from an address of its own, as browsers do: handshakes are limited
        per address.
        """
        own = f"127.0.0.{2 + number % 250}"
        async with (
            await trio.open_tcp_stream("127.0.0.1", self.port, local_address=own) as stream,
            trio.open_nursery() as nursery,
        ):
            ws = await wrap_client_stream(
                nursery,
                stream,
                f"127.0.0.1:{self.port}",
                "/api/v1/live",
                subprotocols=["bindery.live.v1"],
                extra_headers=[(b"X-Api-Key", KEY.encode())],
            )
            frame = {"t": "sub", "id": 1, "topics": dict.fromkeys(topics)}
            await ws.send_message(msgspec.json.encode(frame).decode())
            try:
                yield ws
            finally:
                with trio.move_on_after(1, shield=True):
                    await ws.aclose()
                nursery.cancel_scope.cancel(reason="the socket is no longer needed")

    def usage(self) -> Usage:
        """CPU and memory of the process and its children now."""
        pids = tree(self.process.pid)
        return Usage(
            time.perf_counter(),
            sum(_cpu_s(pid) for pid in pids),
            sum(_rss(pid) for pid in pids),
            len(pids),
        )

    async def cpu_share(self, seconds: float) -> float:
        """Percent of one core used during the next `seconds`."""
        before = self.usage()
        await trio.sleep(seconds)
        return share(before, self.usage())


def share(before: Usage, after: Usage) -> float:
    """Percent of one core used between two moments."""
    return 100 * (after.cpu_s - before.cpu_s) / (after.at - before.at)


def tree(pid: int) -> list[int]:
    """A process and all below it; a child belongs to the thread that started it."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            text = children.read_text()
        except OSError:
            continue
        found += [below for child in text.split() for below in tree(int(child))]
    return found


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _rss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(ln.split()[1]) * 1024 for ln in text.splitlines() if "VmRSS" in ln), 0)


@contextmanager
def prepared(books: int) -> Generator[Path]:
    """A fresh data folder with a copy of the generated library; removed afterwards."""
    source = database(books)
    with tempfile.TemporaryDirectory(prefix="bindery-bench-", dir=source.parent) as name:
        shutil.copyfile(source, Path(name, "bindery.db"))
        yield Path(name)


@asynccontextmanager
async def service(
    folder: Path, *, tapped: bool = False, environ: Mapping[str, str] | None = None
) -> AsyncGenerator[Running]:
    """Start on a data folder, wait for the first answer, stop with SIGTERM at the end.

    Raises RuntimeError when it does not answer or does not stop.
    """
    port = _free_port()
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BINDERY_")},
        "BINDERY_DATA_DIR": str(folder),
        "BINDERY_HOST": "127.0.0.1",
        "BINDERY_PORT": str(port),
        "BINDERY_API_KEY": KEY,
        "BINDERY_LOG_LEVEL": "error",
        "BINDERY_DOWNLOAD_ALLOW_LOOPBACK": "true",
        **(environ or {}),
    }
    ours, theirs = socket.socketpair()
    module = ["bench.served", str(theirs.fileno())] if tapped else ["bindery", "serve"]
    began = time.perf_counter()
    with (folder / "output.log").open("wb") as log:
        process = await trio.lowlevel.open_process(
            [sys.executable, "-m", *module],
            env=env,
            stdout=log,
            stderr=log,
            pass_fds=[theirs.fileno()],
        )
    theirs.close()
    try:
        async with trio.SocketStream(trio.socket.from_stdlib_socket(ours)) as stream:
            running = Running(process, port, folder, 0.0, Tap(stream) if tapped else None)
            await _answering(running)
            running.started_s = time.perf_counter() - began
            yield running
    finally:
        with trio.CancelScope(shield=True):
            await _stop(process, hung_up=tapped)
        said = (folder / "output.log").read_text()
        if said:
            print(f"\n  the service said:\n{said[-SAID:]}", flush=True)


async def _answering(running: Running) -> None:
    with trio.move_on_after(START_LIMIT_S):
        while running.process.poll() is None:
            try:
                async with running.caller() as caller:
                    if (await caller.get("/api/v1/health")).json()["ready"]:
                        return
            except (OSError, RuntimeError, trio.BrokenResourceError):
                pass
            await trio.sleep(0.01)
    raise RuntimeError(f"the service did not start (exit code {running.process.poll()})")


async def _stop(process: trio.Process, *, hung_up: bool) -> None:
    """With a tap the service ends when the bench hangs up, else by SIGTERM."""
    if process.poll() is None:
        if not hung_up:
            process.terminate()
        with trio.move_on_after(STOP_LIMIT_S):
            await process.wait()
    if process.poll() is None:
        process.kill()
        await process.wait()
        raise RuntimeError("the service did not stop")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
