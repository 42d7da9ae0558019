"""What is wanted and missing (catalogue.md 2.3)."""

from __future__ import annotations

import msgspec
from quart import Blueprint, Response

from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.book import Book
from bindery.http.call import Call
from bindery.http.etag import conditional, conditional_scan
from bindery.http.paging import Page, limit_of, make_cursor, offset_of, read_cursor
from bindery.http.route import Answer, route
from bindery.http.schemas.catalogue import WantedQuery, yes
from bindery.live.topics.book import render_books
from bindery.operations import bulk
from bindery.operations.bulk import WANTED_ACTIONS, Bulk, BulkResult
from bindery.store.book_list import BookFilter, page_of_books
from bindery.store.paging import BadCursor, Slice
from bindery.store.tx import Reader

blueprint = Blueprint("wanted", __name__)

SORT = "title-az"
EVERYTHING = 10_000
"""Where the old unpaged array ends."""


@route(blueprint, "GET", "/api/v1/wanted/missing", query=WantedQuery, returns=list[Book])
async def missing(call: Call, query: WantedQuery) -> Answer | Response | Refusal:
    """Monitored books that miss a file; with `envelope=1` page by page."""
    chosen = BookFilter(
        search=query.search,
        status=("wanted",),
        include_excluded=yes(query.include_excluded),
    )
    if not yes(query.envelope):
        return await conditional_scan(
            call, ("catalog",), lambda reader: _everything(call, reader, chosen)
        )
    after = read_cursor(query, SORT, 3)
    if isinstance(after, Refusal):
        return after
    part = Slice(limit_of(query), 0 if after else offset_of(query), after)

    def read(reader: Reader) -> Page[Book] | Refusal:
        try:
            page = page_of_books(reader, call.scope, chosen, SORT, part)
        except BadCursor:
            return refuse(Code.INVALID, "cursor")
        return Page(
            items=render_books(reader, page.ids, call.scope, call.base),
            total=page.total,
            limit=part.limit,
            offset=part.offset,
            next_cursor=make_cursor(SORT, page.next) if page.next and not part.offset else None,  # pyright: ignore[reportArgumentType] - keys are text and numbers
        )

    if chosen.heavy(SORT, part) or part.limit > 100:
        return await conditional_scan(call, ("catalog",), read)
    return conditional(call, ("catalog",), read)


def _everything(call: Call, reader: Reader, chosen: BookFilter) -> msgspec.Raw:
    """Encoded in the thread that reads: thousands of books would hold up the loop."""
    page = page_of_books(reader, call.scope, chosen, SORT, Slice(EVERYTHING))
    return msgspec.Raw(msgspec.json.encode(render_books(reader, page.ids, call.scope, call.base)))


@route(blueprint, "POST", "/api/v1/wanted/bulk", body=Bulk, returns=BulkResult)
async def bulk_wanted(call: Call, body: Bulk) -> BulkResult | Refusal:
    """Search, unmonitor or skip many books; `blocklist` is the old word for skip."""
    return await bulk.bulk_books(call.services.store, call.principal, body, WANTED_ACTIONS)
