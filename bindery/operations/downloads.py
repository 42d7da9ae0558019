"""What can be asked of a download, and what its end means (architecture.md 6a)."""

import msgspec

from bindery.domain.downloads import after_failure, is_live
from bindery.domain.principal import By, Principal
from bindery.domain.refusal import Code, Params, Refusal, refuse
from bindery.operations.once import Once, Replay, perform
from bindery.store import blocklist, downloads, imports, outbox
from bindery.store.downloads import DownloadRow, SlotOfDownload
from bindery.store.store import Store
from bindery.store.tx import NewEvent, Tx

PERSON, EVENT = 10, 20
_RETRYABLE = frozenset({"importFailed", "importBlocked"})
_IMPORTING = frozenset({"importPending", "importing"})
_DAY_US = 86_400_000_000


class RemoveOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a download is taken out of the queue."""

    delete_files: bool = False
    from_client: bool = True
    blocklist: bool = False
    unmonitor: bool = False
    search_again: bool = False


async def remove_download(
    store: Store, who: Principal, download_id: int, options: RemoveOptions
) -> Refusal | None:
    """Take a download out of the queue; the client is told by a command of its lane.

    Also while its files are being placed: the importer then takes back what it had placed.
    Refusals: `not_found`.
    """
    return await store.write(lambda tx: remove_in(tx, who, download_id, options))


async def remove_downloads(
    store: Store, who: Principal, ids: tuple[int, ...], options: RemoveOptions
) -> dict[int, Refusal | None]:
    """Several removals in one transaction, each with its own outcome."""
    return await store.write(lambda tx: {one: remove_in(tx, who, one, options) for one in ids})


def remove_in(tx: Tx, who: Principal, download_id: int, options: RemoveOptions) -> Refusal | None:
    """One removal inside a transaction; a bulk removal is many of these."""
    row = downloads.get(tx, download_id, who.scope)
    if row is None or row.removed_at is not None:
        return refuse(Code.NOT_FOUND)
    slots = downloads.slots_of(tx, download_id)
    downloads.remove_in(tx, row)
    if options.blocklist:
        blocklist.add_in(tx, blocklist.entry_of(row, _book(slots), "removed", {}), who.by)
    if options.unmonitor:
        downloads.unmonitor_slots_in(tx, row)
    if options.search_again:
        _search_again(tx, slots, row, who.by, "removed")
    tx.record(_event(row, slots, "downloadRemoved", who.by, None, {}))
    if imports.find_open(tx, row.id) is not None:
        # The importer takes back what it had placed so far.
        tx.enqueue("download.import", {"downloadId": row.id}, key=str(row.id), trace=row.trace)
    if row.client_id is not None and options.from_client:
        tx.enqueue(
            "download.remove",
            {"downloadId": row.id, "deleteFiles": options.delete_files},
            key=str(row.id),
            lane=f"client:{row.client_id}",
            priority=PERSON,
            trace=row.trace,
            by=who.by,
            library=row.library_id,
        )
    return None


async def retry_import(
    store: Store, who: Principal, download_id: int, once: Once | None = None
) -> DownloadRow | Refusal | Replay:
    """Import again now. Refusals: `not_found`; `wrong_state` unless importFailed/importBlocked."""

    def work(tx: Tx) -> DownloadRow | Refusal:
        row = downloads.get(tx, download_id, who.scope)
        if row is None or row.removed_at is not None:
            return refuse(Code.NOT_FOUND)
        if row.state not in _RETRYABLE:
            return refuse(Code.WRONG_STATE, state=row.state)
        if not row.live and _slot_taken(tx, row):
            return refuse(Code.ALREADY_GRABBED)
        downloads.move_in(tx, row, "importPending", attempts=0)
        tx.enqueue(
            "download.import",
            {"downloadId": row.id},
            key=str(row.id),
            priority=PERSON,
            trace=row.trace,
            by=who.by,
            library=row.library_id,
        )
        return downloads.get(tx, download_id) or row

    return await perform(store, work, once)


def fail_in(tx: Tx, row: DownloadRow, code: str, params: Params | None = None) -> bool:
    """The download is over: event, blocklist by class, slots free, next candidate.

    False: somebody else moved the row first.
    """
    values = params or {}
    if not downloads.move_in(tx, row, "failed", code=code, params=values, live=False):
        return False
    slots = downloads.slots_of(tx, row.id)
    by = downloads.who(row)
    event_id = tx.record(_event(row, slots, "downloadFailed", by, code, values))
    outbox.notify_in(tx, event_id, "failure", library=row.library_id, trace=row.trace)
    follow_up_in(tx, row, slots, code, values)
    return True


def follow_up_in(
    tx: Tx, row: DownloadRow, slots: list[SlotOfDownload], code: str, params: Params
) -> None:
    """What follows when a release proves bad: block it, and look for the next one."""
    tried = downloads.tried_since(tx, [slot.slot_id for slot in slots], tx.now_us - _DAY_US)
    decision = after_failure(code, tried_today=tried)
    if decision.blocklist:
        entry = blocklist.entry_of(row, _book(slots), code, params)
        blocklist.add_in(tx, entry, downloads.who(row))
    if decision.next_candidate:
        _search_again(tx, slots, row, downloads.who(row), "failed")


def blocked_live(code: str) -> bool:
    """Whether an `importBlocked` row keeps its slots."""
    return is_live("importBlocked", code)


def _search_again(
    tx: Tx, slots: list[SlotOfDownload], row: DownloadRow, by: By, cause: str
) -> None:
    for slot in slots:
        tx.enqueue(
            "slot.search",
            {"slotId": slot.slot_id, "cause": cause},
            key=str(slot.slot_id),
            priority=EVENT,
            trace=row.trace,
            by=by,
            library=slot.library_id,
        )


def _slot_taken(tx: Tx, row: DownloadRow) -> bool:
    return any(
        (live := downloads.live_of_slot(tx, slot.slot_id)) is not None and live.id != row.id
        for slot in downloads.slots_of(tx, row.id)
    )


def _book(slots: list[SlotOfDownload]) -> int | None:
    return slots[0].book_id if slots else None


def _event(
    row: DownloadRow,
    slots: list[SlotOfDownload],
    kind: str,
    by: By,
    code: str | None,
    params: Params,
) -> NewEvent:
    return NewEvent(
        type=kind,
        by=by,
        trace=row.trace,
        library=row.library_id,
        book_id=_book(slots),
        slot_id=slots[0].slot_id if len(slots) == 1 else None,
        download_id=row.id,
        source_title=row.title,
        guid=row.guid,
        indexer=row.indexer_name,
        client=row.client_name,
        protocol=row.protocol,
        format=row.format,
        quality=row.quality,
        size=row.size,
        code=code,
        params=params,
    )
