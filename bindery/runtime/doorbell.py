"""Doorbells: "look now". A ring is remembered once, never counted; a lost one costs a poll."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import trio


class Doorbell:
    """Sticky until heard: ringing a rung bell changes nothing.

    The listener's loop is: `await bell.wait(...)` (which takes the ring), then look until nothing
    is due. Taking the ring after looking would lose what came between.
    """

    __slots__ = ("_parked", "_rung")

    def __init__(self) -> None:
        self._rung = False
        self._parked = trio.lowlevel.ParkingLot()

    def ring(self) -> None:
        """Wake whoever waits, now or at its next wait. Synchronous, never a checkpoint."""
        self._rung = True
        self._parked.unpark_all()

    async def wait(self, timeout_s: float) -> bool:
        """Wait for a ring, at most `timeout_s` (`math.inf`: for ever). True if it rang.

        Takes the ring. Always a checkpoint.
        """
        if self._rung:
            await trio.lowlevel.checkpoint()
        else:
            with trio.move_on_after(timeout_s):
                await self._parked.park()
        rang, self._rung = self._rung, False
        return rang


class Bells:
    """One doorbell per kind of work, made on first use, and the bells of whoever listens."""

    __slots__ = ("_bells", "_listeners")

    def __init__(self) -> None:
        self._bells: dict[str, Doorbell] = {}
        self._listeners: dict[str, list[Doorbell]] = {}

    def bell(self, kind: str) -> Doorbell:
        """The bell of `kind`: always the same object."""
        bell = self._bells.get(kind)
        if bell is None:
            bell = self._bells[kind] = Doorbell()
        return bell

    def ring(self, kind: str) -> None:
        """Ring the bell of `kind`, and every listener's."""
        self.bell(kind).ring()
        for listener in self._listeners.get(kind, ()):
            listener.ring()

    @contextmanager
    def listen(self, kinds: Sequence[str]) -> Generator[Doorbell]:
        """A bell of one's own for several kinds.

        Two listeners to one kind must not share a bell: the first to hear it would take the ring
        away from one that is busy.
        """
        bell = Doorbell()
        for kind in kinds:
            self._listeners.setdefault(kind, []).append(bell)
        try:
            yield bell
        finally:
            for kind in kinds:
                self._listeners[kind].remove(bell)

    def ring_all(self) -> None:
        """Ring every bell, as after a restart or a jump of the clock."""
        for kind in {*self._bells, *self._listeners}:
            self.ring(kind)
