"""Books with their slots, files and editions (catalogue.md 1.2, 1.3, 3.3)."""

from msgspec import UNSET, UnsetType

from bindery.domain.wire import Wire
from bindery.domain.wire.author import AuthorRef


class BookFile(Wire, frozen=True, kw_only=True):
    """One file that fills a slot. Sizes in bytes."""

    id: int
    book_id: int
    format: str
    path: str
    size_bytes: int
    quality: str
    language: str
    duration_seconds: int | None
    sha256: str
    disc: int
    track: int
    missing: bool
    created_at: str


class FormatDownload(Wire, frozen=True, kw_only=True):
    """The download under way for a slot."""

    id: int
    state: str


class FormatState(Wire, frozen=True, kw_only=True):
    """One slot. `state` is missing, pending, downloading, importing, available, upgrading,
    failed or skipped.
    """

    slot_id: int
    format: str
    wanted: bool
    monitored: bool
    state: str
    quality_profile_id: int | None
    root_folder_id: int | None
    edition_id: int | None
    file_count: int
    size_on_disk: int
    last_search_at: str | None
    search_count: int
    next_search_at: str | None
    download: FormatDownload | UnsetType = UNSET
    files: list[BookFile] | UnsetType = UNSET
    quality: str | UnsetType | None = UNSET


class Edition(Wire, frozen=True, kw_only=True):
    """One published form of the work."""

    id: int
    foreign_edition_id: str
    book_id: int
    title: str
    isbn13: str | None
    isbn10: str | None
    asin: str | None
    publisher: str
    publish_date: str | None
    format: str
    num_pages: int | None
    language: str
    image_url: str
    is_ebook: bool
    edition_information: str
    narrators: list[str]
    monitored: bool
    created_at: str | None
    updated_at: str | None


class BookAuthor(Wire, frozen=True, kw_only=True):
    """Somebody who had a part in the work; `id` is null when the library has no such author."""

    id: int | None
    author_name: str
    role: str
    position: int


class BookSeries(Wire, frozen=True, kw_only=True):
    """A series that the book belongs to."""

    id: int
    title: str
    position: str
    primary: bool


class BookIdentifiers(Wire, frozen=True, kw_only=True):
    """Numbers of the work's editions."""

    isbn13: list[str]
    isbn10: list[str]
    asin: list[str]


class Book(Wire, frozen=True, kw_only=True):
    """One library's entry for a work. Absent keys belong to the detail."""

    id: int
    foreign_book_id: str
    author_id: int
    title: str
    sort_title: str
    subtitle: str
    original_title: str
    description: str
    image_url: str
    release_date: str | None
    release_precision: str | None
    genres: list[str]
    average_rating: float
    ratings_count: int
    monitored: bool
    status: str
    any_edition_ok: bool = True
    selected_edition_id: int | None
    file_path: str
    ebook_file_path: str
    audiobook_file_path: str
    language: str
    media_type: str
    narrator: str
    duration_seconds: int
    asin: str
    metadata_provider: str
    last_metadata_refresh_at: str | None
    added: str
    imported_at: str | None
    created_at: str
    updated_at: str
    rev: int
    locked_fields: list[str]
    excluded: bool
    author: AuthorRef | None
    formats: list[FormatState]
    series: list[BookSeries]
    last_search_at: str | None
    search_count: int
    book_files: list[BookFile] | UnsetType = UNSET
    editions: list[Edition] | UnsetType = UNSET
    authors: list[BookAuthor] | UnsetType = UNSET
    identifiers: BookIdentifiers | UnsetType = UNSET
    history: list[object] | UnsetType = UNSET
    publisher: str | UnsetType = UNSET
    page_count: int | UnsetType | None = UNSET
    owner_user_id: int | UnsetType | None = UNSET
    job_id: str | UnsetType = UNSET


class FoundBook(Wire, frozen=True, kw_only=True):
    """A hit at the providers. `library_id` is set when the library has this book."""

    id: int = 0
    foreign_book_id: str
    title: str
    subtitle: str
    original_title: str
    description: str
    image_url: str
    release_date: str | None
    genres: list[str]
    language: str
    average_rating: float
    ratings_count: int
    media_type: str
    asin: str
    metadata_provider: str
    author: AuthorRef | None
    editions: list[Edition]
    library_id: int | None
