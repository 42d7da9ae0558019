"""The wall clock, injected. Durations are measured with `trio.current_time()`, never with this."""

import time
from typing import Protocol


class Clock(Protocol):
    """Says what time it is."""

    def now_us(self) -> int:
        """Microseconds since the epoch, UTC. May jump in either direction."""
        ...


class SystemClock:
    """The machine's clock."""

    __slots__ = ()

    def now_us(self) -> int:
        """Microseconds since the epoch, UTC."""
        return time.time_ns() // 1_000


class FixedClock:
    """A clock that stands still until it is told to move; for tests and the demo world."""

    __slots__ = ("_now_us",)

    def __init__(self, start_us: int = 1_767_225_600_000_000) -> None:
        self._now_us = start_us

    def now_us(self) -> int:
        """The time last set."""
        return self._now_us

    def advance(self, seconds: float) -> None:
        """Move by `seconds`; negative moves back, as a corrected clock does."""
        self._now_us += round(seconds * 1_000_000)
