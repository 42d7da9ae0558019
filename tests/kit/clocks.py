"""A wall clock for tests on virtual time: it moves with trio's."""

import trio

START_US = 1_767_225_600_000_000


class TrioClock:
    """2026-01-01 plus whatever trio's clock has advanced since this was made."""

    def __init__(self, start_us: int = START_US) -> None:
        self._start_us = start_us
        self._zero: float | None = None

    def now_us(self) -> int:
        """µs since the epoch, UTC."""
        now = trio.current_time()
        if self._zero is None:
            self._zero = now
        return self._start_us + round((now - self._zero) * 1_000_000)
