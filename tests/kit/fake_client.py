"""A download client at the Protocol's seam, played by the test."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import trio

from bindery.adapters.failures import OutsideError
from bindery.domain.offers import Transport
from bindery.domain.transfers import (
    AddOptions,
    Ambiguous,
    ClientCapabilities,
    ClientInfo,
    Payload,
    RemoteFile,
    RemoteId,
    RemoteItem,
    RemoteState,
    Snapshot,
)
from bindery.runtime.clock import Clock


class FakeClient:
    """Keeps items in memory; `down` is raised by every call while it is set."""

    capabilities = ClientCapabilities(
        transports=(Transport.TORRENT,), payload_kinds=("torrent", "magnet"), files=True
    )

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.items: dict[RemoteId, RemoteItem] = {}
        self.listed: dict[RemoteId, list[RemoteFile]] = {}
        self.down: OutsideError | None = None
        self.refuses: OutsideError | None = None
        self.ambiguous = False
        self.complete = True
        self.hidden = False
        self.limited: list[tuple[RemoteId, float]] = []
        self.limits_nothing: OutsideError | None = None
        self.added: list[AddOptions] = []
        self.removed: list[tuple[RemoteId, bool]] = []
        self.snapshots = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def _answer(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.down is not None:
            raise self.down

    async def probe(self) -> ClientInfo:
        await self._answer()
        return ClientInfo(version="fake")

    async def add(self, payload: Payload, options: AddOptions) -> RemoteId:
        await self._answer()
        if self.refuses is not None:
            raise self.refuses
        self.added.append(options)
        remote_id = payload.info_hash_v1 or options.token
        self.items[remote_id] = RemoteItem(
            id=remote_id,
            name=options.title,
            state=RemoteState.DOWNLOADING,
            info_hash_v1=payload.info_hash_v1,
            percent=0.0,
        )
        return remote_id

    async def find(
        self, token: str, hashes: tuple[str, ...], name: str
    ) -> RemoteItem | Ambiguous | None:
        await self._answer()
        if self.ambiguous:
            return Ambiguous(ids=("a", "b"))
        names = {token, *hashes}
        return next((item for item in self.items.values() if item.id in names), None)

    async def snapshot(self, ours: Sequence[RemoteId] = ()) -> Snapshot:
        self.snapshots += 1
        await self._answer()
        items = [] if self.hidden else list(self.items.values())
        return Snapshot(items=items, complete=self.complete, at=self.clock.now_us())

    async def files(self, id: RemoteId) -> list[RemoteFile]:
        await self._answer()
        return self.listed.get(id, [])

    async def remove(self, id: RemoteId, *, with_data: bool) -> None:
        await self._answer()
        self.removed.append((id, with_data))
        self.items.pop(id, None)

    async def limit_seeding(self, id: RemoteId, ratio: float) -> None:
        await self._answer()
        self.limited.append((id, ratio))
        if self.limits_nothing is not None:
            raise self.limits_nothing

    async def pause(self, id: RemoteId) -> None:
        await self._answer()

    async def resume(self, id: RemoteId) -> None:
        await self._answer()

    async def set_category(self, id: RemoteId, category: str) -> None:
        await self._answer()
