"""Library files: what stands in a root and which slots it fills.

A file leaves the disk with its last reference, and its row with it.
"""

import msgspec

from bindery.store.tx import Tx


class NewFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it stands in its root. `quality` is its format (`epub`, `m4b`)."""

    root_id: int
    rel_path: str
    size: int
    mtime_ns: int
    inode: int
    sha256: str
    partial_md5: str = ""
    quality: str = "unknown"
    language: str = ""
    duration_s: float | None = None
    import_id: int | None = None


def put_in(tx: Tx, new: NewFile) -> int:
    """A file stands at its path now; answers its id. A known path keeps its row and its slots:
    `forget_in` first when another file stood there.
    """
    found: int = tx.value(_q_put, {**msgspec.structs.asdict(new), "now": tx.now_us})
    return found


def fill_in(tx: Tx, slot_id: int, file_id: int, *, disc: int = 0, track: int = 0) -> None:
    """The file fills the slot."""
    tx.run(_q_fill, {"slot": slot_id, "file": file_id, "disc": disc, "track": track})


def release_in(tx: Tx, slot_id: int, file_id: int) -> bool:
    """The file no longer fills this slot; its row goes with the last slot. False: it did not."""
    params = {"slot": slot_id, "file": file_id}
    if not tx.run(_q_release, params):
        return False
    tx.run(_q_forget_unused, {"file": file_id})
    return True


def forget_in(tx: Tx, root_id: int, rel_path: str) -> str | None:
    """The file left its place: its row and what it filled are gone. Answers its quality; None:
    there was no row.
    """
    quality: str | None = tx.value(_q_forget, {"root": root_id, "rel_path": rel_path})
    return quality


def missing_in(tx: Tx, file_id: int, *, missing: bool) -> bool:
    """A look at the disk did not find the file, or found it again; never deletes."""
    return tx.run(_q_missing, {"id": file_id, "missing": int(missing), "now": tx.now_us}) > 0


_q_put = """
INSERT INTO file (root_id, rel_path, size, mtime_ns, inode, sha256, partial_md5, quality, language,
  duration_s, import_id, created_at)
VALUES (:root_id, :rel_path, :size, :mtime_ns, :inode, :sha256, :partial_md5, :quality, :language,
  :duration_s, :import_id, :now)
ON CONFLICT (root_id, rel_path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,
  inode = excluded.inode, sha256 = excluded.sha256, partial_md5 = excluded.partial_md5,
  quality = excluded.quality, language = excluded.language, duration_s = excluded.duration_s,
  import_id = excluded.import_id, missing_since = NULL
RETURNING id"""
_q_fill = """
INSERT INTO slot_file (slot_id, file_id, disc, track) VALUES (:slot, :file, :disc, :track)
ON CONFLICT (slot_id, file_id) DO UPDATE SET disc = excluded.disc, track = excluded.track"""
_q_release = "DELETE FROM slot_file WHERE slot_id = :slot AND file_id = :file"
_q_forget_unused = """
DELETE FROM file WHERE id = :file AND NOT EXISTS (
  SELECT 1 FROM slot_file WHERE file_id = :file)"""
_q_forget = """
DELETE FROM file WHERE root_id = :root AND rel_path = :rel_path RETURNING quality"""
_q_missing = """
UPDATE file SET missing_since = CASE WHEN :missing THEN :now END
WHERE id = :id AND (missing_since IS NULL) = :missing"""
