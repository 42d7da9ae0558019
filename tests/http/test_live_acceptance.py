"""The acceptance cases of ui.md 7.7 that need real sockets; `docs/contracts.md` names the rest."""

import json
import socket
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import trio
from trio_websocket import wrap_client_stream

from bindery.http import live as live_module
from bindery.http import server as server_module
from bindery.live.frames import SUBPROTOCOL
from bindery.live.topic import Snapshot, Topic
from tests.http.live_server import Server, serving
from tests.http.test_live import receive
from tests.http.test_server import UPGRADE
from tests.http.world import KEY, World, open_app

ROWS = 500
NOTE = "x" * 200


def teach(world: World, values: dict[int, int]) -> None:
    """A queue of five hundred rows."""

    def row(n: Any) -> dict[str, Any]:
        return {"id": n, "progress": values[n], "note": NOTE}

    world.services.hub.register(
        "queue",
        Topic(
            kind="state",
            render=lambda _name, ids, _scope: [row(n) for n in ids],
            snapshot=lambda _name, _scope: Snapshot([row(n) for n in values]),
        ),
    )


async def flush_as_due(world: World) -> None:
    """What the live actor does."""
    hub = world.services.hub
    while True:
        due = hub.flush(trio.current_time())
        await hub.dirty.wait(1 if due is None else max(0.0, due - trio.current_time()))


async def update(world: World, values: dict[int, int], rate: float, seconds: float) -> None:
    """`rate` updates per second, spread over the rows."""
    end, count = trio.current_time() + seconds, 0
    while trio.current_time() < end:
        for _ in range(10):
            n = count % ROWS
            count += 1
            values[n] += 1
            world.services.hub.mark("queue", 0, n)
        await trio.sleep(10 / rate)


async def subscribe(ws: Any) -> None:
    await receive(ws)
    await ws.send_message('{"t":"sub","id":1,"topics":{"queue":null}}')


async def test_two_hundred_updates_a_second_are_at_most_four_frames(tmp_path: Path) -> None:
    values = dict.fromkeys(range(ROWS), 0)
    async with open_app(tmp_path) as world, serving(world) as server:
        teach(world, values)
        async with server.socket(key=KEY) as ws, trio.open_nursery() as nursery:
            nursery.start_soon(flush_as_due, world)
            await subscribe(ws)
            known: dict[int, dict[str, Any]] = {}
            seq, deltas = -1, 0

            def take(frame: dict[str, Any]) -> None:
                nonlocal seq, deltas
                if frame["t"] == "snap":
                    known.update({row["id"]: row for row in frame["data"]["rows"]})
                elif frame["t"] == "delta":
                    deltas += 1
                    assert frame["prev"] == seq
                    for row in (*frame.get("put", ()), *frame.get("patch", ())):
                        known.setdefault(row["id"], {}).update(row)
                seq = frame["seq"]

            take(await receive(ws))
            nursery.start_soon(update, world, values, 200, 2)
            with trio.move_on_after(3):
                while True:
                    frame = await receive(ws)
                    take(frame)
                    await ws.send_message(json.dumps({"t": "ok", "topic": "queue", "seq": seq}))
            assert 3 <= deltas <= 10  # in 2 s, and the last ones
            assert {n: row["progress"] for n, row in known.items()} == values
            nursery.cancel_scope.cancel()


async def slow_socket(server: Server, nursery: trio.Nursery) -> tuple[trio.SocketStream, Any]:
    """A websocket whose peer has as small a window as the system allows."""
    raw = trio.socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    await raw.connect(("127.0.0.1", server.port))
    stream = trio.SocketStream(raw)
    ws = await wrap_client_stream(
        nursery,
        stream,
        f"127.0.0.1:{server.port}",
        "/api/v1/live",
        subprotocols=[SUBPROTOCOL],
        extra_headers=[(b"X-Api-Key", KEY.encode())],
        message_queue_size=1,
    )
    return stream, ws


async def test_who_does_not_read_is_cut_while_the_memory_stays_flat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the limit of 10 s shortened to one: nothing else about it changes."""
    monkeypatch.setattr(server_module, "SOCKET_SEND_S", 1.0)
    monkeypatch.setattr(live_module, "SLOW_AFTER_S", 0.8)
    values = dict.fromkeys(range(ROWS), 0)
    async with open_app(tmp_path) as world, serving(world) as server:
        teach(world, values)
        hub = world.services.hub
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flush_as_due, world)
            stream, ws = await slow_socket(server, nursery)
            await subscribe(ws)
            for _ in range(3):  # the window and its queue fill with snapshots
                await ws.send_message('{"t":"sub","id":2,"topics":{"queue":null}}')
            nursery.start_soon(update, world, values, 2_000, 8)
            await trio.sleep(0.5)
            assert len(hub.connections) == 1
            tracemalloc.start()
            held = [tracemalloc.get_traced_memory()[0]]
            with trio.move_on_after(8):
                while hub.connections:
                    await trio.sleep(0.1)
                    held.append(tracemalloc.get_traced_memory()[0])
            tracemalloc.stop()
            assert not hub.connections
            assert max(held) < 8 << 20
            await stream.aclose()
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("origin", "status"),
    [("Origin: http://evil.example", 403), ("Origin: null", 403), ("", 101)],
)
async def test_a_cross_site_page_cannot_open_the_socket_in_mode_disabled(
    tmp_path: Path, origin: str, status: int
) -> None:
    async with open_app(tmp_path) as world, serving(world) as server:
        await world.set_up()
        mode = "UPDATE setting SET value = 'disabled' WHERE key = 'auth.mode'"
        await world.store.write(lambda tx: tx.run(mode))
        lines = ["GET /api/v1/live HTTP/1.1", UPGRADE, f"Sec-WebSocket-Protocol: {SUBPROTOCOL}"]
        text = "\r\n".join([*lines, origin or "Origin: http://localhost"])
        if status == 403:
            assert (await server.ask(text)).status == 403
            return
        with trio.fail_after(5):
            async with await server.connect() as stream:
                whole = text.replace(" HTTP/1.1", " HTTP/1.1\r\nHost: localhost", 1) + "\r\n\r\n"
                await stream.send_all(whole.encode())
                assert (await stream.receive_some()).startswith(b"HTTP/1.1 101")
