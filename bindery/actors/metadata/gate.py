"""One provider's gate: request rate, places, circuit breaker and short memory (metadata.md 4)."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar, cast

import msgspec
import trio

from bindery.adapters.failures import OutsideError, Unavailable

T = TypeVar("T")

RESTING = "provider_resting"


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """`rate` requests a second after a first `burst`; `places` at once; after `failures` in a row
    the provider is left alone for `rest_s`.
    """

    rate: float = 3.0
    burst: int = 6
    places: int = 4
    failures: int = 5
    rest_s: float = 60.0


class Gate:
    """Everything asked of one provider goes through here."""

    def __init__(self, budget: Budget | None = None) -> None:
        self._budget = budget or Budget()
        self._places = trio.CapacityLimiter(self._budget.places)
        self._line = trio.Lock()
        self._tokens = float(self._budget.burst)
        self._filled_at: float | None = None
        self._failures = 0
        self._rest_until = 0.0

    @property
    def resting_s(self) -> float:
        """How long the provider is left alone; 0 = it is asked."""
        return max(0.0, self._rest_until - trio.current_time())

    async def before_request(self) -> None:
        """Wait for a token: awaited by the adapter before each single request."""
        async with self._line:
            self._fill()
            if self._tokens < 1:
                await trio.sleep((1 - self._tokens) / self._budget.rate)
                self._fill()
            self._tokens -= 1

    async def call(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask, unless the provider rests. Raises `OutsideError`."""
        if self.resting_s:
            raise Unavailable(RESTING, retry_after_s=self.resting_s)
        async with self._places:
            try:
                found = await ask()
            except Unavailable as error:
                self._failed(error)
                raise
            except OutsideError:
                self._failures = 0
                raise
        self._failures = 0
        return found

    def _failed(self, error: Unavailable) -> None:
        self._failures += 1
        wait = error.retry_after_s or 0.0
        if self._failures >= self._budget.failures:
            # The next call after the rest is the trial: one more failure and it rests again.
            wait = max(wait, self._budget.rest_s)
        if wait:
            self._rest_until = max(self._rest_until, trio.current_time() + wait)

    def _fill(self) -> None:
        now = trio.current_time()
        since = now - (self._filled_at if self._filled_at is not None else now)
        self._filled_at = now
        self._tokens = min(self._budget.burst, self._tokens + since * self._budget.rate)


class Memory:
    """Answers of the last minutes, "nothing" included, and one flight per question."""

    def __init__(self, *, keep_s: float = 600.0, most: int = 500) -> None:
        self._keep_s = keep_s
        self._most = most
        self._known: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._flights: dict[Hashable, _Flight[Any]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """The known answer, else the one that `ask` gets; who comes meanwhile shares it."""
        while True:
            known = self._known.get(key)
            if known is not None and known[0] > trio.current_time():
                self._known.move_to_end(key)
                await trio.lowlevel.checkpoint()
                return cast("T", known[1])
            flight = self._flights.get(key)
            if flight is None:
                return await self._fly(key, ask)
            await flight.landed.wait()
            if flight.error is not None:
                raise flight.error
            if flight.arrived:
                return cast("T", flight.value)

    def put(self, key: Hashable, value: object) -> None:
        """Something learnt in passing; not kept when nothing is (`keep_s` 0)."""
        if self._keep_s <= 0:
            return
        self._known[key] = (trio.current_time() + self._keep_s, value)
        self._known.move_to_end(key)
        while len(self._known) > self._most:
            self._known.popitem(last=False)

    async def _fly(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        flight = self._flights[key] = _Flight[T]()
        try:
            flight.value = await ask()
            flight.arrived = True
            self.put(key, flight.value)
        except OutsideError as error:
            flight.error = error
            raise
        finally:
            del self._flights[key]
            flight.landed.set()
        return flight.value


class _Flight(Generic[T]):
    """One question under way. Not arrived and no error: its asker was cancelled, ask again."""

    def __init__(self) -> None:
        self.landed = trio.Event()
        self.arrived = False
        self.value: T = cast("T", None)
        self.error: OutsideError | None = None
