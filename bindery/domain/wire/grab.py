"""What a grab answers: the download row, as far as it exists at once."""

from bindery.domain.wire import Wire


class GrabbedDownload(Wire, frozen=True, kw_only=True):
    """The keys of the reference's download; the link stays on the server."""

    id: int
    guid: str
    book_id: int | None
    indexer_id: int | None
    download_client_id: int | None
    title: str
    nzb_url: str
    size: int
    status: str
    protocol: str
    quality: str
    format: str
    added_at: str
    trace: str
