"""A real rtorrent on loopback, configured as test-programs.md 6 says, and a gateway to it."""

import base64
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import trio

from bindery.adapters.configs import RTorrentConfig
from bindery.adapters.downloaders.rtorrent import RTorrent
from bindery.adapters.failures import OutsideError
from bindery.adapters.outbound import Outbound
from bindery.adapters.scgi import exchange
from tests.kit.program import Program, binary, free_port, listens

PASSWORD = "canary-rtorrent-passw0rd"
MOST_BYTES = 1 << 24


@dataclass
class RTorrentProgram(Program):
    """One program with its folder; `http` is the port of a gateway, if there is one."""

    http: int = 0
    socket: bool = False
    """Whether it listens at a socket file `s` in its folder instead of a port."""
    more: list[str] = field(default_factory=list)
    bt: int = field(default_factory=free_port)
    rpc: int = field(default_factory=free_port)

    @property
    def downloads(self) -> Path:
        return self.home / "dl"

    @property
    def folder(self) -> Path:
        return self.downloads

    @property
    def url(self) -> str:
        if self.http:
            return f"http://127.0.0.1:{self.http}/RPC2"
        if self.socket:
            return f"scgi://{self.home}/s"
        return f"scgi://127.0.0.1:{self.rpc}"

    def configure(self) -> None:
        self.downloads.mkdir(parents=True, exist_ok=True)
        (self.home / "session").mkdir(exist_ok=True)
        lines = (
            "system.daemon.set = true",
            f"directory.default.set = {self.downloads}",
            f"session.path.set = {self.home}/session",
            "network.bind_address.set = 127.0.0.1",
            "network.local_address.set = 127.0.0.1",
            f"network.port_range.set = {self.bt}-{self.bt}",
            "network.port_random.set = no",
            "dht.mode.set = disable",
            "protocol.pex.set = no",
            "trackers.use_udp.set = no",
            "system.file.allocate.set = 0",
            "network.xmlrpc.size_limit.set = 16M",
            f"network.scgi.open_local = {self.home}/s"
            if self.socket
            else f"network.scgi.open_port = 127.0.0.1:{self.rpc}",
            *self.more,
        )
        (self.home / "rc").write_text("\n".join(lines) + "\n")

    async def start(self) -> None:
        command = [binary("rtorrent"), "-n", "-o", f"import={self.home}/rc"]
        await self.launch(command, self._ready)

    async def _ready(self) -> bool:
        if not self.socket:
            return await listens(self.rpc)
        return await trio.Path(self.home / "s").exists()

    def client(self, outbound: Outbound, password: str = PASSWORD) -> RTorrent:
        config = RTorrentConfig(url=self.url, username="admin", password=password, timeout_s=5)
        return RTorrent(config, outbound)


@asynccontextmanager
async def open_rtorrent(
    home: Path, more: Sequence[str] = (), *, socket: bool = False
) -> AsyncGenerator[RTorrentProgram, None]:
    """A started program, spoken to by SCGI; `more` are lines of its configuration."""
    program = RTorrentProgram(home, more=list(more), socket=socket)
    program.configure()
    try:
        await program.start()
        yield program
    finally:
        program.end()


@asynccontextmanager
async def open_rutorrent(home: Path) -> AsyncGenerator[RTorrentProgram, None]:
    """A started program behind a gateway that speaks HTTP and asks for a password."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with open_rtorrent(home) as program, trio.open_nursery() as nursery:
        program.http = listeners[0].socket.getsockname()[1]
        await nursery.start(trio.serve_listeners, partial(_gateway, program.rpc), listeners)
        yield program
        nursery.cancel_scope.cancel(reason="the test is over")


async def _gateway(rpc: int, stream: trio.SocketStream) -> None:
    """One call: HTTP in, SCGI out."""
    data = b""
    async with stream:
        try:
            while b"\r\n\r\n" not in data:
                piece = await stream.receive_some()
                if not piece:
                    return
                data += piece
            head, _, body = data.partition(b"\r\n\r\n")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head.decode().split("\r\n"))
            }
            while len(body) < int(headers.get("content-length", "0")):
                body += await stream.receive_some()
            await stream.send_all(await _passed_on(rpc, headers.get("authorization", ""), body))
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return


async def _passed_on(rpc: int, who: str, body: bytes) -> bytes:
    expected = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    if who != f"Basic {expected}":
        return _answer("401 Unauthorized", b"<html>no</html>")
    try:
        async with await trio.open_tcp_stream("127.0.0.1", rpc) as program:
            return _answer("200 OK", await exchange(program, body, max_bytes=MOST_BYTES))
    except (OSError, OutsideError):
        return _answer("502 Bad Gateway", b"<html>gone</html>")


def _answer(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/xml\r\nconnection: close\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n%s" % (len(body), body)
