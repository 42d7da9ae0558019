"""Bad days of a real process: a clear reason, nothing lost, and the wish goes on afterwards."""

import json
import time
import zipfile
from collections.abc import Callable, Generator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from bindery.demo.shelf import Work
from bindery.demo.world import ThreadedWorld, world_in_thread
from tests.kit.household_api import home_in
from tests.kit.process import Died
from tests.kit.qbittorrent import Daemon, daemon_in
from tests.kit.wish import Via, Wish, empty, torrents

pytestmark = pytest.mark.system

MakeWish = Callable[..., Wish]


@pytest.fixture(scope="module")
def threaded() -> Generator[ThreadedWorld]:
    with world_in_thread(bundled=False) as threaded:
        yield threaded


@pytest.fixture(scope="module")
def work(threaded: ThreadedWorld) -> Work:
    def make() -> Work:
        author = threaded.world.add_author("Ada Quillfeather")
        return threaded.world.add_work(author, "The Lantern Papers", 1911)

    return threaded.call(make)


@pytest.fixture(scope="module")
def shared_daemon(tmp_path_factory: pytest.TempPathFactory) -> Generator[Daemon]:
    with daemon_in(tmp_path_factory.mktemp("qb")) as daemon:
        yield daemon


@pytest.fixture
def daemon(shared_daemon: Daemon) -> Generator[Daemon]:
    yield shared_daemon
    if not shared_daemon.alive:
        shared_daemon.restart()
    empty(shared_daemon)


@pytest.fixture
def wish(tmp_path: Path, threaded: ThreadedWorld, work: Work) -> Generator[MakeWish]:
    made: list[Wish] = []

    def make(via: Via = "direct", daemon: Daemon | None = None, **more: Any) -> Wish:
        one = Wish(
            tmp_path,
            threaded.world,
            more.pop("work", work),
            via=via,
            daemon=daemon,
            begin=more.pop("begin", "grabbed"),
            **more,
        )
        one.prepare()
        made.append(one)
        return one

    yield make
    for one in made:
        one.service.kill()
    for face in threaded.world.faces:
        face.knobs.reset()


def download(wish: Wish) -> tuple[str, str, str | None, int]:
    """(state, stage, code, attempts) of the one download."""
    rows = wish.service.rows("SELECT state, stage, code, attempts FROM download ORDER BY id DESC")
    return rows[0]


def until(wish: Wish, *expected: str | int | None, within_s: float = 30) -> None:
    """Until state, stage, code begin like this."""
    end = time.monotonic() + within_s
    while (found := download(wish)[: len(expected)]) != expected:
        assert wish.service.alive, wish.service.tail()
        assert time.monotonic() < end, f"{found} instead of {expected}\n{wish.service.tail()}"
        time.sleep(0.03)


def item(wish: Wish) -> dict[str, Any]:
    """The row of the queue as the browser sees it."""
    (found,) = wish.service.ok("GET", "/api/v1/queue")["items"]
    return found


def attention(wish: Wish) -> list[str]:
    return [one["code"] for one in wish.service.ok("GET", "/api/v1/system/attention")]


def health(wish: Wish, id_: str) -> dict[str, Any]:
    rows = wish.service.ok("GET", "/api/v1/system/health")["rows"]
    return next(row for row in rows if row["id"] == id_)


def retry(wish: Wish) -> None:
    """The button of the queue."""
    wish.service.ok("POST", f"/api/v1/queue/{item(wish)['id']}/retry-import")


def sources(wish: Wish) -> list[bytes]:
    """What the built-in client holds."""
    place = wish.service.data / "downloads"
    found = (path for path in place.rglob("*") if path.is_file())
    return [path.read_bytes() for path in found if not path.name.startswith(".bindery-")]


# -- the disk -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "error", "code"),
    [
        ("op.tmp_partial", "enospc", "disk_full"),
        ("op.tmp_synced", "eio", "io_error"),
        ("op.tmp_written", "erofs", "read_only"),
    ],
)
def test_disk_that_fails_in_the_middle(wish: MakeWish, point: str, error: str, code: str) -> None:
    one = wish(mode="copy")
    one.service.start(f"{point}={error}")
    until(one, "importFailed", "", code, 1)
    assert item(one)["error"]["code"] == code
    assert one.shelved() == []
    assert [*one.root.rglob(".bindery-tmp*")] == [], "no half file keeps a full disk full"
    assert sources(one) == [*one.payload.values()], "the source is whole"
    retry(one)
    one.carry()
    one.judge(rough=True)


def test_root_that_is_not_mounted(wish: MakeWish) -> None:
    one = wish()
    away = one.folder / "away"
    one.root.rename(away)
    one.root.mkdir()
    one.service.start()
    until(one, "importFailed", "", "root_unavailable", 1)
    assert item(one)["error"]["params"]["cause"] == "root_not_mounted"
    assert list(one.root.iterdir()) == [], "nothing is written into an empty mount point"
    assert sources(one) == [*one.payload.values()]
    one.root.rmdir()
    away.rename(one.root)
    retry(one)
    one.carry()
    one.judge(rough=True)


def test_root_that_is_gone(wish: MakeWish) -> None:
    one = wish()
    away = one.folder / "away"
    one.root.rename(away)
    one.service.start()
    until(one, "importFailed", "", "root_unavailable", 1)
    assert not one.root.exists()
    away.rename(one.root)
    retry(one)
    one.carry()
    one.judge(rough=True)


# -- the client ---------------------------------------------------------------------------------


def test_client_that_forgets_a_torrent(
    wish: MakeWish, daemon: Daemon, threaded: ThreadedWorld
) -> None:
    threaded.world.seed.knobs.gate.shut()
    one = wish("qbittorrent", daemon)
    one.service.start()
    until(one, "downloading")
    one.service.until(lambda: torrents(daemon), 10, "the torrent")
    empty(daemon)
    counted = "SELECT absent_count FROM download"
    one.service.until(lambda: one.service.rows(counted)[0][0] >= 3, 30, "three absences")
    assert download(one)[0] == "downloading", "not given up within two minutes"
    one.service.kill()
    # Two minutes go by while nobody looks.
    one.service.rows("UPDATE download SET absent_since = absent_since - 130000000")
    one.service.start()
    until(one, "failed", "", "removed_from_client")
    assert one.service.rows("SELECT live FROM download") == [(0,)]
    told = [kind for (kind,) in one.service.rows("SELECT type FROM event")]
    assert told == ["grabbed", "downloadFailed"]
    assert one.service.rows("SELECT * FROM blocklist") == [], (
        "the person's doing, not a bad release"
    )
    book = one.service.ok("GET", "/api/v1/book/1")
    assert book["status"] != "imported"
    threaded.world.seed.knobs.gate.open()
    one.grab()
    one.service.until(one.at_rest, 40, "the second try")
    assert one.service.stop() == 0
    assert len(one.shelved()) == 1
    assert len(torrents(daemon)) == 1


def test_client_that_is_away_when_it_is_needed(wish: MakeWish, daemon: Daemon) -> None:
    one = wish("qbittorrent", daemon)
    daemon.end()
    one.service.start()
    until(one, "grabbed", "send", "client_connection_failed", 0)
    row = health(one, "client:2")
    assert row["state"] == "failing"
    assert row["reason"]["code"] == "connection_failed"
    assert one.service.ok("GET", "/api/v1/queue")["partial"] is True
    daemon.restart()
    one.carry()
    assert health(one, "client:2")["state"] == "ok"
    one.service.stop()
    one.judge(rough=True)


def test_everything_here_according_to_the_client_but_not_on_the_disk(
    wish: MakeWish, daemon: Daemon
) -> None:
    one = wish("qbittorrent", daemon)
    one.service.start("gate.before_commit")
    with pytest.raises(Died):
        one.carry()
    (torrent,) = torrents(daemon)
    content = Path(torrent["content_path"])
    late = content.with_name("late")
    content.rename(late)
    one.service.start()
    until(one, "completed", "gate", "files_missing", 0)
    assert "may still be finishing" in item(one)["errorMessage"]
    late.rename(content)
    one.carry()
    one.judge()


def test_path_that_is_not_mapped(wish: MakeWish, daemon: Daemon) -> None:
    one = wish("qbittorrent", daemon, remap=f"{daemon.home}/dl:/nowhere/here")
    one.service.start()
    until(one, "completed", "gate", "path_not_mapped", 0)
    assert item(one)["error"]["params"]["path"].startswith("/nowhere/here")
    client = one.service.ok("GET", "/api/v1/downloadclient/2")
    one.service.ok("PUT", "/api/v1/downloadclient/2", {**client, "pathRemap": ""})
    one.carry()
    one.judge()


# -- the release --------------------------------------------------------------------------------


def hostile_epub() -> bytes:
    """Not a book: an archive whose package document is a bomb of entities."""
    levels = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10)
    )  # fmt: skip
    bomb = f'<!DOCTYPE p [<!ENTITY e0 "ha">{levels}]><package><metadata>&e9;</metadata></package>'
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="../../p.opf" media-type="application/oebps-package+xml"/>'
            "</rootfiles></container>",
        )
        archive.writestr("../../p.opf", bomb)
        archive.writestr("padding", bytes(80_000_000))
    return made.getvalue()


def blocked_first(wish: Wish) -> dict[str, Any]:
    """The first grab once it is blocked; the next candidate may be on its way by then."""
    end = time.monotonic() + 40
    while True:
        items = wish.service.ok("GET", "/api/v1/queue")["items"]
        first = min(items, key=lambda one: one["id"], default=None)
        if first is not None and first["status"] == "importBlocked":
            return first
        assert wish.service.alive, wish.service.tail()
        assert time.monotonic() < end, f"{first}\n{wish.service.tail()}"
        time.sleep(0.03)


def test_hostile_epub_is_refused_with_its_reason(
    wish: MakeWish, daemon: Daemon, threaded: ThreadedWorld, work: Work
) -> None:
    good = next(offer for offer in threaded.world.offers(work) if offer.kind == "epub")
    bad = replace(good, guid=f"bad{good.guid}", files={good.name: hostile_epub()})
    threaded.call(threaded.world.stock.offers.insert, 0, bad)
    try:
        one = wish("qbittorrent", daemon)
        one.service.start()
        first = blocked_first(one)
        assert first["error"]["code"] in {"corrupt", "dangerous", "not-book-content"}
        imported = "SELECT download_id FROM event WHERE type = 'bookImported'"
        assert (first["id"],) not in [tuple(row) for row in one.service.rows(imported)]
        assert "import_blocked" in attention(one)
        assert len(one.service.rows("SELECT * FROM blocklist")) == 1
        assert one.service.ok("GET", "/api/v1/health")["ready"] is True
        rows = one.service.ok("GET", "/api/v1/system/health")["rows"]
        assert all(row["restarts"] == 0 for row in rows)
    finally:
        threaded.call(threaded.world.stock.offers.remove, bad)


# -- the indexer --------------------------------------------------------------------------------


def search(wish: Wish) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer of a search and its record."""
    answer = wish.service.ok("POST", "/api/v1/book/1/search")
    return answer, wish.service.ok("GET", f"/api/v1/search/{answer['searchId']}")


def asked(threaded: ThreadedWorld) -> int:
    return len(threaded.world.opds.requests)


@pytest.mark.parametrize(("header", "seconds"), [("90", 90), ("", 3600)])
def test_indexer_that_asks_for_a_pause(
    wish: MakeWish, threaded: ThreadedWorld, header: str, seconds: int
) -> None:
    one = wish(begin="person")
    knobs = threaded.world.opds.knobs
    knobs.status, knobs.retry_after = 429, header
    one.service.start()
    answer, record = search(one)
    assert answer["results"] == []
    assert record["legs"][0]["error"]["code"] == "rate_limited"
    row = health(one, "indexer:1")
    assert row["state"] == "held"
    assert row["reason"]["code"] == "rate_limited"
    held = "SELECT (hold_until - failed_at) / 1000000 FROM indexer_state"
    assert one.service.rows(held) == [(seconds,)]
    before = asked(threaded)
    search(one)
    assert asked(threaded) == before, "a pause is kept, also for persons"
    knobs.reset()
    # A person who changes the indexer takes the pause on themselves.
    indexer = one.service.ok("GET", "/api/v1/indexer")[0]
    one.service.ok("PUT", f"/api/v1/indexer/{indexer['id']}", {"name": "Shelf again"})
    one.service.until(lambda: health(one, "indexer:1")["state"] != "held", 10, "the end of it")
    one.carry()
    one.judge()


@pytest.mark.parametrize("trouble", ["html", "garbage", "truncated"])
def test_indexer_that_talks_nonsense(wish: MakeWish, threaded: ThreadedWorld, trouble: str) -> None:
    one = wish(begin="person")
    knobs = threaded.world.opds.knobs
    match trouble:
        case "html":
            knobs.html = True
        case "garbage":
            knobs.status = 418
        case _:
            knobs.truncate_at = 100
    one.service.start()
    answer, record = search(one)
    assert answer["results"] == []
    error = record["legs"][0]["error"]
    assert error["code"]
    row = health(one, "indexer:1")
    assert row["reason"]["code"] == error["code"]
    assert row["lastError"] is None, "an expected failure crashes nobody"


def test_indexer_that_stalls_delays_nobody_else(wish: MakeWish, threaded: ThreadedWorld) -> None:
    one = wish(begin="person")
    one.service.start()
    world = threaded.world
    added = one.service.ok(
        "POST",
        "/api/v1/indexer",
        {"name": "slow", "type": "torznab", "url": world.torznab_url, "apiKey": world.api_key},
    )
    world.torznab.knobs.gate.shut()
    started = one.service.ok("POST", "/api/v1/book/1/search?stream=1")["searchId"]

    def shown() -> Any:
        record = one.service.ok("GET", f"/api/v1/search/{started}")
        return record if record["candidates"] else None

    began = time.monotonic()
    record = one.service.until(shown, 10, "the quick indexer")
    assert time.monotonic() - began < 5
    slow = next(leg for leg in record["legs"] if leg["indexerId"] == added["id"])
    assert slow["status"] not in {"done", "failed"}
    body = {"candidateId": record["candidates"][0]["id"]}
    one.service.ok("POST", "/api/v1/queue/grab", body)
    one.service.until(
        lambda: download(one)[0] == "imported", 30, "the book, while the slow one is asked"
    )


# -- the metadata provider ----------------------------------------------------------------------


def test_provider_that_is_down_during_a_sync(tmp_path: Path, threaded: ThreadedWorld) -> None:
    home = home_in(tmp_path, threaded.world)

    def furnish() -> str:
        author = threaded.world.add_author("Cleo Marsh")
        threaded.world.add_work(author, "The Tide Tables", 1950)
        return author.id

    author_id = threaded.call(furnish)
    knobs = threaded.world.openlibrary.knobs
    with home.service.running():
        home.set_up()
        knobs.status = 503
        try:
            added = home.service.ok(
                "POST",
                "/api/v1/author",
                {"foreignAuthorId": author_id, "authorName": "Cleo Marsh", "monitored": True},
            )

            def waiting() -> bool:
                sql = "SELECT state, attempts, code FROM command WHERE kind = 'author.sync'"
                return home.service.rows(sql) == [("queued", 1, "http_status")]

            home.service.until(waiting, 20, "the sync to be put off")
            shown = json.dumps(home.service.ok("GET", "/api/v1/jobs"))
            assert "http_status" in shown, shown
            assert home.books() == {}
        finally:
            knobs.reset()
        home.service.ok("POST", f"/api/v1/author/{added['id']}/refresh")
        home.service.until(lambda: home.books() != {}, 20, "the works")
    assert home.service.errors() == []
