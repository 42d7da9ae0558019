"""An interactive search with one indexer stalled: when is the first release judged?"""

import time
from pathlib import Path

import msgspec
import trio

from bench.figures import Figure, percentile
from bench.process import Running, prepared, service
from bench.rows import add_book, opened
from bindery.demo.knobs import Bucket
from bindery.demo.world import World, open_world
from bindery.store.connection import execute

FAST_S, SLOW_S = 0.2, 1.5
GIVEN = ("Astrid", "Bernt", "Cecilia", "Dagny", "Edvin")
TITLES = ("Harbour", "Orchard", "Glacier", "Foundry", "Meadow")


class Noted(Bucket):
    """Notes when a body is about to leave."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[float] = []

    async def take(self, count: int) -> None:
        """No limit."""
        self.at.append(time.perf_counter())
        await super().take(count)


async def run() -> list[Figure]:
    """The figures of the table's row."""
    waits: list[float] = []
    clicks: list[float] = []
    async with open_world(bundled=False) as world:
        works = [
            world.add_work(world.add_author(f"{given} Lindqvist"), f"The {title} Almanac", 1950)
            for given, title in zip(GIVEN, TITLES, strict=True)
        ]
        with prepared(10_000) as folder:
            # One book per search: what an indexer just answered is remembered for a while.
            books = [
                add_book(folder, work.title, work.author.name, str(work.year))[0] for work in works
            ]
            _configure(folder, world)
            async with service(folder) as running:
                await trio.sleep(1)
                noted = world.torznab.knobs.bucket = Noted()
                world.torznab.knobs.latency_s = FAST_S
                world.opds.knobs.latency_s = SLOW_S
                world.newznab.knobs.gate.shut()
                for book in books:
                    noted.at.clear()
                    clicked = time.perf_counter()
                    judged = await first_verdict(running, book)
                    clicks.append(judged - clicked)
                    waits.append((judged - noted.at[-1]) * 1_000)
                world.newznab.knobs.gate.open()
    return [
        Figure("search", "fastest answer to first verdict, median", percentile(waits, 0.5), "ms"),
        Figure("search", "fastest answer to first verdict, worst", max(waits), "ms", 300),
        Figure("search", "one alone: from the click, indexer takes 0.2 s", clicks[0], "s"),
        Figure("search", "fifth in a row: from the click", clicks[-1], "s"),
    ]


def _configure(folder: Path, world: World) -> None:
    rows = (
        ("torznab", world.torznab_url),
        ("newznab", world.newznab_url),
        ("opds", world.opds_url),
    )
    with opened(folder) as db:
        for kind, url in rows:
            execute(
                db,
                "INSERT INTO indexer (name, type, url, api_key, created_at, updated_at)"
                " VALUES (:kind, :kind, :url, :key, 0, 0)",
                {"kind": kind, "url": url, "key": world.api_key},
            )


async def first_verdict(running: Running, book: int) -> float:
    """Start a search and listen to it until the first judged release: the time of that."""
    async with running.caller() as caller:
        reply = await caller.ask("POST", f"/api/v1/book/{book}/search?stream=1")
        if reply.status != 202:
            raise RuntimeError(f"the search was not taken: {reply.status}")
        topic = f"search:{reply.json()['searchId']}"
        with trio.fail_after(30):
            async with running.socket([topic], number=book) as ws:
                while True:
                    frame = msgspec.json.decode(await ws.get_message())
                    if "release.judged" in str(frame):
                        return time.perf_counter()
