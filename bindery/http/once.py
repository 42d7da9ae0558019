"""`Idempotency-Key`: the route's side of `operations.once` (ui.md 5.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from quart import request

from bindery.http.call import Call
from bindery.operations.once import Once
from bindery.store.idempotency import request_hash
from bindery.store.tx import Reader

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


async def once(
    call: Call, render: Callable[[Reader, Any], object], *, status: int = 201
) -> Once | None:
    """The promise of this request to act once; None when the caller did not ask for it.

    `render` makes the answer from what the operation returned, `status` is the route's own.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        return None
    who = call.principal
    body = cast("bytes", await request.get_data())
    return Once(
        key=key,
        principal=f"{who.via.value}:{who.user_id or 0}",
        hash=request_hash(request.method, request.path, body),
        status=status,
        render=render,
    )
