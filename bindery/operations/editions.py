"""Editions of works: asked for when somebody wants the book (metadata.md 5, 14).

One request per work, so they are not part of the catalogue sync: a command per work is, for the
books that are wanted. What they bring is evidence (ISBN, titles, languages) and what the book page
shows; it never changes what is wanted.
"""

from collections.abc import Sequence

import msgspec

from bindery.domain.catalogue import EditionRecord
from bindery.domain.principal import By
from bindery.store import books, catalogue
from bindery.store.commands import SWEEP
from bindery.store.tx import Reader, Tx

FETCH = "work.editions"
PER_SYNC = 25
"""Works of one sync whose editions are asked for; the rest when they are searched."""
MOST = 200
"""Editions kept of one work: a classic has thousands, and the first say enough."""
SOURCE = "editions"


class WorkEditions(msgspec.Struct, frozen=True, rename="camel"):
    """Payload of `work.editions`."""

    work_id: int


class Told(msgspec.Struct, frozen=True):
    """The source record that says editions were fetched."""

    provider: str
    count: int


class _Lacking(msgspec.Struct, frozen=True):
    work_id: int
    library_id: int


_q_lacking = """
SELECT w.id AS work_id, b.library_id
FROM book b JOIN work w ON w.id = b.work_id
WHERE b.id IN (SELECT value FROM json_each(:books)) AND b.deleted_at IS NULL
  AND w.primary_ref IS NOT NULL
  AND (:wanted_only = 0 OR (b.p_status = 'wanted' AND b.p_monitored = 1))
  AND NOT EXISTS (SELECT 1 FROM source_record s
    WHERE s.kind = 'work' AND s.entity_id = w.id AND s.source = 'editions')
ORDER BY b.p_released DESC, b.id LIMIT :limit"""
_q_ref = "SELECT primary_ref FROM work WHERE id = :id"


def want_in(
    tx: Tx,
    book_ids: Sequence[int],
    by: By,
    trace: str,
    *,
    priority: int = SWEEP,
    wanted_only: bool = True,
    limit: int = PER_SYNC,
) -> int:
    """Ask for the editions of books whose work has none yet; how many were asked for."""
    params = {
        "books": msgspec.json.encode(list(book_ids)).decode(),
        "wanted_only": int(wanted_only),
        "limit": limit,
    }
    lacking = tx.rows(_q_lacking, params, _Lacking)
    for row in lacking:
        tx.enqueue(
            FETCH,
            WorkEditions(work_id=row.work_id),
            key=str(row.work_id),
            priority=priority,
            trace=trace,
            by=by,
            library=row.library_id,
        )
    return len(lacking)


def reference_of(reader: Reader, work_id: int) -> str | None:
    """The provider's id of a work; None when it has none or is gone."""
    found: str | None = reader.value(_q_ref, {"id": work_id})
    return found


def editions_in(tx: Tx, work_id: int, provider: str, records: Sequence[EditionRecord]) -> None:
    """Merge what the provider told of a work's editions, in one transaction.

    Numbers belong to the edition; that two works share one is evidence, not a conflict.
    """
    if reference_of(tx, work_id) is None:
        return
    for record in records[:MOST]:
        edition_id = catalogue.put_edition_in(tx, work_id, _fields(record))
        catalogue.put_identifiers_in(tx, "edition", edition_id, _numbers(record), provider)
    told = Told(provider, min(len(records), MOST))
    catalogue.put_source_record_in(tx, "work", work_id, SOURCE, told)
    books.work_changed_in(tx, work_id)


def _fields(record: EditionRecord) -> catalogue.EditionFields:
    return catalogue.EditionFields(
        primary_ref=record.ref,
        title=record.title,
        format=record.format,
        is_ebook=record.is_ebook,
        publisher=record.publisher,
        language=record.language,
        published=record.published or None,
        duration_s=record.duration_s,
        pages=record.pages,
        narrators=record.narrators,
        information=record.information,
        cover_url=record.cover.url if record.cover else None,
    )


def _numbers(record: EditionRecord) -> list[tuple[str, str]]:
    given = (("isbn13", record.isbn13), ("isbn10", record.isbn10), ("asin", record.asin))
    return [(scheme, value) for scheme, value in given if value]
