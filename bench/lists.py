"""Lists and search against the targets of the first milestone.

    python -m bench.lists [10000 1000000]

Lists: p95 <= 5 ms at 10k and, at 1M, at most 1.5 times that; OFFSET to the middle p95 <= 60 ms;
substring search, first page: rare word p95 <= 10 ms, frequent <= 25 ms, <= 100 ms with its total.
"""

import logging
import sys
import time
from collections.abc import Callable
from typing import Any

import structlog
import trio

from bench.books_db import LIBRARIES, database
from bindery.runtime.clock import SystemClock
from bindery.runtime.threads import Threads, in_thread
from bindery.store import Reader, Store, open_store
from bindery.store.author_list import SORTS as AUTHOR_SORTS
from bindery.store.author_list import AuthorFilter, page_of_authors
from bindery.store.book_list import SHAPES, BookFilter, count_books, page_of_books
from bindery.store.books import books_by_id, slots_of
from bindery.store.paging import Key, Slice

RUNS = 60


def page(reader: Reader, chosen: BookFilter, sort: Any, part: Slice) -> object:
    """What a list request reads: ids, total, rows, slots."""
    ids = page_of_books(reader, LIBRARIES, chosen, sort, part)
    rows = books_by_id(reader, LIBRARIES, ids.ids)
    slots_of(reader, ids.ids)
    return rows, ids


def p95(work: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Median and p95 in milliseconds."""
    times: list[float] = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    return times[len(times) // 2], times[int(len(times) * 0.95)]


def line(name: str, figures: tuple[float, float], target: str) -> None:
    print(f"  {name:<46} {figures[0]:8.2f} {figures[1]:8.2f}   {target}", flush=True)


async def measure(store: Store, books: int) -> None:
    print(f"{books:,} books, three libraries{'':<20} p50 ms   p95 ms   target")
    sort: Any
    for sort in SHAPES:
        for statuses in ((), ("wanted",), ("imported",), ("downloading",)):
            chosen = BookFilter(status=statuses)
            first = store.read(
                lambda r, c=chosen, s=sort: page_of_books(r, LIBRARIES, c, s, Slice())
            )
            name = f"{sort} {'/'.join(statuses)}"

            def second(
                c: BookFilter = chosen, s: str = sort, after: Key | None = first.next
            ) -> object:
                return store.read(lambda r: page(r, c, s, Slice(after=after)))

            line(name, p95(second), "5 ms, 1M <= 1.5 x 10k")
    for sort in AUTHOR_SORTS:
        line(
            f"authors {sort}",
            p95(
                lambda s=sort: store.read(
                    lambda r: page_of_authors(r, LIBRARIES, AuthorFilter(), s)
                )
            ),
            "",
        )
    flags = BookFilter(monitored=True)
    line(
        "monitored", p95(lambda: store.read(lambda r: page(r, flags, "title-az", Slice()))), "5 ms"
    )
    media = BookFilter(media="audiobook")
    line(
        "mediaType", p95(lambda: store.read(lambda r: page(r, media, "title-az", Slice()))), "5 ms"
    )
    for sort in ("title-az", "author-az", "date-old", "status-az"):
        deep = Slice(offset=books // 2)
        scan = Timed(store)
        await scan.run(lambda r, s=sort, d=deep: page(r, BookFilter(), s, d), 20)
        line(f"offset to the middle, {sort}", scan.figures, "60 ms")
    for word, name, target in (
        ("zyzzyva", "rare word", "10 ms"),
        ("common", "frequent word", "25 ms"),
        ("shadow riv", "two words", ""),
        ("qqqxyz", "no hit", "10 ms"),
    ):
        scan = Timed(store)
        await scan.run(lambda r, w=word: page(r, BookFilter(search=w), "title-az", Slice()), 30)
        line(f"search: {name}", scan.figures, target)
    scan = Timed(store)
    await scan.run(lambda r: count_books(r, LIBRARIES, BookFilter(search="common")), 10)
    line("search: exact total of the frequent word", scan.figures, "100 ms")
    dates = BookFilter(release_from="2000", release_before="2010")
    scan = Timed(store)
    await scan.run(lambda r: page(r, dates, "date-new", Slice()), 20)
    line("release range by date", scan.figures, "")


class Timed:
    """Figures of a scan."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.figures = (0.0, 0.0)

    async def run(self, work: Callable[[Reader], object], runs: int) -> None:
        await self.store.scan(work, limit_s=30)  # warm the page cache, as the targets assume
        times: list[float] = []
        for _ in range(runs):
            started = time.perf_counter()
            await self.store.scan(work, limit_s=30)
            times.append((time.perf_counter() - started) * 1000)
        times.sort()
        self.figures = times[len(times) // 2], times[int(len(times) * 0.95)]


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for books in [int(argument) for argument in sys.argv[1:]] or [10_000, 1_000_000]:
        path = await in_thread(Threads().cpu, database, books)
        async with open_store(path, clock=SystemClock()) as store:
            await measure(store, books)


if __name__ == "__main__":
    trio.run(main)
