"""What the parts of one client's actor share: its row, its client, and how to write about both."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bindery.adapters.failures import OutsideError, Unauthorized, Unavailable
from bindery.adapters.protocols import DownloadClient
from bindery.domain.pathmap import PathMap, to_local
from bindery.domain.refusal import Params
from bindery.domain.transfers import Payload, RemoteItem
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.live.topic import EVERYBODY, META
from bindery.operations.clients import went_down_in
from bindery.runtime.doorbell import Doorbell
from bindery.runtime.threads import Threads
from bindery.store import clients, commands, downloads
from bindery.store.clients import ClientRow
from bindery.store.downloads import DownloadRow
from bindery.store.store import Store
from bindery.store.tx import Reader, Tx

UNAUTHORIZED_S = 900.0
"""A wrong password is not tried often: some clients ban whoever does."""

Fetch = Callable[[int | None, str], Awaitable[Payload]]
"""Fetch what a link names, through the indexer it came from: (indexer id, link) -> payload."""


@dataclass(slots=True)
class Desk:
    """One client's desk. `items` is the last snapshot, by our row's id; `sending` are the rows that
    are being handed over right now; `away` says that the last poll failed.
    """

    store: Store
    row: ClientRow
    client: DownloadClient
    fetch: Fetch
    board: Board
    hub: Hub
    threads: Threads
    maps: tuple[PathMap, ...] = ()
    look_now: Doorbell = field(default_factory=Doorbell)
    items: dict[int, RemoteItem] = field(default_factory=dict[int, RemoteItem])
    sending: set[int] = field(default_factory=set[int])
    failures: int = 0
    away: bool = False

    @property
    def lane(self) -> str:
        """The lane of commands that this actor claims."""
        return f"client:{self.row.id}"

    def download(self, download_id: int) -> DownloadRow | None:
        """The row as it is now, unless it was removed."""
        row = self.store.read(lambda reader: downloads.get(reader, download_id))
        return None if row is None or row.removed_at is not None else row

    def still_valid(self, reader: Reader) -> bool:
        """Whether the configuration is the one under which the outside was asked."""
        now = clients.get(reader, self.row.id)
        return now is not None and now.rev == self.row.rev

    def local(self, path: str) -> str:
        """Our name of a path that the client named."""
        return to_local(path, self.maps)

    async def answered(self) -> None:
        """The client answered: note it once, and let what waited for it go on."""
        if self.failures == 0 and self._known_well():
            return
        # Only what waited for the client to come back is due: one that lists but refuses the rest
        # keeps its patience. None yet failed: the first answer after a start.
        back = self.away or self.failures == 0
        self.failures, self.away = 0, False
        if self.board.client_stale(self.row.id, None):
            self.hub.mark("queue", EVERYBODY, META)

        def work(tx: Tx) -> None:
            clients.set_ok_in(tx, self.row.id)
            if back:
                commands.hurry_lane_in(tx, self.lane)

        await self.store.write(work, actor=True)

    async def unreachable(self, error: OutsideError) -> None:
        """The client did not answer: visible on the health page and over its rows."""
        self.failures += 1
        code, params = error.code, error.params
        if self.board.client_stale(self.row.id, code):
            self.hub.mark("queue", EVERYBODY, META)
        if self.failures == 1:
            await self.store.write(lambda tx: went_down_in(tx, self.row, code, params), actor=True)

    def _known_well(self) -> bool:
        state = self.store.read(clients.states).get(self.row.id)
        return state is not None and state.status == "ok"


def patience(error: OutsideError, waited_us: int) -> float:
    """Seconds until the next try: what the other side asked for, else longer with the wait."""
    if isinstance(error, Unauthorized):
        return UNAUTHORIZED_S
    if isinstance(error, Unavailable) and error.retry_after_s is not None:
        return max(1.0, error.retry_after_s)
    return min(300.0, max(5.0, waited_us / 4_000_000))


def worth_waiting(error: OutsideError) -> bool:
    """Whether the same request may succeed later without anybody changing anything."""
    return isinstance(error, Unavailable)


def told(error: OutsideError, **more: str | int) -> Params:
    """The values to show for an error."""
    return {**error.params, **more}
