"""Feeds of latest releases: how far each was read, and which wanted slots a release may be for."""

from collections.abc import Collection, Sequence

from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx

MOST_SLOTS = 500


def seen(reader: Reader, indexer_id: int) -> tuple[str, ...]:
    """The marks of the last look, newest first; empty before the first one."""
    return tuple(reader.values(_q_seen, {"id": indexer_id}))


def remember_in(tx: Tx, indexer_id: int, marks: Sequence[str]) -> None:
    """Remember a look. An indexer that was deleted meanwhile is none any more."""
    tx.run(_q_remember, {"id": indexer_id, "seen": json_text(list(marks)), "now": tx.now_us})


def slots_named(reader: Reader, people: Collection[str], titles: Collection[str]) -> list[int]:
    """Wanted, monitored slots of books whose author or title is among these folded names."""
    params = {
        "people": json_text(sorted(people)),
        "titles": json_text(sorted(titles)),
        "limit": MOST_SLOTS,
    }
    return reader.values(_q_slots, params)


_q_seen = "SELECT value FROM indexer_feed, json_each(seen) WHERE indexer_id = :id"
_q_remember = """
INSERT INTO indexer_feed (indexer_id, seen, at)
SELECT id, :seen, :now FROM indexer WHERE id = :id
ON CONFLICT (indexer_id) DO UPDATE SET seen = excluded.seen, at = excluded.at"""
_q_slots = """
WITH named (id) AS (
  SELECT p.id FROM person p WHERE p.name_key IN (SELECT value FROM json_each(:people))
  UNION SELECT n.person_id FROM person_name n
    WHERE n.name_key IN (SELECT value FROM json_each(:people))),
found (id) AS (
  SELECT b.id FROM named CROSS JOIN author a ON a.person_id = named.id
    CROSS JOIN book b ON b.author_id = a.id
    WHERE a.deleted_at IS NULL AND b.deleted_at IS NULL AND b.p_status = 'wanted'
  UNION SELECT b.id FROM work w CROSS JOIN book b ON b.work_id = w.id
    WHERE w.title_key IN (SELECT value FROM json_each(:titles))
      AND b.deleted_at IS NULL AND b.p_status = 'wanted')
SELECT s.id FROM found CROSS JOIN slot s ON s.book_id = found.id
CROSS JOIN slot_state st ON st.slot_id = s.id
WHERE s.wanted = 1 AND s.monitored = 1 AND st.state IN ('missing', 'failed')
ORDER BY s.id LIMIT :limit"""
