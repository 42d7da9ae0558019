"""One action on many authors or books, each with its own outcome (catalogue.md 3.7)."""

from collections.abc import Callable, Sequence
from typing import cast

import msgspec
from msgspec import UNSET, UnsetType

from bindery.domain.principal import Principal
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.operations import authors as author_operations
from bindery.operations import books as book_operations
from bindery.operations.author_sync import formats_of
from bindery.operations.authors import AuthorPatch, enqueue_sync_in, missing_of, patch_in
from bindery.operations.monitoring import search_slots_in
from bindery.store import authors, books, slots
from bindery.store.authors import AuthorRow, Media
from bindery.store.books import BookRow
from bindery.store.commands import EVENT
from bindery.store.store import Store
from bindery.store.tx import Tx

MOST = 1_000
UNIT = 25
"""Objects per unit of work: the writer has others waiting."""
MEDIA = ("ebook", "audiobook", "both")
AUTHOR_ACTIONS = (
    "monitor", "unmonitor", "delete", "search", "refresh", "set_media_type", "set_monitor_mode",
)  # fmt: skip
BOOK_ACTIONS = (
    "monitor", "unmonitor", "delete", "search", "set_media_type", "exclude", "set_status",
    "skip", "blocklist",
)  # fmt: skip
WANTED_ACTIONS = ("search", "unmonitor", "blocklist", "skip")


class Bulk(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What to do with which ids; the other keys belong to one action each."""

    ids: tuple[int, ...] = ()
    action: str = ""
    media_type: str = ""
    monitor_mode: str | UnsetType = UNSET
    monitor_latest_count: int | UnsetType = UNSET
    monitor_new_items: str | UnsetType = UNSET
    apply_monitor_mode_to_existing: bool = False
    status: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How it went for one id."""

    ok: bool
    error: str = ""
    code: str = ""


class BulkResult(msgspec.Struct, frozen=True):
    """By id, as text."""

    results: dict[str, Outcome]


Step = Callable[[Tx, int], Refusal | None]


async def bulk_authors(store: Store, who: Principal, body: Bulk) -> BulkResult | Refusal:
    """Refusals of the request as a whole: `required` ids, `invalid` action, mediaType, mode."""
    refusal = _check(body, AUTHOR_ACTIONS)
    if refusal is not None:
        return refusal
    if body.action == "set_monitor_mode" and body.monitor_mode not in author_operations.MODES[:4]:
        return refuse(Code.INVALID, "monitorMode", allowed=author_operations.MODES[:4])

    def step(tx: Tx, author_id: int) -> Refusal | None:
        row = authors.find_author(tx, who.scope, author_id)
        return refuse(Code.NOT_FOUND) if row is None else _author_in(tx, who, row, body)

    return await _each(store, body.ids, step, "author not found")


async def bulk_books(
    store: Store, who: Principal, body: Bulk, actions: Sequence[str] = BOOK_ACTIONS
) -> BulkResult | Refusal:
    """As `bulk_authors`; `actions` are those of the route."""
    refusal = _check(body, actions)
    if refusal is not None:
        return refusal
    if body.action == "set_status" and body.status not in ("wanted", "skipped"):
        return refuse(Code.INVALID, "status", allowed=("wanted", "skipped"))

    def step(tx: Tx, book_id: int) -> Refusal | None:
        row = books.find_book(tx, who.scope, book_id)
        if row is None:
            return refuse(Code.NOT_FOUND)
        _book_in(tx, who, row, body)
        return None

    return await _each(store, body.ids, step, "book not found")


def _check(body: Bulk, actions: Sequence[str]) -> Refusal | None:
    if not body.ids:
        return refuse(Code.REQUIRED, "ids")
    if len(body.ids) > MOST:
        return refuse(Code.INVALID, "ids", limit=MOST)
    if body.action not in actions:
        return refuse(Code.INVALID, "action", value=body.action[:40], allowed=tuple(actions))
    if body.action == "set_media_type" and body.media_type not in MEDIA:
        return refuse(Code.INVALID, "mediaType", value=body.media_type[:40], allowed=MEDIA)
    return None


async def _each(store: Store, ids: Sequence[int], step: Step, gone: str) -> BulkResult:
    distinct = list(dict.fromkeys(ids))
    results: dict[str, Outcome] = {}
    for start in range(0, len(distinct), UNIT):
        unit = distinct[start : start + UNIT]

        def work(tx: Tx, unit: Sequence[int] = unit) -> dict[str, Outcome]:
            return {str(one): _outcome(step(tx, one), gone) for one in unit}

        results |= await store.write(work)
    return BulkResult(results)


def _outcome(refusal: Refusal | None, gone: str) -> Outcome:
    if refusal is None:
        return Outcome(ok=True)
    text = gone if refusal.code is Code.NOT_FOUND else f"invalid value: {refusal.field or ''}"
    return Outcome(ok=False, error=text, code=refusal.code)


def _author_in(tx: Tx, who: Principal, row: AuthorRow, body: Bulk) -> Refusal | None:
    match body.action:
        case "monitor" | "unmonitor":
            authors.set_monitored_in(tx, row, body.action == "monitor")
        case "delete":
            author_operations.delete_in(tx, who, row)
        case "search":
            search_slots_in(tx, missing_of(tx, row), "asked", who.by)
        case "refresh":
            enqueue_sync_in(tx, row.id, who.by, priority=EVENT)
        case "set_media_type":
            media = cast("Media", body.media_type)
            refusal = patch_in(tx, row, AuthorPatch(media_type=media))
            for book in books.books_by_id(tx, who.scope, authors.book_ids_of(tx, row.id)):
                books.set_media_in(tx, book, formats_of(media))
            return refusal
        case _:
            return patch_in(
                tx,
                row,
                AuthorPatch(
                    monitor_mode=body.monitor_mode,
                    monitor_latest_count=body.monitor_latest_count,
                    monitor_new_items=body.monitor_new_items,
                    apply_monitor_mode_to_existing=body.apply_monitor_mode_to_existing,
                ),
            )
    return None


def _book_in(tx: Tx, who: Principal, row: BookRow, body: Bulk) -> None:
    match body.action:
        case "monitor" | "unmonitor":
            books.set_monitored_in(tx, row, body.action == "monitor")
        case "delete":
            book_operations.delete_in(tx, who, row)
        case "search":
            found = slots.slots_by_id(tx, who.scope, slots.slot_ids_of_book(tx, row.id))
            search_slots_in(tx, found, "asked", who.by)
        case "set_media_type":
            books.set_media_in(tx, row, formats_of(body.media_type))
        case "exclude":
            books.set_excluded_in(tx, row, excluded=True)
        case "set_status":
            books.set_skipped_in(tx, row, body.status == "skipped")
        case _:
            # The old word `blocklist` never wrote a blocklist row: it meant "leave me alone".
            books.set_monitored_in(tx, row, monitored=False)
            books.set_skipped_in(tx, row, skipped=True)
