"""What a person does about an attention item."""

from bindery.domain.principal import Principal
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.store import attention, commands, jobs
from bindery.store.commands import PERSON
from bindery.store.store import Store
from bindery.store.tx import Tx, Watch

RETRY = "retry_command"


async def retry_parked(store: Store, who: Principal, item_id: int) -> Refusal | None:
    """Ask once more for the work that was parked after its crashes; the item goes.

    Refusals: `not_found`, `wrong_state` {state: the item's code} for an item of another kind.
    """

    def work(tx: Tx) -> Refusal | None:
        found = attention.attention_by_id(tx, who.scope, [item_id])
        if not found:
            return refuse(Code.NOT_FOUND)
        (item,) = found
        if item.action != RETRY:
            return refuse(Code.WRONG_STATE, state=item.code)
        attention.clear_in(tx, item.subject, item.code)
        number = item.params.get("command")
        parked = commands.find(tx, number) if isinstance(number, int) else None
        if parked is None:
            # Forgotten with the years: there is nothing left to ask for.
            return refuse(Code.NOT_FOUND)
        watched = jobs.by_id(tx, who.scope, [parked.id])
        tx.enqueue(
            parked.kind,
            parked.payload,
            key=parked.key,
            lane=parked.lane,
            priority=PERSON,
            trace=parked.trace,
            by=who.by,
            library=parked.library_id,
            watch=Watch(watched[0].title_code, watched[0].title_params) if watched else None,
            parent=parked.parent,
        )
        return None

    return await store.write(work)
