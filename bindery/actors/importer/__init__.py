"""The importer: brings finished downloads into the library (architecture.md 6a, 8.8, 8.9).

Each download is one command of `download.import`. A first run, a retry and a recovery after a
crash are the same walk: look at the rows, continue the journal that stands there.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from msgspec.structs import replace

from bindery.actors.importer.desk import LOST, Desk, Prober, Stop
from bindery.actors.importer.placing import drop_sources, place, take_back
from bindery.actors.importer.planning import make_plan
from bindery.files.probe.worker import open_probe_worker
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.operations.imports import ImportOrder, parked_in
from bindery.runtime.faults import reach
from bindery.runtime.mailbox import Inbox
from bindery.runtime.supervisor import Child
from bindery.runtime.threads import Threads
from bindery.store import downloads, imports
from bindery.store.commands import Command
from bindery.store.downloads import DownloadRow
from bindery.store.lanes import Done, Lane, Outcome, Retry
from bindery.store.store import Store
from bindery.store.tx import Tx

KIND = "download.import"
PLACES, FOR_PERSONS = 2, 1
"""Two at once; one place is kept for persons and for small files."""
UNDO_AGAIN_S = 900.0
"""A removed download whose root is away is taken back when the root is there again."""
PLANS = 3
"""How often one claim plans anew because the disk changed under its plan."""

OpenProbe = Callable[[], AbstractAsyncContextManager[Prober]]

_REMOVED = Stop(kind="lost", code="removed")
_STARTS = frozenset({"importPending", "importFailed", "importing"})


class ImporterActor:
    """See the module. Owns the probe worker process, which runs only while there is work."""

    def __init__(
        self,
        store: Store,
        threads: Threads,
        board: Board,
        hub: Hub,
        *,
        open_probe: OpenProbe = open_probe_worker,
    ) -> None:
        self._store = store
        self._threads = threads
        self._board = board
        self._hub = hub
        self._open_probe = open_probe

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop; an import in hand is given back and continued at the start."""
        async with self._open_probe() as probe:
            desk = Desk(self._store, self._threads, self._board, self._hub, probe)

            async def handle(command: Command) -> Outcome:
                return await import_download(desk, command)

            ready()
            lane = Lane(
                self._store, [KIND], places=PLACES, for_persons=FOR_PERSONS, parked=parked_in
            )
            await lane.run(handle, inbox.wait_closing)


def importer_child(store: Store, threads: Threads, board: Board, hub: Hub, tier: int) -> Child:
    """The importer for the supervisor."""
    return Child("importer", lambda: ImporterActor(store, threads, board, hub), tier=tier)


async def import_download(desk: Desk, command: Command) -> Outcome:
    """Carry one download as far as it goes now."""
    reach("import.claimed")
    order = command.read(ImportOrder)
    row = desk.download(order.download_id)
    if row is None:
        return Done()
    stop: Stop | None = LOST
    for _ in range(PLANS):
        stop = await _carry(desk, command, row, forced=order.forced)
        found = desk.store.read(lambda reader: imports.find_open(reader, order.download_id))
        if stop is None and found is not None:
            return await drop_sources(desk, command, row, found)
        if stop is None or stop.kind == "lost":
            return Done()
        if stop.kind == "undo":
            return Retry(after_s=UNDO_AGAIN_S, code=stop.code, params=stop.params, spend=False)
        if stop.kind != "again":
            return await _end(desk, command, row, stop)
    return await _end(desk, command, row, stop or LOST)


async def _carry(desk: Desk, command: Command, row: DownloadRow, *, forced: bool) -> Stop | None:
    """Continue the open import, or plan one and carry it out. None: registered."""
    found = desk.store.read(lambda reader: imports.find_open(reader, row.id))
    if found is not None and found.state == "registered":
        return None
    now = desk.download(row.id)
    if now is None or now.removed_at is not None:
        stop = None if found is None else await take_back(desk, found, _REMOVED)
        return LOST if stop is None else replace(stop, kind="undo")
    if now.state not in _STARTS:
        return LOST
    going_on = found is not None and found.code is None
    begun = await desk.store.write(
        lambda tx: _begin_in(tx, now, "place" if going_on else "probe"), actor=True
    )
    if begun is None:
        return LOST
    if found is not None and found.code is not None:
        stop = await take_back(desk, found, Stop(kind="again", code=found.code))
        if stop is not None:
            return stop
        found = None
    if found is None:
        stop = await make_plan(desk, command, begun, forced=forced)
        if stop is not None:
            return stop
        found = desk.store.read(lambda reader: imports.find_open(reader, row.id))
    if found is None:
        return LOST
    return await place(desk, command, begun, found)


def _begin_in(tx: Tx, row: DownloadRow, stage: str) -> DownloadRow | None:
    """Compare-and-set to importing; None: somebody else owns the row."""
    return downloads.get(tx, row.id) if downloads.move_in(tx, row, "importing", stage) else None


async def _end(desk: Desk, command: Command, row: DownloadRow, stop: Stop) -> Outcome:
    """The import stops here for now; a blocked one leaves nothing of itself on the disk."""
    found = desk.store.read(lambda reader: imports.find_open(reader, row.id))
    if stop.kind == "block" and found is not None:
        await take_back(desk, found, stop)
    desk.board.drop("download", row.id)
    return await desk.settle(command, row, stop)
