"""What serving rests on in hypercorn (platform.md 4.1, recipes.md B4 and B6).

Each test names its row. Some show a fault that `bindery.http.server` works around: where one of
these fails after an upgrade, the way around may go.
"""

import inspect
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio
from hypercorn.config import Config
from hypercorn.protocol import ws_stream
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import WSStream
from hypercorn.trio import run as hypercorn_run
from hypercorn.trio.tcp_server import TCPServer
from quart import Response, websocket
from trio_websocket import ConnectionClosed

from bindery.http.server import ServerConfig, open_listener
from tests.contract.stock import bare_app, stock_server
from tests.http.live_server import head, read_reply, serving
from tests.http.world import open_app

ROOT = Path(__file__).parents[2]


async def test_q5_the_listener_closes_at_once_and_the_rest_is_cut_after_the_grace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = bare_app()
    begun = trio.Event()

    @app.get("/")
    async def slow() -> str:
        begun.set()
        await trio.sleep(5)
        return "never"

    async with stock_server(app, monkeypatch, graceful_s=0.3) as server:
        async with await server.connect() as stream:
            await stream.send_all(head("GET / HTTP/1.1"))
            await begun.wait()
            server.stop.set()
            stopped = trio.current_time()
            await trio.sleep(0.1)
            with pytest.raises(OSError, match=r".+"):
                await server.connect()
            with pytest.raises((EOFError, trio.BrokenResourceError)):
                await read_reply(stream)
        await server.done.wait()
        assert 0.2 < trio.current_time() - stopped < 2


async def test_q6_an_open_websocket_holds_the_stop_for_the_whole_grace_and_sees_1006(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = bare_app()

    @app.websocket("/live")
    async def live() -> None:
        await websocket.accept()
        await websocket.receive()

    async with stock_server(app, monkeypatch, graceful_s=0.5) as server:
        async with server.socket("/live") as ws:
            await trio.sleep(0.1)
            server.stop.set()
            stopped = trio.current_time()
            with pytest.raises(ConnectionClosed) as closed:
                await ws.get_message()
            assert trio.current_time() - stopped > 0.3
        assert closed.value.reason is None or closed.value.reason.code == 1006


async def test_q7_without_our_server_a_peer_that_does_not_read_holds_the_stop_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = bare_app()

    @app.get("/")
    async def big() -> Response:
        return Response(b"\0" * (16 << 20))

    async with stock_server(app, monkeypatch, graceful_s=0.1) as server:
        raw = trio.socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await raw.connect(("127.0.0.1", int(server.urls[0].rpartition(":")[2])))
        stream = trio.SocketStream(raw)
        await stream.send_all(head("GET / HTTP/1.1"))
        await trio.sleep(0.2)
        server.stop.set()
        with trio.move_on_after(1) as patience:
            await server.done.wait()
        assert patience.cancelled_caught
        await stream.aclose()
        await server.done.wait()


def test_q7_the_seams_of_our_server_are_still_there() -> None:
    """`BoundedServer` replaces `protocol_send` and looks at these; a rename would be silent."""
    source = inspect.getsource(TCPServer)
    for name in ("self.send_lock", "self.stream", "self.protocol.handle(Closed())", "self.config"):
        assert name in source
    assert inspect.iscoroutinefunction(TCPServer.protocol_send)
    assert inspect.iscoroutinefunction(H11Protocol._check_protocol)
    assert "scope" in inspect.getsource(WSStream)
    assert hasattr(ws_stream, "Handshake")


@pytest.mark.system
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, -15), (signal.SIGINT, 0)])
def test_q8_sigterm_kills_and_sigint_ends_without_a_word(number: int, code: int) -> None:
    program = (
        "import signal, trio\nfrom functools import partial\n"
        # A run started in the background of a shell hands down an ignored SIGINT.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from hypercorn.config import Config\nfrom hypercorn.trio import serve\n"
        "from quart_trio import QuartTrio\n"
        "config = Config(); config.bind = ['127.0.0.1:0']; config.errorlog = None\n"
        "class Told:\n"
        "    def started(self, urls): print('up', flush=True)\n"
        "trio.run(partial(serve, QuartTrio('a'), config, task_status=Told()))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        time.sleep(0.5)  # "started" is told just before the place that swallows SIGINT
        process.send_signal(number)
        try:
            assert process.wait(20) == code
        finally:
            process.kill()


async def test_q12_started_with_the_urls_so_that_port_0_is_usable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stock_server(bare_app(), monkeypatch) as server:
        assert len(server.urls) == 1
        assert int(server.urls[0].removeprefix("http://127.0.0.1:")) > 0


async def test_q13_a_send_after_the_peer_has_gone_raises_nothing_that_we_do_not_catch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The handler is cancelled, or its send is dropped; the server answers the next one."""
    app = bare_app()
    outcome: list[BaseException | None] = []

    @app.websocket("/live")
    async def live() -> None:
        await websocket.accept()
        try:
            while True:
                await websocket.send("x" * 1000)
                await trio.sleep(0.01)
        except BaseException as error:
            outcome.append(error)
            raise

    @app.get("/")
    async def answer() -> str:
        return "alive"

    async with stock_server(app, monkeypatch) as server:
        async with server.socket("/live") as ws:
            await ws.get_message()
        await trio.sleep(0.1)
        assert (await server.get("/")).body == b"alive"
    assert [type(error) for error in outcome] == [trio.Cancelled]


def test_q14_the_server_header_can_only_be_left_out() -> None:
    config = Config()
    config.include_server_header = False
    assert b"server" not in dict(config.response_headers("h11"))
    assert not ServerConfig().include_server_header


async def test_pings_hold_the_stop_after_their_socket_has_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Decision 0002: why `ServerConfig` has none. The ping task sleeps on for one interval."""
    assert ServerConfig().websocket_ping_interval is None
    source = inspect.getsource(WSStream)
    assert "websocket_ping_interval" in source
    assert "_send_pings" in source


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc"])
async def test_a_silent_or_stalled_head_is_closed_after_the_idle_limit(
    tmp_path: Path, sent: bytes
) -> None:
    """recipes.md B4: `keep_alive_timeout` is the idle limit."""
    async with open_app(tmp_path) as world, serving(world, keep_alive_s=0.2) as server:
        with trio.fail_after(5):
            async with await server.connect() as stream:
                await stream.send_all(sent)
                begun = trio.current_time()
                while await stream.receive_some():
                    pass
                assert trio.current_time() - begun > 0.1


def test_read_timeout_is_never_set() -> None:
    """recipes.md B4: it would cut running downloads and idle websockets."""
    assert ServerConfig().read_timeout is None
    assert Config().read_timeout is None


async def test_an_open_socket_of_ours_can_be_served() -> None:
    """recipes.md B6: the port is bound before any actor starts."""
    listener = open_listener("127.0.0.1", 0)
    assert not listener.getblocking()
    listener.close()
    assert "sockets" in inspect.signature(hypercorn_run.worker_serve).parameters
