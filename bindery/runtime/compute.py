"""Where heavy pure work runs: the one `cpu` thread, or in tests the loop itself."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import trio

from bindery.runtime.threads import Threads, in_thread

T = TypeVar("T")


class Compute(Protocol):
    """Run a function that takes longer than the loop may wait (5 ms)."""

    async def __call__(self, work: Callable[[], T], /) -> T: ...


def on_cpu(threads: Threads) -> Compute:
    """In the `cpu` thread."""

    async def compute(work: Callable[[], T], /) -> T:
        return await in_thread(threads.cpu, work)

    return compute


async def on_the_loop(work: Callable[[], T], /) -> T:
    """For tests that move the clock: threads and virtual time do not mix."""
    await trio.lowlevel.checkpoint()
    return work()
