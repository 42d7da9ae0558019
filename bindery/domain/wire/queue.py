"""The queue: the native list of old clients, the live rows, the *arr record.

Sources: downloads-and-import.md 3.4-3.5, ui.md 7.4, catalogue.md 6.3.
"""

from bindery.domain.wire import Reason, Wire
from bindery.domain.wire.history import BookRef


class QueueRow(Wire, frozen=True, kw_only=True):
    """One download as the browser follows it. Sizes in bytes, `speed` bytes/s, `eta` seconds.

    `overlay` is the client's own word (paused, stalled ...); `stale`: the client does not answer.
    """

    id: int
    book_id: int | None
    title: str
    author_id: int | None
    author_name: str
    release: str
    state: str
    stage: str
    overlay: str
    protocol: str
    format: str
    quality: str
    indexer: str
    client_id: int | None
    client: str
    size: int | None
    done: int | None
    percent: float | None
    speed: int | None
    eta: int | None
    seeders: int | None
    error: Reason | None
    next_step_at: str | None
    added_at: str
    state_since: str
    stale: bool


class QueueItem(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """One row of `GET /queue`: the reference's keys, then ours."""

    id: int
    guid: str
    book_id: int | None
    edition_id: int | None
    indexer_id: int | None
    download_client_id: int | None
    title: str
    nzb_url: str
    size: int
    sabnzbd_nzo_id: str | None
    torrent_id: str | None
    status: str
    protocol: str
    quality: str
    indexer_flags: str
    error_message: str
    added_at: str
    grabbed_at: str | None
    completed_at: str | None
    imported_at: str | None
    import_retry_count: int
    remote_id: str | None
    stage: str
    format: str
    percentage: str = ""
    time_left: str = ""
    speed: str = ""
    percent: float | None = None
    eta_seconds: int | None = None
    bytes_per_second: int | None = None
    error: Reason | None = None
    next_step_at: str | None = None
    book: BookRef | None = None


class StaleClient(Wire, frozen=True, kw_only=True):
    """A client whose rows show what it last told."""

    client_id: int
    name: str
    message: str


class Queue(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """The native queue. `partial` when a client does not answer."""

    items: list[QueueItem]
    partial: bool = False
    stale_clients: tuple[StaleClient, ...] = ()


class ArrMessage(Wire, frozen=True, kw_only=True):
    """One cause, with its texts."""

    title: str
    messages: list[str]


class ArrRecord(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """One record of `/api/queue`: the reference's keys and all of Readarr's."""

    id: int
    book_id: int
    author_id: int
    title: str
    status: str
    tracked_download_status: str
    tracked_download_state: str
    status_messages: list[ArrMessage]
    error_message: str
    size: int
    sizeleft: int
    download_client: str
    download_id: str
    protocol: str
    indexer: str
    output_path: str
    added: str
    quality: dict[str, object]
    custom_formats: list[object]
    custom_format_score: int
    download_forced: bool
    download_client_has_post_import_category: bool
    timeleft: str | None = None
    estimated_completion_time: str | None = None


class ArrQueue(Wire, frozen=True, kw_only=True):
    """The envelope; all six keys always."""

    page: int
    page_size: int
    sort_key: str
    sort_direction: str
    total_records: int
    records: list[ArrRecord]
