"""Repeated requests: the same `Idempotency-Key` gets the same answer (ui.md 5.2).

The answer is rendered and kept inside the operation's own transaction: a repeat finds either the
answer or nothing done, never half of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from bindery.domain.refusal import Code, Refusal, refuse
from bindery.store.idempotency import find_answer, keep_answer_in
from bindery.store.store import Store
from bindery.store.tx import Reader, Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """One request that must not act twice.

    `principal` names who asks, `hash` what is asked; `render` makes the answer's JSON value from
    what the operation returned, `status` is its HTTP status.
    """

    key: str
    principal: str
    hash: bytes
    status: int
    render: Callable[[Reader, Any], object]


@dataclass(frozen=True, slots=True)
class Replay:
    """The stored answer of the first request."""

    status: int
    body: bytes


async def perform(
    store: Store, work: Callable[[Tx], T | Refusal], once: Once | None = None
) -> T | Refusal | Replay:
    """Run one operation in one transaction; with `once`, at most once per key.

    A key that comes back with another request is refused with `idempotency_mismatch`. Refusals
    change nothing and are not kept: the next try may succeed.
    """
    if once is None:
        return await store.write(work)

    def keyed(tx: Tx) -> T | Refusal | Replay:
        kept = find_answer(tx, once.key, once.principal)
        if kept is not None:
            if kept.hash != once.hash:
                return refuse(Code.IDEMPOTENCY_MISMATCH, field="Idempotency-Key")
            return Replay(kept.status, kept.body)
        value = work(tx)
        if not isinstance(value, Refusal):
            body = msgspec.json.encode(once.render(tx, value))
            keep_answer_in(
                tx, once.key, once.principal, hash=once.hash, status=once.status, body=body
            )
        return value

    return await store.write(keyed)
