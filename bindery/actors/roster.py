"""Keeps children in step with configuration rows (architecture.md 7).

Compares what is configured (id, rev, enabled) with the children that run, and adds, replaces or
removes. It tells, never asks. A replaced child keeps its mailbox.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import trio

from bindery.runtime.mailbox import ActorGone, Inbox
from bindery.runtime.supervisor import Child, Supervisor
from bindery.store.store import Store
from bindery.store.tx import Reader

LOOK_S = 60.0
BELL = "roster"
"""Rung by whoever changes a configuration row, through `store.marks.configured_in`."""


class Wanted(msgspec.Struct, frozen=True):
    """One child that should run: its name and the revision of the row behind it."""

    name: str
    rev: int


class Kind(msgspec.Struct, frozen=True):
    """One kind of configured children: what should run, and how one is made."""

    wanted: Callable[[Reader], Sequence[Wanted]]
    child: Callable[[str], Child]


class RosterActor:
    """Starts, replaces and stops the children of every kind. Names carry the kind: `client:3`."""

    def __init__(self, store: Store, supervisor: Supervisor, kinds: Mapping[str, Kind]) -> None:
        self._store = store
        self._supervisor = supervisor
        self._kinds = kinds
        self._running: dict[str, int] = {}

    async def run(self, inbox: Inbox[Any], ready: Callable[[], None]) -> None:
        """Until the ordered stop; the children themselves are stopped by the supervisor."""
        with self._store.bells.listen([BELL]) as bell:
            self._adopt()
            await self._compare(inbox)
            ready()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._wake_to_close, inbox, bell.ring)
                while not inbox.closing:
                    await bell.wait(LOOK_S)
                    await self._compare(inbox)

    def _adopt(self) -> None:
        """Children of an earlier incarnation run on; which revision they have is not known."""
        for name in self._supervisor.names():
            if name.partition(":")[0] in self._kinds:
                self._running.setdefault(name, -1)

    async def _compare(self, inbox: Inbox[Any]) -> None:
        try:
            await self._apply(inbox)
        except ActorGone:
            # The ordered stop has begun: the supervisor takes no more children.
            await trio.lowlevel.checkpoint()

    async def _apply(self, inbox: Inbox[Any]) -> None:
        for prefix, kind in self._kinds.items():
            wanted = {child.name: child.rev for child in self._store.read(kind.wanted)}
            for name in [name for name in self._running if name.partition(":")[0] == prefix]:
                if name not in wanted and not inbox.closing:
                    await self._supervisor.stop(name)
                    del self._running[name]
            for name, rev in wanted.items():
                if self._running.get(name) != rev and not inbox.closing:
                    await self._supervisor.replace(kind.child(name))
                    self._running[name] = rev

    @staticmethod
    async def _wake_to_close(inbox: Inbox[Any], ring: Callable[[], None]) -> None:
        await inbox.wait_closing()
        ring()
