"""Command `author.sync`: what an author wrote, page by page (metadata.md 11)."""

from collections.abc import Sequence

import structlog

from bindery.actors.metadata.gate import Gate
from bindery.adapters.failures import OutsideError, Unavailable
from bindery.adapters.protocols import MetadataProvider
from bindery.domain.catalogue import WorkRecord, WorksPage
from bindery.domain.refusal import Params
from bindery.live.board import Board, JobProgress
from bindery.live.hub import Hub
from bindery.operations.author_sync import Run, Tally, failed_in, finish_in, profile_in, works_in
from bindery.operations.authors import AuthorSync, enqueue_sync_in
from bindery.store import authors, commands
from bindery.store.authors import AuthorRow
from bindery.store.commands import Command
from bindery.store.lanes import Cancelled, Done, Failed, Outcome, Retry, Settled, settle_in
from bindery.store.store import Store
from bindery.store.tx import Tx

UNIT = 25
"""Works per unit of work: the writer has others waiting."""
BACK_OFF_S = (15.0, 60.0, 300.0, 900.0, 3600.0)
PATIENT_TRIES, FIRM_TRIES = 20, 5
"""How often an absent provider is asked again, and one that says no."""
STALE_US = 24 * 3600 * 1_000_000
"""A watched author's catalogue is fetched again after a day."""
SWEEP_AUTHORS = 20
UNKNOWN = "author_unknown"
UNLINKED = "author_unlinked"

_log = structlog.get_logger(__name__)


class AuthorSweep:
    """Command `authors.sweep`: what watched authors have brought out meanwhile."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle(self, command: Command) -> Outcome:
        """Ask for the syncs that are longest overdue; many small sweeps go round the library."""
        before = self._store.clock.now_us() - STALE_US
        due = await self._store.scan(
            lambda reader: authors.stale_authors(reader, before, SWEEP_AUTHORS)
        )

        def work(tx: Tx) -> None:
            for author_id in due:
                enqueue_sync_in(tx, author_id, command.by, priority=commands.SWEEP)

        if due:
            await self._store.write(work, actor=True)
        return Done({"asked": len(due)})


class AuthorSyncs:
    """Carries out syncs with one provider."""

    def __init__(
        self, store: Store, board: Board, hub: Hub, provider: MetadataProvider, gate: Gate
    ) -> None:
        self._store = store
        self._board = board
        self._hub = hub
        self._provider = provider
        self._gate = gate

    async def handle(self, command: Command) -> Outcome:
        """One sync, from its first page: what is known already is merged without a change."""
        asked = command.read(AuthorSync)
        author = self._store.read(lambda reader: authors.author_for_sync(reader, asked.author_id))
        if author is None:
            return Done()
        first = author.sync_summary is None
        run = Run(
            author_id=author.id,
            since=command.created_at,
            search=asked.search or (first and author.search_on_add),
            by=command.by,
            trace=command.trace,
        )
        try:
            return await self._sync(command, run, author)
        except OutsideError as error:
            return await self._again(command, run, error)
        finally:
            self._board.drop("job", command.id)

    async def _sync(self, command: Command, run: Run, author: AuthorRow) -> Outcome:
        ref = author.foreign_id
        if not ref:
            return await self._give_up(command, run, UNLINKED)
        person = await self._gate.call(lambda: self._provider.person(ref))
        if person is None:
            return await self._give_up(command, run, UNKNOWN)
        if not await self._store.write(
            lambda tx: profile_in(tx, run.author_id, person), actor=True
        ):
            return Done()
        tally = Tally()
        self._tell(command, author, tally, None)
        cursor: str | None = None
        while True:
            page = await self._page(ref, cursor)
            for start in range(0, len(page.works), UNIT):
                records = page.works[start : start + UNIT]
                after = await self._merge(command, run, records, tally, page.total)
                if after is None:
                    return Done()
                tally = after
                self._tell(command, author, tally, page.total)
            cursor = page.next
            if cursor is None:
                return await self._finish(command, run, tally)
            if self._store.read(lambda reader: commands.cancel_asked(reader, command.id)):
                return Cancelled()

    async def _page(self, ref: str, cursor: str | None) -> WorksPage:
        return await self._gate.call(lambda: self._provider.works(ref, cursor))

    async def _merge(
        self,
        command: Command,
        run: Run,
        records: Sequence[WorkRecord],
        tally: Tally,
        total: int | None,
    ) -> Tally | None:
        def work(tx: Tx) -> Tally | None:
            after = works_in(tx, run, records, tally)
            if after is not None:
                commands.progress_in(tx, command, phase="works", done=after.total, total=total)
            return after

        return await self._store.write(work, actor=True)

    async def _finish(self, command: Command, run: Run, tally: Tally) -> Outcome:
        def work(tx: Tx) -> None:
            finish_in(tx, run, tally)
            settle_in(tx, command, Done({"total": tally.total, "added": len(tally.added)}))

        await self._store.write(work, actor=True)
        _log.info("author.synced", author=run.author_id, total=tally.total, added=len(tally.added))
        return Settled()

    async def _again(self, command: Command, run: Run, error: OutsideError) -> Outcome:
        absent = isinstance(error, Unavailable)
        if command.attempts + 1 >= (PATIENT_TRIES if absent else FIRM_TRIES):
            return await self._give_up(command, run, error.code)
        wait = BACK_OFF_S[min(command.attempts, len(BACK_OFF_S) - 1)]
        if isinstance(error, Unavailable) and error.retry_after_s is not None:
            wait = max(wait, error.retry_after_s)
        _log.warning("author.sync_delayed", author=run.author_id, code=error.code, wait_s=wait)
        self._hub.mark(f"author:{run.author_id}", command.library_id, run.author_id)
        params: Params = {**error.params, "provider": self._provider.name}
        return Retry(after_s=wait, code=error.code, params=params)

    async def _give_up(self, command: Command, run: Run, code: str) -> Outcome:
        params: Params = {"provider": self._provider.name}

        def work(tx: Tx) -> None:
            failed_in(tx, run, code, params)
            settle_in(tx, command, Failed(code=code, params=params))

        await self._store.write(work, actor=True)
        return Settled()

    def _tell(self, command: Command, author: AuthorRow, tally: Tally, total: int | None) -> None:
        progress = JobProgress(
            phase="works", done=tally.total, total=total, at_us=self._store.clock.now_us()
        )
        if self._board.put_job(command.id, progress):
            self._hub.mark("jobs", command.library_id, f"j-{command.id}")
            self._hub.mark(f"author:{author.id}", author.library_id, author.id)
