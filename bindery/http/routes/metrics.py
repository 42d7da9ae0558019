"""Prometheus exposition, class M (security-rulings.md 2.4)."""

from __future__ import annotations

from quart import Blueprint, Response

from bindery.http.call import Call
from bindery.http.metrics import CONTENT_TYPE
from bindery.http.route import route

blueprint = Blueprint("metrics", __name__)


@route(blueprint, "GET", "/metrics", media="text/plain")
async def metrics(call: Call) -> Response:
    """Counters and durations by route template."""
    return Response(
        call.kernel.metrics.text(), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"}
    )
