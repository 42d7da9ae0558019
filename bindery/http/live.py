"""The websocket `/api/v1/live` (ui.md 7.2): drives one connection of the hub.

Read-only: it carries subscriptions, every change stays REST. Checks before the upgrade, in
order: handshake rate and principal (hooks of the app), origin, number of sockets, subprotocol.
"""

from __future__ import annotations

from typing import Any, cast

import structlog
import trio
from quart import Blueprint, Response, g, websocket

from bindery.domain.door import Tree, live_origin
from bindery.domain.principal import Principal
from bindery.domain.refusal import Code
from bindery.http.application import current
from bindery.http.call import Call
from bindery.http.errors import Problem, problem_response
from bindery.http.policy import WS, find
from bindery.http.sockets import LiveSocket
from bindery.live.connection import AUTH_ENDED, GOING_AWAY, Connection, LiveClosed, Viewer
from bindery.live.frames import SUBPROTOCOL
from bindery.live.hub import TooManySockets
from bindery.runtime.trace import new_trace

log = structlog.get_logger()

blueprint = Blueprint("live", __name__)

RECHECK_S = 60.0
SLOW_AFTER_S = 10.0
CLOSE_WITHIN_S = 1.0
SERVER_FAULT = 1011


@blueprint.websocket("/api/v1/live", endpoint="live")
async def live() -> Response | None:
    """Live updates over `bindery.live.v1`."""
    call = cast("Call", g.call)
    services = call.services
    if not live_origin(call.browser, call.principal.via):
        return problem_response(Problem(403, Code.CROSS_ORIGIN, "forbidden"))
    if services.stopping.is_set():
        return problem_response(Problem(503, Code.STOPPING, "the server is stopping"))
    try:
        conn = services.hub.connect(viewer_of(call.principal))
    except TooManySockets:
        wait = {"Retry-After": "10"}
        return problem_response(Problem(429, Code.RATE_LIMITED, "too many sockets", headers=wait))
    entry = LiveSocket(call.principal, conn.close)
    try:
        if SUBPROTOCOL not in websocket.requested_subprotocols:
            text = f"subprotocol {SUBPROTOCOL} required"
            return problem_response(Problem(400, Code.INVALID, text, "Sec-WebSocket-Protocol"))
        await cast("Any", websocket).accept(subprotocol=SUBPROTOCOL)
        call.kernel.sockets.add(entry)
        await _close(await _attend(call, conn))
    finally:
        call.kernel.sockets.remove(entry)
        services.hub.disconnect(conn)
    return None


def viewer_of(principal: Principal) -> Viewer:
    """The caller as the hub sees them."""
    return Viewer(
        user_id=principal.user_id,
        name=principal.username,
        role=principal.role,
        scope=principal.scope,
    )


async def _attend(call: Call, conn: Connection) -> int:
    """Serve the socket until it has a close code; a fault of ours is 1011."""
    code = SERVER_FAULT
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_listen, conn)
            nursery.start_soon(_recheck, conn)
            nursery.start_soon(_await_stop, call.services.stopping, conn)
            code = await _tell(conn)
            nursery.cancel_scope.cancel(reason="live socket closes")
    except* Exception as faults:  # the error handler of sockets: recipes.md B6
        log.exception("live socket failed", exc_info=faults)
        code = SERVER_FAULT
    return code


async def _tell(conn: Connection) -> int:
    """Send what the hub has until it says with which code to close."""
    try:
        while True:
            frame = await conn.next_frame()
            begun = trio.current_time()
            await websocket.send(frame.decode())
            if trio.current_time() - begun >= SLOW_AFTER_S:
                conn.too_slow()
    except LiveClosed as closed:
        return closed.code


async def _listen(conn: Connection) -> None:
    while True:
        conn.handle(await websocket.receive())


async def _recheck(conn: Connection) -> None:
    """Is the credential still good? Sessions end, roles change (security-rulings.md 2.2)."""
    app = current()
    rule = find(app.table, "live.live", WS)
    while True:
        await trio.sleep(RECHECK_S)
        again = await app.door.enter(websocket, Tree.live, rule, new_trace())
        if isinstance(again, Response):
            conn.close(AUTH_ENDED)
            return
        app.services.hub.authorise(conn, viewer_of(again.principal))


async def _await_stop(stopping: trio.Event, conn: Connection) -> None:
    await stopping.wait()
    conn.close(GOING_AWAY)


async def _close(code: int) -> None:
    """Say goodbye within a second; the peer may be gone already (platform.md Q13)."""
    with trio.move_on_after(CLOSE_WITHIN_S):
        await websocket.close(code)
