"""Bytes of answers: the one JSON encoder. Instants and dates: `bindery.domain.moments`."""

from __future__ import annotations

import msgspec
from quart import Response

JSON = "application/json"
_encode = msgspec.json.Encoder().encode


class Wire(msgspec.Struct, rename="camel", kw_only=True):
    """Base of every body and answer: snake_case in Python, camelCase on the wire."""


def json_response(value: object, status: int = 200) -> Response:
    """Encode one value; the only place where answers become bytes."""
    return Response(_encode(value), status, content_type=JSON)
