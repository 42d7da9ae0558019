"""Run workloads and print one table.

    make bench                              every workload
    make bench ARGS="live writes"           some of them
    make bench ARGS="lists --million"       lists and search at 1,000,000 books too
    make bench ARGS="soak --minutes 10"     the long soak
    make bench ARGS="--save"                and store the figures as the baseline

Exit code 0 whatever the figures are: they depend on the machine, the ratios are for reviews.
"""

import argparse
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

import structlog
import trio

from bench import idle, imports, judgement, lists, live, load, search, soak, start, ui, writes
from bench.figures import Figure, load_baseline, machine, save_baseline, table

Workload: TypeAlias = Callable[[], Awaitable[list[Figure]]]


def workloads(options: argparse.Namespace) -> dict[str, Workload]:
    """Every workload by name."""
    sizes = (10_000, 1_000_000) if options.million else (10_000,)
    return {
        "lists": partial(lists.run, sizes),
        "load": load.run,
        "live": live.run,
        "writes": writes.run,
        "search": search.run,
        "import": imports.run,
        "idle": idle.run,
        "judgement": judgement.run,
        "start": start.run,
        "ui": ui.run,
        "soak": partial(soak.run, options.minutes),
    }


async def measure(options: argparse.Namespace, figures: list[Figure]) -> None:
    """Run the chosen workloads one after the other; what was measured stays if one fails."""
    known = workloads(options)
    for name in options.workloads or list(known):
        began = time.perf_counter()
        print(f"{name} ...", end=" ", flush=True)
        figures += await known[name]()
        print(f"{time.perf_counter() - began:.0f} s", flush=True)


def main() -> None:
    """Parse, run, print, save."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("workloads", nargs="*", metavar="workload")
    parser.add_argument("--save", action="store_true", help="store the figures as the baseline")
    parser.add_argument("--minutes", type=float, default=1.0, help="length of the soak")
    parser.add_argument("--million", action="store_true", help="lists of 1M books too")
    options = parser.parse_args()
    unknown = set(options.workloads) - set(workloads(options))
    if unknown:
        parser.error(
            f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(workloads(options))}"
        )
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    print(machine())
    figures: list[Figure] = []
    try:
        trio.run(measure, options, figures)
    finally:
        print(table(figures, load_baseline()))
    if options.save:
        save_baseline(figures)


if __name__ == "__main__":
    main()
