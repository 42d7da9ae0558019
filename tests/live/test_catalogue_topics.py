"""Topics `book`, `author`, `catalog`, `counters`: what a subscriber is told."""

from pathlib import Path

import pytest

from bindery.domain.offers import Transport
from bindery.domain.principal import SYSTEM
from bindery.live.board import Board, JobProgress
from bindery.live.topic import Snapshot
from bindery.live.topics.author import author_topic
from bindery.live.topics.book import book_topic
from bindery.live.topics.catalog import catalog_topic
from bindery.live.topics.counters import counters_topic
from bindery.operations.authors import enqueue_sync_in
from bindery.store import books, commands
from bindery.store.store import Store
from bindery.store.tx import Tx
from tests.http.catalogue_world import put_author_in, put_book_in
from tests.kit.database import Heard, open_test_store
from tests.kit.household import add_book, grab


async def test_book_is_the_detail_and_unknown_ones_do_not_exist(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        shelf = await add_book(store)
        topic = book_topic(store, "/base")
        assert topic.render
        assert topic.snapshot
        snap = topic.snapshot(f"book:{shelf.book_id}", (1,))
        assert isinstance(snap, Snapshot)
        assert snap.rows == topic.render(f"book:{shelf.book_id}", [shelf.book_id], (1,))
        assert snap.rows[0].title == "The Lantern Ledger"
        assert snap.rows[0].book_files == []
        for name, scope in ((f"book:{shelf.book_id}", (2,)), ("book:99", (1,)), ("book:x", (1,))):
            assert topic.snapshot(name, scope) is None


async def test_download_under_way_shows_in_its_format(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        shelf = await add_book(store)
        download_id = await grab(store, shelf, transport=Transport.HTTP)
        topic = book_topic(store, "")
        assert topic.render
        (row,) = topic.render("book:1", [shelf.book_id], (1,))
    assert row.status == "downloading"
    assert (row.formats[0].download.id, row.formats[0].download.state) == (download_id, "grabbed")


async def test_author_tells_how_far_its_sync_is(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        board = Board()
        author_id = await store.write(lambda tx: put_author_in(tx, "Ada Quill", "OL1A"))
        topic = author_topic(store, board, "")
        assert topic.render
        assert topic.render("author:1", [author_id], (1,))[0].sync is None
        job = await store.write(lambda tx: enqueue_sync_in(tx, author_id, SYSTEM))
        assert topic.render("author:1", [author_id], (1,))[0].sync.state == "queued"
        await store.write(lambda tx: commands.claim_in(tx, ["author.sync"]))
        board.put_job(job, JobProgress(phase="works", done=30, total=120))
        (row,) = topic.render("author:1", [author_id], (1,))
    assert (row.sync.state, row.sync.done, row.sync.total) == ("running", 30, 120)
    assert row.sync.job_id == f"j-{job}"


async def test_every_change_of_a_book_is_told_where_it_shows(tmp_path: Path) -> None:
    heard = Heard()
    async with open_test_store(tmp_path, publisher=heard) as store:
        book_id = await _small_library(store)
        row = store.read(lambda r: books.find_book(r, (1,), book_id))
        assert row is not None
        heard.changes.clear()
        await store.write(lambda tx: books.set_monitored_in(tx, row, monitored=False))
    topics = {change.topic for change in heard.changes}
    assert topics >= {f"book:{book_id}", f"author:{row.author_id}", "catalog", "counters"}
    assert f"book:{book_id}" in {change.id for change in heard.of("catalog")}


async def test_counters_follow_what_is_wanted(tmp_path: Path) -> None:
    async with open_test_store(tmp_path) as store:
        topic = counters_topic(store)
        assert topic.render
        assert topic.render("counters", [1], (1,))[0].wanted == 0
        book_id = await _small_library(store)
        assert topic.render("counters", [1], (1,))[0].wanted == 1
        assert topic.render("counters", [1], (2,))[0].wanted == 0
        row = store.read(lambda r: books.find_book(r, (1,), book_id))
        assert row is not None
        await store.write(lambda tx: books.set_skipped_in(tx, row, skipped=True))
        (counted,) = topic.render("counters", [1], (1,))
    assert (counted.wanted, counted.queue, counted.attention) == (0, 0, 0)


@pytest.mark.parametrize("topic", [catalog_topic()])
def test_catalog_tells_only_what_changed(topic: object) -> None:
    assert topic.kind == "notify"  # type: ignore[attr-defined]


async def _small_library(store: Store) -> int:
    def work(tx: Tx) -> int:
        return put_book_in(tx, put_author_in(tx, "Ada Quill", "OL1A"), "Lantern", "OL1W")

    return await store.write(work)
