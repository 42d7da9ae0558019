"""The websocket endpoint: handshake, frames, close codes (ui.md 7.2, 7.3)."""

import json
from pathlib import Path
from typing import Any, NoReturn

import pytest
import trio
from trio_websocket import ConnectionClosed

from bindery.http import live as live_module
from bindery.live.frames import SUBPROTOCOL
from bindery.live.topic import Snapshot, Topic
from tests.http.live_server import serving
from tests.http.test_server import UPGRADE
from tests.http.world import ADMIN, KEY, UI, World, open_app


def teach(world: World) -> None:
    world.services.hub.register(
        "queue",
        Topic(
            kind="state",
            render=lambda _name, ids, _scope: [{"id": i} for i in ids],
            snapshot=lambda _name, _scope: Snapshot([{"id": 1}]),
        ),
    )


async def receive(ws: Any) -> dict[str, Any]:
    return json.loads(await ws.get_message())


async def to_the_end(ws: Any) -> NoReturn:
    while True:
        await ws.get_message()


async def closed_with(ws: Any) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        await to_the_end(ws)
    assert closed.value.reason is not None
    return closed.value.reason.code


async def test_hello_snapshot_and_protocol_errors(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world, serving(world) as server:
        teach(world)
        async with server.socket(key=KEY) as ws:
            assert ws.subprotocol == SUBPROTOCOL
            hello = await receive(ws)
            assert (hello["t"], hello["v"], hello["topics"]) == ("hello", 1, ["queue"])
            assert hello["user"]["role"] == "admin"
            await ws.send_message('{"t":"sub","id":1,"topics":{"queue":null,"nope":null}}')
            frames = [await receive(ws), await receive(ws)]
            assert {frame["t"] for frame in frames} == {"snap", "err"}
            await ws.send_message("not json")
            assert await closed_with(ws) == 4400
        assert not world.services.hub.connections
        assert len(world.app.kernel.sockets) == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 401),
        ([f"X-Api-Key: {'0' * 64}"], 401),
        ([f"X-Api-Key: {KEY}", "Origin: http://evil.example"], 403),
        ([f"X-Api-Key: {KEY}", "Origin: null"], 403),
        ([f"X-Api-Key: {KEY}"], 400),
        ([f"X-Api-Key: {KEY}", "Sec-WebSocket-Protocol: other"], 400),
        ([f"X-Api-Key: {KEY}", f"Sec-WebSocket-Protocol: {SUBPROTOCOL}"], 101),
        (
            [
                f"X-Api-Key: {KEY}",
                f"Sec-WebSocket-Protocol: {SUBPROTOCOL}",
                "Sec-WebSocket-Extensions: permessage-deflate",
                "Origin: http://localhost",
            ],
            101,
        ),
    ],
)
async def test_the_handshake_is_refused_with_json(tmp_path: Path, headers, status) -> None:
    async with open_app(tmp_path) as world, serving(world) as server:
        lines = "\r\n".join(["GET /api/v1/live HTTP/1.1", UPGRADE, *headers])
        if status != 101:
            reply = await server.ask(lines)
            assert reply.status == status
            assert reply.headers["content-type"] == "application/json"
            assert reply.headers["x-content-type-options"] == "nosniff"
            return
        async with await server.connect() as stream:
            await stream.send_all(
                lines.replace(" HTTP/1.1", " HTTP/1.1\r\nHost: localhost", 1).encode() + b"\r\n\r\n"
            )
            answer = await stream.receive_some()
            assert answer.startswith(b"HTTP/1.1 101")
            assert b"extensions" not in answer.lower()


async def test_the_query_key_is_refused(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world, serving(world) as server:
        line = f"GET /api/v1/live?apikey={KEY} HTTP/1.1\r\n{UPGRADE}"
        assert (await server.ask(line)).status == 401


async def test_handshakes_and_sockets_are_limited(tmp_path: Path) -> None:
    async with open_app(tmp_path) as world, serving(world) as server:
        lines = f"GET /api/v1/live HTTP/1.1\r\n{UPGRADE}\r\nX-Api-Key: {KEY}"
        statuses = [(await server.ask(lines)).status for _ in range(21)]
        assert statuses == [400] * 20 + [429]


async def test_the_stop_closes_with_1012_in_time(tmp_path: Path) -> None:
    async with (
        open_app(tmp_path) as world,
        serving(world, graceful_s=2) as server,
        server.socket(key=KEY) as ws,
    ):
        await receive(ws)
        begun = trio.current_time()
        server.stopping.set()
        assert await closed_with(ws) == 1012
        await server.done.wait()
        assert trio.current_time() - begun < 1


@pytest.mark.logs_errors("live socket failed")
async def test_a_fault_of_ours_closes_with_1011(tmp_path: Path, monkeypatch) -> None:
    async with open_app(tmp_path) as world, serving(world) as server:

        def broken(*_: object) -> None:
            raise ValueError("a fault")

        monkeypatch.setattr("bindery.live.connection.Connection.handle", broken)
        async with server.socket(key=KEY) as ws:
            await receive(ws)
            await ws.send_message("{}")
            assert await closed_with(ws) == 1011


async def test_a_frame_too_large_closes_with_1009(tmp_path: Path) -> None:
    async with (
        open_app(tmp_path) as world,
        serving(world) as server,
        server.socket(key=KEY) as ws,
    ):
        await receive(ws)
        await ws.send_message("x" * 70_000)
        assert await closed_with(ws) == 1009


@pytest.mark.parametrize("how", ["logout", "password", "key"])
async def test_the_socket_ends_with_its_credential(tmp_path: Path, how) -> None:
    async with open_app(tmp_path) as world, serving(world) as server:
        session = await world.set_up()
        own = f"http://127.0.0.1:{server.port}"
        headers = [*session.headers.items(), ("Origin", own)]
        shown: dict[str, Any] = {"key": KEY} if how == "key" else {"headers": headers}
        async with server.socket(**shown) as ws, server.socket(**shown) as other:
            await receive(ws)
            await receive(other)
            if how == "logout":
                done = await world.ask(
                    "POST", "/api/v1/auth/logout", headers={**session.headers, **UI}
                )
            elif how == "password":
                body = {"currentPassword": ADMIN["password"], "newPassword": "another one"}
                done = await world.ask(
                    "POST", "/api/v1/auth/password", json=body, headers=session.writing
                )
            else:
                done = await world.key("POST", "/api/v1/auth/apikey/regenerate")
            assert done.status_code == 200
            assert await closed_with(ws) == 4401
            assert await closed_with(other) == 4401


async def test_identity_is_rechecked(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(live_module, "RECHECK_S", 0.1)
    async with open_app(tmp_path) as world, serving(world) as server:
        session = await world.set_up()
        own = f"http://127.0.0.1:{server.port}"
        async with server.socket(headers=[*session.headers.items(), ("Origin", own)]) as ws:
            await receive(ws)
            await trio.sleep(0.3)
            await world.store.write(lambda tx: tx.run("DELETE FROM session"))
            assert await closed_with(ws) == 4401
