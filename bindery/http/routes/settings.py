"""Settings (identity-and-system.md 6)."""

from __future__ import annotations

from quart import Blueprint, Response

from bindery.domain.moments import iso_or_none
from bindery.domain.refusal import Refusal
from bindery.domain.wire.configuration import Setting
from bindery.http.call import Call
from bindery.http.etag import conditional
from bindery.http.route import Answer, route
from bindery.http.schemas.catalogue import SettingBody
from bindery.operations import settings as operations
from bindery.operations.settings import SettingRow
from bindery.store.tx import Reader

blueprint = Blueprint("setting", __name__)


@route(blueprint, "GET", "/api/v1/setting", returns=list[Setting])
async def list_settings(call: Call) -> Answer | Response:
    """Every setting that the caller may see, defaults included."""
    return conditional(
        call,
        ("config",),
        lambda r: [shown(row) for row in operations.list_settings(r, call.principal)],
    )


@route(blueprint, "GET", "/api/v1/setting/<key>", returns=Setting)
async def get_setting(call: Call, key: str) -> Answer | Response:
    """One setting."""

    def read(reader: Reader) -> Setting | Refusal:
        return _answer(operations.find_setting(reader, call.principal, key))

    return conditional(call, ("config",), read)


@route(blueprint, "PUT", "/api/v1/setting/<key>", body=SettingBody, returns=Setting)
async def put_setting(call: Call, key: str, body: SettingBody) -> Setting | Refusal:
    """Store a setting; an empty value is the default again."""
    store = call.services.store
    return _answer(await operations.put_setting(store, call.principal, key, body.value))


@route(blueprint, "DELETE", "/api/v1/setting/<key>", status=204)
async def delete_setting(call: Call, key: str) -> Refusal | None:
    """Back to the default."""
    return await operations.reset_setting(call.services.store, key)


def _answer(row: SettingRow | Refusal) -> Setting | Refusal:
    return row if isinstance(row, Refusal) else shown(row)


def shown(row: SettingRow) -> Setting:
    """One setting for the wire."""
    return Setting(key=row.key, value=row.value, updated_at=iso_or_none(row.updated_at))
