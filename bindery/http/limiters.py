"""Budgets for guessing: bounded tables of failures per address and per account.

Source: security-rulings.md 5. A failure is charged before the password is hashed and refunded
on success, so that two hundred parallel guesses cost five hashes.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from math import ceil

import trio

MAX_KEYS = 10_000
SHARED = "\0shared"
SHARED_LIMIT = 60
SHARED_WINDOW_S = 60.0


class SlidingWindow:
    """At most `limit` charges per key in any `window_s`; the oldest ageing out frees one."""

    def __init__(
        self, limit: int, window_s: float, now: Callable[[], float] = trio.current_time
    ) -> None:
        self.limit = limit
        self.window_s = window_s
        self._now = now
        self._keys: OrderedDict[str, deque[float]] = OrderedDict()
        self._shared: deque[float] = deque()

    def charge(self, key: str) -> float | None:
        """Take one place. None when granted, else the seconds until one becomes free."""
        now = self._now()
        times = self._bucket(key, now)
        shared = times is self._shared
        limit = SHARED_LIMIT if shared else self.limit
        window = SHARED_WINDOW_S if shared else self.window_s
        while times and times[0] <= now - window:
            times.popleft()
        if len(times) >= limit:
            return times[0] + window - now
        times.append(now)
        return None

    def refund(self, key: str, *, clear: bool = False) -> None:
        """Give the last place back; `clear` forgets every failure of the key."""
        times = self._keys.get(key)
        if times is None:
            return
        if clear:
            times.clear()
        elif times:
            times.pop()
        if not times:
            del self._keys[key]

    def __len__(self) -> int:
        return len(self._keys)

    def _bucket(self, key: str, now: float) -> deque[float]:
        times = self._keys.get(key)
        if times is not None:
            self._keys.move_to_end(key)
            return times
        if len(self._keys) >= MAX_KEYS and not self._make_room(now):
            return self._shared
        times = self._keys[key] = deque()
        return times

    def _make_room(self, now: float) -> bool:
        """Drop the entry used longest ago if it is expired; entries are in order of use."""
        oldest, times = next(iter(self._keys.items()))
        if times and times[-1] > now - self.window_s:
            return False
        del self._keys[oldest]
        return True


class Limiters:
    """The limiters of one app (security-rulings.md 5, second table, and 10 for `search`).

    `address`, `handshake` and `weak_key` by address, `account` by name, `search` by account.
    """

    def __init__(self, failures: int, window_s: float) -> None:
        self.address = SlidingWindow(failures, window_s)
        self.account = SlidingWindow(10, 60.0)
        self.handshake = SlidingWindow(20, 60.0)
        self.weak_key = SlidingWindow(60, 60.0)
        self.search = SlidingWindow(30, 60.0)


def retry_after(wait_s: float) -> int:
    """Whole seconds for the header, at least one."""
    return max(1, ceil(wait_s))
