"""A few routes that only tests have, one per ability of the kernel."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import trio
from quart import Blueprint, Response, websocket

from bindery.domain.refusal import Code, Refusal, refuse
from bindery.http.call import Call
from bindery.http.etag import conditional, conditional_live
from bindery.http.files import file_response
from bindery.http.paging import Page, PageQuery, limit_of, offset_of
from bindery.http.policy import WS, A, M, O, P, U
from bindery.http.route import Answer, route
from bindery.http.wire import Wire
from bindery.runtime.threads import Threads
from bindery.store.errors import StoreBusy, StoreUnavailable

blueprint = Blueprint("probe", __name__)
threads = Threads()


class Inner(Wire):
    sort_name: str


class Shape(Wire):
    year: int
    authors: tuple[Inner, ...] = ()
    note: str | None = None


class Find(PageQuery):
    tag: tuple[int, ...] = ()
    year: int = 0
    deep: bool = False


@route(blueprint, "POST", "/api/v1/probe", body=Shape, returns=Shape, status=201)
async def make(call: Call, body: Shape) -> Shape:
    return body


@route(blueprint, "POST", "/api/v1/probe/small", body=Shape, returns=Shape, status=201, limit=64)
async def small(call: Call, body: Shape) -> Shape:
    return body


@route(blueprint, "POST", "/api/v1/probe/optional", body=Shape, optional_body=True)
async def optional(call: Call, body: Shape | None) -> dict[str, bool]:
    return {"given": body is not None}


@route(blueprint, "GET", "/api/v1/probe", query=Find, returns=Page[int])
async def find(call: Call, query: Find) -> Answer:
    page = Page(items=query.tag, total=query.year, limit=limit_of(query), offset=offset_of(query))
    return Answer(page, headers={"X-Deep": str(query.deep)})


@route(blueprint, "GET", "/api/v1/probe/<id:probe_id>", returns=Shape)
async def one(call: Call, probe_id: int) -> Shape | Refusal:
    if probe_id == 404:
        return refuse(Code.NOT_FOUND)
    if probe_id == 409:
        return Refusal(
            code=Code.AUTHOR_EXISTS, extra={"canonicalAuthorId": 7}, retry_after_s=3, field="name"
        )
    return Shape(year=probe_id)


@route(blueprint, "DELETE", "/api/v1/probe/<id:probe_id>", status=204)
async def gone(call: Call, probe_id: int) -> None:
    return None


@route(blueprint, "PUT", "/api/v1/probe/admin")
async def admin(call: Call) -> dict[str, str]:
    return {"via": call.principal.via, "scope": str(call.scope)}


@route(blueprint, "GET", "/api/v1/probe/fault/<name>")
async def fault(call: Call, name: str) -> None:
    match name:
        case "busy":
            raise StoreBusy
        case "unavailable":
            raise StoreUnavailable("disk full at a secret place")
        case _:
            raise ValueError("a canary of a secret")


@route(blueprint, "GET", "/api/v1/probe/whoami")
async def whoami(call: Call) -> dict[str, object]:
    who = call.principal
    return {"via": who.via, "role": who.role, "user": who.user_id, "scope": who.scope}


@route(blueprint, "GET", "/api/v1/probe/cached")
async def cached(call: Call) -> Answer | Response:
    return conditional(call, ("probe",), lambda r: {"n": 1}, live=("queue",))


@route(blueprint, "GET", "/api/v1/probe/moving")
async def moving(call: Call) -> Answer | Response:
    return conditional_live(call, "queue", lambda r: {"n": 1})


@route(blueprint, "GET", "/api/v1/probe/file/<path:path>")
async def file(call: Call, path: str) -> Response | Refusal:
    from quart import request  # noqa: PLC0415

    return await file_response(
        request, "/" + path, limiter=threads.root("t"), name=path.rpartition("/")[2]
    )


@route(blueprint, "GET", "/api/v1/probe/slow")
async def slow(call: Call) -> dict[str, bool]:
    await trio.sleep(0.3)
    return {"done": True}


@route(blueprint, "GET", "/api/v1/probe/pieces")
async def pieces(call: Call) -> Response:
    async def body() -> AsyncGenerator[bytes, None]:
        for _ in range(40):
            yield b"x" * 1000

    return Response(body())


@route(blueprint, "GET", "/opds/probe")
async def catalogue(call: Call) -> dict[str, object]:
    return {"via": call.principal.via, "role": call.principal.role}


@blueprint.websocket("/api/v1/probe/socket", endpoint="socket")
async def socket() -> None:
    await websocket.accept()
    message = await websocket.receive()
    if message == "fail":
        raise ValueError("after accept")
    await websocket.send(message)


RULES = {
    ("probe.make", "POST"): U,
    ("probe.small", "POST"): U,
    ("probe.optional", "POST"): U,
    ("probe.find", "GET"): U,
    ("probe.one", "GET"): U,
    ("probe.gone", "DELETE"): U,
    ("probe.admin", "PUT"): A,
    ("probe.fault", "GET"): U,
    ("probe.whoami", "GET"): U,
    ("probe.cached", "GET"): U,
    ("probe.moving", "GET"): U,
    ("probe.file", "GET"): U,
    ("probe.slow", "GET"): P,
    ("probe.pieces", "GET"): P,
    ("probe.catalogue", "GET"): O,
    ("probe.socket", WS): P,
}
KERNEL: dict[str, Any] = {"extra": (blueprint,), "rules": RULES}
__all__ = ["KERNEL", "RULES", "M", "blueprint"]
