"""Feeds of latest releases: one request for all that is wanted, nothing missed or repeated."""

from pathlib import Path
from typing import Any

import msgspec
from trio.testing import MockClock

from bindery.adapters.failures import Unavailable
from bindery.domain.offers import IndexerQuery, Release
from bindery.store import feeds
from tests.actors.test_search import World, world
from tests.kit.fake_indexer import FakeIndexer, release

OLD = release("Some Other Person - Gardening for Cats EPUB")
WANTED = release(guid="new")


class Feed(FakeIndexer):
    """A feed of what stands in `latest`, newest first; a search finds the wanted book."""

    def __init__(self, *latest: Release) -> None:
        super().__init__(self.answer)
        self.latest = list(latest)
        self.down = False

    def answer(self, query: IndexerQuery) -> list[Release] | Unavailable:
        if query.title or query.text:
            return [WANTED]
        if self.down:
            return Unavailable("http_status", status=500)
        return self.latest[query.offset : query.offset + query.limit]

    @property
    def looks(self) -> list[int]:
        """Offsets of the requests without a word to search for."""
        return [q.offset for q in self.queries if not (q.title or q.text or q.isbn)]


async def read(w: World) -> dict[str, Any]:
    command = await w.store.write(lambda tx: tx.enqueue("feeds.read", {}, key="feeds.read"))
    settled = await w.store.settled(command, within=500)
    assert settled is not None
    assert settled.result is not None, settled
    return msgspec.json.decode(settled.result)


def searched(w: World) -> list[str]:
    return w.store.read(
        lambda reader: reader.values(
            "SELECT payload ->> 'cause' FROM command WHERE kind = 'slot.search' ORDER BY id"
        )
    )


async def test_a_wanted_book_in_the_feed_starts_its_search(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    feed = Feed(OLD)
    async with world(tmp_path, feed) as w:
        assert await read(w) == {"indexers": 1, "searches": 0}
        feed.latest.insert(0, WANTED)
        assert (await read(w))["searches"] == 1
        assert searched(w) == ["feed"]
        feed.latest.insert(0, release("Bo Zed - Soup EPUB"))
        assert (await read(w))["searches"] == 0, "old news start nothing"
        assert searched(w) == ["feed"]
        assert feed.queries[0].categories == (7020, 3030)


async def test_what_was_there_before_the_first_look_is_no_news(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path, Feed(WANTED, OLD)) as w:
        assert (await read(w))["searches"] == 0
        assert (await read(w))["searches"] == 0


async def test_a_feed_that_is_down_loses_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    feed = Feed(OLD)
    async with world(tmp_path, feed) as w:
        await read(w)
        feed.latest.insert(0, WANTED)
        feed.down = True
        assert (await read(w))["searches"] == 0
        feed.down = False
        assert (await read(w))["searches"] == 1


async def test_pages_are_turned_until_the_last_look(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    feed = Feed(OLD)
    async with world(tmp_path, feed) as w:
        await read(w)
        feed.latest[:0] = [release(f"Bo Zed - Soup {n} EPUB") for n in range(150)] + [WANTED]
        assert (await read(w))["searches"] == 1
        assert feed.looks == [0, 0, 100]


async def test_a_book_that_is_not_wanted_starts_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    feed = Feed(OLD)
    async with world(tmp_path, feed) as w:
        await read(w)
        await w.store.write(lambda tx: tx.run("UPDATE slot SET monitored = 0", {}))
        feed.latest.insert(0, WANTED)
        assert (await read(w))["searches"] == 0


async def test_the_switch_keeps_indexers_in_peace(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    feed = Feed(OLD)
    async with world(tmp_path, feed) as w:
        await w.store.write(
            lambda tx: tx.run(
                "INSERT INTO setting (key, value, updated_at) VALUES ('search.feeds', 'false', 1)",
                {},
            )
        )
        assert await read(w) == {"outcome": "off"}
        assert feed.looks == []


async def test_the_position_goes_with_its_indexer(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with world(tmp_path, Feed(OLD)) as w:
        await read(w)
        number = next(iter(w.fakes))
        assert w.store.read(lambda reader: feeds.seen(reader, number))
        await w.store.write(lambda tx: tx.run("DELETE FROM indexer", {}))
        await w.store.write(lambda tx: feeds.remember_in(tx, number, ["x"]))
        assert w.store.read(lambda reader: feeds.seen(reader, number)) == ()
