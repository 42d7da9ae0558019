"""Search at the metadata providers (catalogue.md 2.7)."""

from __future__ import annotations

from quart import Blueprint

from bindery.domain import names
from bindery.domain.catalogue import WorkRecord
from bindery.domain.identifiers import isbn13
from bindery.domain.moments import date_iso
from bindery.domain.picture_links import proxied
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.author import AuthorRef, AuthorStatistics, FoundAuthor
from bindery.domain.wire.book import FoundBook
from bindery.http.call import Call
from bindery.http.route import route
from bindery.http.schemas.catalogue import NumberQuery, TermQuery
from bindery.store import held

blueprint = Blueprint("lookup", __name__)

LONGEST = 200


@route(blueprint, "GET", "/api/v1/search/author", query=TermQuery, returns=list[FoundAuthor])
async def search_author(call: Call, query: TermQuery) -> list[FoundAuthor] | Refusal:
    """Authors at the providers, with what the library has already."""
    text = _text(query)
    if not text:
        return refuse(Code.REQUIRED, "term")
    found = await call.services.ports.lookup.people(text)
    if isinstance(found, Refusal):
        return found
    refs = [record.ref for record in found]
    known = call.services.store.read(lambda reader: held.authors_held(reader, call.scope, refs))
    return [
        FoundAuthor(
            foreign_author_id=record.ref,
            author_name=record.name,
            sort_name=names.sort_name(record.name),
            description=record.description,
            image_url=proxied(call.base, record.cover.url if record.cover else None),
            disambiguation=record.disambiguation,
            ratings_count=record.ratings_count,
            average_rating=record.average_rating,
            metadata_provider=record.provider,
            top_work=record.top_work,
            work_count=record.work_count,
            library_id=known.get(record.ref),
            statistics=AuthorStatistics(
                book_count=record.work_count or 0, available_book_count=0, wanted_book_count=0
            ),
        )
        for record in found
    ]


@route(blueprint, "GET", "/api/v1/search/book", query=TermQuery, returns=list[FoundBook])
async def search_book(call: Call, query: TermQuery) -> list[FoundBook] | Refusal:
    """Works at the providers, with what the library has already."""
    text = _text(query)
    if not text:
        return refuse(Code.REQUIRED, "term")
    found = await call.services.ports.lookup.works(text)
    return found if isinstance(found, Refusal) else _works(call, list(found))


@route(blueprint, "GET", "/api/v1/book/lookup", query=NumberQuery, returns=FoundBook)
async def lookup(call: Call, query: NumberQuery) -> FoundBook | Refusal:
    """The work of an ISBN."""
    if query.asin.strip():
        # No provider here knows audiobook numbers yet.
        return refuse(Code.NOT_FOUND, "asin", asin=query.asin.strip()[:20])
    if not query.isbn.strip():
        return refuse(Code.REQUIRED, "isbn")
    clean = isbn13(query.isbn)
    if not clean:
        return refuse(Code.INVALID, "isbn", value=query.isbn[:40])
    found = await call.services.ports.lookup.by_isbn(clean)
    if isinstance(found, Refusal):
        return found
    if found is None:
        return refuse(Code.NOT_FOUND, "isbn", isbn=clean)
    return _works(call, [found])[0]


def _text(query: TermQuery) -> str:
    return " ".join((query.term or query.q).split())[:LONGEST]


def _works(call: Call, found: list[WorkRecord]) -> list[FoundBook]:
    refs = [record.ref for record in found]
    known = call.services.store.read(lambda reader: held.books_held(reader, call.scope, refs))
    return [_work(call, record, known.get(record.ref)) for record in found]


def _work(call: Call, record: WorkRecord, library_id: int | None) -> FoundBook:
    author = record.authors[0] if record.authors else None
    return FoundBook(
        foreign_book_id=record.ref,
        title=record.title,
        subtitle=record.subtitle,
        original_title=record.original_title,
        description=record.description,
        image_url=proxied(call.base, record.cover.url if record.cover else None),
        release_date=date_iso(record.released),
        genres=list(record.genres),
        language=record.language,
        average_rating=record.average_rating,
        ratings_count=record.ratings_count,
        media_type="",
        asin="",
        metadata_provider=record.provider,
        author=AuthorRef(
            id=None,
            foreign_author_id=author.ref,
            author_name=author.name,
            sort_name=names.sort_name(author.name),
        )
        if author
        else None,
        editions=[],
        library_id=library_id,
    )
