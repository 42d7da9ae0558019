"""Authors (catalogue.md 1.1)."""

from msgspec import UNSET, UnsetType

from bindery.domain.wire import Reason, Wire


class FormatCounts(Wire, frozen=True, kw_only=True):
    """Books of one format."""

    wanted: int = 0
    available: int = 0


class AuthorStatistics(Wire, frozen=True, kw_only=True):
    """Books that are not excluded; sizes in bytes."""

    book_count: int
    available_book_count: int
    wanted_book_count: int
    ebook: FormatCounts | UnsetType = UNSET
    audiobook: FormatCounts | UnsetType = UNSET
    size_on_disk: int | UnsetType = UNSET


class AuthorAlias(Wire, frozen=True, kw_only=True):
    """Another name of the author."""

    id: int
    author_id: int
    name: str
    source_ol_id: str | UnsetType = UNSET
    created_at: str


class Identifier(Wire, frozen=True, kw_only=True):
    """One foreign id."""

    provider: str
    foreign_id: str


class SyncState(Wire, frozen=True, kw_only=True):
    """A catalogue sync under way: `queued`, `running`, `waiting` (it failed and tries again)."""

    job_id: str
    state: str
    phase: str = ""
    done: int = 0
    total: int | None = None
    next_try_at: str | None = None
    error: Reason | None = None


class Author(Wire, frozen=True, kw_only=True):
    """One library's entry for a person. Absent keys belong to other answers (list, detail)."""

    id: int
    foreign_author_id: str
    author_name: str
    sort_name: str
    description: str
    image_url: str
    disambiguation: str
    ratings_count: int
    average_rating: float
    monitored: bool
    monitor_mode: str
    monitor_latest_count: int
    monitor_new_items: str
    media_type: str
    quality_profile_id: int | None
    metadata_profile_id: int | None
    root_folder_id: int | None
    audiobook_root_folder_id: int | None
    metadata_provider: str
    last_metadata_refresh_at: str | None
    created_at: str
    updated_at: str
    rev: int
    statistics: AuthorStatistics | UnsetType = UNSET
    books: list[object] | UnsetType = UNSET
    aliases: list[AuthorAlias] | UnsetType = UNSET
    identifiers: list[Identifier] | UnsetType = UNSET
    monitored_series_ids: list[int] | UnsetType = UNSET
    last_sync: object | UnsetType = UNSET
    sync: SyncState | UnsetType | None = UNSET
    owner_user_id: int | UnsetType | None = UNSET
    job_id: str | UnsetType = UNSET


class AuthorRef(Wire, frozen=True, kw_only=True):
    """An author in passing."""

    id: int | None
    foreign_author_id: str
    author_name: str
    sort_name: str = ""


class FoundAuthor(Wire, frozen=True, kw_only=True):
    """A hit at the providers. `library_id` is set when the library has this author."""

    id: int = 0
    foreign_author_id: str
    author_name: str
    sort_name: str
    description: str
    image_url: str
    disambiguation: str
    ratings_count: int
    average_rating: float
    metadata_provider: str
    top_work: str
    work_count: int | None
    library_id: int | None
    statistics: AuthorStatistics | UnsetType = UNSET
