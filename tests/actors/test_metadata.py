"""The metadata actor: syncs, questions and covers, on virtual time with a provider in memory."""

import io
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from PIL import Image
from trio.testing import MockClock

from bindery.actors.metadata import CoverPort, LookupPort, MetadataActor
from bindery.actors.metadata.covers import CoverCache
from bindery.actors.metadata.gate import Budget, Gate, Memory
from bindery.adapters.failures import Malformed, Rejected, Unavailable
from bindery.adapters.images import Picture
from bindery.domain.catalogue import SeriesRef
from bindery.domain.principal import Principal, Role, Via
from bindery.domain.refusal import Code, Refusal
from bindery.live.board import Board
from bindery.live.hub import Hub
from bindery.operations.authors import (
    Added,
    AuthorPatch,
    NewAuthor,
    add_author,
    delete_author,
    refresh_author,
    update_author,
)
from bindery.operations.ports import CoverFile
from bindery.operations.settings import put_setting
from bindery.runtime.compute import on_the_loop
from bindery.runtime.supervisor import Child, open_supervisor
from bindery.store import attention, authors, books, covers
from bindery.store.authors import AuthorRow
from bindery.store.books import BookRow
from bindery.store.store import Store
from bindery.store.tx import Reader
from tests.kit.clocks import TrioClock
from tests.kit.database import Heard, open_test_store
from tests.kit.fake_provider import FakeProvider, person, work

WHO = Principal(user_id=None, role=Role.ADMIN, via=Via.INSTALL_KEY, scope=(1,))
COVERS = "https://covers.test"


def picture() -> Picture:
    out = io.BytesIO()
    Image.new("RGB", (600, 900), (200, 30, 30)).save(out, "JPEG")
    return Picture(out.getvalue(), "image/jpeg", 600, 900)


def said(summary: msgspec.Raw | None) -> dict[str, Any]:
    assert summary is not None
    return msgspec.json.decode(summary)


@dataclass
class Network:
    takes_s: float = 0.1


@dataclass
class World:
    store: Store
    provider: FakeProvider
    lookup: LookupPort
    covers: CoverPort
    pictures: dict[str, Picture | Exception]
    fetched: list[str]
    heard: Heard
    network: Network

    async def add(self, **more: object) -> Added:
        given = {"foreign_author_id": "OL1A", "author_name": "Ada Quill", "monitor_mode": "all"}
        body = NewAuthor(**{**given, **more})  # type: ignore[arg-type]
        added = await add_author(self.store, WHO, body, None)
        assert isinstance(added, Added), added
        return added

    async def synced(self, job: int) -> str:
        with trio.fail_after(100_000):
            settled = await self.store.settled(job, 90_000)
        assert settled is not None
        return settled.state

    def author(self, author_id: int) -> AuthorRow:
        row = self.store.read(lambda r: authors.find_author(r, (1,), author_id))
        assert row is not None
        return row

    def books(self, author_id: int) -> dict[str, BookRow]:
        def read(r: Reader) -> list[BookRow]:
            ids = authors.book_ids_of(r, author_id, include_excluded=True)
            return books.books_by_id(r, (1,), ids)

        return {row.title: row for row in self.store.read(read)}

    def searches(self) -> list[str]:
        sql = "SELECT key FROM command WHERE kind = 'slot.search' ORDER BY id"
        return self.store.read(lambda r: r.values(sql))


@asynccontextmanager
async def at_work(folder: Path, provider: FakeProvider) -> AsyncGenerator[World]:
    heard, clock, fetched = Heard(), TrioClock(), list[str]()
    pictures: dict[str, Picture | Exception] = {}
    network = Network()

    async def fetch(url: str) -> Picture:
        fetched.append(url)
        await trio.sleep(network.takes_s)
        found = pictures.get(url) or Rejected("http_status", status=404)
        if isinstance(found, Exception):
            raise found
        return found

    async with (
        open_test_store(folder, clock=clock, publisher=heard) as store,
        open_supervisor(clock, rng=random.Random(1)) as supervisor,
    ):

        @asynccontextmanager
        async def cache() -> AsyncGenerator[CoverCache]:
            yield CoverCache(store, folder / "covers", fetch, on_the_loop, [COVERS])

        def actor() -> MetadataActor:
            return MetadataActor(
                store,
                open_provider=lambda _before: provider,
                board=Board(),
                hub=Hub(clock),
                covers=cache,
            )

        box = await supervisor.start(Child("metadata", actor))
        yield World(
            store,
            provider,
            LookupPort(box),
            CoverPort(box, store, folder / "covers"),
            pictures,
            fetched,
            heard,
            network,
        )
        await supervisor.stop_all()


async def test_an_added_author_gets_its_books_with_slots_page_by_page(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    works = [work(n, series=(SeriesRef(title="Lamps", position=str(n)),)) for n in range(1, 61)]
    provider = FakeProvider(*works, page=30)
    provider.people["OL1A"] = person(description="Wrote by lamplight.", other_names=("A. Quill",))
    async with at_work(tmp_path, provider) as world:
        added = await world.add(media_type="both")
        assert await world.synced(added.job_id) == "succeeded"
        found = world.books(added.author_id)
        slots = world.store.read(lambda r: books.slots_of(r, [b.id for b in found.values()]))
        series = world.store.read(lambda r: books.series_of(r, [found["Title Number 7"].work_id]))
        author = world.author(added.author_id)
    assert len(found) == 60
    assert len(slots) == 120
    assert all(slot.wanted and slot.monitored for slot in slots)
    assert [(s.title, s.position) for s in series] == [("Lamps", "7")]
    assert (author.description, author.books, author.wanted) == ("Wrote by lamplight.", 60, 60)
    assert provider.asked[:3] == ["person OL1A", "page None", "page 30"]
    assert world.heard.of(f"author:{added.author_id}")
    assert world.heard.of("jobs")


async def test_search_on_add_asks_for_every_released_wanted_slot(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    provider = FakeProvider(work(1), work(2, released="2031"), work(3, language="fre"))
    async with at_work(tmp_path, provider) as world:
        added = await world.add(search_on_add=True)
        assert await world.synced(added.job_id) == "succeeded"
        found = world.books(added.author_id)
        slots = world.store.read(lambda r: books.slots_of(r, [found["Title Number 1"].id]))
        asked = world.searches()
        summary = world.author(added.author_id).sync_summary
    assert set(found) == {"Title Number 1", "Title Number 2"}
    assert asked == [str(slots[0].id)]
    assert said(summary)["skippedLanguage"] == 1
    assert said(summary)["allowedLanguages"] == ["en"]


async def test_every_language_is_taken_when_the_setting_says_so(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with at_work(tmp_path, FakeProvider(work(1, language="fre"))) as world:
        await put_setting(world.store, WHO, "metadata.allowed_languages", "any")
        added = await world.add()
        await world.synced(added.job_id)
        assert set(world.books(added.author_id)) == {"Title Number 1"}


@pytest.mark.parametrize(
    ("mode", "count", "expected"),
    [
        ("latest", 2, {"Old": False, "Mid": True, "Future": True, "Undated": False}),
        ("future", None, {"Old": False, "Mid": False, "Future": True, "Undated": False}),
        ("none", None, {"Old": False, "Mid": False, "Future": False, "Undated": False}),
    ],
)
async def test_mode_decides_what_is_watched_over_all_pages(
    tmp_path: Path,
    autojump_clock: MockClock,
    mode: str,
    count: int | None,
    expected: dict[str, bool],
) -> None:
    provider = FakeProvider(
        work(1, "Old", "2001"),
        work(2, "Mid", "2015"),
        work(3, "Future", "2031-02"),
        work(4, "Undated", ""),
        page=2,
    )
    async with at_work(tmp_path, provider) as world:
        added = await world.add(monitor_mode=mode, monitor_latest_count=count, monitored=True)
        await world.synced(added.job_id)
        found = world.books(added.author_id)
    assert {title: row.monitored for title, row in found.items()} == expected


async def test_refresh_is_a_diff_that_keeps_choices_and_brings_news(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    provider = FakeProvider(work(1, "Lantern"), work(2, "Ledger"))
    async with at_work(tmp_path, provider) as world:
        added = await world.add()
        await world.synced(added.job_id)
        await trio.sleep(60)
        before = world.books(added.author_id)
        lantern = before["Lantern"]
        await world.store.write(lambda tx: books.set_monitored_in(tx, lantern, monitored=False))
        ledger = before["Ledger"]
        await world.store.write(lambda tx: books.delete_in(tx, ledger))
        provider.catalogue = [
            work(1, "Lantern", "", language="", description="Light.", cover=None),
            work(2, "Ledger"),
            work(3, "Newcomer"),
            work(9, "The Lantern", "2001"),
        ]
        job = await refresh_author(world.store, WHO, added.author_id)
        assert isinstance(job, int)
        assert await world.synced(job) == "succeeded"
        after = world.books(added.author_id)
        events = world.store.read(
            lambda r: r.values("SELECT type || ' ' || source_title FROM event ORDER BY id")
        )
    assert set(after) == {"Lantern", "Newcomer"}
    kept = after["Lantern"]
    assert (kept.monitored, kept.released, kept.language) == (False, "2001", "eng")
    assert (kept.description, kept.cover_url) == ("Light.", f"{COVERS}/b/id/1-L.jpg")
    assert "bookAdded Newcomer" in events
    assert events.count("authorSynced Ada Quill") == 2


async def test_an_unmonitored_author_finds_nothing_new(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    provider = FakeProvider(work(1))
    async with at_work(tmp_path, provider) as world:
        added = await world.add()
        await world.synced(added.job_id)
        await update_author(world.store, WHO, added.author_id, AuthorPatch(monitored=False))
        provider.catalogue.append(work(2))
        job = await refresh_author(world.store, WHO, added.author_id)
        assert isinstance(job, int)
        await world.synced(job)
        summary = world.author(added.author_id).sync_summary
        assert len(world.books(added.author_id)) == 1
    assert said(summary)["skippedNotAccepted"] == 1


async def test_provider_down_is_asked_again_and_nothing_comes_twice(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    provider = FakeProvider(work(1), work(2), page=1)
    async with at_work(tmp_path, provider) as world:
        provider.failures = [Unavailable(retry_after_s=40)]
        added = await world.add(search_on_add=True)
        start = trio.current_time()
        assert await world.synced(added.job_id) == "succeeded"
        assert trio.current_time() - start >= 40
        assert len(world.books(added.author_id)) == 2
        assert len(world.searches()) == 2


async def test_an_unknown_author_needs_a_person(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with at_work(tmp_path, FakeProvider()) as world:
        added = await world.add(foreign_author_id="OL404A")
        assert await world.synced(added.job_id) == "failed"
        items = world.store.read(
            lambda r: attention.list_attention(r, (1,), world.store.clock.now_us())
        )
    assert [(item.code, item.params["code"]) for item in items] == [
        ("author_sync_failed", "author_unknown")
    ]


async def test_sync_of_a_deleted_author_ends_quietly(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    provider = FakeProvider(work(1))
    provider.hold = trio.Event()
    async with at_work(tmp_path, provider) as world:
        added = await world.add()
        await trio.sleep(1)
        assert await delete_author(world.store, WHO, added.author_id) is None
        provider.hold.set()
        assert await world.synced(added.job_id) == "succeeded"
        assert world.store.read(lambda r: r.value("SELECT count(*) FROM book")) == 0


async def test_questions_are_answered_remembered_and_shared(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    provider = FakeProvider()
    async with at_work(tmp_path, provider) as world:
        provider.hold = trio.Event()
        answers: list[object] = []

        async def ask() -> None:
            answers.append(await world.lookup.people("Quill"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            nursery.start_soon(ask)
            await trio.sleep(1)
            provider.hold.set()
        assert await world.lookup.person("OL404A") is None
        assert await world.lookup.person("OL404A") is None
        assert len(answers) == 2
        assert answers[0] == answers[1] == [person()]
    assert provider.asked == ["people Quill", "person OL404A"]


async def test_a_slow_provider_times_out_and_a_broken_one_is_named(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    provider = FakeProvider()
    async with at_work(tmp_path, provider) as world:
        provider.failures = [Malformed()]
        broken = await world.lookup.works("x")
        provider.hold = trio.Event()
        slow = await world.lookup.works("y")
        provider.hold.set()
    assert isinstance(broken, Refusal)
    assert (broken.code, broken.params["reason"]) == (
        Code.PROVIDER_UNAVAILABLE,
        "malformed_answer",
    )
    assert isinstance(slow, Refusal)
    assert slow.code is Code.PROVIDER_TIMEOUT


async def test_covers_of_a_sync_are_fetched_with_a_thumbnail(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    url = f"{COVERS}/b/id/1-L.jpg"
    async with at_work(tmp_path, FakeProvider(work(1), work(2))) as world:
        world.pictures[url] = picture()
        added = await world.add()
        await world.synced(added.job_id)
        await trio.sleep(5)
        full = await world.covers.get(url)
        small = await world.covers.get(url, 320)
        missing = await world.covers.get(f"{COVERS}/b/id/2-L.jpg")
        rows = [
            world.store.read(lambda r, n=n: covers.find_by_url(r, f"{COVERS}/b/id/{n}-L.jpg"))
            for n in (1, 2)
        ]
    assert isinstance(full, CoverFile)
    assert await trio.Path(full.path).read_bytes() == picture().data
    assert isinstance(small, CoverFile)
    with Image.open(small.path) as shown:
        assert shown.width == 320
    assert isinstance(missing, Refusal)
    assert [row.state for row in rows if row] == ["stored", "absent"]
    assert len(world.fetched) == 2


async def test_a_picture_is_fetched_once_for_all_who_ask_and_only_from_known_hosts(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    url = f"{COVERS}/a/id/5-L.jpg"
    answers: list[object] = []
    async with at_work(tmp_path, FakeProvider()) as world:
        world.pictures[url] = picture()

        async def ask() -> None:
            answers.append(await world.covers.get(url, 320))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
        elsewhere = await world.covers.get("https://elsewhere.test/x.jpg")
        assert len(world.fetched) == 1
    assert all(isinstance(answer, CoverFile) for answer in answers)
    assert isinstance(elsewhere, Refusal)
    assert elsewhere.code is Code.URL_NOT_ALLOWED


async def test_a_slow_picture_is_on_its_way_and_arrives_all_the_same(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    url = f"{COVERS}/a/id/5-L.jpg"
    async with at_work(tmp_path, FakeProvider()) as world:
        world.pictures[url] = picture()
        world.network.takes_s = 6
        start = trio.current_time()
        assert await world.covers.get(url, 320) is None
        assert trio.current_time() - start == pytest.approx(2)
        await trio.sleep(5)
        assert isinstance(await world.covers.get(url, 320), CoverFile)
        assert len(world.fetched) == 1


async def test_bytes_that_are_no_picture_are_absent(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    url = f"{COVERS}/b/id/1-L.jpg"
    async with at_work(tmp_path, FakeProvider(work(1))) as world:
        world.pictures[url] = Picture(b"\xff\xd8\xff broken", "image/jpeg", 10, 10)
        added = await world.add()
        await world.synced(added.job_id)
        await trio.sleep(5)
        row = world.store.read(lambda r: covers.find_by_url(r, url))
    assert row is not None
    assert (row.state, row.code) == ("absent", "not_a_picture")


async def test_gate_paces_requests_and_rests_after_failures(autojump_clock: MockClock) -> None:
    gate = Gate(Budget(rate=2, burst=2, failures=2, rest_s=30))
    start = trio.current_time()
    for _ in range(6):
        await gate.before_request()
    assert trio.current_time() - start == pytest.approx(2)

    async def down() -> None:
        raise Unavailable

    for _ in range(2):
        with pytest.raises(Unavailable):
            await gate.call(down)
    with pytest.raises(Unavailable) as resting:
        await gate.call(down)
    assert resting.value.code == "provider_resting"
    await trio.sleep(31)
    assert gate.resting_s == 0


async def test_memory_asks_again_when_its_asker_was_cancelled(autojump_clock: MockClock) -> None:
    memory, asked = Memory(), list[int]()

    async def slow() -> int:
        asked.append(1)
        await trio.sleep(10)
        return 7

    async def impatient() -> None:
        with trio.move_on_after(1):
            await memory.get("k", slow)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(impatient)
        await trio.sleep(0.5)
        assert await memory.get("k", slow) == 7
    assert len(asked) == 2


async def test_sweep_fetches_watched_authors_once_a_day(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    provider = FakeProvider(work(1))
    async with at_work(tmp_path, provider) as world:
        added = await world.add()
        await world.synced(added.job_id)
        provider.catalogue.append(work(2))
        counts: list[int] = []
        for hours in (12, 13):
            await trio.sleep(hours * 3600)
            sweep = await world.store.write(lambda tx: tx.enqueue("authors.sweep", {}))
            assert await world.synced(sweep) == "succeeded"
            await trio.sleep(60)
            counts.append(len(world.books(added.author_id)))
    assert counts == [1, 2]


async def test_a_disk_that_takes_no_picture_stops_nobody(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    url = f"{COVERS}/a/id/5-L.jpg"
    (tmp_path / "covers").write_bytes(b"in the way")
    async with at_work(tmp_path, FakeProvider()) as world:
        world.pictures[url] = picture()
        found = await world.covers.get(url, 320)
    assert isinstance(found, Refusal)
    assert (found.code, found.params) == (Code.PROVIDER_UNAVAILABLE, {"reason": "disk_error"})
