"""Which of a provider's records a library holds already: one statement per list of hits."""

from collections.abc import Sequence

import msgspec

from bindery.domain.principal import Scope
from bindery.store.rows import json_text
from bindery.store.tx import Reader


class _Held(msgspec.Struct):
    ref: str
    id: int


def authors_held(reader: Reader, scope: Scope, refs: Sequence[str]) -> dict[str, int]:
    """Foreign id -> author id."""
    return _found(reader, _q_authors, scope, refs)


def books_held(reader: Reader, scope: Scope, refs: Sequence[str]) -> dict[str, int]:
    """Foreign id -> book id."""
    return _found(reader, _q_books, scope, refs)


def _found(reader: Reader, sql: str, scope: Scope, refs: Sequence[str]) -> dict[str, int]:
    params = {"refs": json_text(list(refs)), "scope": json_text(list(scope))}
    return {row.ref: row.id for row in reader.rows(sql, params, _Held)}


_SAME = """
SELECT asked.value AS ref, min(o.id) AS id
FROM json_each(:refs) asked
CROSS JOIN identifier i INDEXED BY identifier_value
  ON i.scheme IN ('openlibrary', 'googlebooks', 'hardcover', 'dnb', 'audible')
    AND i.value = asked.value AND i.kind = '{kind}'
CROSS JOIN {table} o ON o.{kind}_id = i.entity_id
WHERE o.deleted_at IS NULL AND +o.library_id IN (SELECT value FROM json_each(:scope))
GROUP BY asked.value"""
_q_authors = _SAME.format(kind="person", table="author")
_q_books = _SAME.format(kind="work", table="book")
