"""How long to wait before the next attempt."""

import random
from dataclasses import dataclass

# 2.0 ** 63 seconds is beyond any cap, and far below what overflows a float.
_MAX_DOUBLINGS = 63


@dataclass(frozen=True, slots=True)
class Backoff:
    """Restart policy of a child (architecture.md 4); all durations in seconds.

    `first` doubles per consecutive crash up to `cap`. A child alive for `window` starts over.
    More than `max_restarts` crashes inside `window` park it for `park`.
    """

    first: float = 0.5
    cap: float = 30.0
    window: float = 300.0
    max_restarts: int = 8
    park: float = 300.0

    def span(self, streak: int) -> float:
        """The longest wait after the `streak`-th crash in a row (1 = the first)."""
        return min(self.cap, self.first * 2.0 ** min(streak - 1, _MAX_DOUBLINGS))

    def delay(self, streak: int, rng: random.Random) -> float:
        """Half of the span is fixed, half random, so that siblings do not retry in step."""
        span = self.span(streak)
        return span / 2 + rng.random() * span / 2
