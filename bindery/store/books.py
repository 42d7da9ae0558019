"""Books: one library's entries for works, read in bulk and changed one by one.

Whoever changes a book has found it in the caller's scope first (`find_book`). Status is never
written: it follows from slots, files and downloads (`book_facts`).
"""

from collections.abc import Sequence

import msgspec

from bindery.domain.offers import BookFormat
from bindery.domain.principal import By, Scope
from bindery.domain.text import search_line
from bindery.store.marks import author_changed_in, book_changed_in
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx

FORMATS: tuple[BookFormat, BookFormat] = ("ebook", "audiobook")


class BookRow(msgspec.Struct, frozen=True):
    """A book with what its wire row needs of work and author. Dates are calendar texts."""

    id: int
    library_id: int
    work_id: int
    foreign_id: str | None
    author_id: int | None
    author_name: str | None
    author_sort_name: str | None
    author_foreign_id: str | None
    title: str
    sort_title: str
    subtitle: str
    original_title: str
    description: str
    language: str
    released: str | None
    genres: list[str]
    ratings_count: int
    average_rating: float
    cover_url: str | None
    cover_colour: str | None
    provider: str
    refreshed_at: int | None
    excluded: bool
    skipped: bool
    status: str
    media: str
    monitored: bool
    locked: list[str]
    imported_at: int | None
    added_at: int
    added_by: int | None
    updated_at: int
    rev: int


class SlotRow(msgspec.Struct, frozen=True):
    """One (book, format) with its decided state. `path` is its newest existing file."""

    id: int
    book_id: int
    format: BookFormat
    wanted: bool
    monitored: bool
    state: str
    profile_id: int | None
    root_id: int | None
    edition_id: int | None
    last_search_at: int | None
    search_count: int
    next_search_at: int | None
    rev: int
    download_id: int | None
    download_state: str | None
    path: str | None = None
    files: int = 0
    size: int = 0


class FileRow(msgspec.Struct, frozen=True):
    """One file that fills a slot. Its absolute path is `root_path`/`rel_path`."""

    id: int
    slot_id: int
    book_id: int
    format: BookFormat
    root_id: int
    root_path: str
    rel_path: str
    size: int
    sha256: str
    quality: str
    language: str
    duration_s: float | None
    disc: int
    track: int
    missing_since: int | None
    created_at: int


class EditionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One edition of the book's work, with its numbers."""

    id: int
    work_id: int
    foreign_id: str | None
    format: str
    is_ebook: bool
    title: str
    publisher: str
    language: str
    published: str | None
    duration_s: int | None
    pages: int | None
    narrators: list[str]
    information: str
    cover_url: str | None
    isbn13: str | None
    isbn10: str | None
    asin: str | None
    created_at: int
    updated_at: int


class ContributorRow(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who had a part in the work; `author_id` when the library has an entry."""

    work_id: int
    person_id: int
    author_id: int | None
    name: str
    role: str
    position: int


class BookSeriesRow(msgspec.Struct, frozen=True, kw_only=True):
    """A series that the work belongs to."""

    work_id: int
    series_id: int
    title: str
    position: str
    primary: bool


class IdentifierRow(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence: (scheme, value) as a source told it."""

    entity_id: int
    scheme: str
    value: str
    source: str


# Reading


def find_book(reader: Reader, scope: Scope, id: int) -> BookRow | None:
    """One book in scope, excluded or not; None when there is none or it was deleted."""
    found = books_by_id(reader, scope, [id])
    return found[0] if found else None


def books_by_id(reader: Reader, scope: Scope, ids: Sequence[int]) -> list[BookRow]:
    """These books in the order of `ids`, as far as they are in scope."""
    params = {"ids": json_text(list(ids)), "scope": json_text(list(scope))}
    found = {book.id: book for book in reader.rows(_q_books, params, BookRow)}
    return [found[one] for one in ids if one in found]


def find_book_of_work(reader: Reader, library: int, work_id: int) -> int | None:
    """The id of a library's live entry for a work."""
    found: int | None = reader.value(_q_of_work, {"library": library, "work": work_id})
    return found


def slots_of(reader: Reader, book_ids: Sequence[int]) -> list[SlotRow]:
    """The slots of these books: by book, ebook first. Two statements."""
    params = {"ids": json_text(list(book_ids))}
    slots = reader.rows(_q_slots, params, SlotRow)
    held = {row.slot_id: row for row in reader.rows(_q_held, params, _Held)}
    return [_with_files(slot, held.get(slot.id)) for slot in slots]


def files_of(reader: Reader, book_ids: Sequence[int]) -> list[FileRow]:
    """The files of these books, in playing order, missing ones too."""
    return reader.rows(_q_files, {"ids": json_text(list(book_ids))}, FileRow)


def editions_of(reader: Reader, work_id: int) -> list[EditionRow]:
    """The editions of a work, newest first."""
    return reader.rows(_q_editions, {"work": work_id}, EditionRow)


def contributors_of(reader: Reader, library: int, work_ids: Sequence[int]) -> list[ContributorRow]:
    """Who wrote, read, translated these works, in their order."""
    params = {"ids": json_text(list(work_ids)), "library": library}
    return reader.rows(_q_contributors, params, ContributorRow)


def series_of(reader: Reader, work_ids: Sequence[int]) -> list[BookSeriesRow]:
    """The series of these works, the primary one first."""
    return reader.rows(_q_series, {"ids": json_text(list(work_ids))}, BookSeriesRow)


def identifiers_of(reader: Reader, work_id: int) -> list[IdentifierRow]:
    """What identifies a work or one of its editions."""
    return reader.rows(_q_identifiers, {"work": work_id}, IdentifierRow)


# Changing


def add_book_in(
    tx: Tx,
    library: int,
    work_id: int,
    author_id: int | None,
    *,
    wanted: Sequence[BookFormat] = ("ebook",),
    monitored: bool = True,
    profile_id: int | None = None,
    by: By,
) -> tuple[int, bool]:
    """A library wants a work. Answers (book id, whether it is new); an existing entry stays."""
    known = find_book_of_work(tx, library, work_id)
    if known is not None:
        return known, False
    book_id = tx.insert(
        _q_insert_book,
        {
            "library": library,
            "work": work_id,
            "author": author_id,
            "by": by.user_id,
            "now": tx.now_us,
            "search": search_text(tx, work_id),
        },
    )
    for format_ in FORMATS:
        tx.run(
            _q_insert_slot,
            {
                "book": book_id,
                "format": format_,
                "wanted": int(format_ in wanted),
                "monitored": int(monitored),
                "profile": profile_id,
            },
        )
    _changed(tx, library, book_id, author_id)
    return book_id, True


def set_monitored_in(
    tx: Tx, book: BookRow, monitored: bool, formats: Sequence[BookFormat] = FORMATS
) -> None:
    """Watch these formats of the book, or stop."""
    params = {"book": book.id, "on": int(monitored), "formats": json_text(list(formats))}
    if tx.run(_q_monitor, params):
        _touch(tx, book)


def set_media_in(tx: Tx, book: BookRow, wanted: Sequence[BookFormat]) -> None:
    """Which formats are wanted; the other one keeps its files."""
    if tx.run(_q_want, {"book": book.id, "formats": json_text(list(wanted))}):
        _touch(tx, book)


def set_profile_in(
    tx: Tx, book: BookRow, profile_id: int | None, formats: Sequence[BookFormat] = FORMATS
) -> None:
    """Which quality profile judges releases for these formats."""
    params = {"book": book.id, "profile": profile_id, "formats": json_text(list(formats))}
    if tx.run(_q_profile, params):
        _touch(tx, book)


def set_excluded_in(tx: Tx, book: BookRow, excluded: bool) -> None:
    """Hide from lists and never search, or undo that."""
    if tx.run(_q_exclude, {"id": book.id, "on": int(excluded)}):
        _touch(tx, book)


def set_skipped_in(tx: Tx, book: BookRow, skipped: bool) -> None:
    """The person does not want it now (`status` skipped), or undo that."""
    if tx.run(_q_skip, {"id": book.id, "on": int(skipped)}):
        _touch(tx, book)


def delete_in(tx: Tx, book: BookRow) -> None:
    """Into the bin: gone from every list and search; the row and its history stay."""
    tx.run(_q_unwatch, {"book": book.id})
    tx.run(_q_delete, {"id": book.id, "now": tx.now_us})
    book_changed_in(tx, book.library_id, book.id, gone=True)
    if book.author_id is not None:
        author_changed_in(tx, book.library_id, book.author_id)


def search_text(reader: Reader, work_id: int) -> str:
    """The folded line by which a work is found: titles, authors, series."""
    found = reader.one(_q_search_parts, {"work": work_id}, _SearchParts)
    if found is None:
        return ""
    return search_line(found.title, found.subtitle, found.original_title, *found.names)


def refresh_search_in(tx: Tx, work_id: int) -> None:
    """After a title or a name changed: the search line of every entry for the work."""
    params = {"work": work_id, "search": search_text(tx, work_id)}
    tx.run(_q_refresh_search, params)


def work_changed_in(tx: Tx, work_id: int) -> None:
    """Shared metadata changed: every library's entry for the work is another one now."""
    refresh_search_in(tx, work_id)
    for entry in tx.rows(_q_entries, {"work": work_id, "now": tx.now_us}, _Entry):
        _changed(tx, entry.library_id, entry.id, entry.author_id)


class _Entry(msgspec.Struct):
    id: int
    library_id: int
    author_id: int | None


class _SearchParts(msgspec.Struct):
    title: str
    subtitle: str
    original_title: str
    names: list[str]


class _Held(msgspec.Struct):
    slot_id: int
    files: int
    size: int
    newest: int
    path: str


def _with_files(slot: SlotRow, held: _Held | None) -> SlotRow:
    if held is None:
        return slot
    return msgspec.structs.replace(slot, path=held.path, files=held.files, size=held.size)


def _touch(tx: Tx, book: BookRow) -> None:
    tx.run(_q_touch, {"id": book.id, "now": tx.now_us})
    _changed(tx, book.library_id, book.id, book.author_id)


def _changed(tx: Tx, library: int, book_id: int, author_id: int | None) -> None:
    book_changed_in(tx, library, book_id)
    if author_id is not None:
        author_changed_in(tx, library, author_id)


_q_books = """
SELECT b.id, b.library_id, b.work_id, w.primary_ref AS foreign_id, b.author_id,
  p.name AS author_name, p.sort_name AS author_sort_name, p.primary_ref AS author_foreign_id,
  w.title, w.sort_title, w.subtitle, w.original_title, w.description, w.language, w.released,
  w.genres, w.ratings_count, w.average_rating, c.url AS cover_url, c.colour AS cover_colour,
  w.provider, w.refreshed_at, b.excluded, b.skipped, b.p_status AS status, b.p_media AS media,
  b.p_monitored AS monitored,
  (SELECT json_group_array(l.field) FROM field_lock l
    WHERE l.kind = 'work' AND l.entity_id = w.id) AS locked,
  b.p_imported_at AS imported_at, b.added_at, b.added_by,
  b.updated_at, b.rev
FROM book b JOIN work w ON w.id = b.work_id
LEFT JOIN author a ON a.id = b.author_id
LEFT JOIN person p ON p.id = a.person_id
LEFT JOIN cover c ON c.id = w.cover_id
WHERE b.id IN (SELECT value FROM json_each(:ids)) AND b.deleted_at IS NULL
  AND +b.library_id IN (SELECT value FROM json_each(:scope))"""

_q_of_work = """
SELECT id FROM book WHERE library_id = :library AND work_id = :work AND deleted_at IS NULL"""

_q_slots = """
SELECT s.id, s.book_id, s.format, s.wanted, s.monitored, st.state, s.profile_id, s.root_id,
  s.edition_id, s.last_search_at, s.search_count, s.next_search_at, s.rev,
  d.id AS download_id, d.state AS download_state
FROM json_each(:ids) wanted CROSS JOIN slot s ON s.book_id = wanted.value
CROSS JOIN slot_state st ON st.slot_id = s.id
LEFT JOIN download_slot ds ON ds.slot_id = s.id AND ds.live = 1
LEFT JOIN download d ON d.id = ds.download_id
ORDER BY s.book_id, s.format DESC"""

# Beside max(), SQLite takes the other columns from the row that holds it: the newest file.
_q_held = """
SELECT sf.slot_id, count(*) AS files, sum(f.size) AS size, max(f.id) AS newest,
  r.path || '/' || f.rel_path AS path
FROM json_each(:ids) wanted CROSS JOIN slot s ON s.book_id = wanted.value
CROSS JOIN slot_file sf ON sf.slot_id = s.id
CROSS JOIN file f ON f.id = sf.file_id
CROSS JOIN root r ON r.id = f.root_id
WHERE f.missing_since IS NULL GROUP BY sf.slot_id"""

_q_files = """
SELECT f.id, sf.slot_id, s.book_id, s.format, f.root_id, r.path AS root_path, f.rel_path, f.size,
  f.sha256, f.quality, f.language, f.duration_s, sf.disc, sf.track, f.missing_since, f.created_at
FROM json_each(:ids) wanted CROSS JOIN slot s ON s.book_id = wanted.value
CROSS JOIN slot_file sf ON sf.slot_id = s.id
CROSS JOIN file f ON f.id = sf.file_id
CROSS JOIN root r ON r.id = f.root_id
ORDER BY s.book_id, s.format DESC, sf.disc, sf.track, f.rel_path"""

_q_editions = """
SELECT e.id, e.work_id, e.primary_ref AS foreign_id, e.format, e.is_ebook, e.title, e.publisher,
  e.language, e.published, e.duration_s, e.pages, e.narrators, e.information, c.url AS cover_url,
  (SELECT i.value FROM identifier i
    WHERE i.kind = 'edition' AND i.entity_id = e.id AND i.scheme = 'isbn13') AS isbn13,
  (SELECT i.value FROM identifier i
    WHERE i.kind = 'edition' AND i.entity_id = e.id AND i.scheme = 'isbn10') AS isbn10,
  (SELECT i.value FROM identifier i
    WHERE i.kind = 'edition' AND i.entity_id = e.id AND i.scheme = 'asin') AS asin,
  e.created_at, e.updated_at
FROM edition e LEFT JOIN cover c ON c.id = e.cover_id
WHERE e.work_id = :work
ORDER BY e.published IS NULL, e.published DESC, e.id
LIMIT 500"""

_q_contributors = """
SELECT c.work_id, c.person_id, a.id AS author_id, p.name, c.role, c.position
FROM json_each(:ids) wanted CROSS JOIN contribution c ON c.work_id = wanted.value
CROSS JOIN person p ON p.id = c.person_id
LEFT JOIN author a ON a.person_id = p.id AND a.library_id = :library AND a.deleted_at IS NULL
ORDER BY c.work_id, c.position, c.id"""

_q_series = """
SELECT sw.work_id, sw.series_id, s.title, sw.position_text AS position, sw.is_primary AS "primary"
FROM json_each(:ids) wanted CROSS JOIN series_work sw ON sw.work_id = wanted.value
CROSS JOIN series s ON s.id = sw.series_id
ORDER BY sw.work_id, sw.is_primary DESC, s.sort_key"""

_q_identifiers = """
SELECT entity_id, scheme, value, source FROM identifier
WHERE kind = 'work' AND entity_id = :work
UNION ALL
SELECT i.entity_id, i.scheme, i.value, i.source
FROM edition e JOIN identifier i ON i.kind = 'edition' AND i.entity_id = e.id
WHERE e.work_id = :work LIMIT 500"""

_q_insert_book = """
INSERT INTO book (library_id, work_id, author_id, added_at, added_by, updated_at, p_search)
VALUES (:library, :work, :author, :now, :by, :now, :search)"""

_q_insert_slot = """
INSERT INTO slot (book_id, format, wanted, monitored, profile_id)
VALUES (:book, :format, :wanted, :monitored, :profile)"""

_q_monitor = """
UPDATE slot SET monitored = :on, rev = rev + 1
WHERE book_id = :book AND monitored <> :on AND format IN (SELECT value FROM json_each(:formats))"""

_q_want = """
UPDATE slot SET wanted = NOT wanted, rev = rev + 1
WHERE book_id = :book AND wanted <> (format IN (SELECT value FROM json_each(:formats)))"""

_q_profile = """
UPDATE slot SET profile_id = :profile, rev = rev + 1
WHERE book_id = :book AND profile_id IS NOT :profile
  AND format IN (SELECT value FROM json_each(:formats))"""

_q_exclude = "UPDATE book SET excluded = :on WHERE id = :id AND excluded <> :on"
_q_skip = "UPDATE book SET skipped = :on WHERE id = :id AND skipped <> :on"
_q_unwatch = "UPDATE slot SET next_search_at = NULL WHERE book_id = :book"
_q_delete = """
UPDATE book SET deleted_at = :now, updated_at = :now, p_search = '', rev = rev + 1
WHERE id = :id AND deleted_at IS NULL"""
_q_touch = "UPDATE book SET updated_at = :now, rev = rev + 1 WHERE id = :id"

_q_search_parts = """
SELECT w.title, w.subtitle, w.original_title,
  (SELECT json_group_array(name) FROM (
    SELECT p.name FROM contribution c JOIN person p ON p.id = c.person_id
    WHERE c.work_id = w.id AND c.role = 'author'
    UNION ALL
    SELECT s.title FROM series_work sw JOIN series s ON s.id = sw.series_id
    WHERE sw.work_id = w.id)) AS names
FROM work w WHERE w.id = :work"""

_q_refresh_search = """
UPDATE book SET p_search = :search
WHERE work_id = :work AND deleted_at IS NULL AND p_search <> :search"""

_q_entries = """
UPDATE book SET updated_at = :now, rev = rev + 1
WHERE work_id = :work AND deleted_at IS NULL RETURNING id, library_id, author_id"""
