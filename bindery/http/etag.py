"""ETags of lists and details: change counters, scope, representation, URL base (architecture.md 9).

A 304 costs one point read: the counters are compared before any other query, in the same
snapshot as the rows that would follow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from quart import Response, request

from bindery.http.call import Call
from bindery.http.route import Answer
from bindery.store import counters
from bindery.store.tx import Reader

REPRESENTATION = 1
"""Raised when the JSON of any list or detail changes while its rows do not."""

T = TypeVar("T")


def conditional(
    call: Call, topics: Sequence[str], read: Callable[[Reader], T]
) -> Answer | Response:
    """Read unless the client is up to date: the answer with its ETag, or a 304.

    `topics` are the counters the answer depends on; the caller's scope and role are part of the
    tag. A `Refusal` returned by `read` is passed on (without a tag, its status is no 2xx).
    """
    sent = request.if_none_match

    def work(reader: Reader) -> tuple[str, T | None]:
        made = tag(call, counters.read(reader, topics, call.scope))
        if sent.contains_weak(made):
            return made, None
        return made, read(reader)

    made, value = call.services.store.read(work)
    if sent.contains_weak(made):
        return not_modified(made)
    return Answer(value, headers={"ETag": f'W/"{made}"'})


def live_tag(call: Call, topic: str) -> str:
    """The tag of answers that change without a row: epoch and sequence number of a live topic."""
    hub = call.services.hub
    return tag(call, (hub.epoch, hub.seq(topic, call.scope)))


def tag(call: Call, state: Sequence[object]) -> str:
    """An opaque tag of a state as this caller sees it."""
    seen = (REPRESENTATION, call.base, call.scope, call.principal.role.value, *state)
    return hashlib.blake2b(repr(seen).encode(), digest_size=12).hexdigest()


def not_modified(made: str) -> Response:
    """304 with the tag."""
    return Response(b"", 304, {"ETag": f'W/"{made}"'})
