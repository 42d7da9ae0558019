"""A household that is set up and used through the REST API alone, as a person's browser would."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx

from bindery.demo.shelf import Author
from bindery.demo.world import World
from tests.kit.process import KEY, Service

PASSWORD = "canary-admin-passw0rd"
WITHIN_S = 60.0


@dataclass
class Home:
    """One service, its folder, and the world around it."""

    folder: Path
    world: World
    service: Service

    @property
    def root(self) -> Path:
        return self.folder / "library"

    def set_up(self) -> None:
        """First admin and root folder."""
        body = {"username": "admin", "password": PASSWORD}
        self.service.ok("POST", "/api/v1/auth/setup", body)
        self.root.mkdir()
        made = self.service.ok("POST", "/api/v1/rootfolder", {"path": str(self.root)})
        assert made["path"] == str(self.root)

    def add_indexer(self, kind: str) -> None:
        """Tested first, then added."""
        world = self.world
        urls = {"opds": world.opds_url, "torznab": world.torznab_url, "newznab": world.newznab_url}
        url = urls[kind]
        key = "" if kind == "opds" else world.api_key
        body = {"name": kind, "type": kind, "url": url, "apiKey": key}
        self.service.ok("POST", "/api/v1/indexer/test", body)
        self.service.ok("POST", "/api/v1/indexer", body)

    def follow(self, author: Author, *, search: bool, media: str = "ebook") -> dict[str, int]:
        """Add the author, wait for the works: title -> book id."""
        hits = self.service.ok("GET", "/api/v1/search/author", params={"term": author.name})
        hit = next(one for one in hits if one["foreignAuthorId"] == author.id)
        body = {
            "foreignAuthorId": hit["foreignAuthorId"],
            "authorName": hit["authorName"],
            "monitored": True,
            "monitorMode": "all",
            "mediaType": media,
            "searchOnAdd": search,
        }
        self.service.ok("POST", "/api/v1/author", body)
        wanted = sum(work.author == author for work in self.world.works)
        self.service.until(lambda: len(self.books()) == wanted, WITHIN_S, "the works")
        return self.books()

    def books(self) -> dict[str, int]:
        listed = self.service.ok("GET", "/api/v1/book")["items"]
        return {book["title"]: book["id"] for book in listed}

    def search(self, book_id: int) -> list[dict[str, Any]]:
        """Every judged release."""
        found = self.service.ok("POST", f"/api/v1/book/{book_id}/search")["results"]
        return cast("list[dict[str, Any]]", found)

    def grab(self, book_id: int) -> int:
        """Search and take the best; the download's id."""
        best = next(one for one in self.search(book_id) if one["approved"])
        body = {"candidateId": best["candidateId"], "bookId": book_id}
        return int(self.service.ok("POST", "/api/v1/queue/grab", body)["id"])

    def queue(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.service.ok("GET", "/api/v1/queue")["items"])

    def tool_queue(self) -> list[dict[str, Any]]:
        """What *arr tools see."""
        return cast("list[dict[str, Any]]", self.service.ok("GET", "/api/queue")["records"])

    def wait_for(self, book_id: int, status: str = "imported") -> None:
        """Until the book has this status and nothing of its download is left to do."""

        def there() -> bool:
            shown = self.service.ok("GET", f"/api/v1/book/{book_id}")["status"] == status
            return shown and all(item["stage"] == "" for item in self.queue())

        self.service.until(there, WITHIN_S, f"book {book_id} to be {status}")

    def events(self, book_id: int) -> list[str]:
        listed = self.service.ok("GET", "/api/v1/history", params={"bookId": book_id})["items"]
        return [one["eventType"] for one in reversed(listed)]

    def shelved(self) -> list[Path]:
        """Everything in the root but our own marks."""
        found = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(
            path
            for path in found
            if not path.relative_to(self.root).parts[0].startswith(".bindery-")
        )

    def check_file(self, book_id: int, content: bytes) -> None:
        """The whole file and parts of it, as a reader asks for them."""
        path, size = f"/api/v1/book/{book_id}/file", len(content)
        whole = self.service.ask("GET", path)
        assert (whole.status_code, whole.content) == (200, content)
        assert whole.headers["accept-ranges"] == "bytes"
        part = self.service.ask("GET", path, headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, content[100:200])
        assert part.headers["content-range"] == f"bytes 100-199/{size}"
        tail = self.service.ask("GET", path, headers={"Range": "bytes=-50"})
        assert (tail.status_code, tail.content) == (206, content[-50:])
        beyond = self.service.ask("GET", path, headers={"Range": f"bytes={size}-"})
        assert beyond.status_code == 416

    def check_opds(self, title: str) -> None:
        """A reader that signs in with Basic finds the book and fetches it."""
        url = self.service.url
        with httpx.Client(trust_env=False, base_url=url, auth=("reader", KEY)) as reader:
            feed = reader.get("/opds/recent")
            assert feed.status_code == 200
            assert "atom+xml" in feed.headers["content-type"]
            assert title in feed.text
        assert httpx.get(f"{url}/opds/recent", trust_env=False).status_code == 401

    def hashes(self) -> list[str]:
        return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in self.shelved())


def home_in(folder: Path, world: World) -> Home:
    """A household whose service knows nobody but the world."""
    environ = {
        "BINDERY_OPENLIBRARY_URL": world.openlibrary_url,
        "BINDERY_OPENLIBRARY_COVERS_URL": world.openlibrary_url,
    }
    return Home(folder, world, Service(folder / "data", environ))


def hashes_of(files: dict[str, bytes]) -> list[str]:
    """Of what an indexer offers."""
    return sorted(hashlib.sha256(data).hexdigest() for data in files.values())
