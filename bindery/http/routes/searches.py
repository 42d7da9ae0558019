"""Searches for a book: started, listened to, read back (acquisition.md 1.3-1.4, ui.md 8.1)."""

from __future__ import annotations

from quart import Blueprint

from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.search import BookSearch, SearchDebug, SearchRecord, SearchStarted
from bindery.http.call import Call
from bindery.http.once import once
from bindery.http.route import Answer, route
from bindery.http.schemas.search import BookSearchQuery
from bindery.live.search_debug import debug_wire
from bindery.live.topics.search import (
    Asker,
    Shown,
    is_partial,
    read_search,
    releases_wire,
    search_wire,
)
from bindery.operations.once import Replay
from bindery.operations.search import Started, search_book
from bindery.store import searches

blueprint = Blueprint("search", __name__)

WAIT_S = 60.0


@route(
    blueprint,
    "POST",
    "/api/v1/book/<id:book_id>/search",
    query=BookSearchQuery,
    returns=BookSearch,
    also={202: SearchStarted},
)
async def search(call: Call, book_id: int, query: BookSearchQuery) -> Answer | Refusal | Replay:
    """Search every indexer for a book. `stream=1`: 202 and its id, to be listened to."""
    store = call.services.store
    stream = query.stream.lower() in ("1", "true", "yes")
    promise = None
    if stream:
        promise = await once(call, lambda _reader, made: _started(made), status=202)
    started = await search_book(
        store,
        call.principal,
        book_id,
        book_format=query.format or None,
        trace=call.trace,
        once=promise,
    )
    if not isinstance(started, Started):
        return started
    if stream:
        return Answer(_started(started), status=202)
    await store.settled(started.command_id, within=WAIT_S)
    shown = _read(call, started.search_id)
    if shown is None:
        return refuse(Code.NOT_FOUND)
    return Answer(
        BookSearch(
            search_id=started.search_id,
            results=releases_wire(shown),
            debug=debug_wire(shown),
            partial=is_partial(shown),
        )
    )


@route(blueprint, "GET", "/api/v1/search/<id:search_id>", returns=SearchRecord)
async def get_search(call: Call, search_id: int) -> SearchRecord | Refusal:
    """A search with its legs and judged releases, as far as it has come."""
    shown = _read(call, search_id)
    return refuse(Code.NOT_FOUND) if shown is None else search_wire(shown)


@route(blueprint, "GET", "/api/v1/search/last-debug", returns=SearchDebug)
async def last_debug(call: Call) -> SearchDebug | Refusal:
    """The debug record of the caller's last search."""
    user = call.principal.user_id
    last = call.services.store.read(lambda reader: searches.last_by(reader, user))
    shown = _read(call, last.id) if last is not None else None
    return refuse(Code.NOT_FOUND) if shown is None else debug_wire(shown)


def _started(made: Started) -> SearchStarted:
    return SearchStarted(search_id=made.search_id)


def _read(call: Call, search_id: int) -> Shown | None:
    who = call.principal
    asker = Asker(who.user_id, who.scope, everything=who.is_admin)
    return call.services.store.read(lambda reader: read_search(reader, search_id, asker))
