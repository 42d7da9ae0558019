"""Page parameters: lenient limit and offset, opaque cursors (catalogue.md 0.1, ui.md 5.3)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Generic, TypeVar, cast

import msgspec

from bindery.domain.refusal import Code, Refusal
from bindery.http.wire import Wire

DEFAULT, MAXIMUM = 100, 500
T = TypeVar("T")

CursorValue = str | int | None


class PageQuery(Wire):
    """Base of list queries. All three are text: a wrong one falls back, it is never refused."""

    limit: str | None = None
    offset: str | None = None
    cursor: str | None = None


class Page(Wire, Generic[T], omit_defaults=True):
    """The paged envelope. `next_cursor` is absent on the last page and in offset mode."""

    items: Sequence[T]
    total: int
    limit: int
    offset: int
    next_cursor: str | None = None


def limit_of(query: PageQuery, default: int = DEFAULT, maximum: int = MAXIMUM) -> int:
    """Missing, unreadable or not positive: the default; above the maximum: the maximum."""
    number = _number(query.limit)
    return default if number is None or number <= 0 else min(number, maximum)


def offset_of(query: PageQuery) -> int:
    """Missing, unreadable or negative: 0."""
    number = _number(query.offset)
    return 0 if number is None else max(0, number)


def _number(text: str | None) -> int | None:
    digits = (text or "").strip()
    if not digits.lstrip("-").isascii() or not digits.lstrip("-").isdecimal() or len(digits) > 18:
        return None
    return int(digits)


def make_cursor(sort: str, values: Sequence[CursorValue]) -> str:
    """An opaque cursor: the sort it belongs to and the key of the last row shown."""
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, *values])).rstrip(b"=").decode()


def read_cursor(
    query: PageQuery, sort: str, width: int
) -> tuple[CursorValue, ...] | Refusal | None:
    """The key after which the page begins; None without a cursor.

    Refused (400, field `cursor`): not ours, of another sort, or of another width.
    """
    if not query.cursor:
        return None
    refusal = Refusal(code=Code.INVALID, field="cursor")
    try:
        padded = query.cursor + "=" * (-len(query.cursor) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        values = msgspec.json.decode(raw, type=list[CursorValue])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return refusal
    if len(values) != width + 1 or values[0] != sort:
        return refusal
    return tuple(cast("list[Any]", values[1:]))
