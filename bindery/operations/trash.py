"""Library files into the recycle bin (architecture.md 5a, 6a; downloads-and-import.md 7).

One transaction writes what is to go, lets go of it, and asks the `trash` actor to carry it out:
from then on no list shows the files, and a kill anywhere loses nothing.
"""

from collections.abc import Sequence

import msgspec

from bindery.domain.file_op import FileOp, OpKind
from bindery.domain.offers import BookFormat
from bindery.domain.principal import Principal
from bindery.domain.refusal import Params
from bindery.runtime.trace import new_trace
from bindery.store import changes, commands, file_ops, files
from bindery.store.changes import HeldFile
from bindery.store.settings_rows import setting
from bindery.store.tx import NewEvent, Tx

KIND = "files.trash"
KEEP_BIN_DAYS = 7
"""Default of the setting `recycleBinDays`."""
SHOWN_PATHS = 50
_DAY_US = 86_400 * 1_000_000


def trash_in(
    tx: Tx,
    who: Principal,
    book_ids: Sequence[int],
    event: NewEvent,
    *,
    book_format: BookFormat | None = None,
) -> int:
    """The files of these books (or those of one format) leave the library; how many there were.

    What another book needs too stays on the disk. `event` is completed with the paths and recorded
    once, unless there is nothing to do.
    """
    held = changes.files_held(tx, book_ids, book_format)
    if not held:
        return 0
    for file in held:
        files.release_in(tx, file.slot_id, file.id)
    unique = {file.id: file for file in held if not file.shared}
    paths = tuple(f"{file.root_path}/{file.rel_path}" for file in unique.values())
    params: Params = {
        **event.params,
        "count": len(paths),
        "size": sum(file.size for file in unique.values()),
        "paths": list(paths[:SHOWN_PATHS]),
    }
    trace = event.trace or new_trace()
    if unique:
        _order_in(tx, who, list(unique.values()), event.library, trace, params)
    tx.record(msgspec.structs.replace(event, params=params, trace=trace))
    return len({file.id for file in held})


def _order_in(
    tx: Tx, who: Principal, going: list[HeldFile], library: int, trace: str, params: Params
) -> None:
    keep = max(0, setting(tx, "recycleBinDays", KEEP_BIN_DAYS))
    change_id = changes.add_in(
        tx,
        KIND,
        library=library,
        by=who.by,
        trace=trace,
        params={"count": params["count"], "size": params["size"]},
        undo_until=tx.now_us + keep * _DAY_US,
    )
    ops = [_op(file, change_id, seq) for seq, file in enumerate(going)]
    file_ops.add_in(tx, ops, [file.root_id for file in going], change_id=change_id)
    tx.enqueue(
        KIND,
        {"changeId": change_id},
        key=str(change_id),
        priority=commands.PERSON,
        trace=trace,
        by=who.by,
        library=library,
    )


def _op(file: HeldFile, change_id: int, seq: int) -> FileOp:
    return FileOp(
        key=f"c{change_id}-{seq}",
        seq=seq,
        kind=OpKind.TRASH,
        src=f"{file.root_path.rstrip('/')}/{file.rel_path}",
        dst="",
        root=file.root_path,
        marker=file.marker,
        change=f"c{change_id}",
        size=file.size,
        sha256=file.sha256,
        inode=file.inode,
        mtime_ns=file.mtime_ns,
    )
