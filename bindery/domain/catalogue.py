"""Metadata as providers tell it, before any merge. Source: metadata.md 1 and 5.

Unknown = empty or None: a merge never lets "unknown" replace something known.
"""

from typing import Literal

import msgspec

from bindery.domain.offers import BookFormat

Media = Literal["", "ebook", "audiobook", "both"]


class CoverRef(msgspec.Struct, frozen=True):
    """Where a cover can be fetched."""

    url: str


class SeriesRef(msgspec.Struct, frozen=True, kw_only=True):
    """Membership of a work in a series."""

    title: str
    position: str = ""
    ref: str = ""
    primary: bool = True


class PersonRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One person from one provider; `ref` is the wire's `foreignAuthorId`."""

    ref: str
    provider: str
    name: str
    other_names: tuple[str, ...] = ()
    description: str = ""
    disambiguation: str = ""
    born: str = ""
    died: str = ""
    cover: CoverRef | None = None
    ratings_count: int = 0
    average_rating: float = 0.0
    work_count: int | None = None
    top_work: str = ""
    identifiers: tuple[tuple[str, str], ...] = ()


class EditionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One published form of a work."""

    ref: str
    title: str
    format: str = ""
    book_format: BookFormat | None = None
    is_ebook: bool = False
    isbn13: str = ""
    isbn10: str = ""
    asin: str = ""
    publisher: str = ""
    published: str = ""
    """Calendar date YYYY[-MM[-DD]]."""
    language: str = ""
    pages: int | None = None
    duration_s: int | None = None
    narrators: tuple[str, ...] = ()
    information: str = ""
    cover: CoverRef | None = None


class WorkRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One work from one provider; `ref` is the wire's `foreignBookId`."""

    ref: str
    provider: str
    title: str
    subtitle: str = ""
    original_title: str = ""
    authors: tuple[PersonRecord, ...] = ()
    description: str = ""
    language: str = ""
    released: str = ""
    genres: tuple[str, ...] = ()
    ratings_count: int = 0
    average_rating: float = 0.0
    series: tuple[SeriesRef, ...] = ()
    cover: CoverRef | None = None
    editions: tuple[EditionRecord, ...] = ()
    edition_count: int | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    """Kind ("isbn", "asin", a provider's name ...) and value; ISBNs with 13 digits."""
    media: Media = ""
    """In which forms the provider knows it; empty = it does not say."""
    asin: str = ""
    """Of the recording."""
    narrators: tuple[str, ...] = ()
    duration_s: int | None = None
    compilation: bool = False
    """The provider says: a box set, an omnibus, a collection of other works."""


class ProviderCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What can be asked of a provider (metadata.md 3); what it cannot answer is not asked. Every
    provider that has this is able to search works.
    """

    people: bool = False
    """Search persons, with their ids."""
    person: bool = False
    work: bool = False
    author_works: bool = False
    """A person's works by id, page by page."""
    editions: bool = False
    isbn: bool = False


class WorksPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a person's works."""

    works: list[WorkRecord]
    total: int | None = None
    next: str | None = None
    """Opaque cursor of the next page; None = this was the last."""


class SeriesHit(msgspec.Struct, frozen=True, kw_only=True):
    """One series found by its name; `ref` is the wire's `foreignSeriesId`."""

    ref: str
    provider: str
    title: str
    author: str = ""
    book_count: int | None = None
    readers: int = 0
    books: tuple[str, ...] = ()
    """Titles, as far as the search names them."""


class SeriesRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A series and its works in order; each work's `series` holds its position in this one."""

    ref: str
    provider: str
    title: str
    author: str = ""
    book_count: int | None = None
    works: tuple[WorkRecord, ...] = ()
