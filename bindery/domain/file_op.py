"""One journalled step on the disk: the row `file_op` as a value (architecture.md 5a, 6a).

`files` performs ops and returns them with new state and facts, the importer commits them, the
store keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class OpKind(StrEnum):
    """`place` puts a file into a root, `adopt` accepts the equal file that stands there already,
    `trash` moves a library file into the recycle bin, `drop_source` removes an imported source.
    """

    PLACE = "place"
    ADOPT = "adopt"
    TRASH = "trash"
    DROP_SOURCE = "drop_source"


class OpState(StrEnum):
    """planned → staged → displaced (if something stood at dst) → published → done; or undone."""

    PLANNED = "planned"
    STAGED = "staged"
    DISPLACED = "displaced"
    PUBLISHED = "published"
    DONE = "done"
    UNDONE = "undone"


class Method(StrEnum):
    """How the bytes come over. Wanted: hardlink, copy, move. Used: hardlink, reflink, copy.

    A move is a link or copy now and a `drop_source` op after the import is registered.
    """

    HARDLINK = "hardlink"
    COPY = "copy"
    MOVE = "move"
    REFLINK = "reflink"


class FileOp(msgspec.Struct, frozen=True, kw_only=True):
    """One op. Paths are absolute.

    `key` names the op in the file system (`i12-3`: import 12, seq 3) and is unique for ever.
    `root`, `marker`: the library root it works in and the uuid that must stand there. `tmp` is
    chosen with the plan (`files.place.tmp_beside`, `tmp_in_folder`). `change`: folder in the
    recycle bin. `replaces`: what stands at dst goes to the bin; without it dst must be free.
    `method` is the wanted one until staged, then the used one; `size` bytes, `sha256`,
    `partial_md5` (KOReader), `inode`, `device` and `mtime_ns` are facts of our file from `staged`
    on.

    place: src → dst. adopt: dst must equal src. trash: src is the library file, dst its place in
    the bin (set by the step); where an `inode` is known, the file there must still have its `size`,
    and that inode or its `mtime_ns`.
    drop_source: src goes if dst holds its bytes.
    """

    id: int = 0
    key: str
    seq: int = 0
    kind: OpKind = OpKind.PLACE
    state: OpState = OpState.PLANNED
    src: str
    dst: str
    tmp: str = ""
    root: str
    marker: str
    change: str = ""
    replaces: bool = False
    method: Method = Method.COPY
    size: int = 0
    sha256: str = ""
    partial_md5: str = ""
    inode: int = 0
    device: int = 0
    mtime_ns: int = 0

    @property
    def finished(self) -> bool:
        """Nothing is left to do."""
        return self.state in (OpState.DONE, OpState.UNDONE)


def next_op(ops: Sequence[FileOp]) -> FileOp | None:
    """The op to advance next; None when all are finished.

    Every file is staged before any is published: a folder appears whole, and a source that cannot
    be read stops the import before the library changed. The rest goes by `seq`; `drop_source`
    comes after all others.
    """
    ordered = sorted(
        (op for op in ops if not op.finished),
        key=lambda op: (op.kind is OpKind.DROP_SOURCE, op.seq),
    )
    unstaged = (op for op in ordered if op.kind is OpKind.PLACE and op.state is OpState.PLANNED)
    return next(unstaged, next(iter(ordered), None))
