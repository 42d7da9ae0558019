"""From a change to 50 browsers: latency, renderings, cost (ui.md 7.6; architecture.md 6)."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import trio

from bench.figures import Figure, percentile
from bench.process import Running, prepared, service, share
from bench.rows import add_downloads

SOCKETS = 50
ISOLATED = 30
DOWNLOADS = 20
PER_S = 20
SECONDS = 15


class Watch:
    """When each socket saw each value of each download."""

    def __init__(self) -> None:
        self.seen: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
        self.frames = 0
        self.rows = 0
        self.arrived = trio.Event()

    async def follow(
        self,
        number: int,
        running: Running,
        topics: Sequence[str] = ("queue",),
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Hold one socket open and read it until cancelled; started once it has subscribed."""
        async with running.socket(topics, number) as ws:
            task_status.started()
            while True:
                message = await ws.get_message()
                now = time.perf_counter()
                self.take(number, msgspec.json.decode(message), now)

    def take(self, number: int, frame: dict[str, Any], now: float) -> None:
        """One frame of the server."""
        self.frames += 1
        if frame["t"] == "snap":
            self.arrived.set()
        told = (*frame.get("put", ()), *frame.get("patch", ())) if frame["t"] == "delta" else ()
        for row in told:
            self.rows += 1
            self.seen[number].append((row["id"], row.get("size") or 0, now))
            self.arrived.set()

    def latencies(self, made: Iterable[tuple[int, int, float]]) -> list[float]:
        """Milliseconds from each change to each socket. A later value of the row also tells it.

        Raises RuntimeError when a socket never learned of a change.
        """
        found: list[float] = []
        changes = list(made)
        for number in range(SOCKETS):
            for download, value, began in changes:
                times = [t for d, v, t in self.seen[number] if d == download and v >= value]
                if not times:
                    raise RuntimeError(f"socket {number} never saw {download} at {value}")
                found.append((times[0] - began) * 1_000)
        return found


async def run() -> list[Figure]:
    """The figures of the table's row."""
    with prepared(10_000) as folder:
        ids = add_downloads(folder, DOWNLOADS)
        async with service(folder, tapped=True) as running, trio.open_nursery() as nursery:
            watch = Watch()
            for number in range(SOCKETS):
                await nursery.start(watch.follow, number, running)
            await trio.sleep(1)
            figures = [*await isolated(running, watch, ids), *await busy(running, watch, ids)]
            nursery.cancel_scope.cancel(reason="measured")
    return figures


async def isolated(running: Running, watch: Watch, ids: list[int]) -> list[Figure]:
    """One change at a time, with rest between."""
    await running.order("reset")
    made: list[tuple[int, int, float]] = []
    for n in range(ISOLATED):
        began = await running.order("touch", download=ids[n % len(ids)], value=1_000 + n)
        made.append((ids[n % len(ids)], 1_000 + n, began))
        await trio.sleep(0.5)
    times = watch.latencies(made)
    rendered = (await running.order("meters"))["renders"].get("queue", 0)
    return [
        Figure("live", "isolated event, p50", percentile(times, 0.5), "ms"),
        Figure("live", "isolated event, p95", percentile(times, 0.95), "ms", 50),
        Figure("live", "renderings per event, 50 sockets", rendered / ISOLATED, "", 1),
    ]


async def busy(running: Running, watch: Watch, ids: list[int]) -> list[Figure]:
    """A steady stream of changes."""
    await running.order("reset")
    frames, before = watch.frames, running.usage()
    made = await running.order("churn", downloads=ids, per_s=PER_S, seconds=SECONDS, first=10_000)
    cost = share(before, running.usage())
    await trio.sleep(1)
    times = watch.latencies(made)
    meters = await running.order("meters")
    return [
        Figure("live", "20 changes/s, p50", percentile(times, 0.5), "ms"),
        Figure("live", "20 changes/s, p95", percentile(times, 0.95), "ms", 300),
        Figure("live", "20 changes/s, CPU", cost, "%", 5),
        Figure("live", "20 changes/s, renderings/s", meters["renders"]["queue"] / SECONDS, "/s"),
        Figure("live", "20 changes/s, frames/s", (watch.frames - frames) / SECONDS, "/s"),
        Figure("live", "20 changes/s, longest stall", meters["longest_ms"], "ms", 10),
    ]
