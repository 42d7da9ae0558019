"""Covers over HTTP, from the cover cache (identity-and-system.md 8.5).

Only pictures that we know by sniffing their bytes reach the cache, never SVG; the sandbox is for
whatever a browser may still do with them.
"""

from __future__ import annotations

from pathlib import Path

from quart import Request, Response

from bindery.domain.picture_links import unwrapped
from bindery.domain.placeholder import placeholder
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.http.call import Call
from bindery.http.headers import SANDBOX
from bindery.operations.ports import Ports
from bindery.runtime.threads import in_thread

LONGEST = 2_000
"""Characters of an address."""
WIDEST = 1_000
_KEPT_S = 2_592_000


async def picture_response(
    call: Call, request: Request, url: str, width: int | None = None
) -> Response | Refusal:
    """The picture of an address that the catalogue knows; `width` asks for the small one. While it
    is on its way a picture of one hue stands in, which nobody may keep.

    Refusals: `required` (no address), `url_not_allowed`, `not_found`, `provider_unavailable`.
    """
    url = unwrapped(url.strip())
    if not url:
        return refuse(Code.REQUIRED, "url")
    if len(url) > LONGEST or not url.startswith(("http://", "https://")):
        return refuse(Code.URL_NOT_ALLOWED, "url", reason="invalid")
    ports: Ports = call.services.ports
    found = await ports.covers.get(url, width)
    if isinstance(found, Refusal):
        return found
    if found is None:
        pending = {"Cache-Control": "no-store", "Content-Security-Policy": SANDBOX}
        return Response(placeholder(url), 200, pending, content_type="image/png")
    headers = {
        "ETag": f'"{found.tag}"',
        "Cache-Control": f"private, max-age={_KEPT_S}",
        "Content-Security-Policy": SANDBOX,
    }
    if request.if_none_match.contains_weak(found.tag):
        return Response(b"", 304, headers)
    limiter = call.services.threads.root("covers")
    try:
        data = await in_thread(limiter, Path(found.path).read_bytes)
    except FileNotFoundError:
        return refuse(Code.NOT_FOUND)
    return Response(data, 200, headers, content_type=found.mime)


def width_of(text: str | None) -> int | None:
    """Pixels, or None when it is no sensible number: the whole picture then."""
    digits = (text or "").strip()
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 6):
        return None
    return min(int(digits), WIDEST) or None
