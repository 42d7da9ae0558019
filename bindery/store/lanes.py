"""The loop with which an actor works off its commands (architecture.md 6).

Take the ring, claim until nothing is due or every place is taken, wait. One `Lane` is the only
claimant of its (kinds, lane), so rows it finds `running` at its start belong to a dead
incarnation and are queued again.
"""

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import msgspec
import trio

from bindery.domain.refusal import Params
from bindery.runtime.doorbell import Doorbell
from bindery.runtime.faults import reach
from bindery.store import commands
from bindery.store.commands import ANY_PRIORITY, PERSON, Command, Parked
from bindery.store.store import Store
from bindery.store.tx import Tx

POLL_S = 30.0
"""A lost ring costs this much, never a book."""
STEP_BUDGET_S = 3.0
"""At the stop a handler may finish its step this long; then its command is given back."""


class Done(msgspec.Struct, frozen=True):
    """The work is done; `result` is kept for whoever waits."""

    result: object = None


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """Not now. `spend` says whether this was an attempt or the world was merely away."""

    after_s: float
    code: str
    params: Params = {}
    spend: bool = True


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """Given up for good."""

    code: str
    params: Params = {}
    result: object = None


class Cancelled(msgspec.Struct, frozen=True):
    """A person asked to stop and the handler did."""


class GiveBack(msgspec.Struct, frozen=True):
    """As if it had never been claimed."""


class Settled(msgspec.Struct, frozen=True):
    """The handler ended the command itself, in the transaction of its last change."""


Outcome: TypeAlias = Done | Retry | Failed | Cancelled | GiveBack | Settled
Handler: TypeAlias = Callable[[Command], Awaitable[Outcome]]


class Lane:
    """Claims commands of `kinds` in one lane and gives each to a handler.

    `places` run at once; of these `for_persons` take only what a person waits for, as does a place
    that `aside` gives away. `parked` tells what it means for its object when a command is given up
    after five crashes.
    """

    def __init__(
        self,
        store: Store,
        kinds: Sequence[str],
        *,
        lane: str = "",
        places: int = 1,
        for_persons: int = 0,
        step_budget_s: float = STEP_BUDGET_S,
        parked: Parked | None = None,
    ) -> None:
        self._store = store
        self._step_budget_s = step_budget_s
        self._parked = parked
        self._kinds = tuple(kinds)
        self._lane = lane
        self._places = places
        self._for_persons = for_persons
        self._busy = 0
        self._aside = 0
        self._bell: Doorbell | None = None
        self._closing = False
        self._scopes: set[trio.CancelScope] = set()

    async def run(self, handler: Handler, closing: Callable[[], Awaitable[None]]) -> None:
        """Work until `closing` returns; then let the steps in hand finish, or give them back.

        A handler that raises ends the lane, and with it the actor.
        """
        await self._store.write(self._recover_in, actor=True)
        with self._store.bells.listen(self._kinds) as bell:
            self._bell = bell
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._watch, closing, bell)
                while not self._closing:
                    await self._fill(nursery, handler, bell)
                    await bell.wait(self._patience())
                with trio.move_on_after(self._step_budget_s):
                    await self._idle(bell)
                for scope in self._scopes:
                    scope.cancel(reason="the actor stops: commands are given back")
                await self._idle(bell)

    @contextmanager
    def aside(self) -> Generator[None]:
        """For a handler that only waits for an answer: a person may have its place meanwhile.

        At most `places` stand aside at once; one more keeps its place.
        """
        gives = self._aside < self._places
        self._aside += gives
        if gives and self._bell is not None:
            self._bell.ring()
        try:
            yield
        finally:
            self._aside -= gives

    @property
    def _full(self) -> bool:
        return self._busy - self._aside >= self._places

    async def _watch(self, closing: Callable[[], Awaitable[None]], bell: Doorbell) -> None:
        await closing()
        self._closing = True
        bell.ring()

    async def _idle(self, bell: Doorbell) -> None:
        while self._busy:
            await bell.wait(POLL_S)

    async def _fill(self, nursery: trio.Nursery, handler: Handler, bell: Doorbell) -> None:
        while not self._full and not self._closing:
            command = await self._claim()
            if command is None:
                return
            self._busy += 1
            nursery.start_soon(self._work, handler, command, bell)

    async def _claim(self) -> Command | None:
        keep_for_persons = self._busy >= self._places - self._for_persons
        now = self._store.clock.now_us()
        lanes = (self._lane,)
        if not self._store.read(lambda r: commands.due(r, self._kinds, now, lanes)):
            return None

        def work(tx: Tx) -> Command | None:
            at_most = PERSON if keep_for_persons else ANY_PRIORITY
            return commands.claim_in(
                tx, self._kinds, lanes=lanes, at_most=at_most, parked=self._parked
            )

        return await self._store.write(work, actor=True)

    def _patience(self) -> float:
        if self._full:
            return POLL_S
        due = self._store.read(lambda r: commands.next_due(r, self._kinds, (self._lane,)))
        if due is None:
            return POLL_S
        # A row that is due but was not claimed waits for its running twin, whose end rings.
        wait_s = (due - self._store.clock.now_us()) / 1_000_000
        return POLL_S if wait_s <= 0 else min(POLL_S, wait_s)

    async def _work(self, handler: Handler, command: Command, bell: Doorbell) -> None:
        try:
            outcome: Outcome = GiveBack()
            with trio.CancelScope() as scope:
                self._scopes.add(scope)
                try:
                    outcome = await handler(command)
                finally:
                    self._scopes.discard(scope)
            reach("command.before_done")
            with trio.CancelScope(shield=True):
                await self._settle(command, outcome)
        finally:
            self._busy -= 1
            bell.ring()

    async def _settle(self, command: Command, outcome: Outcome) -> None:
        if not isinstance(outcome, Settled):
            await self._store.write(lambda tx: settle_in(tx, command, outcome), actor=True)

    def _recover_in(self, tx: Tx) -> int:
        return commands.recover_running_in(tx, self._kinds, self._lane)


def settle_in(tx: Tx, command: Command, outcome: Outcome) -> None:
    """Write the outcome of a command; also for handlers that commit it with their last change."""
    match outcome:
        case Done(result):
            commands.succeed_in(tx, command, result)
        case Retry(after_s=after_s, code=code, params=params, spend=spend):
            not_before = tx.now_us + int(after_s * 1_000_000)
            commands.retry_in(tx, command, not_before, code, params, spend=spend)
        case Failed(code=code, params=params, result=result):
            commands.fail_in(tx, command, code, params, result)
        case Cancelled():
            commands.cancelled_in(tx, command)
        case GiveBack():
            commands.give_back_in(tx, command)
        case Settled():
            pass
