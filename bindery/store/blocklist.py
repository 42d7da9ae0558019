"""Releases that are not to be grabbed again (acquisition.md 1.6, Better).

Matched by info-hash, by guid, or by normalised title with a size within 2 %.
"""

import msgspec

from bindery.domain.principal import By, Scope
from bindery.domain.refusal import Params
from bindery.domain.titles import dedup_key
from bindery.store.downloads import DownloadRow
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx


class BlocklistRow(msgspec.Struct, frozen=True, kw_only=True):
    """One blocked release; `code` says why."""

    id: int
    library_id: int
    guid: str
    info_hash: str | None
    title: str
    title_key: str
    size: int | None
    protocol: str
    indexer_id: int | None
    book_id: int | None
    code: str
    params: Params
    by_user: int | None
    created_at: int
    expires_at: int | None


class NewEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A release to block."""

    library_id: int
    guid: str
    title: str
    code: str
    info_hash: str | None = None
    size: int | None = None
    protocol: str = ""
    indexer_id: int | None = None
    book_id: int | None = None
    params: Params = {}
    expires_at: int | None = None


_COLUMNS = """id, library_id, guid, info_hash, title, title_key, size, protocol, indexer_id,
  book_id, code, params, by_user, created_at, expires_at"""

_q_list = f"""
SELECT {_COLUMNS} FROM blocklist
WHERE library_id IN (SELECT value FROM json_each(:scope)) AND (:before IS NULL OR id < :before)
ORDER BY id DESC LIMIT :limit"""
_q_for_book = f"""
SELECT {_COLUMNS} FROM blocklist
WHERE library_id = :library AND (book_id = :book OR book_id IS NULL)
  AND (expires_at IS NULL OR expires_at > :now)
ORDER BY id DESC LIMIT 2000"""
_q_same = """
SELECT id FROM blocklist
WHERE library_id = :library AND guid = :guid AND guid <> '' AND book_id IS :book LIMIT 1"""
_q_add = """
INSERT INTO blocklist (library_id, guid, info_hash, title, title_key, size, protocol, indexer_id,
  book_id, code, params, by_user, created_at, expires_at)
VALUES (:library_id, :guid, :info_hash, :title, :title_key, :size, :protocol, :indexer_id,
  :book_id, :code, :params, :by_user, :now, :expires_at)"""
_q_delete = """
DELETE FROM blocklist
WHERE id = :id AND library_id IN (SELECT value FROM json_each(:scope))"""
_q_prune = "DELETE FROM blocklist WHERE expires_at <= :now"


def list_entries(
    reader: Reader, scope: Scope, *, limit: int = 500, before: int | None = None
) -> list[BlocklistRow]:
    """Newest first; `before` is the id of the last one seen."""
    params = {"scope": json_text(list(scope)), "limit": limit, "before": before}
    return reader.rows(_q_list, params, row=BlocklistRow)


def for_book(reader: Reader, library: int, book_id: int, now_us: int) -> list[BlocklistRow]:
    """What must not be grabbed for a book: its own entries and those of its library without one."""
    params = {"library": library, "book": book_id, "now": now_us}
    return reader.rows(_q_for_book, params, row=BlocklistRow)


def entry_of(row: DownloadRow, book_id: int | None, code: str, params: Params) -> NewEntry:
    """The entry that blocks the release of a download."""
    return NewEntry(
        library_id=row.library_id,
        guid=row.guid,
        title=row.title,
        code=code,
        info_hash=row.info_hash_v1 or row.info_hash_v2,
        size=row.size,
        protocol=row.protocol,
        indexer_id=row.indexer_id,
        book_id=book_id,
        params=params,
    )


def add_in(tx: Tx, entry: NewEntry, by: By) -> int | None:
    """Block a release; the entry's id, None when the same one stands there already."""
    same = {"library": entry.library_id, "guid": entry.guid, "book": entry.book_id}
    if tx.value(_q_same, same) is not None:
        return None
    values = {
        **msgspec.structs.asdict(entry),
        "title_key": dedup_key(entry.title),
        "params": json_text(entry.params),
        "by_user": by.user_id,
        "now": tx.now_us,
    }
    entry_id = tx.insert(_q_add, values)
    tx.publish("config", entry.library_id, "blocklist")
    return entry_id


def delete_in(tx: Tx, scope: Scope, entry_id: int) -> bool:
    """Allow a release again. False: there is none in scope."""
    gone = tx.run(_q_delete, {"id": entry_id, "scope": json_text(list(scope))}) > 0
    if gone:
        tx.publish("config", scope[0] if scope else 1, "blocklist")
    return gone


def prune_in(tx: Tx) -> int:
    """Forget what has expired; how many went."""
    return tx.run(_q_prune, {"now": tx.now_us})
