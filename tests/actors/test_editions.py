"""Editions of wanted works, asked for one by one."""

from pathlib import Path

import trio
from trio.testing import MockClock

from bindery.adapters.failures import Rejected, Unavailable
from bindery.domain.catalogue import EditionRecord
from bindery.domain.principal import SYSTEM
from bindery.operations.editions import PER_SYNC, want_in
from bindery.store import books
from bindery.store.books import EditionRow
from tests.actors.test_metadata import World, at_work
from tests.kit.fake_provider import FakeProvider, work


def edition(ref: str = "OL9M", isbn13: str = "9780000000002") -> EditionRecord:
    return EditionRecord(
        ref=ref, title="Le premier titre", isbn13=isbn13, language="fre", pages=320
    )


def found(world: World, author_id: int, title: str) -> list[EditionRow]:
    book = world.books(author_id)[title]
    return world.store.read(lambda reader: books.editions_of(reader, book.work_id))


async def test_wanted_books_get_their_editions(tmp_path: Path, autojump_clock: MockClock) -> None:
    provider = FakeProvider(work(1, "First Title"), work(2, "Second Title"))
    provider.editions_of["OL1W"] = [edition(), edition("OL8M", "9780000000019")]
    async with at_work(tmp_path, provider) as world:
        added = await world.add()
        await world.synced(added.job_id)
        await trio.sleep(10)
        first = found(world, added.author_id, "First Title")
        assert {row.isbn13 for row in first} == {"9780000000002", "9780000000019"}
        assert {row.pages for row in first} == {320}
        assert found(world, added.author_id, "Second Title") == []
    assert sorted(ask for ask in provider.asked if ask.startswith("editions")) == [
        "editions OL1W",
        "editions OL2W",
    ]


async def test_editions_are_asked_for_once(tmp_path: Path, autojump_clock: MockClock) -> None:
    provider = FakeProvider(work(1, "First Title"))
    async with at_work(tmp_path, provider) as world:
        added = await world.add()
        await world.synced(added.job_id)
        await trio.sleep(10)
        book = world.books(added.author_id)["First Title"]
        again = await world.store.write(
            lambda tx: want_in(tx, [book.id], SYSTEM, "w-1", wanted_only=False)
        )
    assert again == 0


async def test_unmonitored_author_asks_for_none(tmp_path: Path, autojump_clock: MockClock) -> None:
    provider = FakeProvider(work(1, "First Title"))
    async with at_work(tmp_path, provider) as world:
        added = await world.add(monitor_mode="none")
        await world.synced(added.job_id)
        await trio.sleep(10)
    assert not [ask for ask in provider.asked if ask.startswith("editions")]


async def test_one_sync_asks_for_a_bounded_number(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    provider = FakeProvider(*(work(n, f"Title Number {n}") for n in range(1, PER_SYNC + 11)))
    async with at_work(tmp_path, provider) as world:
        added = await world.add()
        await world.synced(added.job_id)
        await trio.sleep(600)
    assert len([ask for ask in provider.asked if ask.startswith("editions")]) == PER_SYNC


async def test_provider_that_is_away_is_asked_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    provider = FakeProvider(work(1, "First Title"))
    provider.editions_of["OL1W"] = [edition()]
    async with at_work(tmp_path, provider) as world:
        added = await world.add()
        await world.synced(added.job_id)
        provider.failures.append(Unavailable("http_status", status=503))
        await trio.sleep(3_600)
        assert len(found(world, added.author_id, "First Title")) == 1
    assert provider.asked.count("editions OL1W") == 2


async def test_provider_that_says_no_is_left_alone(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    provider = FakeProvider(work(1, "First Title"))
    async with at_work(tmp_path, provider) as world:
        added = await world.add()
        await world.synced(added.job_id)
        provider.failures += [Rejected("http_status", status=400) for _ in range(9)]
        await trio.sleep(80_000)
    asked = [ask for ask in provider.asked if ask.startswith("editions")]
    assert len(asked) == 3
