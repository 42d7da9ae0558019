"""Covers through us: no browser asks a provider (metadata.md 13, security-rulings.md 9)."""

from __future__ import annotations

from quart import Blueprint, Response, request

from bindery.domain.refusal import Refusal
from bindery.http.call import Call
from bindery.http.pictures import picture_response, width_of
from bindery.http.route import route
from bindery.http.schemas.catalogue import ImageQuery

blueprint = Blueprint("images", __name__)


@route(blueprint, "GET", "/api/v1/images", query=ImageQuery)
async def image(call: Call, query: ImageQuery) -> Response | Refusal:
    """A cover that the library or a search shows; fetched once, then from the cache."""
    return await picture_response(call, request, query.url, width_of(query.w))
