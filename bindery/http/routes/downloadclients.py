"""Download clients (downloads-and-import.md 1.3)."""

from __future__ import annotations

from quart import Blueprint, Response

from bindery.domain.client_choice import TRANSPORTS
from bindery.domain.moments import iso
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire import Reason
from bindery.domain.wire.client import ClientHealth, ClientTest, DownloadClient
from bindery.http.call import Call
from bindery.http.etag import conditional
from bindery.http.once import once
from bindery.http.route import Answer, route
from bindery.operations import clients as operations
from bindery.operations.clients import ClientPatch
from bindery.operations.masking import masked
from bindery.operations.once import Replay
from bindery.store import clients
from bindery.store.clients import ClientRow, ClientState
from bindery.store.tx import Reader

blueprint = Blueprint("downloadclient", __name__)

TOPICS = ("config", "health")


@route(blueprint, "GET", "/api/v1/downloadclient", returns=list[DownloadClient])
async def list_clients(call: Call) -> Answer | Response:
    """Download clients in the order of their priority."""

    def read(reader: Reader) -> list[DownloadClient]:
        states = clients.states(reader)
        return [shown(row, states.get(row.id)) for row in clients.list_clients(reader)]

    return conditional(call, TOPICS, read)


@route(blueprint, "GET", "/api/v1/downloadclient/<id:client_id>", returns=DownloadClient)
async def get_client(call: Call, client_id: int) -> Answer | Response:
    """One download client."""

    def read(reader: Reader) -> DownloadClient | Refusal:
        row = clients.get(reader, client_id)
        return refuse(Code.NOT_FOUND) if row is None else render(reader, row)

    return conditional(call, TOPICS, read)


@route(
    blueprint,
    "POST",
    "/api/v1/downloadclient",
    body=ClientPatch,
    returns=DownloadClient,
    status=201,
)
async def add_client(call: Call, body: ClientPatch) -> DownloadClient | Refusal | Replay:
    """Add a download client."""
    promise = await once(call, render)
    made = await operations.add_client(call.services.store, call.principal, body, promise)
    return _answer(call, made)


@route(
    blueprint,
    "PUT",
    "/api/v1/downloadclient/<id:client_id>",
    body=ClientPatch,
    returns=DownloadClient,
)
async def update_client(
    call: Call, client_id: int, body: ClientPatch
) -> DownloadClient | Refusal | Replay:
    """Change a download client; absent keys and masked secrets stay as they are."""
    made = await operations.update_client(call.services.store, call.principal, client_id, body)
    return _answer(call, made)


@route(blueprint, "DELETE", "/api/v1/downloadclient/<id:client_id>", status=204)
async def delete_client(call: Call, client_id: int) -> Refusal | None:
    """Delete a download client; its downloads keep their rows."""
    return await operations.delete_client(call.services.store, call.principal, client_id)


@route(
    blueprint,
    "POST",
    "/api/v1/downloadclient/<id:client_id>/test",
    body=ClientPatch,
    returns=ClientTest,
    optional_body=True,
)
async def test_client(call: Call, client_id: int, body: ClientPatch | None) -> ClientTest | Refusal:
    """Try the connection of a stored client, with changes that are not saved yet."""
    stored = call.services.store.read(lambda reader: clients.get(reader, client_id))
    if stored is None:
        return refuse(Code.NOT_FOUND)
    fields = operations.resolve(body or ClientPatch(), stored)
    return fields if isinstance(fields, Refusal) else await _test(call, fields)


@route(blueprint, "POST", "/api/v1/downloadclient/test", body=ClientPatch, returns=ClientTest)
async def test_unsaved(call: Call, body: ClientPatch) -> ClientTest | Refusal:
    """Try the connection of a configuration that is not saved."""
    fields = operations.resolve(body, None)
    return fields if isinstance(fields, Refusal) else await _test(call, fields)


async def _test(call: Call, fields: clients.ClientFields) -> ClientTest | Refusal:
    return await call.services.ports.prober.test_client(fields)


def _answer(call: Call, made: ClientRow | Refusal | Replay) -> DownloadClient | Refusal | Replay:
    if not isinstance(made, ClientRow):
        return made
    return call.services.store.read(lambda reader: render(reader, made))


def render(reader: Reader, row: ClientRow) -> DownloadClient:
    """One client with what is known of it."""
    return shown(row, clients.states(reader).get(row.id))


def shown(row: ClientRow, state: ClientState | None) -> DownloadClient:
    """One client for the wire: no secret leaves."""
    known = state if row.enabled else None
    health = ClientHealth(
        status=known.status if known else "unknown" if row.enabled else "disabled",
        message=known.code or "" if known else "",
        version=state.version if state else "",
        reason=Reason(code=known.code, params=dict(known.params)) if known and known.code else None,
    )
    return DownloadClient(
        id=row.id,
        name=row.name,
        type=row.type,
        protocol=TRANSPORTS[row.type].value,
        host=row.host,
        port=row.port,
        use_ssl=row.use_ssl,
        url_base=row.url_base,
        username=row.username,
        password=masked(row.password),
        password_configured=bool(row.password),
        api_key=masked(row.api_key),
        api_key_configured=bool(row.api_key),
        category=row.category,
        category_audiobook=row.category_audiobook,
        path_remap=row.path_remap,
        download_dir=row.download_dir,
        remove_completed=row.remove_completed,
        priority=row.priority,
        enabled=row.enabled,
        created_at=iso(row.created_at),
        updated_at=iso(row.updated_at),
        rev=row.rev,
        health=health,
    )
