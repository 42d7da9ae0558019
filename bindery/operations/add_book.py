"""One work into the library, without its author's other works (catalogue.md 2.1)."""

import msgspec

from bindery.domain.catalogue import PersonRecord, WorkRecord
from bindery.domain.foreign_refs import provider_of
from bindery.domain.principal import Principal
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.text import fold
from bindery.operations.author_sync import formats_of, want_covers_in
from bindery.operations.catalogue import TitleIndex, person_in, work_in
from bindery.operations.monitoring import search_slots_in
from bindery.operations.once import Once, Replay, perform
from bindery.operations.ports import Lookup
from bindery.store import authors, books, catalogue, commands, slots
from bindery.store.authors import AuthorSettings
from bindery.store.settings_rows import setting
from bindery.store.store import Store
from bindery.store.tx import NewEvent, Tx


class NewBook(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a person sends; the author may be left out, the work tells it."""

    foreign_book_id: str = ""
    foreign_author_id: str = ""
    author_name: str = ""
    search_on_add: bool = False
    media_type: str = ""


class AddedBook(msgspec.Struct, frozen=True):
    """The book that stands now; `new` False = the library had it."""

    book_id: int
    new: bool


async def add_book(
    store: Store, who: Principal, body: NewBook, lookup: Lookup, once: Once | None = None
) -> AddedBook | Refusal | Replay:
    """Want one work. Refusals: `required`, `invalid`, `author_not_resolved`,
    `book_not_resolved`, `provider_unavailable`, `provider_timeout`.
    """
    if not body.foreign_book_id.strip():
        return refuse(Code.REQUIRED, "foreignBookId")
    if body.media_type not in ("", "ebook", "audiobook", "both"):
        return refuse(Code.INVALID, "mediaType", value=body.media_type[:40])
    record = await lookup.work(body.foreign_book_id.strip())
    if isinstance(record, Refusal):
        return record
    if record is None or not fold(record.title):
        return refuse(Code.BOOK_NOT_RESOLVED, "foreignBookId")
    writer = _writer(record, body)
    if writer is None or fold(record.title) == fold(writer.name):
        return refuse(Code.AUTHOR_NOT_RESOLVED, "foreignAuthorId")

    def work(tx: Tx) -> AddedBook:
        return _add_in(tx, who, record, writer, body)

    return await perform(store, work, once)


def _writer(record: WorkRecord, body: NewBook) -> PersonRecord | None:
    """Who the book is listed under: the one that was sent, else the first credited."""
    ref, name = body.foreign_author_id.strip(), " ".join(body.author_name.split())
    for credited in record.authors:
        if credited.name and (not ref or credited.ref == ref):
            return credited
    if ref and name:
        return PersonRecord(ref=ref, provider=provider_of(ref), name=name)
    return None


def _add_in(
    tx: Tx, who: Principal, record: WorkRecord, writer: PersonRecord, body: NewBook
) -> AddedBook:
    person_id = catalogue.find_by_ref(tx, "person", writer.ref) if writer.ref else None
    if person_id is None:
        named = authors.authors_named(tx, who.scope, fold(writer.name))
        row = authors.find_author(tx, who.scope, named[0]) if len(named) == 1 else None
        person_id = row.person_id if row else person_in(tx, writer).id
    author_id = authors.find_author_of_person(tx, who.scope, person_id)
    if author_id is None:
        author_id, _new = authors.add_author_in(
            tx, who.library, person_id, AuthorSettings(monitored=False), who.by
        )
    work_id = work_in(tx, record, person_id, TitleIndex(tx, person_id)).id
    media = body.media_type or setting(tx, "default.media_type", "ebook")
    book_id, new = books.add_book_in(
        tx, who.library, work_id, author_id, wanted=formats_of(media), monitored=True, by=who.by
    )
    row = books.find_book(tx, (who.library,), book_id)
    if row is not None and not new:
        books.set_monitored_in(tx, row, monitored=True)
        books.set_excluded_in(tx, row, excluded=False)
        if body.media_type:
            books.set_media_in(tx, row, formats_of(media))
    want_covers_in(tx, who.library, [record.cover.url] if record.cover else [])
    if new:
        tx.record(
            NewEvent(
                type="bookAdded",
                by=who.by,
                library=who.library,
                book_id=book_id,
                author_id=author_id,
                source_title=record.title,
            )
        )
    if body.search_on_add:
        # Asked for by a person: also while automatic grabbing is off.
        wanted = slots.slots_by_id(tx, (who.library,), slots.slot_ids_of_book(tx, book_id))
        search_slots_in(tx, wanted, "added", who.by, priority=commands.PERSON)
    return AddedBook(book_id, new)
