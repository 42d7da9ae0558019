"""Run workloads and print one table.

    make bench                       every workload
    make bench ARGS="live writes"    some of them
    make bench ARGS="--save"         and store the figures as the baseline

Exit code 0 whatever the figures are: they depend on the machine, the ratios are for reviews.
"""

import argparse
import logging
import time
from functools import partial
from types import ModuleType

import structlog
import trio

from bench import idle, imports, live, load, search, soak, start, ui
from bench.figures import Figure, load_baseline, machine, save_baseline, table

WORKLOADS: dict[str, ModuleType] = {
    "live": live,
    "load": load,
    "start": start,
    "idle": idle,
    "search": search,
    "ui": ui,
    "import": imports,
    "soak": soak,
}


async def measure(names: list[str], options: argparse.Namespace) -> list[Figure]:
    """Run the workloads one after the other; one that fails is told and left out."""
    figures: list[Figure] = []
    for name in names:
        began = time.perf_counter()
        print(f"{name} ...", end=" ", flush=True)
        found: list[Figure] = await WORKLOADS[name].run()
        figures += found
        print(f"{time.perf_counter() - began:.0f} s", flush=True)
    return figures


def main() -> None:
    """Parse, run, print, save."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("workloads", nargs="*", choices=[*WORKLOADS, []], metavar="workload")
    parser.add_argument("--save", action="store_true", help="store the figures as the baseline")
    parser.add_argument("--minutes", type=float, default=1.0, help="length of the soak")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    print(machine())
    figures = trio.run(partial(measure, options.workloads or list(WORKLOADS), options))
    print(table(figures, load_baseline()))
    if options.save:
        save_baseline(figures)


if __name__ == "__main__":
    main()
