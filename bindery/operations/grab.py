"""Grabbing: the one transaction after which a release is on its way (architecture.md 8.5).

Nothing is asked of the outside here. The row, its slots, the event and the `download.send`
command are committed together; whoever wakes next finds them, after a crash too.
"""

import msgspec

from bindery.domain.client_choice import ClientFacts, choose
from bindery.domain.offers import BookFormat, Transport
from bindery.domain.principal import By
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.runtime.trace import new_token
from bindery.store import clients, downloads, indexers, outbox, slot_facts
from bindery.store.searches import CandidateRow
from bindery.store.tx import NewEvent, Reader, Tx

PERSON_PRIORITY = 10
EVENT_PRIORITY = 20
_REGRABBABLE = frozenset({"failed", "importBlocked"})


class GrabOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Which release, for which slots, by whom."""

    library_id: int
    slot_ids: tuple[int, ...]
    guid: str
    title: str
    transport: Transport
    book_format: BookFormat
    link: str
    size: int | None
    quality: str
    indexer_id: int | None
    by: By
    trace: str
    candidate_id: int | None = None
    book_id: int | None = None
    by_person: bool = False
    override: tuple[str, ...] = ()
    """Rules that the person chose to break, by code; written into the event."""


def order_for(
    candidate: CandidateRow,
    *,
    library_id: int,
    slot_ids: tuple[int, ...],
    book_id: int | None,
    quality: str,
    by: By,
    trace: str,
    by_person: bool = False,
    override: tuple[str, ...] = (),
) -> GrabOrder:
    """The order for a judged release."""
    book_format: BookFormat = "audiobook" if candidate.format == "audiobook" else "ebook"
    return GrabOrder(
        library_id=library_id,
        slot_ids=slot_ids,
        guid=candidate.guid,
        title=candidate.title,
        transport=Transport(candidate.protocol),
        book_format=book_format,
        link=candidate.link,
        size=candidate.size,
        quality=quality,
        indexer_id=candidate.indexer_id,
        by=by,
        trace=trace,
        candidate_id=candidate.id,
        book_id=book_id,
        by_person=by_person,
        override=override,
    )


def grab_in(tx: Tx, order: GrabOrder) -> int | Refusal:
    """Write the grab; the download's id.

    Refusals: `no_client_for_protocol` {protocol}; `already_grabbed` {downloadId, state} when the
    release is under way or a slot is held.
    """
    client = _client_for(tx, order)
    if client is None:
        return refuse(Code.NO_CLIENT, protocol=order.transport.value)
    held = _held(tx, order)
    if held is not None:
        return refuse(Code.ALREADY_GRABBED, downloadId=held.id, state=held.state)
    _retire_earlier(tx, order)
    indexer = indexers.get(tx, order.indexer_id) if order.indexer_id is not None else None
    indexer_name = indexer.name if indexer else ""
    download_id = downloads.add_in(
        tx,
        downloads.NewDownload(
            token=new_token(),
            library_id=order.library_id,
            candidate_id=order.candidate_id,
            indexer_id=indexer.id if indexer else None,
            indexer_name=indexer_name,
            client_id=client.id,
            client_name=client.name,
            guid=order.guid,
            title=order.title,
            protocol=order.transport.value,
            format=order.book_format,
            quality=order.quality,
            size=order.size,
            link=order.link,
            seed_ratio=indexer.seed_ratio if indexer else None,
            by_user=order.by.user_id,
            trace=order.trace,
        ),
        order.slot_ids,
    )
    event_id = tx.record(
        NewEvent(
            type="grabbed",
            by=order.by,
            trace=order.trace,
            library=order.library_id,
            book_id=order.book_id,
            slot_id=order.slot_ids[0] if len(order.slot_ids) == 1 else None,
            download_id=download_id,
            source_title=order.title,
            guid=order.guid,
            indexer=indexer_name,
            client=client.name,
            protocol=order.transport.value,
            format=order.book_format,
            quality=order.quality,
            size=order.size,
            params={"override": order.override} if order.override else {},
        )
    )
    outbox.notify_in(tx, event_id, "grab", library=order.library_id, trace=order.trace)
    tx.enqueue(
        "download.send",
        {"downloadId": download_id},
        key=str(download_id),
        lane=f"client:{client.id}",
        priority=PERSON_PRIORITY if order.by_person else EVENT_PRIORITY,
        trace=order.trace,
        by=order.by,
        library=order.library_id,
    )
    return download_id


def _client_for(reader: Reader, order: GrabOrder) -> clients.ClientRow | None:
    rows = clients.list_enabled(reader)
    facts = [
        ClientFacts(
            id=row.id,
            type=row.type,
            category=row.category,
            category_audiobook=row.category_audiobook,
        )
        for row in rows
    ]
    chosen = choose(facts, order.transport, order.book_format)
    return next((row for row in rows if chosen is not None and row.id == chosen.id), None)


def _held(reader: Reader, order: GrabOrder) -> downloads.DownloadRow | None:
    """What stands in the way: a slot that is being filled, or the same release under way."""
    for slot_id in order.slot_ids:
        live = downloads.live_of_slot(reader, slot_id)
        if live is not None:
            return live
    same = downloads.by_guid(reader, order.guid)
    if same is None or same.removed_at is not None or same.state in _REGRABBABLE:
        return None
    if same.state == "imported":
        # What was imported and has left the disk since may be fetched again.
        heads = [slot_facts.head(reader, slot_id) for slot_id in order.slot_ids]
        return same if not heads or any(head and head.has_file for head in heads) else None
    return same if same.live else None


def _retire_earlier(tx: Tx, order: GrabOrder) -> None:
    """A failed or blocked download of the same release gives way to the new row."""
    same = downloads.by_guid(tx, order.guid)
    if same is not None and same.removed_at is None and same.state in _REGRABBABLE:
        downloads.remove_in(tx, same)
