"""The blueprints of the program. A new routes module adds itself here and to `policy.POLICY`."""

from __future__ import annotations

from quart import Blueprint

from bindery.http import live, spa
from bindery.http.routes import (
    arr_queue,
    auth,
    blocklist,
    downloadclients,
    grab,
    health,
    history,
    indexers,
    jobs,
    metrics,
    queue,
    searches,
    system,
    system_health,
)


def blueprints() -> tuple[Blueprint, ...]:
    """Every blueprint, in the order of the route table."""
    return (
        metrics.blueprint,
        spa.blueprint,
        health.blueprint,
        system.blueprint,
        system_health.blueprint,
        jobs.blueprint,
        auth.blueprint,
        downloadclients.blueprint,
        queue.blueprint,
        arr_queue.blueprint,
        history.blueprint,
        indexers.blueprint,
        searches.blueprint,
        grab.blueprint,
        blocklist.blueprint,
        live.blueprint,
    )
