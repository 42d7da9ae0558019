"""The activity history as the wire tells it (catalogue.md 1.5)."""

from bindery.domain.wire import Wire


class BookRef(Wire, frozen=True, kw_only=True):
    """A book in passing."""

    id: int
    title: str
    author_id: int | None
    author_name: str


class HistoryEvent(Wire, frozen=True, kw_only=True):
    """`data` is JSON in a string, as old clients read it; `details` is the same as an object.

    `image_url` is the book's cover as it is now, "" without one.
    """

    id: int
    book_id: int | None
    event_type: str
    source_title: str
    data: str
    details: dict[str, object]
    created_at: str
    book: BookRef | None
    image_url: str
    author_id: int | None
    download_id: int | None
    indexer: str
    client: str
    protocol: str
    format: str
    quality: str
    size: int | None
    code: str | None
    by: str | None
    trace: str
