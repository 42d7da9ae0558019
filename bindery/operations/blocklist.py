"""The blocklist as people edit it (acquisition.md 1.6)."""

from collections.abc import Sequence

from bindery.domain.principal import Principal
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.store import blocklist
from bindery.store.store import Store
from bindery.store.tx import Tx

MOST_AT_ONCE = 1_000


async def allow_again(store: Store, who: Principal, ids: Sequence[int]) -> Refusal | None:
    """Take entries out; those that are not there are no error. `invalid` ids: more than 1,000."""
    if len(ids) > MOST_AT_ONCE:
        return refuse(Code.INVALID, "ids", maximum=MOST_AT_ONCE)

    def work(tx: Tx) -> None:
        for entry_id in ids:
            blocklist.delete_in(tx, who.scope, entry_id)

    await store.write(work)
    return None
