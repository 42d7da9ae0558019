"""Watched commands as jobs: what a person sees of the work that was asked for (ui.md 7.5)."""

from collections.abc import Sequence

import msgspec

from bindery.domain.principal import Scope
from bindery.domain.refusal import Params
from bindery.store.commands import State
from bindery.store.rows import json_text
from bindery.store.tx import Reader


class Job(msgspec.Struct, frozen=True):
    """A watched command, as its wire row needs it (ui.md 7.5); the wire id is `j-<id>`."""

    id: int
    kind: str
    title_code: str
    title_params: Params
    state: State
    phase: str
    done: int
    total: int | None
    by_user: int | None
    via: str
    library_id: int
    trace: str
    parent: int | None
    code: str | None
    params: Params
    result: msgspec.Raw | None
    cancel_at: int | None
    created_at: int
    started_at: int | None
    finished_at: int | None

    @property
    def wire_id(self) -> str:
        """The id outside: `j-<id>`."""
        return f"j-{self.id}"

    @property
    def cancellable(self) -> bool:
        """Whether asking to cancel would do anything."""
        return self.state in ("queued", "running") and self.cancel_at is None


def job_id(wire: str) -> int | None:
    """The command's id behind `j-<id>`; None if it is not of that form."""
    number = wire.removeprefix("j-")
    return int(number) if wire.startswith("j-") and number.isdecimal() else None


def open_job(reader: Reader, kind: str, key: str) -> Job | None:
    """The job of this kind and key that runs, else the one that waits."""
    return reader.one(_q_open_job, {"kind": kind, "key": key}, Job)


def list_jobs(reader: Reader, scope: Scope, *, finished_since: int, limit: int = 500) -> list[Job]:
    """Watched commands: open ones, and those that ended after `finished_since` (µs)."""
    params = {"scope": json_text(list(scope)), "since": finished_since, "limit": limit}
    return reader.rows(_q_jobs, params, Job)


def by_id(reader: Reader, scope: Scope, ids: Sequence[int]) -> list[Job]:
    """These watched commands, as far as they are in scope."""
    return reader.rows(
        _q_by_id, {"scope": json_text(list(scope)), "ids": json_text(list(ids))}, Job
    )


_JOB_COLUMNS = """id, kind, title_code, title_params, state, phase, done, total, by_user, via,
  library_id, trace, parent, code, params, result, cancel_at, created_at, started_at,
  finished_at"""

_q_open_job = f"""
SELECT {_JOB_COLUMNS} FROM (
  SELECT * FROM command INDEXED BY command_running
  WHERE state = 'running' AND kind = :kind AND key = :key
  UNION ALL
  SELECT * FROM command INDEXED BY command_once
  WHERE state = 'queued' AND kind = :kind AND key = :key)
LIMIT 1"""

_q_jobs = f"""
SELECT {_JOB_COLUMNS} FROM command INDEXED BY command_watch
WHERE watch = 1 AND (finished_at IS NULL OR finished_at >= :since)
  AND library_id IN (SELECT value FROM json_each(:scope))
ORDER BY id DESC LIMIT :limit"""

_q_by_id = f"""
SELECT {_JOB_COLUMNS} FROM command
WHERE id IN (SELECT value FROM json_each(:ids)) AND watch = 1
  AND library_id IN (SELECT value FROM json_each(:scope))
ORDER BY id DESC"""
