"""The same wish through a real transmission-daemon and a real deluged: from the search to the shelf,
and out of the client at the end. qBittorrent and rtorrent have files of their own.
"""

import json
import signal
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from bindery.demo.shelf import Author, Work
from bindery.demo.world import ThreadedWorld, world_in_thread
from tests.kit import deluge, transmission
from tests.kit.deluge import DelugePair
from tests.kit.household_api import Home, hashes_of, home_in
from tests.kit.transmission import TransmissionDaemon

pytestmark = pytest.mark.system

Daemon = TransmissionDaemon | DelugePair


@pytest.fixture
def threaded() -> Generator[ThreadedWorld]:
    with world_in_thread(bundled=False) as threaded:
        yield threaded


@pytest.fixture(params=["transmission", "deluge"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Daemon]:
    home = tmp_path / "client"
    made: Daemon = TransmissionDaemon(home) if request.param == "transmission" else DelugePair(home)
    made.configure()
    try:
        trio.run(made.start)
        yield made
    finally:
        made.end()
        if isinstance(made, DelugePair):
            made.face.end(signal.SIGKILL)


def add_client(home: Home, program: Daemon) -> None:
    """A wrong password is told; the right one is kept and never shown."""
    body: dict[str, Any] = {
        "name": "client",
        "host": "127.0.0.1",
        "category": "books",
        "removeCompleted": True,
    }
    if isinstance(program, DelugePair):
        password = deluge.PASSWORD
        body |= {"type": "deluge", "port": program.web}
    else:
        password = transmission.PASSWORD
        body |= {"type": "transmission", "port": program.rpc, "username": "admin"}
    test = "/api/v1/downloadclient/test"
    wrong = home.service.ask("POST", test, {**body, "password": "no"})
    assert wrong.status_code >= 400
    assert wrong.json()["params"]["reason"] == "unauthorized"
    home.service.ok("POST", test, {**body, "password": password})
    added = home.service.ok("POST", "/api/v1/downloadclient", {**body, "password": password})
    assert password not in json.dumps(added)


def test_ebook_that_is_searched_by_itself(
    tmp_path: Path, threaded: ThreadedWorld, program: Daemon
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
                lambda: not list(program.downloads.rglob("*.epub")),
                30,
                "the client's copy to be deleted",
            )
            assert home.hashes() == hashes_of(files), "the shelf keeps its own"
        assert home.service.errors() == []
    finally:
        threaded.call(seeder.cancel)
