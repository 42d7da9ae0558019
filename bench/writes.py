"""Durable writes against the targets of the first milestone.

    python -m bench writes

One-row units >= 20,000/s from 200 writers; grab units >= 4,000/s; one alone p99 at most twice the
disk's own fdatasync p99 plus 1 ms.
"""

import itertools
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import trio

from bench.books_db import database
from bench.figures import Figure
from bindery.domain.principal import SYSTEM
from bindery.store import NewEvent, Store, Tx, open_store
from bindery.store.marks import download_changed_in

_numbers = itertools.count(1)
_grabs = itertools.count(1)


def one_row(tx: Tx) -> None:
    tx.run("UPDATE library SET name = :name WHERE id = 1", {"name": str(next(_numbers))})


def grab(tx: Tx) -> None:
    """Download, slot, event, command and what they do to the book's caches."""
    n = next(_grabs)
    slot = 2 * n  # every slot once: it can have one live download
    download = tx.insert(
        "INSERT INTO download (token, library_id, guid, title, protocol, state, trace, added_at,"
        " state_at) VALUES (:t, 1, :t, 'A title', 'torrent', 'grabbed', 'w-1', :now, :now)",
        {"t": f"{n}", "now": tx.now_us},
    )
    tx.run(
        "INSERT INTO download_slot (download_id, slot_id) VALUES (:download, :slot)",
        {"download": download, "slot": slot},
    )
    tx.record(NewEvent(type="grabbed", by=SYSTEM, trace="w-1", download_id=download))
    tx.enqueue("download.send", {"download": download}, key=str(download), lane="client:1")
    download_changed_in(tx, 1, download)


async def rate(store: Store, work: Callable[[Tx], None], writers: int, each: int) -> float:
    async def writer() -> None:
        for _ in range(each):
            await store.write(work, actor=True)

    started = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for _ in range(writers):
            nursery.start_soon(writer)
    return writers * each / (time.perf_counter() - started)


async def alone(store: Store) -> list[float]:
    times: list[float] = []
    for _ in range(500):
        started = time.perf_counter()
        await store.write(one_row)
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times)


def disk(folder: Path) -> list[float]:
    times: list[float] = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(500):
            os.write(file.fileno(), b"x" * 4096)
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - started) * 1000)
    return sorted(times)


async def run() -> list[Figure]:
    """The figures of the table's row; the folder is that of the cached library."""
    source = database(10_000)
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        path = Path(folder) / "bindery.db"
        path.write_bytes(source.read_bytes())
        async with open_store(path) as store:
            sync = disk(Path(folder))
            single = await alone(store)
            small = await rate(store, one_row, 200, 100)
            large = await rate(store, grab, 200, 40)
    limit = 2 * sync[495] + 1
    return [
        Figure("writes", "one-row units, 200 writers", small, "/s", 20_000, "more"),
        Figure("writes", "grab units, 200 writers", large, "/s", 4_000, "more"),
        Figure("writes", "one alone, p50", single[250], "ms"),
        Figure("writes", "one alone, p99 (2 x fdatasync p99 + 1 ms)", single[495], "ms", limit),
        Figure("writes", "fdatasync of this disk, p50", sync[250], "ms"),
        Figure("writes", "fdatasync of this disk, p99", sync[495], "ms"),
    ]
