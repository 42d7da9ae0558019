"""Liveness and version for anybody (identity-and-system.md 2.5)."""

from __future__ import annotations

from quart import Blueprint

from bindery.http.call import Call
from bindery.http.route import Answer, route
from bindery.http.wire import Wire
from bindery.runtime.health import degraded

blueprint = Blueprint("health", __name__)


class Health(Wire):
    """`status` is `ok`, `degraded` or `starting`; `ready` when every critical actor runs."""

    status: str
    version: str
    ready: bool


@route(blueprint, "GET", "/api/v1/health", returns=Health)
async def health(call: Call) -> Answer:
    """Alive and which version. Never touches the database; 200 also while degraded."""
    services = call.services
    ready = services.ready()
    status = "starting" if not ready else "degraded" if degraded(services.actors()) else "ok"
    return Answer(
        Health(status=status, version=services.version, ready=ready),
        headers={"Cache-Control": "no-store"},
    )
