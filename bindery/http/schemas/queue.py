"""Request bodies and queries of the queue routes."""

from __future__ import annotations

from bindery.http.wire import Wire


class RemoveQuery(Wire):
    """Options of a removal; Readarr's names are taken too. Text, since old tools send `True`."""

    delete_files: str | None = None
    remove_from_client: str | None = None
    blocklist: str | None = None
    skip_redownload: str | None = None


class BulkRemove(Wire):
    """`ids` at most 1,000."""

    ids: list[int]
    delete_files: bool = False
    unmonitor_books: bool = False
    blocklist: bool = False


class BulkOutcome(Wire, omit_defaults=True):
    """What became of one id."""

    ok: bool
    error: str = ""


class BulkRemoved(Wire):
    """Independent outcomes, one per id."""

    results: dict[str, BulkOutcome]


class Accepted(Wire):
    """The reference's answer to a retry."""

    ok: bool


class ArrQuery(Wire):
    """Query of `/api/queue`; everything is text and lenient."""

    page: str | None = None
    page_size: str | None = None
    sort_key: str | None = None
    sort_direction: str | None = None
    dialect: str | None = None
