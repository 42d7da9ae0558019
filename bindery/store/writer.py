"""The one writer: group commit (architecture.md 5).

Up to 64 units or 2 ms of work share one transaction, one thread hop and one fsync. Each runs in
its own savepoint, so that a unit that raises loses only itself.
"""

import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import apsw
import msgspec
import structlog
import trio

from bindery.runtime.clock import Clock
from bindery.runtime.doorbell import Bells
from bindery.runtime.mailbox import Closed, Envelope, Inbox
from bindery.runtime.publisher import Change, Publisher
from bindery.store.connection import execute, pragma
from bindery.store.errors import StoreUnavailable
from bindery.store.settled import Settled
from bindery.store.tx import Effects, Plans, Tx

BATCH_UNITS = 64
BATCH_NS = 2_000_000
IDLE_CHECKPOINT_S = 1.0
WAL_CHECKPOINT_BYTES = 16 * 1024 * 1024
PROBE_S = 5.0

Work = Callable[[Tx], Any]

# The disk's refusals: the transaction cannot be saved, whatever the unit was.
_OUT_OF_ORDER = (
    apsw.FullError,
    apsw.IOError,
    apsw.NoMemError,
    apsw.ReadOnlyError,
    apsw.CorruptError,
    apsw.CantOpenError,
)
_log = structlog.get_logger(__name__)


class Hop(Protocol):
    """Runs a function off the loop; in tests with virtual time, on it (platform.md D5)."""

    def __call__(self, fn: Callable[[], Any], /) -> Awaitable[Any]:
        """Call `fn` and answer its result."""
        ...


class Outcome:
    """What became of one unit."""

    __slots__ = ("effects", "error", "value")

    def __init__(
        self, value: Any = None, error: Exception | None = None, effects: Effects | None = None
    ) -> None:
        self.value = value
        self.error = error
        self.effects = effects


class WriterState(msgspec.Struct):
    """What outlives an incarnation of the actor, and what health shows."""

    degraded: str | None = None
    """Why writes are refused at present."""
    batches: int = 0
    units: int = 0
    checkpoints: int = 0


class WriterActor:
    """Takes units from its mailbox, commits them in groups, answers, publishes, rings."""

    def __init__(
        self,
        db: apsw.Connection,
        *,
        clock: Clock,
        publisher: Publisher,
        bells: Bells,
        settled: Settled,
        state: WriterState,
        hop: Hop,
    ) -> None:
        self._db = db
        self._plans: Plans = {}
        self._clock = clock
        self._publisher = publisher
        self._bells = bells
        self._settled = settled
        self._state = state
        self._hop = hop
        self._dirty = False
        self._wal_bytes = 0

    async def run(self, inbox: Inbox[Work], ready: Callable[[], None]) -> None:
        """Serve until the inbox is closed and drained."""
        if self._db.in_transaction:
            execute(self._db, "ROLLBACK")
        page = int(pragma(self._db, "page_size"))
        self._db.set_wal_hook(self._note_wal_size(page))
        ready()
        held: deque[Envelope[Work]] = deque()
        try:
            while True:
                if not held:
                    held.extend(await self._next_batch(inbox))
                await self._serve(held)
                if self._wal_bytes > WAL_CHECKPOINT_BYTES:
                    await self._checkpoint()
        except Closed:
            return

    async def _next_batch(self, inbox: Inbox[Work]) -> list[Envelope[Work]]:
        """The next messages. Uses idle time for a checkpoint, or to probe a sick disk."""
        while True:
            if self._state.degraded is not None:
                wait = PROBE_S
            elif self._dirty:
                wait = IDLE_CHECKPOINT_S
            else:
                return await inbox.take_many(BATCH_UNITS)
            with trio.move_on_after(wait):
                return await inbox.take_many(BATCH_UNITS)
            if self._state.degraded is not None:
                await self._probe()
            else:
                await self._checkpoint()

    async def _serve(self, held: deque[Envelope[Work]]) -> None:
        while held and held[0].cancelled:
            held.popleft()
        if not held:
            return
        if self._state.degraded is not None and not await self._probe():
            while held:
                held.popleft().fail(StoreUnavailable(self._state.degraded))
            return
        batch = [envelope for envelope in held if not envelope.cancelled][:BATCH_UNITS]
        works = [envelope.msg for envelope in batch]
        outcomes: list[Outcome] = await self._hop(lambda: self._commit(works))
        self._dirty = True
        self._state.batches += 1
        self._state.units += len(outcomes)
        done = batch[: len(outcomes)]
        held.clear()
        held.extend(batch[len(outcomes) :])
        self._tell(done, outcomes)

    def _tell(self, done: Sequence[Envelope[Work]], outcomes: Sequence[Outcome]) -> None:
        """One synchronous block: the hub, the answers, the bells (architecture.md 6)."""
        changes: list[Change] = []
        bells: set[str] = set()
        for outcome in outcomes:
            if outcome.effects is not None:
                changes += outcome.effects.changes
                bells |= outcome.effects.bells
        if changes:
            self._publisher.published(list(dict.fromkeys(changes)))
        for envelope, outcome in zip(done, outcomes, strict=True):
            if outcome.error is not None:
                envelope.fail(outcome.error)
            else:
                envelope.answer(outcome.value)
        for outcome in outcomes:
            if outcome.effects is not None:
                for settlement in outcome.effects.settled:
                    self._settled.resolve(settlement)
        for kind in bells:
            self._bells.ring(kind)

    # In the thread

    def _commit(self, works: Sequence[Work]) -> list[Outcome]:
        """Run as many units as fit and commit them. Answers one outcome per unit that ran."""
        try:
            outcomes = self._attempt(works)
        except _OUT_OF_ORDER as error:
            return self._refuse(len(works), error)
        except apsw.Error:
            # A unit spoilt the transaction of all: each gets its own.
            self._roll_back()
            return [self._alone(work) for work in works]
        return outcomes

    def _alone(self, work: Work) -> Outcome:
        try:
            return self._attempt([work])[0]
        except _OUT_OF_ORDER as error:
            return self._refuse(1, error)[0]
        except apsw.Error as error:
            self._roll_back()
            return Outcome(error=error)

    def _attempt(self, works: Sequence[Work]) -> list[Outcome]:
        db = self._db
        outcomes: list[Outcome] = []
        now_us = self._clock.now_us()
        started = time.monotonic_ns()
        execute(db, "BEGIN IMMEDIATE")
        for work in works:
            outcomes.append(self._unit(work, now_us))
            if time.monotonic_ns() - started > BATCH_NS:
                break
        bumps = {bump for outcome in outcomes if outcome.effects for bump in outcome.effects.bumps}
        for topic, library in bumps:
            execute(db, _q_bump, {"topic": topic, "library": library, "now": now_us})
        execute(db, "COMMIT")
        return outcomes

    def _unit(self, work: Work, now_us: int) -> Outcome:
        db = self._db
        tx = Tx(db, now_us, self._plans)
        execute(db, "SAVEPOINT unit")
        try:
            value = work(tx)
        except _OUT_OF_ORDER:
            raise
        # The one place but two where everything is caught: a unit loses only itself.
        except Exception as error:
            if not db.in_transaction:
                raise apsw.AbortError("a unit ended the transaction of its batch") from error
            execute(db, "ROLLBACK TO unit")
            execute(db, "RELEASE unit")
            return Outcome(error=error)
        execute(db, "RELEASE unit")
        return Outcome(value=value, effects=tx.effects)

    def _refuse(self, count: int, error: apsw.Error) -> list[Outcome]:
        self._roll_back()
        why = f"{type(error).__name__}: {error}"
        if self._state.degraded is None:
            _log.warning("store.unavailable", why=why)
        self._state.degraded = why
        return [Outcome(error=StoreUnavailable(why)) for _ in range(count)]

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            execute(self._db, "ROLLBACK")

    # Now and then

    async def _probe(self) -> bool:
        """Whether the disk takes a write again."""
        try:
            await self._hop(self._write_probe)
        except apsw.Error as error:
            self._state.degraded = f"{type(error).__name__}: {error}"
            return False
        _log.warning("store.available", after=self._state.degraded)
        self._state.degraded = None
        return True

    def _write_probe(self) -> None:
        try:
            execute(self._db, "BEGIN IMMEDIATE")
            execute(
                self._db, _q_bump, {"topic": "probe", "library": 0, "now": self._clock.now_us()}
            )
            execute(self._db, "COMMIT")
        finally:
            self._roll_back()

    async def _checkpoint(self) -> None:
        """Move the WAL into the database as far as readers allow; never in a COMMIT's way."""
        try:
            await self._hop(self._run_checkpoint)
        except apsw.Error as error:
            _log.warning("store.checkpoint_failed", why=str(error))
        self._dirty = False
        self._wal_bytes = 0
        self._state.checkpoints += 1

    def _run_checkpoint(self) -> None:
        self._db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def _note_wal_size(self, page: int) -> Callable[[apsw.Connection, str, int], int]:
        def note(_db: apsw.Connection, _name: str, pages: int) -> int:
            self._wal_bytes = pages * page
            return apsw.SQLITE_OK

        return note


# Never back to an old value: a restored backup must not repeat an ETag.
_q_bump = """
INSERT INTO change_counter (topic, library_id, n) VALUES (:topic, :library, :now)
ON CONFLICT DO UPDATE SET n = max(n + 1, excluded.n)"""
