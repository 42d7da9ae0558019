"""How an indexer stands: held or not, level, capabilities; kept in its state row."""

import msgspec
import trio

from bindery.adapters.failures import (
    OutsideError,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from bindery.domain.holds import Trouble, after_failure
from bindery.domain.moments import SECOND
from bindery.domain.offers import IndexerCaps
from bindery.domain.refusal import Params
from bindery.store import attention, indexers
from bindery.store.indexers import IndexerRow, IndexerState
from bindery.store.store import Store
from bindery.store.tx import Tx

CAPS_LAST_US = 24 * 3600 * SECOND
OK_NOTED_US = 300 * SECOND
"""An answer is noted at most this often while nothing is wrong."""
_DISABLED = "indexer_disabled"
_ASKED = frozenset({"rate_limited", "temporarily_unavailable"})


class Held(msgspec.Struct, frozen=True):
    """Left alone until `until` (µs), for `seconds` more."""

    code: str
    params: Params
    until: int
    seconds: float


class Standing:
    """Reads and writes `indexer_state`; survives restarts because it keeps nothing itself."""

    def __init__(self, store: Store, row: IndexerRow) -> None:
        self._store = store
        self.row = row
        self._began = trio.current_time()

    def state(self) -> IndexerState | None:
        """What is stored."""
        return self._store.read(lambda reader: indexers.state(reader, self.row.id))

    def held(self) -> Held | None:
        """The hold, if one lasts."""
        state = self.state()
        now = self._store.clock.now_us()
        if state is None or state.hold_until is None or state.hold_until <= now:
            return None
        left = (state.hold_until - now) / SECOND
        return Held(state.hold_code or "indexer_held", state.hold_params, state.hold_until, left)

    def caps(self) -> IndexerCaps | None:
        """The capabilities of the last day."""
        state = self.state()
        if state is None or state.caps is None or state.caps_at is None:
            return None
        if self._store.clock.now_us() - state.caps_at > CAPS_LAST_US:
            return None
        try:
            return msgspec.json.decode(state.caps.encode(), type=IndexerCaps)
        except msgspec.DecodeError:
            return None

    async def learn(self, caps: IndexerCaps) -> None:
        """Remember the capabilities for a day."""
        document = msgspec.json.encode(caps)
        await self._store.write(
            lambda tx: indexers.set_caps_in(tx, self.row.id, document), actor=True
        )

    async def worked(self, *, always: bool = False) -> None:
        """It answered as it should."""
        state = self.state()
        clean = state is not None and state.code is None and state.level == 0
        noted = state.ok_at if state is not None else None
        recent = noted is not None and self._store.clock.now_us() - noted < OK_NOTED_US
        if clean and recent and not always:
            return

        def work(tx: Tx) -> None:
            indexers.set_ok_in(tx, self.row.id)
            attention.clear_in(tx, f"indexer:{self.row.id}")

        await self._store.write(work, actor=True)

    async def failed(self, error: OutsideError) -> None:
        """It failed: note it, climb the ladder, hold. A hold that lasts is not made longer."""
        trouble = trouble_of(error)
        running_s = trio.current_time() - self._began

        def work(tx: Tx) -> None:
            state = indexers.state(tx, self.row.id)
            level = state.level if state else 0
            until = state.hold_until if state else None
            lasting = until is not None and until > tx.now_us
            if trouble is not None and not lasting:
                asked = error.retry_after_s if isinstance(error, Unavailable) else None
                hold = after_failure(level, trouble, retry_after_s=asked, running_s=running_s)
                level, until = hold.level, tx.now_us + hold.seconds * SECOND
            indexers.set_failed_in(
                tx, self.row.id, error.code, error.params, level=level, hold_until=until
            )
            if trouble == "refused":
                code = _DISABLED if error.code == _DISABLED else "indexer_unauthorized"
                attention.raise_in(
                    tx,
                    code,
                    f"indexer:{self.row.id}",
                    severity="error",
                    params={"name": self.row.name, "indexerId": self.row.id},
                    action="edit_indexer",
                )

        await self._store.write(work, actor=True)


def trouble_of(error: OutsideError) -> Trouble | None:
    """The class of a failure; None = this request only, the next one may do better."""
    if isinstance(error, RateLimited) or error.code in _ASKED:
        return "asked"
    if isinstance(error, Unauthorized):
        return "refused"
    if isinstance(error, Rejected) and error.code == _DISABLED:
        return "refused"
    if isinstance(error, Unavailable) and error.code != "http_status":
        return "away"
    return None
