"""The same wish through a Torznab indexer and a real qbittorrent-nox, payload seeded on loopback."""

import json
from collections.abc import Generator
from functools import partial
from pathlib import Path

import pytest

from bindery.demo.shelf import Author, Work
from bindery.demo.world import ThreadedWorld, world_in_thread
from tests.kit.household_api import Home, hashes_of, home_in
from tests.kit.qbittorrent import PASSWORD, Daemon, daemon_in

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def threaded() -> Generator[ThreadedWorld]:
    with world_in_thread(bundled=False) as threaded:
        yield threaded


@pytest.fixture
def daemon(tmp_path: Path) -> Generator[Daemon]:
    with daemon_in(tmp_path / "qb") as daemon:
        yield daemon


@pytest.fixture
def author(threaded: ThreadedWorld) -> Author:
    return threaded.call(threaded.world.add_author, f"Ada Quill {len(threaded.world.authors)}")


def add_client(home: Home, daemon: Daemon) -> None:
    """A wrong password is told; the right one is kept."""
    body = {
        "name": "qB",
        "type": "qbittorrent",
        "host": "127.0.0.1",
        "port": daemon.web,
        "username": "admin",
        "category": "books",
    }
    test = "/api/v1/downloadclient/test"
    wrong = home.service.ask("POST", test, {**body, "password": "no"})
    assert wrong.status_code >= 400 or wrong.json().get("ok") is False, wrong.text
    home.service.ok("POST", test, {**body, "password": PASSWORD})
    added = home.service.ok("POST", "/api/v1/downloadclient", {**body, "password": PASSWORD})
    assert PASSWORD not in json.dumps(added)


def seeding(daemon: Daemon, files: dict[str, bytes]) -> None:
    """One whole torrent that goes on seeding, every file where it was."""
    (torrent,) = json.loads(daemon.ask("torrents/info"))
    assert torrent["progress"] == 1
    assert torrent["state"] in {"uploading", "stalledUP"}
    held = [path for path in (daemon.home / "dl").rglob("*") if path.is_file()]
    assert sorted(map(len, files.values())) == sorted(path.stat().st_size for path in held)


def test_ebook_that_a_person_grabs(
    tmp_path: Path, threaded: ThreadedWorld, author: Author, daemon: Daemon
) -> None:
    work: Work = threaded.call(
        partial(threaded.world.add_work, author, "The Salt Register", 1907, padding=400_000)
    )
    home = home_in(tmp_path, threaded.world)
    threaded.world.bucket.rate = 400_000
    try:
        with home.service.running():
            home.set_up()
            home.add_indexer("torznab")
            add_client(home, daemon)
            book = home.follow(author, search=False)[work.title]
            home.grab(book)
            home.service.until(
                lambda: [one["status"] for one in home.tool_queue()] == ["downloading"],
                30,
                "the download to be seen on its way",
            )
            threaded.world.bucket.rate = None
            home.wait_for(book)
            files = threaded.world.files(work)
            assert home.hashes() == hashes_of(files)
            assert home.events(book) == ["grabbed", "bookImported"]
            assert home.tool_queue() == []
            (shelved,) = home.shelved()
            assert shelved.stat().st_nlink == 2, "one copy on the disk: a hardlink"
            home.check_file(book, next(iter(files.values())))
            home.check_opds(work.title)
            seeding(daemon, files)
        assert home.service.errors() == []
        said = home.service.tail()
        assert PASSWORD not in said
        assert threaded.world.api_key not in said
    finally:
        threaded.world.bucket.rate = None


def test_audiobook_in_tracks_that_is_searched_by_itself(
    tmp_path: Path, threaded: ThreadedWorld, author: Author, daemon: Daemon
) -> None:
    work: Work = threaded.call(
        partial(
            threaded.world.add_work,
            author,
            "A Bell Without a Tower",
            1923,
            kinds=("epub", "mp3"),
            narrator="Bo Reader",
            minutes=0.5,
        )
    )
    home = home_in(tmp_path, threaded.world)
    with home.service.running():
        home.set_up()
        home.add_indexer("torznab")
        add_client(home, daemon)
        book = home.follow(author, search=True, media="audiobook")[work.title]
        home.wait_for(book)
        files = threaded.world.files(work, "mp3")
        assert len(files) > 2
        assert home.hashes() == hashes_of(files)
        assert home.events(book) == ["grabbed", "bookImported"]
        home.check_opds(work.title)
        seeding(daemon, files)
    assert home.service.errors() == []
