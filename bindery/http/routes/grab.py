"""Grabbing a release by hand (acquisition.md 8.3, downloads-and-import.md 3.3)."""

from __future__ import annotations

from quart import Blueprint

from bindery.domain.moments import iso
from bindery.domain.redaction import strip_secrets
from bindery.domain.refusal import Refusal
from bindery.domain.wire.grab import GrabbedDownload
from bindery.http.call import Call
from bindery.http.once import once
from bindery.http.route import Answer, route
from bindery.operations.grab_request import GrabRequest, grab_release
from bindery.operations.once import Replay
from bindery.store import downloads
from bindery.store.downloads import DownloadRow
from bindery.store.tx import Reader

blueprint = Blueprint("grab", __name__)


@route(
    blueprint,
    "POST",
    "/api/v1/queue/grab",
    body=GrabRequest,
    returns=GrabbedDownload,
    status=202,
)
async def grab(call: Call, body: GrabRequest) -> Answer | Refusal | Replay:
    """Send a release on its way: written down at once, fetched and sent right after."""
    store = call.services.store
    promise = await once(call, _shown, status=202)
    made = await grab_release(store, call.principal, body, trace=call.trace, once=promise)
    if not isinstance(made, DownloadRow):
        return made
    return Answer(store.read(lambda reader: _shown(reader, made)), status=202)


def _shown(reader: Reader, row: DownloadRow) -> GrabbedDownload:
    slots = downloads.slots_of(reader, row.id)
    return GrabbedDownload(
        id=row.id,
        guid=strip_secrets(row.guid),
        book_id=slots[0].book_id if slots else None,
        indexer_id=row.indexer_id,
        download_client_id=row.client_id,
        title=row.title,
        nzb_url="",
        size=row.size or 0,
        status=row.state,
        protocol=row.protocol,
        quality=row.quality,
        format=row.format,
        added_at=iso(row.added_at),
        trace=row.trace,
    )
