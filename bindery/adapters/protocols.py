"""The seams to the outside world: one Protocol per kind of partner (architecture.md 10).

Implementations are small: typed request in, typed result out, or an `OutsideError`. No retries,
no back-off, no knowledge of the store; the actor that owns one decides when to call again.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from bindery.domain.catalogue import (
    CoverRef,
    EditionRecord,
    PersonRecord,
    ProviderCapabilities,
    SeriesHit,
    SeriesRecord,
    WorkRecord,
    WorksPage,
)
from bindery.domain.offers import IndexerAnswer, IndexerCaps, IndexerQuery
from bindery.domain.transfers import (
    AddOptions,
    Ambiguous,
    ClientCapabilities,
    ClientInfo,
    Payload,
    RemoteFile,
    RemoteId,
    RemoteItem,
    Snapshot,
)


class Closing(Protocol):
    """Adapters own connections; they are opened by `async with`."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Indexer(Closing, Protocol):
    """A source of releases."""

    async def caps(self) -> IndexerCaps: ...
    async def search(self, query: IndexerQuery) -> IndexerAnswer: ...
    async def fetch(self, link: str) -> Payload:
        """Fetch what a release's link names: torrent bytes, a magnet, an NZB, or the checked URL
        of a plain file for the built-in client.
        """
        ...


class DownloadClient(Closing, Protocol):
    """A program that downloads."""

    capabilities: ClientCapabilities

    async def probe(self) -> ClientInfo: ...
    async def add(self, payload: Payload, options: AddOptions) -> RemoteId: ...
    async def find(
        self, token: str, hashes: tuple[str, ...], name: str
    ) -> RemoteItem | Ambiguous | None:
        """Whether the client already has our item; decides after a crash, never a blind add."""
        ...

    async def snapshot(self, ours: Sequence[RemoteId] = ()) -> Snapshot:
        """One complete look at everything of ours in the client. `ours`: the ids that we follow,
        for clients that cannot show everything at once.
        """
        ...

    async def files(self, id: RemoteId) -> list[RemoteFile]: ...
    async def remove(self, id: RemoteId, *, with_data: bool) -> None: ...
    async def pause(self, id: RemoteId) -> None: ...
    async def resume(self, id: RemoteId) -> None: ...
    async def set_category(self, id: RemoteId, category: str) -> None: ...


@runtime_checkable
class LimitsSeeding(Protocol):
    """A client that can be told of one item how long to seed (capability `seed_ratio`)."""

    async def limit_seeding(self, id: RemoteId, ratio: float) -> None:
        """Seed up to this ratio; -1 = without end. Telling it again changes nothing."""
        ...


@runtime_checkable
class Running(Protocol):
    """A client that does the work itself: `run()` belongs into a nursery of whoever opened it."""

    async def run(self) -> None:
        """Work until cancelled."""
        ...


class MetadataProvider(Closing, Protocol):
    """A catalogue of persons, works and editions. What its `capabilities` do not name answers
    with nothing and asks nobody.
    """

    name: str
    capabilities: ProviderCapabilities

    async def search_people(self, text: str, limit: int = 20) -> list[PersonRecord]: ...
    async def search_works(self, text: str, limit: int = 20) -> list[WorkRecord]: ...
    async def person(self, ref: str) -> PersonRecord | None: ...
    async def works(self, person_ref: str, cursor: str | None = None) -> WorksPage: ...
    async def work(self, ref: str) -> WorkRecord | None: ...
    async def editions(self, work_ref: str) -> list[EditionRecord]: ...
    async def by_isbn(self, isbn: str) -> WorkRecord | None: ...


@runtime_checkable
class WorksByName(Protocol):
    """A provider that lists an author's works by the author's name (Hardcover, Audible)."""

    async def works_by(self, name: str) -> WorksPage:
        """Everything it has of that author in one page; `total` above its length = it was cut
        short, or a page of it failed.
        """
        ...


@runtime_checkable
class WorkByAsin(Protocol):
    """A provider that knows recordings by their ASIN (Audnex, Audible)."""

    async def by_asin(self, asin: str) -> WorkRecord | None: ...


@runtime_checkable
class CoverByIsbn(Protocol):
    """A provider that has pictures by ISBN (DNB)."""

    async def cover_by_isbn(self, isbn: str) -> CoverRef | None: ...


@runtime_checkable
class SeriesCatalogue(Protocol):
    """A provider that knows series as such (Hardcover)."""

    async def search_series(self, text: str, limit: int = 10) -> list[SeriesHit]: ...
    async def series(self, ref: str) -> SeriesRecord | None: ...


class Image(Protocol):
    """A fetched picture."""

    data: bytes
    mime: str


class Notifier(Closing, Protocol):
    """A target of notifications."""

    async def send(self, event: Mapping[str, object], *, delivery_id: str) -> None:
        """Deliver one event. `delivery_id` is stable over retries (sent as a header)."""
        ...
