"""Questions to the outside that a request may ask and wait for (architecture.md 6, Asking).

Answered by actors, wired in `service.py`, always with a deadline, never with a write. A `Refusal`
is the outside's "no": `provider_unavailable`, `provider_timeout`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from bindery.domain.catalogue import PersonRecord, WorkRecord
from bindery.domain.legs import IndexerReport
from bindery.domain.refusal import Refusal
from bindery.domain.wire.client import ClientTest
from bindery.store.clients import ClientFields
from bindery.store.indexers import IndexerFields
from bindery.store.notifiers import NotifierFields, NotifierRow

ASK_DEADLINE_S = 15.0


class Lookup(Protocol):
    """What the metadata providers know."""

    async def people(self, text: str) -> Sequence[PersonRecord] | Refusal: ...
    async def works(self, text: str) -> Sequence[WorkRecord] | Refusal: ...
    async def person(self, ref: str) -> PersonRecord | Refusal | None: ...
    async def work(self, ref: str) -> WorkRecord | Refusal | None: ...
    async def by_isbn(self, isbn: str) -> WorkRecord | Refusal | None: ...


class CoverFile(msgspec.Struct, frozen=True):
    """A picture in the cover cache; `tag` changes with its content."""

    path: str
    mime: str
    tag: str


class Covers(Protocol):
    """Pictures of works and persons."""

    async def get(self, url: str, width: int | None = None) -> CoverFile | Refusal | None:
        """The picture of an address that we know or that lies on a provider's cover host. None:
        it is on its way and takes longer than a page can wait.

        `width` asks for the thumbnail. Refusals: `url_not_allowed`, `not_found` when there is none,
        `provider_unavailable`.
        """
        ...


class FoundRoot(msgspec.Struct, frozen=True, kw_only=True):
    """A folder as found. Sizes in bytes; `code` is empty when books can be shelved in it."""

    path: str
    code: str = ""
    marker: str = ""
    device_id: int = 0
    free: int = 0
    total: int = 0
    filesystem: str = ""
    network: bool = False
    writable: bool = False


class Roots(Protocol):
    """The disk, as far as root folders go."""

    async def look(self, path: str, marker: str | None, *, write: bool = False) -> FoundRoot:
        """A look at a folder; `marker` None for one that is being added. `write`: try writing."""
        ...

    async def look_at_all(self, roots: Sequence[tuple[str, str]]) -> list[FoundRoot]:
        """One look at each (path, marker), side by side, nothing written."""
        ...

    async def overlaps(self, path: str, others: Sequence[str]) -> str | None:
        """The first of `others` that is, holds or lies in `path`."""
        ...

    async def reserved(self, path: str) -> bool:
        """Whether it is, holds or lies in a folder of Bindery's own (data, downloads)."""
        ...

    async def mark(self, path: str) -> str | Refusal:
        """Write the marker of a new root, or keep the one it has; answers it."""
        ...


class Prober(Protocol):
    """*Test*: configurations tried out, saved or not; nothing is written."""

    async def test_indexer(
        self, fields: IndexerFields, saved_id: int | None = None
    ) -> IndexerReport | Refusal:
        """`saved_id` when the fields are those of a saved row: asked through its actor."""
        ...

    async def test_client(self, fields: ClientFields) -> ClientTest | Refusal:
        """The connection works and what is odd beside it, or `client_failed` {name, reason}."""
        ...


class Targets(Protocol):
    """Notification targets."""

    async def test(self, fields: NotifierRow | NotifierFields) -> Refusal | None:
        """Send a test event; None when it was taken, else `notifier_failed` {name, reason}."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All of them, as `service.py` gives them to HTTP."""

    lookup: Lookup
    covers: Covers
    roots: Roots
    prober: Prober
    targets: Targets
