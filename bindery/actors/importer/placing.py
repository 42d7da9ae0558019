"""Carrying out a journal, taking it back, and removing sources at the end.

A first run and a recovery are the same code: the rows say what was done, the disk says the rest
(`files.recover.decide`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from bindery.actors.importer.desk import LOST, Desk, Stop, of_disk
from bindery.actors.importer.source import limiter_of, source_of
from bindery.domain.file_op import FileOp, OpKind, OpState, next_op
from bindery.files.disk import DiskError
from bindery.files.place import prune_source_dirs
from bindery.files.recover import Advance, undo
from bindery.operations import imports as steps
from bindery.runtime.faults import reach
from bindery.runtime.threads import RootUnreachable, in_thread
from bindery.store import commands, downloads, file_ops, imports
from bindery.store.commands import Command
from bindery.store.downloads import DownloadRow
from bindery.store.imports import ImportRow
from bindery.store.lanes import Done, Outcome, Retry, Settled, settle_in
from bindery.store.tx import Tx

DROP_RETRY_S = 300.0
DROP_ATTEMPTS = 5
_MOMENTARY = frozenset(
    {"root_gone", "root_missing", "root_not_mounted", "root_changed", "io_error", "disk_full"}
)


async def place(desk: Desk, command: Command, row: DownloadRow, found: ImportRow) -> Stop | None:
    """Advance every op but the removal of sources, then register. None: it is registered."""
    ops = desk.store.read(lambda reader: file_ops.of_import(reader, found.id))
    total = sum(step.size for step in found.plan.plan.steps if step.kind is OpKind.PLACE)
    while (op := next_op(ops)) is not None and op.kind is not OpKind.DROP_SOURCE:
        before = sum(o.size for o in ops if o.kind is OpKind.PLACE)
        try:
            after = await _advance(desk, row, op, before, total)
        except (DiskError, RootUnreachable) as error:
            return await _stumbled(desk, found, ops, error)
        if not await _save(desk, command, row, after):
            return LOST
        ops = [after if o.key == op.key else o for o in ops]
    reach("register.before")
    if not await desk.store.write(lambda tx: steps.register_in(tx, found.id), actor=True):
        return LOST
    reach("register.committed")
    return None


async def _advance(desk: Desk, row: DownloadRow, op: FileOp, before: int, total: int) -> FileOp:
    """One step of one op, in slices. Raises `DiskError`, `RootUnreachable`."""
    limiter = desk.threads.root(op.root)
    work = Advance(op)
    stuck = False
    try:
        while (after := await in_thread(limiter, work.run_slice)) is None:
            desk.report(row, min(total, before + work.done_bytes), total)
        return after
    except RootUnreachable:
        # The call still runs in its thread; closing it here would clash.
        stuck = True
        raise
    finally:
        if not stuck:
            work.close()


async def _save(desk: Desk, command: Command, row: DownloadRow, op: FileOp) -> bool:
    """The op's row follows the disk. False: the download is not ours to import any more."""

    def work(tx: Tx) -> bool:
        file_ops.save_in(tx, op)
        commands.progress_in(tx, command, phase="place")
        now = downloads.get(tx, row.id)
        return now is not None and now.state == "importing" and now.removed_at is None

    ours = await desk.store.write(work, actor=True)
    if op.state is OpState.STAGED:
        reach("op.staged")
    elif op.state is OpState.DISPLACED:
        reach("op.displaced_stored")
    elif op.state is OpState.DONE:
        reach("op.done")
    return ours


async def _stumbled(
    desk: Desk, found: ImportRow, ops: Sequence[FileOp], error: DiskError | RootUnreachable
) -> Stop:
    """Before anything was published everything is taken back; afterwards a fault of the moment
    leaves the journal open, and the next try goes on where it stopped.
    """
    stop = of_disk(error)
    published = any(op.state in (OpState.PUBLISHED, OpState.DONE) for op in ops if _moves(op))
    if stop.kind == "fail" and (published or isinstance(error, RootUnreachable)):
        return stop
    return await take_back(desk, found, stop) or stop


def _moves(op: FileOp) -> bool:
    return op.kind in (OpKind.PLACE, OpKind.TRASH)


async def take_back(desk: Desk, found: ImportRow, why: Stop) -> Stop | None:
    """Undo every op in reverse, and close the import as undone. None: all is as it was before.

    Survives a kill at any point: the reason is committed first, and undoing twice is no harm.
    """
    await desk.store.write(
        lambda tx: imports.undoing_in(tx, found.id, why.code, why.params), actor=True
    )
    ops = desk.store.read(lambda reader: file_ops.of_import(reader, found.id))
    for op in reversed(ops):
        if op.state is OpState.UNDONE:
            continue
        try:
            undone = await in_thread(desk.threads.root(op.root), undo, op)
        except (DiskError, RootUnreachable) as error:
            stop = of_disk(error)
            return stop if stop.kind in ("fail", "block") else replace(stop, kind="fail")
        await desk.store.write(_saving(undone), actor=True)
    await desk.store.write(lambda tx: imports.undone_in(tx, found.id), actor=True)
    return None


async def drop_sources(desk: Desk, command: Command, row: DownloadRow, found: ImportRow) -> Outcome:
    """Remove what was moved, each source only while its copy stands; the client may clean up."""
    ops = desk.store.read(lambda reader: file_ops.of_import(reader, found.id))
    dropped = [op for op in ops if op.kind is OpKind.DROP_SOURCE]
    kept = any(op.state is OpState.UNDONE for op in dropped)
    for op in (op for op in dropped if not op.finished):
        try:
            after = await _advance(desk, row, op, 0, 0)
        except (DiskError, RootUnreachable) as error:
            momentary = isinstance(error, RootUnreachable) or error.code in _MOMENTARY
            if momentary and command.attempts < DROP_ATTEMPTS:
                return Retry(after_s=DROP_RETRY_S, code=of_disk(error).code)
            after, kept = replace(op, state=OpState.UNDONE), True
        await desk.store.write(_saving(after), actor=True)
    if dropped:
        await _prune(desk, row, dropped)

    def work(tx: Tx) -> None:
        steps.finish_in(tx, found.id, kept=kept)
        settle_in(tx, command, Done())

    await desk.store.write(work, actor=True)
    desk.board.drop("download", row.id)
    return Settled()


async def _prune(desk: Desk, row: DownloadRow, dropped: Sequence[FileOp]) -> None:
    """Empty folders of the download go with its files; a folder shared with others stays."""
    source = source_of(desk, row)
    stop = source.path if source.files else str(Path(source.path).parent)
    folders = sorted({str(Path(op.src).parent) for op in dropped}, key=len, reverse=True)

    def prune() -> None:
        for folder in folders:
            prune_source_dirs(folder, stop)

    try:
        await in_thread(limiter_of(desk, row), prune)
    except RootUnreachable:
        return


def _saving(op: FileOp) -> Callable[[Tx], None]:
    return lambda tx: file_ops.save_in(tx, op)
