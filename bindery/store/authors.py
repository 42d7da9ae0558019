"""Authors: one library's entries for persons."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from bindery.domain.offers import BookFormat
from bindery.domain.principal import By, Scope
from bindery.domain.text import search_line
from bindery.store.books import FORMATS
from bindery.store.marks import author_changed_in, book_changed_in
from bindery.store.rows import json_text
from bindery.store.tx import Reader, Tx

Mode: TypeAlias = Literal["all", "future", "latest", "none", "series"]
Media: TypeAlias = Literal["ebook", "audiobook", "both"]


class AuthorRow(msgspec.Struct, frozen=True):
    """An author with what its wire row needs of the person."""

    id: int
    library_id: int
    person_id: int
    foreign_id: str | None
    name: str
    sort_name: str
    description: str
    disambiguation: str
    born: str | None
    died: str | None
    ratings_count: int
    average_rating: float
    cover_url: str | None
    cover_colour: str | None
    provider: str
    refreshed_at: int | None
    populated_at: int | None
    monitored: bool
    mode: Mode
    latest_n: int
    new_items: Literal["all", "none"]
    media: Media
    profile_id: int | None
    metadata_profile_id: int | None
    root_id: int | None
    audiobook_root_id: int | None
    sync_summary: msgspec.Raw | None
    search_on_add: bool
    added_by: int | None
    created_at: int
    updated_at: int
    rev: int
    books: int
    available: int
    wanted: int


class AliasRow(msgspec.Struct, frozen=True, kw_only=True):
    """Another name of the person."""

    id: int
    person_id: int
    name: str
    kind: str
    source_ref: str
    created_at: int


class AuthorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a person chooses for an author."""

    monitored: bool = True
    mode: Mode = "all"
    latest_n: int = 1
    new_items: Literal["all", "none"] = "all"
    media: Media = "ebook"
    profile_id: int | None = None
    metadata_profile_id: int | None = None
    root_id: int | None = None
    audiobook_root_id: int | None = None
    search_on_add: bool = False

    @property
    def formats(self) -> tuple[BookFormat, ...]:
        """The formats that new books of the author want."""
        return FORMATS if self.media == "both" else (self.media,)


# Reading


def find_author(reader: Reader, scope: Scope, id: int) -> AuthorRow | None:
    """One author in scope; None when there is none or it was deleted."""
    found = authors_by_id(reader, scope, [id])
    return found[0] if found else None


def authors_by_id(reader: Reader, scope: Scope, ids: Sequence[int]) -> list[AuthorRow]:
    """These authors in the order of `ids`, as far as they are in scope."""
    params = {"ids": json_text(list(ids)), "scope": json_text(list(scope))}
    found = {author.id: author for author in reader.rows(_q_authors, params, AuthorRow)}
    return [found[one] for one in ids if one in found]


def author_for_sync(reader: Reader, id: int) -> AuthorRow | None:
    """One author whatever its library: for work that was asked for in the author's name."""
    return reader.one(_q_any_author, {"id": id}, AuthorRow)


def find_author_of_person(reader: Reader, scope: Scope, person_id: int) -> int | None:
    """The id of the first live entry for a person in these libraries."""
    params = {"person": person_id, "scope": json_text(list(scope))}
    found: int | None = reader.value(_q_of_person, params)
    return found


def authors_named(reader: Reader, scope: Scope, name_key: str) -> list[int]:
    """Ids of authors whose folded name, or one of their other names, is `name_key`."""
    return reader.values(_q_named, {"key": name_key, "scope": json_text(list(scope))})


def aliases_of(reader: Reader, person_id: int) -> list[AliasRow]:
    """Other names of a person, newest first."""
    return reader.rows(_q_aliases, {"person": person_id}, AliasRow)


def book_ids_of(
    reader: Reader, author_id: int, *, include_excluded: bool = False, limit: int = 2_000
) -> list[int]:
    """The author's live books by date of release."""
    params = {"author": author_id, "excluded": int(include_excluded), "limit": limit}
    return reader.values(_q_book_ids, params)


def took_out_since(reader: Reader, library: int, work_id: int, since: int) -> bool:
    """Whether a person took this work out of the library after `since` (µs)."""
    params = {"library": library, "work": work_id, "since": since}
    return reader.value(_q_took_out_since, params) is not None


def stale_authors(reader: Reader, before: int, limit: int) -> list[int]:
    """Watched authors whose catalogue was last fetched before `before` (µs), oldest first."""
    return reader.values(_q_stale, {"before": before, "limit": limit})


def authors_in_scope(reader: Reader, scope: Scope, limit: int) -> list[int]:
    """Ids of every author in scope, by id."""
    return reader.values(_q_in_scope, {"scope": json_text(list(scope)), "limit": limit})


# Changing


def add_author_in(
    tx: Tx, library: int, person_id: int, chosen: AuthorSettings, by: By
) -> tuple[int, bool]:
    """A library follows a person. Answers (author id, whether it is new)."""
    known = find_author_of_person(tx, (library,), person_id)
    if known is not None:
        return known, False
    author_id = tx.insert(
        _q_insert,
        {
            **_settings(chosen),
            "library": library,
            "person": person_id,
            "search_on_add": int(chosen.search_on_add),
            "by": by.user_id,
            "now": tx.now_us,
            "search": search_text(tx, person_id),
        },
    )
    author_changed_in(tx, library, author_id)
    return author_id, True


def update_author_in(tx: Tx, author: AuthorRow, chosen: AuthorSettings) -> None:
    """Store what a person chose."""
    tx.run(_q_update, {**_settings(chosen), "id": author.id, "now": tx.now_us})
    author_changed_in(tx, author.library_id, author.id)


def set_monitored_in(tx: Tx, author: AuthorRow, monitored: bool) -> None:
    """Follow the author, or stop."""
    params = {"id": author.id, "on": int(monitored), "now": tx.now_us}
    if tx.run(_q_monitor, params):
        author_changed_in(tx, author.library_id, author.id)


def store_sync_in(tx: Tx, author_id: int, summary: object) -> None:
    """The outcome of the last catalogue sync (`lastSync`); also sets `refreshed_at`."""
    params = {"id": author_id, "summary": json_text(summary), "now": tx.now_us}
    library: int | None = tx.value(_q_sync, params)
    if library is not None:
        tx.run(_q_refreshed, params)
        author_changed_in(tx, library, author_id)


def delete_in(tx: Tx, author: AuthorRow) -> list[int]:
    """Into the bin with all books; answers the books' ids."""
    params = {"id": author.id, "now": tx.now_us}
    tx.run(_q_unwatch_books, params)
    gone: list[int] = tx.values(_q_delete_books, params)
    tx.run(_q_delete, params)
    for book_id in gone:
        book_changed_in(tx, author.library_id, book_id, gone=True)
    author_changed_in(tx, author.library_id, author.id, gone=True)
    return gone


def search_text(reader: Reader, person_id: int) -> str:
    """The folded line by which a person is found: the name and every other name."""
    return search_line(*reader.values(_q_names, {"person": person_id}))


def person_changed_in(tx: Tx, person_id: int) -> None:
    """Shared metadata of a person changed: refresh every library's entry."""
    params = {"person": person_id, "search": search_text(tx, person_id), "now": tx.now_us}
    for entry in tx.rows(_q_entries, params, _Entry):
        author_changed_in(tx, entry.library_id, entry.id)


class _Entry(msgspec.Struct):
    id: int
    library_id: int


def _settings(chosen: AuthorSettings) -> dict[str, str | int | None]:
    return {
        "monitored": int(chosen.monitored),
        "mode": chosen.mode,
        "latest": chosen.latest_n,
        "new_items": chosen.new_items,
        "media": chosen.media,
        "profile": chosen.profile_id,
        "metadata_profile": chosen.metadata_profile_id,
        "root": chosen.root_id,
        "audiobook_root": chosen.audiobook_root_id,
    }


_SELECT = """
SELECT a.id, a.library_id, a.person_id, p.primary_ref AS foreign_id, p.name, p.sort_name,
  p.description, p.disambiguation, p.born, p.died, p.ratings_count, p.average_rating,
  c.url AS cover_url, c.colour AS cover_colour, p.provider, p.refreshed_at, p.populated_at,
  a.monitored, a.mode, a.latest_n, a.new_items, a.media, a.profile_id, a.metadata_profile_id,
  a.root_id, a.audiobook_root_id, a.sync_summary, a.search_on_add, a.added_by, a.created_at,
  a.updated_at, a.rev, a.p_books AS books, a.p_available AS available, a.p_wanted AS wanted
FROM author a JOIN person p ON p.id = a.person_id
LEFT JOIN cover c ON c.id = p.cover_id"""

_q_authors = f"""{_SELECT}
WHERE a.id IN (SELECT value FROM json_each(:ids)) AND a.deleted_at IS NULL
  AND +a.library_id IN (SELECT value FROM json_each(:scope))"""

_q_any_author = f"{_SELECT} WHERE a.id = :id AND a.deleted_at IS NULL"

_q_of_person = """
SELECT min(id) FROM author
WHERE person_id = :person AND deleted_at IS NULL
  AND +library_id IN (SELECT value FROM json_each(:scope))"""

_q_named = """
SELECT a.id FROM author a JOIN person p ON p.id = a.person_id
WHERE a.deleted_at IS NULL AND +a.library_id IN (SELECT value FROM json_each(:scope))
  AND p.id IN (SELECT id FROM person WHERE name_key = :key
    UNION SELECT person_id FROM person_name WHERE name_key = :key)
ORDER BY a.id LIMIT 20"""

_q_aliases = """
SELECT id, person_id, name, kind, source_ref, created_at FROM person_name
WHERE person_id = :person ORDER BY id DESC LIMIT 500"""

_q_took_out_since = """
SELECT id FROM book INDEXED BY book_work
WHERE work_id = :work AND library_id = :library AND deleted_at > :since LIMIT 1"""

# Walks the entries of every library by name: a sweep's question, for `scan`.
_q_stale = """
SELECT a.id FROM author a JOIN person p ON p.id = a.person_id
WHERE a.deleted_at IS NULL AND a.monitored = 1 AND coalesce(p.refreshed_at, 0) < :before
ORDER BY coalesce(p.refreshed_at, 0), a.id LIMIT :limit"""
_q_in_scope = """
SELECT id FROM author WHERE deleted_at IS NULL
  AND library_id IN (SELECT value FROM json_each(:scope)) ORDER BY id LIMIT :limit"""

_q_book_ids = """
SELECT id FROM book INDEXED BY book_author
WHERE author_id = :author AND deleted_at IS NULL AND excluded <= :excluded
ORDER BY p_released = '', p_released, id LIMIT :limit"""

_q_insert = """
INSERT INTO author (library_id, person_id, monitored, mode, latest_n, new_items, media,
  profile_id, metadata_profile_id, root_id, audiobook_root_id, search_on_add, added_by,
  created_at, updated_at, p_search)
VALUES (:library, :person, :monitored, :mode, :latest, :new_items, :media, :profile,
  :metadata_profile, :root, :audiobook_root, :search_on_add, :by, :now, :now, :search)"""

_q_update = """
UPDATE author SET monitored = :monitored, mode = :mode, latest_n = :latest,
  new_items = :new_items, media = :media, profile_id = :profile,
  metadata_profile_id = :metadata_profile, root_id = :root, audiobook_root_id = :audiobook_root,
  updated_at = :now, rev = rev + 1
WHERE id = :id"""

_q_monitor = """
UPDATE author SET monitored = :on, updated_at = :now, rev = rev + 1
WHERE id = :id AND monitored <> :on"""

_q_sync = """
UPDATE author SET sync_summary = :summary, updated_at = :now WHERE id = :id
RETURNING library_id"""
_q_refreshed = """
UPDATE person SET refreshed_at = :now, populated_at = coalesce(populated_at, :now)
WHERE id = (SELECT person_id FROM author WHERE id = :id)"""

_q_unwatch_books = """
UPDATE slot SET next_search_at = NULL
WHERE book_id IN (SELECT id FROM book WHERE author_id = :id AND deleted_at IS NULL)"""
_q_delete_books = """
UPDATE book SET deleted_at = :now, updated_at = :now, p_search = '', rev = rev + 1
WHERE author_id = :id AND deleted_at IS NULL RETURNING id"""
_q_delete = """
UPDATE author SET deleted_at = :now, updated_at = :now, p_search = '', rev = rev + 1
WHERE id = :id AND deleted_at IS NULL"""

_q_names = """
SELECT name FROM person WHERE id = :person
UNION ALL SELECT name FROM person_name WHERE person_id = :person"""

_q_entries = """
UPDATE author SET p_search = :search, updated_at = :now, rev = rev + 1
WHERE person_id = :person AND deleted_at IS NULL RETURNING id, library_id"""
