"""Releases that are not to be grabbed again (acquisition.md 1.6)."""

from bindery.domain.wire import Wire


class BlocklistEntry(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """`reason` is the code again, for old clients."""

    id: int
    book_id: int | None
    guid: str
    title: str
    indexer_id: int | None
    reason: str
    code: str
    created_at: str
    protocol: str
    size: int | None
    info_hash: str | None
    params: dict[str, object]
    created_by_user_id: int | None = None
    expires_at: str | None = None
