"""Root folders: where books are shelved. A marker file tells a mounted root from an empty mount
point (architecture.md 6b).
"""

import msgspec

from bindery.domain.principal import By
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx


class RootRow(msgspec.Struct, frozen=True, kw_only=True):
    """One root. `probe` is what the file system can do; `marker` the uuid written into it."""

    id: int
    library_id: int
    path: str
    marker: str
    device_id: int | None
    probe: msgspec.Raw
    free_bytes: int | None
    checked_at: int | None
    created_at: int
    rev: int


def list_roots(reader: Reader) -> list[RootRow]:
    """All of them, by path."""
    return reader.rows(_q_list, {}, RootRow)


def find_root(reader: Reader, id: int) -> RootRow | None:
    """One root."""
    return reader.one(_q_one, {"id": id}, RootRow)


def root_in_use(reader: Reader, id: int) -> str | None:
    """What still refers to a root: `file`, `author`, `slot`, `import`; None when nothing does."""
    found: str | None = reader.value(_q_in_use, {"id": id})
    return found


def add_root_in(
    tx: Tx,
    path: str,
    marker: str,
    *,
    by: By,
    device_id: int | None = None,
    probe: object = None,
    free_bytes: int | None = None,
) -> int:
    """Store a root; the caller has written the marker. Answers its id."""
    root_id = tx.insert(
        _q_insert,
        {
            "path": path,
            "marker": marker,
            "device": device_id,
            "probe": json_text(probe if probe is not None else {}),
            "free": free_bytes,
            "by": by.user_id,
            "now": tx.now_us,
        },
    )
    tx.publish("config", 1, f"root:{root_id}")
    return root_id


def checked_in(
    tx: Tx, id: int, *, free_bytes: int | None, device_id: int | None, probe: object = None
) -> None:
    """What a look at the root found; never changes `rev`."""
    params = {
        "id": id,
        "free": free_bytes,
        "device": device_id,
        "probe": None if probe is None else json_text(probe),
        "now": tx.now_us,
    }
    tx.run(_q_checked, params)
    tx.publish("config", 1, f"root:{id}")


def delete_root_in(tx: Tx, id: int) -> bool:
    """Forget a root nobody refers to (`root_in_use`); its files stay on disk."""
    tx.run(_q_forget_ops, {"id": id})
    gone = tx.run(_q_delete, {"id": id}) > 0
    if gone:
        tx.publish("config", 1, f"root:{id}", "del")
    return gone


_COLUMNS = "id, library_id, path, marker, device_id, probe, free_bytes, checked_at, created_at, rev"
_q_list = f"SELECT {_COLUMNS} FROM root ORDER BY path"
_q_one = f"SELECT {_COLUMNS} FROM root WHERE id = :id"
_q_in_use = """
SELECT CASE
  WHEN EXISTS (SELECT 1 FROM file WHERE root_id = :id) THEN 'file'
  WHEN EXISTS (SELECT 1 FROM author WHERE (root_id = :id OR audiobook_root_id = :id)
    AND deleted_at IS NULL) THEN 'author'
  WHEN EXISTS (SELECT 1 FROM file_op WHERE root_id = :id AND state NOT IN ('done', 'undone'))
    THEN 'import'
END"""
_q_insert = """
INSERT INTO root (path, marker, device_id, probe, free_bytes, checked_at, by_user, created_at)
VALUES (:path, :marker, :device, :probe, :free, :now, :by, :now)"""
_q_checked = """
UPDATE root SET free_bytes = :free, device_id = coalesce(:device, device_id),
  probe = coalesce(:probe, probe), checked_at = :now
WHERE id = :id"""
_q_forget_ops = """
UPDATE file_op SET root_id = NULL WHERE root_id = :id AND state IN ('done', 'undone')"""
_q_delete = "DELETE FROM root WHERE id = :id"
