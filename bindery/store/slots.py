"""Slots: what is wanted, and when it is searched for next."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from bindery.domain.offers import BookFormat
from bindery.domain.principal import Scope
from bindery.store.marks import book_changed_in
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx

SlotSort: TypeAlias = Literal["title", "author", "released", "searched"]


class WantedSlot(msgspec.Struct, frozen=True):
    """A slot with what a search must know of it."""

    id: int
    book_id: int
    library_id: int
    format: BookFormat
    wanted: bool
    monitored: bool
    state: str
    excluded: bool
    profile_id: int | None
    work_id: int
    author_id: int | None
    author_name: str | None
    title: str
    subtitle: str
    original_title: str
    language: str
    released: str | None
    last_search_at: int | None
    search_count: int
    next_search_at: int | None

    @property
    def missing(self) -> bool:
        """Whether an automatic search should look for it."""
        wanted = self.wanted and self.monitored and not self.excluded
        return wanted and self.state in ("missing", "failed")


def find_slot(reader: Reader, scope: Scope, id: int) -> WantedSlot | None:
    """One slot of a live book in scope."""
    found = slots_by_id(reader, scope, [id])
    return found[0] if found else None


def slots_by_id(reader: Reader, scope: Scope, ids: Sequence[int]) -> list[WantedSlot]:
    """These slots, in the order of `ids`, as far as their books are in scope."""
    params = {"ids": json_text(list(ids)), "scope": json_text(list(scope))}
    found = {slot.id: slot for slot in reader.rows(_q_slots, params, WantedSlot)}
    return [found[one] for one in ids if one in found]


def slot_ids_of_book(reader: Reader, book_id: int) -> list[int]:
    """The slots of one book, ebook first."""
    return reader.values(_q_of_book, {"book": book_id})


def slot_ids_of_books(reader: Reader, book_ids: Sequence[int]) -> list[int]:
    """The slots of these books, in their order, ebook first."""
    return reader.values(_q_of_books, {"ids": json_text(list(book_ids))})


def missing_slots(
    reader: Reader,
    scope: Scope,
    *,
    limit: int = 100,
    offset: int = 0,
    include_excluded: bool = False,
) -> list[WantedSlot]:
    """Monitored, wanted slots of `wanted` books that have no file and nothing under way, in the
    order of titles. Walks only the books whose status is `wanted`.
    """
    params = {
        "scope": json_text(list(scope)),
        "excluded": json_text([0, 1] if include_excluded else [0]),
        "limit": limit,
        "offset": offset,
    }
    return slots_by_id(reader, scope, reader.values(_q_missing, params))


def due_slots(reader: Reader, now_us: int, limit: int = 100) -> list[int]:
    """Ids of slots whose next search is due, the longest waiting first."""
    return reader.values(_q_due, {"now": now_us, "limit": limit})


def next_search(reader: Reader) -> int | None:
    """When the earliest search is due (µs)."""
    found: int | None = reader.value(_q_next)
    return found


def searched_in(tx: Tx, slot: WantedSlot, next_search_at: int | None) -> None:
    """A search was made; the next one is due at `next_search_at` (µs), None = not by itself."""
    tx.run(_q_searched, {"id": slot.id, "now": tx.now_us, "next": next_search_at})
    book_changed_in(tx, slot.library_id, slot.book_id)


def plan_search_in(tx: Tx, slot_ids: Sequence[int], next_search_at: int | None) -> int:
    """Set when these slots are searched next; answers how many changed."""
    return tx.run(_q_plan, {"ids": json_text(list(slot_ids)), "next": next_search_at})


_q_slots = """
SELECT s.id, s.book_id, b.library_id, s.format, s.wanted, s.monitored, st.state, b.excluded,
  coalesce(s.profile_id, a.profile_id) AS profile_id, b.work_id, b.author_id,
  p.name AS author_name, w.title, w.subtitle, w.original_title, w.language, w.released,
  s.last_search_at, s.search_count, s.next_search_at
FROM json_each(:ids) wanted CROSS JOIN slot s ON s.id = wanted.value
CROSS JOIN book b ON b.id = s.book_id
CROSS JOIN work w ON w.id = b.work_id
CROSS JOIN slot_state st ON st.slot_id = s.id
LEFT JOIN author a ON a.id = b.author_id
LEFT JOIN person p ON p.id = a.person_id
WHERE b.deleted_at IS NULL AND b.library_id IN (SELECT value FROM json_each(:scope))"""

_q_of_book = "SELECT id FROM slot WHERE book_id = :book ORDER BY format DESC"

_q_of_books = """
SELECT s.id FROM json_each(:ids) wanted CROSS JOIN slot s ON s.book_id = wanted.value
ORDER BY wanted.key, s.format DESC"""

_q_missing = """
SELECT s.id
FROM book b INDEXED BY book_status_title CROSS JOIN slot s ON s.book_id = b.id
CROSS JOIN slot_state st ON st.slot_id = s.id
WHERE b.deleted_at IS NULL AND b.library_id IN (SELECT value FROM json_each(:scope))
  AND b.excluded IN (SELECT value FROM json_each(:excluded))
  AND b.p_status = 'wanted' AND b.p_monitored = 1
  AND s.wanted = 1 AND s.monitored = 1 AND st.state IN ('missing', 'failed')
ORDER BY b.p_title_key, b.id, s.format DESC LIMIT :limit OFFSET :offset"""

_q_due = """
SELECT s.id FROM slot s INDEXED BY slot_due
WHERE s.next_search_at <= :now ORDER BY s.next_search_at LIMIT :limit"""
_q_next = "SELECT min(next_search_at) FROM slot WHERE next_search_at IS NOT NULL"
_q_searched = """
UPDATE slot SET last_search_at = :now, search_count = search_count + 1, next_search_at = :next
WHERE id = :id"""
_q_plan = """
UPDATE slot SET next_search_at = :next
WHERE id IN (SELECT value FROM json_each(:ids)) AND next_search_at IS NOT :next"""
