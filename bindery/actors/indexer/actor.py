"""The actor of one indexer: its budget, its holds, its capabilities (acquisition.md 2 and 3)."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import structlog
import trio

from bindery.actors.indexer.desk import PLACES, SPACING_S, Desk, OutOfTime
from bindery.actors.indexer.legs import LegRun
from bindery.actors.indexer.standing import Standing
from bindery.adapters.failures import OutsideError, RateLimited, Unavailable
from bindery.adapters.indexer_trial import try_indexer
from bindery.adapters.protocols import Indexer
from bindery.domain.legs import AskLeg, FetchLink, IndexerReport, ProbeIndexer
from bindery.runtime.compute import Compute
from bindery.runtime.mailbox import Envelope, Inbox
from bindery.runtime.supervisor import Child
from bindery.store import indexers
from bindery.store.indexers import IndexerRow
from bindery.store.store import Store

OpenIndexer: TypeAlias = Callable[[IndexerRow], AbstractAsyncContextManager[Indexer]]
"""Makes the adapter for a row."""

BOUND = 256
FINISH_S = 4.0
"""At a stop or a change of configuration what is under way gets this long."""
TRIAL_S = 15.0

_log = structlog.get_logger(__name__)


def indexer_child(
    name: str, store: Store, opener: OpenIndexer, *, compute: Compute, tier: int
) -> Child:
    """The child `indexer:<id>` for the roster."""
    indexer_id = int(name.partition(":")[2])

    def make() -> IndexerActor:
        return IndexerActor(store, indexer_id, opener, compute=compute)

    return Child(name, make, tier=tier, bound=BOUND)


class IndexerActor:
    """Answers `AskLeg`, `FetchLink` and `ProbeIndexer`."""

    def __init__(
        self,
        store: Store,
        indexer_id: int,
        opener: OpenIndexer,
        *,
        compute: Compute,
        spacing_s: float = SPACING_S,
    ) -> None:
        self._store = store
        self._id = indexer_id
        self._open = opener
        self._compute = compute
        self._spacing_s = spacing_s
        self._busy = 0
        self._idle = trio.Event()

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop, or until the roster replaces it for a changed row."""
        row = self._store.read(lambda reader: indexers.get(reader, self._id))
        if row is None:
            # Deleted between the roster's look and now: the roster stops this child soon.
            ready()
            async for envelope in inbox:
                envelope.fail(RateLimited("indexer_gone"))
            return
        standing = Standing(self._store, row)
        desk = Desk(self._spacing_s)
        async with self._open(row) as indexer, trio.open_nursery() as nursery:
            for _place in range(PLACES):
                nursery.start_soon(desk.serve)
            nursery.start_soon(desk.serve_express)
            ready()
            async for envelope in inbox:
                self._busy += 1
                nursery.start_soon(self._serve, envelope, desk, indexer, standing)
            with trio.move_on_after(FINISH_S):
                while self._busy:
                    self._idle = trio.Event()
                    await self._idle.wait()
            nursery.cancel_scope.cancel(reason="the indexer's actor stops")

    async def _serve(
        self, envelope: Envelope[Any], desk: Desk, indexer: Indexer, standing: Standing
    ) -> None:
        try:
            match envelope.msg:
                case AskLeg() as ask:
                    run = LegRun(ask, standing, desk, indexer, self._compute)
                    envelope.answer(await run.answer())
                case FetchLink(link):
                    await self._fetch(envelope, link, desk, indexer, standing)
                case ProbeIndexer():
                    await self._try(envelope, desk, indexer, standing)
                case other:
                    message = f"an indexer is not asked {type(other).__name__}"
                    raise TypeError(message)
        finally:
            self._busy -= 1
            self._idle.set()

    async def _fetch(
        self,
        envelope: Envelope[Any],
        link: str,
        desk: Desk,
        indexer: Indexer,
        standing: Standing,
    ) -> None:
        """The send step of a grab. A rate limit counts against the indexer, and holds for it."""
        held = standing.held()
        if held is not None and held.code == RateLimited.code:
            envelope.fail(RateLimited(retry_after_s=held.seconds))
            return

        async def call() -> object:
            return await indexer.fetch(link)

        try:
            payload = await desk.ask(
                ("fetch", link), call, urgent=True, deadline=trio.current_time() + 3_600
            )
        except OutOfTime:
            envelope.fail(Unavailable("timeout"))
            return
        except OutsideError as error:
            if isinstance(error, RateLimited):
                await standing.failed(error)
            envelope.fail(error)
            return
        envelope.answer(payload)

    async def _try(
        self, envelope: Envelope[Any], desk: Desk, indexer: Indexer, standing: Standing
    ) -> None:
        """A test that a person asked for: also while held, and a success lifts the hold."""

        async def call() -> object:
            return await try_indexer(indexer, standing.row.categories)

        deadline = trio.current_time() + 2 * TRIAL_S
        try:
            report = await desk.ask("trial", call, urgent=True, deadline=deadline, paced=False)
        except OutOfTime:
            envelope.answer(IndexerReport(ok=False, code="timeout"))
            return
        if report.ok:
            await standing.worked(always=True)
        envelope.answer(report)
