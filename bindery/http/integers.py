"""Integers of requests fit SQLite's 64 bits: what is larger is the caller's mistake, not a fault.

Checked once for every body and query instead of by each field, so that no new field can forget.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

SMALLEST, LARGEST = -(1 << 63), (1 << 63) - 1
REASON = "Expected an integer of 64 bits"

_LONG = re.compile(rb"\d{19}")


def oversized_in_body(data: bytes) -> str | None:
    """Path of the first integer beyond 64 bits in a JSON body that decodes; None without one."""
    if _LONG.search(data) is None:
        return None
    return _walk(msgspec.json.decode(data), "")


def oversized_in(value: object) -> str | None:
    """As `oversized_in_body`, for a converted query."""
    return _walk(msgspec.to_builtins(value), "")


def _walk(value: object, path: str) -> str | None:
    inner: Sequence[tuple[str, object]] = ()
    if isinstance(value, int):
        return None if SMALLEST <= value <= LARGEST else path
    if isinstance(value, Mapping):
        named = cast("Mapping[str, Any]", value)
        inner = [(f"{path}.{key}" if path else key, item) for key, item in named.items()]
    elif isinstance(value, list):
        listed = cast("list[Any]", value)
        inner = [(f"{path}[{at}]", item) for at, item in enumerate(listed)]
    return next((found for name, item in inner if (found := _walk(item, name)) is not None), None)
