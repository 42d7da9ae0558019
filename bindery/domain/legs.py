"""What the actor of an indexer is asked, and what it answers: plain data between actors.

Sources: acquisition.md 1.2, 2 and 3; architecture.md 7 (`indexer`).
"""

import msgspec

from bindery.domain.offers import Release, RequestRecord
from bindery.domain.refusal import Params
from bindery.domain.wanted import WantedWork


class AskLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One indexer's part of a search; answered with a `LegAnswer`, never with an error.

    Either `works` (one per wanted format), a free `text`, or the `latest` releases of all books.
    `deadline` is trio time: what has
    come by then is the answer. `by_person` goes before sweeps and does not read the cache.
    """

    works: tuple[WantedWork, ...] = ()
    text: str = ""
    deadline: float
    by_person: bool = False
    latest: bool = False
    known: frozenset[str] = frozenset()
    """Marks of releases seen before: `latest` turns pages until one of them shows."""


class LegAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one indexer brought. `code` says why it brought less than it could, or nothing."""

    releases: tuple[Release, ...] = ()
    requests: tuple[RequestRecord, ...] = ()
    code: str | None = None
    params: Params = {}
    skipped: bool = False
    """Not asked at all: it is held until `params.until`."""


class FetchLink(msgspec.Struct, frozen=True):
    """Fetch what a release's link names; answered with a `Payload`, or an `OutsideError`."""

    link: str


class ProbeIndexer(msgspec.Struct, frozen=True):
    """Test the connection now; answered with an `IndexerReport`."""


class IndexerReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a test of an indexer found (acquisition.md 1.2).

    `status` is the HTTP status of the capabilities, 0 without a connection. `code` and `params`
    say what failed. `unknown_categories` are configured ids that the indexer does not list.
    """

    ok: bool
    status: int = 0
    categories: int = 0
    book_search: bool = False
    supported_params: tuple[str, ...] = ()
    unknown_categories: tuple[int, ...] = ()
    latency_ms: int = 0
    search_results: int = 0
    search_code: str | None = None
    code: str | None = None
    params: Params = {}
