"""The process: how it starts, whom it refuses, and how it stops with its hands full."""

import signal
import socket
import time
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import apsw
import pytest

from bindery.demo.world import ThreadedWorld, world_in_thread
from tests.kit.process import KEY, Service

pytestmark = pytest.mark.system

BIG = 24 << 20
STOP_LIMIT_S = 10.0


def said(service: Service, name: str) -> str:
    return (service.data.parent / f"{service.data.name}.{service.starts}.{name}").read_text()


def companions(service: Service) -> list[str]:
    """What SQLite leaves beside a database that was not closed."""
    return [path.name for path in service.data.glob("bindery.db-*")]


def test_idle_service_stops_clean(tmp_path: Path) -> None:
    service = Service(tmp_path / "data")
    with service.running():
        assert service.ask("GET", "/api/v1/health").json()["ready"] is True
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert companions(service) == []
    assert service.errors() == []


def test_second_process_on_the_folder_is_refused(tmp_path: Path) -> None:
    first, second = Service(tmp_path / "data"), Service(tmp_path / "data")
    second.starts = 10  # its output goes elsewhere
    with first.running():
        code = second.start().ended(20)
        assert first.ask("GET", "/api/v1/health").status_code == 200
    assert code == 1
    assert "in use by another Bindery" in said(second, "err")


def test_database_of_a_newer_program_is_refused_and_untouched(tmp_path: Path) -> None:
    service = Service(tmp_path / "data")
    with service.running():
        pass
    path = service.data / "bindery.db"
    db = apsw.Connection(str(path))
    db.pragma("user_version", 999)
    db.close()
    before = path.read_bytes()
    assert service.start().ended(20) == 1
    assert "newer" in said(service, "err")
    assert path.read_bytes() == before


def test_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = Service(tmp_path / "data", {"BINDERY_PORT": str(port)})
        assert service.start().ended(20) == 1
    told = said(service, "err").strip().splitlines()
    assert len(told) == 1
    assert str(port) in told[0]


def test_unusable_setting_is_named_but_not_shown(tmp_path: Path) -> None:
    service = Service(tmp_path / "data", {"BINDERY_OPENLIBRARY_URL": "gopher://sesame"})
    assert service.start().ended(20) == 1
    told = said(service, "err")
    assert "BINDERY_OPENLIBRARY_URL" in told
    assert "sesame" not in told


class StalledDownload:
    """Asks for a file and never reads on. Use with `closing`."""

    def close(self) -> None:
        self.socket.close()

    def __init__(self, url: str, path: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(10)
        self.socket.connect((parts.hostname, parts.port))
        lines = [f"GET {path} HTTP/1.1", f"Host: {parts.netloc}", f"X-Api-Key: {KEY}", "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        assert b" 200 " in self.socket.recv(1024).partition(b"\r\n")[0]


class LiveSocket:
    """An open websocket, by hand: what the server says last is looked at. Use with `closing`."""

    def close(self) -> None:
        self.socket.close()

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), 10)
        lines = [
            "GET /api/v1/live HTTP/1.1",
            f"Host: {parts.netloc}",
            f"X-Api-Key: {KEY}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Protocol: bindery.live.v1",
            "",
            "",
        ]
        self.socket.sendall("\r\n".join(lines).encode())
        self.said = self.socket.recv(65536)
        assert b" 101 " in self.said.partition(b"\r\n")[0], self.said

    def close_code(self) -> int:
        """The code of the close frame, once the server ended the connection."""
        while True:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                break
            self.said += more
        at = self.said.rindex(b"\x88")
        return int.from_bytes(self.said[at + 2 : at + 4], "big")


class Household:
    """Two heavy books of one author, wanted through the API of a real service."""

    TITLES = ("The Heavy Atlas", "The Second Atlas")

    def __init__(self, folder: Path, threaded: ThreadedWorld) -> None:
        self.folder = folder
        world = threaded.world
        author = threaded.call(world.add_author, "Ada Quillfeather")
        for year, title in enumerate(self.TITLES, 1911):
            threaded.call(partial(world.add_work, author, title, year, padding=BIG))
        self.service = Service(
            folder / "data",
            {
                "BINDERY_OPENLIBRARY_URL": world.openlibrary_url,
                "BINDERY_OPENLIBRARY_COVERS_URL": world.openlibrary_url,
            },
        )
        self._author = author.id
        self._catalogue = world.opds_url

    def furnish(self) -> None:
        """Root, indexer, author; both books are wanted afterwards."""
        shelf = self.folder / "library"
        shelf.mkdir()
        ok = self.service.ok
        ok("POST", "/api/v1/rootfolder", {"path": str(shelf)})
        ok("POST", "/api/v1/indexer", {"name": "o", "type": "opds", "url": self._catalogue})
        body = {"foreignAuthorId": self._author, "monitored": True, "monitorMode": "all"}
        ok("POST", "/api/v1/author", {**body, "mediaType": "ebook"})
        self.service.until(lambda: len(self.books()) == 2, 20, "the works")

    def books(self) -> dict[str, int]:
        listed = self.service.ok("GET", "/api/v1/book")["items"]
        return {book["title"]: book["id"] for book in listed}

    def grab(self, book_id: int) -> int:
        found = self.service.ok("POST", f"/api/v1/book/{book_id}/search")["results"]
        body = {"candidateId": next(one["id"] for one in found if one["approved"])}
        return int(self.service.ok("POST", "/api/v1/queue/grab", body)["id"])

    def state(self, download_id: int) -> str:
        sql = f"SELECT state FROM download WHERE id = {download_id}"
        return str(self.service.rows(sql)[0][0])

    def shelve(self, title: str) -> int:
        """The book's id, once its file is on the shelf."""
        book = self.books()[title]
        download = self.grab(book)
        self.service.until(lambda: self.state(download) == "imported", 60, title)
        return book


def test_sigterm_with_its_hands_full_ends_in_time_and_loses_nothing(tmp_path: Path) -> None:
    """A download that nobody reads, an open websocket, an import in hand (architecture.md 11)."""
    with world_in_thread(bundled=False) as threaded, ExitStack() as held:
        house = Household(tmp_path, threaded)
        service = house.service.start()
        try:
            house.furnish()
            first = house.shelve(house.TITLES[0])
            stalled = held.enter_context(
                closing(StalledDownload(service.url, f"/api/v1/book/{first}/file"))
            )
            live = held.enter_context(closing(LiveSocket(service.url)))
            second = house.grab(house.books()[house.TITLES[1]])
            service.until(lambda: house.state(second) == "importing", 60, "an import")
            began = time.monotonic()
            assert service.stop() == 0, service.tail()
            took = time.monotonic() - began
            assert live.close_code() == 1012
            stalled.close()
            assert companions(service) == []
            # A fast disk may end the step in the grace; nothing in between is allowed to be seen.
            assert house.state(second) in {"importing", "importPending", "imported"}
            with service.running():
                service.until(lambda: house.state(second) == "imported", 60, "its end")
        finally:
            service.kill()
    assert took < STOP_LIMIT_S
    assert service.errors() == []


def test_second_signal_ends_the_process_at_once(tmp_path: Path) -> None:
    with world_in_thread(bundled=False) as threaded, ExitStack() as held:
        house = Household(tmp_path, threaded)
        service = house.service.start()
        try:
            house.furnish()
            first = house.shelve(house.TITLES[0])
            held.enter_context(closing(StalledDownload(service.url, f"/api/v1/book/{first}/file")))
            assert service.process is not None
            service.process.send_signal(signal.SIGTERM)
            service.until(
                lambda: any(e["event"] == "service.stopping" for e in service.log()), 5, "the stop"
            )
            service.process.send_signal(signal.SIGINT)
            assert service.ended(1.5) == 128 + signal.SIGINT
        finally:
            service.kill()


def test_demo_puts_the_book_on_the_shelf(tmp_path: Path) -> None:
    service = Service(tmp_path / "unused")
    service.environ = {"TMPDIR": str(tmp_path)}
    code = service.start("", "demo", "--once").ended(90)
    told = said(service, "out")
    assert code == 0, service.tail()
    assert "on the shelf" in told
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("bindery-demo-")] == []
    assert said(service, "err") == ""
