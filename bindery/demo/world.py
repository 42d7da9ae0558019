"""The demo world: every server on loopback, opened and closed together.

async with open_world() as world:          # in trio code
    world.torznab_url, world.api_key ...

with world_in_thread() as threaded:  # in synchronous tests
    threaded.world.opds.knobs.status = 503
    threaded.call(threaded.world.add_author, "Someone Else")
"""

import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import trio

from bindery.demo.indexer import API_KEY, IndexerSite
from bindery.demo.knobs import Bucket, Gate, Knobs
from bindery.demo.opds import OpdsSite
from bindery.demo.openlibrary import OpenLibrarySite
from bindery.demo.seeder import dial
from bindery.demo.seeds import SeedSite
from bindery.demo.shelf import Author, Kind, Work
from bindery.demo.stock import Offer, Stock
from bindery.demo.torrent import Torrent
from bindery.demo.web import Face
from bindery.runtime.threads import Threads, in_thread

T = TypeVar("T")

FIRST_ADDED = 9_990_000


class World:
    """The servers, what they offer, and the knobs of each."""

    api_key = API_KEY

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._number = FIRST_ADDED
        self.stock = Stock()
        self.bucket = Bucket()
        """One rate for everything that carries book files: web seed, OPDS files, the seeder."""
        self.seeder_gate = Gate()
        torznab, newznab = Knobs(Gate()), Knobs(Gate())
        opds = Knobs(Gate(), bucket=self.bucket)
        library = Knobs(Gate())
        self._torznab_site = IndexerSite("torznab", self.stock, torznab)
        self._newznab_site = IndexerSite("newznab", self.stock, newznab)
        self.opds_site = OpdsSite(self.stock)
        library_site = OpenLibrarySite(self.stock)
        self.torznab = Face("torznab", self._torznab_site.respond, torznab)
        self.newznab = Face("newznab", self._newznab_site.respond, newznab)
        self.opds = Face("opds", self.opds_site.respond, opds)
        self.openlibrary = Face("openlibrary", library_site.respond, library)
        self.seed = Face("seed", SeedSite(self.stock).respond, Knobs(Gate(), bucket=self.bucket))

    async def start(self) -> None:
        """Bind every face; called once."""
        for face in self.faces:
            await self._nursery.start(face.serve)
        for site, face in ((self._torznab_site, self.torznab), (self._newznab_site, self.newznab)):
            site.url = face.url
            site.seed_url = self.seed.url

    @property
    def faces(self) -> tuple[Face, ...]:
        return (self.torznab, self.newznab, self.opds, self.openlibrary, self.seed)

    @property
    def torznab_url(self) -> str:
        """What is configured as a Torznab indexer."""
        return f"{self.torznab.url}/torznab/api"

    @property
    def newznab_url(self) -> str:
        """What is configured as a Newznab indexer (`/api` is added by the rules)."""
        return self.newznab.url

    @property
    def opds_url(self) -> str:
        """The root feed of the catalogue."""
        return f"{self.opds.url}/opds"

    @property
    def openlibrary_url(self) -> str:
        """Base of the metadata provider; covers are served under the same."""
        return self.openlibrary.url

    @property
    def authors(self) -> tuple[Author, ...]:
        return tuple(self.stock.authors)

    @property
    def works(self) -> tuple[Work, ...]:
        return tuple(self.stock.works)

    def work(self, title: str) -> Work:
        """The work with this title. Raises StopIteration when there is none."""
        return next(work for work in self.stock.works if work.title == title)

    def files(self, work: Work, kind: Kind = "epub") -> dict[str, bytes]:
        """File name -> content, as every way of downloading brings it."""
        return self.stock.files[work.number, kind]

    def add_author(self, name: str, **more: Any) -> Author:
        """A new person, at once on the metadata face. `more`: fields of `Author`."""
        self._number += 1
        author = Author(self._number, name, **more)
        self.stock.authors.append(author)
        return author

    def add_work(
        self, author: Author, title: str, year: int = 2000, *, offered: bool = True, **more: Any
    ) -> Work:
        """A new work, at once on every face. `more`: fields of `Work`, such as `kinds`."""
        self._number += 1
        work = Work(self._number, author, title, year, **more)
        self.stock.add(work, offered=offered)
        return work

    def add_offer(self, offer: Offer) -> None:
        """One more release, whatever it claims to be."""
        self.stock.offers.append(offer)

    def offers(self, work: Work, transport: str = "torrent") -> list[Offer]:
        """The releases of a work, decoys included."""
        return [o for o in self.stock.offers if o.work == work and o.transport == transport]

    def torrent(self, offer: Offer) -> Torrent:
        """The torrent that the Torznab face serves for this offer."""
        return offer.torrent(self.seed.url)

    def seed_to(self, port: int, offer: Offer) -> trio.CancelScope:
        """Dial the BitTorrent client on 127.0.0.1:`port` until the scope is cancelled."""
        scope = trio.CancelScope()

        async def seeding() -> None:
            with scope:
                await dial(self.torrent(offer), port, self.bucket, self.seeder_gate)

        self._nursery.start_soon(seeding)
        return scope


@asynccontextmanager
async def open_world(*, bundled: bool = True) -> AsyncGenerator[World]:
    """Start every server; `bundled=False` starts with empty shelves."""
    async with trio.open_nursery() as nursery:
        world = World(nursery)
        if bundled:  # covers and archives are drawn: not on the loop
            await in_thread(Threads().cpu, world.stock.fill)
        await world.start()
        try:
            yield world
        finally:
            nursery.cancel_scope.cancel(reason="the demo world closes")


class ThreadedWorld:
    """A world whose loop runs in a thread of its own. Knobs may be set from here as they are."""

    def __init__(self, world: World, token: trio.lowlevel.TrioToken) -> None:
        self.world = world
        self._token = token

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function on the world's loop: adding works, seeding."""
        return trio.from_thread.run_sync(function, *arguments, trio_token=self._token)


@contextmanager
def world_in_thread(*, bundled: bool = True) -> Generator[ThreadedWorld]:
    """The world for synchronous code."""
    started = threading.Event()
    found: list[ThreadedWorld] = []
    stop: list[trio.Event] = []

    async def run() -> None:
        async with open_world(bundled=bundled) as world:
            stop.append(trio.Event())
            found.append(ThreadedWorld(world, trio.lowlevel.current_trio_token()))
            started.set()
            await stop[0].wait()

    def main() -> None:
        try:
            trio.run(run)
        finally:
            started.set()

    thread = threading.Thread(target=main, name="demo-world", daemon=True)
    thread.start()
    started.wait()
    if not found:
        raise RuntimeError("the demo world did not start")
    try:
        yield found[0]
    finally:
        found[0].call(stop[0].set)
        thread.join()
