"""The trash actor: carries deleted library files into the recycle bin (architecture.md 6a, 7).

Each deletion is one command of `files.trash` and one change. A first run and a recovery are the
same walk over its journal. A root that is away or read-only is waited for; a file that is not the
one that was deleted is left alone and told.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bindery.domain.file_op import FileOp, OpKind, OpState
from bindery.domain.refusal import Params
from bindery.files.disk import DiskError, standing
from bindery.files.leftovers import lonely_side_cars, prune_empty
from bindery.files.recover import Advance
from bindery.operations.trash import KIND
from bindery.runtime.mailbox import Inbox
from bindery.runtime.threads import RootUnreachable, Threads, in_thread
from bindery.store import attention, changes, commands, file_ops
from bindery.store.changes import ChangeRow
from bindery.store.commands import Command
from bindery.store.lanes import Done, Lane, Outcome, Retry, Settled, settle_in
from bindery.store.store import Store
from bindery.store.tx import Tx

PLACES = 2
AGAIN_S = 300.0
HELD, KEPT = "trash_held", "files_kept"
_MOMENTARY = frozenset(
    "root_gone root_missing root_not_mounted root_changed read_only permission io_error disk_full "
    "path_missing".split()
)


class _Payload(msgspec.Struct, rename="camel"):
    change_id: int


class TrashActor:
    """See the module."""

    def __init__(self, store: Store, threads: Threads) -> None:
        self._store = store
        self._threads = threads

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop; a deletion in hand is continued at the next start."""
        ready()
        lane = Lane(self._store, (KIND,), places=PLACES)
        await lane.run(self._carry, inbox.wait_closing)

    async def _carry(self, command: Command) -> Outcome:
        change_id = command.read(_Payload).change_id
        change = self._store.read(lambda reader: changes.find_change(reader, change_id))
        if change is None:
            return Done()
        try:
            kept = await self._empty(command, change)
            while await self._take_side_cars(change):
                kept += await self._empty(command, change)
            await self._prune(change)
        except (DiskError, RootUnreachable) as error:
            return await self._wait(change, error)

        def work(tx: Tx) -> None:
            attention.clear_in(tx, _subject(change), HELD)
            if kept:
                _tell_kept_in(tx, change, kept)
            settle_in(tx, command, Done({"kept": len(kept)}))

        await self._store.write(work, actor=True)
        return Settled()

    def _ops(self, change: ChangeRow) -> list[tuple[int, FileOp]]:
        return self._store.read(lambda reader: file_ops.of_change(reader, change.id))

    async def _empty(self, command: Command, change: ChangeRow) -> list[DiskError]:
        """Every op that is not finished; answers what had to be left where it is. Raises for a
        fault of the moment.
        """
        kept: list[DiskError] = []
        for _, op in self._ops(change):
            while not op.finished:
                try:
                    op = await self._step(op)
                except DiskError as error:
                    if error.code in _MOMENTARY:
                        raise
                    kept.append(error)
                    op = msgspec.structs.replace(op, state=OpState.UNDONE)
                await self._store.write(_saving(command, op), actor=True)
        return kept

    async def _step(self, op: FileOp) -> FileOp:
        work = Advance(op)
        limiter = self._threads.root(op.root)
        while (after := await in_thread(limiter, work.run_slice)) is None:
            pass
        return after

    async def _take_side_cars(self, change: ChangeRow) -> bool:
        """Add what is left without a book to the journal. False: nothing is left."""
        ops = self._ops(change)
        known = {op.src for _, op in ops}
        new: list[FileOp] = []
        roots: list[int] = []
        for root_id, sample in dict(ops).items():
            folders = _folders(ops, root_id)
            place = self._threads.root(sample.root)
            found = await in_thread(place, lonely_side_cars, sample.root, folders)
            for path in (path for path in found if path not in known):
                seq = len(ops) + len(new)
                made = await in_thread(place, _op_of, sample, path, seq)
                if made is not None:
                    new.append(made)
                    roots.append(root_id)
        if not new:
            return False
        await self._store.write(
            lambda tx: file_ops.add_in(tx, new, roots, change_id=change.id), actor=True
        )
        return True

    async def _prune(self, change: ChangeRow) -> None:
        ops = self._ops(change)
        for root_id, sample in dict(ops).items():
            folders = _folders(ops, root_id)
            await in_thread(self._threads.root(sample.root), prune_empty, sample.root, folders)

    async def _wait(self, change: ChangeRow, error: DiskError | RootUnreachable) -> Outcome:
        """The files stay until the root is back; somebody is told meanwhile."""
        code = error.code if isinstance(error, DiskError) else "root_unreadable"
        path = error.path if isinstance(error, DiskError) else ""
        path = path or next((op.root for _, op in self._ops(change)), "")
        params: Params = {**change.params, "reason": code, "path": path}

        def work(tx: Tx) -> None:
            attention.raise_in(
                tx, HELD, _subject(change), params=params, action="check_root",
                library=change.library_id,
            )  # fmt: skip

        await self._store.write(work, actor=True)
        return Retry(after_s=AGAIN_S, code=code, params=params, spend=False)


def _folders(ops: Sequence[tuple[int, FileOp]], root_id: int) -> list[str]:
    return [str(Path(op.src).parent) for of_root, op in ops if of_root == root_id]


def _op_of(sample: FileOp, path: str, seq: int) -> FileOp | None:
    """The op of a side-car, with what it is now; None when it has just gone."""
    found = standing(path)
    if found is None:
        return None
    owner = sample.change
    return FileOp(
        key=f"{owner}-{seq}",
        seq=seq,
        kind=OpKind.TRASH,
        src=path,
        dst="",
        root=sample.root,
        marker=sample.marker,
        change=owner,
        size=found.size,
        inode=found.inode,
        mtime_ns=found.mtime_ns,
    )


def _saving(command: Command, op: FileOp) -> Callable[[Tx], None]:
    def work(tx: Tx) -> None:
        file_ops.save_in(tx, op)
        commands.progress_in(tx, command, phase="trash")

    return work


def _tell_kept_in(tx: Tx, change: ChangeRow, kept: Sequence[DiskError]) -> None:
    params: Params = {"count": len(kept), "path": kept[0].path, "reason": kept[0].code}
    attention.raise_in(tx, KEPT, _subject(change), params=params, library=change.library_id)


def _subject(change: ChangeRow) -> str:
    return f"change:{change.id}"
