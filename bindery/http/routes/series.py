"""Series, to read (catalogue.md 2.4)."""

from __future__ import annotations

from quart import Blueprint, Response

from bindery.domain.moments import iso
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.series import Series, SeriesBook
from bindery.http.call import Call
from bindery.http.etag import conditional_scan
from bindery.http.route import Answer, route
from bindery.live.topics.book import render_books
from bindery.store import authors, series
from bindery.store.series import SeriesRow
from bindery.store.tx import Reader

blueprint = Blueprint("series", __name__)

MOST = 2_000


@route(blueprint, "GET", "/api/v1/series", returns=list[Series])
async def list_series(call: Call) -> Answer | Response:
    """Series with books that the caller may see, by title."""
    return await conditional_scan(
        call,
        ("catalog",),
        lambda r: _with_books(call, r, series.list_series(r, call.scope, limit=MOST)),
    )


@route(blueprint, "GET", "/api/v1/series/<id:series_id>", returns=Series)
async def get_series(call: Call, series_id: int) -> Answer | Response:
    """One series; without a visible book it does not exist."""

    def read(reader: Reader) -> Series | Refusal:
        row = series.find_series(reader, series_id)
        found = _with_books(call, reader, [row]) if row else []
        return found[0] if found and found[0].books else refuse(Code.NOT_FOUND)

    return await conditional_scan(call, ("catalog",), read)


@route(blueprint, "GET", "/api/v1/author/<id:author_id>/series", returns=list[Series])
async def series_of_author(call: Call, author_id: int) -> Answer | Response:
    """The author's series with only this author's books."""

    def read(reader: Reader) -> list[Series] | Refusal:
        if authors.find_author(reader, call.scope, author_id) is None:
            return refuse(Code.NOT_FOUND)
        rows = series.series_of_author(reader, call.scope, author_id)
        own = set(authors.book_ids_of(reader, author_id))
        return _with_books(call, reader, rows, only=own)

    return await conditional_scan(call, ("catalog",), read)


def _with_books(
    call: Call, reader: Reader, rows: list[SeriesRow], only: set[int] | None = None
) -> list[Series]:
    places = series.books_of_series(reader, call.scope, [row.id for row in rows])
    places = [place for place in places if only is None or place.book_id in only]
    ids = list(dict.fromkeys(place.book_id for place in places))
    shown = {book.id: book for book in render_books(reader, ids, call.scope, call.base)}
    members: dict[int, list[SeriesBook]] = {}
    for place in places:
        members.setdefault(place.series_id, []).append(
            SeriesBook(
                series_id=place.series_id,
                book_id=place.book_id,
                position_in_series=place.position,
                primary_series=place.primary,
                book=shown[place.book_id],
            )
        )
    return [
        Series(
            id=row.id,
            foreign_series_id=row.foreign_id or "",
            title=row.title,
            description=row.description,
            created_at=iso(row.created_at),
            books=members.get(row.id, []),
        )
        for row in rows
    ]
