"""One download client's actor: sends grabs, polls, watches the gate, cleans up.

One per configured client; replaced when its row changes (architecture.md 7, `downloads`).
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

import msgspec
import trio

from bindery.actors.downloads.desk import Desk, Fetch, patience, told, worth_waiting
from bindery.actors.downloads.gating import Gate
from bindery.actors.downloads.polling import poll
from bindery.actors.downloads.sending import send
from bindery.adapters.failures import OutsideError, Rejected
from bindery.adapters.protocols import DownloadClient
from bindery.domain.downloads import MAX_CRASHES
from bindery.domain.pathmap import PathMap, parse_spec
from bindery.domain.refusal import Params
from bindery.domain.transfers import RemoteId, RemoteItem
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.operations.downloads import fail_in
from bindery.operations.imports import block_in
from bindery.runtime.faults import reach
from bindery.runtime.mailbox import Inbox
from bindery.runtime.threads import Threads
from bindery.store import clients, downloads
from bindery.store.clients import ClientRow
from bindery.store.commands import Command
from bindery.store.downloads import DownloadRow
from bindery.store.lanes import Done, Failed, Lane, Outcome, Retry, Settled, settle_in
from bindery.store.store import Store
from bindery.store.tx import Tx

KINDS = ("download.send", "download.gate", "download.remove", "download.cleanup")
PLACES = 4
SENDING_S = 1.0
"""A removal waits this long for the hand-over under way, and looks again."""

OpenClient = Callable[[ClientRow], DownloadClient]


class Look(msgspec.Struct, frozen=True):
    """Mail: poll now."""


class _Payload(msgspec.Struct, frozen=True, rename="camel"):
    download_id: int
    delete_files: bool = False


@runtime_checkable
class _Runs(Protocol):
    """A client that needs a task of its own while it is open (the built-in one)."""

    async def run(self) -> None: ...


class DownloadsActor:
    """See the module. `fetch` gets a release's bytes through the indexer it came from."""

    def __init__(
        self,
        store: Store,
        client_id: int,
        *,
        open_client: OpenClient,
        fetch: Fetch,
        board: Board,
        hub: Hub,
        threads: Threads,
        maps: tuple[PathMap, ...] = (),
    ) -> None:
        self._store = store
        self._client_id = client_id
        self._open_client = open_client
        self._fetch = fetch
        self._board = board
        self._hub = hub
        self._threads = threads
        self._maps = maps

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop or the replacement; commands in hand are given back."""
        row = self._store.read(lambda reader: clients.get(reader, self._client_id))
        if row is None:
            ready()
            await inbox.wait_closing()
            return
        async with self._open_client(row) as client:
            desk = Desk(
                store=self._store,
                row=row,
                client=client,
                fetch=self._fetch,
                board=self._board,
                hub=self._hub,
                threads=self._threads,
                maps=(*parse_spec(row.path_remap), *self._maps),
            )
            gate = Gate(desk)
            ready()
            async with trio.open_nursery() as nursery:
                if isinstance(client, _Runs):
                    nursery.start_soon(client.run)
                nursery.start_soon(_poll_for_ever, desk)
                nursery.start_soon(_read_mail, desk, inbox)
                lane = Lane(self._store, KINDS, lane=desk.lane, places=PLACES, parked=parked_in)
                await lane.run(_handler(desk, gate), inbox.wait_closing)
                nursery.cancel_scope.cancel(reason="the client's actor is done")


def _handler(desk: Desk, gate: Gate) -> Callable[[Command], Awaitable[Outcome]]:
    async def handle(command: Command) -> Outcome:
        payload = command.read(_Payload)
        match command.kind:
            case "download.send":
                return await send(desk, command, payload.download_id)
            case "download.gate":
                return await gate.look(command, payload.download_id)
            case "download.remove":
                with_data = payload.delete_files or desk.row.type == "direct"
                return await _remove(desk, command, payload.download_id, with_data=with_data)
            case "download.cleanup":
                outcome = await _remove(desk, command, payload.download_id, with_data=True)
                reach("cleanup.after_client")
                return await _cleaned(desk, command, payload.download_id, outcome)
            case _:
                return Failed(code="unknown_command", params={"kind": command.kind})

    return handle


async def _remove(desk: Desk, command: Command, download_id: int, *, with_data: bool) -> Outcome:
    """Take an item out of the client; one that is gone already is no error."""
    row = desk.store.read(lambda reader: downloads.get(reader, download_id))
    desk.board.drop("download", download_id)
    if row is None:
        return Done()
    if row.remote_id is None and download_id in desk.sending:
        return Retry(after_s=SENDING_S, code="sending", spend=False)
    try:
        remote_id = row.remote_id or await _unbelieved(desk, row)
        if remote_id is not None:
            await desk.client.remove(remote_id, with_data=with_data)
    except OutsideError as error:
        if isinstance(error, Rejected):
            return Failed(code=error.code, params=told(error, client=desk.row.name))
        if worth_waiting(error):
            await desk.unreachable(error)
        waited = desk.store.clock.now_us() - command.created_at
        return Retry(
            after_s=patience(error, waited), code=error.code, params=told(error), spend=False
        )
    return Done()


async def _unbelieved(desk: Desk, row: DownloadRow) -> RemoteId | None:
    """What a kill left in the client before its id was stored; None when there is nothing.

    Never by the name alone: that may be somebody else's.
    """
    if row.stage == "fetch" or not (row.hashes or desk.client.capabilities.token):
        return None
    found = await desk.client.find(row.token, row.hashes, row.title)
    return found.id if isinstance(found, RemoteItem) else None


def parked_in(tx: Tx, command: Command) -> bool:
    """What killed the process five times ends at its row. True: it is told there."""
    row = downloads.get(tx, command.read(_Payload).download_id)
    if row is None or row.removed_at is not None:
        return False
    params: Params = {"crashes": MAX_CRASHES}
    if command.kind == "download.send" and row.state == "grabbed":
        return fail_in(tx, row, "crashes_spent", params)
    if command.kind == "download.gate" and row.state == "completed":
        return block_in(tx, row, "crashes_spent", params)
    return False


async def _cleaned(desk: Desk, command: Command, download_id: int, outcome: Outcome) -> Outcome:
    """With the client's copy gone nothing is left to do for an imported download."""
    if not isinstance(outcome, Done):
        return outcome

    def work(tx: Tx) -> None:
        row = downloads.get(tx, download_id)
        if row is not None and (row.state, row.stage) == ("imported", "clean"):
            downloads.move_in(tx, row, "imported", live=False, even_removed=True)
        settle_in(tx, command, outcome)

    await desk.store.write(work, actor=True)
    return Settled()


async def _poll_for_ever(desk: Desk) -> None:
    while True:
        await desk.look_now.wait(await poll(desk))


async def _read_mail(desk: Desk, inbox: Inbox[Any]) -> None:
    async for envelope in inbox:
        desk.look_now.ring()
        if envelope.asked:
            envelope.answer()
