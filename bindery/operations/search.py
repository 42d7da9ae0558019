"""Starting searches: rows first, requests later (architecture.md 6b and 8.4).

The search, its legs and its command are one transaction. The actor asks the indexers; whoever
waits listens to `search:{id}` or to the command.
"""

from typing import Literal

import msgspec

from bindery.domain.moments import SECOND
from bindery.domain.offers import BookFormat
from bindery.domain.principal import By, Principal
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.operations import editions
from bindery.operations.once import Once, Replay, perform
from bindery.runtime.trace import new_trace
from bindery.store import indexers, searches, slot_facts
from bindery.store.slot_facts import SlotHead
from bindery.store.store import Store
from bindery.store.tx import Tx

PERSON, EVENT, SWEEP = 10, 20, 30
DEADLINE_S = 20.0
"""A person's search: indexers that have not answered by then are noted as late."""
PATIENT_DEADLINE_S = 60.0
"""An automatic search: nobody waits."""
LONGEST_TEXT = 200
ASKED = "asked"
"""Cause of an automatic search that a person asked for by name."""


class SearchPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept in `search.plan`."""

    slot_ids: tuple[int, ...] = ()
    title: str = ""
    author: str = ""


class Started(msgspec.Struct, frozen=True):
    """A search that is under way, and the command to wait for."""

    search_id: int
    command_id: int


async def search_book(
    store: Store,
    who: Principal,
    book_id: int,
    *,
    book_format: BookFormat | None = None,
    trace: str = "",
    once: Once | None = None,
) -> Started | Refusal | Replay:
    """Search every indexer for a book: the given format, else what is wanted of it, else all.

    Refusals: `not_found`, `nothing_wanted`, `no_indexer`.
    """

    def work(tx: Tx) -> Started | Refusal:
        heads = slot_facts.heads_of_book(tx, who.scope, book_id)
        if not heads:
            return refuse(Code.NOT_FOUND)
        wanted = [head for head in heads if head.wanted] or heads
        chosen = [head for head in heads if head.format == book_format] if book_format else wanted
        if not chosen:
            return refuse(Code.NOTHING_WANTED)
        editions.want_in(tx, [book_id], who.by, trace, priority=PERSON, wanted_only=False)
        return _start(tx, who, "interactive", trace, heads=chosen)

    return await perform(store, work, once)


async def search_text(
    store: Store, who: Principal, text: str, *, trace: str = ""
) -> Started | Refusal:
    """Search every indexer for words. Refusals: `required` q, `no_indexer`."""
    words = " ".join(text.split())[:LONGEST_TEXT]
    if not words:
        return refuse(Code.REQUIRED, "q")
    return await store.write(lambda tx: _start(tx, who, "text", trace, text=words))


def want_search_in(
    tx: Tx,
    slot_id: int,
    *,
    cause: str,
    by: By,
    library: int,
    trace: str = "",
    priority: int = EVENT,
) -> int:
    """Ask for an automatic search of a slot: search on add, a bulk search, the sweep."""
    return tx.enqueue(
        "slot.search",
        {"slotId": slot_id, "cause": cause},
        key=str(slot_id),
        priority=priority,
        trace=trace,
        by=by,
        library=library,
    )


def open_automatic_in(tx: Tx, head: SlotHead, *, cause: str, by: By, trace: str) -> int:
    """The search and its legs of one automatic run; the search's id."""
    search_id = searches.add_in(
        tx,
        library=head.library_id,
        kind="automatic",
        cause=cause,
        by=by,
        trace=trace,
        deadline_at=tx.now_us + round(PATIENT_DEADLINE_S * SECOND),
        slot_id=head.slot_id,
        book_id=head.book_id,
        plan=_plan([head]),
    )
    _legs(tx, search_id)
    return search_id


def _start(
    tx: Tx,
    who: Principal,
    kind: Literal["interactive", "text"],
    trace: str,
    *,
    heads: list[SlotHead] | None = None,
    text: str = "",
) -> Started | Refusal:
    if not any(row.supports_search for row in indexers.list_enabled(tx)):
        return refuse(Code.NO_INDEXER)
    slots = heads or []
    trace = trace or new_trace()
    library = slots[0].library_id if slots else who.library
    search_id = searches.add_in(
        tx,
        library=library,
        kind=kind,
        cause="person",
        by=who.by,
        trace=trace,
        deadline_at=tx.now_us + round(DEADLINE_S * SECOND),
        slot_id=slots[0].slot_id if len(slots) == 1 else None,
        book_id=slots[0].book_id if slots else None,
        text=text,
        plan=_plan(slots),
    )
    _legs(tx, search_id)
    command_id = tx.enqueue(
        "search.run",
        {"searchId": search_id},
        key=str(search_id),
        priority=PERSON,
        trace=trace,
        by=who.by,
        library=library,
    )
    return Started(search_id, command_id)


def _plan(heads: list[SlotHead]) -> SearchPlan:
    return SearchPlan(
        slot_ids=tuple(head.slot_id for head in heads),
        title=heads[0].title if heads else "",
        author=heads[0].author_name if heads else "",
    )


def _legs(tx: Tx, search_id: int) -> None:
    for row in indexers.list_enabled(tx):
        if row.supports_search:
            searches.add_leg_in(tx, search_id, row.id, row.name)
