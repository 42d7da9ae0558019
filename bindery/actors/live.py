"""The flush clock of the hub (architecture.md 7). Hub and board are plain objects; this one
only says when to look: at once after a silence, then every 250 ms while something is dirty.
"""

import math
from collections.abc import Callable
from typing import Any

import trio

from bindery.live.hub import Hub
from bindery.runtime.mailbox import Inbox


class LiveActor:
    """Flushes the hub whenever it is due; the hub rings at its first mark."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop; the last changes are flushed before it."""
        ready()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._wake_to_close, inbox)
            while not inbox.closing:
                due = self._hub.flush(trio.current_time())
                patience = math.inf if due is None else max(0.0, due - trio.current_time())
                await self._hub.dirty.wait(patience)
            self._hub.flush(trio.current_time())
            nursery.cancel_scope.cancel(reason="the live actor is done")

    async def _wake_to_close(self, inbox: Inbox[Any]) -> None:
        await inbox.wait_closing()
        self._hub.dirty.ring()
