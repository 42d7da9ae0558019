"""Series (catalogue.md 1.4)."""

from msgspec import UNSET, UnsetType

from bindery.domain.wire import Wire
from bindery.domain.wire.book import Book


class SeriesBook(Wire, frozen=True, kw_only=True):
    """A book's place in a series."""

    series_id: int
    book_id: int
    position_in_series: str
    primary_series: bool
    book: Book | UnsetType = UNSET


class Series(Wire, frozen=True, kw_only=True):
    """One series with the books the caller may see."""

    id: int
    foreign_series_id: str
    title: str
    description: str
    monitored: bool = False
    genre_override_set: bool = False
    created_at: str
    books: list[SeriesBook] | UnsetType = UNSET
