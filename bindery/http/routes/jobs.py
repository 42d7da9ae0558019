"""Jobs: what runs for long and what became of it (ui.md 7.5)."""

from __future__ import annotations

from quart import Blueprint, Response

from bindery.domain.refusal import Code, Refusal, refuse
from bindery.domain.wire.job import Job
from bindery.http.call import Call
from bindery.http.etag import conditional_live
from bindery.http.route import Answer, route
from bindery.live.topics.jobs import job_wire, list_jobs
from bindery.operations import jobs as operations
from bindery.store import jobs
from bindery.store.tx import Reader

blueprint = Blueprint("jobs", __name__)


@route(blueprint, "GET", "/api/v1/jobs", returns=list[Job])
async def list_all(call: Call) -> Answer | Response:
    """Open jobs, and those that ended in the last ten minutes, newest first."""
    services = call.services
    return conditional_live(
        call, "jobs", lambda _reader: list_jobs(services.store, services.board, call.scope)
    )


@route(blueprint, "GET", "/api/v1/jobs/<wire_id>", returns=Job)
async def get_job(call: Call, wire_id: str) -> Answer | Response:
    """One job, also long after its end."""

    def read(reader: Reader) -> Job | Refusal:
        number = jobs.job_id(wire_id)
        found = [] if number is None else jobs.by_id(reader, call.scope, [number])
        if not found:
            return refuse(Code.NOT_FOUND)
        return job_wire(found[0], call.services.board)

    return conditional_live(call, "jobs", read)


@route(blueprint, "POST", "/api/v1/jobs/<wire_id>/cancel", returns=Job, status=202)
async def cancel(call: Call, wire_id: str) -> Job | Refusal:
    """Ask a job to stop; what it has done stays."""
    number = jobs.job_id(wire_id)
    if number is None:
        return refuse(Code.NOT_FOUND)
    found = await operations.cancel_job(call.services.store, call.principal, number)
    return found if isinstance(found, Refusal) else job_wire(found, call.services.board)
