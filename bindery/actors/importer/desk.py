"""What the parts of the importer share, and how one import can stop short."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import msgspec

from bindery.domain.media import ProbedFile
from bindery.domain.refusal import Params
from bindery.files.disk import DiskError
from bindery.live.board import Board, DownloadProgress
from bindery.live.hub import Hub
from bindery.operations import imports as steps
from bindery.runtime.threads import RootUnreachable, Threads
from bindery.store import downloads
from bindery.store.commands import Command
from bindery.store.downloads import DownloadRow
from bindery.store.lanes import Done, Outcome, Retry, Settled, settle_in
from bindery.store.store import Store
from bindery.store.tx import Tx

Kind: TypeAlias = Literal["again", "gate", "fail", "block", "undo", "lost"]

ROOT_UNAVAILABLE = "root_unavailable"
_ROOT_GONE = frozenset({"root_gone", "root_missing", "root_not_mounted", "root_changed"})
_STALE = frozenset({"dst_taken", "same_file", "dst_missing", "source_changed", "hash_differs"})


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Why an import does not go on now.

    `again`: what the plan was made from has changed, plan anew. `gate`: the files are not there.
    `fail`: a fault of the moment. `block`: a person or another release is needed. `undo`: the
    download was removed and cannot be taken back now. `lost`: the row is somebody else's.
    """

    kind: Kind
    code: str = ""
    params: Params = {}


LOST = Stop(kind="lost")


class Prober(Protocol):
    """Tells what a file is; the worker process in production."""

    async def probe(self, path: str) -> ProbedFile: ...


@dataclass(slots=True)
class Desk:
    """The importer's desk: what it works with."""

    store: Store
    threads: Threads
    board: Board
    hub: Hub
    probe: Prober

    def download(self, download_id: int) -> DownloadRow | None:
        """The row as it is now, removed or not."""
        return self.store.read(lambda reader: downloads.get(reader, download_id))

    def report(self, row: DownloadRow, done: int, total: int) -> None:
        """Show how far the placing has come."""
        percent = 100.0 * done / total if total else None
        progress = DownloadProgress(percent=percent, done=done, size=total)
        if self.board.put_download(row.id, progress):
            self.hub.mark("queue", row.library_id, row.id)

    async def settle(self, command: Command, row: DownloadRow, stop: Stop) -> Outcome:
        """Write down why the import stopped, together with the end of its command."""
        decide = _ENDS[stop.kind]

        def work(tx: Tx) -> None:
            now = downloads.get(tx, row.id)
            ours = now is not None and now.state == "importing"
            outcome = decide(tx, now, stop) if now is not None and ours else Done()
            settle_in(tx, command, outcome)

        await self.store.write(work, actor=True)
        return Settled()


def of_disk(error: DiskError | RootUnreachable) -> Stop:
    """What a fault of the disk means for the import."""
    if isinstance(error, RootUnreachable):
        return Stop(kind="fail", code=ROOT_UNAVAILABLE, params={"cause": "unreachable"})
    params: Params = {"path": error.path, "cause": error.code}
    if error.code in _STALE:
        return Stop(kind="again", code=error.code, params=params)
    if error.code == "source_missing":
        return Stop(kind="gate", code="path_missing", params=params)
    if error.code in _ROOT_GONE:
        return Stop(kind="fail", code=ROOT_UNAVAILABLE, params=params)
    kind: Kind = "block" if error.needs_person else "fail"
    return Stop(kind=kind, code=error.code, params=params)


def _gate(tx: Tx, row: DownloadRow, stop: Stop) -> Outcome:
    steps.back_to_gate_in(tx, row, stop.code, stop.params)
    return Done()


def _fail(tx: Tx, row: DownloadRow, stop: Stop) -> Outcome:
    wait = steps.fail_import_in(tx, row, stop.code, stop.params)
    if wait is None:
        return Done()
    return Retry(after_s=wait, code=stop.code, params=stop.params)


def _block(tx: Tx, row: DownloadRow, stop: Stop) -> Outcome:
    steps.block_in(tx, row, stop.code, stop.params)
    return Done()


def _nothing(_tx: Tx, _row: DownloadRow, _stop: Stop) -> Outcome:
    return Done()


_ENDS: dict[Kind, Callable[[Tx, DownloadRow, Stop], Outcome]] = {
    "again": _fail,
    "gate": _gate,
    "fail": _fail,
    "block": _block,
    "undo": _nothing,
    "lost": _nothing,
}
