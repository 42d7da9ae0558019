"""Notification targets (identity-and-system.md 1.8, 8.7)."""

from __future__ import annotations

import msgspec
from quart import Blueprint, Response

from bindery.domain.moments import iso
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.notifier import Notification
from bindery.http.call import Call
from bindery.http.etag import conditional
from bindery.http.once import once
from bindery.http.route import Answer, route
from bindery.http.wire import Wire
from bindery.operations import notifications as operations
from bindery.operations.masking import masked, masked_url
from bindery.operations.notifications import NotifierPatch
from bindery.operations.once import Replay
from bindery.store import notifiers
from bindery.store.notifiers import NotifierFields, NotifierRow
from bindery.store.tx import Reader

blueprint = Blueprint("notification", __name__)

TOPICS = ("config",)


class Sent(Wire):
    """The target took the test event."""

    message: str = "ok"


@route(blueprint, "GET", "/api/v1/notification", returns=list[Notification])
async def list_notifications(call: Call) -> Answer | Response:
    """Notification targets, oldest first."""
    return conditional(
        call, TOPICS, lambda reader: [shown(row) for row in notifiers.list_notifiers(reader)]
    )


@route(blueprint, "GET", "/api/v1/notification/<id:notifier_id>", returns=Notification)
async def get_notification(call: Call, notifier_id: int) -> Answer | Response:
    """One notification target."""

    def read(reader: Reader) -> Notification | Refusal:
        row = notifiers.get(reader, notifier_id)
        return refuse(Code.NOT_FOUND) if row is None else shown(row)

    return conditional(call, TOPICS, read)


@route(
    blueprint,
    "POST",
    "/api/v1/notification",
    body=NotifierPatch,
    returns=Notification,
    status=201,
)
async def add_notification(call: Call, body: NotifierPatch) -> Notification | Refusal | Replay:
    """Add a notification target."""
    promise = await once(call, lambda _reader, row: shown(row))
    made = await operations.add_notifier(call.services.store, call.principal, body, promise)
    return shown(made) if isinstance(made, NotifierRow) else made


@route(
    blueprint,
    "PUT",
    "/api/v1/notification/<id:notifier_id>",
    body=NotifierPatch,
    returns=Notification,
)
async def update_notification(
    call: Call, notifier_id: int, body: NotifierPatch
) -> Notification | Refusal:
    """Change a notification target; absent keys and masked values stay as they are."""
    made = await operations.update_notifier(call.services.store, call.principal, notifier_id, body)
    return made if isinstance(made, Refusal) else shown(made)


@route(blueprint, "DELETE", "/api/v1/notification/<id:notifier_id>", status=204)
async def delete_notification(call: Call, notifier_id: int) -> None:
    """Delete a notification target."""
    await operations.delete_notifier(call.services.store, notifier_id)


@route(
    blueprint,
    "POST",
    "/api/v1/notification/<id:notifier_id>/test",
    body=NotifierPatch,
    returns=Sent,
    optional_body=True,
)
async def test_notification(
    call: Call, notifier_id: int, body: NotifierPatch | None
) -> Sent | Refusal:
    """Send a test event to a stored target, with changes that are not saved yet."""
    stored = call.services.store.read(lambda reader: notifiers.get(reader, notifier_id))
    if stored is None:
        return refuse(Code.NOT_FOUND)
    fields = operations.resolve(body or NotifierPatch(), stored)
    return fields if isinstance(fields, Refusal) else await _test(call, fields)


@route(blueprint, "POST", "/api/v1/notification/test", body=NotifierPatch, returns=Sent)
async def test_unsaved(call: Call, body: NotifierPatch) -> Sent | Refusal:
    """Send a test event to a target that is not saved."""
    fields = operations.resolve(body, None)
    return fields if isinstance(fields, Refusal) else await _test(call, fields)


async def _test(call: Call, fields: NotifierFields) -> Sent | Refusal:
    refused = await call.services.ports.targets.test(fields)
    return Sent() if refused is None else refused


def shown(row: NotifierRow) -> Notification:
    """One target for the wire: no header value leaves."""
    headers = {name: masked(value) for name, value in row.headers.items()}
    return Notification(
        id=row.id,
        name=row.name,
        type=row.type,
        url=masked_url(row.url),
        method=row.method,
        headers=msgspec.json.encode(headers).decode(),
        topic=row.topic,
        on_grab=row.on_grab,
        on_import=row.on_import,
        on_upgrade=row.on_upgrade,
        on_failure=row.on_failure,
        on_health=row.on_health,
        enabled=row.enabled,
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
        rev=row.rev,
    )
