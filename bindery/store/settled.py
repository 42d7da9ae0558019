"""Waiting for a command to end, inside this process (architecture.md 6)."""

from collections import defaultdict

import trio

from bindery.store.tx import Settlement


class _Waiter:
    __slots__ = ("event", "outcome")

    def __init__(self) -> None:
        self.event = trio.Event()
        self.outcome: Settlement | None = None


class Settled:
    """Who waits for which command. Resolved by the writer after COMMIT."""

    def __init__(self) -> None:
        self._waiters: dict[int, list[_Waiter]] = defaultdict(list)
        self.closed = False

    def resolve(self, settlement: Settlement) -> None:
        """Wake everybody who waits for this command. Synchronous."""
        for waiter in self._waiters.pop(settlement.id, ()):
            waiter.outcome = settlement
            waiter.event.set()

    def close(self) -> None:
        """The program stops: everybody gets "not settled" at once, also later callers."""
        self.closed = True
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.event.set()
        self._waiters.clear()

    async def wait(self, id: int, within: float) -> Settlement | None:
        """The end of command `id`; None if it did not come within `within` seconds."""
        if self.closed:
            return None
        waiter = _Waiter()
        self._waiters[id].append(waiter)
        try:
            with trio.move_on_after(within):
                await waiter.event.wait()
        finally:
            waiters = self._waiters.get(id, [])
            if waiter in waiters:
                waiters.remove(waiter)
            if not waiters:
                self._waiters.pop(id, None)
        return waiter.outcome
