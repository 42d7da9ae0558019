"""The search actor: commands `search.run`, `slot.search`, `wanted.sweep`, `feeds.read`.

A search's rows are committed before any request. All indexers are asked at once under one
deadline; each answer is judged as a whole and committed in one transaction, so that whoever
listens sees the fastest indexer first. The automatic grab waits for the end of the search.

Four searches at once, one place of them for persons. A search that waits only for its last indexer
stands aside: a person's search may have its place, so that a stalled indexer, which costs each
search its whole deadline, holds nobody up. Eight at most are then under way.
"""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, TypeAlias

import msgspec
import trio

from bindery.actors.search.choice import Ending, auto_grab, end_in
from bindery.actors.search.context import Context, judged_rows, read_context
from bindery.actors.search.feeds import FeedReader
from bindery.domain.legs import AskLeg, LegAnswer
from bindery.domain.principal import By
from bindery.operations.search import (
    ASKED,
    DEADLINE_S,
    PATIENT_DEADLINE_S,
    SWEEP,
    open_automatic_in,
    want_search_in,
)
from bindery.runtime.compute import Compute
from bindery.runtime.faults import reach
from bindery.runtime.mailbox import ActorGone, Inbox, Mailbox, MailboxFull
from bindery.runtime.supervisor import Child
from bindery.runtime.trace import new_trace
from bindery.store import commands, searches, slot_facts
from bindery.store.commands import Command
from bindery.store.lanes import Cancelled, Done, Lane, Outcome
from bindery.store.searches import LegRow, SearchRow
from bindery.store.store import Store
from bindery.store.tx import Tx

MailboxOf: TypeAlias = Callable[[str], Mailbox[Any]]

PLACES = 4
FOR_PERSONS = 1
PER_SWEEP = 200
GRACE_S = 0.5
"""An indexer answers by the deadline with what it has; this much later nobody waits for it."""
STEP_S = 0.3
"""At the stop a search is given back: its rows say what is left to ask."""
LATE, GONE, BUSY = "deadline", "indexer_unavailable", "indexer_busy"


class _RunSearch(msgspec.Struct, rename="camel"):
    search_id: int


class _SearchSlot(msgspec.Struct, rename="camel"):
    slot_id: int
    cause: str = ""


def search_child(store: Store, mailbox_of: MailboxOf, *, compute: Compute, tier: int) -> Child:
    """The child `search`. `mailbox_of` is the supervisor's `mailbox`."""
    return Child("search", lambda: SearchActor(store, mailbox_of, compute), tier=tier)


class SearchActor:
    """Claims search commands; asks indexers by their mailboxes (they are started earlier)."""

    def __init__(self, store: Store, mailbox_of: MailboxOf, compute: Compute) -> None:
        self._store = store
        self._mailbox_of = mailbox_of
        self._compute = compute
        self._searching = Lane(
            store,
            ["search.run", "slot.search"],
            places=PLACES,
            for_persons=FOR_PERSONS,
            step_budget_s=STEP_S,
        )

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop; commands in hand are given back."""
        sweeping = Lane(self._store, ["wanted.sweep"], step_budget_s=STEP_S)
        reading = Lane(self._store, ["feeds.read"], step_budget_s=STEP_S)
        feeds = FeedReader(self._store, self._mailbox_of, self._compute)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._searching.run, self._handle, inbox.wait_closing)
            nursery.start_soon(sweeping.run, self._sweep, inbox.wait_closing)
            nursery.start_soon(reading.run, feeds.read, inbox.wait_closing)
            ready()

    async def _handle(self, command: Command) -> Outcome:
        if command.kind == "search.run":
            asked = msgspec.json.decode(command.payload, type=_RunSearch)
            search = self._store.read(lambda reader: searches.get(reader, asked.search_id))
        else:
            search = await self._automatic(command)
        if search is None:
            return Done({"outcome": "not_wanted"})
        ending = await self._search(search, command.by, command.id)
        if ending is None:
            return Cancelled()
        return Done(
            {
                "searchId": search.id,
                "outcome": ending.outcome,
                "downloadId": ending.download_id,
            }
        )

    async def _automatic(self, command: Command) -> SearchRow | None:
        """The search of a slot: a new one, or the one a dead incarnation left open."""
        asked = msgspec.json.decode(command.payload, type=_SearchSlot)
        by = command.by
        trace = command.trace or new_trace()

        def work(tx: Tx) -> SearchRow | None:
            head = slot_facts.head(tx, asked.slot_id)
            if head is None or head.held:
                return None
            if not (head.missing or asked.cause == ASKED):
                return None
            left = searches.open_of_slot(tx, asked.slot_id)
            if left is not None:
                return left
            search_id = open_automatic_in(tx, head, cause=asked.cause, by=by, trace=trace)
            return searches.get(tx, search_id)

        return await self._store.write(work, actor=True)

    async def _search(self, search: SearchRow, by: By, command_id: int) -> Ending | None:
        now_us = self._store.clock.now_us()
        context = await self._store.scan(lambda reader: read_context(reader, search, now_us))
        if search.done_at is None and not context.gone:
            await self._ask_all(context)
        if self._store.read(lambda reader: commands.cancel_asked(reader, command_id)):
            await self._store.write(
                lambda tx: searches.finish_in(tx, search, "cancelled"), actor=True
            )
            return None
        ending = await self._store.write(lambda tx: end_in(tx, search, by), actor=True)
        if ending.download_id is not None:
            reach("grab.committed")
        return ending

    async def _ask_all(self, context: Context) -> None:
        patience = DEADLINE_S if context.by_person else PATIENT_DEADLINE_S
        deadline = trio.current_time() + patience
        legs = self._store.read(lambda reader: searches.legs(reader, context.search.id))
        left = {leg.id for leg in legs if leg.done_at is None}

        async def ask(leg: LegRow) -> None:
            await self._leg(context, leg, deadline)
            left.discard(leg.id)
            if len(left) == 1:
                place.enter_context(self._searching.aside())

        with ExitStack() as place:
            async with trio.open_nursery() as nursery:
                for leg in legs:
                    if leg.done_at is None:
                        nursery.start_soon(ask, leg)

    async def _leg(self, context: Context, leg: LegRow, deadline: float) -> None:
        library = context.search.library_id
        await self._store.write(lambda tx: searches.start_leg_in(tx, library, leg), actor=True)
        started = trio.current_time()
        answer = await self._ask(context, leg, deadline)
        ms = round((trio.current_time() - started) * 1000)
        rows = await self._compute(
            partial(judged_rows, context, leg.indexer_id or 0, answer.releases)
        )

        def work(tx: Tx) -> None:
            searches.finish_leg_in(
                tx,
                library,
                leg,
                rows,
                ms=ms,
                requests=answer.requests,
                code=answer.code,
                params=answer.params,
                skipped=answer.skipped,
            )

        await self._store.write(work, actor=True)

    async def _ask(self, context: Context, leg: LegRow, deadline: float) -> LegAnswer:
        """The indexer's answer, or why there is none."""
        ask = AskLeg(
            works=tuple(slot.wanted for slot in context.slots),
            text=context.search.text,
            deadline=deadline,
            by_person=context.by_person,
        )
        try:
            with trio.move_on_at(deadline + GRACE_S):
                answer: LegAnswer = await self._mailbox_of(f"indexer:{leg.indexer_id}").ask(ask)
                return answer
        except ActorGone:
            return LegAnswer(code=GONE)
        except MailboxFull:
            return LegAnswer(code=BUSY)
        return LegAnswer(code=LATE)

    async def _sweep(self, command: Command) -> Outcome:
        """Queue a search for the slots that waited longest; each at its own pace."""
        now_us = self._store.clock.now_us()
        if not self._store.read(auto_grab):
            return Done({"queued": 0, "outcome": "auto_grab_off"})
        slots = await self._store.scan(lambda reader: searches.due_slots(reader, now_us, PER_SWEEP))

        def work(tx: Tx) -> int:
            for slot_id in slots:
                head = slot_facts.head(tx, slot_id)
                if head is not None and head.missing:
                    want_search_in(
                        tx,
                        slot_id,
                        cause="sweep",
                        by=command.by,
                        library=head.library_id,
                        trace=new_trace(),
                        priority=SWEEP,
                    )
            return len(slots)

        return Done({"queued": await self._store.write(work, actor=True)})
