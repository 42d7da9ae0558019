"""From "I want this book" to the shelf through the API of a real process: OPDS, built-in client."""

from collections.abc import Generator
from functools import partial
from pathlib import Path

import pytest

from bindery.demo.shelf import Author, Work
from bindery.demo.world import ThreadedWorld, world_in_thread
from tests.kit.household_api import Home, hashes_of, home_in

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def threaded() -> Generator[ThreadedWorld]:
    with world_in_thread(bundled=False) as threaded:
        yield threaded


@pytest.fixture
def author(threaded: ThreadedWorld, request: pytest.FixtureRequest) -> Author:
    return threaded.call(threaded.world.add_author, f"Ada Quill {len(threaded.world.authors)}")


@pytest.fixture
def work(threaded: ThreadedWorld, author: Author) -> Work:
    return threaded.call(partial(threaded.world.add_work, author, "The Lantern Papers", 1911))


def settled(home: Home, book: int, work: Work) -> None:
    """What is true of a wish that has come true, whoever looks."""
    files = home.world.files(work)
    assert home.hashes() == hashes_of(files)
    assert home.events(book) == ["grabbed", "bookImported"]
    assert home.tool_queue() == []
    assert [item["status"] for item in home.queue()] == ["imported"]
    (content,) = files.values()
    home.check_file(book, content)
    home.check_opds(work.title)
    downloads = home.service.data / "downloads"
    assert sorted(downloads.rglob("*")) == [], "the client is clean"
    health = home.service.ok("GET", "/api/v1/system/health")
    assert health["ready"] is True
    assert health["degraded"] == []
    assert home.service.ok("GET", "/api/v1/system/attention") == []


def test_person_searches_and_grabs(
    tmp_path: Path, threaded: ThreadedWorld, author: Author, work: Work
) -> None:
    home = home_in(tmp_path, threaded.world)
    with home.service.running():
        home.set_up()
        home.add_indexer("opds")
        book = home.follow(author, search=False)[work.title]
        assert home.service.ok("GET", f"/api/v1/book/{book}")["status"] == "wanted"
        assert home.queue() == []
        download = home.grab(book)
        (record,) = home.tool_queue()
        assert (record["id"], record["bookId"], record["protocol"]) == (download, book, "http")
        home.wait_for(book)
        settled(home, book, work)
    assert home.service.errors() == []


def test_search_on_add_grabs_by_itself(
    tmp_path: Path, threaded: ThreadedWorld, author: Author, work: Work
) -> None:
    home = home_in(tmp_path, threaded.world)
    with home.service.running():
        home.set_up()
        home.add_indexer("opds")
        book = home.follow(author, search=True)[work.title]
        home.wait_for(book)
        settled(home, book, work)
        # A second search finds nothing to do: the slot is filled.
        assert home.service.rows("SELECT count(*) FROM download") == [(1,)]
    assert home.service.errors() == []
