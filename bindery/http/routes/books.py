"""Books (catalogue.md 2.2)."""

from __future__ import annotations

from typing import cast, get_args

import msgspec
from quart import Blueprint, Response

from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.book import Book
from bindery.http.call import Call
from bindery.http.etag import conditional, conditional_scan
from bindery.http.paging import Page, limit_of, make_cursor, offset_of, read_cursor
from bindery.http.route import Answer, route
from bindery.http.schemas.catalogue import (
    BookQuery,
    DeleteQuery,
    ExcludeBody,
    FileQuery,
    flag,
    number,
    yes,
)
from bindery.live.topics.activity import event_wire
from bindery.live.topics.book import render_book, render_books
from bindery.operations import books as operations
from bindery.operations import bulk
from bindery.operations.books import BookPatch
from bindery.operations.bulk import Bulk, BulkResult
from bindery.store.book_list import BookFilter, BookSort, page_of_books
from bindery.store.books import BookRow
from bindery.store.events import EventFilter, list_events
from bindery.store.paging import BadCursor, Slice
from bindery.store.tx import Reader

blueprint = Blueprint("book", __name__)

SORTS = get_args(BookSort)
MEDIA = ("ebook", "audiobook", "both")
HISTORY = 50


@route(blueprint, "GET", "/api/v1/book", query=BookQuery, returns=Page[Book])
async def list_books(call: Call, query: BookQuery) -> Answer | Response | Refusal:
    """Books, page by page; every filter combines."""
    chosen = BookFilter(
        search=query.search,
        status=tuple(one for one in query.status if one),
        media=query.media_type if query.media_type in MEDIA else "",
        monitored=flag(query.monitored),
        author_id=number(query.author_id),
        series_id=number(query.series_id),
        release_from=query.release_from,
        release_before=query.release_before,
        include_excluded=yes(query.include_excluded),
    )
    sort = cast("BookSort", query.sort if query.sort in SORTS else "title-az")
    after = read_cursor(query, sort, 4 if sort.startswith("author") else 3)
    if isinstance(after, Refusal):
        return after
    part = Slice(limit_of(query), 0 if after else offset_of(query), after)

    def read(reader: Reader) -> Page[Book] | Refusal:
        try:
            page = page_of_books(reader, call.scope, chosen, sort, part)
        except BadCursor:
            return refuse(Code.INVALID, "cursor")
        return Page(
            items=render_books(reader, page.ids, call.scope, call.base),
            total=page.total,
            limit=part.limit,
            offset=part.offset,
            next_cursor=make_cursor(sort, page.next) if page.next and not part.offset else None,  # pyright: ignore[reportArgumentType] - keys are text and numbers
        )

    if chosen.heavy(sort, part) or part.limit > 100:
        return await conditional_scan(call, ("catalog",), read)
    return conditional(call, ("catalog",), read)


@route(blueprint, "GET", "/api/v1/book/<id:book_id>", returns=Book)
async def get_book(call: Call, book_id: int) -> Answer | Response:
    """One book with formats, files, editions and its latest history."""

    def read(reader: Reader) -> Book | Refusal:
        found = render_book(reader, book_id, call.scope, call.base)
        if found is None:
            return refuse(Code.NOT_FOUND)
        rows = list_events(reader, call.scope, EventFilter(book_id=book_id), limit=HISTORY)
        told = [event_wire(row, call.base) for row in rows]
        return msgspec.structs.replace(found, history=told)

    topics = ("book", "catalog", "activity")
    return conditional(call, topics, read, live=(f"book:{book_id}",))


@route(blueprint, "PUT", "/api/v1/book/<id:book_id>", body=BookPatch, returns=Book)
async def update_book(call: Call, book_id: int, body: BookPatch) -> Book | Refusal:
    """Change monitoring, formats and metadata; edited fields are locked."""
    row = await operations.update_book(call.services.store, call.principal, book_id, body)
    return _shown(call, row)


@route(blueprint, "DELETE", "/api/v1/book/<id:book_id>", query=DeleteQuery, status=204)
async def delete_book(call: Call, book_id: int, query: DeleteQuery) -> Refusal | None:
    """Delete a book; its files stay, or with `deleteFiles=true` go to the recycle bin."""
    return await operations.delete_book(
        call.services.store, call.principal, book_id, files=yes(query.delete_files)
    )


@route(blueprint, "DELETE", "/api/v1/book/<id:book_id>/file", query=FileQuery, returns=Book)
async def delete_file(call: Call, book_id: int, query: FileQuery) -> Book | Refusal:
    """Move the book's files, or those of one `format`, to the recycle bin. With `path`: only forget
    that file, it stays on the disk.
    """
    if not query.path:
        if query.format not in ("", "ebook", "audiobook"):
            return refuse(Code.INVALID, "format", value=query.format)
        wanted = query.format or None
        row = await operations.delete_files(call.services.store, call.principal, book_id, wanted)
        return _shown(call, row)
    row = await operations.deregister_file(call.services.store, call.principal, book_id, query.path)
    return _shown(call, row)


@route(
    blueprint,
    "PUT",
    "/api/v1/book/<id:book_id>/exclude",
    body=ExcludeBody,
    returns=Book,
    optional_body=True,
)
async def exclude(call: Call, book_id: int, body: ExcludeBody | None) -> Book | Refusal:
    """Hide a book from lists and searches, or show it again; without a body: toggle."""
    wanted = body.excluded if body else None
    row = await operations.exclude_book(call.services.store, call.principal, book_id, wanted)
    return _shown(call, row)


@route(blueprint, "POST", "/api/v1/book/bulk", body=Bulk, returns=BulkResult)
async def bulk_books(call: Call, body: Bulk) -> BulkResult | Refusal:
    """One action on many books."""
    return await bulk.bulk_books(call.services.store, call.principal, body)


def _shown(call: Call, row: BookRow | Refusal) -> Book | Refusal:
    if isinstance(row, Refusal):
        return row
    found = call.services.store.read(
        lambda reader: render_book(reader, row.id, call.scope, call.base)
    )
    return found or refuse(Code.NOT_FOUND)
