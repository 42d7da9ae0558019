"""Command `feeds.read`: the latest releases of every indexer against all that is wanted.

One request per indexer in place of one per book (acquisition.md 7.4). A release that certainly is a
wanted book starts that slot's own search, which asks every indexer and decides by the rules; so
there is one way to a grab, and what the feed showed first is compared with what others have. How
far a feed was read and the searches it caused are one transaction: nothing is missed or repeated.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import structlog
import trio

from bindery.actors.search.choice import auto_grab
from bindery.domain.feed_watch import Names, News, fitting, names_of, news
from bindery.domain.legs import AskLeg, LegAnswer
from bindery.domain.offers import Release
from bindery.domain.principal import By
from bindery.domain.wanted import WantedWork
from bindery.operations.search import PATIENT_DEADLINE_S, want_search_in
from bindery.runtime.compute import Compute
from bindery.runtime.mailbox import ActorGone, Mailbox, MailboxFull
from bindery.runtime.trace import new_trace
from bindery.store import feeds, indexers, slot_facts
from bindery.store.commands import Command
from bindery.store.indexers import IndexerRow
from bindery.store.lanes import Done, Outcome
from bindery.store.settings_rows import setting
from bindery.store.store import Store
from bindery.store.tx import Reader, Tx

MailboxOf: TypeAlias = Callable[[str], Mailbox[Any]]

SWITCH = "search.feeds"
WITHOUT_FEED = frozenset(("opds",))
"""A catalogue has no order of arrival that could be relied on."""
CAUSE = "feed"
_log = structlog.get_logger(__name__)


class FeedReader:
    """Reads all feeds at once; each indexer's own actor keeps its pace and its budget."""

    def __init__(self, store: Store, mailbox_of: MailboxOf, compute: Compute) -> None:
        self._store = store
        self._mailbox_of = mailbox_of
        self._compute = compute

    async def read(self, command: Command) -> Outcome:
        """One round. An indexer that does not answer is read at the next one."""
        if not self._store.read(_switched_on):
            return Done({"outcome": "off"})
        rows = [r for r in self._store.read(indexers.list_enabled) if r.type not in WITHOUT_FEED]
        started: dict[int, int] = {}

        async def one(row: IndexerRow) -> None:
            started[row.id] = await self._read_one(row, command.by)

        async with trio.open_nursery() as nursery:
            for row in rows:
                nursery.start_soon(one, row)
        return Done({"indexers": len(rows), "searches": sum(started.values())})

    async def _read_one(self, row: IndexerRow, by: By) -> int:
        """The searches that one feed caused."""
        seen = self._store.read(lambda reader: feeds.seen(reader, row.id))
        answer = await self._ask(row, frozenset(seen))
        if answer.code is not None:
            return 0  # a part would be taken for the whole: the next round reads it again
        told = news(answer.releases, seen)
        slots = await self._wanted_of(told.fresh)
        if told.gap:
            _log.info("feeds.gap", indexer=row.id, releases=len(told.fresh))
        return await self._store.write(lambda tx: _told_in(tx, row.id, told, slots, by), actor=True)

    async def _ask(self, row: IndexerRow, known: frozenset[str]) -> LegAnswer:
        deadline = trio.current_time() + PATIENT_DEADLINE_S
        ask = AskLeg(latest=True, known=known, deadline=deadline)
        try:
            with trio.move_on_at(deadline):
                answer: LegAnswer = await self._mailbox_of(f"indexer:{row.id}").ask(ask)
                return answer
        except (ActorGone, MailboxFull):
            pass
        return LegAnswer(code="indexer_unavailable")

    async def _wanted_of(self, fresh: tuple[Release, ...]) -> list[int]:
        """The wanted slots for which one of the releases certainly is the book."""
        if not fresh:
            return []
        found: set[int] = set()
        for release in fresh:
            names = await self._compute(partial(names_of, release))
            works = await self._store.scan(partial(_works, names=names, besides=frozenset(found)))
            if works:
                found.update(await self._compute(partial(fitting, works, (release,))))
        return sorted(found)


def _switched_on(reader: Reader) -> bool:
    return auto_grab(reader) and setting(reader, SWITCH, default=True)


def _works(
    reader: Reader, *, names: Names, besides: frozenset[int]
) -> list[tuple[int, WantedWork]]:
    slots = feeds.slots_named(reader, names.people, names.titles)
    heads = [slot_facts.head(reader, slot_id) for slot_id in slots if slot_id not in besides]
    return [
        (head.slot_id, slot_facts.wanted_work(reader, head))
        for head in heads
        if head is not None and head.missing and not head.held
    ]


def _told_in(tx: Tx, indexer_id: int, told: News, slots: list[int], by: By) -> int:
    feeds.remember_in(tx, indexer_id, told.seen)
    started = 0
    for slot_id in slots:
        head = slot_facts.head(tx, slot_id)
        if head is None or head.held or not head.missing:
            continue
        want_search_in(tx, slot_id, cause=CAUSE, by=by, library=head.library_id, trace=new_trace())
        started += 1
    return started
