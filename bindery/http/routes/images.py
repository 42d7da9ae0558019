"""Covers through us: no browser asks a provider (metadata.md 13, security-rulings.md 9)."""

from __future__ import annotations

from pathlib import Path

from quart import Blueprint, Response, request

from bindery.domain.picture_links import unwrapped
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.http.call import Call
from bindery.http.route import route
from bindery.http.schemas.catalogue import ImageQuery, number
from bindery.operations.ports import CoverFile
from bindery.runtime.threads import in_thread

blueprint = Blueprint("images", __name__)

LONGEST = 2_000
SAFE = {
    "Cache-Control": "private, max-age=2592000",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


@route(blueprint, "GET", "/api/v1/images", query=ImageQuery)
async def image(call: Call, query: ImageQuery) -> Response | Refusal:
    """A cover that the library or a search shows; fetched once, then from the cache."""
    url = unwrapped(query.url.strip())
    if not url:
        return refuse(Code.REQUIRED, "url")
    if len(url) > LONGEST or not url.startswith(("http://", "https://")):
        return refuse(Code.URL_NOT_ALLOWED, "url", reason="invalid")
    found = await call.services.ports.covers.get(url, number(query.w))
    if isinstance(found, Refusal):
        return found
    headers = {**SAFE, "ETag": f'"{found.tag}"'}
    if request.if_none_match.contains(found.tag):
        return Response(b"", 304, headers)
    try:
        data = await in_thread(call.services.threads.scan, _read, found)
    except FileNotFoundError:
        return refuse(Code.NOT_FOUND)
    return Response(data, 200, headers, content_type=found.mime)


def _read(found: CoverFile) -> bytes:
    return Path(found.path).read_bytes()
