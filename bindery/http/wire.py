"""Bytes of answers: the one JSON encoder, instants and dates on the wire (architecture.md 5)."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from quart import Response

JSON = "application/json"
_encode = msgspec.json.Encoder().encode


class Wire(msgspec.Struct, rename="camel", kw_only=True):
    """Base of every body and answer: snake_case in Python, camelCase on the wire."""


def json_response(value: object, status: int = 200) -> Response:
    """Encode one value; the only place where answers become bytes."""
    return Response(_encode(value), status, content_type=JSON)


def instant(at_us: int) -> str:
    """Microseconds since the epoch as RFC 3339 in UTC with `Z`."""
    at = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    text = at.isoformat(timespec="microseconds" if at.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def calendar_date(text: str) -> tuple[str, str]:
    """`YYYY[-MM[-DD]]` as (RFC 3339 at midnight, missing parts 01; precision)."""
    parts = text.split("-")
    precision = ("year", "month", "day")[min(len(parts), 3) - 1]
    year, month, day = (*parts, "01", "01")[:3]
    return f"{year}-{month}-{day}T00:00:00Z", precision
