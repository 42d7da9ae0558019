"""System status and the onboarding checklist (identity-and-system.md 2.5)."""

from __future__ import annotations

import platform

from quart import Blueprint, Response

from bindery.domain.moments import iso
from bindery.http.call import Call
from bindery.http.etag import conditional
from bindery.http.route import Answer, route
from bindery.http.wire import Wire
from bindery.store import setup_state as checklist

blueprint = Blueprint("system", __name__)


class Status(Wire, omit_defaults=True):
    """What runs here. A user without the admin role sees version, uptime and feature flags."""

    version: str
    uptime_seconds: int
    commit: str | None = None
    build_date: str | None = None
    start_time: str | None = None
    python_version: str | None = None
    database_version: str | None = None
    os: str | None = None
    url_base: str | None = None
    image_cache_bytes: int | None = None
    enhanced_hardcover_api: bool | None = None
    hardcover_token_configured: bool | None = None
    enhanced_hardcover_disabled_reason: str | None = None


class SetupState(Wire):
    """The onboarding checklist; `complete` needs all but a grab."""

    has_indexer: bool
    has_client: bool
    has_author: bool
    has_grab: bool
    has_import: bool
    complete: bool


@route(blueprint, "GET", "/api/v1/system/status", returns=Status)
async def status(call: Call) -> Status:
    """Version, build, uptime and feature state."""
    services = call.services
    up = max(0, services.clock.now_us() - services.started_us) // 1_000_000
    shown = Status(
        version=services.version,
        uptime_seconds=up,
        enhanced_hardcover_api=False,
        hardcover_token_configured=False,
        enhanced_hardcover_disabled_reason="missing_token",
    )
    if not call.principal.is_admin:
        return shown
    shown.commit = services.commit
    shown.build_date = services.built
    shown.start_time = iso(services.started_us)
    shown.python_version = platform.python_version()
    shown.database_version = services.store.read(lambda r: str(r.value("SELECT sqlite_version()")))
    shown.os = platform.system()
    shown.url_base = call.base
    shown.image_cache_bytes = 0
    return shown


@route(blueprint, "GET", "/api/v1/system/setup-state", returns=SetupState)
async def setup_state(call: Call) -> Answer | Response:
    """Which first steps are done, in the caller's libraries."""
    return conditional(
        call,
        ("author", "catalog", "queue", "activity", "config"),
        lambda r: _wire(checklist.read(r, call.scope)),
    )


def _wire(found: checklist.Checklist) -> SetupState:
    return SetupState(
        has_indexer=found.indexer,
        has_client=found.client,
        has_author=found.author,
        has_grab=found.grab,
        has_import=found.imported,
        complete=found.indexer and found.client and found.author and found.imported,
    )
