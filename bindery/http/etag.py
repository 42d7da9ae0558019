"""ETags of lists and details: change counters, scope, representation, URL base (architecture.md 9).

A 304 costs one point read: the counters are compared before any other query, in the same
snapshot as the rows that would follow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from quart import Response, request

from bindery.domain.refusal import Refusal
from bindery.http.call import Call
from bindery.http.route import Answer
from bindery.store import counters
from bindery.store.tx import Reader

REPRESENTATION = 1
"""Raised when the JSON of any list or detail changes while its rows do not."""

T = TypeVar("T")


def conditional(
    call: Call,
    topics: Sequence[str],
    read: Callable[[Reader], T],
    *,
    live: Sequence[str] = (),
) -> Answer | Response:
    """Read unless the client is up to date: the answer with its ETag, or a 304.

    `topics` are the counters the answer depends on; the caller's scope and role are part of the
    tag. `live` names the topics whose position goes into `X-Live-Seq`, taken before the read. A
    `Refusal` that `read` returns is answered without a tag.
    """
    sent = request.if_none_match
    position = live_header(call, *live)

    def work(reader: Reader) -> tuple[str, T | None]:
        made = tag(call, counters.read(reader, topics, call.scope))
        if sent.contains_weak(made):
            return made, None
        return made, read(reader)

    made, value = call.services.store.read(work)
    if sent.contains_weak(made):
        return not_modified(made)
    if isinstance(value, Refusal):
        return Answer(value)
    return Answer(value, headers={"ETag": f'W/"{made}"', **position})


async def conditional_scan(
    call: Call,
    topics: Sequence[str],
    read: Callable[[Reader], T],
    *,
    live: Sequence[str] = (),
) -> Answer | Response:
    """As `conditional`, for what is too much for the loop: the counters inline, the rows in a
    thread. The rows may be newer than the tag says, never older.
    """
    position = live_header(call, *live)
    state = call.services.store.read(lambda reader: counters.read(reader, topics, call.scope))
    made = tag(call, state)
    if request.if_none_match.contains_weak(made):
        return not_modified(made)
    value = await call.services.store.scan(read)
    if isinstance(value, Refusal):
        return Answer(value)
    return Answer(value, headers={"ETag": f'W/"{made}"', **position})


def conditional_live(call: Call, topic: str, read: Callable[[Reader], T]) -> Answer | Response:
    """As `conditional`, for answers that change without a row: progress of downloads and jobs.

    The tag is epoch and sequence number of the live topic in the caller's scope.
    """
    hub = call.services.hub
    made = tag(call, (hub.epoch, topic, hub.seq(topic, call.scope)))
    if request.if_none_match.contains_weak(made):
        return not_modified(made)
    headers = {"ETag": f'W/"{made}"', **live_header(call, topic)}
    value = call.services.store.read(read)
    return Answer(value) if isinstance(value, Refusal) else Answer(value, headers=headers)


def live_header(call: Call, *topics: str) -> dict[str, str]:
    """`X-Live-Seq` for these topics; to be made before the rows are read (architecture.md 6)."""
    hub = call.services.hub
    positions = ", ".join(hub.header(topic, call.scope) for topic in topics)
    return {"X-Live-Seq": positions} if positions else {}


def tag(call: Call, state: Sequence[object]) -> str:
    """An opaque tag of a state as this caller sees it."""
    seen = (REPRESENTATION, call.base, call.scope, call.principal.role.value, *state)
    return hashlib.blake2b(repr(seen).encode(), digest_size=12).hexdigest()


def not_modified(made: str) -> Response:
    """304 with the tag."""
    return Response(b"", 304, {"ETag": f'W/"{made}"'})
