"""Topic `jobs`: commands that a person watches; finished ones stay for 10 minutes (ui.md 7.4)."""

from collections.abc import Sequence

import msgspec

from bindery.domain.moments import SECOND, iso_or_none
from bindery.domain.principal import Scope, Via
from bindery.domain.wire import Reason
from bindery.domain.wire.job import Job, JobBy
from bindery.live.board import Board
from bindery.live.topic import Id, Snapshot, Topic
from bindery.store import jobs
from bindery.store.store import Store

FINISHED_STAY_US = 600 * SECOND


def job_wire(row: jobs.Job, board: Board) -> Job:
    """One job with the freshest progress known: the board's while it runs, else the row's."""
    progress = board.job(row.id) if row.state == "running" else None
    return Job(
        id=row.wire_id,
        kind=row.kind,
        title_code=row.title_code,
        params=dict(row.title_params),
        state=row.state,
        phase=progress.phase if progress else row.phase,
        done=progress.done if progress else row.done,
        total=progress.total if progress else row.total,
        rate=progress.rate if progress else None,
        started_at=iso_or_none(row.started_at),
        finished_at=iso_or_none(row.finished_at),
        by=JobBy(user_id=row.by_user, schedule=row.via == Via.SCHEDULE),
        cancellable=row.cancellable,
        warnings=progress.warnings if progress else 0,
        error=Reason(code=row.code, params=dict(row.params)) if row.code else None,
        result=None if row.result is None else msgspec.json.decode(row.result),
        link=None,
    )


def list_jobs(store: Store, board: Board, scope: Scope) -> list[Job]:
    """Open jobs, and those that ended in the last 10 minutes, newest first."""
    since = store.clock.now_us() - FINISHED_STAY_US
    rows = store.read(lambda reader: jobs.list_jobs(reader, scope, finished_since=since))
    return [job_wire(row, board) for row in rows]


def jobs_topic(store: Store, board: Board) -> Topic:
    """The topic for the hub; marks are wire ids (`j-12`)."""

    def render(_name: str, ids: Sequence[Id], scope: Scope) -> list[Job]:
        numbers = [number for mark in ids if (number := jobs.job_id(str(mark))) is not None]
        since = store.clock.now_us() - FINISHED_STAY_US
        rows = store.read(lambda reader: jobs.by_id(reader, scope, numbers))
        return [
            job_wire(row, board)
            for row in rows
            if row.finished_at is None or row.finished_at >= since
        ]

    def snapshot(_name: str, scope: Scope) -> Snapshot:
        return Snapshot(list_jobs(store, board, scope))

    return Topic(kind="state", render=render, snapshot=snapshot)
