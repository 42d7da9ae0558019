"""From the start of the process to its first answers, with much left over from the last run."""

import time

from bench.figures import Figure
from bench.outside import open_outside
from bench.process import prepared, service
from bench.rows import add_clients, add_commands, add_downloads, add_indexers

BOOKS, COMMANDS, DOWNLOADS, RUNS = 100_000, 5_000, 500, 3


async def run() -> list[Figure]:
    """The figures of the table's row: the slowest of some starts counts."""
    first: list[float] = []
    pages: list[float] = []
    costs: list[float] = []
    async with open_outside() as outside:
        with prepared(BOOKS) as folder:
            (client,) = add_clients(folder, 1, outside.client_port)
            add_indexers(folder, 2, outside.indexer.url)
            ids = add_downloads(folder, DOWNLOADS, state="downloading", client_id=client)
            add_commands(folder, COMMANDS)
            outside.torrents = [torrent(number) for number in ids]
            for _ in range(RUNS):
                async with service(folder) as running, running.caller() as caller:
                    first.append(running.started_s)
                    costs.append(running.usage().cpu_s)
                    began = time.perf_counter()
                    queue = await caller.get("/api/v1/queue")
                    if queue.status != 200 or len(queue.json()["items"]) != DOWNLOADS:
                        raise RuntimeError(f"the queue answered {queue.status}")
                    pages.append((time.perf_counter() - began) * 1_000)
    return [
        Figure("start", "first answer, slowest of three", max(first), "s", 2),
        Figure("start", "first answer, best of three", min(first), "s"),
        Figure("start", "CPU until then", max(costs), "s"),
        Figure("start", "then the queue of 500", max(pages), "ms"),
    ]


def torrent(number: int) -> dict[str, object]:
    """A torrent in the middle of its download, as qBittorrent tells it."""
    return {
        "hash": f"{number:040x}",
        "infohash_v1": f"{number:040x}",
        "name": f"release-{number}",
        "state": "downloading",
        "progress": 0.5,
        "size": 1_000,
        "amount_left": 500,
        "category": "books",
        "save_path": "/downloads",
        "dlspeed": 1_000,
        "eta": 3_600,
    }
