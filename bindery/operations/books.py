"""Books: what a person decides about one (catalogue.md 2.2)."""

from datetime import date
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from bindery.domain import languages
from bindery.domain.identifiers import asin
from bindery.domain.metadata_merge import USER
from bindery.domain.offers import BookFormat
from bindery.domain.principal import Principal
from bindery.domain.refusal import Code, Params, Refusal, refuse
from bindery.operations.author_sync import formats_of
from bindery.operations.monitoring import search_slots_in
from bindery.operations.trash import trash_in
from bindery.store import books, catalogue, commands, edits, files, profiles, slots
from bindery.store.books import FORMATS, BookRow
from bindery.store.catalogue import WorkFields
from bindery.store.marks import author_changed_in, book_changed_in
from bindery.store.settings_rows import setting
from bindery.store.store import Store
from bindery.store.tx import NewEvent, Tx

STATUSES = ("wanted", "downloading", "downloaded", "imported", "skipped")
LOCKABLE = {
    "title": "title",
    "description": "description",
    "genres": "genres",
    "language": "language",
    "releaseDate": "released",
}
MOST_GENRES = 50


class FormatPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What changes for one format."""

    format: Literal["ebook", "audiobook"]
    wanted: bool | UnsetType = UNSET
    monitored: bool | UnsetType = UNSET
    quality_profile_id: int | UnsetType | None = UNSET


class BookPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What changes; absent keys keep their value."""

    monitored: bool | UnsetType = UNSET
    status: str | UnsetType = UNSET
    media_type: str | UnsetType = UNSET
    asin: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    genres: tuple[str, ...] | UnsetType = UNSET
    language: str | UnsetType = UNSET
    release_date: str | UnsetType | None = UNSET
    locked_fields: tuple[str, ...] | UnsetType = UNSET
    formats: tuple[FormatPatch, ...] = ()
    rev: int | None = None
    """When sent, the change is refused as `stale` unless the row still has this revision."""


async def update_book(
    store: Store, who: Principal, book_id: int, patch: BookPatch
) -> BookRow | Refusal:
    """Change a book; edited metadata is locked against refreshes."""

    def work(tx: Tx) -> BookRow | Refusal:
        row = books.find_book(tx, who.scope, book_id)
        if row is None:
            return refuse(Code.NOT_FOUND)
        if patch.rev is not None and patch.rev != row.rev:
            return refuse(Code.STALE, rev=row.rev)
        refusal = _check(tx, row, patch)
        if refusal is not None:
            return refusal
        _choose_in(tx, row, patch)
        _edit_in(tx, who, row, patch)
        after = books.find_book(tx, who.scope, book_id) or row
        was = row.status == "wanted" and row.monitored
        if after.status == "wanted" and after.monitored and not was:
            _search_in(tx, who, after)
        return books.find_book(tx, who.scope, book_id) or after

    return await store.write(work)


def _check(tx: Tx, row: BookRow, patch: BookPatch) -> Refusal | None:
    status = patch.status
    if not isinstance(status, UnsetType):
        held = row.status == "imported" or status in (row.status, "wanted", "skipped")
        if status not in STATUSES or not held:
            return refuse(Code.INVALID, "status", value=status, allowed=STATUSES)
    media = patch.media_type
    if not isinstance(media, UnsetType) and media not in ("ebook", "audiobook", "both"):
        return refuse(Code.INVALID, "mediaType", value=media)
    if not isinstance(patch.title, UnsetType) and not patch.title.strip():
        return refuse(Code.INVALID, "title")
    released = patch.release_date
    if isinstance(released, str) and released and not _is_date(released):
        return refuse(Code.INVALID, "releaseDate", value=released[:40])
    if not isinstance(patch.asin, UnsetType) and patch.asin and not asin(patch.asin.upper()):
        return refuse(Code.INVALID, "asin", value=patch.asin[:40])
    for name in () if isinstance(patch.locked_fields, UnsetType) else patch.locked_fields:
        if name not in LOCKABLE:
            return refuse(Code.INVALID, "lockedFields", value=name, allowed=tuple(LOCKABLE))
    for one in patch.formats:
        profile = one.quality_profile_id
        if isinstance(profile, int) and profiles.find_profile(tx, profile) is None:
            return refuse(Code.INVALID, "formats.qualityProfileId", value=profile)
    return None


def _choose_in(tx: Tx, row: BookRow, patch: BookPatch) -> None:
    if not isinstance(patch.media_type, UnsetType):
        books.set_media_in(tx, row, formats_of(patch.media_type))
    if not isinstance(patch.monitored, UnsetType):
        books.set_monitored_in(tx, row, patch.monitored)
    if patch.status in ("wanted", "skipped"):
        books.set_skipped_in(tx, row, patch.status == "skipped")
    wanted = {slot.format for slot in books.slots_of(tx, [row.id]) if slot.wanted}
    for one in patch.formats:
        if not isinstance(one.wanted, UnsetType):
            wanted = wanted | {one.format} if one.wanted else wanted - {one.format}
            books.set_media_in(tx, row, [name for name in FORMATS if name in wanted])
        if not isinstance(one.monitored, UnsetType):
            books.set_monitored_in(tx, row, one.monitored, [one.format])
        if not isinstance(one.quality_profile_id, UnsetType):
            books.set_profile_in(tx, row, one.quality_profile_id, [one.format])


def _edit_in(tx: Tx, who: Principal, row: BookRow, patch: BookPatch) -> None:
    """Shared metadata as a person has it: a source of its own, and a lock."""
    work = catalogue.find_work(tx, row.work_id)
    if work is None:
        return
    said = _edits(patch)
    if said:
        known = msgspec.structs.asdict(work)
        kept = {name: known[name] for name in WorkFields.__struct_fields__ if name in known}
        sort_title = {"sort_title": said["title"]} if "title" in said else {}
        winners = {**work.winners, **dict.fromkeys(said, USER)}
        fields = msgspec.convert({**kept, **said, **sort_title, "winners": winners}, WorkFields)
        catalogue.put_work_in(tx, work.id, fields)
        before = _said(tx, work.id)
        catalogue.put_source_record_in(tx, "work", work.id, USER, {**before, **said})
        catalogue.lock_fields_in(tx, "work", work.id, list(said), who.user_id)
        tx.record(
            NewEvent(
                type="bookEdited",
                by=who.by,
                library=row.library_id,
                book_id=row.id,
                source_title=row.title,
                params={"fields": tuple(said)},
                hidden=True,
            )
        )
    if not isinstance(patch.locked_fields, UnsetType):
        names = [LOCKABLE[name] for name in patch.locked_fields]
        edits.set_locks_in(tx, "work", work.id, names, who.user_id)
    if not isinstance(patch.asin, UnsetType):
        number = asin(patch.asin.upper())
        edits.replace_identifier_in(tx, "work", work.id, "asin", number, USER)
    if said or patch.asin is not UNSET or patch.locked_fields is not UNSET:
        books.work_changed_in(tx, work.id)


def _edits(patch: BookPatch) -> dict[str, object]:
    found: dict[str, object] = {}
    if not isinstance(patch.title, UnsetType):
        found["title"] = " ".join(patch.title.split())
    if not isinstance(patch.description, UnsetType):
        found["description"] = patch.description
    if not isinstance(patch.genres, UnsetType):
        clean = (" ".join(genre.split()) for genre in patch.genres)
        found["genres"] = tuple(dict.fromkeys(genre for genre in clean if genre))[:MOST_GENRES]
    if not isinstance(patch.language, UnsetType):
        found["language"] = languages.normalise(patch.language)
    if not isinstance(patch.release_date, UnsetType):
        found["released"] = patch.release_date or None
    return found


def _said(tx: Tx, work_id: int) -> dict[str, object]:
    for record in catalogue.source_records(tx, "work", [work_id]):
        if record.source == USER:
            return msgspec.json.decode(record.payload, type=dict[str, object])
    return {}


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _search_in(tx: Tx, who: Principal, row: BookRow) -> int:
    """An automatic search, unless these are off."""
    if not setting(tx, "autoGrab.enabled", default=True):
        return 0
    found = slots.slots_by_id(tx, who.scope, slots.slot_ids_of_book(tx, row.id))
    return search_slots_in(tx, found, "wanted", who.by, priority=commands.PERSON)


async def exclude_book(
    store: Store, who: Principal, book_id: int, excluded: bool | None
) -> BookRow | Refusal:
    """Hide a book and never search it, or undo that; None toggles."""

    def work(tx: Tx) -> BookRow | Refusal:
        row = books.find_book(tx, who.scope, book_id)
        if row is None:
            return refuse(Code.NOT_FOUND)
        books.set_excluded_in(tx, row, not row.excluded if excluded is None else excluded)
        return books.find_book(tx, who.scope, book_id) or row

    return await store.write(work)


async def delete_book(
    store: Store, who: Principal, book_id: int, *, files: bool = False
) -> Refusal | None:
    """Out of the library; a refresh of the author does not bring it back. Files stay where they
    are, or with `files` go to the recycle bin.
    """

    def work(tx: Tx) -> Refusal | None:
        row = books.find_book(tx, who.scope, book_id)
        if row is None:
            return refuse(Code.NOT_FOUND)
        if files:
            trash_in(tx, who, [row.id], _files_event(who, row))
        delete_in(tx, who, row)
        return None

    return await store.write(work)


def delete_in(tx: Tx, who: Principal, row: BookRow) -> None:
    """One book out; its history says what went."""
    books.delete_in(tx, row)
    params: Params = {"author": row.author_name or "", "foreignId": row.foreign_id or ""}
    tx.record(
        NewEvent(
            type="bookDeleted",
            by=who.by,
            library=row.library_id,
            book_id=row.id,
            author_id=row.author_id,
            source_title=row.title,
            params=params,
        )
    )


async def delete_files(
    store: Store, who: Principal, book_id: int, book_format: BookFormat | None = None
) -> BookRow | Refusal:
    """A book's files, of one format or all, go to the recycle bin; the book stays.

    Refusals: `not_found`, `no_file_to_delete`.
    """

    def work(tx: Tx) -> BookRow | Refusal:
        row = books.find_book(tx, who.scope, book_id)
        if row is None:
            return refuse(Code.NOT_FOUND)
        gone = trash_in(tx, who, [row.id], _files_event(who, row), book_format=book_format)
        if not gone:
            return refuse(Code.NO_FILE_TO_DELETE)
        book_changed_in(tx, row.library_id, row.id)
        if row.author_id is not None:
            author_changed_in(tx, row.library_id, row.author_id)
        return books.find_book(tx, who.scope, book_id) or row

    return await store.write(work)


def _files_event(who: Principal, row: BookRow) -> NewEvent:
    return NewEvent(
        type="bookFileDeleted",
        by=who.by,
        library=row.library_id,
        book_id=row.id,
        author_id=row.author_id,
        source_title=row.title,
    )


async def deregister_file(
    store: Store, who: Principal, book_id: int, path: str, book_format: BookFormat | None = None
) -> BookRow | Refusal:
    """Forget one file of a book; it stays on the disk."""

    def work(tx: Tx) -> BookRow | Refusal:
        row = books.find_book(tx, who.scope, book_id)
        if row is None:
            return refuse(Code.NOT_FOUND)
        held = [
            file
            for file in books.files_of(tx, [book_id])
            if f"{file.root_path}/{file.rel_path}" == path and book_format in (None, file.format)
        ]
        if not held:
            return refuse(Code.NOT_FOUND, path=path)
        for file in held:
            files.release_in(tx, file.slot_id, file.id)
        book_changed_in(tx, row.library_id, row.id)
        if row.author_id is not None:
            author_changed_in(tx, row.library_id, row.author_id)
        tx.record(
            NewEvent(
                type="bookFileDeleted",
                by=who.by,
                library=row.library_id,
                book_id=row.id,
                author_id=row.author_id,
                source_title=row.title,
                params={"paths": (path,), "deregistered": True},
            )
        )
        return books.find_book(tx, who.scope, book_id) or row

    return await store.write(work)
