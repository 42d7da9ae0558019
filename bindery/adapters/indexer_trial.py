"""The test of an indexer: capabilities, then one small search (acquisition.md 1.2)."""

import trio

from bindery.adapters.failures import OutsideError
from bindery.adapters.protocols import Indexer
from bindery.domain.legs import IndexerReport
from bindery.domain.offers import IndexerCaps, IndexerQuery

PROBE_TEXT = "book"


async def try_indexer(indexer: Indexer, categories: tuple[int, ...]) -> IndexerReport:
    """Two requests; what they found, or why they failed. Raises nothing of the outside's."""
    started = trio.current_time()
    try:
        caps = await indexer.caps()
    except OutsideError as error:
        status = error.params.get("status")
        return IndexerReport(
            ok=False,
            status=status if isinstance(status, int) else 0,
            latency_ms=_ms(started),
            code=error.code,
            params=error.params,
        )
    took = _ms(started)
    found, code = await _probe(indexer, caps, categories)
    return IndexerReport(
        ok=True,
        status=200,
        categories=caps.top_categories or len(caps.categories),
        book_search=caps.book_search,
        supported_params=tuple(caps.book_params or caps.search_params),
        unknown_categories=tuple(
            one for one in categories if caps.categories and one not in caps.categories
        ),
        latency_ms=took,
        search_results=found,
        search_code=code,
    )


async def _probe(
    indexer: Indexer, caps: IndexerCaps, categories: tuple[int, ...]
) -> tuple[int, str | None]:
    known = tuple(one for one in categories if not caps.categories or one in caps.categories)
    query = IndexerQuery(mode="search", text=PROBE_TEXT, categories=known or categories)
    try:
        answer = await indexer.search(query)
    except OutsideError as error:
        return 0, error.code
    return len(answer.releases), None


def _ms(started: float) -> int:
    return round((trio.current_time() - started) * 1000)
