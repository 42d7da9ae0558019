"""The flush clock of the hub (architecture.md 7). Hub and board are plain objects; this one
only says when to look: at once after a silence, then every 250 ms while something is dirty.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import trio

from bindery.live.hub import Hub
from bindery.live.topic import EVERYBODY
from bindery.runtime.mailbox import Inbox

HEALTH = "health"
PULSE_S = 5.0
"""Ages on the health page move by themselves: rendered this often while somebody looks at it."""


class LiveActor:
    """Flushes the hub whenever it is due; the hub rings at its first mark.

    `pulse` names the lines of the health page.
    """

    def __init__(self, hub: Hub, pulse: Callable[[], Iterable[str]] = tuple) -> None:
        self._hub = hub
        self._pulse = pulse
        self._pulsed_at = -math.inf

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop; the last changes are flushed before it."""
        ready()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._wake_to_close, inbox)
            while not inbox.closing:
                pulse = self._beat(trio.current_time())
                due = self._hub.flush(trio.current_time())
                patience = min(math.inf if due is None else due, pulse) - trio.current_time()
                await self._hub.dirty.wait(max(0.0, patience))
            self._hub.flush(trio.current_time())
            nursery.cancel_scope.cancel(reason="the live actor is done")

    def _beat(self, now: float) -> float:
        """Mark the health page's lines when that is due; when to come again."""
        if not self._hub.watched(HEALTH):
            return math.inf
        if now - self._pulsed_at >= PULSE_S:
            self._pulsed_at = now
            for name in self._pulse():
                self._hub.mark(HEALTH, EVERYBODY, name)
        return self._pulsed_at + PULSE_S

    async def _wake_to_close(self, inbox: Inbox[Any]) -> None:
        await inbox.wait_closing()
        self._hub.dirty.ring()
