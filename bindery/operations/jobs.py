"""Jobs as people steer them (ui.md 7.5)."""

from bindery.domain.principal import Principal
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.store import commands, jobs
from bindery.store.jobs import Job
from bindery.store.store import Store
from bindery.store.tx import Tx


async def cancel_job(store: Store, who: Principal, job_id: int) -> Job | Refusal:
    """Ask a job to stop; it looks between steps. Refusals: `not_found`, `not_cancellable`."""

    def work(tx: Tx) -> Job | Refusal:
        found = jobs.by_id(tx, who.scope, [job_id])
        if not found:
            return refuse(Code.NOT_FOUND)
        if not found[0].cancellable:
            return refuse(Code.NOT_CANCELLABLE, state=found[0].state)
        commands.cancel_in(tx, job_id)
        return jobs.by_id(tx, who.scope, [job_id])[0]

    return await store.write(work)
