"""Searches: fan-out, verdicts as they come, the automatic grab, the sweep."""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import trio
from trio.testing import MockClock

from bindery.actors.indexer.actor import IndexerActor
from bindery.actors.search.actor import SearchActor
from bindery.adapters.failures import RateLimited
from bindery.domain.principal import SYSTEM, Principal, Role, Via
from bindery.domain.refusal import Code, Refusal
from bindery.live.connection import Viewer
from bindery.live.hub import Hub
from bindery.live.topic import NOBODY
from bindery.live.topics.search import Asker, read_search, search_topic
from bindery.operations.clients import ClientPatch, add_client
from bindery.operations.grab_request import GrabRequest, grab_release
from bindery.operations.search import ASKED, Started, search_book, search_text, want_search_in
from bindery.runtime.compute import on_the_loop
from bindery.runtime.publisher import Change
from bindery.runtime.supervisor import Child, Supervisor, open_supervisor
from bindery.store import blocklist, commands, downloads, indexers, searches
from bindery.store.downloads import DownloadRow
from bindery.store.indexers import IndexerFields
from bindery.store.searches import SearchRow
from bindery.store.store import Store
from tests.kit.clocks import TrioClock
from tests.kit.database import open_test_store
from tests.kit.fake_indexer import FakeIndexer, release
from tests.kit.household import Shelf, add_book
from tests.live.world import drain, send, subscribe

ADMIN = Principal(user_id=None, role=Role.ADMIN, via=Via.INSTALL_KEY, scope=(1,))
OTHER = Principal(user_id=9, role=Role.USER, via=Via.SESSION, scope=(2,), library=2)
GOOD = release(guid="good", seeders=50)
FAIR = release("Ada Quill - The Lantern Ledger PDF", guid="fair")
WRONG = release("Bo Zed - Gardening for Cats EPUB", guid="wrong")


@dataclass
class Timed:
    """Remembers when what was published."""

    heard: list[tuple[float, Change]] = field(default_factory=list)
    hub: Hub | None = None

    def published(self, changes: Sequence[Change]) -> None:
        now = trio.current_time()
        self.heard += [(now, change) for change in changes]
        if self.hub is not None:
            self.hub.published(changes)


@dataclass
class World:
    store: Store
    supervisor: Supervisor
    shelf: Shelf
    fakes: dict[int, FakeIndexer]
    published: Timed

    async def search(self) -> Started:
        started = await search_book(self.store, ADMIN, self.shelf.book_id)
        assert isinstance(started, Started)
        return started

    async def automatic(self, cause: str = "added") -> dict[str, Any]:
        slot = self.shelf.slot_id

        def work(tx: Any) -> int:
            return want_search_in(tx, slot, cause=cause, by=SYSTEM, library=1)

        command_id = await self.store.write(work)
        settled = await self.store.settled(command_id, within=500)
        assert settled is not None
        assert settled.state == "succeeded", settled
        assert settled.result is not None
        return msgspec.json.decode(settled.result)

    def row(self, search_id: int) -> SearchRow:
        found = self.store.read(lambda reader: searches.get(reader, search_id))
        assert found is not None
        return found

    def download(self, download_id: int) -> DownloadRow:
        found = self.store.read(lambda reader: downloads.get(reader, download_id))
        assert found is not None
        return found

    def value(self, sql: str) -> Any:
        return self.store.read(lambda reader: reader.value(sql))

    async def start_search_actor(self) -> None:
        def make() -> SearchActor:
            return SearchActor(self.store, self.supervisor.mailbox, on_the_loop)

        await self.supervisor.start(Child("search", make, tier=5))


@asynccontextmanager
async def world(folder: Path, *fakes: FakeIndexer) -> AsyncGenerator[World, None]:
    clock, published = TrioClock(), Timed()
    async with open_test_store(folder, clock=clock, publisher=published) as store:
        await add_client(store, ADMIN, ClientPatch(name="q", type="qbittorrent", host="nas"))
        shelf = await add_book(store)
        with trio.fail_after(100_000):
            async with open_supervisor(clock, rng=random.Random(1)) as supervisor:
                made = World(store, supervisor, shelf, {}, published)
                for number, fake in enumerate(fakes, 1):
                    fields = IndexerFields(
                        name=f"feed {number}", type="torznab", url=f"http://feed{number}.test"
                    )
                    row_id = await store.write(lambda tx, f=fields: indexers.add_in(tx, f, None))
                    made.fakes[row_id] = fake

                    def child(id: int = row_id, fake: FakeIndexer = fake) -> Child:
                        def make() -> IndexerActor:
                            return IndexerActor(store, id, lambda _row: fake, compute=on_the_loop)

                        return Child(f"indexer:{id}", make, tier=3, bound=256)

                    await supervisor.start(child())
                await made.start_search_actor()
                yield made
                await supervisor.stop_all()


def answers(*found: Any, delay_s: float = 0.1) -> FakeIndexer:
    return FakeIndexer(lambda _query: list(found), delay_s=delay_s)


async def test_first_verdict_comes_while_another_indexer_stalls(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    fast, stalled = answers(GOOD, WRONG), answers(FAIR, delay_s=10_000)
    async with world(tmp_path, fast, stalled) as w:
        started = await w.search()
        began = trio.current_time()
        settled = await w.store.settled(started.command_id, within=60)
        assert settled is not None
        took = trio.current_time() - began
        assert 20 <= took <= 21, "the deadline ends the search"
        answered = fast.times[-1] + fast.delay_s
        topic = f"search:{started.search_id}"
        judged = [
            at
            for at, one in w.published.heard
            if one.topic == topic and at >= answered and str(one.id).startswith("leg:")
        ]
        assert judged[0] - answered <= 0.3
        legs = w.store.read(lambda reader: searches.legs(reader, started.search_id))
        assert [(leg.status, leg.code, leg.kept) for leg in legs] == [
            ("done", None, 2),
            ("failed", "deadline", 0),
        ]
        assert w.row(started.search_id).outcome == "found"


async def test_a_stalled_indexer_does_not_keep_the_next_search_waiting(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    fast, stalled = answers(GOOD), answers(FAIR, delay_s=10_000)
    async with world(tmp_path, fast, stalled) as w:
        began = trio.current_time()
        for n in range(5):
            started = await search_text(w.store, ADMIN, f"lantern {n}")
            assert isinstance(started, Started)
        while len(fast.times) < 5:  # noqa: ASYNC110 - the fake has no event
            await trio.sleep(0.1)
        assert trio.current_time() - began < 15, "less than the deadline of a search"


async def test_rows_are_committed_before_any_request(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    seen: list[tuple[Any, Any]] = []
    fake = FakeIndexer()
    async with world(tmp_path, fake) as w:

        def script(_query: Any) -> list[Any]:
            seen.append(
                (
                    w.value("SELECT count(*) FROM search"),
                    w.value("SELECT status FROM search_leg"),
                )
            )
            return [GOOD]

        fake.script = script
        started = await w.search()
        await w.store.settled(started.command_id, within=60)
        assert seen == [(1, "running")]


async def test_every_verdict_has_its_reasons_and_no_link_leaves(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path, answers(GOOD, WRONG)) as w:
        started = await w.search()
        await w.store.settled(started.command_id, within=60)
        topic = search_topic(w.store)
        assert topic.snapshot is not None
        assert topic.render is not None
        name = f"search:{started.search_id}"
        late = topic.snapshot(name, (NOBODY, 1))
        assert late is not None
        names = [item.name for item in late.rows]
        assert names == [
            "indexer.started",
            "release.judged",
            "release.judged",
            "indexer.done",
            "search.done",
        ]
        good, wrong = late.rows[1].data, late.rows[2].data
        assert (good.verdict, good.approved, good.rejections) == ("grab", True, ())
        assert (wrong.verdict, wrong.rejections[0].code) == ("hard", "not-the-book")
        assert wrong.rejections[0].klass == "hard"
        assert "canary-key" not in repr(late.rows)
        leg = late.rows[3].data
        assert (leg.count, leg.kept, leg.error) == (2, 2, None)
        # A mark tells the same items, the end included; another library sees nothing.
        marked = topic.render(name, [f"start:{leg.id}", f"leg:{leg.id}", "done"], (NOBODY, 1))
        assert [item.id for item in marked] == [item.id for item in late.rows]
        assert topic.snapshot(name, (NOBODY, 2)) is None
        assert topic.snapshot("search:999", (NOBODY, 1)) is None
        assert topic.snapshot("search:x", (NOBODY, 1)) is None


async def test_feed_reaches_a_subscriber_as_it_comes(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path, answers(GOOD, WRONG), answers(FAIR, delay_s=5)) as w:
        hub = Hub(w.store.clock)
        hub.register("search", search_topic(w.store))
        w.published.hub = hub
        started = await w.search()
        name = f"search:{started.search_id}"
        conn = hub.connect(Viewer(user_id=None, name="", role=Role.ADMIN, scope=(1,)))
        subscribe(conn, name)
        got: list[dict[str, Any]] = []
        while not got or got[-1]["name"] != "search.done":
            await trio.sleep(0.1)
            hub.flush(trio.current_time())
            fresh = [frame for frame in drain(conn) if frame["t"] == "event"]
            if fresh:
                send(conn, t="ack", topics={name: fresh[-1]["seq"]})
            got += fresh
        names = [one["name"] for one in got]
        assert names.count("release.judged") == 3
        assert names.index("indexer.done") < len(names) - 3, "the fast one before the slow one"
        assert len({one["id"] for one in got}) == len(got)
        record = w.store.read(
            lambda reader: read_search(reader, started.search_id, Asker(None, (1,)))
        )
        assert record is not None
        assert {c.id for c in record.candidates} == {
            one["data"]["candidateId"] for one in got if one["name"] == "release.judged"
        }


async def test_automatic_search_grabs_the_best(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path, answers(WRONG, FAIR), answers(GOOD)) as w:
        result = await w.automatic()
        assert result["outcome"] == "grabbed"
        row = w.download(result["downloadId"])
        assert (row.guid, row.state, row.stage) == ("good", "grabbed", "fetch")
        assert row.link == GOOD.link
        search = w.row(result["searchId"])
        assert (search.outcome, search.grabbed_download_id) == ("grabbed", row.id)
        assert search.trace == row.trace
        sql = "SELECT count(*) FROM command WHERE kind = 'download.send' AND lane LIKE 'client:%'"
        assert w.value(sql) == 1
        assert w.value("SELECT trace FROM event WHERE type = 'grabbed'") == row.trace
        slot = "SELECT search_count FROM slot"
        assert w.value(slot) == 1
        assert w.value("SELECT last_search_at FROM slot") is not None
        assert w.value("SELECT next_search_at FROM slot") is None


async def test_automatic_search_without_a_fit_comes_again_later(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path, answers(WRONG)) as w:
        result = await w.automatic()
        assert (result["outcome"], result["downloadId"]) == ("nothing_acceptable", None)
        assert w.value("SELECT count(*) FROM download") == 0
        wait = w.value("SELECT next_search_at FROM slot") - w.store.clock.now_us()
        assert 11.9 * 3_600e6 < wait <= 12 * 3_600e6


async def test_held_indexers_are_told_and_nothing_was_learnt(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    fake = FakeIndexer(lambda _query: RateLimited(retry_after_s=3_600))
    async with world(tmp_path, fake) as w:
        first = await w.automatic()
        second = await w.automatic()
        assert [first["outcome"], second["outcome"]] == ["indexers_failed"] * 2
        legs = w.store.read(lambda reader: searches.legs(reader, second["searchId"]))
        assert (legs[0].status, legs[0].code) == ("skipped", "rate_limited")
        assert len(fake.queries) == 1


async def test_next_candidate_when_the_best_is_under_way_elsewhere(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    second = release("The Lantern Ledger by Ada Quill EPUB", guid="second", seeders=1)
    async with world(tmp_path, answers(GOOD, second)) as w:
        other = await add_book(w.store, "Another Book Entirely")
        started = await w.search()
        await w.store.settled(started.command_id, within=60)
        request = GrabRequest(guid="good", book_id=other.book_id)
        assert isinstance(await grab_release(w.store, ADMIN, request), DownloadRow)
        result = await w.automatic()
        assert w.download(result["downloadId"]).guid == "second"


async def test_slot_is_not_searched_while_a_download_holds_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path, answers(GOOD)) as w:
        await w.automatic()
        asked = len(w.fakes[1].queries)
        assert (await w.automatic())["outcome"] == "not_wanted"
        assert len(w.fakes[1].queries) == asked


async def test_switched_off_grabs_only_what_is_asked_for(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path, answers(GOOD)) as w:
        off = "INSERT INTO setting (key, value, updated_at) VALUES ('autoGrab.enabled', 'false', 0)"
        await w.store.write(lambda tx: tx.run(off))
        assert (await w.automatic())["outcome"] == "auto_grab_off"
        assert (await w.automatic(ASKED))["outcome"] == "grabbed"


async def test_blocklisted_release_is_not_grabbed_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path, answers(GOOD)) as w:
        entry = blocklist.NewEntry(library_id=1, guid="good", title=GOOD.title, code="corrupt")
        await w.store.write(lambda tx: blocklist.add_in(tx, entry, SYSTEM))
        result = await w.automatic()
        assert result["outcome"] == "nothing_acceptable"
        found = w.store.read(lambda reader: searches.candidates(reader, result["searchId"]))
        assert found[0].verdict == "hard"
        assert b"blocklisted" in bytes(found[0].rejections)


async def test_search_goes_on_after_a_restart(tmp_path: Path, autojump_clock: MockClock) -> None:
    slow = answers(GOOD, delay_s=15)
    async with world(tmp_path, answers(WRONG), slow) as w:
        started = await w.search()
        await trio.sleep(10)
        await w.supervisor.stop("search")
        command = w.store.read(lambda reader: commands.find(reader, started.command_id))
        assert command is not None
        assert (command.state, command.crashes, command.attempts) == ("queued", 0, 0)
        asked = len(w.fakes[1].queries)
        await w.start_search_actor()
        await w.store.settled(started.command_id, within=120)
        assert len(w.fakes[1].queries) == asked, "the leg that was done is not asked again"
        found = w.store.read(lambda reader: searches.candidates(reader, started.search_id))
        assert {one.guid for one in found} == {"good", "wrong"}


async def test_sweep_queues_what_is_due(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path, answers(WRONG)) as w:
        await add_book(w.store, "Second Wanted Title")

        async def sweep() -> int:
            command = await w.store.write(lambda tx: tx.enqueue("wanted.sweep", {}))
            settled = await w.store.settled(command, within=100)
            assert settled is not None
            assert settled.result is not None
            return msgspec.json.decode(settled.result)["queued"]

        assert await sweep() == 2
        await trio.sleep(300)
        assert w.value("SELECT min(search_count) FROM slot") == 1
        assert await sweep() == 0, "each at its own pace"
        await trio.sleep(13 * 3_600)
        assert await sweep() == 2


async def test_free_search_hides_nothing_but_marks_junk(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    junk = release("[12/34] lantern.part03.rar yEnc", guid="junk")
    async with world(tmp_path, answers(WRONG, junk)) as w:
        started = await search_text(w.store, ADMIN, " lantern  ledger ")
        assert isinstance(started, Started)
        await w.store.settled(started.command_id, within=60)
        shown = w.store.read(
            lambda reader: read_search(reader, started.search_id, Asker(None, (1,)))
        )
        assert shown is not None
        assert [(one.guid, one.verdict) for one in shown.candidates] == [
            ("wrong", "acceptable"),
            ("junk", "hard"),
        ]
        assert w.fakes[1].queries[0].text == "lantern ledger"


async def test_grab_by_hand(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path, answers(GOOD, WRONG)) as w:
        started = await w.search()
        await w.store.settled(started.command_id, within=60)
        found = w.store.read(lambda reader: searches.candidates(reader, started.search_id))
        good, wrong = (next(one for one in found if one.guid == g) for g in ("good", "wrong"))

        async def grab(who: Principal = ADMIN, **body: Any) -> DownloadRow | Refusal:
            made = await grab_release(w.store, who, GrabRequest(**body))
            assert isinstance(made, DownloadRow | Refusal)
            return made

        refused = await grab(candidate_id=wrong.id)
        assert isinstance(refused, Refusal)
        assert (refused.code, refused.params["codes"]) == (
            Code.OVERRIDE_REQUIRED,
            ["not-the-book"],
        )
        stranger = await grab(OTHER, candidate_id=good.id)
        assert isinstance(stranger, Refusal)
        assert stranger.code is Code.CANDIDATE_GONE
        elsewhere = await grab(guid="x", nzb_url="http://10.0.0.9/secret.torrent")
        assert isinstance(elsewhere, Refusal)
        assert elsewhere.code is Code.URL_NOT_ALLOWED
        overridden = await grab(candidate_id=wrong.id, override=("not-the-book",))
        assert isinstance(overridden, DownloadRow)
        params = w.value("SELECT params FROM event WHERE type = 'grabbed'")
        assert "not-the-book" in params
        again = await grab(candidate_id=good.id)
        assert isinstance(again, Refusal)
        assert again.code is Code.ALREADY_GRABBED
        magnet = await grab(
            guid="m", title="m", nzb_url="magnet:?xt=urn:btih:" + "a" * 40, protocol="torrent"
        )
        assert isinstance(magnet, DownloadRow)
        own = await grab(guid="own", nzb_url="http://feed1.test/get/5", protocol="torrent")
        assert isinstance(own, DownloadRow)
        assert own.indexer_id == 1


async def test_no_indexer_is_said_at_once(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with world(tmp_path) as w:
        refused = await search_book(w.store, ADMIN, w.shelf.book_id)
        assert isinstance(refused, Refusal)
        assert refused.code is Code.NO_INDEXER
        hidden = await search_book(w.store, OTHER, w.shelf.book_id)
        assert isinstance(hidden, Refusal)
        assert hidden.code is Code.NOT_FOUND
        assert (await w.automatic())["outcome"] == "no_indexer"
