"""A real Bindery as a browser meets it: a fixed port, an account, a furnished house."""

import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bindery.demo.world import World
from tests.kit.process import Service

NAME, PASSWORD = "keeper", "correct horse battery"


def free_port() -> int:
    """A port that nothing listened on a moment ago; a restart comes back on it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class House(Service):
    """A service whose address outlives a restart."""

    def __init__(self, folder: Path, world: World) -> None:
        port = free_port()
        super().__init__(
            folder,
            {
                "BINDERY_PORT": str(port),
                "BINDERY_OPENLIBRARY_URL": world.openlibrary_url,
                "BINDERY_OPENLIBRARY_COVERS_URL": world.openlibrary_url,
                "BINDERY_DOWNLOAD_ALLOW_LOOPBACK": "1",
            },
        )
        self.address = f"http://127.0.0.1:{port}"
        self.world = world

    def restart(self) -> None:
        """Another run on the same folder and port."""
        assert self.stop() == 0, self.tail()
        self.start()
        assert self.url == self.address

    def first_run(self) -> None:
        """The first account, as the setup page makes it."""
        self.ok("POST", "/api/v1/auth/setup", {"username": NAME, "password": PASSWORD})

    def furnish(self) -> None:
        """A root folder and the indexers of the world."""
        shelf = self.data.parent / f"{self.data.name}-books"
        shelf.mkdir(exist_ok=True)
        self.ok("POST", "/api/v1/rootfolder", {"path": str(shelf)})
        opds = {"name": "Free Shelf", "type": "opds", "url": self.world.opds_url}
        self.ok("POST", "/api/v1/indexer", opds)
        torznab = {
            "name": "Harbour Index",
            "type": "torznab",
            "url": self.world.torznab_url,
            "apiKey": self.world.api_key,
        }
        self.ok("POST", "/api/v1/indexer", torznab)

    def follow(self, name: str, **more: object) -> int:
        """Add an author by name and wait for the works; the author's id."""
        hits = self.ok("GET", "/api/v1/search/author", params={"term": name})
        hit = next(found for found in hits if found["authorName"] == name)
        body = {
            "foreignAuthorId": hit["foreignAuthorId"],
            "authorName": name,
            "monitored": True,
            "monitorMode": "all",
            "mediaType": "ebook",
            "searchOnAdd": False,
            **more,
        }
        author = int(self.ok("POST", "/api/v1/author", body)["id"])
        self.until(
            lambda: (
                self.ok("GET", f"/api/v1/author/{author}")["sync"] is None and self.books(author)
            ),
            20,
            f"the works of {name}",
        )
        return author

    def books(self, author: int) -> list[dict[str, Any]]:
        """The author's books."""
        return self.ok("GET", "/api/v1/book", params={"authorId": author, "limit": 100})["items"]

    def book(self, title: str) -> dict[str, Any]:
        """The book with this title."""
        found = self.ok("GET", "/api/v1/book", params={"search": title, "limit": 100})["items"]
        return next(book for book in found if book["title"] == title)

    def grab(self, title: str) -> None:
        """Search and grab the best release."""
        book = self.book(title)["id"]
        found = self.ok("POST", f"/api/v1/book/{book}/search")["results"]
        best = next(release for release in found if release["verdict"] == "grab")
        order = {
            "candidateId": best["candidateId"],
            "guid": best["guid"],
            "title": best["title"],
            "bookId": book,
            "indexerId": best["indexerId"],
        }
        self.ok("POST", "/api/v1/queue/grab", order)

    def get(self, title: str) -> None:
        """As `grab`, and wait for the shelf."""
        self.grab(title)
        self.until(lambda: self.book(title)["status"] == "imported", 30, f"{title} on the shelf")


@contextmanager
def open_house(folder: Path, world: World) -> Generator[House]:
    """A running service after its first run, stopped in order at the end."""
    house = House(folder, world)
    try:
        with house.running():
            yield house
    finally:
        house._http.close()
