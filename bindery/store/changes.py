"""Changes that a person may take back: what Undo lists (architecture.md 5a), and their files."""

from collections.abc import Sequence

import msgspec

from bindery.domain.offers import BookFormat
from bindery.domain.refusal import Params
from bindery.store.rows import json_text
from bindery.store.tx import By, Reader, Tx


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `at`, `undo_until` and `undone_at` are µs UTC."""

    id: int
    kind: str
    library_id: int
    trace: str
    params: Params
    at: int
    undo_until: int | None
    undone_at: int | None


class HeldFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of some books, with what the disk must still show when it is moved.

    ``shared``: it fills a slot beyond those books and formats, and stays for that one.
    """

    id: int
    slot_id: int
    root_id: int
    root_path: str
    marker: str
    rel_path: str
    size: int
    mtime_ns: int
    inode: int
    sha256: str
    shared: bool


def add_in(
    tx: Tx, kind: str, *, library: int, by: By, trace: str, params: Params, undo_until: int | None
) -> int:
    """Note a change; answers its id, which names its folder in the recycle bins."""
    return tx.insert(
        _q_add,
        {
            "kind": kind,
            "library": library,
            "user": by.user_id,
            "via": by.via,
            "trace": trace,
            "params": json_text(params),
            "now": tx.now_us,
            "undo_until": undo_until,
        },
    )


def find_change(reader: Reader, change_id: int) -> ChangeRow | None:
    """One change."""
    return reader.one(_q_get, {"id": change_id}, ChangeRow)


def files_held(
    reader: Reader, book_ids: Sequence[int], book_format: BookFormat | None = None
) -> list[HeldFile]:
    """The files that fill these books' slots, of one format or of all."""
    params = {"ids": json_text(list(book_ids)), "format": book_format}
    return reader.rows(_q_held, params, HeldFile)


_q_add = """
INSERT INTO change (kind, library_id, by_user, via, trace, params, at, undo_until)
VALUES (:kind, :library, :user, :via, :trace, :params, :now, :undo_until)"""
_q_get = """
SELECT id, kind, library_id, trace, params, at, undo_until, undone_at FROM change WHERE id = :id"""
_q_held = """
WITH ours AS (
  SELECT s.id FROM json_each(:ids) wanted CROSS JOIN slot s ON s.book_id = wanted.value
  WHERE :format IS NULL OR s.format = :format)
SELECT f.id, sf.slot_id, f.root_id, r.path AS root_path, r.marker, f.rel_path, f.size, f.mtime_ns,
  f.inode, f.sha256,
  EXISTS (SELECT 1 FROM slot_file other
    WHERE other.file_id = f.id AND other.slot_id NOT IN (SELECT id FROM ours)) AS shared
FROM ours CROSS JOIN slot_file sf ON sf.slot_id = ours.id
CROSS JOIN file f ON f.id = sf.file_id
CROSS JOIN root r ON r.id = f.root_id
ORDER BY f.root_id, f.rel_path"""
