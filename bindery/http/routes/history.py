"""The activity history (catalogue.md 1.5, 2.5)."""

from __future__ import annotations

import msgspec
from quart import Blueprint, Response

from bindery.domain.moments import parse_instant
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.history import HistoryEvent
from bindery.http.call import Call
from bindery.http.etag import conditional
from bindery.http.paging import Page, PageQuery, limit_of, make_cursor, offset_of, read_cursor
from bindery.http.route import Answer, route
from bindery.http.wire import Wire
from bindery.live.topics.activity import event_wire
from bindery.operations import history as operations
from bindery.store import events
from bindery.store.events import EventFilter
from bindery.store.tx import Reader

blueprint = Blueprint("history", __name__)

SORT = "history"


class HistoryQuery(PageQuery):
    """Everything combines. `since` is inclusive, `until` exclusive, both RFC 3339."""

    book_id: int | None = None
    author_id: int | None = None
    download_id: int | None = None
    event_type: list[str] = msgspec.field(default_factory=list[str])
    format: str | None = None
    trace: str | None = None
    since: str | None = None
    until: str | None = None


class Blocked(Wire, omit_defaults=True):
    """`status` says whether the release was blocked now or before."""

    status: str
    id: int | None = None


@route(blueprint, "GET", "/api/v1/history", query=HistoryQuery, returns=Page[HistoryEvent])
async def list_events(call: Call, query: HistoryQuery) -> Answer | Response | Refusal:
    """What happened, newest first."""
    chosen = _filter(query)
    place = read_cursor(query, SORT, 1)
    if isinstance(chosen, Refusal):
        return chosen
    if isinstance(place, Refusal):
        return place
    before = place[0] if place and isinstance(place[0], int) else None
    limit, offset = limit_of(query), 0 if before is not None else offset_of(query)
    total = await call.services.store.scan(
        lambda reader: events.count_events(reader, call.scope, chosen)
    )

    def read(reader: Reader) -> Page[HistoryEvent]:
        found = events.list_events(
            reader, call.scope, chosen, limit=limit + 1, offset=offset, before=before
        )
        page = found[:limit]
        more = len(found) > limit and not query.offset
        return Page(
            items=[event_wire(row, call.base) for row in page],
            total=total,
            limit=limit,
            offset=offset,
            next_cursor=make_cursor(SORT, [page[-1].id]) if more else None,
        )

    return conditional(call, ("activity",), read, live=("activity",))


@route(blueprint, "DELETE", "/api/v1/history/<id:event_id>", status=204)
async def hide(call: Call, event_id: int) -> Refusal | None:
    """Take an event off the list."""
    return await operations.hide_event(call.services.store, call.principal, event_id)


@route(
    blueprint,
    "POST",
    "/api/v1/history/<id:event_id>/blocklist",
    returns=Blocked,
    status=201,
    also={200: Blocked},
)
async def blocklist(call: Call, event_id: int) -> Blocked | Answer | Refusal:
    """Do not grab the release behind an event again."""
    made = await operations.blocklist_release(call.services.store, call.principal, event_id)
    if isinstance(made, int):
        return Blocked(status="blocklisted", id=made)
    if made.code is Code.ALREADY_BLOCKLISTED:
        return Answer(Blocked(status="already blocklisted"), status=200)
    return made


def _filter(query: HistoryQuery) -> EventFilter | Refusal:
    moments: dict[str, int | None] = {}
    for name, text in (("since", query.since), ("until", query.until)):
        moments[name] = None if not text else parse_instant(text)
        if text and moments[name] is None:
            return refuse(Code.INVALID, name, value=text)
    return EventFilter(
        book_id=query.book_id,
        author_id=query.author_id,
        download_id=query.download_id,
        types=tuple(query.event_type),
        format=query.format,
        trace=query.trace,
        since=moments["since"],
        until=moments["until"],
    )
