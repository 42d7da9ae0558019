"""Authors: follow, change, unfollow (catalogue.md 2.1)."""

from typing import Literal, cast

import msgspec
from msgspec import UNSET, UnsetType

from bindery.domain import names
from bindery.domain.catalogue import PersonRecord
from bindery.domain.foreign_refs import is_replaceable, provider_of
from bindery.domain.principal import By, Principal
from bindery.domain.refusal import Code, Params, Refusal, refuse
from bindery.domain.text import fold
from bindery.operations.catalogue import person_in
from bindery.operations.masking import pick
from bindery.operations.monitoring import apply_mode_in
from bindery.operations.once import Once, Replay, perform
from bindery.operations.ports import Lookup
from bindery.operations.trash import trash_in
from bindery.store import authors, catalogue, commands, profiles, roots, slots
from bindery.store.authors import AuthorRow, AuthorSettings, Media, Mode
from bindery.store.settings_rows import setting
from bindery.store.store import Store
from bindery.store.tx import NewEvent, Reader, Tx, Watch

SYNC = "author.sync"
MODES = ("all", "future", "latest", "none", "series")
MEDIA = ("ebook", "audiobook", "both")
STANDARD_PROFILE = 1


class AuthorSync(msgspec.Struct, frozen=True, rename="camel"):
    """Payload of `author.sync`. `search` = look for every new wanted slot at once."""

    author_id: int
    search: bool = False


class NewAuthor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a person sends. `author_name` may be left out: the provider knows it."""

    foreign_author_id: str = ""
    author_name: str = ""
    quality_profile_id: int | None = None
    metadata_profile_id: int | None = None
    root_folder_id: int | None = None
    audiobook_root_folder_id: int | None = None
    monitored: bool | UnsetType = UNSET
    monitor_mode: str | None = None
    monitor_latest_count: int | None = None
    monitor_new_items: str | None = None
    media_type: str | None = None
    search_on_add: bool = False


class AuthorPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What changes; absent keys keep their value, null clears."""

    monitored: bool | UnsetType = UNSET
    monitor_mode: str | UnsetType = UNSET
    monitor_latest_count: int | UnsetType = UNSET
    monitor_new_items: str | UnsetType = UNSET
    media_type: str | UnsetType = UNSET
    quality_profile_id: int | UnsetType | None = UNSET
    metadata_profile_id: int | UnsetType | None = UNSET
    root_folder_id: int | UnsetType | None = UNSET
    audiobook_root_folder_id: int | UnsetType | None = UNSET
    clear_audiobook_root_folder: bool = False
    apply_monitor_mode_to_existing: bool = False
    rev: int | None = None
    """When sent, the change is refused as `stale` unless the row still has this revision."""


class Added(msgspec.Struct, frozen=True):
    """The author that stands now, the job of its sync, and whether it is new."""

    author_id: int
    job_id: int
    new: bool = True


async def add_author(
    store: Store, who: Principal, body: NewAuthor, lookup: Lookup | None, once: Once | None = None
) -> Added | Refusal | Replay:
    """Follow an author; its catalogue sync starts with the commit.

    Refusals: `required`, `invalid` (field named), `author_exists` and `author_ambiguous` (409 with
    the author that stands), `provider_unavailable` when only the id was sent and nobody answers.
    """
    if not body.foreign_author_id.strip():
        return refuse(Code.REQUIRED, "foreignAuthorId")
    refusal = store.read(lambda reader: _known_id(reader, who, body.foreign_author_id.strip()))
    if refusal is not None and once is None:
        return refusal
    record = await _record(store, body, lookup)
    if isinstance(record, Refusal):
        return record

    def work(tx: Tx) -> Added | Refusal:
        chosen = _chosen(tx, body)
        return chosen if isinstance(chosen, Refusal) else _add_in(tx, who, record, chosen)

    return await perform(store, work, once)


async def _record(store: Store, body: NewAuthor, lookup: Lookup | None) -> PersonRecord | Refusal:
    """The author as the provider tells it; the person's own words while it does not answer."""
    ref, name = body.foreign_author_id.strip(), " ".join(body.author_name.split())
    if name and store.read(lambda reader: catalogue.find_by_ref(reader, "person", ref)):
        # Known already, by another library's entry: the sync will refresh it.
        return PersonRecord(ref=ref, provider=provider_of(ref), name=name)
    found = await lookup.person(ref) if lookup is not None else None
    if isinstance(found, PersonRecord):
        return found
    if name:
        return PersonRecord(ref=ref, provider=provider_of(ref), name=name)
    return found if isinstance(found, Refusal) else refuse(Code.REQUIRED, "authorName")


def _add_in(
    tx: Tx, who: Principal, record: PersonRecord, chosen: AuthorSettings
) -> Added | Refusal:
    known = _known_id(tx, who, record.ref)
    if known is not None:
        return known
    person_id = catalogue.find_by_ref(tx, "person", record.ref)
    if person_id is None:
        twin = _same_name(tx, who, record)
        if isinstance(twin, Refusal):
            return twin
        if twin is not None:
            person_in(tx, record, twin.person_id)
            return Added(twin.id, enqueue_sync_in(tx, twin.id, who.by, chosen), new=False)
        person_id = person_in(tx, record).id
    author_id, _new = authors.add_author_in(tx, who.library, person_id, chosen, who.by)
    tx.record(
        NewEvent(
            type="authorAdded",
            by=who.by,
            library=who.library,
            author_id=author_id,
            source_title=record.name,
        )
    )
    return Added(author_id, enqueue_sync_in(tx, author_id, who.by, chosen))


def _known_id(reader: Reader, who: Principal, ref: str) -> Refusal | None:
    person_id = catalogue.find_by_ref(reader, "person", ref)
    if person_id is None:
        return None
    author_id = authors.find_author_of_person(reader, who.scope, person_id)
    return None if author_id is None else _exists(reader, who, author_id)


def _exists(reader: Reader, who: Principal, author_id: int) -> Refusal:
    row = authors.find_author(reader, who.scope, author_id)
    name = row.name if row else ""
    extra: Params = {"canonicalAuthorId": author_id, "canonicalAuthor": name}
    return Refusal(code=Code.AUTHOR_EXISTS, params={"id": author_id, "name": name}, extra=extra)


def _same_name(reader: Reader, who: Principal, record: PersonRecord) -> AuthorRow | Refusal | None:
    """One that was made from files takes the provider's identity; any other one is in the way."""
    found: list[int] = []
    for spelling in dict.fromkeys((fold(record.name), names.name_key(record.name))):
        found += authors.authors_named(reader, who.scope, spelling) if spelling else []
        if found:
            break
    if len(found) > 1:
        return refuse(Code.AUTHOR_AMBIGUOUS, name=record.name)
    if not found:
        return None
    row = authors.find_author(reader, who.scope, found[0])
    if row is not None and is_replaceable(row.foreign_id):
        return row
    return _exists(reader, who, found[0])


def enqueue_sync_in(
    tx: Tx,
    author_id: int,
    by: By,
    chosen: AuthorSettings | None = None,
    *,
    priority: int = commands.PERSON,
) -> int:
    """Ask for a catalogue sync as a job that a person watches; joins one that is queued."""
    row = authors.author_for_sync(tx, author_id)
    name = row.name if row else ""
    return tx.enqueue(
        SYNC,
        AuthorSync(author_id, search=bool(chosen and chosen.search_on_add)),
        key=str(author_id),
        priority=priority,
        by=by,
        library=row.library_id if row else 1,
        watch=Watch("author.refresh", {"author": name, "authorId": author_id}),
    )


def _chosen(reader: Reader, body: NewAuthor) -> AuthorSettings | Refusal:
    """What a new author gets: what was sent, else the settings' defaults (catalogue.md 2.1)."""
    mode = body.monitor_mode or setting(reader, "author.default_monitor_mode", "all")
    count = body.monitor_latest_count
    if count is None:
        count = max(1, setting(reader, "author.default_monitor_latest_count", 1))
    sent = body.monitor_mode
    on = pick(body.monitored, bool(sent) and sent != "none")
    return _checked(
        reader,
        AuthorSettings(
            monitored=on,
            mode=cast("Mode", mode if sent or mode in MODES[:4] else "all"),
            latest_n=count,
            new_items=cast("Literal['all', 'none']", body.monitor_new_items or "all"),
            media=cast("Media", body.media_type or setting(reader, "default.media_type", "ebook")),
            profile_id=body.quality_profile_id,
            metadata_profile_id=body.metadata_profile_id or STANDARD_PROFILE,
            root_id=body.root_folder_id,
            audiobook_root_id=body.audiobook_root_folder_id,
            search_on_add=body.search_on_add,
        ),
    )


def _checked(reader: Reader, chosen: AuthorSettings) -> AuthorSettings | Refusal:
    if chosen.mode not in MODES:
        return refuse(Code.INVALID, "monitorMode", value=chosen.mode, allowed=MODES)
    if chosen.latest_n < 1:
        return refuse(Code.INVALID, "monitorLatestCount", value=chosen.latest_n)
    if chosen.new_items not in ("all", "none"):
        return refuse(Code.INVALID, "monitorNewItems", value=chosen.new_items)
    if chosen.media not in MEDIA:
        return refuse(Code.INVALID, "mediaType", value=chosen.media, allowed=MEDIA)
    if chosen.profile_id is not None and profiles.find_profile(reader, chosen.profile_id) is None:
        return refuse(Code.INVALID, "qualityProfileId", value=chosen.profile_id)
    if chosen.metadata_profile_id not in (None, STANDARD_PROFILE):
        return refuse(Code.INVALID, "metadataProfileId", value=chosen.metadata_profile_id)
    for field, root in (
        ("rootFolderId", chosen.root_id),
        ("audiobookRootFolderId", chosen.audiobook_root_id),
    ):
        if root is not None and roots.find_root(reader, root) is None:
            return refuse(Code.INVALID, field, value=root)
    return chosen


# Changing


async def update_author(
    store: Store, who: Principal, author_id: int, patch: AuthorPatch
) -> AuthorRow | Refusal:
    """Change an author and, if asked, the monitoring of its books, in one transaction."""

    def work(tx: Tx) -> AuthorRow | Refusal:
        row = authors.find_author(tx, who.scope, author_id)
        if row is None:
            return refuse(Code.NOT_FOUND)
        if patch.rev is not None and patch.rev != row.rev:
            return refuse(Code.STALE, rev=row.rev)
        refusal = patch_in(tx, row, patch)
        return refusal or authors.find_author(tx, who.scope, author_id) or row

    return await store.write(work)


def patch_in(tx: Tx, row: AuthorRow, patch: AuthorPatch) -> Refusal | None:
    """Change one author in hand."""
    chosen = _checked(tx, _patched(row, patch))
    if isinstance(chosen, Refusal):
        return chosen
    authors.update_author_in(tx, row, chosen)
    if patch.apply_monitor_mode_to_existing:
        apply_mode_in(tx, authors.author_for_sync(tx, row.id) or row)
    return None


def _patched(row: AuthorRow, patch: AuthorPatch) -> AuthorSettings:
    audio_root = pick(patch.audiobook_root_folder_id, row.audiobook_root_id)
    return AuthorSettings(
        monitored=pick(patch.monitored, row.monitored),
        mode=cast("Mode", pick(patch.monitor_mode, row.mode)),
        latest_n=pick(patch.monitor_latest_count, row.latest_n),
        new_items=cast("Literal['all', 'none']", pick(patch.monitor_new_items, row.new_items)),
        media=cast("Media", pick(patch.media_type, row.media)),
        profile_id=pick(patch.quality_profile_id, row.profile_id),
        metadata_profile_id=pick(patch.metadata_profile_id, row.metadata_profile_id),
        root_id=pick(patch.root_folder_id, row.root_id),
        audiobook_root_id=None if patch.clear_audiobook_root_folder else audio_root,
        search_on_add=row.search_on_add,
    )


async def delete_author(
    store: Store, who: Principal, author_id: int, *, files: bool = False
) -> Refusal | None:
    """Unfollow: the author and its books leave the library. Files stay where they are, or with
    `files` go to the recycle bin.
    """

    def work(tx: Tx) -> Refusal | None:
        row = authors.find_author(tx, who.scope, author_id)
        if row is None:
            return refuse(Code.NOT_FOUND)
        if files:
            event = NewEvent(
                type="bookFileDeleted",
                by=who.by,
                library=row.library_id,
                author_id=row.id,
                source_title=row.name,
            )
            ids = authors.book_ids_of(tx, row.id, include_excluded=True, limit=100_000)
            trash_in(tx, who, ids, event)
        delete_in(tx, who, row)
        return None

    return await store.write(work)


def delete_in(tx: Tx, who: Principal, row: AuthorRow) -> None:
    """One author out; its history says what went."""
    gone = authors.delete_in(tx, row)
    tx.record(
        NewEvent(
            type="authorDeleted",
            by=who.by,
            library=row.library_id,
            source_title=row.name,
            params={"books": len(gone), "foreignId": row.foreign_id or ""},
        )
    )


async def refresh_author(store: Store, who: Principal, author_id: int) -> int | Refusal:
    """Ask for a sync; answers the job's id. A second call joins the one that waits."""

    def work(tx: Tx) -> int | Refusal:
        row = authors.find_author(tx, who.scope, author_id)
        if row is None:
            return refuse(Code.NOT_FOUND)
        return enqueue_sync_in(tx, row.id, who.by)

    return await store.write(work)


def missing_of(tx: Tx, row: AuthorRow) -> list[slots.WantedSlot]:
    """The author's slots that an automatic search would look for."""
    ids = authors.book_ids_of(tx, row.id)
    found = slots.slots_by_id(tx, (row.library_id,), slots.slot_ids_of_books(tx, ids))
    return [slot for slot in found if slot.missing]
