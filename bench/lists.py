"""Lists and search against the targets of the first milestone.

    python -m bench lists [--million]

Lists: p95 <= 5 ms at 10k and, at 1M, at most 1.5 times that; OFFSET to the middle p95 <= 60 ms;
substring search, first page: rare word p95 <= 10 ms, frequent <= 25 ms, <= 100 ms with its total.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.books_db import LIBRARIES, database
from bench.figures import Figure
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


class Sheet:
    """The p95 of every line, with the target of its kind."""

    def __init__(self, books: int) -> None:
        self.workload = f"lists of {books // 1000}k"
        self.figures: list[Figure] = []

    def line(self, name: str, times: tuple[float, float], target: str) -> None:
        """One line; a target begins with its milliseconds."""
        limit = float(target.split(maxsplit=1)[0]) if target else None
        self.figures.append(Figure(self.workload, f"{name.strip()}, p95", times[1], "ms", limit))


async def measure(store: Store, books: int) -> list[Figure]:
    """Every figure for a library of this size."""
    sheet = Sheet(books)
    line = sheet.line
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
    return sheet.figures


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


async def run(sizes: Sequence[int] = (10_000,)) -> list[Figure]:
    """The figures of the table's first rows, and how 1M compares with 10k."""
    found: list[Figure] = []
    for books in sizes:
        path = await in_thread(Threads().cpu, database, books)
        async with open_store(path, clock=SystemClock()) as store:
            found += await measure(store, books)
    return found
