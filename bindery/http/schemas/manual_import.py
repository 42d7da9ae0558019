"""Bodies of the manual import routes."""

from __future__ import annotations

from bindery.http.wire import Wire


class MatchRequest(Wire):
    """Which download is which book."""

    download_id: int
    book_id: int


class MatchResult(Wire):
    """`imported`: it stands on the shelf now. `retryQueued`: the importer is at it."""

    imported: bool
    retry_queued: bool
