"""The history as people change it (catalogue.md 2.5)."""

from bindery.domain.principal import Principal
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.store import blocklist, downloads, events
from bindery.store.blocklist import NewEntry
from bindery.store.events import Event
from bindery.store.store import Store
from bindery.store.tx import Tx


async def hide_event(store: Store, who: Principal, event_id: int) -> Refusal | None:
    """Take an event off the list. Refusal: `not_found`."""

    def work(tx: Tx) -> Refusal | None:
        return None if events.hide_in(tx, who.scope, event_id) else refuse(Code.NOT_FOUND)

    return await store.write(work)


async def blocklist_release(store: Store, who: Principal, event_id: int) -> int | Refusal:
    """Block the release behind an event; the entry's id.

    Refusals: `not_found`, `invalid` for an event that is not about a release,
    `already_blocklisted`.
    """

    def work(tx: Tx) -> int | Refusal:
        found = events.events_by_id(tx, who.scope, [event_id])
        if not found:
            return refuse(Code.NOT_FOUND)
        entry = _entry(tx, found[0])
        if entry is None:
            return refuse(Code.INVALID, "eventType", value=found[0].type)
        made = blocklist.add_in(tx, entry, who.by)
        return refuse(Code.ALREADY_BLOCKLISTED) if made is None else made

    return await store.write(work)


def _entry(tx: Tx, event: Event) -> NewEntry | None:
    if event.download_id is not None:
        row = downloads.get(tx, event.download_id)
        if row is not None:
            return blocklist.entry_of(row, event.book_id, event.type, {})
    guid = event.guid or event.source_title
    if not guid:
        return None
    return NewEntry(
        library_id=event.library_id,
        guid=guid,
        title=event.source_title,
        code=event.type,
        size=event.size,
        protocol=event.protocol,
        book_id=event.book_id,
    )
