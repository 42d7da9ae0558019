"""What OPDS feeds list: authors, series and books that have a file (catalogue.md 7).

A book is listed as soon as one of its files exists, whatever is still wanted (`p_imported_at`).
A list is at most three statements whatever its length; all of them are for `store.scan`.
"""

from typing import Any

import msgspec

from bindery.domain.offers import BookFormat
from bindery.domain.principal import Scope
from bindery.domain.text import fold
from bindery.store.paging import Arm, Slice, Sort, walk
from bindery.store.rows import json_text
from bindery.store.tx import Reader

HITS = 1_000
"""Hits of a search that are sorted and paged through."""
_TRIGRAM = 3


class ShelfAuthor(msgspec.Struct, frozen=True, kw_only=True):
    """An author of the scope. `changed_at` is the newest change of entry, person or books."""

    id: int
    name: str
    sort_name: str
    description: str
    changed_at: int


class ShelfSeries(msgspec.Struct, frozen=True, kw_only=True):
    """A series with at least one visible book."""

    id: int
    title: str
    description: str
    changed_at: int


class ShelfPerson(msgspec.Struct, frozen=True, rename="camel"):
    """Who had which part in a book; `author_id` when the library follows them."""

    name: str
    role: str
    author_id: int | None = None


class ShelfPart(msgspec.Struct, frozen=True):
    """A series that a book belongs to."""

    id: int
    title: str
    position: str


class ShelfFile(msgspec.Struct, frozen=True):
    """One existing file, its path relative to its root, its size in bytes."""

    id: int
    format: BookFormat
    path: str
    size: int


class ShelfBook(msgspec.Struct, frozen=True, kw_only=True):
    """A book with all that its entry shows, in one row."""

    id: int
    title: str
    subtitle: str
    description: str
    language: str
    released: str
    genres: list[str]
    cover_url: str | None
    author_id: int | None
    author_name: str | None
    people: list[ShelfPerson]
    series: list[ShelfPart]
    files: list[ShelfFile]
    isbns: list[str]
    publisher: str | None
    changed_at: int
    imported_at: int


class Found(msgspec.Struct, frozen=True):
    """A page of books and how many there are in all."""

    books: list[ShelfBook]
    total: int


class FoundAuthors(msgspec.Struct, frozen=True):
    """A page of authors and how many there are in all."""

    authors: list[ShelfAuthor]
    total: int


class FoundSeries(msgspec.Struct, frozen=True):
    """A page of series and how many there are in all."""

    series: list[ShelfSeries]
    total: int


class _Hit(msgspec.Struct):
    id: int
    total: int


def newest_import(reader: Reader, scope: Scope) -> int:
    """When something was imported last; 0 on an empty shelf."""
    found: int | None = reader.value(_q_newest, {"scope": json_text(list(scope))})
    return found or 0


def page_of_authors(reader: Reader, scope: Scope, part: Slice) -> FoundAuthors:
    """Authors with a book that has a file, by sort name."""
    params: dict[str, Any] = {f"library{n}": library for n, library in enumerate(scope)}
    arms = [
        Arm(0, f"deleted_at IS NULL AND library_id = :library{n} AND {_AUTHOR_HAS_FILES}")
        for n in range(len(scope))
    ]
    total: int = reader.value(_q_count_authors, {"scope": json_text(list(scope))})
    keys = walk(reader, "author", _BY_NAME, arms, params, part, total=total)
    ids = json_text([key[-1] for key in keys])
    return FoundAuthors(reader.rows(_q_authors, {"ids": ids}, ShelfAuthor), total)


def find_author(reader: Reader, scope: Scope, id: int) -> ShelfAuthor | None:
    """One author in scope, with or without files."""
    params = {"id": id, "scope": json_text(list(scope))}
    if reader.value(_q_author_in_scope, params) is None:
        return None
    return reader.one(_q_authors, {"ids": json_text([id])}, ShelfAuthor)


def page_of_series(reader: Reader, scope: Scope, part: Slice) -> FoundSeries:
    """Series with a book in scope that has a file, by title."""
    params: dict[str, Any] = {"scope": json_text(list(scope))}
    total: int = reader.value(_q_count_series, params)
    keys = walk(reader, "series", _BY_TITLE, [Arm(0, _SERIES_HAS_FILES)], params, part, total=total)
    chosen = {"ids": json_text([key[-1] for key in keys]), **params}
    return FoundSeries(reader.rows(_q_series, chosen, ShelfSeries), total)


def find_series(reader: Reader, scope: Scope, id: int) -> ShelfSeries | None:
    """One series; None when the scope holds no book of it, as if there were no such series."""
    params = {"id": id, "scope": json_text(list(scope))}
    if reader.value(_q_series_in_scope, params) is None:
        return None
    chosen = {"ids": json_text([id]), "scope": params["scope"]}
    return reader.one(_q_series, chosen, ShelfSeries)


def books_of_author(reader: Reader, scope: Scope, id: int, part: Slice) -> Found:
    """An author's books in order of release, unknown dates last."""
    return _small(reader, _q_author_books, {"id": id, "scope": json_text(list(scope))}, part)


def books_of_series(reader: Reader, scope: Scope, id: int, part: Slice) -> Found:
    """A series' books by number, then text."""
    return _small(reader, _q_series_books, {"id": id, "scope": json_text(list(scope))}, part)


def recent_books(reader: Reader, scope: Scope, part: Slice) -> Found:
    """Everything on the shelf, what was imported last first, monitored or not."""
    params: dict[str, Any] = {f"library{n}": library for n, library in enumerate(scope)}
    arms = [
        Arm(
            0,
            f"deleted_at IS NULL AND p_imported_at IS NOT NULL AND library_id = :library{n}"
            " AND +excluded = 0",
        )
        for n in range(len(scope))
    ]
    total: int = reader.value(_q_count_recent, {"scope": json_text(list(scope))})
    keys = walk(reader, "book", _BY_IMPORT, arms, params, part, total=total)
    return Found(_books(reader, scope, [int(str(key[-1])) for key in keys]), total)


def search_books(reader: Reader, scope: Scope, text: str, part: Slice) -> Found:
    """Books whose titles, authors or series hold every word, by title; at most `HITS`."""
    words = fold(text).split()
    if not words:
        return Found([], 0)
    params: dict[str, Any] = {"scope": json_text(list(scope)), "hits": HITS}
    long = [word for word in words if len(word) >= _TRIGRAM]
    if not long:
        params["prefix"] = " ".join(words)
        return _small(reader, _q_prefix, params, part)
    likes: list[str] = []
    for n, word in enumerate(words):
        params[f"word{n}"] = f"%{word}%"
        # Words below three letters cannot use the index: they filter its hits.
        column = "s.p_search" if len(word) >= _TRIGRAM else "b.p_search"
        likes.append(f"{column} LIKE :word{n}")
    return _small(reader, _q_text.format(likes=" AND ".join(likes)), params, part)


def find_book(reader: Reader, scope: Scope, id: int) -> ShelfBook | None:
    """One listed book: in scope, not excluded, with a file."""
    found = _books(reader, scope, [id])
    return found[0] if found else None


def _small(reader: Reader, sql: str, params: dict[str, Any], part: Slice) -> Found:
    """A page of a set that is small already; its ids and its size come in one statement."""
    bound = {**params, "limit": part.limit, "offset": part.offset}
    hits = reader.rows(sql, bound, _Hit)
    books = reader.rows(_q_books, _chosen(params["scope"], [hit.id for hit in hits]), ShelfBook)
    return Found(books, hits[0].total if hits else 0)


def _books(reader: Reader, scope: Scope, ids: list[int]) -> list[ShelfBook]:
    return reader.rows(_q_books, _chosen(json_text(list(scope)), ids), ShelfBook)


def _chosen(scope: str, ids: list[int]) -> dict[str, str]:
    return {"scope": scope, "ids": json_text(ids)}


_BY_NAME = Sort("author_by_name", ("p_name_key",), (False, False))
_BY_TITLE = Sort("series_sort", ("sort_key",), (False, False))
_BY_IMPORT = Sort("book_imported", ("p_imported_at",), (True, True))

_LISTED = "b.deleted_at IS NULL AND b.excluded = 0 AND b.p_imported_at IS NOT NULL"
_IN_SCOPE = "library_id IN (SELECT value FROM json_each(:scope))"

# The counter answers for most authors; only those without a complete book are looked into.
_AUTHOR_HAS_FILES = f"""p_books > 0 AND (p_available > 0 OR EXISTS (
  SELECT 1 FROM book b WHERE b.author_id = author.id AND {_LISTED}))"""
_SERIES_HAS_FILES = f"""EXISTS (
  SELECT 1 FROM series_work sw CROSS JOIN book b ON b.work_id = sw.work_id
  WHERE sw.series_id = series.id AND {_LISTED} AND +b.{_IN_SCOPE})"""

# One step into the index per library; `max` over IN (...) would walk all of it.
_q_newest = """
SELECT max((SELECT max(b.p_imported_at) FROM book b INDEXED BY book_imported
  WHERE b.library_id = library.value AND b.deleted_at IS NULL AND b.p_imported_at IS NOT NULL))
FROM json_each(:scope) library"""

_q_count_authors = f"""
SELECT count(*) FROM author WHERE deleted_at IS NULL AND {_IN_SCOPE} AND {_AUTHOR_HAS_FILES}"""
_q_count_series = f"SELECT count(*) FROM series WHERE {_SERIES_HAS_FILES}"
_q_count_recent = f"""
SELECT count(*) FROM book b INDEXED BY book_imported WHERE {_LISTED} AND b.{_IN_SCOPE}"""

_q_author_in_scope = f"""
SELECT 1 FROM author WHERE id = :id AND deleted_at IS NULL AND +{_IN_SCOPE}"""
_q_series_in_scope = f"""
SELECT 1 FROM series_work sw CROSS JOIN book b ON b.work_id = sw.work_id
WHERE sw.series_id = :id AND b.deleted_at IS NULL AND b.excluded = 0 AND +b.{_IN_SCOPE} LIMIT 1"""

_q_authors = f"""
SELECT a.id, p.name, p.sort_name, p.description,
  max(a.updated_at, p.updated_at, coalesce((SELECT max(max(b.updated_at, b.p_imported_at))
    FROM book b WHERE b.author_id = a.id AND {_LISTED}), 0)) AS changed_at
FROM json_each(:ids) wanted
CROSS JOIN author a ON a.id = wanted.value
CROSS JOIN person p ON p.id = a.person_id
ORDER BY wanted.key"""

_q_series = f"""
SELECT s.id, s.title, s.description,
  max(s.updated_at, coalesce((SELECT max(max(b.updated_at, b.p_imported_at))
    FROM series_work sw CROSS JOIN book b ON b.work_id = sw.work_id
    WHERE sw.series_id = s.id AND {_LISTED} AND +b.{_IN_SCOPE}), 0)) AS changed_at
FROM json_each(:ids) wanted CROSS JOIN series s ON s.id = wanted.value
ORDER BY wanted.key"""

_q_author_books = f"""
SELECT b.id, count(*) OVER () AS total FROM book b
WHERE b.author_id = :id AND {_LISTED} AND +b.{_IN_SCOPE}
ORDER BY b.p_released = '', b.p_released, b.id LIMIT :limit OFFSET :offset"""

_q_series_books = f"""
SELECT b.id, count(*) OVER () AS total
FROM series_work sw CROSS JOIN book b ON b.work_id = sw.work_id
WHERE sw.series_id = :id AND {_LISTED} AND +b.{_IN_SCOPE}
ORDER BY sw.position_num IS NULL, sw.position_num, sw.position_text, b.id
LIMIT :limit OFFSET :offset"""

_q_text = f"""
SELECT hit.id, count(*) OVER () AS total FROM (
  SELECT b.id, b.p_title_key FROM book_search s CROSS JOIN book b ON b.id = s.rowid
  WHERE {{likes}} AND {_LISTED} AND +b.{_IN_SCOPE} LIMIT :hits) hit
ORDER BY hit.p_title_key, hit.id LIMIT :limit OFFSET :offset"""

_q_prefix = f"""
SELECT hit.id, count(*) OVER () AS total FROM (
  SELECT b.id, b.p_title_key FROM book b INDEXED BY book_by_title
  WHERE b.{_IN_SCOPE} AND {_LISTED}
    AND b.p_title_key >= :prefix AND b.p_title_key < :prefix || char(1114111) LIMIT :hits) hit
ORDER BY hit.p_title_key, hit.id LIMIT :limit OFFSET :offset"""

_PEOPLE = """
(SELECT json_group_array(json_object('name', name, 'role', role, 'authorId', author_id)) FROM (
  SELECT p.name, k.role, (SELECT a.id FROM author a
    WHERE a.person_id = p.id AND a.library_id = b.library_id AND a.deleted_at IS NULL) AS author_id
  FROM contribution k JOIN person p ON p.id = k.person_id
  WHERE k.work_id = b.work_id ORDER BY k.position, k.id LIMIT 20))"""
_SERIES = """
(SELECT json_group_array(json_object('id', id, 'title', title, 'position', position)) FROM (
  SELECT s.id, s.title, sw.position_text AS position
  FROM series_work sw JOIN series s ON s.id = sw.series_id
  WHERE sw.work_id = b.work_id ORDER BY sw.is_primary DESC, s.sort_key LIMIT 10))"""
_FILES = """
(SELECT json_group_array(json_object('id', id, 'format', format, 'path', path, 'size', size)) FROM (
  SELECT f.id, slot.format, f.rel_path AS path, f.size
  FROM slot JOIN slot_file sf ON sf.slot_id = slot.id JOIN file f ON f.id = sf.file_id
  WHERE slot.book_id = b.id AND f.missing_since IS NULL
  ORDER BY slot.format DESC, sf.disc, sf.track, f.rel_path))"""
_ISBNS = """
(SELECT json_group_array(value) FROM (
  SELECT i.value FROM edition e JOIN identifier i ON i.kind = 'edition' AND i.entity_id = e.id
  WHERE e.work_id = b.work_id AND i.scheme = 'isbn13' ORDER BY e.is_ebook DESC, e.id LIMIT 5))"""
_PUBLISHER = """
(SELECT e.publisher FROM edition e WHERE e.work_id = b.work_id AND e.publisher <> ''
  ORDER BY e.is_ebook DESC, e.id LIMIT 1)"""

_q_books = f"""
SELECT b.id, w.title, w.subtitle, w.description, w.language, coalesce(w.released, '') AS released,
  w.genres, c.url AS cover_url, b.author_id, pa.name AS author_name,
  {_PEOPLE} AS people, {_SERIES} AS series, {_FILES} AS files, {_ISBNS} AS isbns,
  {_PUBLISHER} AS publisher,
  max(b.updated_at, b.p_imported_at, w.updated_at) AS changed_at, b.p_imported_at AS imported_at
FROM json_each(:ids) wanted
CROSS JOIN book b ON b.id = wanted.value
CROSS JOIN work w ON w.id = b.work_id
LEFT JOIN author au ON au.id = b.author_id
LEFT JOIN person pa ON pa.id = au.person_id
LEFT JOIN cover c ON c.id = w.cover_id
WHERE {_LISTED} AND +b.{_IN_SCOPE}
ORDER BY wanted.key"""
