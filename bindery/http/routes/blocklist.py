"""The blocklist (acquisition.md 1.6)."""

from __future__ import annotations

from quart import Blueprint, Response

from bindery.domain.moments import iso, iso_or_none
from bindery.domain.redaction import strip_secrets
from bindery.domain.refusal import Refusal
from bindery.domain.wire.blocklist import BlocklistEntry
from bindery.http.call import Call
from bindery.http.etag import conditional
from bindery.http.route import Answer, route
from bindery.http.schemas.search import BlocklistQuery, Ids
from bindery.operations import blocklist as operations
from bindery.store import blocklist
from bindery.store.blocklist import BlocklistRow
from bindery.store.tx import Reader

blueprint = Blueprint("blocklist", __name__)

MOST = 2_000


@route(blueprint, "GET", "/api/v1/blocklist", query=BlocklistQuery, returns=list[BlocklistEntry])
async def list_blocklist(call: Call, query: BlocklistQuery) -> Answer | Response:
    """Blocked releases, newest first."""
    limit = min(max(query.limit or MOST, 1), MOST)

    def read(reader: Reader) -> list[BlocklistEntry]:
        rows = blocklist.list_entries(reader, call.scope, limit=limit, before=query.before)
        return [_shown(row) for row in rows]

    return conditional(call, ("config",), read)


@route(blueprint, "DELETE", "/api/v1/blocklist/<id:entry_id>", status=204)
async def delete_entry(call: Call, entry_id: int) -> Refusal | None:
    """Allow a release again; an unknown entry is gone already."""
    return await operations.allow_again(call.services.store, call.principal, [entry_id])


@route(blueprint, "DELETE", "/api/v1/blocklist/bulk", body=Ids, status=204)
async def delete_entries(call: Call, body: Ids) -> Refusal | None:
    """Allow several releases again."""
    return await operations.allow_again(call.services.store, call.principal, body.ids)


def _shown(row: BlocklistRow) -> BlocklistEntry:
    return BlocklistEntry(
        id=row.id,
        book_id=row.book_id,
        guid=strip_secrets(row.guid),
        title=row.title,
        indexer_id=row.indexer_id,
        reason=row.code,
        code=row.code,
        created_at=iso(row.created_at),
        protocol=row.protocol,
        size=row.size,
        info_hash=row.info_hash,
        params=dict(row.params),
        created_by_user_id=row.by_user,
        expires_at=iso_or_none(row.expires_at),
    )
