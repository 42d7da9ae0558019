"""Authors (catalogue.md 2.1)."""

from __future__ import annotations

from typing import cast, get_args

import msgspec
from quart import Blueprint, Response

from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.author import Author, AuthorAlias
from bindery.domain.wire.book import Book
from bindery.http.call import Call
from bindery.http.etag import conditional, conditional_scan
from bindery.http.once import once
from bindery.http.paging import Page, limit_of, make_cursor, offset_of, read_cursor
from bindery.http.route import Answer, route
from bindery.http.schemas.catalogue import AuthorQuery, DeleteQuery, Refreshing, flag, yes
from bindery.live.topics.author import author_wire, render_author, render_authors
from bindery.live.topics.book import render_book, render_books
from bindery.operations import add_book as adding
from bindery.operations import authors as operations
from bindery.operations import bulk
from bindery.operations.add_book import AddedBook, NewBook
from bindery.operations.authors import Added, AuthorPatch, NewAuthor
from bindery.operations.bulk import Bulk, BulkResult
from bindery.operations.once import Replay
from bindery.store import authors
from bindery.store.author_list import AuthorFilter, AuthorSort, page_of_authors
from bindery.store.paging import BadCursor, Slice
from bindery.store.tx import Reader

blueprint = Blueprint("author", __name__)

SORTS = get_args(AuthorSort)
INLINE_BOOKS = 200
"""An author with more books is rendered in a thread."""


@route(blueprint, "GET", "/api/v1/author", query=AuthorQuery, returns=Page[Author])
async def list_authors(call: Call, query: AuthorQuery) -> Answer | Response | Refusal:
    """Authors, page by page."""
    chosen = AuthorFilter(search=query.search, monitored=flag(query.monitored))
    sort = cast("AuthorSort", query.sort if query.sort in SORTS else "az")
    width = 4 if sort.startswith(("books", "rating")) else 3
    after = read_cursor(query, sort, width)
    if isinstance(after, Refusal):
        return after
    part = Slice(limit_of(query), 0 if after else offset_of(query), after)

    def read(reader: Reader) -> Page[Author] | Refusal:
        try:
            page = page_of_authors(reader, call.scope, chosen, sort, part)
        except BadCursor:
            return refuse(Code.INVALID, "cursor")
        return Page(
            items=render_authors(reader, page.ids, call.scope, call.base),
            total=page.total,
            limit=part.limit,
            offset=part.offset,
            next_cursor=make_cursor(sort, page.next) if page.next and not part.offset else None,  # pyright: ignore[reportArgumentType] - keys are text and numbers
        )

    if chosen.heavy(sort, part):
        return await conditional_scan(call, ("author", "catalog"), read)
    return conditional(call, ("author", "catalog"), read)


@route(blueprint, "GET", "/api/v1/author/<id:author_id>", returns=Author)
async def get_author(call: Call, author_id: int) -> Answer | Response:
    """One author with books and aliases."""
    scope, base, board = call.scope, call.base, call.services.board

    def read(reader: Reader) -> Author | Refusal:
        found = render_author(reader, author_id, scope, base, board)
        if found is None:
            return refuse(Code.NOT_FOUND)
        ids = authors.book_ids_of(reader, author_id)
        shown: list[object] = list(render_books(reader, ids, scope, base))
        return msgspec.structs.replace(found, books=shown)

    topics = ("author", "catalog", "jobs")
    live = (f"author:{author_id}",)
    row = call.services.store.read(lambda reader: authors.find_author(reader, scope, author_id))
    if row is not None and row.books > INLINE_BOOKS:
        return await conditional_scan(call, topics, read, live=live)
    return conditional(call, topics, read, live=live)


@route(blueprint, "POST", "/api/v1/author", body=NewAuthor, returns=Author, status=201)
async def add_author(call: Call, body: NewAuthor) -> Answer | Refusal | Replay:
    """Follow an author; the catalogue is fetched in the background."""
    promise = await once(call, lambda reader, added: _added(call, reader, added))
    ports = call.services.ports
    made = await operations.add_author(
        call.services.store, call.principal, body, ports.lookup if ports else None, promise
    )
    if not isinstance(made, Added):
        return made
    shown = call.services.store.read(lambda reader: _added(call, reader, made))
    location = {"Location": f"{call.base}/api/v1/author/{made.author_id}"}
    return Answer(shown, 201 if made.new else 200, location)


def _added(call: Call, reader: Reader, added: Added) -> Author | None:
    row = authors.find_author(reader, call.scope, added.author_id)
    if row is None:
        return None
    return msgspec.structs.replace(author_wire(row, call.base), job_id=f"j-{added.job_id}")


@route(blueprint, "POST", "/api/v1/author/book", body=NewBook, returns=Book, status=201)
async def add_book(call: Call, body: NewBook) -> Answer | Refusal | Replay:
    """Want one work, without the author's others; 200 when the library had it."""
    services = call.services
    promise = await once(call, lambda reader, added: _book(call, reader, added))
    made = await adding.add_book(
        services.store, call.principal, body, services.ports.lookup, promise
    )
    if not isinstance(made, AddedBook):
        return made
    shown = services.store.read(lambda reader: _book(call, reader, made))
    return Answer(shown, 201 if made.new else 200)


def _book(call: Call, reader: Reader, added: AddedBook) -> Book | None:
    return render_book(reader, added.book_id, call.scope, call.base)


@route(blueprint, "PUT", "/api/v1/author/<id:author_id>", body=AuthorPatch, returns=Author)
async def update_author(call: Call, author_id: int, body: AuthorPatch) -> Author | Refusal:
    """Change monitoring, profiles and folders; null clears."""
    row = await operations.update_author(call.services.store, call.principal, author_id, body)
    return row if isinstance(row, Refusal) else author_wire(row, call.base)


@route(blueprint, "DELETE", "/api/v1/author/<id:author_id>", query=DeleteQuery, status=204)
async def delete_author(call: Call, author_id: int, query: DeleteQuery) -> Refusal | None:
    """Unfollow an author; books go with it. Files stay, with `deleteFiles=true` they are binned."""
    return await operations.delete_author(
        call.services.store, call.principal, author_id, files=yes(query.delete_files)
    )


@route(
    blueprint,
    "POST",
    "/api/v1/author/<id:author_id>/refresh",
    returns=Refreshing,
    status=202,
)
async def refresh(call: Call, author_id: int) -> Refreshing | Refusal:
    """Fetch the catalogue again; a second call joins the first."""
    job = await operations.refresh_author(call.services.store, call.principal, author_id)
    if isinstance(job, Refusal):
        return job
    return Refreshing(message="refresh started", job_id=f"j-{job}")


@route(
    blueprint,
    "GET",
    "/api/v1/author/<id:author_id>/aliases",
    returns=list[AuthorAlias],
)
async def aliases(call: Call, author_id: int) -> Answer | Response:
    """Other names of an author, newest first."""

    def read(reader: Reader) -> list[AuthorAlias] | Refusal:
        found = render_author(reader, author_id, call.scope, call.base, call.services.board)
        if found is None or isinstance(found.aliases, msgspec.UnsetType):
            return refuse(Code.NOT_FOUND)
        return found.aliases

    return conditional(call, ("author",), read)


@route(blueprint, "POST", "/api/v1/author/bulk", body=Bulk, returns=BulkResult)
async def bulk_authors(call: Call, body: Bulk) -> BulkResult | Refusal:
    """One action on many authors."""
    return await bulk.bulk_authors(call.services.store, call.principal, body)
