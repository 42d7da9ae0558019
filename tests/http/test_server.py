"""Contracts with hypercorn and quart-trio, on real sockets (platform.md 4.1, recipes.md B)."""

import json
import socket
from pathlib import Path

import pytest
import trio
from trio_websocket import ConnectionClosed

from bindery.http import server as server_module
from bindery.http.services import WebSettings
from tests.http.kernel_routes import KERNEL
from tests.http.live_server import head, read_reply, serving
from tests.http.world import KEY, open_app

UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"
)


async def test_keep_alive_errors_and_head(tmp_path: Path) -> None:
    async with open_app(tmp_path, **KERNEL) as world, serving(world) as server:
        with trio.fail_after(10):
            async with await server.connect() as stream:
                for _ in range(2):
                    await stream.send_all(head("GET /api/v1/health HTTP/1.1"))
                    assert (await read_reply(stream)).status == 200
        shown = await server.ask("HEAD /api/v1/health HTTP/1.1")
        assert (shown.status, shown.body) == (200, b"")
        assert int(shown.headers["content-length"]) > 10
        assert "server" not in shown.headers
        gone = await server.ask(f"DELETE /api/v1/probe/1 HTTP/1.1\r\nX-Api-Key: {KEY}")
        assert gone.status == 204
        assert "content-type" not in gone.headers
        wrong = await server.ask(f"PATCH /api/v1/probe HTTP/1.1\r\nX-Api-Key: {KEY}")
        assert wrong.status == 405
        assert wrong.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/api/v1/probe", 900_000, 201),
        ("/api/v1/probe", 1_100_000, 413),
        ("/api/v1/probe/small", 20, 201),
        ("/api/v1/probe/small", 200, 413),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_bodies_are_bounded_before_parsing(
    tmp_path: Path, path, size, status, chunked
) -> None:
    """The private attribute behind per-route limits still works, for both kinds of body."""
    body = json.dumps({"year": 1, "note": "n" * (size - 24)}).encode()
    common = f"POST {path} HTTP/1.1\r\nX-Api-Key: {KEY}\r\nContent-Type: application/json"
    async with open_app(tmp_path, **KERNEL) as world, serving(world) as server:
        if chunked:
            pieces = [body[at : at + 60_000] for at in range(0, len(body), 60_000)]
            sent = b"".join(f"{len(p):x}\r\n".encode() + p + b"\r\n" for p in pieces)
            reply = await server.ask(
                f"{common}\r\nTransfer-Encoding: chunked", body=sent + b"0\r\n\r\n"
            )
        else:
            reply = await server.ask(f"{common}\r\nContent-Length: {len(body)}", body=body)
        assert reply.status == status
        assert reply.headers["content-type"] == "application/json"


async def test_neither_h2c_nor_prior_knowledge(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world, serving(world) as server:
        upgrade = await server.ask(
            "GET /api/v1/health HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\n"
            "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__"
        )
        assert upgrade.status == 200
        with trio.fail_after(10):
            async with await server.connect() as stream:
                await stream.send_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                answer = await stream.receive_some()
                assert not answer.startswith(b"\x00\x00")


async def test_a_body_of_forty_pieces_arrives(tmp_path: Path) -> None:
    """Through the in-process client this hangs (recipes.md C): streams are tested here."""
    async with open_app(tmp_path, **KERNEL) as world, serving(world) as server:
        reply = await server.ask("GET /api/v1/probe/pieces HTTP/1.1")
        assert reply.status == 200
        assert reply.body.count(b"x") == 40_000


async def test_requests_in_flight_finish_and_new_ones_are_refused(tmp_path: Path) -> None:
    async with open_app(tmp_path, **KERNEL) as world, serving(world, graceful_s=2) as server:
        with trio.fail_after(10):
            async with await server.connect() as stream:
                await stream.send_all(head("GET /api/v1/probe/slow HTTP/1.1"))
                await trio.sleep(0.1)
                server.stopping.set()
                assert (await read_reply(stream)).status == 200
            await server.done.wait()
            with pytest.raises(OSError, match=r".+"):
                await server.connect()


@pytest.mark.parametrize("stop_first", [False, True])
async def test_a_peer_that_does_not_read_is_cut(
    tmp_path: Path, stop_first, monkeypatch: pytest.MonkeyPatch
) -> None:
    """platform.md Q7: without our TCPServer both parts of this hang for ever."""
    monkeypatch.setattr(server_module, "STOPPING_SEND_S", 0.2)
    big = tmp_path / "big.mp3"
    big.write_bytes(b"\0" * (32 << 20))
    async with open_app(tmp_path, **KERNEL) as world, serving(world) as server:
        with trio.fail_after(10):
            raw = trio.socket.socket()
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await raw.connect(("127.0.0.1", server.port))
            stream = trio.SocketStream(raw)
            path = f"/api/v1/probe/file{big}"
            monkeypatch.setattr("bindery.http.files.PATIENCE_S", 60 if stop_first else 0.4)
            await stream.send_all(head(f"GET {path} HTTP/1.1\r\nX-Api-Key: {KEY}"))
            if stop_first:
                await trio.sleep(0.2)
                server.stopping.set()
                begun = trio.current_time()
                await server.done.wait()
                assert trio.current_time() - begun < 2
            else:
                await trio.sleep(1)
                taken = 0
                try:
                    while data := await stream.receive_some(1 << 20):
                        taken += len(data)
                except trio.BrokenResourceError:
                    pass
                assert 0 < taken < 16 << 20
            await stream.aclose()


async def test_the_prefix_is_exact_for_http_and_websockets(tmp_path: Path) -> None:
    settings = WebSettings(url_base="/base")
    async with (
        open_app(tmp_path, settings=settings, **KERNEL) as world,
        serving(world, base="/base") as server,
    ):
        for path, status in (
            ("/base/api/v1/health", 200),
            ("/api/v1/health", 404),
            ("/basex/api/v1/health", 404),
            ("/x/base/api/v1/health", 404),
            ("/base", 308),
            ("/base?a=b", 308),
            ("/base/", 200),
        ):
            reply = await server.ask(f"GET {path} HTTP/1.1")
            assert reply.status == status, path
            if status == 308:
                assert reply.headers["location"] == "/base/" + path[5:]
            if path == "/base/":
                assert b'<base href="/base/">' in reply.body
        for path, status in (
            ("/base/api/v1/probe/socket", 101),
            ("/x/base/api/v1/probe/socket", 404),
            ("/api/v1/probe/socket", 404),
        ):
            with trio.fail_after(5):
                async with await server.connect() as stream:
                    await stream.send_all(head(f"GET {path} HTTP/1.1\r\n{UPGRADE}"))
                    assert (await stream.receive_some()).startswith(b"HTTP/1.1 %d" % status)


@pytest.mark.logs_errors("unhandled error")
async def test_an_error_after_accept_closes_with_1000_by_itself(tmp_path: Path) -> None:
    """recipes.md B6: why the live endpoint has a wrapper of its own."""
    async with (
        open_app(tmp_path, **KERNEL) as world,
        serving(world) as server,
        server.socket("/api/v1/probe/socket") as ws,
    ):
        await ws.send_message("fail")
        with pytest.raises(ConnectionClosed) as closed:
            await ws.get_message()
        assert closed.value.reason is not None
        assert closed.value.reason.code == 1000


async def test_a_used_port_fails_before_anything_starts() -> None:
    first = server_module.open_listener("127.0.0.1", 0)
    try:
        with pytest.raises(OSError, match="in use"):
            server_module.open_listener("127.0.0.1", first.getsockname()[1])
    finally:
        first.close()


async def test_access_lines_carry_the_trace_and_no_query(tmp_path: Path, logged) -> None:
    async with open_app(tmp_path, **KERNEL) as world, serving(world) as server:
        await server.ask(f"GET /api/v1/probe/whoami?apikey={KEY} HTTP/1.1")
        await server.ask("GET /api/v1/probe/whoami?apikey=wrongwrong HTTP/1.1")
    lines = [event for event in logged.events if event.get("event") == "request"]
    assert [line["status"] for line in lines] == [200, 401]
    assert all(line["trace"].startswith("w-") for line in lines)
    assert len({line["trace"] for line in lines}) == 2
    assert KEY not in str(logged.events)
    assert "wrongwrong" not in str(logged.events)
