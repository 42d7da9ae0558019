"""`work.editions`: ask the provider for the editions of one work."""

from bindery.actors.metadata.gate import Gate
from bindery.adapters.failures import OutsideError, Unavailable
from bindery.adapters.protocols import MetadataProvider
from bindery.domain.refusal import Params
from bindery.operations.editions import WorkEditions, editions_in, reference_of
from bindery.store.commands import Command
from bindery.store.lanes import Done, Failed, Outcome, Retry
from bindery.store.store import Store

BACK_OFF_S = (60.0, 300.0, 900.0, 3_600.0, 21_600.0)
FIRM_TRIES = 3


class Editions:
    """Fetches editions, one work at a time; persons and syncs share the provider's budget."""

    def __init__(self, store: Store, provider: MetadataProvider, gate: Gate) -> None:
        self._store = store
        self._provider = provider
        self._gate = gate

    async def handle(self, command: Command) -> Outcome:
        """One work. A provider that is away costs nothing; one that says no is asked thrice."""
        work_id = command.read(WorkEditions).work_id
        ref = self._store.read(lambda reader: reference_of(reader, work_id))
        if ref is None:
            return Done()
        try:
            records = await self._gate.call(lambda: self._provider.editions(ref))
        except OutsideError as error:
            return self._again(command, error)
        provider = self._provider.name
        await self._store.write(lambda tx: editions_in(tx, work_id, provider, records), actor=True)
        return Done({"count": len(records)})

    def _again(self, command: Command, error: OutsideError) -> Outcome:
        params: Params = {**error.params, "provider": self._provider.name}
        away = isinstance(error, Unavailable)
        if not away and command.attempts + 1 >= FIRM_TRIES:
            return Failed(code=error.code, params=params)
        wait_s = BACK_OFF_S[min(command.attempts, len(BACK_OFF_S) - 1)]
        if isinstance(error, Unavailable) and error.retry_after_s is not None:
            wait_s = max(wait_s, error.retry_after_s)
        return Retry(after_s=wait_s, code=error.code, params=params)
