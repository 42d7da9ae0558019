"""The metadata actor: four lanes of commands and the questions of requests."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import trio

from bindery.actors.metadata.covers import CoverCache
from bindery.actors.metadata.editions import Editions
from bindery.actors.metadata.gate import Gate, Memory
from bindery.actors.metadata.ports import CoverQuestion, Question
from bindery.actors.metadata.sync import AuthorSweep, AuthorSyncs
from bindery.adapters.failures import OutsideError
from bindery.adapters.protocols import MetadataProvider
from bindery.domain.catalogue import PersonRecord, WorkRecord
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.operations.authors import SYNC
from bindery.operations.editions import FETCH
from bindery.runtime.mailbox import Envelope, Inbox
from bindery.store.lanes import Lane
from bindery.store.store import Store

ASKERS = 8
"""Questions in hand at once, of each sort: covers never hold up a search."""
COVER_PLACES = 3
MOST_HITS = 20

OpenProvider = Callable[[Callable[[], Awaitable[None]]], MetadataProvider]
"""Makes the provider; it awaits what it is given before each single request."""


class MetadataActor:
    """Owns the provider, its gate and what was learnt in the last minutes."""

    def __init__(
        self,
        store: Store,
        *,
        open_provider: OpenProvider,
        board: Board,
        hub: Hub,
        covers: Callable[[], AbstractAsyncContextManager[CoverCache]],
    ) -> None:
        self._store = store
        self._open_provider = open_provider
        self._board = board
        self._hub = hub
        self._covers = covers
        self._gate = Gate()
        self._memory = Memory()

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop."""
        async with (
            self._open_provider(self._gate.before_request) as provider,
            self._covers() as cache,
        ):
            ready()
            syncs = AuthorSyncs(self._store, self._board, self._hub, provider, self._gate)
            sync_lane = Lane(self._store, [SYNC])
            sweep_lane = Lane(self._store, ["authors.sweep"])
            editions = Editions(self._store, provider, self._gate)
            edition_lane = Lane(self._store, [FETCH])
            cover_lane = Lane(self._store, ["cover.fetch"], places=COVER_PLACES)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(sync_lane.run, syncs.handle, inbox.wait_closing)
                nursery.start_soon(
                    sweep_lane.run, AuthorSweep(self._store).handle, inbox.wait_closing
                )
                nursery.start_soon(edition_lane.run, editions.handle, inbox.wait_closing)
                nursery.start_soon(cover_lane.run, cache.handle, inbox.wait_closing)
                await self._answer_all(inbox, provider, cache)

    async def _answer_all(
        self, inbox: Inbox[Any], provider: MetadataProvider, cache: CoverCache
    ) -> None:
        for_covers, for_records = trio.CapacityLimiter(ASKERS), trio.CapacityLimiter(ASKERS)
        async with trio.open_nursery() as nursery:
            async for envelope in inbox:
                places = for_covers if isinstance(envelope.msg, CoverQuestion) else for_records
                nursery.start_soon(self._answer, envelope, provider, cache, places)
            nursery.cancel_scope.cancel(reason="the actor stops: who asked is told")

    async def _answer(
        self,
        envelope: Envelope[Any],
        provider: MetadataProvider,
        cache: CoverCache,
        places: trio.CapacityLimiter,
    ) -> None:
        async with places:
            if envelope.cancelled:
                # Nobody waits any more: out of hand with it.
                envelope.answer(None)
                return
            match envelope.msg:
                case CoverQuestion(url):
                    envelope.answer(await cache.answer(url))
                case Question() as question:
                    envelope.answer(await self._look_up(question, provider))
                case other:
                    envelope.fail(TypeError(f"not a question: {type(other).__name__}"))

    async def _look_up(self, question: Question, provider: MetadataProvider) -> object:
        key = (question.what, question.text.casefold().strip())
        try:
            found = await self._memory.get(
                key, lambda: self._gate.call(lambda: _ask(provider, question))
            )
        except OutsideError as error:
            return _unavailable(error, provider.name)
        return found


async def _ask(
    provider: MetadataProvider, question: Question
) -> list[PersonRecord] | list[WorkRecord] | PersonRecord | WorkRecord | None:
    match question.what:
        case "people":
            return await provider.search_people(question.text, MOST_HITS)
        case "works":
            return await provider.search_works(question.text, MOST_HITS)
        case "person":
            return await provider.person(question.text)
        case "work":
            return await provider.work(question.text)
        case "isbn":
            return await provider.by_isbn(question.text)


def _unavailable(error: OutsideError, provider: str) -> Refusal:
    return refuse(Code.PROVIDER_UNAVAILABLE, provider=provider, reason=error.code)
