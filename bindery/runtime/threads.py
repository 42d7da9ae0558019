"""The only way into a thread, and the places there are (architecture.md 4).

Nobody uses trio's default limiter: forty calls on a dead network mount would leave no thread for
the writer, for DNS or for the shutdown.
"""

import errno
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, cast

import trio

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

STUCK_AFTER_S = 30.0
PER_ROOT = 4


class RootUnreachable(OSError):
    """A call on this root has not returned for too long (a dead network mount, a sleeping disk)."""


class RootLimiter:
    """The places of one root folder (or mount).

    A call without a sign of life for `patience` seconds is abandoned and marks the root
    unreachable; its place is not given back until it returns, and until then the root refuses.
    """

    def __init__(self, key: str, places: int = PER_ROOT) -> None:
        self.key = key
        self.limiter = trio.CapacityLimiter(places)
        self.stuck = 0

    @property
    def unreachable(self) -> bool:
        """Whether an abandoned call is still out."""
        return self.stuck > 0


class _Place:
    """One place, taken beforehand so that waiting for it does not count as being stuck.

    Looks like a limiter to trio, which calls `release_on_behalf_of` when the thread returns, also
    when it was abandoned.
    """

    def __init__(self, root: RootLimiter) -> None:
        self._root = root
        self.begun = False
        self.returned = False
        self.abandoned = False

    async def take(self) -> None:
        await self._root.limiter.acquire_on_behalf_of(self)

    async def acquire_on_behalf_of(self, _borrower: object) -> None:
        self.begun = True

    def release_on_behalf_of(self, _borrower: object) -> None:
        self.returned = True
        self.give_back()

    def give_back(self) -> None:
        self._root.limiter.release_on_behalf_of(self)
        if self.abandoned:
            self._root.stuck -= 1

    def abandon(self) -> None:
        if self.begun and not self.returned:
            self.abandoned = True
            self._root.stuck += 1


class Threads:
    """The named limiters. One per process, made by the service."""

    def __init__(self) -> None:
        self.writer = trio.CapacityLimiter(1)
        self.scan = trio.CapacityLimiter(3)
        self.kdf = trio.CapacityLimiter(2)
        self.cpu = trio.CapacityLimiter(1)
        self.dns = trio.CapacityLimiter(8)
        self._roots: dict[str, RootLimiter] = {}

    def root(self, key: str | int) -> RootLimiter:
        """The limiter of one root: always the same object for the same key. Root folders go by
        their path, which also one has that is only being added.
        """
        name = str(key)
        limiter = self._roots.get(name)
        if limiter is None:
            limiter = self._roots[name] = RootLimiter(name)
        return limiter

    def unreachable_roots(self) -> list[str]:
        """Keys of the roots with a stuck call, for the health page."""
        return [key for key, limiter in self._roots.items() if limiter.unreachable]


async def in_thread(
    limiter: trio.CapacityLimiter | RootLimiter,
    fn: Callable[[*Ts], T],
    *args: *Ts,
    abandon_on_cancel: bool = False,
    patience_s: float = STUCK_AFTER_S,
) -> T:
    """Run `fn(*args)` in a thread, on a place of `limiter`.

    On a root the call must return within `patience_s`, or `RootUnreachable` is raised and the
    thread left behind; split long work (hashing, copying) into several calls. A call on a root is
    never abandoned by cancellation alone, unless `abandon_on_cancel`.
    """
    if isinstance(limiter, RootLimiter):
        return await _on_root(limiter, fn, args, abandon_on_cancel, patience_s)
    return await trio.to_thread.run_sync(
        fn, *args, limiter=limiter, abandon_on_cancel=abandon_on_cancel
    )


async def _on_root(
    root: RootLimiter,
    fn: Callable[[*Ts], T],
    args: tuple[*Ts],
    abandon_on_cancel: bool,
    patience_s: float,
) -> T:
    _refuse_unreachable(root)
    place = _Place(root)
    await place.take()
    deadline = trio.current_time() + patience_s
    try:
        _refuse_unreachable(root)
        with trio.CancelScope(deadline=deadline, shield=not abandon_on_cancel):
            return await trio.to_thread.run_sync(
                fn, *args, limiter=cast("trio.CapacityLimiter", place), abandon_on_cancel=True
            )
    finally:
        if not place.begun:
            place.give_back()
    place.abandon()
    raise RootUnreachable(errno.ETIMEDOUT, f"no answer from {root.key} for {patience_s:g} s")


def _refuse_unreachable(root: RootLimiter) -> None:
    if root.unreachable:
        raise RootUnreachable(errno.ETIMEDOUT, f"{root.key} does not answer")
