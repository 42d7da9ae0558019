"""Indexers as the wire shows them: key masked (acquisition.md 1.1-1.2)."""

from bindery.domain.wire import Reason, Wire


class IndexerHealth(Wire, frozen=True, kw_only=True):
    """What its actor learnt: unknown, ok, failing, held or disabled."""

    status: str
    ok_at: str | None
    failed_at: str | None
    held_until: str | None
    reason: Reason | None


class Indexer(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """`apiKey` is eight asterisks when there is one; sent back, it changes nothing."""

    id: int
    name: str
    type: str
    url: str
    api_key: str
    api_key_configured: bool
    categories: tuple[int, ...]
    include_parent_categories: bool
    priority: int
    enabled: bool
    supports_search: bool
    freeleech_only: bool
    timeout_s: int
    created_at: str
    updated_at: str
    rev: int
    health: IndexerHealth
    seed_ratio: float | None = None
    seed_ratio_source: str = ""


class IndexerTest(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to *Test*: 200 also when the indexer failed. Texts are for tools."""

    ok: bool
    status: int
    categories: int
    book_search: bool
    latency_ms: int
    search_results: int
    supported_params: tuple[str, ...] = ()
    unknown_categories: tuple[int, ...] = ()
    search_error: str = ""
    message: str = ""
    error: str = ""
    code: str = ""
    params: dict[str, object] = {}  # noqa: RUF012 - msgspec copies it
