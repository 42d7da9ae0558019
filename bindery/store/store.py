"""The store as the rest of Bindery holds it: `open_store`, `Store`."""

import math
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

import apsw
import structlog
import trio

from bindery.runtime.clock import Clock, SystemClock
from bindery.runtime.doorbell import Bells
from bindery.runtime.mailbox import ActorGone, Mailbox
from bindery.runtime.publisher import NullPublisher, Publisher
from bindery.runtime.supervisor import Child, Supervisor, open_supervisor
from bindery.runtime.threads import Threads, in_thread
from bindery.store.backup import copy_database
from bindery.store.connection import (
    SCAN_CACHE,
    StatementCost,
    execute,
    open_reader,
    open_writer,
    profiled,
)
from bindery.store.errors import ScanTooLong, StoreBusy, StoreUnavailable, StoreUnreadable
from bindery.store.migrate import migrate
from bindery.store.settled import Settled
from bindery.store.tx import STEPS_PER_TICK, Budget, Reader, Settlement, Totals, Tx
from bindery.store.writer import Hop, Work, WriterActor, WriterState

T = TypeVar("T")
K = TypeVar("K")

PLACES = 256
BUSY_AFTER_S = 2.0
SCAN_LIMIT_S = 2.0
SCAN_STEPS_PER_TICK = 20_000

_UNREADABLE = (
    apsw.IOError,
    apsw.NoMemError,
    apsw.CorruptError,
    apsw.CantOpenError,
    apsw.NotADBError,
)
_log = structlog.get_logger(__name__)


class Store:
    """Reads inline or in a thread, writes through the one writer. Made by `open_store`."""

    def __init__(
        self,
        path: Path,
        *,
        threads: Threads,
        clock: Clock,
        publisher: Publisher,
        bells: Bells,
        inline: bool,
        strict: bool,
    ) -> None:
        self.path = path
        self.clock = clock
        self.bells = bells
        self.waiters = Settled()
        self.writer = WriterState()
        self._threads = threads
        self._publisher = publisher
        self._inline = inline
        self._over_told: set[str] = set()
        self._write_db = open_writer(path)
        try:
            self.versions = migrate(self._write_db, path)
            self._read_db = open_reader(path)
        except BaseException:
            self._write_db.close()
            raise
        self._budget = Budget(self._note_over_budget, strict=strict)
        self._read_db.set_progress_handler(self._budget.tick, STEPS_PER_TICK)
        self._totals = Totals()
        self._reader = Reader(self._read_db, self._budget, self._totals)
        self._reading = False
        self._scanners: list[apsw.Connection] = []
        self._closed = False
        self._mailbox: Mailbox[Work] | None = None
        self._places = trio.Semaphore(PLACES)

    # Reads

    def read(self, work: Callable[[Reader], T]) -> T:
        """Run `work` now, on the loop, in one snapshot. For what is indexed and bounded.

        Over 60,000 steps or 2,000 rows: `OverBudget` when strict (tests), else logged once.
        Raises `StoreUnreadable` when the disk or the file fails.
        """
        if self._reading:
            return work(self._reader)
        self._budget.reset()
        self._reading = True
        try:
            execute(self._read_db, "BEGIN")
            return work(self._reader)
        except _UNREADABLE as error:
            raise StoreUnreadable(f"{type(error).__name__}: {error}") from error
        finally:
            self._reading = False
            # Some faults have ended it already.
            if self._read_db.in_transaction:
                execute(self._read_db, "COMMIT")

    async def scan(self, work: Callable[[Reader], T], *, limit_s: float = SCAN_LIMIT_S) -> T:
        """Run `work` in a thread, in one snapshot: search, exports, statistics.

        Cancellation interrupts the statement. Raises `ScanTooLong` after `limit_s` seconds.
        """
        call = _Scan(self._borrow, self._give_back, work, limit_s, self._totals)
        if self._inline:
            return await _on_the_loop(call.run)
        try:
            # Left behind when cancelled: the interrupted thread gives its connection back itself.
            return await in_thread(self._threads.scan, call.run, abandon_on_cancel=True)
        except trio.Cancelled:
            call.interrupt()
            raise

    async def stream(
        self, chunk: Callable[[Reader, K | None], tuple[list[T], K | None]]
    ) -> AsyncIterator[list[T]]:
        """Chunk after chunk, each in its own short read transaction.

        `chunk` gets the place where the last one ended (None at first) and answers its rows and
        the next place, None at the end.
        """
        place: K | None = None
        while True:
            before = place
            rows, place = await self.scan(lambda reader, at=before: chunk(reader, at))
            yield rows
            if place is None:
                return

    # Writes

    async def write(self, work: Callable[[Tx], T], *, actor: bool = False) -> T:
        """Run `work` in the writer; the answer comes after COMMIT.

        `work` is synchronous, has no effect outside `tx`, and may run twice. Raises what `work`
        raised (nothing was kept), `StoreBusy` after 2 s without a place (actors wait as long as
        it takes), `StoreUnavailable`. When cancelled, the outcome is unknown: re-read.
        """
        await self._take_place(math.inf if actor else BUSY_AFTER_S)
        try:
            if self._mailbox is None:
                raise StoreUnavailable("the writer is not started")
            return await self._mailbox.ask(work)
        except ActorGone as gone:
            raise StoreUnavailable(str(gone)) from gone
        finally:
            self._places.release()

    async def _take_place(self, within: float) -> None:
        with suppress(trio.WouldBlock):
            self._places.acquire_nowait()
            return
        with trio.move_on_after(within) as patience:
            await self._places.acquire()
        if patience.cancelled_caught:
            raise StoreBusy(f"{PLACES} writes are waiting")

    async def settled(self, command: int, within: float = 10.0) -> Settlement | None:
        """Wait until a command has ended; None if it did not in time or the program stops."""
        found = self.read(lambda reader: reader.one(_q_settled, {"id": command}, Settlement))
        if found is not None:
            return found
        return await self.waiters.wait(command, within)

    async def backup(self, target: Path) -> None:
        """Write a whole copy of the database to `target`, mode 0600, while work goes on."""

        def work() -> None:
            db = open_reader(self.path, cache=SCAN_CACHE)
            try:
                copy_database(db, target)
            finally:
                db.close()

        await self._hop(work)

    async def aside(self, fn: Callable[[], T]) -> T:
        """Run work on the database's folder in a thread; on the loop in tests that move clocks."""
        return await self._hop(fn)

    # For tests and benches

    @contextmanager
    def counted(self) -> Generator[list[str]]:
        """The statements that inline reads run inside the block."""
        before, self._reader.log = self._reader.log, []
        try:
            yield self._reader.log
        finally:
            self._reader.log = before

    @contextmanager
    def profiled(self) -> Generator[list[StatementCost]]:
        """What the statements of inline reads cost inside the block."""
        with profiled(self._read_db) as costs:
            yield costs

    # Inside

    async def start(self, supervisor: Supervisor) -> None:
        """Start the writer as a child of `supervisor`; it stops last (tier 0)."""
        child = Child("writer", self._writer_actor, tier=0, bound=PLACES, critical=True)
        self._mailbox = await supervisor.start(child)

    def close(self) -> None:
        """Readers first, the writer last, so that no -wal stays behind (platform.md D9)."""
        self.waiters.close()
        self._closed = True
        for db in (*self._scanners, self._read_db):
            db.close()
        self._scanners.clear()
        try:
            execute(self._write_db, "PRAGMA optimize")
            self._write_db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.Error as error:
            _log.warning("store.close", why=str(error))
        self._write_db.close()

    def _writer_actor(self) -> WriterActor:
        return WriterActor(
            self._write_db,
            clock=self.clock,
            publisher=self._publisher,
            bells=self.bells,
            settled=self.waiters,
            state=self.writer,
            hop=self._writer_hop(),
        )

    def _writer_hop(self) -> Hop:
        if self._inline:
            return _on_the_loop

        async def hop(fn: Callable[[], Any], /) -> Any:
            return await in_thread(self._threads.writer, fn)

        return hop

    async def _hop(self, fn: Callable[[], T]) -> T:
        if self._inline:
            return await _on_the_loop(fn)
        return await in_thread(self._threads.scan, fn)

    def _borrow(self) -> apsw.Connection:
        return self._scanners.pop() if self._scanners else open_reader(self.path, cache=SCAN_CACHE)

    def _give_back(self, db: apsw.Connection) -> None:
        if self._closed:
            db.close()
        else:
            self._scanners.append(db)

    def _note_over_budget(self, why: str) -> None:
        sql = self._reader.now_sql
        if sql not in self._over_told:
            self._over_told.add(sql)
            _log.warning("store.over_budget", why=why, sql=sql)


class _Scan(Generic[T]):
    """One read in a thread; its connection is its own until it ends."""

    def __init__(
        self,
        borrow: Callable[[], apsw.Connection],
        give_back: Callable[[apsw.Connection], None],
        work: Callable[[Reader], T],
        limit_s: float,
        totals: Totals,
    ) -> None:
        self._totals = totals
        self._borrow = borrow
        self._give_back = give_back
        self._work = work
        self._limit_s = limit_s
        self._db: apsw.Connection | None = None
        self._deadline = math.inf
        self._stopped = False

    def run(self) -> T:
        db = self._borrow()
        self._db = db
        self._deadline = time.monotonic() + self._limit_s
        db.set_progress_handler(self._tick, SCAN_STEPS_PER_TICK)
        execute(db, "BEGIN")
        try:
            return self._work(Reader(db, totals=self._totals))
        finally:
            db.set_progress_handler(None)
            execute(db, "COMMIT")
            self._db = None
            self._give_back(db)

    def interrupt(self) -> None:
        """From the loop: end the statement at work, and refuse the next one."""
        self._stopped = True
        db = self._db
        if db is not None:
            db.interrupt()

    def _tick(self) -> bool:
        if time.monotonic() > self._deadline:
            raise ScanTooLong(f"a scan took more than {self._limit_s:g} s")
        return self._stopped


async def _on_the_loop(fn: Callable[[], T], /) -> T:
    """Instead of a thread: for tests that move the clock (platform.md D5)."""
    await trio.lowlevel.checkpoint()
    return fn()


@asynccontextmanager
async def open_store(
    path: Path,
    *,
    threads: Threads | None = None,
    clock: Clock | None = None,
    publisher: Publisher | None = None,
    bells: Bells | None = None,
    supervisor: Supervisor | None = None,
    inline: bool = False,
    strict: bool = False,
) -> AsyncGenerator[Store, None]:
    """Open, verify, migrate, and start the writer.

    With a `supervisor` the writer becomes its child `writer` and must have been stopped by it
    before the block ends; without one the store runs its own. `inline` works on the loop instead
    of in threads (virtual time); `strict` raises when an inline read is over its budget.
    Raises `NewerDatabase`, `PragmaRefused`.
    """
    threads = threads or Threads()
    clock = clock or SystemClock()

    def make() -> Store:
        return Store(
            path,
            threads=threads,
            clock=clock,
            publisher=publisher or NullPublisher(),
            bells=bells or Bells(),
            inline=inline,
            strict=strict,
        )

    store = make() if inline else await in_thread(threads.writer, make)
    try:
        async with AsyncExitStack() as stack:
            if supervisor is None:
                supervisor = await stack.enter_async_context(
                    open_supervisor(clock, rng=random.Random())
                )
            await store.start(supervisor)
            yield store
            store.waiters.close()
    finally:
        store.close()


_q_settled = """
SELECT id, state, code, params, result FROM command
WHERE id = :id AND state IN ('succeeded', 'failed', 'cancelled')"""
