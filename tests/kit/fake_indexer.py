"""A scripted indexer at the Protocol seam: says what it is told, counts what it was asked."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

import trio

from bindery.adapters.failures import OutsideError
from bindery.domain.offers import (
    IndexerAnswer,
    IndexerCaps,
    IndexerQuery,
    Release,
    RequestRecord,
    Transport,
)
from bindery.domain.transfers import Payload

CAPS = IndexerCaps(
    book_search=True,
    book_params=("q", "title", "author"),
    categories={7000: "Books", 7020: "EBook", 3030: "Audiobook"},
    top_categories=2,
)

Script = Callable[[IndexerQuery], list[Release] | OutsideError]


def release(
    title: str = "Ada Quill - The Lantern Ledger (2001) EPUB", guid: str = "", **more: object
) -> Release:
    """A torrent that fits the book of `tests.kit.household` unless it says otherwise."""
    fields = {
        "guid": guid or title,
        "title": title,
        "transport": Transport.TORRENT,
        "link": f"http://feed.test/get/{abs(hash(title))}?apikey=canary-key",
        "size": 2_000_000,
        "seeders": 7,
        "categories": (7020,),
        **more,
    }
    return Release(**fields)  # pyright: ignore[reportArgumentType]


class FakeIndexer:
    """Implements `Indexer`."""

    def __init__(self, script: Script | None = None, *, delay_s: float = 0.1) -> None:
        self.script: Script = script or (lambda _query: [release()])
        self.delay_s = delay_s
        self.caps_answer: IndexerCaps | OutsideError = CAPS
        self.payload: Payload | OutsideError = Payload(kind="torrent", data=b"d", name="x")
        self.queries: list[IndexerQuery] = []
        self.times: list[float] = []
        self.caps_asked = 0
        self.fetched: list[str] = []
        self.opened = 0

    async def __aenter__(self) -> Self:
        self.opened += 1
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    async def caps(self) -> IndexerCaps:
        self.caps_asked += 1
        self.times.append(trio.current_time())
        await trio.sleep(self.delay_s)
        if isinstance(self.caps_answer, OutsideError):
            raise self.caps_answer
        return self.caps_answer

    async def search(self, query: IndexerQuery) -> IndexerAnswer:
        self.queries.append(query)
        self.times.append(trio.current_time())
        await trio.sleep(self.delay_s)
        said = self.script(query)
        url = f"http://feed.test/api?q={query.text or query.title}"
        if isinstance(said, OutsideError):
            said.request = RequestRecord(url=url, code=said.code)
            raise said
        return IndexerAnswer(releases=said, request=RequestRecord(url=url, count=len(said)))

    async def fetch(self, link: str) -> Payload:
        self.fetched.append(link)
        await trio.sleep(self.delay_s)
        if isinstance(self.payload, OutsideError):
            raise self.payload
        return self.payload
