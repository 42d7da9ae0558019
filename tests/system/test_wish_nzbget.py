"""The same wish over usenet: a Newznab indexer, a real nzbget, a news server on loopback."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import pytest
import trio

from bindery.demo.shelf import Author, Work
from bindery.demo.world import ThreadedWorld, world_in_thread
from tests.kit.household_api import Home, hashes_of, home_in
from tests.kit.nntp import NewsServer, start_news_server
from tests.kit.nzbget import PASSWORD, NzbgetDaemon

pytestmark = pytest.mark.system


@contextmanager
def news_in_thread() -> Generator[NewsServer]:
    """A news server on a loop of its own."""
    started: SimpleQueue[tuple[NewsServer, trio.lowlevel.TrioToken, trio.CancelScope]]
    started = SimpleQueue()

    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            server = await start_news_server(nursery)
            started.put((server, trio.lowlevel.current_trio_token(), nursery.cancel_scope))
            await trio.sleep_forever()

    thread = Thread(target=partial(trio.run, serve), daemon=True)
    thread.start()
    server, token, scope = started.get(timeout=10)
    try:
        yield server
    finally:
        trio.from_thread.run_sync(
            partial(scope.cancel, reason="the test is done"), trio_token=token
        )
        thread.join(10)


@pytest.fixture
def threaded() -> Generator[ThreadedWorld]:
    with world_in_thread(bundled=False) as threaded:
        yield threaded


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch) -> Generator[NewsServer]:
    """What the indexer offers is really posted."""
    with news_in_thread() as server:
        monkeypatch.setattr("bindery.demo.indexer.nzb", lambda offer: server.post(offer.files))
        yield server


@pytest.fixture
def program(tmp_path: Path, news: NewsServer) -> Generator[NzbgetDaemon]:
    home = tmp_path / "nzbget"
    home.mkdir()
    program = NzbgetDaemon(home, news_port=news.port)
    program.configure()
    try:
        trio.run(program.start)
        yield program
    finally:
        program.end()


def add_client(home: Home, program: NzbgetDaemon) -> None:
    """A wrong password is told; the right one is kept."""
    body = {
        "name": "NZBGet",
        "type": "nzbget",
        "host": "127.0.0.1",
        "port": program.rpc,
        "username": "admin",
        "category": "books",
        "removeCompleted": True,
    }
    test = "/api/v1/downloadclient/test"
    wrong = home.service.ask("POST", test, {**body, "password": "no"})
    assert wrong.json()["params"]["reason"] == "unauthorized"
    home.service.ok("POST", test, {**body, "password": PASSWORD})
    home.service.ok("POST", "/api/v1/downloadclient", {**body, "password": PASSWORD})


@pytest.mark.parametrize("kind", ["ebook", "audiobook"])
def test_a_book_that_is_searched_by_itself(
    tmp_path: Path, threaded: ThreadedWorld, news: NewsServer, program: NzbgetDaemon, kind: str
) -> None:
    world = threaded.world
    author: Author = threaded.call(world.add_author, "Ada Quill")
    kinds = ("epub",) if kind == "ebook" else ("mp3",)
    work: Work = threaded.call(
        partial(world.add_work, author, "The Salt Register", 1907, kinds=kinds)
    )
    home = home_in(tmp_path, world)
    with home.service.running():
        home.set_up()
        home.add_indexer("newznab")
        add_client(home, program)
        book = home.follow(author, search=True, media=kind)[work.title]
        home.wait_for(book)
        assert news.asked, "the articles came from the news server"
        assert home.hashes() == hashes_of(world.files(work, kinds[0]))
        assert home.events(book) == ["grabbed", "bookImported"]
    assert home.service.errors() == []
