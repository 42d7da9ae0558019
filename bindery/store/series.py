"""Series, read only: they belong to nobody, their books to libraries."""

from collections.abc import Sequence

import msgspec

from bindery.domain.principal import Scope
from bindery.store.rows import json_text
from bindery.store.tx import Reader


class SeriesRow(msgspec.Struct, frozen=True, kw_only=True):
    """One series."""

    id: int
    foreign_id: str | None
    title: str
    description: str
    created_at: int
    updated_at: int
    rev: int


class SeriesBook(msgspec.Struct, frozen=True, kw_only=True):
    """A visible book's place in a series."""

    series_id: int
    book_id: int
    position: str
    primary: bool


def list_series(
    reader: Reader, scope: Scope, *, limit: int = 500, after: tuple[str, int] | None = None
) -> list[SeriesRow]:
    """Series with at least one visible book, by title; `after` is (sort key, id)."""
    params = {
        "scope": json_text(list(scope)),
        "limit": limit,
        "key": after[0] if after else "",
        "id": after[1] if after else 0,
    }
    return reader.rows(_q_list, params, SeriesRow)


def find_series(reader: Reader, id: int) -> SeriesRow | None:
    """One series, whoever has books of it."""
    return reader.one(_q_one, {"id": id}, SeriesRow)


def series_of_author(reader: Reader, scope: Scope, author_id: int) -> list[SeriesRow]:
    """The series of an author's visible books, by title."""
    params = {"author": author_id, "scope": json_text(list(scope))}
    return reader.rows(_q_of_author, params, SeriesRow)


def books_of_series(reader: Reader, scope: Scope, ids: Sequence[int]) -> list[SeriesBook]:
    """Visible books of these series, in numeric position, then text."""
    params = {"ids": json_text(list(ids)), "scope": json_text(list(scope))}
    return reader.rows(_q_books, params, SeriesBook)


_COLUMNS = (
    "s.id, s.primary_ref AS foreign_id, s.title, s.description, s.created_at, s.updated_at, s.rev"
)
_q_one = f"SELECT {_COLUMNS} FROM series s WHERE s.id = :id"
_q_list = f"""
SELECT {_COLUMNS} FROM series s INDEXED BY series_sort
WHERE (s.sort_key, s.id) > (:key, :id) AND EXISTS (
  SELECT 1 FROM series_work sw CROSS JOIN book b ON b.work_id = sw.work_id
  WHERE sw.series_id = s.id AND b.deleted_at IS NULL AND b.excluded = 0
    AND +b.library_id IN (SELECT value FROM json_each(:scope)))
ORDER BY s.sort_key, s.id LIMIT :limit"""
_q_of_author = f"""
SELECT {_COLUMNS} FROM series s WHERE s.id IN (
  SELECT sw.series_id FROM book b INDEXED BY book_author
  CROSS JOIN series_work sw ON sw.work_id = b.work_id
  WHERE b.author_id = :author AND b.deleted_at IS NULL AND b.excluded = 0
    AND +b.library_id IN (SELECT value FROM json_each(:scope)))
ORDER BY s.sort_key, s.id LIMIT 500"""
_q_books = """
SELECT sw.series_id, b.id AS book_id, sw.position_text AS position, sw.is_primary AS "primary"
FROM json_each(:ids) wanted CROSS JOIN series_work sw ON sw.series_id = wanted.value
CROSS JOIN book b ON b.work_id = sw.work_id
WHERE b.deleted_at IS NULL AND b.excluded = 0
  AND +b.library_id IN (SELECT value FROM json_each(:scope))
ORDER BY sw.series_id, sw.position_num IS NULL, sw.position_num, sw.position_text, b.id"""
