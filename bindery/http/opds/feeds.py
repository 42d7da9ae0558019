"""Whole feeds: their head, their paging, their entries (catalogue.md 7.2, 7.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bindery.domain.moments import iso
from bindery.http.opds.addresses import Addresses
from bindery.http.opds.document import ACQ, DESCRIPTION_TYPE, NAV, Entry, Feed, Link, write_feed
from bindery.http.opds.entries import author_entry, book_entry, series_entry
from bindery.store.opds import Found, FoundAuthors, FoundSeries, ShelfAuthor, ShelfBook, ShelfSeries

NEWEST = "http://opds-spec.org/sort/new"
CRAWLABLE = "http://opds-spec.org/crawlable"
PER_PAGE, MOST_PER_PAGE = 50, 200


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of how many entries, counted from 1."""

    page: int = 1
    limit: int = PER_PAGE

    @property
    def offset(self) -> int:
        """Entries before the page."""
        return (self.page - 1) * self.limit


@dataclass(frozen=True, slots=True)
class Head:
    """What one kind of feed is: where it lies, what is above it."""

    urn: str
    title: str
    path: str
    kind: str
    up: str = ""
    query: str | None = None


def root_feed(at: Addresses, changed_us: int) -> bytes:
    """The way in."""
    links = [
        Link("self", at.to("/opds"), NAV),
        Link("start", at.to("/opds"), NAV),
        Link(CRAWLABLE, at.to("/opds/recent"), ACQ),
        *_search_links(at),
    ]
    updated = iso(changed_us)
    recent = Link(NEWEST, at.to("/opds/recent"), ACQ, "Recently Added")
    entries = [
        _way(at, "authors", "Authors", "Browse by author", updated),
        _way(at, "series", "Series", "Browse by series", updated),
        Entry(
            id="urn:bindery:opds:recent",
            title="Recently Added",
            updated=updated,
            content="Imported books, the newest first",
            links=[recent],
        ),
    ]
    feed = Feed(
        id="urn:bindery:opds:root", title="Bindery", updated=updated, links=links, entries=entries
    )
    return write_feed(feed)


def _way(at: Addresses, name: str, title: str, content: str, updated: str) -> Entry:
    link = Link("subsection", at.to(f"/opds/{name}"), NAV, title)
    return Entry(
        id=f"urn:bindery:opds:{name}", title=title, updated=updated, content=content, links=[link]
    )


def authors_feed(at: Addresses, found: FoundAuthors, paging: Paging) -> bytes:
    """Authors with something on the shelf."""
    head = Head("opds:authors", "Bindery — Authors", "/opds/authors", NAV, up="/opds")
    entries = [author_entry(at, author) for author in found.authors]
    return _listed(at, head, entries, found.authors, found.total, paging)


def author_feed(at: Addresses, author: ShelfAuthor, found: Found, paging: Paging) -> bytes:
    """One author's books."""
    title = author.name or author.sort_name or "Unknown author"
    path = f"/opds/authors/{author.id}"
    head = Head(f"author:{author.id}", title, path, ACQ, up="/opds/authors")
    entries = [book_entry(at, book) for book in found.books]
    return _listed(at, head, entries, [author, *found.books], found.total, paging)


def series_list_feed(at: Addresses, found: FoundSeries, paging: Paging) -> bytes:
    """Series with something on the shelf."""
    head = Head("opds:series", "Bindery — Series", "/opds/series", NAV, up="/opds")
    entries = [series_entry(at, series) for series in found.series]
    return _listed(at, head, entries, found.series, found.total, paging)


def series_feed(at: Addresses, series: ShelfSeries, found: Found, paging: Paging) -> bytes:
    """One series' books in their order."""
    path = f"/opds/series/{series.id}"
    title = series.title or "Untitled series"
    head = Head(f"series:{series.id}", title, path, ACQ, up="/opds/series")
    entries = [book_entry(at, book, series_id=series.id) for book in found.books]
    return _listed(at, head, entries, [series, *found.books], found.total, paging)


def recent_feed(at: Addresses, found: Found, paging: Paging) -> bytes:
    """The whole shelf, newest import first."""
    head = Head("opds:recent", "Bindery — Recently Added", "/opds/recent", ACQ, up="/opds")
    entries = [book_entry(at, book) for book in found.books]
    return _listed(at, head, entries, found.books, found.total, paging)


def search_feed(at: Addresses, text: str, found: Found, paging: Paging) -> bytes:
    """What a search found."""
    head = Head(
        "opds:search", f"Bindery — Search: {text}", "/opds/search", ACQ, up="/opds", query=text
    )
    entries = [book_entry(at, book) for book in found.books]
    return _listed(at, head, entries, found.books, found.total, paging)


def book_feed(at: Addresses, book: ShelfBook) -> bytes:
    """One book, as a feed: some readers want no entry document for details."""
    entry = book_entry(at, book)
    links = [
        Link("self", at.to(f"/opds/book/{book.id}"), ACQ),
        Link("start", at.to("/opds"), NAV),
    ]
    return write_feed(
        Feed(id=entry.id, title=entry.title, updated=entry.updated, links=links, entries=[entry])
    )


def _listed(
    at: Addresses,
    head: Head,
    entries: Sequence[Entry],
    members: Sequence[Any],
    total: int,
    paging: Paging,
) -> bytes:
    """A page of a list: as new as its newest member, so that readers can keep it."""
    changed = max((member.changed_at for member in members), default=0)
    links = [
        Link("self", _page(at, head, paging, paging.page), head.kind),
        Link("start", at.to("/opds"), NAV),
        Link("up", at.to(head.up), NAV),
        *_search_links(at),
    ]
    last = max(1, -(-total // paging.limit))
    if last > 1:
        links.append(Link("first", _page(at, head, paging, 1), head.kind))
        links.append(Link("last", _page(at, head, paging, last), head.kind))
    if paging.page > 1:
        before = min(paging.page - 1, last)
        links.append(Link("previous", _page(at, head, paging, before), head.kind))
    if paging.page < last:
        links.append(Link("next", _page(at, head, paging, paging.page + 1), head.kind))
    feed = Feed(
        id=f"urn:bindery:{head.urn}",
        title=head.title,
        updated=iso(changed),
        links=links,
        entries=entries,
        total=total,
        per_page=paging.limit,
        start=paging.offset + 1 if entries else 0,
    )
    return write_feed(feed)


def _page(at: Addresses, head: Head, paging: Paging, page: int) -> str:
    return at.to(
        head.path,
        q=head.query,
        page=page if page > 1 else None,
        limit=paging.limit if paging.limit != PER_PAGE else None,
    )


def _search_links(at: Addresses) -> list[Link]:
    """The description document, and the template itself for readers that know only that."""
    return [
        Link("search", at.to("/opds/search.xml"), DESCRIPTION_TYPE, "Search"),
        Link("search", at.template(), "application/atom+xml", "Search"),
    ]
