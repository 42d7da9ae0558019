"""What the disk says about an op, and the one next step: for a first run and after a crash alike.

`decide` is the table of architecture.md 6a "Found at start | Do" over observed facts. Start-up
and recovery are the same loop:

    while (op := next_op(ops)) is not None:
        work = Advance(op)
        while (after := await in_thread(root, work.run_slice)) is None: ...
        commit(after)
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from bindery.domain.file_op import FileOp, OpKind, OpState
from bindery.files import bin as trash
from bindery.files import disk, place
from bindery.files.disk import DiskError, Standing
from bindery.files.roots import marker_problem


class Step(StrEnum):
    """What to do with an op now. `mark_*`: the disk is ahead of the row, only the row moves."""

    STAGE = "stage"
    DISPLACE = "displace"
    PUBLISH = "publish"
    SYNC = "sync"
    ADOPT = "adopt"
    TRASH = "trash"
    DROP_SOURCE = "drop_source"
    MARK_DISPLACED = "mark_displaced"
    MARK_PUBLISHED = "mark_published"
    MARK_DONE = "mark_done"
    FAIL = "fail"


class Decision(msgspec.Struct, frozen=True):
    """The next step; `code` (as in `DiskError`) with `fail`."""

    step: Step
    code: str = ""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The facts on disk. `root` is the marker problem, '' when the root is fine."""

    root: str = ""
    src: Standing | None = None
    tmp: Standing | None = None
    dst: Standing | None = None
    binned: bool = False


def decide(op: FileOp, seen: Seen) -> Decision:
    """The next step of an unfinished op. Pure."""
    if seen.root:
        return Decision(Step.FAIL, seen.root)
    if op.kind is OpKind.PLACE:
        return _decide_place(op, seen)
    if op.kind is OpKind.ADOPT:
        return _needs_both(seen, Step.ADOPT)
    if op.kind is OpKind.DROP_SOURCE:
        if seen.src is None:
            return Decision(Step.MARK_DONE)
        return _needs_both(seen, Step.DROP_SOURCE)
    return _decide_trash(op, seen)


def _needs_both(seen: Seen, step: Step) -> Decision:
    if seen.src is None:
        return Decision(Step.FAIL, "source_missing")
    if seen.dst is None:
        return Decision(Step.FAIL, "dst_missing")
    return Decision(step)


def _decide_trash(op: FileOp, seen: Seen) -> Decision:
    if op.state is OpState.PUBLISHED:
        return Decision(Step.SYNC) if seen.binned else Decision(Step.MARK_DONE)
    if seen.binned:
        return Decision(Step.MARK_PUBLISHED)
    if seen.src is None:
        return Decision(Step.MARK_DONE)  # a path already gone is success
    # Inode numbers of some network and FUSE mounts change with every mount, and a new file may be
    # given the number of the one that it replaced: the size must be ours in any case.
    known = op.mtime_ns == seen.src.mtime_ns or op.inode == seen.src.inode
    if not seen.src.regular or (op.inode and not (known and op.size == seen.src.size)):
        return Decision(Step.FAIL, "source_changed")
    return Decision(Step.TRASH)


def _decide_place(op: FileOp, seen: Seen) -> Decision:
    if op.state is OpState.PLANNED:
        if seen.dst is not None and not op.replaces:
            return Decision(Step.FAIL, "dst_taken")
        if _is_one_file(seen.src, seen.dst):
            # Linked there before: an undo could not tell that file from ours. Adopt it instead.
            return Decision(Step.FAIL, "same_file")
        return _stage_again(seen)
    if op.state is OpState.PUBLISHED:
        return Decision(Step.SYNC) if _is_ours(op, seen.dst) else Decision(Step.FAIL, "dst_missing")
    if _is_ours(op, seen.dst):
        return Decision(Step.MARK_PUBLISHED)
    if op.state is OpState.STAGED and seen.binned:
        return Decision(Step.MARK_DISPLACED)
    if not _is_whole(op, seen.tmp):
        return _stage_again(seen)
    if seen.dst is None:
        return Decision(Step.PUBLISH)
    # A second file at dst, after ours was displaced there, is a stranger's.
    if op.replaces and op.state is OpState.STAGED:
        return Decision(Step.DISPLACE)
    return Decision(Step.FAIL, "dst_taken")


def _stage_again(seen: Seen) -> Decision:
    return Decision(Step.STAGE) if seen.src is not None else Decision(Step.FAIL, "source_missing")


def _is_one_file(first: Standing | None, second: Standing | None) -> bool:
    if first is None or second is None:
        return False
    return (first.device, first.inode) == (second.device, second.inode)


def _is_ours(op: FileOp, standing: Standing | None) -> bool:
    if standing is None or not standing.regular or standing.size != op.size:
        return False
    return standing.inode == op.inode or (bool(op.sha256) and standing.sha256 == op.sha256)


def _is_whole(op: FileOp, tmp: Standing | None) -> bool:
    return tmp is not None and tmp.regular and tmp.inode == op.inode and tmp.size == op.size


def observe(op: FileOp) -> Generator[int, None, Seen]:
    """Look at every path of an op. Hashes dst only where its inode does not settle the question."""
    problem = marker_problem(op.root, op.marker)
    if problem:
        return Seen(root=problem)
    dst = disk.standing(op.dst)
    if (
        dst is not None
        and op.kind is OpKind.PLACE
        and op.state is not OpState.PLANNED
        and dst.regular
        and dst.inode != op.inode
        and dst.size == op.size
    ):
        dst = replace(dst, sha256=(yield from disk.hash_path(op.dst)))
    return Seen(
        src=disk.standing(op.src),
        tmp=disk.standing(op.tmp) if op.tmp else None,
        dst=dst,
        binned=bool(op.change) and trash.held(op.root, op.change, op.key) is not None,
    )


class Advance:
    """One step of one op, in slices of some 16 MiB. Use it from one thread at a time.

    `done_bytes` counts the bytes of the slice sequence in hand, for progress.
    """

    def __init__(self, op: FileOp) -> None:
        self.op = op
        self.done_bytes = 0
        self._steps = _advance(op)

    def run_slice(self) -> FileOp | None:
        """Work a little. None: call again. Else the op to commit. Raises `DiskError`; then tmp is
        removed and the op stands as before.
        """
        try:
            with disk.codes(self.op.dst):
                self.done_bytes = next(self._steps)
        except StopIteration as stop:
            after: FileOp = stop.value
            return after
        except DiskError:
            self._tidy()
            raise
        return None

    def close(self) -> None:
        """Give up between slices: closes files; tmp stays for recovery."""
        self._steps.close()

    def _tidy(self) -> None:
        # A half copy must not keep a full disk full. A staged tmp is whole and stays.
        if self.op.kind is OpKind.PLACE and self.op.state is OpState.PLANNED:
            with contextlib.suppress(OSError):
                place.remove_tmp(self.op)
                disk.prune_dirs(os.path.dirname(self.op.dst), self.op.root)


def advance(op: FileOp) -> FileOp:
    """One whole step at once: for small files and tests."""
    work = Advance(op)
    while (after := work.run_slice()) is None:
        pass
    return after


def undo(op: FileOp) -> FileOp:
    """Take one op back (in reverse order of `seq`). Raises `DiskError`, also when the root is away:
    nothing on another disk may be touched.
    """
    problem = marker_problem(op.root, op.marker)
    if problem:
        raise DiskError(problem, op.root)
    return place.undo(op)


def _advance(op: FileOp) -> place.Slices:
    if op.finished:
        return op
    seen = yield from observe(op)
    decision = decide(op, seen)
    step = decision.step
    if step is Step.FAIL:
        raise DiskError(decision.code, op.src if decision.code.startswith("source") else op.dst)
    if step is Step.STAGE:
        return (yield from place.stage(op))
    if step is Step.ADOPT:
        return (yield from place.adopt(op))
    if step is Step.DROP_SOURCE:
        return (yield from place.drop_source(op))
    if step is Step.MARK_DONE:
        return replace(op, state=OpState.DONE)
    if step is Step.MARK_DISPLACED:
        return replace(op, state=OpState.DISPLACED)
    if step is Step.MARK_PUBLISHED:
        return _mark_published(op)
    simple = {
        Step.DISPLACE: place.displace,
        Step.PUBLISH: place.publish,
        Step.SYNC: place.sync,
        Step.TRASH: place.throw_away,
    }
    return simple[step](op)


def _mark_published(op: FileOp) -> FileOp:
    if op.kind is OpKind.PLACE:
        # The recorded inode stays even where equal bytes stand under another one: undo must not
        # take away a file that may be somebody else's.
        place.remove_tmp(op)
        return replace(op, state=OpState.PUBLISHED)
    held = trash.held(op.root, op.change, op.key)
    return replace(op, state=OpState.PUBLISHED, dst=held.path if held is not None else op.dst)
