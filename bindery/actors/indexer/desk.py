"""The request desk of one indexer: pacing, order, and each question asked once.

At least 2 s between the starts of two requests (acquisition.md 2.1, Better), persons before
sweeps. Equal questions share one request, but not each other's cancellation (2.8, Better).
"""

import heapq
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from itertools import count
from typing import Any

import trio

from bindery.adapters.failures import OutsideError
from bindery.domain.offers import IndexerAnswer

SPACING_S = 2.0
PLACES = 2
"""Requests under way at once: one that stalls does not stop the rest."""
FRESH_S = 90.0
_MOST_EXPRESS = 16
MOST_KEPT = 4_000
"""Releases kept in remembered answers."""


class OutOfTime(Exception):
    """The asker's deadline came first; says nothing about the indexer."""


class _Ticket:
    """One question and whoever waits for its answer."""

    def __init__(self, key: Hashable, call: Callable[[], Awaitable[Any]]) -> None:
        self.key = key
        self.call = call
        self.waiters = 0
        self.started = False
        self.done = trio.Event()
        self.value: Any = None
        self.error: OutsideError | None = None


class Desk:
    """Takes questions; `serve` runs them, in as many tasks as there are places."""

    def __init__(self, spacing_s: float = SPACING_S) -> None:
        self._spacing_s = spacing_s
        self._next_start = 0.0
        self._turn = trio.Lock()
        self._parked = trio.lowlevel.ParkingLot()
        self._heap: list[tuple[bool, int, _Ticket]] = []
        self._numbers = count()
        self._open: dict[Hashable, _Ticket] = {}
        # Capabilities and trials: rare, so they neither wait for a turn nor take one.
        self._express_in, self._express_out = trio.open_memory_channel[_Ticket](_MOST_EXPRESS)
        self._kept: OrderedDict[Hashable, tuple[float, IndexerAnswer]] = OrderedDict()

    async def ask(
        self,
        key: Hashable,
        call: Callable[[], Awaitable[Any]],
        *,
        urgent: bool,
        deadline: float,
        fresh: bool = True,
        paced: bool = True,
    ) -> Any:
        """The answer of `call`, made once for all who ask for `key` meanwhile.

        Not `fresh`: an answer of the last 90 s will do. Not `paced`: at once. Raises `OutOfTime`
        at `deadline`, and the `OutsideError`s of the call.
        """
        kept = None if fresh else self._remembered(key)
        if kept is not None:
            await trio.lowlevel.checkpoint()
            return kept
        ticket = self._open.get(key)
        if ticket is None:
            ticket = self._open[key] = _Ticket(key, call)
            if not paced:
                ticket.started = True
                self._express_in.send_nowait(ticket)
        if not ticket.started:
            # Again for a ticket that waits already: an urgent asker moves it forward.
            heapq.heappush(self._heap, (not urgent, next(self._numbers), ticket))
            self._parked.unpark()
        ticket.waiters += 1
        try:
            with trio.move_on_at(deadline):
                await ticket.done.wait()
        finally:
            ticket.waiters -= 1
        if not ticket.done.is_set():
            raise OutOfTime
        if ticket.error is not None:
            raise ticket.error
        return ticket.value

    async def serve(self) -> None:
        """Run questions, one after the other; never returns."""
        while True:
            async with self._turn:
                ticket = await self._next()
                self._next_start = trio.current_time() + self._spacing_s
            await self._run(ticket)

    async def serve_express(self) -> None:
        """Run what is not paced; never returns."""
        async for ticket in self._express_out:
            await self._run(ticket)

    async def _run(self, ticket: _Ticket) -> None:
        try:
            ticket.value = await ticket.call()
            self._remember(ticket)
        except OutsideError as error:
            ticket.error = error
        del self._open[ticket.key]
        ticket.done.set()

    async def _next(self) -> _Ticket:
        """Wait for a question and for its turn; the best one is chosen when the turn comes."""
        while True:
            while not self._heap:
                await self._parked.park()
            await trio.sleep_until(self._next_start)
            while self._heap:
                ticket = heapq.heappop(self._heap)[2]
                if ticket.started:
                    continue
                ticket.started = True
                if ticket.waiters:
                    return ticket
                # Everybody gave up before it began.
                del self._open[ticket.key]
                ticket.done.set()

    def _remember(self, ticket: _Ticket) -> None:
        if not isinstance(ticket.value, IndexerAnswer):
            return
        self._kept[ticket.key] = (trio.current_time(), ticket.value)
        self._kept.move_to_end(ticket.key)
        while sum(len(answer.releases) for _, answer in self._kept.values()) > MOST_KEPT:
            self._kept.popitem(last=False)

    def _remembered(self, key: Hashable) -> IndexerAnswer | None:
        found = self._kept.get(key)
        if found is None or trio.current_time() - found[0] > FRESH_S:
            return None
        return found[1]
