"""Minutes of lists and live updates: does memory stay flat, does a task stay behind?"""

import time

import trio

from bench.figures import Figure
from bench.live import PER_S, Watch
from bench.load import view
from bench.process import Running, prepared, service
from bench.rows import add_downloads

SOCKETS, VIEWERS, CHANGES_S = 10, 2, 10


async def run(minutes: float = 1.0) -> list[Figure]:
    """The figures of the table's row."""
    with prepared(10_000) as folder:
        ids = add_downloads(folder, 20)
        async with service(folder, tapped=True) as running:
            await trio.sleep(2)
            tasks = (await running.order("meters"))["tasks"]
            samples: list[int] = []
            async with trio.open_nursery() as nursery:
                for number in range(SOCKETS):
                    await nursery.start(Watch().follow, number, running)
                for _ in range(VIEWERS):
                    nursery.start_soon(view, running, list[float]())
                nursery.start_soon(sample, running, samples)
                until, first = time.perf_counter() + minutes * 60, 1
                while time.perf_counter() < until:
                    await running.order(
                        "churn", downloads=ids, per_s=PER_S, seconds=CHANGES_S, first=first
                    )
                    first += PER_S * CHANGES_S
                nursery.cancel_scope.cancel(reason="measured")
            await trio.sleep(3)
            left = (await running.order("meters"))["tasks"] - tasks
    quarter = len(samples) // 4
    early = sum(samples[quarter : 2 * quarter]) / quarter
    late = sum(samples[-quarter:]) / quarter
    return [
        Figure("soak", "length", minutes, "min"),
        Figure("soak", "RSS, second quarter", early / 1e6, "MB"),
        Figure("soak", "RSS growth to the last quarter", 100 * (late / early - 1), "%", 3),
        Figure("soak", "RSS at most", max(samples) / 1e6, "MB"),
        Figure("soak", "tasks left over", left, "", 0),
    ]


async def sample(running: Running, samples: list[int]) -> None:
    """Note the memory once a second."""
    while True:
        samples.append(running.usage().rss)
        await trio.sleep(1)
