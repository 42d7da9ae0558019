"""The same wish through a real rtorrent by SCGI: asked wrongly first, and cleaned up at the end."""

from collections.abc import Generator
from functools import partial
from pathlib import Path

import pytest
import trio

from bindery.demo.shelf import Author, Work
from bindery.demo.world import ThreadedWorld, world_in_thread
from tests.kit.household_api import Home, hashes_of, home_in
from tests.kit.rtorrent import RTorrentProgram

pytestmark = pytest.mark.system


@pytest.fixture
def threaded() -> Generator[ThreadedWorld]:
    with world_in_thread(bundled=False) as threaded:
        yield threaded


@pytest.fixture
def program(tmp_path: Path) -> Generator[RTorrentProgram]:
    # The world's torrents name no tracker, and without DHT it does not take those.
    program = RTorrentProgram(tmp_path / "rt", more=["dht.mode.set = on"])
    program.configure()
    try:
        trio.run(program.start)
        yield program
    finally:
        program.end()


def add_client(home: Home, program: RTorrentProgram) -> None:
    """Asked over HTTP at its SCGI port, *Test* says which field is wrong."""
    body = {
        "name": "rT",
        "type": "rtorrent",
        "host": "127.0.0.1",
        "port": program.rpc,
        "category": "books",
        "removeCompleted": True,
    }
    test = "/api/v1/downloadclient/test"
    wrong = home.service.ask("POST", test, body)
    assert wrong.status_code >= 400
    assert "client_perhaps_scgi" in wrong.text
    body["urlBase"] = "scgi"
    home.service.ok("POST", test, body)
    home.service.ok("POST", "/api/v1/downloadclient", body)


def test_ebook_that_is_searched_by_itself(
    tmp_path: Path, threaded: ThreadedWorld, program: RTorrentProgram
) -> None:
    world = threaded.world
    author: Author = threaded.call(world.add_author, "Ada Quill")
    work: Work = threaded.call(partial(world.add_work, author, "The Salt Register", 1907))
    offer = next(one for one in world.offers(work) if one.kind == "epub")
    seeder = threaded.call(world.seed_to, program.bt, offer)
    home = home_in(tmp_path, world)
    try:
        with home.service.running():
            home.set_up()
            home.add_indexer("torznab")
            add_client(home, program)
            book = home.follow(author, search=True)[work.title]
            home.wait_for(book)
            files = world.files(work)
            assert home.hashes() == hashes_of(files)
            assert home.events(book) == ["grabbed", "bookImported"]
            home.check_file(book, next(iter(files.values())))
            home.service.until(
                lambda: not [one for one in program.downloads.rglob("*") if one.is_file()],
                20,
                "the client's copy to be deleted",
            )
            assert home.hashes() == hashes_of(files), "the shelf keeps its own"
        assert home.service.errors() == []
    finally:
        threaded.call(seeder.cancel)
