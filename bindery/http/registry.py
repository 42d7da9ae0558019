"""The blueprints of the program. A new routes module adds itself here and to `policy.POLICY`."""

from __future__ import annotations

from quart import Blueprint

from bindery.http import live, spa
from bindery.http.opds import routes as opds
from bindery.http.routes import (
    arr_queue,
    auth,
    authors,
    backup,
    blocklist,
    book_file,
    books,
    downloadclients,
    grab,
    health,
    history,
    images,
    indexers,
    jobs,
    lookup,
    manual_import,
    metrics,
    notification,
    profiles,
    queue,
    rootfolders,
    searches,
    series,
    settings,
    system,
    system_health,
    wanted,
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
        authors.blueprint,
        books.blueprint,
        wanted.blueprint,
        series.blueprint,
        lookup.blueprint,
        images.blueprint,
        rootfolders.blueprint,
        profiles.blueprint,
        settings.blueprint,
        auth.blueprint,
        downloadclients.blueprint,
        queue.blueprint,
        manual_import.blueprint,
        arr_queue.blueprint,
        history.blueprint,
        backup.blueprint,
        notification.blueprint,
        indexers.blueprint,
        searches.blueprint,
        grab.blueprint,
        blocklist.blueprint,
        book_file.blueprint,
        opds.blueprint,
        live.blueprint,
    )
