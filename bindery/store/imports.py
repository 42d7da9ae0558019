"""Imports and their journal: rows `import`, `file_op`, and where a download lies on disk.

A plan and all of its ops are committed before the first byte in a root (architecture.md 6b).
"""

from typing import Literal, TypeAlias

import msgspec

from bindery.domain.file_op import Method
from bindery.domain.import_facts import ImportPlan
from bindery.domain.refusal import Params
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx

ImportState: TypeAlias = Literal["open", "registered", "done", "undone", "held"]


class ImportSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where a finished download lies.

    `path`: its folder or file as we see it (mapped). `files`: the paths below it that belong to
    the download, for a save path that is shared; empty = everything below `path`.
    """

    path: str
    files: tuple[str, ...] = ()


class FileNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the probe said of a source that its library row keeps."""

    language: str = ""
    duration_s: float | None = None


class PlanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The plan as decided, with notes of its sources by path: enough to register after a crash."""

    plan: ImportPlan
    notes: dict[str, FileNote] = {}


class ImportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One import. `code` on an open one says why it is being taken back."""

    id: int
    download_id: int | None
    state: ImportState
    mode: Method
    plan: PlanRecord
    code: str | None
    params: Params
    trace: str
    created_at: int
    registered_at: int | None
    done_at: int | None


def set_source_in(tx: Tx, download_id: int, source: ImportSource) -> None:
    """The gate let a download through: remember where it lies."""
    tx.run(
        _q_put_source,
        {"id": download_id, "path": source.path, "files": json_text(source.files)},
    )


def find_source(reader: Reader, download_id: int) -> ImportSource | None:
    """Where a download lies; None while its gate has not let it through."""
    return reader.one(_q_source, {"id": download_id}, ImportSource)


def assign_in(tx: Tx, download_id: int, slot_id: int) -> None:
    """A person said for which slot a download is: that one and no other."""
    tx.run(_q_unassign, {"download": download_id, "slot": slot_id})
    tx.run(_q_assign, {"download": download_id, "slot": slot_id})


def find_open(reader: Reader, download_id: int) -> ImportRow | None:
    """The import of a download that is under way or has sources left to remove."""
    return reader.one(_q_open, {"download": download_id}, ImportRow)


def find_import(reader: Reader, import_id: int) -> ImportRow | None:
    """One import."""
    return reader.one(_q_get, {"id": import_id}, ImportRow)


def add_in(tx: Tx, download_id: int, mode: Method, plan: PlanRecord, trace: str) -> int:
    """Open an import; answers its id, which names its ops on disk."""
    return tx.insert(
        _q_add,
        {
            "download": download_id,
            "mode": mode.value,
            "plan": json_text(plan),
            "trace": trace,
            "now": tx.now_us,
        },
    )


def undoing_in(tx: Tx, import_id: int, code: str, params: Params) -> None:
    """From here on the import is taken back, also after a restart."""
    tx.run(_q_undoing, {"id": import_id, "code": code, "params": json_text(params)})


def undone_in(tx: Tx, import_id: int) -> bool:
    """Every op was taken back."""
    return tx.run(_q_undone, {"id": import_id, "now": tx.now_us}) > 0


def registered_in(tx: Tx, import_id: int) -> bool:
    """Compare-and-set open → registered; False: it was registered before."""
    return tx.run(_q_registered, {"id": import_id, "now": tx.now_us}) > 0


def done_in(tx: Tx, import_id: int) -> bool:
    """Nothing is left to do; False: somebody said so before."""
    return tx.run(_q_done, {"id": import_id, "now": tx.now_us}) > 0


_COLUMNS = """id, download_id, state, mode, plan, code, params, trace, created_at, registered_at,
  done_at"""
_q_put_source = """
INSERT INTO download_source (download_id, path, files) VALUES (:id, :path, :files)
ON CONFLICT (download_id) DO UPDATE SET path = excluded.path, files = excluded.files"""
_q_source = "SELECT path, files FROM download_source WHERE download_id = :id"
_q_unassign = "DELETE FROM download_slot WHERE download_id = :download AND slot_id <> :slot"
_q_assign = """
INSERT INTO download_slot (download_id, slot_id, live)
SELECT :download, :slot, live FROM download WHERE id = :download
ON CONFLICT (download_id, slot_id) DO NOTHING"""
_q_open = f"""
SELECT {_COLUMNS} FROM import
WHERE download_id = :download AND state IN ('open', 'registered')"""
_q_get = f"SELECT {_COLUMNS} FROM import WHERE id = :id"
_q_add = """
INSERT INTO import (download_id, mode, plan, trace, created_at)
VALUES (:download, :mode, :plan, :trace, :now)"""
_q_undoing = "UPDATE import SET code = :code, params = :params WHERE id = :id AND state = 'open'"
_q_undone = """
UPDATE import SET state = 'undone', done_at = :now WHERE id = :id AND state = 'open'"""
_q_registered = """
UPDATE import SET state = 'registered', registered_at = :now WHERE id = :id AND state = 'open'"""
_q_done = """
UPDATE import SET state = 'done', done_at = :now WHERE id = :id AND state = 'registered'"""
