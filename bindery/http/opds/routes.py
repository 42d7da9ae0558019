"""The routes of the OPDS catalogue (catalogue.md 7.1).

Every feed is read and written in one scan: a page of 200 books takes longer than the loop may
wait. A reader that is up to date gets its 304 after one point read.
"""

from __future__ import annotations

from collections.abc import Callable

from quart import Blueprint, Response, request

from bindery.domain.media_types import BYTES
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.http.call import Call
from bindery.http.etag import not_modified, tag
from bindery.http.opds import feeds
from bindery.http.opds.addresses import Addresses, addresses_of
from bindery.http.opds.document import (
    DESCRIPTION_TYPE,
    ENTRY_TYPE,
    FEED_TYPE,
    write_description,
    write_entry,
)
from bindery.http.opds.entries import book_entry
from bindery.http.opds.feeds import MOST_PER_PAGE, PER_PAGE, Paging
from bindery.http.pictures import picture_response, width_of
from bindery.http.route import route
from bindery.http.shelf_files import Asked, book_file_response
from bindery.http.wire import Wire
from bindery.store import counters, opds
from bindery.store.paging import Slice
from bindery.store.tx import Reader

blueprint = Blueprint("opds", __name__)

TOPICS = ("catalog", "book", "author")
"""Whatever a feed shows, its writers publish one of these."""
_DEEPEST = 100_000

Write = Callable[[Reader, Addresses], bytes | Refusal]


class ListQuery(Wire):
    """`page` counts from 1, `limit` is at most 200; a wrong number falls back."""

    page: str | None = None
    limit: str | None = None


class SearchQuery(ListQuery):
    """`q` holds the words."""

    q: str = ""


class ImageQuery(Wire):
    """`url` as a feed named it; `w` is the width of a thumbnail."""

    url: str = ""
    w: str | None = None


class FileQuery(Wire):
    """`format` is ebook or audiobook."""

    format: str = ""
    file_id: int | None = None


@route(blueprint, "GET", "/opds/", media=FEED_TYPE)
async def root(call: Call) -> Response | Refusal:
    """The way into the catalogue."""

    def write(reader: Reader, at: Addresses) -> bytes:
        return feeds.root_feed(at, opds.newest_import(reader, call.scope))

    return await _answer(call, write)


@route(blueprint, "GET", "/opds/recent", query=ListQuery, media=FEED_TYPE)
async def recent(call: Call, query: ListQuery) -> Response | Refusal:
    """Everything on the shelf, newest import first."""
    paging = paging_of(query)

    def write(reader: Reader, at: Addresses) -> bytes:
        return feeds.recent_feed(at, opds.recent_books(reader, call.scope, _slice(paging)), paging)

    return await _answer(call, write)


@route(blueprint, "GET", "/opds/authors", query=ListQuery, media=FEED_TYPE)
async def authors(call: Call, query: ListQuery) -> Response | Refusal:
    """Authors with something on the shelf."""
    paging = paging_of(query)

    def write(reader: Reader, at: Addresses) -> bytes:
        found = opds.page_of_authors(reader, call.scope, _slice(paging))
        return feeds.authors_feed(at, found, paging)

    return await _answer(call, write)


@route(blueprint, "GET", "/opds/authors/<id:author_id>", query=ListQuery, media=FEED_TYPE)
async def author(call: Call, author_id: int, query: ListQuery) -> Response | Refusal:
    """One author's books."""
    paging = paging_of(query)

    def write(reader: Reader, at: Addresses) -> bytes | Refusal:
        found = opds.find_author(reader, call.scope, author_id)
        if found is None:
            return refuse(Code.NOT_FOUND)
        books = opds.books_of_author(reader, call.scope, author_id, _slice(paging))
        return feeds.author_feed(at, found, books, paging)

    return await _answer(call, write)


@route(blueprint, "GET", "/opds/series", query=ListQuery, media=FEED_TYPE)
async def series_list(call: Call, query: ListQuery) -> Response | Refusal:
    """Series with something on the shelf."""
    paging = paging_of(query)

    def write(reader: Reader, at: Addresses) -> bytes:
        found = opds.page_of_series(reader, call.scope, _slice(paging))
        return feeds.series_list_feed(at, found, paging)

    return await _answer(call, write)


@route(blueprint, "GET", "/opds/series/<id:series_id>", query=ListQuery, media=FEED_TYPE)
async def series(call: Call, series_id: int, query: ListQuery) -> Response | Refusal:
    """One series' books in their order."""
    paging = paging_of(query)

    def write(reader: Reader, at: Addresses) -> bytes | Refusal:
        found = opds.find_series(reader, call.scope, series_id)
        if found is None:
            return refuse(Code.NOT_FOUND)
        books = opds.books_of_series(reader, call.scope, series_id, _slice(paging))
        return feeds.series_feed(at, found, books, paging)

    return await _answer(call, write)


@route(blueprint, "GET", "/opds/search", query=SearchQuery, media=FEED_TYPE)
async def search(call: Call, query: SearchQuery) -> Response | Refusal:
    """Books on the shelf whose titles, authors or series hold the words."""
    paging = paging_of(query)
    text = query.q[:200]

    def write(reader: Reader, at: Addresses) -> bytes:
        found = opds.search_books(reader, call.scope, text, _slice(paging))
        return feeds.search_feed(at, text, found, paging)

    return await _answer(call, write)


@route(blueprint, "GET", "/opds/search.xml", media=DESCRIPTION_TYPE)
async def search_description(call: Call) -> Response:
    """How to search, for readers that ask (OpenSearch)."""
    at = addresses_of(call, request)
    body = write_description(at.template())
    return _document(at, body, DESCRIPTION_TYPE)


@route(blueprint, "GET", "/opds/book/<id:book_id>", media=FEED_TYPE)
async def book(call: Call, book_id: int) -> Response | Refusal:
    """One book, as a feed of one entry."""

    def write(reader: Reader, at: Addresses) -> bytes | Refusal:
        found = opds.find_book(reader, call.scope, book_id)
        return refuse(Code.NOT_FOUND) if found is None else feeds.book_feed(at, found)

    return await _answer(call, write)


@route(blueprint, "GET", "/opds/book/<id:book_id>/entry", media=ENTRY_TYPE)
async def entry(call: Call, book_id: int) -> Response | Refusal:
    """One book, as an entry document."""

    def write(reader: Reader, at: Addresses) -> bytes | Refusal:
        found = opds.find_book(reader, call.scope, book_id)
        return refuse(Code.NOT_FOUND) if found is None else write_entry(book_entry(at, found))

    return await _answer(call, write, f"{ENTRY_TYPE};charset=utf-8")


@route(blueprint, "GET", "/opds/book/<id:book_id>/file", query=FileQuery, media=BYTES)
async def file(call: Call, book_id: int, query: FileQuery) -> Response | Refusal:
    """The book's file; several tracks come as one zip."""
    return await book_file_response(call, request, book_id, Asked(query.format, query.file_id))


@route(blueprint, "GET", "/opds/book/<id:book_id>/file/<name>", query=FileQuery, media=BYTES)
async def named_file(call: Call, book_id: int, name: str, query: FileQuery) -> Response | Refusal:
    """The book's file under a name: readers look at the extension, we do not."""
    del name
    return await book_file_response(call, request, book_id, Asked(query.format, query.file_id))


@route(blueprint, "GET", "/opds/images", query=ImageQuery, media="image/webp")
async def images(call: Call, query: ImageQuery) -> Response | Refusal:
    """A cover under the catalogue's own sign-in."""
    return await picture_response(call, request, query.url, width_of(query.w))


def paging_of(query: ListQuery) -> Paging:
    """Which page; a page before the first is the first."""
    limit = _number(query.limit) or PER_PAGE
    limit = min(limit, MOST_PER_PAGE)
    return Paging(min(max(1, _number(query.page) or 1), _DEEPEST), limit)


def _number(text: str | None) -> int | None:
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else None


def _slice(paging: Paging) -> Slice:
    return Slice(limit=paging.limit, offset=paging.offset)


async def _answer(call: Call, write: Write, content_type: str = FEED_TYPE) -> Response | Refusal:
    """Write the document unless the reader is up to date.

    The counters are read before the rows: a change in between makes the tag too old, never too
    new, and costs one more answer.
    """
    at = addresses_of(call, request)
    state = call.services.store.read(lambda r: counters.read(r, TOPICS, call.scope))
    made = tag(call, (*state, at.origin, at.key))
    if request.if_none_match.contains_weak(made):
        return _kept_private(at, not_modified(made))
    written = await call.services.store.scan(lambda reader: write(reader, at))
    if isinstance(written, Refusal):
        return written
    response = _document(at, written, content_type)
    response.headers["ETag"] = f'W/"{made}"'
    return response


def _document(at: Addresses, body: bytes, content_type: str) -> Response:
    return _kept_private(at, Response(body, 200, content_type=content_type))


def _kept_private(at: Addresses, response: Response) -> Response:
    """Links that hold a key are not for a cache (security-rulings.md 2.2)."""
    if at.key:
        response.headers["Cache-Control"] = "no-store"
    return response
