"""Supervision: every actor may crash at any await and is started again (architecture.md 4).

`one_for_one` only, since actors share no state. The tree runs in a shielded scope: cancellation
from outside becomes the ordered stop, so that no actor sees it while the services it uses live.
"""

import logging
import math
import random
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

import trio

from bindery.runtime.backoff import Backoff
from bindery.runtime.clock import Clock
from bindery.runtime.health import ActorHealth, State
from bindery.runtime.mailbox import ActorGone, Closed, Inbox, Mailbox
from bindery.runtime.redaction import redact_text

READY_BUDGET_S = 10.0
REPLACE_BUDGET_S = 10.0
_ERROR_LENGTH = 300

_log = logging.getLogger(__name__)


class StartFailed(Exception):
    """A critical child did not become ready: the program cannot run."""


class Actor(Protocol):
    """One coroutine that owns what it opens; its state dies with it.

    It calls `ready()` once it can serve. Raising is a crash; returning is the end, which for a
    permanent child that was not asked to finish is a crash too.
    """

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Work until the inbox raises `Closed`."""
        ...


@dataclass(frozen=True, slots=True)
class Child:
    """What the supervisor knows of an actor. `factory` makes a fresh one per incarnation.

    Higher tiers stop first. `bound` is the mailbox's; `stop_budget` seconds for finishing.
    """

    name: str
    factory: Callable[[], Actor]
    tier: int = 0
    bound: int = 64
    restart: Literal["permanent", "transient"] = "permanent"
    stop_budget: float = 5.0
    critical: bool = False
    backoff: Backoff | None = None


def _nobody(_name: str) -> None:
    """Nobody listens to changes of state."""


class _Slot:
    """A child at run time: its mailbox, its present incarnation, its record."""

    def __init__(self, child: Child, changed: Callable[[str], None] = _nobody) -> None:
        self.child = child
        self.box: Mailbox[Any] = Mailbox(child.name, child.bound)
        self._changed = changed
        self._state: State = "starting"
        self.inbox: Inbox[Any] | None = None
        self.scope: trio.CancelScope | None = None
        self.stopping = False
        self.swapping = False
        self.restarts = 0
        self.last_error: str | None = None
        self.streak = 0
        self.probation = False
        self.crashes: deque[float] = deque()
        self.nudge = trio.Event()
        self.settled = trio.Event()
        self.over = trio.Event()
        self.over.set()
        self.done = trio.Event()

    @property
    def state(self) -> State:
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        self._state = state
        self._changed(self.child.name)

    def finish(self, *, drain: bool) -> None:
        """Ask the present incarnation, or the wait between two, to end."""
        if self.inbox is not None:
            self.inbox.close(drain=drain)
        self.nudge.set()

    def health(self, now: float) -> ActorHealth:
        oldest = self.box.oldest_since()
        held = self.inbox.in_hand_since() if self.inbox is not None else None
        return ActorHealth(
            name=self.child.name,
            state=self.state,
            critical=self.child.critical,
            restarts=self.restarts,
            last_error=self.last_error,
            waiting=len(self.box),
            peak=self.box.peak,
            oldest_s=None if oldest is None else now - oldest,
            in_hand_s=None if held is None else now - held,
            refused=self.box.refused,
        )


class Supervisor:
    """Starts, restarts, replaces and stops children. Made by `open_supervisor`."""

    def __init__(self, clock: Clock, rng: random.Random, backoff: Backoff) -> None:
        self.clock = clock
        self.failed = trio.Event()
        self.exit_code = 0
        self.changed: Callable[[str], None] = _nobody
        """Called with a child's name whenever its state changes; set before the first start. Must
        not raise.
        """
        self._rng = rng
        self._backoff = backoff
        self._slots: dict[str, _Slot] = {}
        self._stopping = False
        self._stopped = trio.Event()
        jobs = trio.open_memory_channel[Callable[[], Awaitable[None]]](math.inf)
        self._jobs_in, self._jobs_out = jobs

    def mailbox(self, name: str) -> Mailbox[Any]:
        """The mailbox of a child that was started. Raises `ActorGone` if there is none."""
        slot = self._slots.get(name)
        if slot is None:
            raise ActorGone(f"no actor {name}")
        return slot.box

    def names(self) -> list[str]:
        """Names of the children, in the order of their start."""
        return list(self._slots)

    async def start(self, child: Child) -> Mailbox[Any]:
        """Start a child and wait until it is ready.

        A non-critical child that crashes first, or takes longer than 10 s, does not block the
        rest: it goes on in the background. A critical one raises `StartFailed`.
        """
        if self._stopping:
            raise ActorGone("the supervisor is stopping")
        if child.name in self._slots and not self._slots[child.name].done.is_set():
            message = f"there is an actor {child.name} already"
            raise ValueError(message)
        slot = self._slots[child.name] = _Slot(child, self.changed)
        self._jobs_in.send_nowait(partial(self._care, slot))
        await self._wait_settled(slot)
        return slot.box

    async def replace(self, child: Child) -> None:
        """Give a child a new factory; its mailbox and the mail in it stay.

        The message in hand gets 10 s. Then as `start`; an unknown child is started.
        """
        slot = self._slots.get(child.name)
        if slot is None or slot.done.is_set():
            await self.start(child)
            return
        if slot.stopping or self._stopping:
            raise ActorGone(f"{child.name} is stopping")
        slot.child = child
        slot.box.bound = child.bound
        slot.swapping = True
        slot.settled = trio.Event()
        slot.finish(drain=False)
        over = slot.over
        self._jobs_in.send_nowait(partial(self._enforce, slot, over, REPLACE_BUDGET_S))
        await over.wait()
        await self._wait_settled(slot)

    async def stop(self, name: str) -> None:
        """Stop one child and forget it: its box closes, the rest is drained, what is left fails.

        Bounded by its stop budget, after which it is cancelled. Unknown names are no error.
        """
        slot = self._slots.get(name)
        if slot is None:
            return
        self._ask_to_stop(slot)
        await slot.done.wait()
        if self._slots.get(name) is slot and not self._stopping:
            del self._slots[name]

    async def stop_all(self) -> None:
        """The ordered stop: highest tier first, in parallel inside a tier. Repeatable."""
        self._begin_stop()
        await self._stopped.wait()

    def health(self) -> list[ActorHealth]:
        """One record per child, in the order of their start."""
        now = trio.current_time()
        return [slot.health(now) for slot in self._slots.values()]

    async def _wait_settled(self, slot: _Slot) -> None:
        with trio.move_on_after(READY_BUDGET_S):
            await slot.settled.wait()
        if slot.child.critical and slot.state != "running":
            if not self._stopping:
                self._fail(slot, "did not become ready")
            raise StartFailed(f"{slot.child.name}: {slot.last_error or 'not ready in time'}")

    async def tree(self) -> None:
        """Run the children and the jobs of the supervisor itself; ends after `stop_all`."""
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as nursery, self._jobs_out:
                async for job in self._jobs_out:
                    nursery.start_soon(job)

    # Stopping

    def _begin_stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            self._jobs_in.send_nowait(self._stop_tiers)

    def _fail(self, slot: _Slot, why: str) -> None:
        _log.error("critical actor %s %s: %s", slot.child.name, why, slot.last_error)
        self.exit_code = 1
        self.failed.set()
        self._begin_stop()

    async def _stop_tiers(self) -> None:
        tiers = {slot.child.tier for slot in self._slots.values()}
        for tier in sorted(tiers, reverse=True):
            slots = [slot for slot in self._slots.values() if slot.child.tier == tier]
            for slot in slots:
                self._ask_to_stop(slot)
            for slot in slots:
                await slot.done.wait()
        self._stopped.set()
        self._jobs_in.close()

    def _ask_to_stop(self, slot: _Slot) -> None:
        if slot.stopping or slot.done.is_set():
            return
        slot.stopping = True
        slot.state = "stopping"
        slot.box.close()
        slot.finish(drain=True)
        budget = slot.child.stop_budget
        self._jobs_in.send_nowait(partial(self._enforce, slot, slot.done, budget))

    async def _enforce(self, slot: _Slot, over: trio.Event, budget: float) -> None:
        with trio.move_on_after(budget):
            await over.wait()
        if not over.is_set() and slot.scope is not None:
            slot.scope.cancel(reason=f"{slot.child.name} used up its {budget:g} s")

    # One child

    async def _care(self, slot: _Slot) -> None:
        while not slot.stopping:
            started = trio.current_time()
            crash = await self._live(slot)
            if slot.stopping:
                break
            if not slot.swapping:
                if crash is None and slot.child.restart == "transient":
                    break
                await self._recover(slot, crash, alive=trio.current_time() - started)
            if slot.swapping:
                self._forget_crashes(slot)
        slot.box.close()
        slot.box.discard()
        slot.state = "stopped"
        slot.settled.set()
        slot.done.set()

    async def _live(self, slot: _Slot) -> Exception | None:
        """One incarnation. Returns its crash; None if it returned."""
        inbox: Inbox[Any] = Inbox(slot.box)
        slot.inbox, slot.nudge, slot.over = inbox, trio.Event(), trio.Event()
        slot.state, slot.swapping = "starting", False
        crash: Exception | None = None
        try:
            with trio.CancelScope() as slot.scope:
                try:
                    actor = slot.child.factory()
                    await actor.run(inbox, partial(self._ready, slot, inbox))
                except* Closed as group:
                    crash = None if inbox.closing else _leaf(group)
                except* Exception as group:  # noqa: BLE001 - the one place for faults of actors
                    crash = _leaf(group)
        finally:
            slot.inbox = slot.scope = None
            inbox.abandon(f"{slot.child.name} ended with this message in hand")
            slot.over.set()
        if crash is not None:
            slot.last_error = _short(crash)
            _log.warning("actor %s crashed", slot.child.name, exc_info=crash)
        return crash

    def _ready(self, slot: _Slot, inbox: Inbox[Any]) -> None:
        if slot.inbox is inbox and slot.state == "starting":
            slot.state = "running"
            slot.settled.set()

    async def _recover(self, slot: _Slot, crash: Exception | None, *, alive: float) -> None:
        """Count the crash, then wait out the back-off, or park, or fail the program."""
        policy = slot.child.backoff or self._backoff
        if crash is None:
            slot.last_error = "returned without being asked to"
        if alive >= policy.window:
            self._forget_crashes(slot)
        slot.restarts += 1
        slot.streak += 1
        now = trio.current_time()
        slot.crashes.append(now)
        while slot.crashes[0] < now - policy.window:
            slot.crashes.popleft()
        too_many = slot.probation or len(slot.crashes) > policy.max_restarts
        if too_many and slot.child.critical:
            slot.stopping = True
            self._fail(slot, "keeps crashing")
            return
        if not slot.child.critical:
            slot.settled.set()
        if too_many:
            await self._park(slot, policy)
            return
        slot.state = "backoff"
        await _wait(slot.nudge, policy.delay(slot.streak, self._rng))

    async def _park(self, slot: _Slot, policy: Backoff) -> None:
        _log.error("actor %s is parked: %s", slot.child.name, slot.last_error)
        slot.state = "parked"
        slot.probation = True
        slot.crashes.clear()
        slot.box.suspend()
        await _wait(slot.nudge, policy.park)
        slot.box.resume()

    def _forget_crashes(self, slot: _Slot) -> None:
        slot.streak = 0
        slot.probation = False
        slot.crashes.clear()


@asynccontextmanager
async def open_supervisor(
    clock: Clock, *, rng: random.Random, backoff: Backoff | None = None
) -> AsyncGenerator[Supervisor, None]:
    """A supervisor for the duration of the block; leaving it is the ordered stop."""
    supervisor = Supervisor(clock, rng, backoff or Backoff())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.tree)
        try:
            yield supervisor
        finally:
            with trio.CancelScope(shield=True):
                await supervisor.stop_all()


async def _wait(event: trio.Event, seconds: float) -> None:
    with trio.move_on_after(seconds):
        await event.wait()


def _leaf(group: BaseExceptionGroup[Exception]) -> Exception:
    """The first real error inside nested groups."""
    first: Exception | BaseExceptionGroup[Exception] = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


def _short(error: Exception) -> str:
    text = redact_text(" ".join(str(error).split()))
    return f"{type(error).__name__}: {text}"[:_ERROR_LENGTH]
