"""What an HTTP answer of a program that speaks JSON means, before its content is looked at.

The codes name the setting that is probably wrong, since *Test* shows them to a person.
"""

import base64
from typing import TypeVar

import msgspec

from bindery.adapters.failures import (
    Malformed,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from bindery.adapters.outbound import Answer

T = TypeVar("T")


def decoded(body: bytes, kind: type[T]) -> T:
    """The body as JSON of this kind, or `Malformed`."""
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Malformed from None


def judged(answer: Answer) -> bytes:
    """The body of an answer with a good status; else the failure that its status stands for."""
    match answer.status:
        case 200 | 204:
            return answer.body
        case 401:
            raise Unauthorized("client_auth")
        case 403:
            raise Unauthorized("client_forbids_address")
        case 421:
            raise Unauthorized("host_header_refused")
        case 301 | 302 | 303 | 307 | 308 | 404 | 405 | 410:
            raise Unavailable("client_path_wrong", status=answer.status)
        case 413:
            raise Rejected("payload_too_large", status=413)
        case _:
            raise troubled(answer)


def troubled(answer: Answer) -> Unavailable:
    """What a status of 429 or 5xx means: later, and not before the time it asks for.

    Only seconds are read of `Retry-After`: a program, or the proxy in front of it, gives no date.
    """
    text = answer.headers.get("retry-after", "").strip()
    after = float(text) if text.isdecimal() and len(text) < 7 else None
    if answer.status == 429:
        return RateLimited("client_rate_limited", retry_after_s=after, status=429)
    return Unavailable("http_status", retry_after_s=after, status=answer.status)


def basic(username: str, password: str) -> dict[str, str]:
    """The header of Basic authentication; none when neither is set (RFC 7617, UTF-8)."""
    if not username and not password:
        return {}
    both = f"{username}:{password}".encode()
    return {"authorization": f"Basic {base64.b64encode(both).decode()}"}
