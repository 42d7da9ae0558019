"""Manual import (downloads-and-import.md 5.6): a person says which book a download is."""

from __future__ import annotations

from quart import Blueprint

from bindery.domain.refusal import Refusal
from bindery.http.call import Call
from bindery.http.route import route
from bindery.http.schemas.manual_import import MatchRequest, MatchResult
from bindery.operations import imports

blueprint = Blueprint("manual_import", __name__)


@route(
    blueprint,
    "POST",
    "/api/v1/queue/manual-import/match",
    body=MatchRequest,
    returns=MatchResult,
    status=202,
)
async def match(call: Call, body: MatchRequest) -> MatchResult | Refusal:
    """Attach a failed or blocked download to a book and import it there."""
    made = await imports.match_download(
        call.services.store, call.principal, body.download_id, body.book_id
    )
    if isinstance(made, Refusal):
        return made
    return MatchResult(imported=made.imported, retry_queued=made.retry_queued)
