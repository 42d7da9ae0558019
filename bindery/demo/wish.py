"""One whole wish against the demo world, through our own API: from "I want this book" to the shelf.

Each step is printed with its time. Whatever goes wrong ends the wish with a sentence.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio

from bindery.adapters.failures import OutsideError
from bindery.demo.caller import Caller, Refused
from bindery.demo.world import World

Say = Callable[[str], None]

BOOK = "The Lantern Ledger"
SHELF_S = 60.0
"""The wish is given up after this long."""
LOOK_S = 0.1
FAILED = frozenset({"failed", "importFailed", "importBlocked", "importHeld"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The admin of the demo."""

    name: str
    password: str


class Wish:
    """The steps, in order. `shelf` is the folder that becomes the root."""

    def __init__(
        self, caller: Caller, world: World, *, shelf: Path, account: Account, say: Say
    ) -> None:
        self._api = caller
        self._world = world
        self._shelf = shelf
        self._account = account
        self._say = say
        self._began = trio.current_time()

    async def perform(self) -> bool:
        """Whether the book is on the shelf in the end."""
        try:
            with trio.fail_after(SHELF_S):
                await self._furnish()
                book = await self._want()
                await self._get(book, await self._find(book))
                await self._read(book)
        except (Refused, OutsideError) as error:
            self._step(f"FAILED: {error}")
            return False
        except trio.TooSlowError:
            self._step(f"FAILED: not on the shelf after {SHELF_S:g} s")
            return False
        return True

    async def _furnish(self) -> None:
        """What a person sets up once."""
        account = self._account
        await self._api.post(
            "/auth/setup", {"username": account.name, "password": account.password}
        )
        self._step(f"account {account.name} created")
        root = await self._api.post("/rootfolder", {"path": str(self._shelf)})
        self._step(f"root folder {root['path']} added")
        catalogue = {"name": "Demo catalogue", "type": "opds", "url": self._world.opds_url}
        report = await self._api.post("/indexer/test", catalogue)
        added = await self._api.post("/indexer", catalogue)
        verdict = "answers" if report.get("ok", True) else f"says {report}"
        self._step(f"indexer {added['name']} ({added['type']}) {verdict}")
        clients = await self._api.get("/downloadclient")
        self._step(f"download client: {', '.join(client['name'] for client in clients)}")

    async def _want(self) -> dict[str, Any]:
        """The author is followed; their works arrive; one of them is the wish."""
        author = self._world.work(BOOK).author
        people = await self._api.get(f"/search/author?term={author.name.replace(' ', '+')}")
        person = next(p for p in people if p["foreignAuthorId"] == author.id)
        added = await self._api.post(
            "/author",
            {
                "foreignAuthorId": person["foreignAuthorId"],
                "authorName": person["authorName"],
                "monitored": True,
                "monitorMode": "all",
                "mediaType": "ebook",
                "searchOnAdd": False,
            },
        )
        self._step(f"author {added['authorName']} added")

        async def found() -> dict[str, Any] | None:
            listed = await self._api.get("/book?search=lantern+ledger")
            return next((row for row in listed["items"] if row["title"] == BOOK), None)

        book = await self._until(found)
        self._step(f"works synced; wanted: {book['title']} ({book['status']})")
        return book

    async def _find(self, book: dict[str, Any]) -> dict[str, Any]:
        """Every candidate is judged; the best acceptable one is chosen."""
        started = await self._api.post(f"/book/{book['id']}/search?stream=1")

        async def done() -> dict[str, Any] | None:
            record = await self._api.get(f"/search/{started['searchId']}")
            return record if record["doneAt"] else None

        record = await self._until(done)
        candidates = record["candidates"]
        self._step(f"searched {len(record['legs'])} indexer(s): {len(candidates)} judged")
        for one in sorted(candidates, key=lambda row: -row["score"])[:5]:
            why = one["rejection"] or f"score {one['score']:g}"
            self._say(f"            {one['verdict']:<10} {one['title']} ({why})")
        fit = [one for one in candidates if one["approved"]]
        if not fit:
            raise Refused("no release was acceptable")
        return max(fit, key=lambda one: one["score"])

    async def _get(self, book: dict[str, Any], release: dict[str, Any]) -> None:
        """Grabbed, downloaded, verified, placed: the queue tells each state once."""
        grabbed = await self._api.post("/queue/grab", {"candidateId": release["candidateId"]})
        self._step(f"grabbed: {grabbed['title']}")
        seen: list[str] = []

        async def shelved() -> dict[str, Any] | None:
            listed = await self._api.get("/queue")
            row = next((one for one in listed["items"] if one["id"] == grabbed["id"]), None)
            if row is not None and row["status"] not in seen:
                seen.append(row["status"])
                if row["status"] not in FAILED | {"imported"}:
                    self._step(f"queue: {row['status']}")
            if row is not None and row["status"] in FAILED:
                raise Refused(f"the download is {row['status']}: {row['errorMessage']}")
            now = await self._api.get(f"/book/{book['id']}")
            return now if now["status"] == "imported" else None

        now = await self._until(shelved)
        self._step(f"on the shelf: {now['filePath']}")

    async def _read(self, book: dict[str, Any]) -> None:
        """The other faces show the same book, and the file is what the indexer offered."""
        served = hashlib.sha256(await self._api.file(f"/book/{book['id']}/file")).digest()
        files = self._world.files(self._world.work(BOOK)).values()
        if served not in {hashlib.sha256(content).digest() for content in files}:
            raise Refused("the file on the shelf is not the one that was offered")
        self._step("the file is served, byte for byte")
        if BOOK not in await self._api.feed("/opds/recent"):
            raise Refused("the OPDS catalogue does not show the book")
        self._step("OPDS shows it")
        records = (await self._api.tool("/api/queue"))["records"]
        self._step(f"/api/queue answers ({len(records)} record(s))")
        happened = await self._api.get(f"/history?bookId={book['id']}")
        types = [row["eventType"] for row in reversed(happened["items"])]
        self._step(f"history: {', '.join(types)}")

    async def _until(self, look: Callable[[], Awaitable[dict[str, Any] | None]]) -> dict[str, Any]:
        while (found := await look()) is None:  # noqa: ASYNC110 - another process would poll too
            await trio.sleep(LOOK_S)
        return found

    def _step(self, text: str) -> None:
        self._say(f"{trio.current_time() - self._began:8.2f} s  {text}")
