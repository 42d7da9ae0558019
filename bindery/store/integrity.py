"""Is the database whole? Damage, broken references, caches that differ from what decides them.

For `scan` and for `bindery doctor`: every check is proportional to the library.
"""

import msgspec

from bindery.store.tx import Reader

MOST = 100


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of damage. `count` is exact up to `MOST`; `examples` are ids or texts."""

    check: str
    count: int
    examples: tuple[str, ...]


def check_all(reader: Reader) -> list[Finding]:
    """Every check; empty when the database is whole."""
    findings = [
        _finding("damaged", [text for text in reader.values(_q_quick) if text != "ok"]),
        _finding("broken_reference", [f"{t}:{r}" for t, r, *_ in reader.tuples(_q_keys)]),
        _finding("book_cache", reader.values(_q_books)),
        _finding("tally", reader.values(_q_tally)),
        _finding("author_cache", reader.values(_q_authors)),
    ]
    return [finding for finding in findings if finding is not None]


def open_journal(reader: Reader) -> int:
    """How many file steps of imports and changes are not finished; the importer goes on there."""
    count: int = reader.value(_q_open_ops)
    return count


def _finding(check: str, found: list[object] | list[str]) -> Finding | None:
    if not found:
        return None
    return Finding(check=check, count=len(found), examples=tuple(str(one) for one in found[:5]))


_q_quick = f"PRAGMA integrity_check({MOST})"
_q_keys = "PRAGMA foreign_key_check"
_q_books = f"""
SELECT b.id FROM book b JOIN book_facts f ON f.book_id = b.id
WHERE (b.p_status, b.p_media, b.p_monitored, b.p_title_key, b.p_author_key, b.p_released,
    b.p_imported_at)
  IS NOT (f.status, f.media, f.monitored, f.title_key, f.author_key, f.released, f.imported_at)
LIMIT {MOST}"""
_q_tally = f"""
SELECT k.library_id || '/' || k.status FROM (
  SELECT library_id, excluded, p_monitored AS monitored, p_media AS media, p_status AS status,
    count(*) AS n
  FROM book WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5
  EXCEPT SELECT library_id, excluded, monitored, media, status, n FROM book_tally
  UNION ALL
  SELECT * FROM (
    SELECT library_id, excluded, monitored, media, status, n FROM book_tally WHERE n <> 0
    EXCEPT SELECT library_id, excluded, p_monitored, p_media, p_status, count(*)
    FROM book WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5)
) k LIMIT {MOST}"""
_q_authors = f"""
SELECT a.id FROM author a
LEFT JOIN book b ON b.author_id = a.id AND b.excluded = 0 AND b.deleted_at IS NULL
GROUP BY a.id
HAVING (a.p_books, a.p_available, a.p_wanted) IS NOT (count(b.id),
  coalesce(sum(b.p_status = 'imported'), 0),
  coalesce(sum(b.p_status = 'wanted' AND b.p_monitored = 1), 0))
LIMIT {MOST}"""
_q_open_ops = "SELECT count(*) FROM file_op WHERE state NOT IN ('done', 'undone')"
