"""The journal of steps on the disk: rows of `file_op`, of an import or of a change."""

from collections.abc import Sequence

import msgspec

from bindery.domain.file_op import FileOp, Method, OpKind, OpState
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx


class _OpRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    seq: int
    kind: OpKind
    root_id: int
    root: str
    marker: str
    src: str
    dst: str
    tmp: str
    method: Method
    size: int | None
    sha256: str | None
    inode: int | None
    device: int | None
    facts: "_OpFacts"
    state: OpState


class _OpFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an op knows beside its columns."""

    key: str = ""
    change: str = ""
    replaces: bool = False
    partial_md5: str = ""
    mtime_ns: int = 0


def add_in(
    tx: Tx,
    ops: Sequence[FileOp],
    root_ids: Sequence[int],
    *,
    import_id: int | None = None,
    change_id: int | None = None,
) -> list[FileOp]:
    """Write ops of one import or of one change, each with the root it works in; answers them with
    their ids.
    """
    out: list[FileOp] = []
    owner = {"import": import_id, "change": change_id, "now": tx.now_us}
    for op, root_id in zip(ops, root_ids, strict=True):
        values = {**_values(op), **owner, "seq": op.seq, "kind": op.kind.value, "root": root_id}
        out.append(msgspec.structs.replace(op, id=tx.insert(_q_add, values)))
    return out


def of_import(reader: Reader, import_id: int) -> list[FileOp]:
    """The journal of an import, by `seq`."""
    return [_op(row) for row in reader.rows(_q_of_import, {"id": import_id}, _OpRow)]


def of_change(reader: Reader, change_id: int) -> list[tuple[int, FileOp]]:
    """The journal of a change, by `seq`, each op with the id of its root."""
    rows = reader.rows(_q_of_change, {"id": change_id}, _OpRow)
    return [(row.root_id, _op(row)) for row in rows]


def save_in(tx: Tx, op: FileOp) -> None:
    """An op came further: its state and what is known of its file."""
    tx.run(_q_save, {**_values(op), "id": op.id, "now": tx.now_us})


def _values(op: FileOp) -> dict[str, str | int]:
    facts = _OpFacts(
        key=op.key,
        change=op.change,
        replaces=op.replaces,
        partial_md5=op.partial_md5,
        mtime_ns=op.mtime_ns,
    )
    return {
        "src": op.src,
        "dst": op.dst,
        "tmp": op.tmp,
        "method": op.method.value,
        "size": op.size,
        "sha256": op.sha256,
        "inode": op.inode,
        "device": op.device,
        "facts": json_text(facts),
        "state": op.state.value,
    }


def _op(row: _OpRow) -> FileOp:
    return FileOp(
        id=row.id,
        key=row.facts.key,
        seq=row.seq,
        kind=row.kind,
        state=row.state,
        src=row.src,
        dst=row.dst,
        tmp=row.tmp,
        root=row.root,
        marker=row.marker,
        change=row.facts.change,
        replaces=row.facts.replaces,
        method=row.method,
        size=row.size or 0,
        sha256=row.sha256 or "",
        partial_md5=row.facts.partial_md5,
        inode=row.inode or 0,
        device=row.device or 0,
        mtime_ns=row.facts.mtime_ns,
    )


_q_add = """
INSERT INTO file_op (import_id, change_id, seq, kind, root_id, src, dst, tmp, method, size, sha256,
  inode, device, facts, state, updated_at)
VALUES (:import, :change, :seq, :kind, :root, :src, :dst, :tmp, :method, :size, :sha256, :inode,
  :device, :facts, :state, :now)"""
_COLUMNS = """o.id, o.seq, o.kind, o.root_id, r.path AS root, r.marker, o.src, o.dst, o.tmp,
  o.method, o.size, o.sha256, o.inode, o.device, o.facts, o.state"""
_q_of_import = f"""
SELECT {_COLUMNS} FROM file_op o JOIN root r ON r.id = o.root_id
WHERE o.import_id = :id ORDER BY o.seq"""
_q_of_change = f"""
SELECT {_COLUMNS} FROM file_op o JOIN root r ON r.id = o.root_id
WHERE o.change_id = :id ORDER BY o.seq"""
_q_save = """
UPDATE file_op SET src = :src, dst = :dst, tmp = :tmp, method = :method, size = :size,
  sha256 = :sha256, inode = :inode, device = :device, facts = :facts, state = :state,
  updated_at = :now
WHERE id = :id"""
