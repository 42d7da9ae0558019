"""Due times of periodic commands (architecture.md 6, Schedule; 7).

Survives restarts and jumps of the clock: no double run, no missed run. Many missed runs are one.
"""

import random
from collections.abc import Callable
from datetime import tzinfo
from typing import Any

import structlog
import trio

from bindery.runtime.mailbox import Inbox
from bindery.store import schedules
from bindery.store.store import Store

LOOK_S = 30.0
"""The wall clock may jump; it is looked at this often."""
JUMP_S = 90.0
"""More than this between the wall clock and the monotonic one is a jump."""

_log = structlog.get_logger(__name__)


class SchedulerActor:
    """Turns schedule rows into commands. `zone` is where local times are read."""

    def __init__(self, store: Store, zone: tzinfo, rng: random.Random) -> None:
        self._store = store
        self._zone = zone
        self._rng = rng

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop."""
        await self._catch_up()
        ready()
        with self._store.bells.listen(["schedule"]) as bell:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._wake_to_close, inbox, bell.ring)
                seen = self._clocks()
                while not inbox.closing:
                    await bell.wait(self._patience())
                    if inbox.closing:
                        break
                    now = self._clocks()
                    if abs((now[0] - seen[0]) - (now[1] - seen[1])) > JUMP_S:
                        _log.warning("scheduler.clock_jumped", seconds=round(now[0] - seen[0]))
                        await self._catch_up()
                    seen = now
                    await self._run_due()

    async def _run_due(self) -> None:
        due = self._store.read(schedules.next_due)
        if due is None or due > self._store.clock.now_us():
            return
        ran = await self._store.write(
            lambda tx: schedules.run_due_in(tx, self._zone, self._rng), actor=True
        )
        _log.debug("scheduler.ran", names=ran)

    async def _catch_up(self) -> None:
        await self._store.write(
            lambda tx: schedules.catch_up_in(tx, self._zone, self._rng), actor=True
        )

    def _patience(self) -> float:
        due = self._store.read(schedules.next_due)
        if due is None:
            return LOOK_S
        return min(LOOK_S, max(0.0, (due - self._store.clock.now_us()) / 1_000_000))

    def _clocks(self) -> tuple[float, float]:
        return self._store.clock.now_us() / 1_000_000, trio.current_time()

    @staticmethod
    async def _wake_to_close(inbox: Inbox[Any], ring: Callable[[], None]) -> None:
        await inbox.wait_closing()
        ring()
