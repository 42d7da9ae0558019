"""The stall meter: how long the loop was kept from turning, and by whom (architecture.md 4).

An instrument of trio's loop, so that an idle loop costs nothing. Lag is the time of one turn (what
a task that became ready meanwhile had to wait); a stall is one step of one task.
"""

import sys
import threading
import time
import traceback
from bisect import bisect_left
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from types import FrameType

import trio

# Upper bounds in seconds; the last bucket is open.
BOUNDS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
STALL_S = 0.01
_SAMPLE_EVERY_S = 0.02
_STACK_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Stall:
    """The longest step seen: its task, its length, and the stack if a sample caught it."""

    seconds: float
    task: str
    stack: str


class StallMeter(trio.abc.Instrument):
    """Counts turns of the loop by length and remembers the longest step."""

    def __init__(self, threshold_s: float = STALL_S) -> None:
        self.threshold_s = threshold_s
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.total_s = 0.0
        self.stalls = 0
        self.longest = Stall(0.0, "", "")
        self._turn_began = time.perf_counter()
        self._step_began: float | None = None
        self._sampled = (0.0, "")

    def reset(self) -> None:
        """Forget everything, as before a measurement."""
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.total_s, self.stalls, self.longest = 0.0, 0, Stall(0.0, "", "")

    def after_io_wait(self, timeout: float) -> None:  # noqa: ARG002 - trio passes it
        """A turn begins."""
        self._turn_began = time.perf_counter()

    def before_io_wait(self, timeout: float) -> None:  # noqa: ARG002 - trio passes it
        """A turn ended."""
        took = time.perf_counter() - self._turn_began
        self.counts[bisect_left(BOUNDS_S, took)] += 1
        self.total_s += took

    def before_task_step(self, task: trio.lowlevel.Task) -> None:  # noqa: ARG002 - as above
        """One task runs until its next checkpoint."""
        self._step_began = time.perf_counter()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """It gave the loop back."""
        began, self._step_began = self._step_began, None
        if began is None:
            return
        took = time.perf_counter() - began
        if took >= self.threshold_s:
            self.stalls += 1
        if took > self.longest.seconds:
            sampled_at, stack = self._sampled
            self.longest = Stall(took, task.name, stack if sampled_at >= began else "")

    def sample(self, thread_id: int) -> None:
        """Note the loop's stack if a step has lasted too long; called from the watching thread."""
        began = self._step_began
        if began is None or time.perf_counter() - began < self.threshold_s:
            return
        frame = sys._current_frames().get(thread_id)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - no public name
        if frame is not None:
            self._sampled = (time.perf_counter(), _stack(frame))


def _stack(frame: FrameType) -> str:
    """Newest call first. Reads no source files: the step may end before that is done."""
    calls = islice(traceback.walk_stack(frame), _STACK_DEPTH)
    return "\n".join(f"{f.f_code.co_filename}:{line} {f.f_code.co_name}" for f, line in calls)


@asynccontextmanager
async def open_stall_meter(*, watch: bool = True) -> AsyncGenerator[StallMeter, None]:
    """Measure this loop for the duration of the block; `watch` adds the thread for stacks."""
    meter = StallMeter()
    over = threading.Event()
    loop_thread = threading.get_ident()

    def watcher() -> None:
        while not over.wait(_SAMPLE_EVERY_S):
            meter.sample(loop_thread)

    if watch:
        threading.Thread(target=watcher, name="stall-meter", daemon=True).start()
    trio.lowlevel.add_instrument(meter)
    try:
        yield meter
    finally:
        over.set()
        trio.lowlevel.remove_instrument(meter)
