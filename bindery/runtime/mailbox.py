"""Mailboxes: bounded, insertion-ordered, coalescing by key (architecture.md 4).

The `Mailbox` belongs to the child and outlives its crashes; an `Inbox` is the view that one
incarnation of the actor reads from.
"""

from collections.abc import AsyncIterator, Hashable
from typing import Any, Generic, TypeVar

import trio

M = TypeVar("M")


class MailboxFull(Exception):
    """The box is at its bound: the sender is told at once, nothing waits in hiding."""


class ActorGone(Exception):
    """The actor crashed with this message in hand, stopped, or is parked."""


class Closed(Exception):
    """The inbox has no more to give: the actor returns from `run`."""


class Envelope(Generic[M]):
    """A message and, for an ask, the slot of its answer, resolved exactly once."""

    __slots__ = ("_done", "_error", "_inbox", "_value", "cancelled", "msg", "since", "slot")

    def __init__(self, msg: M, slot: Hashable, since: float, *, asked: bool) -> None:
        self.msg = msg
        self.slot = slot
        self.since = since
        self.cancelled = False
        self._done = trio.Event() if asked else None
        self._value: Any = None
        self._error: BaseException | None = None
        self._inbox: Inbox[M] | None = None

    @property
    def asked(self) -> bool:
        """Whether somebody waits (or waited) for the answer."""
        return self._done is not None

    @property
    def resolved(self) -> bool:
        """Whether an ask has its answer; always False for a tell."""
        return self._done is not None and self._done.is_set()

    def answer(self, value: Any = None) -> None:
        """Resolve with a value. A second answer is a bug and raises; for a tell it means "done"."""
        self._resolve(value, None)

    def fail(self, exc: Exception) -> None:
        """Resolve with an error, raised in the asker."""
        self._resolve(None, exc)

    def _resolve(self, value: Any, error: BaseException | None) -> None:
        if self._inbox is not None:
            self._inbox.finished(self)
            self._inbox = None
        if self._done is None:
            return
        if self._done.is_set():
            message = "an envelope is resolved exactly once"
            raise RuntimeError(message)
        self._value, self._error = value, error
        self._done.set()

    def taken(self, inbox: "Inbox[M]") -> None:
        """Note which incarnation holds the message (kernel only)."""
        self._inbox = inbox

    def gone(self, why: str) -> None:
        """Resolve with `ActorGone` if nobody has answered yet (kernel only)."""
        if self._done is not None and not self._done.is_set():
            self._resolve(None, ActorGone(why))

    async def result(self) -> Any:
        """Wait for the answer (kernel only)."""
        if self._done is not None:
            await self._done.wait()
        if self._error is not None:
            raise self._error
        return self._value


class Mailbox(Generic[M]):
    """The box of one child. Senders hold this; it stays valid across crashes and replacement."""

    __slots__ = ("_parked", "_queue", "bound", "closed", "name", "peak", "refused", "suspended")

    def __init__(self, name: str, bound: int) -> None:
        self.name = name
        self.bound = bound
        self.closed = False
        self.suspended = False
        self.peak = 0
        self.refused = 0
        self._queue: dict[Hashable, Envelope[M]] = {}
        self._parked = trio.lowlevel.ParkingLot()

    def __len__(self) -> int:
        return len(self._queue)

    def tell(self, msg: M, key: Hashable | None = None) -> None:
        """Leave a message. Synchronous, never a checkpoint.

        A keyed message replaces the queued one of the same key and keeps its place, even when the
        box is full. Raises `MailboxFull` or `ActorGone`.
        """
        self._check_open()
        if key is not None:
            queued = self._queue.get(("key", key))
            if queued is not None:
                queued.msg = msg
                return
        self._put(msg, key, asked=False)

    async def ask(self, msg: M) -> Any:
        """Leave a message and wait for its answer.

        Raises what the actor failed it with, `MailboxFull`, or `ActorGone`: also when the actor
        is parked, since nobody would answer for minutes. If the caller is cancelled, a queued
        message is withdrawn; one in hand runs to its end and its answer is dropped.
        """
        self._check_open()
        if self.suspended:
            self.refused += 1
            raise ActorGone(f"{self.name} is parked")
        envelope = self._put(msg, None, asked=True)
        try:
            return await envelope.result()
        finally:
            if not envelope.resolved:
                envelope.cancelled = True
                self._queue.pop(envelope.slot, None)

    def oldest_since(self) -> float | None:
        """When the oldest queued message came, in `trio.current_time()`."""
        for envelope in self._queue.values():
            return envelope.since
        return None

    def _check_open(self) -> None:
        if self.closed:
            raise ActorGone(f"{self.name} is gone")

    def _put(self, msg: M, key: Hashable | None, *, asked: bool) -> Envelope[M]:
        if len(self._queue) >= self.bound:
            self.refused += 1
            raise MailboxFull(f"{self.name} has {len(self._queue)} messages waiting")
        slot: Hashable = object() if key is None else ("key", key)
        envelope = Envelope(msg, slot, trio.current_time(), asked=asked)
        self._queue[slot] = envelope
        self.peak = max(self.peak, len(self._queue))
        self._parked.unpark()
        return envelope

    # What follows is for the inbox and the supervisor.

    def pop(self) -> Envelope[M] | None:
        """The oldest message, or None."""
        for slot in self._queue:
            return self._queue.pop(slot)
        return None

    async def wait(self) -> None:
        """Park until a message comes or `wake` is called."""
        await self._parked.park()

    def wake(self) -> None:
        """Let every parked reader look again."""
        self._parked.unpark_all()

    def close(self) -> None:
        """Refuse new mail; what is queued may still be read."""
        self.closed = True
        self.wake()

    def suspend(self) -> None:
        """Parked: the queued asks fail, new ones are refused; tells wait."""
        self.suspended = True
        for slot in [slot for slot, envelope in self._queue.items() if envelope.asked]:
            self._queue.pop(slot).gone(f"{self.name} is parked")

    def resume(self) -> None:
        """Asks are taken again."""
        self.suspended = False

    def discard(self) -> None:
        """Fail whatever is left."""
        while (envelope := self.pop()) is not None:
            envelope.gone(f"{self.name} is gone")


class Inbox(Generic[M]):
    """One incarnation's view of its mailbox. Several tasks of the actor may take from it."""

    __slots__ = ("_asks", "_box", "_closing", "_drain", "_told", "taken_count")

    def __init__(self, box: Mailbox[M]) -> None:
        self._box = box
        self._closing = trio.Event()
        self._drain = True
        self._asks: dict[Envelope[M], float] = {}
        self._told: dict[Envelope[M], float] = {}
        self.taken_count = 0

    @property
    def closing(self) -> bool:
        """Whether the actor has been asked to finish."""
        return self._closing.is_set()

    async def wait_closing(self) -> None:
        """Wait until the actor is asked to finish."""
        await self._closing.wait()

    async def take(self) -> Envelope[M]:
        """The next message. Always a checkpoint.

        Raises `Closed` when the actor is to finish and nothing is left to drain.
        """
        await trio.lowlevel.checkpoint()
        while True:
            envelope = self._next()
            if envelope is not None:
                return envelope
            if self._closing.is_set():
                raise Closed
            await self._box.wait()

    async def take_many(self, limit: int) -> list[Envelope[M]]:
        """At least one and at most `limit` messages; waits only for the first. As `take`."""
        batch = [await self.take()]
        while len(batch) < limit and (envelope := self._next(first=False)) is not None:
            batch.append(envelope)
        return batch

    def __aiter__(self) -> AsyncIterator[Envelope[M]]:
        """Every message until the actor is to finish."""
        return self

    async def __anext__(self) -> Envelope[M]:
        """As `take`, for `async for`."""
        try:
            return await self.take()
        except Closed:
            raise StopAsyncIteration from None

    def _next(self, *, first: bool = True) -> Envelope[M] | None:
        if self._closing.is_set() and not self._drain:
            return None
        envelope = self._box.pop()
        if envelope is None:
            return None
        if first:
            # A tell has no answer: it counts as in hand until its reader comes back for more.
            self._told.clear()
        self.taken_count += 1
        envelope.taken(self)
        (self._asks if envelope.asked else self._told)[envelope] = trio.current_time()
        return envelope

    # What follows is for the envelope and the supervisor.

    def finished(self, envelope: Envelope[M]) -> None:
        """An envelope in hand was answered."""
        self._asks.pop(envelope, None)
        self._told.pop(envelope, None)

    def in_hand_since(self) -> float | None:
        """When the oldest message in hand was taken, in `trio.current_time()`."""
        oldest = [next(iter(held.values())) for held in (self._asks, self._told) if held]
        return min(oldest, default=None)

    def close(self, *, drain: bool) -> None:
        """Ask the actor to finish: after the rest of the box (`drain`) or after what it holds."""
        self._drain = drain
        self._closing.set()
        self._box.wake()

    def abandon(self, why: str) -> None:
        """The incarnation is over: whoever waits for a message in hand is told."""
        for envelope in list(self._asks):
            envelope.gone(why)
        self._asks.clear()
        self._told.clear()
