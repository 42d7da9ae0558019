"""What Bindery costs while nothing happens: 4 clients, 10 indexers, 1 browser, 100k books."""

import trio

from bench.figures import Figure
from bench.live import Watch
from bench.outside import open_outside
from bench.process import prepared, service
from bench.rows import add_clients, add_downloads, add_indexers

BOOKS, CLIENTS, INDEXERS = 100_000, 4, 10
SETTLE_S, SECONDS = 15, 60
TOPICS = ("queue", "jobs", "activity", "attention", "health", "session")
"""What the shell of the browser app subscribes to."""


async def run() -> list[Figure]:
    """The figures of the table's row."""
    async with open_outside() as outside:
        with prepared(BOOKS) as folder:
            add_clients(folder, CLIENTS, outside.client_port)
            add_indexers(folder, INDEXERS, outside.indexer.url)
            add_downloads(folder, 20)
            async with service(folder) as running, trio.open_nursery() as nursery:
                await nursery.start(Watch().follow, 0, running, TOPICS)
                await trio.sleep(SETTLE_S)
                asked = outside.lists
                cost = await running.cpu_share(SECONDS)
                polls = (outside.lists - asked) / CLIENTS
                used = running.usage()
                nursery.cancel_scope.cancel(reason="measured")
    return [
        Figure("idle", "CPU", cost, "%", 1),
        Figure("idle", "RSS", used.rss / 1e6, "MB", 120),
        Figure("idle", "processes", used.processes, "", 1),
        Figure("idle", "polls per client and minute", polls * 60 / SECONDS, ""),
    ]
