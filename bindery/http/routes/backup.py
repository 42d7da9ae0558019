"""Backups of the database (identity-and-system.md 1.9, 8.1)."""

from __future__ import annotations

import msgspec
from quart import Blueprint, request

from bindery.domain.backup_names import is_backup_name
from bindery.domain.moments import iso
from bindery.domain.refusal import Code, Refusal, refuse
from bindery.http.call import Call
from bindery.http.errors import Problem, problem_response
from bindery.http.route import Answer, route
from bindery.http.wire import Wire
from bindery.operations import backups as operations
from bindery.operations.backups import Failed, Made
from bindery.store import backups
from bindery.store.backups import BackupFile

blueprint = Blueprint("backup", __name__)


class Backup(Wire, omit_defaults=True):
    """One backup. It holds every secret of this installation: keep it as such."""

    name: str
    size: int
    mod_time: str
    duration_ms: int | None = None


class BackupStarted(Wire):
    """The backup takes longer; its job tells how far it is."""

    job_id: str


class _Wanted(msgspec.Struct):
    label: str = ""


@route(blueprint, "GET", "/api/v1/backup", returns=list[Backup])
async def list_backups(call: Call) -> list[Backup]:
    """Backups, newest first."""
    return [_shown(found) for found in await backups.list_backups(call.services.store)]


@route(blueprint, "POST", "/api/v1/backup", returns=Backup, status=201, also={202: BackupStarted})
async def create_backup(call: Call) -> object:
    """Make a backup now; a body `{"label": ...}` names it."""
    store = call.services.store
    made = await operations.back_up(store, call.principal, await _label(), call.trace)
    match made:
        case Made(name, size, duration_ms):
            moment = iso(call.services.clock.now_us())
            return Backup(name=name, size=size, mod_time=moment, duration_ms=duration_ms)
        case Failed():
            return problem_response(Problem(500, Code.INTERNAL, "the backup could not be made"))
        case job:
            return Answer(BackupStarted(job_id=job), status=202)


@route(blueprint, "DELETE", "/api/v1/backup/<name>", status=204)
async def delete_backup(call: Call, name: str) -> Refusal | None:
    """Delete a backup."""
    if not is_backup_name(name):
        return refuse(Code.INVALID, "filename")
    gone = await backups.delete_backup(call.services.store, name)
    return None if gone else refuse(Code.NOT_FOUND)


async def _label() -> str:
    """Absent or malformed bodies are no label, never an error (identity-and-system.md 8.1)."""
    try:
        return msgspec.json.decode(await request.get_data() or b"{}", type=_Wanted).label
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""


def _shown(found: BackupFile) -> Backup:
    return Backup(name=found.name, size=found.size, mod_time=iso(found.modified_us))
