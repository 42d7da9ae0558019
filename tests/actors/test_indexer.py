"""One indexer's actor: pacing, tiers, holds, capabilities, fetching."""

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from bindery.actors.indexer.actor import IndexerActor
from bindery.adapters.failures import RateLimited, Rejected, Unauthorized, Unavailable
from bindery.domain.legs import AskLeg, FetchLink, LegAnswer, ProbeIndexer
from bindery.domain.offers import IndexerQuery, Release
from bindery.domain.principal import Principal, Role, Via
from bindery.domain.transfers import Payload
from bindery.domain.wanted import WantedWork
from bindery.operations.indexers import IndexerPatch, update_indexer
from bindery.runtime.compute import on_the_loop
from bindery.runtime.mailbox import Mailbox
from bindery.runtime.supervisor import Child, Supervisor, open_supervisor
from bindery.store import indexers
from bindery.store.indexers import IndexerFields, IndexerRow, IndexerState
from bindery.store.store import Store
from tests.kit.clocks import TrioClock
from tests.kit.database import open_test_store
from tests.kit.fake_indexer import FakeIndexer, release

WORK = WantedWork(title="The Lantern Ledger", authors=("Ada Quill",), format="ebook")
FEED = IndexerFields(name="feed", type="torznab", url="http://feed.test")
JUNK = release("Some Other Person - Gardening for Cats EPUB")


@dataclass
class World:
    store: Store
    fake: FakeIndexer
    box: Mailbox[Any]
    supervisor: Supervisor
    row: IndexerRow

    async def leg(self, *, by_person: bool = True, within: float = 60, text: str = "") -> LegAnswer:
        works = () if text else (WORK,)
        deadline = trio.current_time() + within
        return await self.box.ask(
            AskLeg(works=works, text=text, deadline=deadline, by_person=by_person)
        )

    def state(self) -> IndexerState | None:
        return self.store.read(lambda reader: indexers.state(reader, self.row.id))

    def child(self) -> Child:
        def make() -> IndexerActor:
            return IndexerActor(
                self.store, self.row.id, lambda _row: self.fake, compute=on_the_loop
            )

        return Child("indexer:1", make, tier=3, bound=256)


@asynccontextmanager
async def world(folder: Path, fake: FakeIndexer | None = None) -> AsyncGenerator[World, None]:
    clock = TrioClock()
    async with open_test_store(folder, clock=clock) as store:
        row_id = await store.write(lambda tx: indexers.add_in(tx, FEED, None))
        row = store.read(lambda reader: indexers.get(reader, row_id))
        assert row is not None
        with trio.fail_after(200_000):
            async with open_supervisor(clock, rng=random.Random(1)) as supervisor:
                made = World(store, fake or FakeIndexer(), Mailbox("none", 1), supervisor, row)
                made.box = await supervisor.start(made.child())
                yield made
                await supervisor.stop_all()


def only(tier: int, found: list[Release], other: list[Release] | None = None) -> Any:
    return lambda query: found if query.tier == tier else (other or [])


async def test_first_tier_that_fits_ends_the_leg(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as w:
        answer = await w.leg()
        assert [one.title for one in answer.releases] == [release().title]
        assert answer.code is None
        assert [(one.mode, one.tier) for one in w.fake.queries] == [("book", 1)]
        assert len(answer.requests) == 1


async def test_feed_that_ignores_parameters_does_not_end_the_leg(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    fake = FakeIndexer(only(3, [release()], [JUNK]))
    async with world(tmp_path, fake) as w:
        answer = await w.leg()
        assert [one.tier for one in fake.queries] == [1, 2, 3]
        assert [one.title for one in answer.releases] == [release().title]


def _paged(*pages: list[Release]) -> FakeIndexer:
    def script(query: IndexerQuery) -> list[Release]:
        at = query.offset // query.limit
        return pages[at] if query.tier == 1 and at < len(pages) else []

    return FakeIndexer(script)


def _full(page: int) -> list[Release]:
    return [release(f"Some Other Person - Book {page}-{n} EPUB") for n in range(100)]


async def test_a_person_s_search_turns_the_page(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path, _paged(_full(1), [release()])) as w:
        answer = await w.leg()
        assert release().guid in [one.guid for one in answer.releases]
        assert [query.offset for query in w.fake.queries] == [0, 100]


async def test_nobody_pages_for_ever(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path, _paged(_full(1), _full(2), _full(3), _full(4))) as w:
        await w.leg()
        assert [query.offset for query in w.fake.queries if query.tier == 1] == [0, 100, 200]


async def test_an_indexer_that_repeats_its_page_is_asked_once_more_only(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path, _paged(_full(1), _full(1), _full(1))) as w:
        await w.leg()
        assert [query.offset for query in w.fake.queries if query.tier == 1] == [0, 100]


async def test_a_sweep_reads_one_page(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path, _paged(_full(1), [release()])) as w:
        await w.leg(by_person=False)
        assert [query.offset for query in w.fake.queries if query.tier == 1] == [0]


async def test_free_searches_page_too(tmp_path: Path, autojump_clock: MockClock) -> None:
    pages = [_full(1), [release()]]
    fake = FakeIndexer(lambda query: pages[query.offset // query.limit])
    async with world(tmp_path, fake) as w:
        assert len((await w.leg(text="lantern")).releases) == 101


async def test_other_books_are_kept_when_nothing_fits(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    fake = FakeIndexer(lambda _query: [JUNK])
    async with world(tmp_path, fake) as w:
        answer = await w.leg()
        assert [one.tier for one in fake.queries] == [1, 2, 3, 4]
        assert [one.title for one in answer.releases] == [JUNK.title]
        assert answer.code is None


async def test_requests_are_two_seconds_apart(tmp_path: Path, autojump_clock: MockClock) -> None:
    fake = FakeIndexer(lambda _query: [])
    async with world(tmp_path, fake) as w:
        await w.leg()
        searches = fake.times[1:]
        gaps = [b - a for a, b in pairwise(searches)]
        assert len(gaps) == 3
        assert searches[0] - fake.times[0] < 1, "capabilities take no turn"
        assert all(gap >= 2 - 1e-6 for gap in gaps)


async def test_person_goes_before_sweeps(tmp_path: Path, autojump_clock: MockClock) -> None:
    fake = FakeIndexer(lambda _query: [])
    async with world(tmp_path, fake) as w, trio.open_nursery() as nursery:
        await w.leg()
        fake.queries.clear()

        async def sweep(number: int) -> None:
            work = WantedWork(title=f"Sweeping Number {number}", authors=("Bo Zed",))
            deadline = trio.current_time() + 500
            await w.box.ask(AskLeg(works=(work,), deadline=deadline))

        for number in range(6):
            nursery.start_soon(sweep, number)
        await trio.sleep(3)
        asked = len(fake.queries)
        await w.leg(text="wanted now")
        assert fake.queries[asked].text == "wanted now"


async def test_equal_questions_share_one_request(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as w:
        async with trio.open_nursery() as nursery:
            for _ in range(6):
                nursery.start_soon(w.leg)
        assert len(w.fake.queries) == 1
        await w.leg(by_person=False)
        assert len(w.fake.queries) == 1, "a sweep takes the remembered answer"
        await w.leg(by_person=True)
        assert len(w.fake.queries) == 2, "a person asks anew"
        await trio.sleep(100)
        await w.leg(by_person=False)
        assert len(w.fake.queries) == 3


async def test_one_waiters_patience_is_not_the_others(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path, FakeIndexer(delay_s=5)) as w:
        answers: list[LegAnswer] = []

        async def ask(within: float) -> None:
            answers.append(await w.leg(within=within))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, 8)
            nursery.start_soon(ask, 60)
        assert [(one.code, len(one.releases)) for one in answers] == [("deadline", 0), (None, 1)]
        state = w.state()
        assert state is None or state.code is None, "our deadline is not the indexer's failure"


async def test_rate_limit_holds_and_outlives_a_restart(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    fake = FakeIndexer(lambda _query: RateLimited(retry_after_s=1_800))
    async with world(tmp_path, fake) as w:
        first = await w.leg()
        assert (first.code, first.skipped) == ("rate_limited", False)
        assert len(fake.queries) == 1, "a hard failure ends the leg"
        await w.supervisor.replace(w.child())
        second = await w.leg()
        assert (second.code, second.skipped) == ("rate_limited", True)
        assert "until" in second.params
        assert len(fake.queries) == 1
        fake.script = lambda _query: [release()]
        await trio.sleep(1_801)
        assert len((await w.leg()).releases) == 1
        state = w.state()
        assert state is not None
        assert (state.hold_until, state.code) == (None, None)


async def test_wrong_key_asks_for_a_person_and_an_edit_lifts_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    fake = FakeIndexer(lambda _query: Unauthorized("indexer_auth"))
    async with world(tmp_path, fake) as w:
        assert (await w.leg()).code == "indexer_auth"
        sql = "SELECT code FROM attention WHERE subject = 'indexer:1'"
        assert w.store.read(lambda reader: reader.values(sql)) == ["indexer_unauthorized"]
        admin = Principal(user_id=None, role=Role.ADMIN, via=Via.INSTALL_KEY, scope=(1,))
        changed = await update_indexer(w.store, admin, w.row.id, IndexerPatch(api_key="right"))
        assert isinstance(changed, IndexerRow)
        assert w.store.read(lambda reader: reader.values(sql)) == []
        fake.script = lambda _query: [release()]
        assert len((await w.leg()).releases) == 1


async def test_soft_failure_goes_on_with_the_next_tier(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    def script(query: IndexerQuery) -> Any:
        return Rejected("indexer_error") if query.tier == 1 else [release()]

    async with world(tmp_path, FakeIndexer(script)) as w:
        answer = await w.leg()
        assert (answer.code, len(answer.releases)) == (None, 1)
        assert [one.code for one in answer.requests] == ["indexer_error", None]


async def test_all_requests_refused_is_told(tmp_path: Path, autojump_clock: MockClock) -> None:
    fake = FakeIndexer(lambda _query: Rejected("indexer_error"))
    async with world(tmp_path, fake) as w:
        assert (await w.leg()).code == "indexer_error"
        state = w.state()
        assert state is not None
        assert (state.code, state.hold_until) == ("indexer_error", None)


async def test_no_book_search_is_remembered(tmp_path: Path, autojump_clock: MockClock) -> None:
    def script(query: IndexerQuery) -> Any:
        return Rejected("function_not_available") if query.mode == "book" else [release()]

    fake = FakeIndexer(script)
    async with world(tmp_path, fake) as w:
        await w.leg()
        fake.queries.clear()
        await w.leg()
        assert [one.mode for one in fake.queries] == ["search"]


async def test_capabilities_are_asked_once_a_day(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as w:
        await w.leg()
        await w.supervisor.replace(w.child())
        await w.leg()
        assert w.fake.caps_asked == 1
        await trio.sleep(25 * 3_600)
        await w.leg()
        assert w.fake.caps_asked == 2


async def test_unreachable_does_not_climb(tmp_path: Path, autojump_clock: MockClock) -> None:
    fake = FakeIndexer(lambda _query: Unavailable("connection_failed"))
    async with world(tmp_path, fake) as w:
        await trio.sleep(1_000)
        for _ in range(3):
            await w.leg()
            await trio.sleep(61)
        state = w.state()
        assert state is not None
        assert state.level == 1


async def test_fetch_goes_through_and_its_limit_holds_searches(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path) as w:
        payload = await w.box.ask(FetchLink("http://feed.test/1"))
        assert isinstance(payload, Payload)
        w.fake.payload = RateLimited(retry_after_s=600)
        with pytest.raises(RateLimited):
            await w.box.ask(FetchLink("http://feed.test/2"))
        assert (await w.leg()).skipped
        with pytest.raises(RateLimited) as caught:
            await w.box.ask(FetchLink("http://feed.test/3"))
        assert 0 < (caught.value.retry_after_s or 0) <= 600
        assert w.fake.fetched == ["http://feed.test/1", "http://feed.test/2"]


async def test_trial_lifts_a_hold(tmp_path: Path, autojump_clock: MockClock) -> None:
    fake = FakeIndexer(lambda _query: RateLimited(retry_after_s=600))
    async with world(tmp_path, fake) as w:
        await w.leg()
        fake.script = lambda _query: [release()]
        report = await w.box.ask(ProbeIndexer())
        assert (report.ok, report.search_results, report.categories) == (True, 1, 2)
        assert not (await w.leg()).skipped


async def test_trial_of_a_slow_indexer_harms_nobody(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path, FakeIndexer(delay_s=20)) as w:
        report = await w.box.ask(ProbeIndexer())
        assert (report.ok, report.code) == (False, "timeout")
        assert w.supervisor.health()[0].restarts == 0
