"""Book lists over HTTP while a scan of 10k files or a bulk write runs."""

import random
import time
from pathlib import Path
from typing import Any

import trio

from bench.figures import Figure, percentile
from bench.process import Caller, Running, prepared, service

FILES, SECONDS, VIEWERS, PAUSE_S = 10_000, 12.0, 3, 0.1
PAGES = tuple(
    f"/api/v1/book?limit=50{more}"
    for more in ("", "&sort=author-az", "&sort=date-new", "&status=wanted", "&status=imported")
)


async def run() -> list[Figure]:
    """The figures of the table's row, and the same lists at rest."""
    with prepared(10_000) as folder:
        tree = make_files(folder / "tree")
        async with service(folder, tapped=True) as running:
            figures: list[Figure] = []
            for name, order in (
                ("at rest", None),
                ("during a scan", {"do": "scan", "folder": str(tree), "seconds": SECONDS}),
                ("during a bulk write", {"do": "bulk", "seconds": SECONDS}),
            ):
                figures += await during(running, name, order)
    return figures


def make_files(top: Path) -> Path:
    """10k small files in a hundred folders."""
    for n in range(FILES):
        folder = top / f"author-{n % 100}"
        if n < 100:
            folder.mkdir(parents=True)
        (folder / f"book-{n}.epub").write_bytes(b"x")
    return top


async def during(running: Running, name: str, order: dict[str, Any] | None) -> list[Figure]:
    """Lists by a few viewers for some seconds while the order is carried out."""
    times: list[float] = []
    done = 0
    await running.order("reset", cpu=True)
    async with trio.open_nursery() as nursery:
        for _ in range(VIEWERS):
            nursery.start_soon(view, running, times)
        if order is None:
            await trio.sleep(SECONDS)
        else:
            done = await running.order(**order)
        nursery.cancel_scope.cancel(reason="measured")
    meters = await running.order("meters")
    if meters["longest_cpu_ms"] > 10:
        print(f"\n  {name}: {meters['cpu_task']}, longest stall in:\n{meters['stack']}")
    work = [Figure("lists under load", f"{name}, done", done / SECONDS, "/s")] if order else []
    return [
        Figure("lists under load", f"{name}, p50", percentile(times, 0.5), "ms"),
        Figure("lists under load", f"{name}, p99", percentile(times, 0.99), "ms", 20),
        Figure("lists under load", f"{name}, longest stall", meters["longest_ms"], "ms", 10),
        Figure(
            "lists under load", f"{name}, longest stall, own CPU", meters["longest_cpu_ms"], "ms"
        ),
        *work,
    ]


async def view(running: Running, times: list[float]) -> None:
    """Ask for one page after the other; the server ends a connection after 1,000 requests."""
    while True:
        async with running.caller() as caller:
            for _ in range(900):
                times.append(await page(caller))
                await trio.sleep(PAUSE_S * random.random())


async def page(caller: Caller) -> float:
    """One list; milliseconds. Raises RuntimeError when it is not answered with 200."""
    path = random.choice(PAGES)
    began = time.perf_counter()
    reply = await caller.get(path)
    if reply.status != 200:
        raise RuntimeError(f"{path} answered {reply.status}")
    return (time.perf_counter() - began) * 1_000
