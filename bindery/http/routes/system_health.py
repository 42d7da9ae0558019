"""The health page: every actor and integration, and what needs a person (ui.md 8.7)."""

from __future__ import annotations

from typing import cast

from quart import Blueprint

from bindery.domain.moments import parse_instant
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.attention import AttentionItem
from bindery.domain.wire.counters import Counters
from bindery.domain.wire.health import Loop, SystemHealth
from bindery.http.call import Call
from bindery.http.etag import live_header
from bindery.http.route import Answer, route
from bindery.http.wire import Wire
from bindery.live.topics.attention import list_attention
from bindery.live.topics.counters import render_counters
from bindery.live.topics.health import health_rows
from bindery.operations import attention as operations
from bindery.runtime import health
from bindery.runtime.stall import StallMeter
from bindery.store import attention

blueprint = Blueprint("system_health", __name__)

STALLS = "stalls"
"""The key of the stall meter among `Services.extras`."""


class Mute(Wire):
    """RFC 3339; null shows the item again."""

    until: str | None = None


@route(blueprint, "GET", "/api/v1/system/health", returns=SystemHealth)
async def system_health(call: Call) -> Answer:
    """Every actor and every integration, one line each."""
    services = call.services
    headers = {"Cache-Control": "no-store", **live_header(call, "health")}
    actors = services.actors()
    now = services.clock.now_us()
    rows = services.store.read(lambda reader: health_rows(reader, actors, now))
    shown = SystemHealth(
        ready=services.ready(),
        degraded=health.degraded(actors),
        rows=rows,
        loop=_loop(cast("StallMeter | None", services.extras.get(STALLS))),
    )
    return Answer(shown, headers=headers)


@route(blueprint, "GET", "/api/v1/system/attention", returns=list[AttentionItem])
async def attention_items(call: Call) -> Answer:
    """What needs a person, worst first."""
    headers = live_header(call, "attention")
    return Answer(list_attention(call.services.store, call.scope), headers=headers)


@route(blueprint, "GET", "/api/v1/system/counters", returns=Counters)
async def counters(call: Call) -> Answer:
    """The badges of the navigation, for browsers whose socket is blocked."""
    found = call.services.store.read(lambda reader: render_counters(reader, call.scope))
    return Answer(found, headers=live_header(call, "counters"))


@route(
    blueprint,
    "POST",
    "/api/v1/system/attention/<id:item_id>/mute",
    body=Mute,
    status=204,
)
async def mute(call: Call, item_id: int, body: Mute) -> Refusal | None:
    """Hide an item until a time."""
    until = None if body.until is None else parse_instant(body.until)
    if body.until is not None and until is None:
        return refuse(Code.INVALID, "until", value=body.until)
    found = await call.services.store.write(
        lambda tx: attention.mute_in(tx, item_id, call.scope, until)
    )
    return None if found else refuse(Code.NOT_FOUND)


@route(blueprint, "POST", "/api/v1/system/attention/<id:item_id>/retry", status=204)
async def retry(call: Call, item_id: int) -> Refusal | None:
    """Ask again for work that was parked (`action` is `retry_command`)."""
    return await operations.retry_parked(call.services.store, call.principal, item_id)


def _loop(meter: StallMeter | None) -> Loop:
    if meter is None:
        return Loop(stalls=0, longest_ms=0.0, longest_task="")
    return Loop(
        stalls=meter.stalls,
        longest_ms=round(meter.longest.seconds * 1000, 1),
        longest_task=meter.longest.task,
    )
